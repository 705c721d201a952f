//! Sends the steps of a flush: one statement, or a few, for the rows of each.

use std::any::{Any, TypeId};
use std::collections::HashMap;

use super::follow::{Change, Changes};
use super::plan::{Action, FlushStep};
use crate::connection::{Executor, SessionConnection};
use crate::error::{Error, Result};
use crate::session::Session;
use crate::session::entity::{ColumnSet, New as _};
use crate::session::identity::IdentityMap;
use crate::session::identity_maps::{AnyIdentityMap, Failure, Work};
use crate::session::reference::Keys;
use crate::session::sql::{Edited, Persist, RowToDelete};
use crate::session::written::Write;

impl<C: SessionConnection> Session<'_, C> {
    /// Finds tables whose new rows get keys from the database that could not be read back.
    pub(super) fn check_keys(&mut self, steps: &[FlushStep]) -> Result<()> {
        for step in steps.iter().filter(|step| step.action == Action::Insert) {
            let mut executor = Executor::new(&mut **self.connection, self.echo.as_ref()).knowing(Some(&self.keys));
            let Some(map) = self.maps.at(step.map) else { continue };
            match map.knows_keys(&mut executor) {
                Ok(true) => {}
                Ok(false) => {
                    let table = map.table().name;
                    let problem = format!(
                        "{table}: the keys of its new rows come from a trigger, or from nowhere, and cannot be read back on this \
                         engine: make the key AUTO_INCREMENT, give its column a DEFAULT, or give the key in the program \
                         (`#[entity(key, given)]`)"
                    );
                    return Err(Error::Plan { problem });
                }
                Err(failure) => return Err(self.failed(failure)),
            }
        }
        Ok(())
    }

    /// Reads rows that new rows refer to by a column outside their key.
    pub(in crate::session) fn read_parents(&mut self, mut unread: Vec<(usize, u64)>) -> Result<()> {
        unread.sort_unstable();
        unread.dedup();
        self.open()?;
        let (now, fresh_since) = (self.transaction.now(), self.transaction.fresh_since());
        for rows in unread.chunk_by(|one, two| one.0 == two.0) {
            let indexes: Vec<u64> = rows.iter().map(|(_, index)| *index).collect();
            let mut executor = Executor::new(&mut **self.connection, self.echo.as_ref());
            if let Some(map) = self.maps.at_mut(rows[0].0)
                && let Err(failure) = map.reload(&mut executor, &indexes, now, fresh_since)
            {
                return Err(self.failed(failure));
            }
        }
        Ok(())
    }

    /// Sends the steps, and expires the rows that they may have changed or deleted.
    pub(super) fn send(&mut self, steps: &[FlushStep]) -> Result<()> {
        for step in steps {
            self.carry_out(step)?;
        }
        let mut done: Vec<(usize, Action)> = Vec::new();
        for step in steps.iter().filter(|step| step.action != Action::Insert) {
            if !done.contains(&(step.map, step.action)) {
                done.push((step.map, step.action));
            }
        }
        let writes: Vec<Write> =
            done.iter().filter_map(|(map, action)| Some(Write::Step(self.maps.at(*map)?.table(), *action))).collect();
        for map in self.maps.iter_mut() {
            if writes.iter().any(|write| write.reaches(map.table())) {
                map.expire_since(0);
            }
        }
        Ok(())
    }

    /// Carries out one step of a flush; rows that refer to changed keys follow.
    fn carry_out(&mut self, step: &FlushStep) -> Result<()> {
        let mut rows = step.rows.as_slice();
        while !rows.is_empty() {
            let mut changes = self.key_changes(step, rows);
            if let Some(changes) = &mut changes {
                let mut executor = Executor::new(&mut **self.connection, self.echo.as_ref());
                self.maps.iter().try_for_each(|map| map.find_alike(&mut executor, changes))?;
            }
            // Up to the first row that shows whether its change cascades, before other rows can reuse the old value;
            // and up to one that changes the key of a row which is still to be sent.
            let own = |position| if position == step.map { rows } else { &[] };
            let stop = |changes: &Changes| {
                let stops = self.maps.iter().enumerate().filter_map(|(position, map)| map.stop(changes, own(position)));
                stops.min()
            };
            let sent = changes.as_ref().and_then(stop).map_or(rows.len(), |number| number + 1);
            let now = self.transaction.now();
            let mut executor = Executor::new(&mut **self.connection, self.echo.as_ref()).knowing(Some(&self.keys));
            self.maps.run(step.map, &mut executor, step.action, &rows[..sent], now)?;
            if let Some(changes) = &changes {
                for map in self.maps.iter_mut() {
                    map.follow(&mut executor, changes, sent)?;
                }
            }
            rows = &rows[sent..];
        }
        Ok(())
    }

    /// The changes by an UPDATE of these rows to values that keys in memory may contain.
    fn key_changes(&self, step: &FlushStep, rows: &[u64]) -> Option<Changes> {
        let (Action::Update(columns), Some(map)) = (step.action, self.maps.at(step.map)) else { return None };
        let table = map.table();
        let reached = |column: &usize| {
            let below = |map: &dyn AnyIdentityMap<C>| {
                map.table().key.iter().any(|part| map.table().reference_path(*part, table, *column).is_some())
            };
            self.maps.iter().any(below)
        };
        let columns: Vec<usize> = columns.iter().filter(reached).collect();
        let change = |number: usize, row: u64, column: usize| {
            let (shown, from, to) = map.change(row, column)?;
            Some(Change { number, column, shown, from, to })
        };
        let each =
            rows.iter().enumerate().flat_map(|(number, row)| columns.iter().map(move |column| (number, *row, *column)));
        let values: Vec<Change> = each.filter_map(|(number, row, column)| change(number, row, column)).collect();
        (!values.is_empty()).then(|| Changes { table, values, alike: HashMap::new() })
    }
}

pub(in crate::session) fn insert<E, C>(
    map: &mut IdentityMap<E>,
    executor: &mut Executor<'_, C>,
    rows: &[u64],
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
            values.push(own.new_row(*row)?.row(&keys)?);
        }
    }
    if let Err(error) = E::insert(executor, &mut values) {
        let error = Failure::of::<E, C>(executor, error, "inserting into").error;
        return Err(map.advise(E::diagnose(executor, error, &values.iter().collect::<Vec<_>>())));
    }
    for (index, row) in rows.iter().zip(values) {
        map.inserted(*index, row, work.now);
    }
    Ok(())
}

pub(in crate::session) fn update<E, C>(
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

pub(in crate::session) fn delete<E, C>(
    map: &mut IdentityMap<E>,
    executor: &mut Executor<'_, C>,
    rows: &[u64],
) -> Result<()>
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
        map.deleted(*row);
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
