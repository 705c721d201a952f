//! How rows leave the session and come back: detach, attach, merge, forget, clear.

use super::handle::Handle;
use super::{Persist, Session};
use crate::connection::SessionConnection;
use crate::error::{Error, Result};

impl<C: SessionConnection> Session<'_, C> {
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
    /// differ; what every UPDATE refreshes is refreshed. A versioned row keeps the version it was read with, so that the
    /// flush finds out whether someone else has changed it since.
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
        let stored = self.select_one::<E>(&key, false)?.ok_or_else(stale)?;
        let now = self.transaction.now();
        let index = self.stores.of::<E>().attach(row, stored, now)?;
        Ok(Handle::new(self.id, index))
    }

    /// Brings the row of this key to the values given: the session's own, else the one that a SELECT finds, and the next
    /// flush sends the columns that differ. Where there is no such row, a new one with these values is added: under the
    /// key given, or under a new one where the database makes the keys. Of such a row the version and the columns with
    /// `server_default` are not taken over: the session and the database give them.
    ///
    /// # Errors
    ///
    /// [`Error::StaleRow`] when the versions differ; [`Error::AlreadyPresent`] when the row is marked for deletion; else as
    /// [`get`](Self::get) and [`edit`](Self::edit).
    pub fn merge<E: Persist<C>>(&mut self, row: &E) -> Result<Handle<E>> {
        let key = row.key();
        let Some(handle) = self.get::<E>(key.clone())? else { return Ok(self.add(row.as_new())) };
        if self.store(handle)?.is_doomed(handle.raw.index) {
            return Err(Error::AlreadyPresent { table: E::table().name, key: E::key_in_words(&key) });
        }
        let mut wanted = row.clone();
        let present = self.row(handle)?;
        if wanted.version() != present.version() {
            return Err(Error::StaleRow { table: E::table().name, key: E::key_in_words(&key) });
        }
        wanted.copy_touched(present);
        if !wanted.changed(present).is_empty() {
            *self.edit(handle)? = wanted;
        }
        Ok(handle)
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
}
