//! The flush: plans the statements for the pending changes, then sends them.

use super::Session;
use super::identity_maps::AnyIdentityMap;
use super::levels::levels;
use super::plan::{Action, FlushStep, Plan, TableChanges, order};
use super::reference::Parent;
use super::sql::deletes_together;
use super::unique_dependencies::{Rows, arrange};
use super::written::Write;
use crate::connection::{Executor, SessionConnection};
use crate::error::{Error, Result};

/// The steps of a flush, and the rows whose values must be read before the steps are final: identity map and index.
struct Planned {
    steps: Vec<FlushStep>,
    unread: Vec<(usize, u64)>,
}

impl<C: SessionConnection> Session<'_, C> {
    /// Sends rows that were added, edited and marked for deletion: INSERTs and UPDATEs from the top of the foreign keys
    /// down, then DELETEs from the bottom up. A row without a net change sends nothing, and if there is nothing to send
    /// no transaction is opened. Afterwards new rows have their keys, still uncommitted.
    ///
    /// If a row takes over a key, or a value in columns that the entity declares `unique`, from a row that is changed
    /// or deleted, that row is sent first, and before it the rows that still refer to it. If any order of statements
    /// works, with one statement for each row, the flush finds one; values count as equal if they look alike in
    /// `Debug`. Rows whose keys and unique values change are sent one by one; a flush in which no value passes to
    /// another row is not slower for it.
    ///
    /// ```
    /// # include!("../../docs/example_tables.rs");
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
            if let Err(error) = self.send(&planned.steps) {
                self.poison(&error);
                return Err(error);
            }
        }
        self.maps.iter_mut().for_each(|map| map.mark_clean());
        Ok(())
    }

    /// Whether no row was added, edited or marked for deletion since the last flush.
    pub(super) fn is_idle(&self) -> bool {
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

    fn planned(&self) -> Result<Planned> {
        let mut changes = Vec::new();
        let mut unread = Vec::new();
        let levels = levels(self.maps.iter().map(|map| map.table()));
        let all: Vec<_> = self.maps.iter().map(|map| map.pending_changes()).collect();
        // The deletions of a table stay together only then: other rows may have to be sent between them.
        let only_deletes =
            all.iter().all(|pending_changes| pending_changes.inserts.is_empty() && pending_changes.updates.is_empty());
        for (((position, map), pending_changes), level) in self.maps.iter().enumerate().zip(all).zip(&levels) {
            map.check_versions()?;
            for index in &pending_changes.inserts {
                self.check_parents(map, *index, &mut unread)?;
            }
            let inserts = map.insert_layers(&pending_changes.inserts)?;
            let unknown = map.unread(&pending_changes.deletes);
            let deletes = if unknown.is_empty() {
                map.delete_layers(&pending_changes.deletes)
            } else {
                let known = pending_changes.deletes.len() - unknown.len();
                let together = only_deletes
                    && !level.in_cycle
                    && deletes_together(map.table(), known, unknown.len(), &**self.connection);
                if !together {
                    unread.extend(unknown.into_iter().map(|index| (position, index)));
                }
                vec![pending_changes.deletes]
            };
            changes.push(TableChanges { level: *level, inserts, updates: pending_changes.updates, deletes });
        }
        let in_cycle: Vec<bool> = levels.iter().map(|level| level.in_cycle).collect();
        let rows: Vec<&dyn Rows> = self.maps.iter().map(|map| map as &dyn Rows).collect();
        Ok(Planned { steps: arrange(order(changes), &rows, &in_cycle)?, unread })
    }

    /// The index of the identity map that holds the row a reference refers to.
    fn parent_map(&self, parent: Parent) -> Result<usize> {
        match self.maps.position(parent.entity) {
            Some(map) if parent.handle.session == self.id => Ok(map),
            _ => Err(Error::ForeignHandle { table: parent.table }),
        }
    }

    /// Checks that a row of `table` that is about to be inserted can refer to `parent`, and adds `parent` to `unread`
    /// if its value must be read first.
    pub(super) fn check_parent(&self, table: &str, parent: Parent, unread: &mut Vec<(usize, u64)>) -> Result<()> {
        let map = self.parent_map(parent)?;
        let Some(other) = self.maps.at(map) else { return Ok(()) };
        let problem = |cause| format!("a new row of {table} refers to a row that does not exist: {cause}");
        let fresh_since = self.transaction.fresh_since();
        if other.check_parent(parent, fresh_since).map_err(|cause| Error::Plan { problem: problem(cause) })? {
            unread.push((map, parent.handle.index));
        }
        Ok(())
    }

    /// Finds references that no order of statements can satisfy, and rows whose value a reference needs but is not
    /// loaded.
    fn check_parents(&self, map: &dyn AnyIdentityMap<C>, index: u64, unread: &mut Vec<(usize, u64)>) -> Result<()> {
        let mut checked = Ok(());
        map.parents(index, &mut |parent| {
            if checked.is_ok() {
                checked = self.check_parent(map.table().name, parent, unread);
            }
        });
        checked
    }

    /// Finds tables whose new rows get keys from the database that could not be read back.
    fn check_keys(&mut self, steps: &[FlushStep]) -> Result<()> {
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
    pub(super) fn read_parents(&mut self, mut unread: Vec<(usize, u64)>) -> Result<()> {
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

    fn send(&mut self, steps: &[FlushStep]) -> Result<()> {
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
}
