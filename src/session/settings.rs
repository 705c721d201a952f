//! How a session is set: when its rows are read again, and how far its transactions are kept apart from others.

use super::Session;
use crate::connection::{Isolation, SessionConnection};
use crate::error::{Error, Result};

/// When the rows of a session are read again after a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Freshness {
    /// When they are used inside the next transaction.
    #[default]
    NextTransaction,
    /// Never, unless they are expired or refreshed: for rows that nobody else changes.
    Never,
}

impl<C: SessionConnection> Session<'_, C> {
    /// Says when rows are read again after a commit. No SQL.
    pub fn set_freshness(&mut self, freshness: Freshness) {
        self.transaction.freshness = freshness;
    }

    /// Says how far the session's transactions are kept apart from those of others; `None` leaves it to the database. No
    /// SQL: the level goes with BEGIN (`BEGIN ISOLATION LEVEL …` on PostgreSQL, `SET TRANSACTION ISOLATION LEVEL …` before
    /// it on MySQL). A session that only reads takes at least [`Isolation::RepeatableRead`]; SQLite meets every level by
    /// the strongest, which is all it has.
    ///
    /// ```
    /// use folio::prelude::*;
    ///
    /// let db = Database::open("sqlite::memory:")?;
    /// db.migrate()?;
    /// let mut session = db.session()?;
    /// session.set_isolation(Isolation::Serializable)?;
    /// session.add(NewUser::new(1, "step")?);
    /// session.commit()?;
    /// # Ok::<(), folio::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::AlreadyInTransaction`] where BEGIN was sent already; and later, from the call that begins, where a session
    /// [on](Session::on) a connection finds that one inside a transaction, whose level stands.
    pub fn set_isolation(&mut self, isolation: impl Into<Option<Isolation>>) -> Result<()> {
        if self.transaction.open {
            return Err(Error::AlreadyInTransaction);
        }
        self.transaction.isolation = isolation.into();
        Ok(())
    }
}
