//! `DatabaseUrl`: parsing a database URL from a user or the environment, and showing it without its password.

use std::fmt;
#[cfg(feature = "sqlite")]
use std::path::PathBuf;
use std::str::FromStr;

#[cfg(feature = "sqlite")]
use percent_encoding::percent_decode_str;

use super::redact::{redact, secrets};
use super::scheme::Scheme;
#[cfg(any(feature = "postgres", feature = "mysql"))]
use super::server_url;
use crate::connection::Address;
#[cfg(not(all(feature = "sqlite", feature = "postgres", feature = "mysql")))]
use crate::connection::Engine;
#[cfg(any(feature = "postgres", feature = "mysql"))]
use crate::connection::Server;
use crate::error::{Error, Result};

/// A parsed database URL or bare path. `Display` and `Debug` never show a password.
///
/// | text | database |
/// | --- | --- |
/// | `folio.db`, `./folio.db`, `/srv/folio.db` | that file; nothing is unescaped |
/// | `sqlite://folio.db`, `sqlite:folio.db`, `file:folio.db` | a file below the current folder |
/// | `sqlite:///srv/folio.db`, `file:///srv/folio.db` | that file |
/// | `sqlite:///mnt/folio.db?immutable=1` | that file, read without locks: nobody may write it meanwhile |
/// | `sqlite::memory:`, `:memory:` | a new database in memory |
/// | `postgres://USER@HOST/DATABASE`, `postgresql://…` | a PostgreSQL database; libpq reads the URL |
/// | `mysql://USER@HOST/DATABASE`, `mariadb://…` | a MySQL or MariaDB database |
/// | `mysql://USER@HOST1:PORT,HOST2:PORT/DATABASE`, `postgres://…` likewise | the database on whichever host takes writes |
///
/// A server's URL may contain `read_timeout=SECONDS` and `read_from=standby`: see
/// [`Options::read_timeout`](super::Options::read_timeout) and [`Options::read_from`](super::Options::read_from).
///
/// In a URL, `%20` stands for a space, and `?` and `#` must be written `%3F` and `%23`; in a login, `@`, `:`, `/` and
/// `%` are `%40`, `%3A`, `%2F` and `%25`. An IPv6 address is written in brackets.
///
/// ```
/// # #[cfg(feature = "sqlite")]
/// # {
/// use diesel_session::database::DatabaseUrl;
///
/// let url: DatabaseUrl = "sqlite://my%20records.db".parse()?;
/// assert_eq!(url.address().to_string(), "my records.db");
///
/// let refused = "redis://:secret@host".parse::<DatabaseUrl>().unwrap_err();
/// assert!(!refused.to_string().contains("secret"));
/// # }
/// # Ok::<(), diesel_session::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    shown: String,
    address: Address,
}

impl DatabaseUrl {
    /// Parses a URL or a bare path; opens nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Url`] for a text that does not name a database, [`Error::EngineMissing`] for a URL of an engine that
    /// this build lacks.
    pub fn parse(text: &str) -> Result<Self> {
        let refused = |problem: &str| refuse(text, problem);
        if text.trim().is_empty() {
            return Err(refused("it is empty; name a file (folio.db) or write sqlite://FILE"));
        }
        let (scheme, rest) = match (text.split_once("://"), text.split_once(':')) {
            // `file:///x` and `sqlite:x` have their scheme before the first colon, `a/b://c` an invalid one before
            // `://`.
            (_, Some((scheme, rest))) if Scheme::named(scheme).is_some() => (scheme, rest),
            (Some((scheme, rest)), _) => (scheme, rest),
            _ => return bare(text).map(|address| Self { shown: redact(text), address }),
        };
        let address = match Scheme::named(scheme) {
            #[cfg(feature = "sqlite")]
            Some(Scheme::Sqlite) => sqlite(rest).map_err(refused)?,
            #[cfg(feature = "sqlite")]
            Some(Scheme::File) => file(rest).and_then(escaped).map_err(refused)?,
            #[cfg(not(feature = "sqlite"))]
            Some(Scheme::Sqlite | Scheme::File) => return Err(missing(scheme, Engine::Sqlite)),
            #[cfg(feature = "postgres")]
            Some(Scheme::Postgres) => {
                let (rest, own) = server_url::checked(rest).and_then(|rest| server_url::own(&rest)).map_err(refused)?;
                Address::Postgres(own.add_to(Server::new(format!("postgresql:{rest}"), redact(text))))
            }
            #[cfg(feature = "mysql")]
            Some(Scheme::Mysql) => {
                let (rest, own) = server_url::checked(rest).and_then(|rest| server_url::own(&rest)).map_err(refused)?;
                server_url::mysql(&rest).map_err(refused)?;
                // The client library knows only this scheme.
                Address::Mysql(own.add_to(Server::new(format!("mysql:{rest}"), redact(text))))
            }
            #[cfg(not(feature = "postgres"))]
            Some(Scheme::Postgres) => return Err(missing(scheme, Engine::Postgres)),
            #[cfg(not(feature = "mysql"))]
            Some(Scheme::Mysql) => return Err(missing(scheme, Engine::Mysql)),
            None => {
                return Err(refused(
                    "its scheme is unknown; write sqlite://FILE, postgres://…, mysql://…, or a bare path",
                ));
            }
        };
        Ok(Self { shown: redact(text), address })
    }

