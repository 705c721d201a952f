//! What converts into an [`Error`], so that `?` takes it in a unit of work.

use std::sync::Arc;

use super::{Error, Violation};

/// The errors of plain Diesel, on the connection that a session lends.
impl From<diesel::result::Error> for Error {
    fn from(source: diesel::result::Error) -> Self {
        Self::Database { doing: "a statement of Diesel's".to_owned(), source: Arc::new(source) }
    }
}

impl From<Violation> for Error {
    fn from(violation: Violation) -> Self {
        Self::Violation(Box::new(violation))
    }
}

/// A number that does not fit a field of a narrower type.
impl From<std::num::TryFromIntError> for Error {
    fn from(_: std::num::TryFromIntError) -> Self {
        Self::Value { what: "number", problem: "is outside the range of the field's type".to_owned() }
    }
}

impl From<std::convert::Infallible> for Error {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}
