//! Loading and reloading rows: get, view, load, expire, refresh.

use super::entity::Table;
use super::failure::Failure;
use super::handle::Handle;
use super::identity::RowFreshness;
use super::identity_maps::reload;
use super::{FilterExpression, IntoKey, Persist, Session, State};
use crate::connection::{Executor, SessionConnection};
use crate::error::{Error, Result};

impl<C: SessionConnection> Session<'_, C> {
    /// Finds a row by key that the filters of `E` do not exclude: no SQL if the session has a fresh one, otherwise one SELECT (after a flush if the key is not
    /// in the session, so that a pending row with that key is found). `None` if there is no such row.
    ///
    /// The key is anything that converts into it ([`IntoKey`]): `7` for an `Id`, `("a", "b")` for a key of two texts.
    ///
    /// # Errors
    ///
    /// [`Error::Value`] when the value does not fit the key's type; [`Error::FilterValue`]; errors of the flush or the
    /// SELECT.
    pub fn get<E: Persist<C>>(&mut self, key: impl IntoKey<E>) -> Result<Option<Handle<E>>> {
        self.check()?;
        let key = key.into_key()?;
        let filter = self.filter_expression::<E>()?;
        let mut found = self.maps.of::<E>().find(&key);
        if found.is_none() && !self.is_idle() {
            self.autoflush()?;
            found = self.maps.of::<E>().find(&key);
        }
        let fresh_since = self.transaction.fresh_since();
        let Some(index) = found else {
            let row = self.select_one::<E>(&key, false, &filter)?;
            let now = self.transaction.now();
            self.check_room::<E>(usize::from(row.is_some()))?;
            return Ok(row.map(|row| Handle::new(self.id, self.maps.of::<E>().take(row, now, fresh_since, false))));
        };
        if self.maps.of::<E>().row_freshness(index, fresh_since)? != RowFreshness::Fresh {
            self.reload::<E>(&[index])?;
        }
        self.maps.of::<E>().mark_used(index);
        let found = self.maps.of::<E>().row(index).is_ok_and(|row| filter.admits(row));
        Ok(found.then(|| Handle::new(self.id, index)))
    }

    /// As [`get`](Self::get), but a missing row is an error.
    ///
    /// # Errors
    ///
    /// [`Error::NoRows`] when there is no such row; otherwise as [`get`](Self::get).
    pub fn get_one<E: Persist<C>>(&mut self, key: impl IntoKey<E>) -> Result<Handle<E>> {
        let key = key.into_key()?;
        let what = || format!("{} {}", E::table().name, E::key_in_words(&key));
        self.get(key.clone())?.ok_or_else(|| Error::NoRows { what: what() })
    }

    /// Finds a row by key, locks it until the transaction ends and reads its value from the database: always one
    /// SELECT, after a flush. If a transaction that may write excludes all other writers, no lock is needed.
    ///
    /// # Errors
    ///
    /// Errors of the flush or the SELECT.
    pub fn get_for_update<E: Persist<C>>(&mut self, key: impl IntoKey<E>) -> Result<Option<Handle<E>>> {
        let filter = self.filter_expression::<E>()?;
        self.autoflush()?;
        let key = key.into_key()?;
        let row = self.select_one::<E>(&key, true, &filter)?;
        let (now, fresh_since) = (self.transaction.now(), self.transaction.fresh_since());
        let map = self.maps.of::<E>();
        match (row, map.find(&key)) {
            (Some(mut row), known) => {
                // The row keeps the key that it has in the session, even if the database stores it differently.
                if known.is_some() && map.find(&row.key()).is_none() {
                    row.set_key(key);
                }
                Ok(Some(Handle::new(self.id, map.take(row, now, fresh_since, true))))
            }
            (None, Some(index)) if filter.is_everything() => {
                map.deleted(index);
                Ok(None)
            }
            // The row is gone, or its filters exclude it: its next use shows which.
            (None, Some(index)) if map.changes(index)?.is_empty() => {
                map.expire(index)?;
                Ok(None)
            }
            (None, _) => Ok(None),
        }
    }

    /// The row's value. Loads it first if it is expired or, inside a transaction, stale (see [`load`](Self::load)); a
    /// pending row is flushed first. Outside a transaction a stale row is shown as it was last read.
    ///
    /// # Errors
    ///
    /// [`Error::RowDeleted`] when the row is gone from the database; bad handles; errors of the statements.
    pub fn view<E: Persist<C>>(&mut self, handle: Handle<E>) -> Result<&E> {
        if self.state(handle)? != State::Stale || self.in_transaction() {
            self.freshen(handle)?;
        }
        self.map_of(handle)?.row(handle.raw.index)
    }

    /// The row's value as it is in memory: never SQL.
    ///
    /// # Errors
    ///
    /// [`Error::NotLoaded`] when there is no value (pending, expired), and bad handles.
    pub fn row<E: Persist<C>>(&self, handle: Handle<E>) -> Result<&E> {
        self.map_of(handle)?.row(handle.raw.index)
    }

    /// Loads the rows that are expired or stale: one SELECT, whatever their number (one for every 100 keys).
    ///
    /// A flush comes first if unflushed changes can affect them: if one of them is marked for deletion, a new row may
    /// have its key, a key of the table changes, or a row that this table's foreign keys lead to is to be deleted or
    /// gets another value in a column that they refer to. Other changes stay unflushed, so that incomplete changes
    /// violate no constraint. The effects of triggers are not known here.
    ///
    /// When rows are loaded one after another, the SELECT also reads other rows of the table that are expired or stale
    /// and close to them in the order in which they entered the session: the second call reads ten rows, each later one
    /// a hundred, until something is written. A row that was read ahead and is first used after a write is read again.
    ///
    /// # Errors
    ///
    /// [`Error::RowDeleted`] for the first row that is gone from the database; bad handles.
    pub fn load<E: Persist<C>>(&mut self, handles: &[Handle<E>]) -> Result<()> {
        for handle in handles {
            if self.state(*handle)?.is_pending() {
                self.flush()?;
            }
        }
        let epoch = self.transaction.now();
        self.load_old(handles)?;
        // A flush on the way may have expired rows that were fresh before it.
        if self.transaction.now() == epoch { Ok(()) } else { self.load_old(handles) }
    }

    /// Reloads those of the rows that are expired or stale.
    fn load_old<E: Persist<C>>(&mut self, handles: &[Handle<E>]) -> Result<()> {
        let mut old = Vec::new();
        for handle in handles {
            if self.map_of(*handle)?.row_freshness(handle.raw.index, self.transaction.fresh_since())?
                != RowFreshness::Fresh
            {
                old.push(handle.raw.index);
            }
            self.map_of_mut(*handle)?.mark_used(handle.raw.index);
        }
        if old.is_empty() {
            return Ok(());
        }
        self.reload::<E>(&old)?;
        let map = self.maps.of::<E>();
        match old.into_iter().find(|index| map.row(*index).is_err()) {
            Some(gone) => Err(map.refuse(gone)),
            None => Ok(()),
        }
    }

    /// Drops the row's value and unflushed changes, without SQL. The next use of the value is one SELECT.
    ///
    /// # Errors
    ///
    /// When the row is not in the database, and bad handles.
    pub fn expire<E: Persist<C>>(&mut self, handle: Handle<E>) -> Result<()> {
        self.map_of_mut(handle)?.expire(handle.raw.index)
    }

    /// Expires every row in the session; pending rows are left alone. No SQL, and no cost per row: the memory of a value
    /// is freed when its row is next used or leaves the session.
    pub fn expire_all(&mut self) {
        self.expire_rows(|_| true);
    }

    /// Expires every row of the tables that are `affected`, at no cost per row.
    pub(super) fn expire_rows(&mut self, affected: impl Fn(&'static Table) -> bool) {
        let now = self.transaction.now();
        self.maps.iter_mut().filter(|map| affected(map.table())).for_each(|map| map.expire_since(0, now));
        self.transaction.next_epoch();
    }

    /// Reads the row from the database now: one SELECT, after a flush of changes that can affect it, as
    /// [`load`](Self::load). The row's own unflushed changes are lost.
    ///
    /// # Errors
    ///
    /// [`Error::RowDeleted`] when the row is gone; when it never was in the database; bad handles.
    pub fn refresh<E: Persist<C>>(&mut self, handle: Handle<E>) -> Result<()> {
        self.expire(handle)?;
        self.freshen(handle)
    }

    /// Ensures that the row has a value that was read in this transaction.
    pub(super) fn freshen<E: Persist<C>>(&mut self, handle: Handle<E>) -> Result<()> {
        self.load(&[handle])
    }

    /// Reloads rows, after a flush if unflushed changes can affect them; those that are gone become deleted.
    pub(super) fn reload<E: Persist<C>>(&mut self, indexes: &[u64]) -> Result<()> {
        let reached = self.maps.iter().any(|map| map.unflushed_reaches(E::table()));
        if reached || self.maps.of::<E>().are_unflushed(indexes) {
            self.autoflush()?;
        }
        self.open()?;
        let (now, fresh_since) = (self.transaction.now(), self.transaction.fresh_since());
        let map = self.maps.of::<E>();
        let is_old = |index: &u64| {
            map.row_freshness(*index, fresh_since).is_ok_and(|freshness| freshness != RowFreshness::Fresh)
        };
        let old: Vec<u64> = indexes.iter().copied().filter(is_old).collect();
        if old.is_empty() {
            return Ok(());
        }
        let mut executor = Executor::new(&mut **self.connection, &self.observers);
        let reloaded = reload(map, &mut executor, &old, now, fresh_since);
        reloaded.map_err(|failure| self.failed(failure))
    }

    pub(super) fn select_one<E: Persist<C>>(
        &mut self,
        key: &E::Key,
        lock: bool,
        filter: &FilterExpression<E>,
    ) -> Result<Option<E>> {
        self.open()?;
        let mut executor = Executor::new(&mut **self.connection, &self.observers);
        let selected = E::select_one(&mut executor, key, lock, filter)
            .map_err(|error| Failure::of::<E, C>(&executor, error, "reading"));
        selected.map_err(|failure| self.failed(failure))
    }
}
