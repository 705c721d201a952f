//! The statements of one step of a flush, and what they change in the identity map of its rows.

use std::any::{Any, TypeId};
use std::collections::HashMap;

use super::step::{Action, Deferred};
use crate::connection::{Executor, SessionConnection};
use crate::error::{Error, Result};
use crate::session::entity::{ColumnSet, New as _};
use crate::session::failure::Failure;
use crate::session::given::Keys;
use crate::session::identity::{IdentityMap, LeftOut, SentRow};
use crate::session::sql::{Edited, Persist, RowToDelete};

/// What a step of a flush needs from the session.
pub(crate) struct Work<'s> {
    /// The session's current epoch.
    pub(crate) now: u32,
    /// The identity maps of the other entity types.
    pub(crate) others: &'s dyn Fn(TypeId) -> Option<&'s dyn Any>,
    /// The position of the identity map of the rows.
    pub(crate) map: usize,
    pub(crate) deferred: &'s Deferred,
}

impl Work<'_> {
    /// The foreign keys that the row's own INSERT or UPDATE leaves out.
    fn deferred(&self, row: u64) -> ColumnSet {
        self.deferred.of(self.map, row)
    }
}

/// Gives foreign keys that an UPDATE sets the keys of the new rows that they refer to.
pub(crate) fn resolve<E, C>(map: &mut IdentityMap<E>, action: Action, rows: &[u64], work: &Work<'_>) -> Result<()>
where
    E: Persist<C>,
    C: SessionConnection,
{
    let (Action::Update(columns) | Action::PostUpdate(columns)) = action else { return Ok(()) };
    let mut values = Vec::new();
    {
        let own: &IdentityMap<E> = map;
        let lookup = |entity| if entity == TypeId::of::<E>() { Some(own as &dyn Any) } else { (work.others)(entity) };
        let keys = Keys { map: &lookup, deferred: ColumnSet::EMPTY };
        for row in rows {
            let later = if matches!(action, Action::Update(_)) { work.deferred(*row) } else { ColumnSet::EMPTY };
            let sent = columns.without(later);
            for parent in own.waits_for(*row).into_iter().filter(|parent| sent.contains(parent.from)) {
                values.push((*row, parent.from, (parent.resolve)(&keys, parent.handle)?));
            }
        }
    }
    for (row, column, value) in values {
        map.set_field(row, column, &*value);
    }
    Ok(())
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
    let mut left_out: Vec<(u64, LeftOut<E>)> = Vec::new();
    {
        let own: &IdentityMap<E> = map;
        let lookup = |entity| if entity == TypeId::of::<E>() { Some(own as &dyn Any) } else { (work.others)(entity) };
        for row in rows {
            let deferred = work.deferred(*row);
            let mut new = match own.whole(*row) {
                Some(row) => row.clone(),
                None => own.new_row(*row)?.row(&Keys { map: &lookup, deferred })?,
            };
            if !deferred.is_empty() {
                left_out.push((*row, own.leave_out(*row, &mut new, deferred)?));
            }
            values.push(new);
        }
    }
    let (mut values, mut new): (Vec<E>, Vec<u64>) = (values, rows.to_vec());
    let links = take_links(map, &mut new, &mut values);
    let inserted = match is_whole {
        true => E::insert_whole(executor, &values),
        false => E::insert(executor, &mut values),
    };
    if let Err(error) = inserted {
        let error = Failure::of::<E, C>(executor, error, "inserting into").error;
        return Err(map.advise(E::diagnose(executor, error, &values.iter().collect::<Vec<_>>())));
    }
    if let Err(error) = E::insert_missing(executor, &links.1) {
        let error = Failure::of::<E, C>(executor, error, "inserting into").error;
        return Err(E::diagnose(executor, error, &links.1.iter().collect::<Vec<_>>()));
    }
    for (index, row) in new.into_iter().zip(values) {
        map.inserted(index, row, work.now);
    }
    for (index, row) in links.0.into_iter().zip(links.1) {
        map.inserted(index, row, work.now);
        map.linked(index);
    }
    for (row, left_out) in left_out {
        map.add_left_out(row, left_out);
    }
    Ok(())
}

/// Takes the links that the database may have already out of new rows.
fn take_links<E: Persist<C>, C: SessionConnection>(
    map: &IdentityMap<E>,
    rows: &mut Vec<u64>,
    values: &mut Vec<E>,
) -> (Vec<u64>, Vec<E>) {
    if !rows.iter().any(|row| map.may_be_stored(*row)) {
        return (Vec::new(), Vec::new());
    }
    let all = std::mem::take(rows).into_iter().zip(std::mem::take(values));
    let (links, others): (Vec<_>, Vec<_>) = all.partition(|(row, _)| map.may_be_stored(*row));
    (*rows, *values) = others.into_iter().unzip();
    links.into_iter().unzip()
}

/// Updates these columns of edited rows. The row's own UPDATE also counts the version, and leaves out what is deferred.
pub(crate) fn update<E, C>(
    map: &mut IdentityMap<E>,
    executor: &mut Executor<'_, C>,
    columns: ColumnSet,
    rows: &[u64],
    work: Option<&Work<'_>>,
    now: u32,
) -> Result<()>
where
    E: Persist<C>,
    C: SessionConnection,
{
    let mut sent: HashMap<u64, E> = HashMap::new();
    for row in rows.iter().filter(|_| work.is_some()) {
        map.prepare_update(*row);
        let deferred = work.map_or(ColumnSet::EMPTY, |work| work.deferred(*row));
        if !deferred.is_empty() {
            sent.extend(map.without_deferred(*row, deferred).map(|first| (*row, first)));
        }
    }
    let edited: Vec<Edited<'_, E>> = rows
        .iter()
        .filter_map(|row| Some((sent.get(row), map.edited(*row)?)))
        .map(|(first, (row, before))| Edited { row: first.unwrap_or(row), before })
        .collect();
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
        match sent.remove(row) {
            Some(first) => map.partly_updated(*row, first),
            None => map.updated(*row, now),
        }
    }
    Ok(())
}

