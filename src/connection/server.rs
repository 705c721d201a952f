//! `Server`: the address of a database on a server, which holds a password and never shows it.

use std::fmt;
use std::time::Duration;

/// How long a connection may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waits {
    /// For a lock that another connection holds.
    pub lock: Duration,
    /// For the server to answer when a connection is opened; an SQLite file needs none.
    pub connect: Duration,
    /// For the server to begin its answer to a statement, after which the connection counts as lost; zero is forever. A
    /// URL may say it itself.
    pub read: Duration,
}

impl Waits {
    /// The wait for a lock in whole milliseconds; none at all is one, because 0 stands forever with some engines.
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    pub(super) fn lock_ms(self) -> u32 {
        milliseconds(self.lock).max(1)
    }
}

/// A time in milliseconds, as far as the engines can count.
pub(super) fn milliseconds(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX).min(i32::MAX.unsigned_abs())
}

/// The URL of a database on a server, as its client library takes it, and as it may be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Server {
    url: String,
    shown: String,
    read_timeout: Option<Duration>,
}

impl Server {
    /// An address of `url`; messages name it by `shown`, which must hold no password.
    #[must_use]
    pub fn new(url: impl Into<String>, shown: impl Into<String>) -> Self {
        Self { url: url.into(), shown: shown.into(), read_timeout: None }
    }

    /// The address with a wait of its own for answers, where its URL gives one.
    #[must_use]
    pub fn with_read_timeout(self, read_timeout: Option<Duration>) -> Self {
        Self { read_timeout, ..self }
    }

    /// The waits for this server: what its URL says goes first.
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    pub(super) fn waits(&self, waits: Waits) -> Waits {
        Waits { read: self.read_timeout.unwrap_or(waits.read), ..waits }
    }

    /// The URL, password and all.
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    pub(super) fn url(&self) -> &str {
        &self.url
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({})", self.shown)
    }
}
