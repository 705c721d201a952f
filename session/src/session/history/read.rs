//! Reading the history of a row, and what a unit of work is called in it.

use super::record::{Operation, Stamp, is_recorded};
use super::row::HistoryRow;
use super::unit::UnitId;
use crate::connection::{Executor, SessionConnection};
use crate::error::{Error, Result};
use crate::session::Session;
use crate::session::entity::{ColumnSet, Entity, IntoKey};
use crate::session::failure::Failure;
use crate::session::handle::Handle;
use crate::session::sql::{FilterExpression, Persist};
use crate::types::Timestamp;

/// An entity whose changes are recorded.
#[diagnostic::on_unimplemented(
    message = "`{Self}` keeps no history",
    label = "its changes are not recorded",
    note = "write `#[entity(history)]` on the struct"
)]
pub trait KeepsHistory: Entity {}

/// One change of a row.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Change<E> {
    /// Its number: changes of one row are in this order.
    pub id: i64,
    /// The unit of work that made it.
    pub unit: UnitId,
    /// The name of that unit, if it has one.
    pub unit_name: Option<String>,
    /// On whose behalf it was made, if that was told.
    pub author: Option<String>,
    /// When its statement was sent, by the program's clock.
    pub at: Timestamp,
    /// What was done.
    pub operation: Operation,
    /// The row before the change: `None` for an INSERT.
    pub before: Option<E>,
}

