//! The harness that the suite runs on, and its capabilities.

use std::fmt;
use std::io::{self, Write as _};

use diesel_session::connection::SessionConnection;

/// A throw-away database and connections to it, on which the suite runs.
///
/// Each test makes one and drops it at its end; tests run side by side.
pub trait Harness: Sized {
    /// The connection type under test.
    type Connection: SessionConnection;

    /// The capabilities of these databases and connections. A test that needs another one is skipped with a message.
    const CAPABILITIES: &'static [Capability];

    /// Creates an empty database that belongs to this value alone.
    fn new() -> Self;

    /// Opens another connection to it: each sees the other's commits, and a reading connection does not block writers
    /// (on SQLite, the write-ahead log). Foreign keys are enforced, and on SQLite a connection does not wait for locks.
    fn connect(&self) -> Self::Connection;
}

/// A capability that not every engine has; a test that needs it asks for it by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Capability {
    /// A foreign key can be checked at COMMIT.
    CheckAtCommit,
    /// A foreign key is checked when its statement ends, not row by row.
    CheckAfterStatement,
    /// A transaction that may write excludes all other writers from its start.
    KeepOthersOutFromBegin,
    /// A text column accepts bytes that are not valid text.
    HoldTextThatIsNone,
    /// Transactions can run below the strongest isolation level.
    KeepApartLess,
    /// A refused DELETE reports the number of rows that still refer to the row.
    CountWhoRefers,
}

/// Describes the capability.
impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CheckAfterStatement => "foreign keys that are checked when a statement ends",
            Self::CheckAtCommit => "a foreign key that waits for COMMIT",
            Self::KeepOthersOutFromBegin => "a writing transaction that keeps other writers out from its beginning on",
            Self::HoldTextThatIsNone => "a text column that takes bytes that are no text",
            Self::CountWhoRefers => "a refused DELETE that tells how many rows refer to the one that was to go",
            Self::KeepApartLess => "transactions that are kept apart less than fully",
        })
    }
}

/// Whether a capability is among those of a harness. If not, the test that asks is named on standard error, bypassing
/// the capture of the test runner, so that every run shows the skipped tests.
pub fn can(capabilities: &[Capability], capability: Capability) -> bool {
    let can = capabilities.contains(&capability);
    if !can {
        let thread = std::thread::current();
        let test = thread.name().unwrap_or("a test");
        // A closed standard error is not a failure.
        let _ = writeln!(io::stderr(), "{test}: skipped: needs {capability} ({capability:?})");
    }
    can
}
