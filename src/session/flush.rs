//! The flush: plans what the rows in memory come to, then sends it.

use super::Session;
use super::levels::levels;
use super::plan::{Action, Part, Plan, Task, order};
use super::precedence::{Rows, arrange};
use super::reference::Parent;
use super::sql::deletes_together;
use super::stores::AnyStore;
use super::written::Write;
use crate::connection::{Link, SessionConnection};
use crate::error::{Error, Result};

/// The tasks of a flush, and the rows whose values must be read before they can be told: store and index.
struct Planned {
    tasks: Vec<Task>,
    unread: Vec<(usize, u64)>,
}

impl<C: SessionConnection> Session<'_, C> {
    /// Sends what is pending, edited and marked for deletion: INSERTs and UPDATEs from the top of the foreign keys
    /// down, then DELETEs from the bottom up. What has no net change sends nothing, and where there is nothing to send
    /// no transaction is opened. Afterwards new rows have their keys, still uncommitted.
    ///
    /// Where a row takes over a key, or a value in columns that the entity declares `unique`, from one that is changed or
    /// deleted, that one goes first, and before it what still refers to it. If any order of statements works, one for
    /// each row, this finds one; values count as equal when they show themselves (by `Debug`) alike. Rows whose keys and
    /// unique values change are sent one by one; a flush in which none changes hands is not slower for it.
    ///
    /// ```
    /// use folio::prelude::*;
    ///
    /// let db = Database::open("sqlite::memory:")?;
    /// db.migrate()?;
    /// db.begin(|session| -> Result<()> {
    ///     let one = session.add(NewUser::new(1, "one")?);
    ///     let two = session.add(NewUser::new(2, "two")?);
    ///     session.flush()?;
    ///     // Each takes the number of the next, so the last one goes first; then there is room for a new row.
    ///     session.edit(two)?.user_id = 3;
    ///     session.edit(one)?.user_id = 2;
    ///     session.add(NewUser::new(1, "new")?);
    ///     assert_eq!(session.plan()?.to_string(), "UPDATE users SET user_id, updated_at (2 rows)\nINSERT users (1 row)");
    ///     Ok(())
    /// })?;
    /// # Ok::<(), folio::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Errors found while planning (a handle of another session, rows that refer to each other in a cycle, a table whose new
    /// keys could not be read back, unique values that would change hands in a cycle) send no statement of the flush and change
    /// nothing. The way out of the last is a flush in between, with a value that nobody has. A statement that fails undoes and
    /// poisons the innermost level: the savepoint, or the transaction.
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
        if !planned.tasks.is_empty() {
            if self.transaction.is_read() {
                return Err(Error::ReadOnlySession);
            }
            self.check_keys(&planned.tasks)?;
            self.open()?;
            for task in &planned.tasks {
                if let Some(table) = self.stores.at(task.part).map(|store| store.table()) {
                    self.writes(Write::Step(table, task.action));
                }
            }
            if let Err(error) = self.send(&planned.tasks) {
                self.poison(&error);
                return Err(error);
            }
        }
        self.stores.iter_mut().for_each(|store| store.settle());
        Ok(())
    }

    /// Whether no row was added, edited or marked for deletion since the last flush.
    pub(super) fn is_idle(&self) -> bool {
        self.stores.iter().all(AnyStore::is_idle)
    }

    /// What a flush would do now, without doing it.
    ///
    /// # Errors
    ///
    /// Those that the flush itself would find while planning.
    pub fn plan(&self) -> Result<Plan> {
        let tables: Vec<_> = self.stores.iter().map(|store| store.table()).collect();
        Ok(Plan::new(&self.planned()?.tasks, &tables))
    }

    fn planned(&self) -> Result<Planned> {
        let mut parts = Vec::new();
        let mut unread = Vec::new();
        let levels = levels(self.stores.iter().map(|store| store.table()));
        let all: Vec<_> = self.stores.iter().map(|store| store.doings()).collect();
        // Only then do the deletions of a table stay together: other rows may have to go between them.
        let only_deletes = all.iter().all(|doings| doings.inserts.is_empty() && doings.updates.is_empty());
        for (((place, store), doings), level) in self.stores.iter().enumerate().zip(all).zip(&levels) {
            store.check_versions()?;
            for index in &doings.inserts {
                self.check_parents(store, *index, &mut unread)?;
            }
            let inserts = store.waves(&doings.inserts)?;
            let unknown = store.unread(&doings.deletes);
            let deletes = if unknown.is_empty() {
                store.last_waves(&doings.deletes)
            } else {
                let known = doings.deletes.len() - unknown.len();
                let together = only_deletes
                    && !level.in_cycle
                    && deletes_together(store.table(), known, unknown.len(), &**self.connection);
                if !together {
                    unread.extend(unknown.into_iter().map(|index| (place, index)));
                }
                vec![doings.deletes]
            };
            parts.push(Part { level: *level, inserts, updates: doings.updates, deletes });
        }
        let in_cycle: Vec<bool> = levels.iter().map(|level| level.in_cycle).collect();
        let rows: Vec<&dyn Rows> = self.stores.iter().map(|store| store as &dyn Rows).collect();
        Ok(Planned { tasks: arrange(order(parts), &rows, &in_cycle)?, unread })
    }

    /// The store of the row that a reference names.
    fn place_of(&self, parent: Parent) -> Result<usize> {
        match self.stores.place(parent.entity) {
            Some(place) if parent.handle.session == self.id => Ok(place),
            _ => Err(Error::ForeignHandle { table: parent.table }),
        }
    }

    /// Finds out whether a row of `table` that is about to be inserted can refer to that row, and notes one whose value
    /// must be read first.
    pub(super) fn check_parent(&self, table: &str, parent: Parent, unread: &mut Vec<(usize, u64)>) -> Result<()> {
        let place = self.place_of(parent)?;
        let Some(other) = self.stores.at(place) else { return Ok(()) };
        let problem = |cause| format!("a new row of {table} refers to a row that is not there: {cause}");
        let fresh_since = self.transaction.fresh_since();
        if other.check_parent(parent, fresh_since).map_err(|cause| Error::Plan { problem: problem(cause) })? {
            unread.push((place, parent.handle.index));
        }
        Ok(())
    }

    /// Finds references that no order of statements can fill, and rows whose value a reference needs and nobody has.
    fn check_parents(&self, store: &dyn AnyStore<C>, index: u64, unread: &mut Vec<(usize, u64)>) -> Result<()> {
        let mut checked = Ok(());
        store.parents(index, &mut |parent| {
            if checked.is_ok() {
                checked = self.check_parent(store.table().name, parent, unread);
            }
        });
        checked
    }

    /// Finds tables whose new rows get keys from the database that nothing could read back.
    fn check_keys(&mut self, tasks: &[Task]) -> Result<()> {
        for task in tasks.iter().filter(|task| task.action == Action::Insert) {
            let mut link = Link::new(&mut **self.connection, self.echo.as_ref()).knowing(Some(&self.keys));
            let Some(store) = self.stores.at(task.part) else { continue };
            match store.knows_keys(&mut link) {
                Ok(true) => {}
                Ok(false) => {
                    let table = store.table().name;
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

    /// Reads rows that new ones refer to by a column outside their key.
    pub(super) fn read_parents(&mut self, mut unread: Vec<(usize, u64)>) -> Result<()> {
        unread.sort_unstable();
        unread.dedup();
        self.open()?;
        let (now, fresh_since) = (self.transaction.now(), self.transaction.fresh_since());
        for rows in unread.chunk_by(|one, two| one.0 == two.0) {
            let indexes: Vec<u64> = rows.iter().map(|(_, index)| *index).collect();
            let mut link = Link::new(&mut **self.connection, self.echo.as_ref());
            if let Some(store) = self.stores.at_mut(rows[0].0)
                && let Err(failure) = store.reload(&mut link, &indexes, now, fresh_since)
            {
                return Err(self.failed(failure));
            }
        }
        Ok(())
    }

    fn send(&mut self, tasks: &[Task]) -> Result<()> {
        for task in tasks {
            self.carry_out(task)?;
        }
        let mut done: Vec<(usize, Action)> = Vec::new();
        for task in tasks.iter().filter(|task| task.action != Action::Insert) {
            if !done.contains(&(task.part, task.action)) {
                done.push((task.part, task.action));
            }
        }
        let writes: Vec<Write> = done
            .iter()
            .filter_map(|(part, action)| Some(Write::Step(self.stores.at(*part)?.table(), *action)))
            .collect();
        for store in self.stores.iter_mut() {
            if writes.iter().any(|write| write.reaches(store.table())) {
                store.expire_since(0);
            }
        }
        Ok(())
    }
}
