//! The flush: the pending changes of all rows become statements, in an order that the database accepts, and are sent.
//!
//! A flush is planned without sending statements, then executed:
//!
//! - `plan` makes the steps, one for each table and kind of statement, in the order of the tables;
//! - `dependencies` finds out which rows must be sent before others, with the help of the `values` that they release and
//!   claim, and makes a `graph` of it;
//! - `deferral` finds the foreign keys that may be written apart from their rows, where rows wait for each other in a
//!   cycle: the flush is then planned again with UPDATEs for them;
//! - `parking` does the same for unique values that rows would exchange;
//! - `sort` sorts the graph: rows that wait for others leave their step, and all others stay in it. The order of the
//!   tables themselves (`levels`) is found by the same sort;
//! - `execute` sends the steps, each by way of `write`;
//! - `follow` gives rows their new keys where the database changes keys by itself.

mod adjacency;
mod cycle_error;
mod cycles;
mod deferral;
mod dependencies;
mod execute;
mod flushed;
pub(super) mod follow;
mod graph;
mod levels;
mod parking;
mod plan;
mod planning;
mod sort;
pub(super) mod step;
mod values;
pub(super) mod write;

use std::any::Any;

use super::Session;
use super::identity_maps::AnyIdentityMap;
use super::written::Write;
use crate::connection::{Executor, SessionConnection};
use crate::error::{Error, Result};
pub use flushed::{Deleted, Flushed, Updated};
pub use plan::{Plan, Step};
use step::{Action, Deferred, FlushStep};

