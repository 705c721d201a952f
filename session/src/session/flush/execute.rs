//! Sends the steps of a flush: one statement, or a few, for the rows of each.

use super::step::{Action, Deferred, FlushStep};
use crate::connection::{Executor, SessionConnection};
use crate::error::{Error, ErrorClass, Result};
use crate::session::Session;
use crate::session::entity::{ColumnSet, Table};
use crate::session::failure::Failure;
use crate::session::identity::{KeyChange, KeyChanges};
use crate::session::written::Write;

impl<C: SessionConnection> Session<'_, C> {
    /// Finds tables whose new rows get keys from the database that could not be read back.
    pub(super) fn check_keys(&mut self, steps: &[FlushStep]) -> Result<()> {
        steps.iter().filter(|step| step.action == Action::Insert).try_for_each(|step| self.check_keys_of(step.map))
    }

    /// The same for the table of the identity map at `position`.
    pub(in crate::session) fn check_keys_of(&mut self, position: usize) -> Result<()> {
        let asked = self.first(|session| {
            let executor = Executor::new(&mut **session.connection, &session.observers);
            let Some(map) = session.maps.at(position) else { return Ok(Ok(None)) };
            match map.knows_keys(&mut executor.knowing(Some(&session.keys))) {
                Ok(known) => Ok(Ok(Some(map.table()).filter(|_| !known))),
                Err(Failure { error, .. }) if error.class() == ErrorClass::Unavailable => Err(error),
                Err(failure) => Ok(Err(failure)),
            }
        });
        match asked {
            Ok(Ok(None)) => Ok(()),
            Ok(Ok(Some(table))) => Err(unknown_keys(table)),
            Ok(Err(failure)) => Err(self.failed(failure)),
            Err(error) => {
                self.poison(&error);
                Err(error)
            }
        }
    }

    /// Reads rows that new rows refer to by a column outside their key.
    pub(in crate::session) fn read_parents(&mut self, mut unread: Vec<(usize, u64)>) -> Result<()> {
        unread.sort_unstable();
        unread.dedup();
        self.open()?;
        let (now, fresh_since) = (self.transaction.now(), self.transaction.fresh_since());
        for rows in unread.chunk_by(|one, two| one.0 == two.0) {
            let indexes: Vec<u64> = rows.iter().map(|(_, index)| *index).collect();
            let mut executor = Executor::new(&mut **self.connection, &self.observers);
            if let Some(map) = self.maps.at_mut(rows[0].0)
                && let Err(failure) = map.reload(&mut executor, &indexes, now, fresh_since)
            {
                return Err(self.failed(failure));
            }
        }
        Ok(())
    }

    /// Sends the steps, and expires the rows that they may have changed or deleted.
    pub(super) fn send(&mut self, steps: &[FlushStep], deferred: &Deferred) -> Result<()> {
        for step in steps {
            self.carry_out(step, deferred)?;
        }
        let mut done: Vec<(usize, Action)> = Vec::new();
        for step in steps.iter().filter(|step| step.action != Action::Insert) {
            if !done.contains(&(step.map, step.action)) {
                done.push((step.map, step.action));
            }
        }
        let writes: Vec<Write> =
            done.iter().filter_map(|(map, action)| Some(Write::Step(self.maps.at(*map)?.table(), *action))).collect();
        if !writes.is_empty() {
            self.expire_rows(|table| writes.iter().any(|write| write.reaches(table)));
        }
        Ok(())
    }

    /// Carries out one step of a flush; rows that refer to changed keys follow.
    fn carry_out(&mut self, step: &FlushStep, deferred: &Deferred) -> Result<()> {
        let mut rows = step.rows.as_slice();
        let now = self.transaction.now();
        self.maps.work(step.map, (now, deferred), |map, work| map.resolve(step.action, rows, work))?;
        while !rows.is_empty() {
            let mut changes = self.key_changes(step, rows, deferred);
            if let Some(changes) = &mut changes {
                let mut executor = Executor::new(&mut **self.connection, &self.observers);
                self.maps.iter().try_for_each(|map| map.find_alike(&mut executor, changes))?;
            }
            // Up to the first row that shows whether its change cascades, before other rows can reuse the old value;
            // and up to one that changes the key of a row which is still to be sent.
            let own = |position| if position == step.map { rows } else { &[] };
            let stop = |changes: &KeyChanges| {
                let stops = self.maps.iter().enumerate().filter_map(|(position, map)| map.stop(changes, own(position)));
                stops.min()
            };
            let sent = changes.as_ref().and_then(stop).map_or(rows.len(), |number| number + 1);
            let mut executor = Executor::new(&mut **self.connection, &self.observers).knowing(Some(&self.keys));
            self.maps.work(step.map, (now, deferred), |map, work| {
                map.run(&mut executor, step.action, &rows[..sent], work)
            })?;
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
    fn key_changes(&self, step: &FlushStep, rows: &[u64], deferred: &Deferred) -> Option<KeyChanges> {
        let (Action::Update(columns) | Action::PostUpdate(columns), Some(map)) = (step.action, self.maps.at(step.map))
        else {
            return None;
        };
        let table = map.table();
        // The columns that keys may follow by a path on which one of them changes.
        let mut followed = ColumnSet::EMPTY;
        for path in self.maps.iter().flat_map(|map| map.table().key_paths(table)) {
            let targets = path.parts.iter().map(|part| part.target).fold(ColumnSet::EMPTY, ColumnSet::with);
            if targets.meets(columns) {
                followed = followed.union(targets);
            }
        }
        let later = |row: u64, column: usize| {
            matches!(step.action, Action::Update(_)) && deferred.of(step.map, row).contains(column)
        };
        let change = |number: usize, row: u64, column: usize| {
            let [from, to] = map.change(row, column)?;
            let to = if later(row, column) { from.copied() } else { to };
            Some(KeyChange { number, column, from, to })
        };
        let each = rows.iter().enumerate();
        let each = each.flat_map(|(number, row)| followed.iter().map(move |column| (number, *row, column)));
        let values: Vec<KeyChange> = each.filter_map(|(number, row, column)| change(number, row, column)).collect();
        (!values.is_empty()).then(|| KeyChanges::new(table, values))
    }
}

/// The error for a table whose new rows get keys from the database that could not be read back.
fn unknown_keys(table: &Table) -> Error {
    let table = table.name;
    let problem = format!(
        "{table}: the keys of its new rows come from a trigger, or from nowhere, and cannot be read back on this engine: \
         make the key AUTO_INCREMENT, give its column a DEFAULT, or give the key in the program (`#[entity(key, given)]`)"
    );
    Error::Plan { problem }
}
