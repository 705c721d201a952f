//! `Server`: the address of a database on a server, which contains a password and never shows it.

use std::fmt;
#[cfg(feature = "mysql")]
use std::sync::Arc;
#[cfg(feature = "mysql")]
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

#[cfg(any(feature = "postgres", feature = "mysql"))]
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::ReadFrom;

/// How long a connection may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waits {
    /// For a lock that another connection holds.
    pub lock: Duration,
    /// For the server to answer when a connection is opened; not used for an SQLite file.
    pub connect: Duration,
    /// For the server to begin its answer to a statement, after which the connection counts as lost; zero means
    /// forever. A URL may override it.
    pub read: Duration,
}

impl Waits {
    /// The wait for a lock in whole milliseconds; zero becomes one, because some engines take 0 for no limit.
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    pub(super) fn lock_ms(self) -> u32 {
        milliseconds(self.lock).max(1)
    }
}

/// A time in milliseconds, limited to what the engines accept.
pub(super) fn milliseconds(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX).min(i32::MAX.unsigned_abs())
}

/// A time in milliseconds, where 0 means no limit: a shorter one is a millisecond.
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(super) fn at_least_one_ms(time: Duration) -> u32 {
    if time.is_zero() { 0 } else { milliseconds(time).max(1) }
}

/// The URL of a database on a server, as its client library reads it, and as it may be shown.
#[derive(Clone)]
pub struct Server {
    url: String,
    shown: String,
    read_timeout: Option<Duration>,
    read_from: Option<ReadFrom>,
    /// Which of several hosts connections are opened to.
    role: ReadFrom,
    /// The index of the host that took writes when a connection was last opened, shared by all copies of the address.
    #[cfg(feature = "mysql")]
    writer: Arc<AtomicUsize>,
}

impl PartialEq for Server {
    fn eq(&self, other: &Self) -> bool {
        let parts = |server: &Self| (server.read_timeout, server.read_from, server.role);
        self.url == other.url && self.shown == other.shown && parts(self) == parts(other)
    }
}

impl Eq for Server {}

impl Server {
    /// The address with this `url`; messages show it as `shown`, which must not contain a password.
    #[must_use]
    pub fn new(url: impl Into<String>, shown: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            shown: shown.into(),
            read_timeout: None,
            read_from: None,
            role: ReadFrom::Primary,
            #[cfg(feature = "mysql")]
            writer: Arc::default(),
        }
    }

    /// The address with its own read timeout, if its URL sets one.
    #[must_use]
    pub fn with_read_timeout(self, read_timeout: Option<Duration>) -> Self {
        Self { read_timeout, ..self }
    }

    /// The address with its own choice of where units that only read go, if its URL makes one.
    #[must_use]
    pub fn with_read_from(self, read_from: Option<ReadFrom>) -> Self {
        Self { read_from, ..self }
    }

    /// Where units that only read go, if the URL says so.
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    pub(super) fn read_from(&self) -> Option<ReadFrom> {
        self.read_from
    }

    /// The address for connections that only read, on a standby if one answers.
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    pub(super) fn on_standby(&self) -> Self {
        Self { role: ReadFrom::Standby, ..self.clone() }
    }

    /// Which of several hosts connections are opened to.
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    pub(super) fn role(&self) -> ReadFrom {
        self.role
    }

    /// The index of the host that took writes when a connection was last opened.
    #[cfg(feature = "mysql")]
    pub(super) fn writer(&self) -> usize {
        self.writer.load(Ordering::Relaxed)
    }

    /// Remembers which host takes writes.
    #[cfg(feature = "mysql")]
    pub(super) fn set_writer(&self, index: usize) {
        self.writer.store(index, Ordering::Relaxed);
    }

    /// The address of another database of the same server, with the same login and parameters.
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    pub(super) fn sibling(&self, name: &str) -> Self {
        let (url, shown) = (with_database(&self.url, name), with_database(&self.shown, name));
        Self { read_timeout: self.read_timeout, read_from: self.read_from, ..Self::new(url, shown) }
    }

    /// The waits for this server: its URL takes precedence.
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    pub(super) fn waits(&self, waits: Waits) -> Waits {
        Waits { read: self.read_timeout.unwrap_or(waits.read), ..waits }
    }

    /// The URL, including the password.
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    pub(super) fn url(&self) -> &str {
        &self.url
    }
}

/// The URL with that database in place of its own.
#[cfg(any(feature = "postgres", feature = "mysql"))]
fn with_database(url: &str, name: &str) -> String {
    let (address, parameters) = url.split_once('?').unwrap_or((url, ""));
    let login = address.find("://").map_or(0, |colon| colon + 3);
    let end = address[login..].find('/').map_or(address.len(), |length| login + length);
    let name = utf8_percent_encode(name, NON_ALPHANUMERIC);
    // libpq also takes the database's name from there.
    let others = parameters.split('&').filter(|parameter| !parameter.is_empty() && !parameter.starts_with("dbname="));
    let others: Vec<&str> = others.collect();
    let separator = if others.is_empty() { "" } else { "?" };
    format!("{}/{name}{separator}{}", &address[..end], others.join("&"))
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

#[cfg(all(test, any(feature = "postgres", feature = "mysql")))]
mod tests {
    use super::*;

    #[test]
    fn a_sibling_has_the_login_and_the_parameters_and_another_name() {
        for (url, sibling) in [
            ("mysql://app:pw@h:3306/shop", "mysql://app:pw@h:3306/an%5Fother"),
            (
                "postgresql://app@h1,h2/shop?dbname=x&sslmode=require",
                "postgresql://app@h1,h2/an%5Fother?sslmode=require",
            ),
            ("postgresql://?dbname=shop", "postgresql:///an%5Fother"),
        ] {
            assert_eq!(with_database(url, "an_other"), sibling);
        }
    }
}
