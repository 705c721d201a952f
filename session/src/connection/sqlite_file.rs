//! SQLite files: finding, creating and opening them, with errors that a user understands.
//!
//! An existing file is opened only by SQLite: closing another descriptor would drop the locks that other connections of
//! this process hold on it (POSIX), and with them the safety of their transactions.

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

/// Held for writing while a file is created and for reading while one is opened, so that the new file is closed before
/// SQLite can lock it.
static CREATING: RwLock<()> = RwLock::new(());

/// What was created in order to open a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Made {
    Nothing,
    /// The file itself.
    File,
    /// A copy in memory, which the connection reads.
    Copy,
}

/// How often a reader tries that finds neither side files nor an unchanging file, because writers come and go
/// meanwhile.
const MAX_ATTEMPTS: usize = 10;

/// Opens the file at `path`.
pub(super) fn open(path: &Path, access: Access, busy_ms: u32) -> Result<(SqliteConnection, Made)> {
    let created = access == Access::Create && create(path)?;
    let _opening = CREATING.read().unwrap_or_else(PoisonError::into_inner);
    check_is_file(path)?;
    if access == Access::Read {
        return open_to_read(path, busy_ms);
    }
    let mut connection = open_sqlite(Some(path), SqliteAccess::Write, busy_ms).map_err(|e| explain(path, e, DENIED))?;
    if created {
        enable_wal(&mut connection)?;
        return Ok((connection, Made::File));
    }
    Ok((connection, Made::Nothing))
}

/// Opens the file at `path` without locks and side files; the caller guarantees that nobody writes it.
///
/// A visible sign of a writer, a log beside the file, is still refused.
pub(super) fn open_immutable(path: &Path, access: Access) -> Result<SqliteConnection> {
    let place = || path.display().to_string();
    if access != Access::Read {
        let problem = "?immutable=1 in its URL says that nobody writes it; leave that out to write".to_owned();
        return Err(Error::ReadOnlyDatabase { place: place(), problem });
    }
    check_is_file(path)?;
    // Side files are beside the file itself, not beside a link to it.
    let found = fs::canonicalize(path).map_err(|e| refused(path, message(&e)))?;
    if !sqlite_copy::has_no_log(&found) {
        return Err(refused(path, LOGGED));
    }
    open_sqlite(Some(path), SqliteAccess::Immutable, 0).map_err(|e| match e {
        Error::Open { problem, .. } if problem.to_lowercase().contains(UNABLE) => refused(path, "permission denied"),
        other => other,
    })
}

/// The path, independent of the current folder.
pub(super) fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(|e| refused(path, e.to_string()))
}

/// Turns the write-ahead log on, a setting that is stored in the file: readers and the writer no longer wait for each
/// other.
pub(super) fn enable_wal(connection: &mut SqliteConnection) -> Result<()> {
    let Err(error) = connection.batch_execute("PRAGMA journal_mode = WAL") else { return Ok(()) };
    match connection.explain(error, "", "turning the write-ahead log on") {
        // Somebody is using the file, perhaps turning the log on. It works without; the next connection will turn it
        // on.
        Error::Locked { .. } => Ok(()),
        other => Err(other),
    }
}

/// A text that identifies the open file among all others, whatever path it was opened by; a database in memory has
/// none.
pub(super) fn identity(connection: &mut SqliteConnection) -> Option<String> {
    let file = "(SELECT file FROM pragma_database_list WHERE name = 'main')";
    let path: Option<String> = diesel::select(sql::<Nullable<Text>>(file)).get_result(connection).ok()?;
    let path = fs::canonicalize(path.filter(|path| !path.is_empty())?).ok()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        // The same for every name of the file, in one folder or in several.
        let found = fs::metadata(&path).ok()?;
        Some(format!("sqlite {}:{}", found.dev(), found.ino()))
    }
    #[cfg(not(unix))]
    Some(format!("sqlite {}", path.display()))
}

/// Creates an empty file for SQLite to fill, unless one exists. Only its owner can access it from the start: SQLite
/// itself would leave that to the umask.
fn create(path: &Path) -> Result<bool> {
    let _creating = CREATING.write().unwrap_or_else(PoisonError::into_inner);
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(true),
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(e) if e.kind() == ErrorKind::NotFound => Err(refused(path, "its folder does not exist")),
        Err(e) => Err(refused(path, message(&e))),
    }
}

/// Checks without opening it that `path` is a regular file.
fn check_is_file(path: &Path) -> Result<()> {
    match fs::metadata(path) {
        Ok(found) if found.is_file() => Ok(()),
        Ok(found) if found.is_dir() => Err(refused(path, "it is a directory")),
        Ok(_) => Err(refused(path, "it is not a regular file")),
        Err(e) if e.kind() == ErrorKind::NotFound => Err(Error::NoDatabase { place: path.display().to_string() }),
        Err(e) => Err(refused(path, message(&e))),
    }
}

/// Opens read-only, or reads a copy if the side files do not exist and cannot be created.
fn open_to_read(path: &Path, busy_ms: u32) -> Result<(SqliteConnection, Made)> {
    let mut attempts = 1;
    loop {
        let refused = match open_sqlite(Some(path), SqliteAccess::Read, busy_ms) {
            Err(refused @ (Error::Open { .. } | Error::ReadOnlyDatabase { .. })) => refused,
            done => return Ok((done?, Made::Nothing)),
        };
        if let Some(copy) = sqlite_copy::open(path)? {
            return Ok((copy, Made::Copy));
        }
        if attempts == MAX_ATTEMPTS {
            let denied = if sqlite_copy::has_journal(path) { JOURNAL.to_owned() } else { denied_to_read(path) };
            return Err(explain(path, refused, &denied));
        }
        attempts += 1;
    }
}

fn refused(path: &Path, problem: impl Into<String>) -> Error {
    Error::Open { place: path.display().to_string(), problem: problem.into() }
}

fn message(error: &io::Error) -> String {
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

const JOURNAL: &str = "a journal (-journal) lies beside it, so a program was killed while it was writing, and what it had \
    written by then must be undone first, for which this program may not write there: open the database once with a \
    program that may, such as sqlite3; or copy the file and its journal to a folder that you may write in";

fn denied_to_read(path: &Path) -> String {
    let url = format!("sqlite://{}?immutable=1", escaped(path));
    format!(
        "{DENIED}, without which what others write meanwhile would be read by halves; read it while a program that may \
         write there has it open; or copy it, with its -wal or -journal if there is one, to a folder that you may write \
         in; or, if nobody writes it while you read, open '{url}'"
    )
}

/// SQLite reports that it is unable to open the file, or that the file is read-only, also when side files cannot be
/// created in the folder, without which even reading a file with a write-ahead log is not safe.
fn explain(path: &Path, error: Error, denied: &str) -> Error {
    match &error {
        Error::Open { problem, .. } if problem.to_lowercase().contains(UNABLE) => refused(path, denied),
        Error::ReadOnlyDatabase { .. } => refused(path, denied),
        _ => error,
    }
}
