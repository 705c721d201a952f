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

use super::sqlite::{SqliteAccess, open_sqlite};
use super::{Access, SessionConnection as _};
use crate::error::{Error, Result};

/// Written while a file is made, read while one is opened: the new file is closed before SQLite can lock it.
static MAKING: RwLock<()> = RwLock::new(());

/// Opens the file at `path`, and says whether it was made.
pub(super) fn open(path: &Path, access: Access, busy_ms: u32) -> Result<(SqliteConnection, bool)> {
    let created = access == Access::Create && create(path)?;
    let _opening = MAKING.read().unwrap_or_else(PoisonError::into_inner);
    look(path)?;
    let mut connection = match access {
        Access::Read => open_to_read(path, busy_ms),
        Access::Write | Access::Create => open_sqlite(Some(path), SqliteAccess::Write, busy_ms),
    }
    .map_err(|e| in_words(path, e))?;
    if created {
        keep_log(&mut connection)?;
    }
    Ok((connection, created))
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
        Err(e) if e.kind() == ErrorKind::NotFound => Err(refused(path, "the folder it is to be in does not exist")),
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

/// Opens read-only; where SQLite cannot make its side files and none are needed, without them.
fn open_to_read(path: &Path, busy_ms: u32) -> Result<SqliteConnection> {
    match open_sqlite(Some(path), SqliteAccess::Read, busy_ms) {
        Err(refused @ (Error::Open { .. } | Error::ReadOnlyDatabase { .. })) if !has_log(path) => {
            open_sqlite(Some(path), SqliteAccess::Immutable, busy_ms).map_err(|_| refused)
        }
        done => done,
    }
}

/// Whether commits may stand in a log beside the file; whoever then reads the bare file misses them.
fn has_log(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    match fs::metadata(PathBuf::from(log)) {
        Ok(log) => log.len() > 0,
        Err(e) => e.kind() != ErrorKind::NotFound,
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

/// SQLite says that it is unable to open the file, or that it is read-only, also where it is the folder that takes no
/// side files, without which even reading a file with a write-ahead log is not safe.
fn in_words(path: &Path, error: Error) -> Error {
    let denied = match &error {
        Error::Open { problem, .. } => problem.to_lowercase().contains("unable to open database file"),
        Error::ReadOnlyDatabase { .. } => true,
        _ => false,
    };
    if denied {
        refused(path, "permission denied, to the file or to keep SQLite's -wal and -shm files beside it")
    } else {
        error
    }
}
