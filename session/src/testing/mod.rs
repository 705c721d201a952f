//! What the tests of a program need: a database of their own, work that is rolled back, the SQL of a piece of work, a
//! clock that they set. Behind the feature `testing`; see `docs/testing.md`.

mod clock;
mod database;
mod statements;

pub use clock::Clock;
pub use database::{TestDatabase, rolled_back};
#[doc(hidden)]
pub use statements::{Recording, is_expected, listed};
pub use statements::{Statement, plain, recorded};

pub use crate::{assert_statement_count, assert_statements};
