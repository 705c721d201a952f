//! What a caller does with single rows: add, get, view, edit, delete, expire, refresh, detach.

use super::handle::Handle;
use super::identity::{Store, Trust};
use super::stores::{Failure, reload};
use super::{Entity, New, Persist, Session, State};
use crate::connection::{Link, SessionConnection};
use crate::error::{Error, Result};

impl<C: SessionConnection> Session<'_, C> {
    /// Adds a new row: pending, no SQL, no key yet. The next flush inserts it.
    pub fn add<N>(&mut self, new: N) -> Handle<N::Entity>
    where
        N: New,
        N::Entity: Persist<C>,
    {
        self.transaction.touch();
        let index = self.stores.of::<N::Entity>().add(new);
        Handle::new(self.id, index)
    }

    /// Adds a row again that a rollback has undone, with the values it was added with.
    ///
    /// # Errors
    ///
    /// When the row is not [transient](State::Transient).
    pub fn add_back<E: Persist<C>>(&mut self, handle: Handle<E>) -> Result<()> {
        self.store_mut(handle)?.add_back(handle.raw.index)?;
        self.transaction.touch();
        Ok(())
    }

    /// The values of a pending row, to be changed before the flush. No SQL.
    ///
    /// # Errors
    ///
    /// When the row is not pending.
    pub fn pending_mut<N>(&mut self, handle: Handle<N::Entity>) -> Result<&mut N>
    where
        N: New,
        N::Entity: Persist<C> + Entity<New = N>,
    {
        self.store_mut(handle)?.pending_mut(handle.raw.index)
    }

    /// The row's key: `None` while it has none, and for a handle that names no row of this session. No SQL.
    #[must_use]
    pub fn key<E: Persist<C>>(&self, handle: Handle<E>) -> Option<E::Key> {
        self.store(handle).ok()?.key(handle.raw.index)
    }

    /// The row's state. No SQL.
    ///
    /// # Errors
    ///
    /// [`Error::ForeignHandle`].
    pub fn state<E: Persist<C>>(&self, handle: Handle<E>) -> Result<State> {
        Ok(self.store(handle)?.state(handle.raw.index, self.transaction.fresh_since()))
    }

    /// Whether a flush would send an UPDATE for the row: values are compared. No SQL.
    ///
    /// # Errors
    ///
    /// When the handle names no row of the database.
    pub fn is_modified<E: Persist<C>>(&self, handle: Handle<E>) -> Result<bool> {
        Ok(!self.store(handle)?.changes(handle.raw.index)?.is_empty())
    }

    /// Finds a row by key: no SQL where the session has a fresh one, else one SELECT (after a flush where the key is
    /// not in the session, so that a pending row of that key is found). `None` if there is no such row.
    ///
    /// # Errors
    ///
    /// What the flush or the SELECT fails with.
    pub fn get<E: Persist<C>>(&mut self, key: impl Into<E::Key>) -> Result<Option<Handle<E>>> {
        self.check()?;
        let key = key.into();
        if self.stores.of::<E>().find(&key).is_none() {
            self.autoflush()?;
        }
        let fresh_since = self.transaction.fresh_since();
        let store = self.stores.of::<E>();
        if let Some(index) = store.find(&key) {
            if store.trust(index, fresh_since)? != Trust::Fresh {
                self.reload::<E>(&[index])?;
            }
            let found = self.stores.of::<E>().row(index).is_ok();
            return Ok(found.then(|| Handle::new(self.id, index)));
        }
        let rows = self.select::<E>(&[key])?;
        let (now, fresh_since) = (self.transaction.now(), self.transaction.fresh_since());
        let row = rows.into_iter().next();
        Ok(row.map(|row| Handle::new(self.id, self.stores.of::<E>().take(row, now, fresh_since, false))))
    }

    /// As [`get`](Self::get), where a missing row is an error.
    ///
    /// # Errors
    ///
    /// [`Error::NoRows`] when there is no such row; else as [`get`](Self::get).
    pub fn get_one<E: Persist<C>>(&mut self, key: impl Into<E::Key>) -> Result<Handle<E>> {
        let key = key.into();
        let what = || format!("{} {}", E::table().name, E::key_in_words(&key));
        self.get(key.clone())?.ok_or_else(|| Error::NoRows { what: what() })
    }

    /// The row's value. Loads it first where it is expired or, inside a transaction, stale (one SELECT, after a flush
    /// of other work); a pending row is flushed first. Outside a transaction a stale row is shown as it was last read.
    ///
    /// # Errors
    ///
    /// [`Error::RowDeleted`] when the row is gone from the database; bad handles; what the statements fail with.
    pub fn view<E: Persist<C>>(&mut self, handle: Handle<E>) -> Result<&E> {
        if self.state(handle)? != State::Stale || self.in_transaction() {
            self.freshen(handle)?;
        }
        self.store(handle)?.row(handle.raw.index)
    }

    /// The row's value as it is in memory: never SQL.
    ///
    /// # Errors
    ///
    /// [`Error::NotLoaded`] when there is no value (pending, expired), and bad handles.
    pub fn row<E: Persist<C>>(&self, handle: Handle<E>) -> Result<&E> {
        self.store(handle)?.row(handle.raw.index)
    }

    /// The row, to be changed; the next flush sends an UPDATE with the columns whose values differ, if any do. A row
    /// that is pending, expired or stale is flushed or loaded first.
    ///
    /// # Errors
    ///
    /// As [`view`](Self::view), and [`Error::ReadOnlySession`].
    pub fn edit<E: Persist<C>>(&mut self, handle: Handle<E>) -> Result<&mut E> {
        self.check()?;
        if self.transaction.is_read() {
            return Err(Error::ReadOnlySession);
        }
        self.freshen(handle)?;
        self.transaction.touch();
        self.store_mut(handle)?.edit(handle.raw.index)
    }

    /// Loads the rows that are expired or stale: one SELECT, whatever their number (one for every 100 keys).
    ///
    /// # Errors
    ///
    /// [`Error::RowDeleted`] for the first row that is gone from the database; bad handles.
    pub fn load<E: Persist<C>>(&mut self, handles: &[Handle<E>]) -> Result<()> {
        let mut old = Vec::new();
        for handle in handles {
            if self.state(*handle)?.is_pending() {
                self.flush()?;
            }
            if self.store(*handle)?.trust(handle.raw.index, self.transaction.fresh_since())? != Trust::Fresh {
                old.push(handle.raw.index);
            }
        }
        if old.is_empty() {
            return Ok(());
        }
        self.reload::<E>(&old)?;
        let store = self.stores.of::<E>();
        match old.into_iter().find(|index| store.row(*index).is_err()) {
            Some(gone) => Err(store.refuse(gone)),
            None => Ok(()),
        }
    }

    /// Marks a row for deletion; the next flush sends the DELETE, without a SELECT. Takes a [`Handle`], or a reference
    /// to a detached row.
    ///
    /// # Errors
    ///
    /// When the row is not in the database (pending, transient, deleted), and bad handles.
    pub fn delete<D: Deletable<C>>(&mut self, row: D) -> Result<()> {
        self.check()?;
        row.mark(self)?;
        self.transaction.touch();
        Ok(())
    }

    /// Takes a mark for deletion back, before the flush.
    ///
    /// # Errors
    ///
    /// [`Error::RowDeleted`] when the DELETE was sent, and bad handles.
    pub fn undelete<E: Persist<C>>(&mut self, handle: Handle<E>) -> Result<()> {
        self.store_mut(handle)?.undoom(handle.raw.index)
    }

    /// Drops the row's value and unflushed changes, without SQL. The next use of the value is one SELECT.
    ///
    /// # Errors
    ///
    /// When the row is not in the database, and bad handles.
    pub fn expire<E: Persist<C>>(&mut self, handle: Handle<E>) -> Result<()> {
        self.store_mut(handle)?.expire(handle.raw.index)
    }

    /// Expires every row in the session; pending rows are left alone. No SQL.
    pub fn expire_all(&mut self) {
        self.stores.iter_mut().for_each(|store| store.expire_since(0));
    }

    /// Reads the row from the database now: one SELECT, after a flush of other work. The row's own unflushed changes
    /// are lost.
    ///
    /// # Errors
    ///
    /// [`Error::RowDeleted`] when the row is gone; when it never was in the database; bad handles.
    pub fn refresh<E: Persist<C>>(&mut self, handle: Handle<E>) -> Result<()> {
        self.expire(handle)?;
        self.freshen(handle)
    }

    /// Flushes, lets go of the row and gives its value. The handle is gone.
    ///
    /// # Errors
    ///
    /// As [`view`](Self::view).
    pub fn detach<E: Persist<C>>(&mut self, handle: Handle<E>) -> Result<E> {
        self.flush()?;
        self.view(handle)?;
        let row = self.store_mut(handle)?.remove(handle.raw.index, true)?;
        row.ok_or(Error::Gone { table: E::table().name })
    }

    /// Puts a detached row back: one SELECT finds what the database has, and the next flush sends the columns that
    /// differ. A versioned row keeps the version it was read with, so that the flush finds out whether someone else
    /// has changed it since.
    ///
    /// # Errors
    ///
    /// [`Error::StaleRow`] when the row is gone; [`Error::AlreadyPresent`] when the session has it with other changes.
    pub fn attach<E: Persist<C>>(&mut self, row: E) -> Result<Handle<E>> {
        let key = row.key();
        let stale = || Error::StaleRow { table: E::table().name, key: E::key_in_words(&key) };
        if self.stores.of::<E>().find(&key).is_none() {
            self.autoflush()?;
        }
        let stored = self.select::<E>(std::slice::from_ref(&key))?.into_iter().next().ok_or_else(stale)?;
        let now = self.transaction.now();
        let index = self.stores.of::<E>().attach(row, stored, now)?;
        Ok(Handle::new(self.id, index))
    }

    /// Lets go of a row. The handle is gone.
    ///
    /// # Errors
    ///
    /// [`Error::Unflushed`] when the row has changes that no flush has sent.
    pub fn forget<E: Persist<C>>(&mut self, handle: Handle<E>) -> Result<()> {
        self.store_mut(handle)?.remove(handle.raw.index, false).map(drop)
    }

    /// Lets go of a row and of its unflushed changes. The handle is gone.
    ///
    /// # Errors
    ///
    /// Bad handles.
    pub fn discard<E: Persist<C>>(&mut self, handle: Handle<E>) -> Result<()> {
        self.store_mut(handle)?.remove(handle.raw.index, true).map(drop)
    }

    /// Lets go of every row; their memory is given back, and all handles are gone. What was flushed stays part of the
    /// transaction.
    ///
    /// # Errors
    ///
    /// [`Error::Unflushed`] when rows have changes that no flush has sent.
    pub fn clear(&mut self) -> Result<()> {
        for store in self.stores.iter() {
            match store.unflushed() {
                0 => {}
                rows => return Err(Error::Unflushed { table: store.table().name, rows }),
            }
        }
        self.stores.iter_mut().for_each(|store| store.clear());
        Ok(())
    }

    /// The store of a handle of this session.
    fn store<E: Entity>(&self, handle: Handle<E>) -> Result<&Store<E>> {
        let foreign = Error::ForeignHandle { table: E::table().name };
        if handle.raw.session == self.id { self.stores.find().ok_or(foreign) } else { Err(foreign) }
    }

    fn store_mut<E: Entity>(&mut self, handle: Handle<E>) -> Result<&mut Store<E>> {
        let foreign = Error::ForeignHandle { table: E::table().name };
        if handle.raw.session == self.id { self.stores.find_mut().ok_or(foreign) } else { Err(foreign) }
    }

    /// Makes sure that the row has a value that was read in this transaction.
    fn freshen<E: Persist<C>>(&mut self, handle: Handle<E>) -> Result<()> {
        self.load(&[handle])
    }

    /// Reads rows again, after a flush of other work; those that are gone become deleted.
    fn reload<E: Persist<C>>(&mut self, indexes: &[u64]) -> Result<()> {
        self.autoflush()?;
        self.open()?;
        let (now, fresh_since) = (self.transaction.now(), self.transaction.fresh_since());
        let mut link = Link::new(&mut **self.connection, self.echo.as_ref());
        let reloaded = reload(self.stores.of::<E>(), &mut link, indexes, now, fresh_since);
        reloaded.map_err(|failure| self.failed(failure))
    }

    fn select<E: Persist<C>>(&mut self, keys: &[E::Key]) -> Result<Vec<E>> {
        self.open()?;
        let mut link = Link::new(&mut **self.connection, self.echo.as_ref());
        let selected = E::select(&mut link, keys).map_err(|error| Failure::of::<E, C>(&link, error, "reading"));
        selected.map_err(|failure| self.failed(failure))
    }
}

/// What [`Session::delete`] takes: a handle, or a reference to a detached row.
pub trait Deletable<C: SessionConnection> {
    /// Marks the row for deletion.
    ///
    /// # Errors
    ///
    /// As [`Session::delete`].
    fn mark(self, session: &mut Session<'_, C>) -> Result<()>;
}

impl<E: Persist<C>, C: SessionConnection> Deletable<C> for Handle<E> {
    fn mark(self, session: &mut Session<'_, C>) -> Result<()> {
        session.store_mut(self)?.doom(self.raw.index)
    }
}

impl<E: Persist<C>, C: SessionConnection> Deletable<C> for &E {
    fn mark(self, session: &mut Session<'_, C>) -> Result<()> {
        session.stores.of::<E>().doom_row(self)
    }
}
