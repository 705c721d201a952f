//! The counters of generated keys, for moving rows with their keys from one database to another.

use super::{Entity, Persist, Session};
use crate::connection::{SequenceState, SessionConnection};
use crate::error::{Error, Result};

impl<C: SessionConnection> Session<'_, C> {
    /// The state of the key sequence of `E`; `None` if the program gives the keys. One SELECT in the transaction.
    ///
    /// # Errors
    ///
    /// The errors of a flush, and the database's.
    pub fn sequence_state<E: Persist<C>>(&mut self) -> Result<Option<SequenceState>> {
        let (table, Some(column)) = (E::table().name, generated_key::<E>()) else { return Ok(None) };
        self.autoflush()?;
        self.open()?;
        let used = self.connection.sequence_state(table, column);
        used.map(Some).map_err(|error| self.fail(error, table, &format!("looking for the last key of {table}")))
    }

    /// Advances the key sequence of `E` past the keys used by another database; never moves it back. It takes effect at
    /// once, outside a transaction, because not every engine can include it in one: if the rows are then not written,
    /// keys are skipped.
    ///
    /// # Errors
    ///
    /// [`Error::AlreadyInTransaction`], [`Error::ReadOnlySession`], and the database's.
    pub fn advance_sequence<E: Persist<C>>(&mut self, used: SequenceState) -> Result<()> {
        let (table, Some(column)) = (E::table().name, generated_key::<E>()) else { return Ok(()) };
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

/// The column of the key that the database generates, if there is one.
fn generated_key<E: Entity>() -> Option<&'static str> {
    let table = E::table();
    table.key.iter().find(|column| table.generates_key(**column)).map(|column| table.columns[*column].name)
}
