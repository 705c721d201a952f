//! Removing rows from the session and putting them back: detach, attach, merge, forget, clear.

use super::handle::Handle;
use super::{Persist, Session};
use crate::connection::SessionConnection;
use crate::error::{Error, Result};

impl<C: SessionConnection> Session<'_, C> {
    /// Flushes, removes the row from the session and returns its value. The handle is gone.
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

    /// Puts a detached row back; one SELECT reads the stored row. A row that equals the stored one is not dirty.
    ///
    /// For a versioned row the next flush sends the columns that differ, and the columns that every UPDATE refreshes.
    /// The row keeps the version it was read with, so that the flush detects whether someone else has changed it since.
    /// Without a version, a row that differs is refused, because the caller's changes cannot be distinguished from
    /// those of others: [`attach_edited`](Self::attach_edited) also takes the row as it was read, and
    /// [`merge`](Self::merge) overwrites.
    ///
    /// # Errors
    ///
    /// [`Error::StaleRow`] when the row is gone; [`Error::UnknownChange`] when it has no version and differs from the
    /// stored one; [`Error::AlreadyPresent`] when the session has the row with other changes.
    pub fn attach<E: Persist<C>>(&mut self, row: E) -> Result<Handle<E>> {
        let key = row.key();
        self.put_back(key, row, None)
    }

    /// Puts a detached row back that was changed in the meantime; `read` is the row as it was before. One SELECT reads
    /// the stored row. The columns in which `row` differs from `read` are the caller's changes, and the next flush
    /// sends them (including the key); the others are taken from the database, so that nothing that someone else wrote
    /// is lost.
    ///
    /// ```
    /// # include!("../../docs/example_tables.rs");
    /// # fn main() -> Result<()> {
    /// let db = database()?;
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
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::StaleRow`] when the row is gone, when someone else has changed one of the caller's columns to another
    /// value, and, for a versioned row with changes, when someone else has changed anything; [`Error::AlreadyPresent`]
    /// when the session has the row with other changes.
    pub fn attach_edited<E: Persist<C>>(&mut self, row: E, read: &E) -> Result<Handle<E>> {
        self.put_back(read.key(), row, Some(read))
    }

    fn put_back<E: Persist<C>>(&mut self, key: E::Key, row: E, read: Option<&E>) -> Result<Handle<E>> {
        let stale = || Error::StaleRow { table: E::table().name, key: E::key_in_words(&key) };
        if self.maps.of::<E>().find(&key).is_none() {
            self.autoflush()?;
        }
        let filter = self.filter_expression()?;
        let stored = self.select_one::<E>(&key, false, &filter)?.ok_or_else(stale)?;
        let now = self.transaction.now();
        let index = self.maps.of::<E>().attach(row, stored, read, now)?;
        Ok(Handle::new(self.id, index))
    }

    /// Sets the row with this key to the values given: the session's own row, or the one that a SELECT finds. The next
    /// flush sends the columns that differ. Without a version that overwrites whatever others have written to them; a
    /// versioned row must have the version that is in the database. If there is no such row, a new one with these
    /// values is added: under the key given, or under a new one if the database generates the keys. The new row does
    /// not take over the version and the columns with `server_default`: the session and the database set them.
    ///
    /// # Errors
    ///
    /// [`Error::StaleRow`] when the versions differ; [`Error::AlreadyPresent`] when the row is marked for deletion;
    /// otherwise as [`get`](Self::get) and [`edit`](Self::edit).
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
        wanted.copy(E::table().refreshed(), present);
        if !wanted.changed(present).is_empty() {
            *self.edit(handle)? = wanted;
        }
        Ok(handle)
    }

    /// Removes a row from the session. The handle is gone.
    ///
    /// # Errors
    ///
    /// [`Error::Unflushed`] when the row has changes that no flush has sent.
    pub fn forget<E: Persist<C>>(&mut self, handle: Handle<E>) -> Result<()> {
        self.map_of_mut(handle)?.remove(handle.raw.index, false).map(drop)
    }

    /// Removes a row and its unflushed changes from the session. The handle is gone.
    ///
    /// # Errors
    ///
    /// Bad handles.
    pub fn discard<E: Persist<C>>(&mut self, handle: Handle<E>) -> Result<()> {
        self.map_of_mut(handle)?.remove(handle.raw.index, true).map(drop)
    }

    /// Removes every row from the session and frees their memory; all handles are gone. Flushed changes stay part of
    /// the transaction.
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
