//! What the suite is run on, and what that can do.

use std::fmt;
use std::io::{self, Write as _};

use folio::connection::SessionConnection;

/// A throw-away database and connections to it: what the suite is run on.
///
/// Each test makes one and drops it at its end; tests run side by side.
pub trait Harness: Sized {
    /// The connection type under test.
    type Connection: SessionConnection;

    /// What these databases and connections can do. A test that needs what is not named here is left out and says so.
    const CAPABILITIES: &'static [Capability];

    /// Makes a database with nothing in it, of this value's own.
    fn new() -> Self;

    /// Opens another connection to it: two of them see what either commits, and one that reads keeps none from writing (on
    /// SQLite, the write-ahead log). Foreign keys are enforced, and on SQLite a connection waits for no lock.
    fn connect(&self) -> Self::Connection;
}

/// What not every engine can do; a test that needs it asks for it by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Capability {
    /// A foreign key can wait for COMMIT.
    CheckAtCommit,
    /// A foreign key is checked when its statement ends, not row by row.
    CheckAfterStatement,
    /// A transaction that may write excludes all other writers from its beginning on.
    KeepOthersOutFromBegin,
    /// A text column takes bytes that are no text.
    HoldTextThatIsNone,
    /// Transactions can be kept apart less than fully.
    KeepApartLess,
    /// A refused DELETE tells how many rows still refer to the one that was to go.
    CountWhoRefers,
}

/// What it is, in words.
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

/// Whether a capability is among those of a harness. Where it is not, the test that asks is named on standard error, past
/// the capture of the test runner: what was left out is seen in every run.
pub fn can(capabilities: &[Capability], capability: Capability) -> bool {
    let can = capabilities.contains(&capability);
    if !can {
        let thread = std::thread::current();
        let test = thread.name().unwrap_or("a test");
        // Where nobody listens there is nobody to tell.
        let _ = writeln!(io::stderr(), "{test}: skipped: needs {capability} ({capability:?})");
    }
    can
}