impl<C: SessionConnection> Session<'_, C> {
    /// The unit of work: the transaction that is open or comes next. No SQL.
    #[must_use]
    pub fn unit(&mut self) -> UnitId {
        *self.transaction.unit.get_or_insert_with(UnitId::new)
    }

    /// Sets on whose behalf this session works: its changes have this author in the history. No SQL.
    pub fn set_author(&mut self, author: impl Into<Option<String>>) {
        self.author = author.into();
    }

    /// Sets the name that this session's units of work have in the history. No SQL.
    pub fn set_unit_name(&mut self, name: impl Into<Option<String>>) {
        self.unit_name = name.into();
    }

    /// Sets whether this session records the changes of entities with a history, and returns what was set before. `None`,
    /// as at the beginning, leaves it to each entity: `#[entity(history)]` does, `#[entity(history(on_request))]` does
    /// not. What is not recorded may also be changed by statements. No SQL.
    ///
    /// ```
    /// # include!("../../../docs/history_tables.rs");
    /// # fn main() -> Result<()> {
    /// let db = database()?;
    /// db.begin(|session| -> Result<()> {
    ///     // Such as the rows of a copy, whose history is copied with them.
    ///     session.record_history(false);
    ///     session.add(NewPrice::new("tea", 250)?);
    ///     assert_eq!(session.plan()?.to_string(), "INSERT prices (1 row)");
    ///     assert!(session.history_of::<Price>(1)?.is_empty());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn record_history(&mut self, record: impl Into<Option<bool>>) -> Option<bool> {
        std::mem::replace(&mut self.records_history, record.into())
    }

    /// What the changes of one flush have in common in the history.
    pub(in crate::session) fn stamp(&mut self) -> Stamp {
        Stamp {
            unit: self.unit(),
            unit_name: self.unit_name.clone(),
            author: self.author.clone(),
            changed_at: Timestamp::now(),
        }
    }

    /// The changes of a row, oldest first, after a flush. The row after a change is the next change's `before`, or the
    /// row as it is now. One SELECT, and one more for each time that the row's key was changed.
    ///
    /// ```
    /// # include!("../../../docs/history_tables.rs");
    /// # fn main() -> Result<()> {
    /// let db = database()?;
    /// db.by("ann").begin(|session| -> Result<()> {
    ///     let price = session.add(NewPrice::new("tea", 250)?);
    ///     session.flush()?;
    ///     session.edit(price)?.cents = 275;
    ///     let history = session.history(price)?;
    ///     assert_eq!((history[0].operation, history[1].operation), (Operation::Insert, Operation::Update));
    ///     assert_eq!(history[1].before.as_ref().map(|row| row.cents), Some(250));
    ///     assert_eq!(history[1].author.as_deref(), Some("ann"));
    ///     Ok(())
    /// })
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Gone`] and [`Error::ForeignHandle`]; [`Error::Unreadable`] when old values do not fit the struct;
    /// errors of the flush and the SELECT.
    pub fn history<E>(&mut self, handle: Handle<E>) -> Result<Vec<Change<E>>>
    where
        E: Persist<C> + KeepsHistory,
        HistoryRow: Persist<C>,
    {
        self.flush()?;
        let map = self.map_of(handle)?;
        let key = map.key(handle.raw.index).ok_or_else(|| map.refuse(handle.raw.index))?;
        self.changes_of(key)
    }

    /// As [`history`](Self::history), by the row's key, which may be that of a row that was deleted.
    ///
    /// # Errors
    ///
    /// As [`history`](Self::history), and [`Error::Value`] when the value does not fit the key's type.
    pub fn history_of<E>(&mut self, key: impl IntoKey<E>) -> Result<Vec<Change<E>>>
    where
        E: Persist<C> + KeepsHistory,
        HistoryRow: Persist<C>,
    {
        self.flush()?;
        self.changes_of(key.into_key()?)
    }

    /// The row with this key as it was at a time, whatever its filters: `None` if there was none. After a flush, one SELECT as by
    /// [`history_of`](Self::history_of), and one more if the row was not changed since.
    ///
    /// The times are those at which the changes were sent, by the clocks of the programs that sent them; a change
    /// becomes visible to others with its commit, which is later.
    ///
    /// # Errors
    ///
    /// As [`history_of`](Self::history_of).
    pub fn as_of<E>(&mut self, key: impl IntoKey<E>, time: Timestamp) -> Result<Option<E>>
    where
        E: Persist<C> + KeepsHistory,
        HistoryRow: Persist<C>,
    {
        let key = key.into_key()?;
        self.flush()?;
        match self.changes_of::<E>(key.clone())?.into_iter().find(|change| change.at > time) {
            Some(change) => Ok(change.before),
            None => self.select_one(&key, false, &FilterExpression::everything()),
        }
    }

    fn changes_of<E>(&mut self, mut key: E::Key) -> Result<Vec<Change<E>>>
    where
        E: Persist<C> + KeepsHistory,
        HistoryRow: Persist<C>,
    {
        let Some(history) = E::history() else { return Ok(Vec::new()) };
        let (table, columns) = (HistoryRow::table(), ["table_name", "row_key"]);
        let columns = columns.iter().filter_map(|name| table.column(name)).fold(ColumnSet::EMPTY, ColumnSet::with);
        let mut changes: Vec<Change<E>> = Vec::new();
        loop {
            let like = self.stamp().row(Operation::Insert, &history, &key, None)?;
            let mut rows = self.select_history(|executor| HistoryRow::select_like(executor, &like, columns))?;
            if let Some(first) = changes.first() {
                rows.retain(|row| row.id < first.id);
            }
            let mut older = Vec::with_capacity(rows.len() + changes.len());
            for row in rows {
                let operation = Operation::of(&row);
                let before = row.values_before.as_deref().map(history.read).transpose()?;
                let HistoryRow { id, unit, unit_name, author, changed_at: at, .. } = row;
                older.push(Change { id, unit, unit_name, author, at, operation, before });
            }
            let moved = older.first().and_then(|change| change.before.as_ref()).map(E::key);
            older.append(&mut changes);
            changes = older;
            match moved {
                // The key was changed by an UPDATE: earlier changes are under the old one.
                Some(old) if old != key => key = old,
                _ => return Ok(changes),
            }
        }
    }

    /// Reads rows of the history, in order of their ids.
    pub(super) fn select_history(
        &mut self,
        select: impl FnOnce(&mut Executor<'_, C>) -> diesel::QueryResult<Vec<HistoryRow>>,
    ) -> Result<Vec<HistoryRow>> {
        self.open()?;
        let mut executor = Executor::new(&mut **self.connection, &self.observers);
        let selected = select(&mut executor).map_err(|error| Failure::of::<HistoryRow, C>(&executor, error, "reading"));
        let mut rows = selected.map_err(|failure| self.failed(failure))?;
        rows.sort_by_key(|row| row.id);
        Ok(rows)
    }

    /// Refuses a statement that would bypass the history of an entity.
    pub(in crate::session) fn check_history<E: Entity>(&self) -> Result<()> {
        match is_recorded::<E>(self.records_history) {
            true => Err(Error::KeepsHistory { table: E::table().name }),
            false => Ok(()),
        }
    }
}
