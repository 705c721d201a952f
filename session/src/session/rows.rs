//! Operations on single rows: add, edit, delete, and inspect their state.

use super::handle::Handle;
use super::identity::IdentityMap;
use super::{Entity, New, Persist, Session, State, sealed};
use crate::connection::SessionConnection;
use crate::error::{Error, Result};

impl<C: SessionConnection> Session<'_, C> {
    /// Adds a new row: pending, no SQL, no key yet. The next flush inserts it.
    pub fn add<N>(&mut self, new: N) -> Handle<N::Entity>
    where
        N: New,
        N::Entity: Persist<C>,
    {
        self.transaction.mark_used();
        let index = self.maps.of::<N::Entity>().add(new);
        Handle::new(self.id, index)
    }

    /// Adds a row again after a rollback undid it, with the values it was added with.
    ///
    /// # Errors
    ///
    /// When the row is not [transient](State::Transient).
    pub fn add_back<E: Persist<C>>(&mut self, handle: Handle<E>) -> Result<()> {
        self.map_of_mut(handle)?.add_back(handle.raw.index)?;
        self.transaction.mark_used();
        Ok(())
    }

    /// The values of a pending row, to be changed before the flush. No SQL.
    ///
    /// ```
    /// # include!("../../docs/example_tables.rs");
    /// # fn main() -> Result<()> {
    /// let db = database()?;
    /// db.begin(|session| -> Result<()> {
    ///     let user = session.add(NewUser::new(1, "step")?);
    ///     session.pending_mut(user)?.username = "std".try_into()?;
    ///     assert_eq!(session.view(user)?.username, "std");
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When the row is not pending.
    pub fn pending_mut<E: Persist<C>>(&mut self, handle: Handle<E>) -> Result<&mut E::New> {
        self.map_of_mut(handle)?.pending_mut(handle.raw.index)
    }

    /// The row's key in the database. No SQL.
    ///
    /// A new row has none before it is flushed, and then it is an error to ask for it, so that no missing key can be
    /// assigned to a nullable foreign key: [`set_parent`](Self::set_parent) makes a row refer to a new one.
    ///
    /// # Errors
    ///
    /// [`Error::NotPersistent`] while the row has no key (pending, undone by a rollback), and bad handles.
    pub fn key<E: Persist<C>>(&self, handle: Handle<E>) -> Result<E::Key> {
        let map = self.map_of(handle)?;
        let hint = "flush it first; 'set_parent' makes a row refer to it";
        map.key(handle.raw.index).ok_or_else(|| match map.refuse(handle.raw.index) {
            Error::NotPersistent { table, state: state @ "pending", .. } => Error::NotPersistent { table, state, hint },
            other => other,
        })
    }

    /// The row's state. No SQL.
    ///
    /// # Errors
    ///
    /// [`Error::ForeignHandle`].
    pub fn state<E: Persist<C>>(&self, handle: Handle<E>) -> Result<State> {
        Ok(self.map_of(handle)?.state(handle.raw.index, self.transaction.fresh_since()))
    }

    /// Whether a flush would send an UPDATE for the row, by comparing its values. No SQL.
    ///
    /// # Errors
    ///
    /// When the handle does not refer to a row of the database.
    pub fn is_modified<E: Persist<C>>(&self, handle: Handle<E>) -> Result<bool> {
        Ok(!self.map_of(handle)?.changes(handle.raw.index)?.is_empty())
    }

    /// Opens the row for editing; the next flush sends an UPDATE with the columns whose values differ, if any. A row
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
        self.transaction.mark_used();
        self.map_of_mut(handle)?.edit(handle.raw.index)
    }

    /// Marks a row for deletion; the next flush sends the DELETE. Takes a [`Handle`], or a reference to a detached row.
    ///
    /// If the entity has `#[entity(soft_delete = …)]`, the row is edited instead, and the next flush sends an UPDATE; a row
    /// that is expired or stale is loaded first. [`hard_delete`](Self::hard_delete) deletes it for good.
    ///
    /// No SELECT is needed, except for the handle of a versioned row that is stale: it is reloaded, as by
    /// [`edit`](Self::edit), because the DELETE is guarded by the version. The DELETE of a detached row is guarded by
    /// the version that the row was read with. If the entity has filters, a detached row is read first, unless the session
    /// has it.
    ///
    /// # Errors
    ///
    /// When the row is not in the database (pending, transient, deleted), and bad handles. For a versioned row that is
    /// stale: [`Error::StaleRow`] when it is gone, [`Error::ReadOnlySession`], and errors of the SELECT. For a detached row
    /// that the filters exclude: [`Error::StaleRow`]. For an entity with `soft_delete`: as [`edit`](Self::edit).
    pub fn delete<D: Deletable<C>>(&mut self, row: D) -> Result<()> {
        self.check()?;
        row.mark(self, false)?;
        self.transaction.mark_used();
        Ok(())
    }

    /// Marks a row for deletion; the next flush sends the DELETE, also if the entity has `#[entity(soft_delete = …)]`.
    ///
    /// ```
    /// # include!("../../docs/filtered_tables.rs");
    /// # fn main() -> Result<()> {
    /// let db = database()?.with_filter_value(Tenant(7));
    /// db.begin(|session| -> Result<()> {
    ///     let post = session.add(NewPost::new(7, "hello")?);
    ///     session.flush()?;
    ///     session.delete(post)?;
    ///     assert_eq!(session.plan()?.to_string(), "UPDATE posts SET deleted_at (1 row)");
    ///     session.hard_delete(post)?;
    ///     assert_eq!(session.plan()?.to_string(), "DELETE posts (1 row)");
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`delete`](Self::delete) of an entity without `soft_delete`.
    pub fn hard_delete<D: Deletable<C>>(&mut self, row: D) -> Result<()> {
        self.check()?;
        row.mark(self, true)?;
        self.transaction.mark_used();
        Ok(())
    }

    /// Takes back the deletion, before the flush.
    ///
    /// # Errors
    ///
    /// [`Error::RowDeleted`] when the DELETE, or the UPDATE of a soft deletion, was sent; and bad handles.
    pub fn undelete<E: Persist<C>>(&mut self, handle: Handle<E>) -> Result<()> {
        if E::table().soft_delete.is_some() {
            return self.soft_undelete(handle);
        }
        self.map_of_mut(handle)?.unmark_deleted(handle.raw.index)
    }

    /// The identity map of a handle of this session.
    pub(super) fn map_of<E: Entity>(&self, handle: Handle<E>) -> Result<&IdentityMap<E>> {
        let foreign = Error::ForeignHandle { table: E::table().name };
        if handle.raw.session == self.id { self.maps.find().ok_or(foreign) } else { Err(foreign) }
    }

    pub(super) fn map_of_mut<E: Entity>(&mut self, handle: Handle<E>) -> Result<&mut IdentityMap<E>> {
        let foreign = Error::ForeignHandle { table: E::table().name };
        if handle.raw.session == self.id { self.maps.find_mut().ok_or(foreign) } else { Err(foreign) }
    }
}

