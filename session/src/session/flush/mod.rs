//! The flush: the pending changes of all rows become statements, in an order that the database accepts, and are sent.
//!
//! A flush is planned without sending statements, then executed:
//!
//! - `plan` makes the steps, one for each table and kind of statement, in the order of the tables;
//! - `dependencies` finds out which rows must be sent before others, with the help of the `values` that they release and
//!   claim, and makes a `graph` of it;
//! - `deferral` finds the foreign keys that may be written apart from their rows, where rows wait for each other in a
//!   cycle: the flush is then planned again with UPDATEs for them;
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
pub(super) mod follow;
mod graph;
mod levels;
mod plan;
mod sort;
pub(super) mod step;
mod values;
pub(super) mod write;

use super::Session;
use super::identity_maps::AnyIdentityMap;
use super::written::Write;
use crate::connection::SessionConnection;
use crate::error::{Error, Result};
pub use plan::{Plan, Step};

impl<C: SessionConnection> Session<'_, C> {
    /// Sends rows that were added, edited and marked for deletion: INSERTs and UPDATEs from the top of the foreign keys
    /// down, then DELETEs from the bottom up. A row without a net change sends nothing, and if there is nothing to send
    /// no transaction is opened. Afterwards new rows have their keys, still uncommitted.
    ///
    /// If a row takes over a key, or a value in columns that the entity declares `unique`, from a row that is changed
    /// or deleted, that row is sent first, and before it the rows that still refer to it. If any order of statements
    /// works, with one statement for each row, the flush finds one; values are compared by `PartialEq`. Rows whose keys
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
    /// whose new keys could not be read back, unique values that would be exchanged in a cycle) send no statement of
    /// the flush and change nothing. To resolve the last, flush in between, with a value that no row has. A statement
    /// that fails rolls back and poisons the innermost level: the savepoint, or the transaction.
    pub fn flush(&mut self) -> Result<()> {
        self.check()?;
        if self.is_idle() {
            return Ok(());
        }
        let mut planned = self.planned()?;
        if !planned.unread.is_empty() {
            self.read_parents(planned.unread)?;
            planned = self.planned()?;
        }
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
            if let Err(error) = self.send(&planned.steps, &planned.deferred) {
                self.poison(&error);
                return Err(error);
            }
        }
        self.maps.iter_mut().for_each(|map| map.mark_clean());
        Ok(())
    }

    /// Whether no row was added, edited or marked for deletion since the last flush.
    pub(in crate::session) fn is_idle(&self) -> bool {
        self.maps.iter().all(AnyIdentityMap::is_idle)
    }

    /// The statements that a flush would send now, without sending them.
    ///
    /// # Errors
    ///
    /// Those that the flush itself would return while planning.
    pub fn plan(&self) -> Result<Plan> {
        let tables: Vec<_> = self.maps.iter().map(|map| map.table()).collect();
        Ok(Plan::new(&self.planned()?.steps, &tables))
    }
}