/// Parks rows: sets these columns to NULL or to free values, until the rows' own statements are sent. In memory nothing
/// changes.
pub(crate) fn park<E, C>(
    map: &IdentityMap<E>,
    executor: &mut Executor<'_, C>,
    columns: ColumnSet,
    rows: &[u64],
) -> Result<()>
where
    E: Persist<C>,
    C: SessionConnection,
{
    let parked: Vec<(&E, E)> = rows.iter().map(|row| map.parked(*row, columns)).collect::<Result<_>>()?;
    let edited: Vec<Edited<'_, E>> = parked.iter().map(|(before, row)| Edited { row, before }).collect();
    let mut sent = |edited: &[Edited<'_, E>]| {
        E::update(executor, edited, columns).map_err(|error| {
            let error = Failure::of::<E, C>(executor, error, "updating").error;
            map.advise(E::diagnose(executor, error, &edited.iter().map(|edited| edited.row).collect::<Vec<_>>()))
        })
    };
    if sent(&edited)?.is_none() {
        return Ok(());
    }
    for (row, edited) in rows.iter().zip(edited.chunks(1)) {
        // A row without a version that is gone already is a warning of its DELETE.
        let may_be_gone = map.is_marked_deleted(*row) && E::table().version.is_none();
        if let (Some(_), false, Some(stale)) = (sent(edited)?, may_be_gone, edited.first()) {
            return Err(Error::StaleRow { table: E::table().name, key: E::key_in_words(&stale.before.key()) });
        }
    }
    Ok(())
}

/// Sets these columns of rows to be deleted to NULL.
pub(crate) fn unlink<E, C>(
    map: &mut IdentityMap<E>,
    executor: &mut Executor<'_, C>,
    columns: ColumnSet,
    rows: &[u64],
) -> Result<()>
where
    E: Persist<C>,
    C: SessionConnection,
{
    let unlinked: Vec<(u64, E, E)> = rows
        .iter()
        .filter_map(|row| map.unlink(*row, columns).map(|(stored, unlinked)| (*row, stored, unlinked)))
        .collect();
    let edited: Vec<Edited<'_, E>> = unlinked.iter().map(|(_, before, row)| Edited { row, before }).collect();
    let explained = |executor: &mut Executor<'_, C>, edited: &[Edited<'_, E>]| {
        E::update(executor, edited, columns).map_err(|error| Failure::of::<E, C>(executor, error, "updating").error)
    };
    if let Some(stale) = explained(executor, &edited)?.and_then(|number| edited.get(number)) {
        if E::table().version.is_some() {
            return Err(Error::StaleRow { table: E::table().name, key: E::key_in_words(&stale.before.key()) });
        }
        // A row that is gone already is a warning of its DELETE; the others may not have been sent.
        for edited in edited.chunks(1).filter(|_| edited.len() > 1) {
            explained(executor, edited)?;
        }
    }
    for (row, _, unlinked) in unlinked {
        map.unlinked(row, unlinked);
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
    let missing = rows_to_delete.len().saturating_sub(deleted).saturating_sub(map.may_be_missing(rows));
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
