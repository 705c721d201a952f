//! The counters that generated keys come from, for whoever moves rows with their keys from one database to another.

use super::{Entity, Persist, Session};
use crate::connection::{SequenceState, SessionConnection};
use crate::error::{Error, Result};

impl<C: SessionConnection> Session<'_, C> {
    /// How far the keys of `E` have come; `None` where the program gives them. One SELECT in the transaction.
    pub(crate) fn sequence_state<E: Persist<C>>(&mut self) -> Result<Option<SequenceState>> {
        let (table, Some(column)) = (E::table().name, counted::<E>()) else { return Ok(None) };
        self.autoflush()?;
        self.open()?;
        let used = self.connection.sequence_state(table, column);
        used.map(Some).map_err(|error| self.fail(error, table, &format!("looking for the last key of {table}")))
    }

    /// Has the keys of new rows of `E` go on behind those that another database has used; never back. At once and by
    /// itself, because that is no part of a transaction on every engine: where the rows then do not come, keys are left
    /// out.
    pub(crate) fn advance_sequence<E: Persist<C>>(&mut self, used: SequenceState) -> Result<()> {
        let (table, Some(column)) = (E::table().name, counted::<E>()) else { return Ok(()) };
        if self.transaction.is_read() {
            return Err(Error::ReadOnlySession);
        }
        self.check()?;
        if self.in_transaction() {
            return Err(Error::AlreadyInTransaction);
        }
        let moved = self.connection.sequence_state(table, column).and_then(|own| {
            if own.given < used.given.max(used.held) {
                self.connection.advance_sequence(table, column, used)
            } else {
                Ok(())
            }
        });
        moved.map_err(|error| self.connection.explain(error, table, &format!("setting the next key of {table}")))
    }
}

/// The column of the key, where the database makes it.
fn counted<E: Entity>() -> Option<&'static str> {
    let table = E::table();
    match table.key {
        [key] if table.columns[*key].generated => Some(table.columns[*key].name),
        _ => None,
    }
}
