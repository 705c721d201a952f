//! The statements of one step of a flush, and what they change in the identity map of its rows.

use std::any::{Any, TypeId};
use std::collections::HashMap;

use super::step::{Action, Deferred};
use crate::connection::{Executor, SessionConnection};
use crate::error::{Error, Result};
use crate::session::entity::{ColumnSet, New as _};
use crate::session::failure::Failure;
use crate::session::given::{Keys, grouped};
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
    let given = rows.iter().map(|row| map.given_of(*row)).collect::<Result<Vec<_>>>()?;
    let groups = grouped(E::table(), given.into_iter().zip(rows.iter().copied()));
    groups.into_iter().try_for_each(|(given, rows)| insert_alike(map, executor, rows, given, work))
}

/// Inserts rows that give values of the same columns.
fn insert_alike<E, C>(
    map: &mut IdentityMap<E>,
    executor: &mut Executor<'_, C>,
    mut new: Vec<u64>,
    given: ColumnSet,
    work: &Work<'_>,
) -> Result<()>
where
    E: Persist<C>,
    C: SessionConnection,
{
    let mut values = Vec::with_capacity(new.len());
    let mut left_out: Vec<(u64, LeftOut<E>)> = Vec::new();
    {
        let own: &IdentityMap<E> = map;
        let lookup = |entity| if entity == TypeId::of::<E>() { Some(own as &dyn Any) } else { (work.others)(entity) };
        for row in &new {
            let deferred = work.deferred(*row);
            let mut value = match own.whole(*row) {
                Some(row) => row.clone(),
                None => own.new_row(*row)?.row(&Keys { map: &lookup, deferred })?,
            };
            if !deferred.is_empty() {
                left_out.push((*row, own.leave_out(*row, &mut value, deferred)?));
            }
            values.push(value);
        }
    }
    let links = take_links(map, &mut new, &mut values);
    if let Err(error) = E::insert(executor, &mut values, given) {
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
        map.linked(index, row, work.now);
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
    let (rows, edited): (Vec<u64>, Vec<Edited<'_, E>>) = rows
        .iter()
        .filter_map(|row| Some((*row, map.edited(*row)?)))
        .map(|(number, (row, before))| (number, Edited { row: sent.get(&number).unwrap_or(row), before }))
        .unzip();
    let outcome = match E::update(executor, &edited, columns) {
        Ok(outcome) => outcome,
        Err(error) => {
            let error = Failure::of::<E, C>(executor, error, "updating").error;
            let error = E::diagnose(executor, error, &edited.iter().map(|edited| edited.row).collect::<Vec<_>>());
            return Err(map.advise(error));
        }
    };
    if let Some(edited) = outcome.stale.and_then(|number| edited.get(number)) {
        return Err(Error::StaleRow { table: E::table().name, key: E::key_in_words(&edited.before.key()) });
    }
    let mut computed = outcome.computed.into_iter();
    for row in rows {
        let computed = computed.next();
        match sent.remove(&row) {
            Some(mut first) => {
                computed.iter().for_each(|computed| first.copy(E::table().computed, computed));
                map.partly_updated(row, first);
            }
            None => {
                computed.iter().for_each(|computed| map.computed(row, computed));
                map.updated(row, now);
            }
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
    if sent(&edited)?.stale.is_none() {
        return Ok(());
    }
    for (row, edited) in rows.iter().zip(edited.chunks(1)) {
        // A row without a version that is gone already is a warning of its DELETE.
        let may_be_gone = map.is_marked_deleted(*row) && E::table().version.is_none();
        if let (Some(_), false, Some(stale)) = (sent(edited)?.stale, may_be_gone, edited.first()) {
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
    let outcome = explained(executor, &edited)?;
    if let Some(stale) = outcome.stale.and_then(|number| edited.get(number)) {
        if E::table().version.is_some() {
            return Err(Error::StaleRow { table: E::table().name, key: E::key_in_words(&stale.before.key()) });
        }
        // A row that is gone already is a warning of its DELETE; the others may not have been sent.
        for edited in edited.chunks(1).filter(|_| edited.len() > 1) {
            explained(executor, edited)?;
        }
    }
    let mut computed = outcome.computed.into_iter();
    for (row, _, mut unlinked) in unlinked {
        computed.next().iter().for_each(|computed| unlinked.copy(E::table().computed, computed));
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