    /// The address of the database.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }
}

impl FromStr for DatabaseUrl {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({})", self.shown)
    }
}

#[cfg(not(all(feature = "sqlite", feature = "postgres", feature = "mysql")))]
fn missing(scheme: &str, engine: Engine) -> Error {
    let feature = engine.feature();
    let needs = match engine {
        Engine::Postgres => " and libpq (Debian: libpq-dev; Homebrew: libpq)",
        Engine::Mysql => " and MariaDB's client library (Debian: libmariadb-dev; Homebrew: mariadb-connector-c)",
        _ => "",
    };
    let built: Vec<&str> =
        Engine::ALL.iter().filter(|engine| engine.is_compiled_in()).map(|engine| engine.feature()).collect();
    let built = built.join(", ");
    let hint = format!("a build for {engine} has the feature '{feature}'{needs}, and this build has only {built}");
    Error::EngineMissing { scheme: scheme.to_owned(), hint }
}

/// Parses the part after `sqlite:`.
#[cfg(feature = "sqlite")]
fn sqlite(rest: &str) -> Result<Address, &'static str> {
    let path = rest.strip_prefix("//").unwrap_or(rest);
    if path == ":memory:" {
        return Ok(Address::SqliteMemory);
    }
    if path.starts_with(":memory:?") {
        return Err("a database in memory takes no parameters");
    }
    if !is_rooted(path) && is_login(path) {
        return Err("it looks like a server's address; write postgres://… or mysql://…, or @ as %40 in a file's name");
    }
    escaped(path)
}

#[cfg(feature = "sqlite")]
fn escaped(text: &str) -> Result<Address, &'static str> {
    let path = text.strip_suffix("?immutable=1");
    let (path, immutable) = (path.unwrap_or(text), path.is_some());
    if path.contains(['?', '#']) {
        return Err("an SQLite URL takes no parameter but ?immutable=1; in a file's name, write ? as %3F and # as %23");
    }
    let path = percent_decode_str(path).decode_utf8().map_err(|_| "its %-escapes are not UTF-8")?;
    match named(&path)? {
        Address::SqliteFile(path) if immutable => Ok(Address::SqliteImmutable(path)),
        address => Ok(address),
    }
}

/// Returns the path from the part after `file:`, where `//` introduces a host.
#[cfg(feature = "sqlite")]
fn file(rest: &str) -> Result<&str, &'static str> {
    let Some(hosted) = rest.strip_prefix("//") else { return Ok(rest) };
    let path = hosted.strip_prefix("localhost").unwrap_or(hosted);
    if path.starts_with('/') { Ok(path) } else { Err("the file of another host cannot be opened; write file:///PATH") }
}

fn bare(text: &str) -> Result<Address> {
    // A mistyped server URL must not end up, including its password, as the name of a missing file.
    if !is_rooted(text) && (is_login(text) || !secrets(text).is_empty()) {
        let problem = "it looks like a server's address; write postgres://… or mysql://…, or ./PATH for such a file";
        return Err(refuse(text, problem));
    }
    #[cfg(feature = "sqlite")]
    return if text == ":memory:" { Ok(Address::SqliteMemory) } else { named(text).map_err(|why| refuse(text, why)) };
    #[cfg(not(feature = "sqlite"))]
    return Err(missing("file", Engine::Sqlite));
}

/// Whether the text is explicitly a path, whatever else it contains. Two slashes may also begin a URL without its
/// scheme.
fn is_rooted(text: &str) -> bool {
    !text.starts_with("//") && ["/", "./", "../"].iter().any(|start| text.starts_with(start))
}

/// Whether the text contains what may be a user, a password and a host.
fn is_login(text: &str) -> bool {
    text.split_once(':').is_some_and(|(_, rest)| rest.contains('@'))
}

fn refuse(text: &str, problem: &str) -> Error {
    Error::Url { given: redact(text), problem: problem.to_owned() }
}

#[cfg(feature = "sqlite")]
fn named(path: &str) -> Result<Address, &'static str> {
    match path {
        "" => Err("it names no file; write sqlite://FILE, or sqlite::memory: for a database in memory"),
        path if path.contains('\0') => Err("a file name cannot contain NUL"),
        path => Ok(Address::SqliteFile(PathBuf::from(path))),
    }
}

#[cfg(test)]
#[cfg(feature = "sqlite")]
#[path = "url_tests.rs"]
mod tests;
