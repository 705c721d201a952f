//! The flush: plans what the rows in memory come to, then sends it.

use super::Session;
use super::plan::{Part, Plan, Task, order};
use super::stores::AnyStore;
use crate::connection::SessionConnection;
use crate::error::{Error, Result};

impl<C: SessionConnection> Session<'_, C> {
    /// Sends what is pending, edited and marked for deletion: INSERTs and UPDATEs from the top of the foreign keys
    /// down, then DELETEs from the bottom up. What has no net change sends nothing, and where there is nothing to send
    /// no transaction is opened. Afterwards new rows have their keys, still uncommitted.
    ///
    /// # Errors
    ///
    /// Errors found while planning (a handle of another session, rows that refer to each other in a circle) send no
    /// SQL and change nothing. A statement that fails undoes and poisons the innermost level: the savepoint, or the
    /// transaction.
    pub fn flush(&mut self) -> Result<()> {
        self.check()?;
        let tasks = self.tasks()?;
        if !tasks.is_empty() {
            if self.transaction.is_read() {
                return Err(Error::ReadOnlySession);
            }
            self.open()?;
            self.transaction.wrote();
            if let Err(error) = self.send(&tasks) {
                self.poison(&error);
                return Err(error);
            }
        }
        self.stores.iter_mut().for_each(|store| store.settle());
        Ok(())
    }

    /// What a flush would do now, without doing it.
    ///
    /// # Errors
    ///
    /// Those that the flush itself would find while planning.
    pub fn plan(&self) -> Result<Plan> {
        let tables: Vec<_> = self.stores.iter().map(AnyStore::table).collect();
        Ok(Plan::new(&self.tasks()?, &tables))
    }

    fn tasks(&self) -> Result<Vec<Task>> {
        let mut parts = Vec::new();
        for store in self.stores.iter() {
            store.check_versions()?;
            let doings = store.doings();
            self.check_parents(store, &doings.inserts)?;
            let waves = store.waves(doings.inserts)?;
            parts.push(Part { table: store.table(), waves, updates: doings.updates, deletes: doings.deletes });
        }
        Ok(order(parts))
    }

    /// Finds references that no order of statements can fill.
    fn check_parents(&self, store: &dyn AnyStore<C>, inserts: &[u64]) -> Result<()> {
        let mut found = Ok(());
        for index in inserts {
            store.parents(*index, &mut |parent| {
                if found.is_ok() {
                    found = match self.stores.place(parent.entity).and_then(|place| self.stores.iter().nth(place)) {
                        Some(other) if parent.handle.session == self.id => other.check_parent(parent),
                        _ => Err(Error::ForeignHandle { table: parent.table }),
                    }
                    .map_err(|cause| {
                        let problem =
                            format!("a new row of {} refers to a row that is not there: {cause}", store.table().name);
                        match cause {
                            Error::ForeignHandle { .. } => cause,
                            _ => Error::Plan { problem },
                        }
                    });
                }
            });
        }
        found
    }

    fn send(&mut self, tasks: &[Task]) -> Result<()> {
        let now = self.transaction.now();
        let mut deleted = Vec::new();
        for task in tasks {
            let mut link = crate::connection::Link::new(&mut **self.connection, self.echo.as_ref());
            self.stores.run(task.part, &mut link, task.action, &task.rows, now)?;
            if task.action == super::plan::Action::Delete {
                deleted.extend(self.stores.iter().nth(task.part).map(AnyStore::table));
            }
        }
        // A deleted parent may have taken its children with it, or left them without it.
        for parent in deleted {
            for store in self.stores.iter_mut().filter(|store| store.table().follows(parent)) {
                store.expire_since(0);
            }
        }
        Ok(())
    }
}
