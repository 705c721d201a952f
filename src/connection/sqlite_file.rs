//! SQLite files: finding, making and opening them, in words that a person understands.
//!
//! A file that is there is never opened by anything but SQLite: closing it would drop the locks that other connections
//! of this process hold on it (POSIX), and with them the safety of their transactions.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use diesel::connection::SimpleConnection as _;
use diesel::dsl::sql;
use diesel::sql_types::{Nullable, Text};
use diesel::{RunQueryDsl as _, SqliteConnection};

use super::sqlite::{SqliteAccess, escaped, open_sqlite};
use super::{Access, SessionConnection as _, sqlite_copy};
use crate::error::{Error, Result};

/// Written while a file is made, read while one is opened: the new file is closed before SQLite can lock it.
static MAKING: RwLock<()> = RwLock::new(());

/// What had to be made so that a file could be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Made {
    Nothing,
    /// The file itself.
    File,
    /// A copy in memory, which the connection reads.
    Copy,
}

/// How often a reader that finds neither side files nor a file at rest looks again: writers come and go meanwhile.
const LOOKS: usize = 10;

/// Opens the file at `path`.
pub(super) fn open(path: &Path, access: Access, busy_ms: u32) -> Result<(SqliteConnection, Made)> {
    let created = access == Access::Create && create(path)?;
    let _opening = MAKING.read().unwrap_or_else(PoisonError::into_inner);
    look(path)?;
    if access == Access::Read {
        return open_to_read(path, busy_ms);
    }
    let mut connection =
        open_sqlite(Some(path), SqliteAccess::Write, busy_ms).map_err(|e| in_words(path, e, DENIED))?;
    if created {
        keep_log(&mut connection)?;
        return Ok((connection, Made::File));
    }
    Ok((connection, Made::Nothing))
}

/// Opens the file at `path` without locks and side files, on the caller's word that nobody writes it.
///
/// What can be seen of a writer is refused all the same: a log beside the file.
pub(super) fn open_immutable(path: &Path, access: Access) -> Result<SqliteConnection> {
    let place = || path.display().to_string();
    if access != Access::Read {
        let problem = "?immutable=1 in its URL says that nobody writes it; leave that out to write".to_owned();
        return Err(Error::ReadOnlyDatabase { place: place(), problem });
    }
    look(path)?;
    // Side files lie beside the file itself, not beside a link to it.
    let found = fs::canonicalize(path).map_err(|e| refused(path, plain(&e)))?;
    if !sqlite_copy::has_no_log(&found) {
        return Err(refused(path, LOGGED));
    }
    open_sqlite(Some(path), SqliteAccess::Immutable, 0).map_err(|e| match e {
        Error::Open { problem, .. } if problem.to_lowercase().contains(UNABLE) => refused(path, "permission denied"),
        other => other,
    })
}

/// The path, free of the current folder.
pub(super) fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(|e| refused(path, e.to_string()))
}

/// Turns the write-ahead log on, which stays on with the file: readers and the writer no longer wait for each other.
pub(super) fn keep_log(connection: &mut SqliteConnection) -> Result<()> {
    let Err(error) = connection.batch_execute("PRAGMA journal_mode = WAL") else { return Ok(()) };
    match connection.explain(error, "", "turning the write-ahead log on") {
        // Somebody is at work in the file, perhaps turning the log on. It works without; the next one will.
        Error::Locked { .. } => Ok(()),
        other => Err(other),
    }
}

/// What tells the open file from every other, whatever path led to it; a database in memory has none.
pub(super) fn identity(connection: &mut SqliteConnection) -> Option<String> {
    let file = "(SELECT file FROM pragma_database_list WHERE name = 'main')";
    let path: Option<String> = diesel::select(sql::<Nullable<Text>>(file)).get_result(connection).ok()?;
    let path = fs::canonicalize(path.filter(|path| !path.is_empty())?).ok()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        // Also under two names of one folder or of several.
        let found = fs::metadata(&path).ok()?;
        Some(format!("sqlite {}:{}", found.dev(), found.ino()))
    }
    #[cfg(not(unix))]
    Some(format!("sqlite {}", path.display()))
}

/// Makes an empty file for SQLite to fill, unless one is there. Its owner's alone from the first moment: SQLite itself
/// would leave that to the umask.
fn create(path: &Path) -> Result<bool> {
    let _making = MAKING.write().unwrap_or_else(PoisonError::into_inner);
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(true),
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(e) if e.kind() == ErrorKind::NotFound => Err(refused(path, "its folder does not exist")),
        Err(e) => Err(refused(path, plain(&e))),
    }
}

/// Finds out without opening it what is at `path`.
fn look(path: &Path) -> Result<()> {
    match fs::metadata(path) {
        Ok(found) if found.is_file() => Ok(()),
        Ok(found) if found.is_dir() => Err(refused(path, "it is a directory")),
        Ok(_) => Err(refused(path, "it is not a regular file")),
        Err(e) if e.kind() == ErrorKind::NotFound => Err(Error::NoDatabase { place: path.display().to_string() }),
        Err(e) => Err(refused(path, plain(&e))),
    }
}

/// Opens read-only, or reads a copy where the side files are not there and cannot be made.
fn open_to_read(path: &Path, busy_ms: u32) -> Result<(SqliteConnection, Made)> {
    let mut looks = 1;
    loop {
        let refused = match open_sqlite(Some(path), SqliteAccess::Read, busy_ms) {
            Err(refused @ (Error::Open { .. } | Error::ReadOnlyDatabase { .. })) => refused,
            done => return Ok((done?, Made::Nothing)),
        };
        if let Some(copy) = sqlite_copy::open(path)? {
            return Ok((copy, Made::Copy));
        }
        if looks == LOOKS {
            return Err(in_words(path, refused, &denied_to_read(path)));
        }
        looks += 1;
    }
}

fn refused(path: &Path, problem: impl Into<String>) -> Error {
    Error::Open { place: path.display().to_string(), problem: problem.into() }
}

fn plain(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

const DENIED: &str = "permission denied, to the file or to keep SQLite's -wal and -shm files beside it";
const UNABLE: &str = "unable to open database file";

const LOGGED: &str = "a log (-wal or -journal) lies beside it, so somebody writes it, or was killed while writing, and \
    ?immutable=1 would show half of that; leave ?immutable=1 out, or copy the file and its log to a folder that you may \
    write in";

fn denied_to_read(path: &Path) -> String {
    let url = format!("sqlite://{}?immutable=1", escaped(path));
    format!(
        "{DENIED}, without which what others write meanwhile would be read by halves; read it while a program that may \
         write there has it open; or copy it, with its -wal or -journal if there is one, to a folder that you may write \
         in; or, if nobody writes it while you read, open '{url}'"
    )
}

/// SQLite says that it is unable to open the file, or that it is read-only, also where it is the folder that takes no
/// side files, without which even reading a file with a write-ahead log is not safe.
fn in_words(path: &Path, error: Error, denied: &str) -> Error {
    match &error {
        Error::Open { problem, .. } if problem.to_lowercase().contains(UNABLE) => refused(path, denied),
        Error::ReadOnlyDatabase { .. } => refused(path, denied),
        _ => error,
    }
}
