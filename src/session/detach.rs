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
        let row = self.map_of_mut(handle)?.remove(handle.raw.index, true)?;
        row.ok_or(Error::Gone { table: E::table().name })
    }

    /// Puts a detached row back; one SELECT finds what the database has. A row that is as the database has it is not
    /// dirty.
    ///
    /// Of a versioned row the next flush sends the columns that differ; what every UPDATE refreshes is refreshed. It keeps
    /// the version it was read with, so that the flush finds out whether someone else has changed it since. Without a
    /// version a row that differs is refused, because nothing tells the caller's changes from those of others:
    /// [`attach_edited`](Self::attach_edited) also takes the row as it was read, and [`merge`](Self::merge) overwrites.
    ///
    /// # Errors
    ///
    /// [`Error::StaleRow`] when the row is gone; [`Error::UnknownChange`] when it has no version and differs from the stored
    /// one; [`Error::AlreadyPresent`] when the session has it with other changes.
    pub fn attach<E: Persist<C>>(&mut self, row: E) -> Result<Handle<E>> {
        let key = row.key();
        self.put_back(key, row, None)
    }

    /// Puts a detached row back that was changed meanwhile; `read` is the row as it was before. One SELECT finds what the
    /// database has. The columns in which `row` differs from `read` are the caller's changes, and the next flush sends them
    /// (the key among them); the others are taken from the database, so that nothing that someone else wrote is lost.
    ///
    /// ```
    /// use folio::prelude::*;
    ///
    /// let db = Database::open("sqlite::memory:")?;
    /// db.migrate()?;
    /// let read = db.begin(|session| {
    ///     let user = session.add(NewUser::new(1, "step")?);
    ///     session.detach(user)
    /// })?;
    /// db.begin(|session| -> Result<()> {
    ///     let user = session.get_one::<User>(read.id)?;
    ///     session.edit(user)?.email = Some("step@example.org".try_into()?);
    ///     Ok(())
    /// })?;
    /// let renamed = User { username: "std".try_into()?, ..read.clone() };
    /// let user = db.begin(|session| {
    ///     let user = session.attach_edited(renamed, &read)?; // UPDATE users SET username, updated_at
    ///     session.detach(user)
    /// })?;
    /// assert_eq!((user.username.as_str(), user.email.is_some()), ("std", true));
    /// # Ok::<(), folio::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::StaleRow`] when the row is gone, when someone else has changed one of the caller's columns to another value,
    /// and, of a versioned row with changes, when someone else has changed anything; [`Error::AlreadyPresent`] when the
    /// session has it with other changes.
    pub fn attach_edited<E: Persist<C>>(&mut self, row: E, read: &E) -> Result<Handle<E>> {
        self.put_back(read.key(), row, Some(read))
    }

    fn put_back<E: Persist<C>>(&mut self, key: E::Key, row: E, read: Option<&E>) -> Result<Handle<E>> {
        let stale = || Error::StaleRow { table: E::table().name, key: E::key_in_words(&key) };
        if self.maps.of::<E>().find(&key).is_none() {
            self.autoflush()?;
        }
        let stored = self.select_one::<E>(&key, false)?.ok_or_else(stale)?;
        let now = self.transaction.now();
        let index = self.maps.of::<E>().attach(row, stored, read, now)?;
        Ok(Handle::new(self.id, index))
    }

    /// Brings the row of this key to the values given: the session's own, else the one that a SELECT finds, and the next
    /// flush sends the columns that differ. Without a version that overwrites whatever others have written to them; a
    /// versioned row must be of the version that the database has. Where there is no such row, a new one with these values
    /// is added: under the key given, or under a new one where the database makes the keys. Of such a row the version and
    /// the columns with `server_default` are not taken over: the session and the database give them.
    ///
    /// # Errors
    ///
    /// [`Error::StaleRow`] when the versions differ; [`Error::AlreadyPresent`] when the row is marked for deletion; else as
    /// [`get`](Self::get) and [`edit`](Self::edit).
    pub fn merge<E: Persist<C>>(&mut self, row: &E) -> Result<Handle<E>> {
        let key = row.key();
        let Some(handle) = self.get::<E>(key.clone())? else { return Ok(self.add(row.as_new())) };
        if self.map_of(handle)?.is_marked_deleted(handle.raw.index) {
            return Err(Error::AlreadyPresent { table: E::table().name, key: E::key_in_words(&key) });
        }
        let mut wanted = row.clone();
        let present = self.row(handle)?;
        if wanted.version() != present.version() {
            return Err(Error::StaleRow { table: E::table().name, key: E::key_in_words(&key) });
        }
        wanted.copy(E::table().touched, present);
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
        self.map_of_mut(handle)?.remove(handle.raw.index, false).map(drop)
    }

    /// Lets go of a row and of its unflushed changes. The handle is gone.
    ///
    /// # Errors
    ///
    /// Bad handles.
    pub fn discard<E: Persist<C>>(&mut self, handle: Handle<E>) -> Result<()> {
        self.map_of_mut(handle)?.remove(handle.raw.index, true).map(drop)
    }

    /// Lets go of every row; their memory is given back, and all handles are gone. What was flushed stays part of the
    /// transaction.
    ///
    /// # Errors
    ///
    /// [`Error::Unflushed`] when rows have changes that no flush has sent.
    pub fn clear(&mut self) -> Result<()> {
        for map in self.maps.iter() {
            match map.unflushed() {
                0 => {}
                rows => return Err(Error::Unflushed { table: map.table().name, rows }),
            }
        }
        self.maps.iter_mut().for_each(|map| map.clear());
        Ok(())
    }
}