/// The argument of [`Session::delete`]: a handle, or a reference to a detached row. Only the session implements it.
pub trait Deletable<C: SessionConnection>: sealed::Deletable<C> {
    /// Marks the row for deletion: with `hard` for a DELETE, also if the entity has `soft_delete`.
    ///
    /// # Errors
    ///
    /// As [`Session::delete`].
    #[doc(hidden)]
    fn mark(self, session: &mut Session<'_, C>, hard: bool) -> Result<()>;
}

impl<E: Persist<C>, C: SessionConnection> sealed::Deletable<C> for Handle<E> {}
impl<E: Persist<C>, C: SessionConnection> sealed::Deletable<C> for &E {}

impl<E: Persist<C>, C: SessionConnection> Deletable<C> for Handle<E> {
    fn mark(self, session: &mut Session<'_, C>, hard: bool) -> Result<()> {
        if !hard && E::table().soft_delete.is_some() {
            return session.soft_delete(self);
        }
        let marked = session.map_of(self)?.is_marked_deleted(self.raw.index);
        if !marked && E::table().version.is_some() && session.state(self)? == State::Stale {
            if session.transaction.is_read() {
                return Err(Error::ReadOnlySession);
            }
            session.freshen(self).map_err(|error| match error {
                Error::RowDeleted { table, key } => Error::StaleRow { table, key },
                error => error,
            })?;
        }
        session.map_of_mut(self)?.mark_deleted(self.raw.index)
    }
}

impl<E: Persist<C>, C: SessionConnection> Deletable<C> for &E {
    fn mark(self, session: &mut Session<'_, C>, hard: bool) -> Result<()> {
        if !E::table().filters.is_empty() {
            let handle = session.handle_of_copy(self)?;
            if !hard && E::table().soft_delete.is_some() {
                return session.soft_delete(handle);
            }
        }
        let now = session.transaction.now();
        session.maps.of::<E>().mark_row_deleted(self, now)
    }
}
