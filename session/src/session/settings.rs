//! The settings of a session: when its rows are reloaded, and the isolation level of its transactions.

use super::Session;
use crate::connection::{Isolation, SessionConnection};
use crate::error::{Error, Result};

/// When the rows of a session are reloaded after a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Freshness {
    /// When they are used inside the next transaction.
    #[default]
    NextTransaction,
    /// Never, unless they are expired or refreshed: for rows that no one else changes.
    Never,
}

impl<C: SessionConnection> Session<'_, C> {
    /// Sets when rows are reloaded after a commit. No SQL.
    pub fn set_freshness(&mut self, freshness: Freshness) {
        self.transaction.freshness = freshness;
    }

    /// Sets the isolation level of the session's transactions; `None` leaves it to the database. No SQL: the level is
    /// sent with BEGIN (`BEGIN ISOLATION LEVEL …` on PostgreSQL, `SET TRANSACTION ISOLATION LEVEL …` before it on
    /// MySQL). A session that only reads uses at least [`Isolation::RepeatableRead`]; SQLite uses its only level, the
    /// strongest, for all of them.
    ///
    /// ```
    /// # include!("../../docs/example_tables.rs");
    /// # fn main() -> Result<()> {
    /// let db = database()?;
    /// let mut session = db.session()?;
    /// session.set_isolation(Isolation::Serializable)?;
    /// session.add(NewUser::new(1, "step")?);
    /// session.commit()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::AlreadyInTransaction`] if BEGIN was already sent; and later, from the call that begins, if the
    /// connection of a session made by [`on`](Session::on) is inside a transaction, which keeps its level.
    pub fn set_isolation(&mut self, isolation: impl Into<Option<Isolation>>) -> Result<()> {
        if self.transaction.open {
            return Err(Error::AlreadyInTransaction);
        }
        self.transaction.isolation = isolation.into();
        Ok(())
    }
}