impl<C: SessionConnection> Session<'_, C> {
    /// Sends rows that were added, edited and marked for deletion: INSERTs and UPDATEs from the top of the foreign keys
    /// down, then DELETEs from the bottom up. A row without a net change sends nothing, and if there is nothing to send
    /// no transaction is opened. Afterwards new rows have their keys, still uncommitted.
    ///
    /// If a row takes over a key, or a value in columns that the entity declares `unique`, from a row that is changed
    /// or deleted, that row is sent first, and before it the rows that still refer to it. If any order of statements
    /// works, with one statement for each row, the flush finds one; values are compared by `PartialEq`. Where rows exchange
    /// unique values in a cycle, one of them is NULL or has the entity's free value meanwhile. Rows whose keys
    /// and unique values change are sent one by one; a flush in which no value passes to another row is not slower for
    /// it.
    ///
    /// ```
    /// # include!("../../../docs/example_tables.rs");
    /// # fn main() -> Result<()> {
    /// let db = database()?;
    /// db.begin(|session| -> Result<()> {
    ///     let one = session.add(NewUser::new(1, "one")?);
    ///     let two = session.add(NewUser::new(2, "two")?);
    ///     session.flush()?;
    ///     // Each takes the number of the next, so the last one is sent first; that frees a number for a new row.
    ///     session.edit(two)?.user_id = 3;
    ///     session.edit(one)?.user_id = 2;
    ///     session.add(NewUser::new(1, "new")?);
    ///     assert_eq!(session.plan()?.to_string(), "UPDATE users SET user_id, updated_at (2 rows)\nINSERT users (1 row)");
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Errors found while planning (a handle of another session, rows that refer to each other in a cycle, a table
    /// whose new keys could not be read back, unique values that would be exchanged in a cycle and cannot be NULL) send no
    /// statement of the flush and change nothing. To resolve the last, name a value that no row has, `#[entity(unique(a,
    /// free(-1)))]`, or flush in between with such a value. A statement
    /// that fails rolls back and poisons the innermost level: the savepoint, or the transaction. For the errors of hooks
    /// see [`Database::before_flush`](crate::Database::before_flush) and
    /// [`after_flush`](crate::Database::after_flush).
    pub fn flush(&mut self) -> Result<()> {
        self.check()?;
        if self.is_idle() {
            return Ok(());
        }
        match self.hooks.clone() {
            Some(hooks) => self.flush_with(&hooks),
            None => self.send_changes(false).map(drop),
        }
    }

    /// Plans and sends the pending changes; returns what was sent if it is to be recorded.
    pub(in crate::session) fn send_changes(&mut self, recording: bool) -> Result<Option<Flushed>> {
        let mut planned = self.planned()?;
        if !planned.unread.is_empty() {
            self.read_parents(planned.unread)?;
            planned = self.planned()?;
        }
        let mut flushed = None;
        if !planned.steps.is_empty() {
            if self.transaction.is_read() {
                return Err(Error::ReadOnlySession);
            }
            self.check_keys(&planned.steps)?;
            self.open()?;
            for step in &planned.steps {
                if let Some(table) = self.maps.at(step.map).map(|map| map.table()) {
                    self.writes(Write::Step(table, step.action));
                }
            }
            match self.send_recorded(&planned.steps, &planned.deferred, recording) {
                Ok(recorded) => flushed = recorded,
                Err(error) => {
                    self.poison(&error);
                    return Err(error);
                }
            }
        }
        self.maps.iter_mut().for_each(|map| map.mark_clean());
        Ok(flushed)
    }

    /// Sends the steps, and what the history keeps of them; returns what was sent if `recording`.
    fn send_recorded(&mut self, steps: &[FlushStep], deferred: &Deferred, recording: bool) -> Result<Option<Flushed>> {
        let asked = self.records_history;
        for map in self.maps.iter_mut().filter(|map| recording || map.is_recorded(asked)) {
            map.record();
        }
        let done = self.send(steps, deferred);
        let taken = self.maps.iter_mut().enumerate().filter_map(|(position, map)| Some((position, map.take_sent()?)));
        let sent: Vec<(usize, Box<dyn Any + Send>)> = taken.collect();
        done?;
        let is_kept = |map| self.maps.at(map).is_some_and(|map| map.is_recorded(asked));
        let mut kept = sent.iter().filter(|(map, _)| is_kept(*map)).peekable();
        if kept.peek().is_some() {
            let kept: Vec<(usize, &dyn Any)> = kept.map(|(map, sent)| (*map, &**sent as &dyn Any)).collect();
            self.keep_history(&kept)?;
        }
        let entity = |(map, sent)| Some((self.maps.at(map)?.entity(), sent));
        Ok(recording.then(|| Flushed::new(self.id, self.shown(steps), sent.into_iter().filter_map(entity).collect())))
    }

    /// Writes the history of what was sent.
    fn keep_history(&mut self, sent: &[(usize, &dyn Any)]) -> Result<()> {
        let stamp = self.stamp();
        let mut rows = Vec::new();
        for (map, sent) in sent {
            if let Some(map) = self.maps.at(*map) {
                map.add_history(*sent, &stamp, &mut rows)?;
            }
        }
        let mut executor = Executor::new(&mut **self.connection, &self.observers);
        match sent.first().and_then(|(map, _)| self.maps.at(*map)) {
            Some(map) => Ok(map.insert_history(&mut executor, &rows)?),
            None => Ok(()),
        }
    }

    /// Whether no row was added, edited or marked for deletion since the last flush.
    pub(in crate::session) fn is_idle(&self) -> bool {
        self.maps.iter().all(AnyIdentityMap::is_idle)
    }

    /// The statements that a flush would send now, without sending them. Changes that [hooks](Self::before_flush) will
    /// make are not among them.
    ///
    /// # Errors
    ///
    /// Those that the flush itself would return while planning.
    pub fn plan(&self) -> Result<Plan> {
        Ok(self.shown(&self.planned()?.steps))
    }

    fn shown(&self, steps: &[FlushStep]) -> Plan {
        let tables: Vec<_> = self.maps.iter().map(|map| map.table()).collect();
        let is_kept = |step: &&FlushStep| {
            // The row's own statement records the change.
            !matches!(step.action, Action::Park(_))
                && self.maps.at(step.map).is_some_and(|map| map.is_recorded(self.records_history))
        };
        let history = steps.iter().filter(is_kept).map(|step| step.rows.len()).sum();
        Plan::new(steps, &tables, history)
    }
}
