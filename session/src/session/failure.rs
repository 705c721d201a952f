//! A statement that failed, and whether its level must be rolled back.

use diesel::result::Error as DieselError;

use super::entity::Entity;
use crate::connection::{Executor, SessionConnection, Stop};
use crate::error::Error;

/// A statement that failed.
pub(crate) struct Failure {
    /// The cause, worded for a user.
    pub(crate) error: Error,
    /// The statement itself failed, not the reading of its result: its level must be rolled back.
    pub(crate) undo: bool,
}

impl Failure {
    /// A failure on `connection` while `doing` something with `table`.
    pub(crate) fn new<C: SessionConnection>(connection: &C, error: DieselError, table: &str, doing: &str) -> Self {
        let undo = match &error {
            DieselError::DeserializationError(_) | DieselError::SerializationError(_) => false,
            DieselError::QueryBuilderError(_) => Stop::of(&error).is_some(),
            _ => true,
        };
        Self { error: connection.explain(error, table, doing), undo }
    }

    /// A failure while doing `verb` with the table of `E`.
    pub(crate) fn of<E: Entity, C: SessionConnection>(
        executor: &Executor<'_, C>,
        error: DieselError,
        verb: &str,
    ) -> Self {
        let table = E::table().name;
        Self::new(executor.connection, error, table, &format!("{verb} {table}"))
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}
