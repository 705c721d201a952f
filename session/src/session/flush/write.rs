//! The statements of one step of a flush, and what they change in the identity map of its rows.

use std::any::{Any, TypeId};

use crate::connection::{Executor, SessionConnection};
use crate::error::{Error, Result};
use crate::session::entity::{ColumnSet, New as _};
use crate::session::failure::Failure;
use crate::session::given::Keys;
use crate::session::identity::{IdentityMap, SentRow};
use crate::session::sql::{Edited, Persist, RowToDelete};

/// What a step of a flush needs from the session.
pub(crate) struct Work<'s> {
    /// The session's current epoch.
    pub(crate) now: u32,
    /// The identity maps of the other entity types.
    pub(crate) others: &'s dyn Fn(TypeId) -> Option<&'s dyn Any>,
}

/// Inserts pending rows, in their order.
pub(crate) fn insert<E, C>(
    map: &mut IdentityMap<E>,
    executor: &mut Executor<'_, C>,
    rows: &[u64],
    work: &Work<'_>,
) -> Result<()>
where
    E: Persist<C>,
    C: SessionConnection,
{
    let mut from = 0;
    while from < rows.len() {
        let is_whole = map.whole(rows[from]).is_some();
        let same = rows[from..].iter().take_while(|row| map.whole(**row).is_some() == is_whole).count();
        insert_alike(map, executor, &rows[from..from + same], is_whole, work)?;
        from += same;
    }
    Ok(())
}

/// Inserts rows that all give all their values, or that all leave some to the database.
fn insert_alike<E, C>(
    map: &mut IdentityMap<E>,
    executor: &mut Executor<'_, C>,
    rows: &[u64],
    is_whole: bool,
    work: &Work<'_>,
) -> Result<()>
where
    E: Persist<C>,
    C: SessionConnection,
{
    let mut values = Vec::with_capacity(rows.len());
    {
        let own: &IdentityMap<E> = map;
        let lookup = |entity| if entity == TypeId::of::<E>() { Some(own as &dyn Any) } else { (work.others)(entity) };
        let keys = Keys { map: &lookup };
        for row in rows {
            let new = own.new_row(*row)?;
            values.push(own.whole(*row).map_or_else(|| new.row(&keys), |row| Ok(row.clone()))?);
        }
    }
    let inserted = match is_whole {
        true => E::insert_whole(executor, &values),
        false => E::insert(executor, &mut values),
    };
    if let Err(error) = inserted {
        let error = Failure::of::<E, C>(executor, error, "inserting into").error;
        return Err(map.advise(E::diagnose(executor, error, &values.iter().collect::<Vec<_>>())));
    }
    for (index, row) in rows.iter().zip(values) {
        map.inserted(*index, row, work.now);
    }
    Ok(())
}

/// Updates these columns of edited rows.
pub(crate) fn update<E, C>(
    map: &mut IdentityMap<E>,
    executor: &mut Executor<'_, C>,
    columns: ColumnSet,
    rows: &[u64],
    now: u32,
) -> Result<()>
where
    E: Persist<C>,
    C: SessionConnection,
{
    for row in rows {
        map.prepare_update(*row);
    }
    let edited: Vec<Edited<'_, E>> =
        rows.iter().filter_map(|row| map.edited(*row)).map(|(row, before)| Edited { row, before }).collect();
    let stale = match E::update(executor, &edited, columns) {
        Ok(stale) => stale,
        Err(error) => {
            let error = Failure::of::<E, C>(executor, error, "updating").error;
            let error = E::diagnose(executor, error, &edited.iter().map(|edited| edited.row).collect::<Vec<_>>());
            return Err(map.advise(error));
        }
    };
    if let Some(edited) = stale.and_then(|number| edited.get(number)) {
        return Err(Error::StaleRow { table: E::table().name, key: E::key_in_words(&edited.before.key()) });
    }
    for row in rows {
        map.updated(*row, now);
    }
    Ok(())
}

/// Deletes rows; those with a version must be as they were read.
pub(crate) fn delete<E, C>(map: &mut IdentityMap<E>, executor: &mut Executor<'_, C>, rows: &[u64]) -> Result<()>
where
    E: Persist<C>,
    C: SessionConnection,
{
    let table = E::table();
    let rows_to_delete: Vec<RowToDelete<'_, E>> =
        rows.iter().filter_map(|row| map.row_to_delete(*row)).map(|(key, read)| RowToDelete { key, read }).collect();
    let deleted = match E::delete(executor, &rows_to_delete) {
        Ok(deleted) => deleted,
        Err(error) => {
            let error = Failure::of::<E, C>(executor, error, "deleting from").error;
            return Err(E::diagnose_delete(executor, error, &rows_to_delete));
        }
    };
    let missing = rows_to_delete.len().saturating_sub(deleted);
    if missing > 0 && table.version.is_some() {
        return Err(Error::StaleRow { table: table.name, key: stale::<E, C>(executor, &rows_to_delete)? });
    }
    if missing > 0 {
        tracing::warn!(target: "diesel_session::session", table = table.name, missing, "rows to delete were gone already");
    }
    for row in rows {
        if let Some((key, was)) = map.deleted(*row) {
            map.record_row(*row, SentRow::Deleted(key, was));
        }
    }
    Ok(())
}

/// Names the row that a DELETE missed because someone else changed it; if all are gone, names the rows that it may have
/// been.
fn stale<E, C>(executor: &mut Executor<'_, C>, rows_to_delete: &[RowToDelete<'_, E>]) -> Result<String>
where
    E: Persist<C>,
    C: SessionConnection,
{
    const MOST_NAMED: usize = 3;
    let keys: Vec<E::Key> = rows_to_delete.iter().map(|row| row.key.clone()).collect();
    let left = E::select(executor, &keys).map_err(|error| Failure::of::<E, C>(executor, error, "reading"))?;
    if let Some(left) = left.iter().map(E::key).min() {
        return Ok(E::key_in_words(&left));
    }
    let more = if keys.len() > MOST_NAMED { ", …" } else { "" };
    let keys: Vec<String> = keys.iter().take(MOST_NAMED).map(E::key_in_words).collect();
    Ok(keys.join(" or ") + more)
}
