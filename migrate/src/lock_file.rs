//! The lock of a runner that changes an SQLite file outside a transaction: a file beside it, which the operating system
//! unlocks if the runner is killed.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel_session::Error as SessionError;
use diesel_session::connection::{AnyConnection, Engine, SessionConnection as _};

use crate::error::{Result, THIS_DATABASE};
use crate::lock;

/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(20);

/// A locked file, which is removed when it is dropped.
#[derive(Debug)]
pub(crate) struct LockFile {
    path: PathBuf,
    _locked: File,
}

#[derive(QueryableByName)]
struct Main {
    #[diesel(sql_type = Text)]
    file: String,
    /// How long the connection waits for locks, in milliseconds.
    #[diesel(sql_type = BigInt)]
    timeout: i64,
}

impl LockFile {
    /// Waits for the lock, at most as long as the connection waits for locks; `None` where the database is no file.
    pub(crate) fn beside(connection: &mut AnyConnection) -> Result<Option<Self>> {
        if connection.engine() != Engine::Sqlite {
            return Ok(None);
        }
        let query = "SELECT file, timeout FROM pragma_database_list, pragma_busy_timeout WHERE name = 'main'";
        let main: Main = diesel::sql_query(query)
            .get_result(connection)
            .map_err(|e| connection.explain(e, THIS_DATABASE, "looking for the database's file"))?;
        if main.file.is_empty() {
            return Ok(None);
        }
        let (path, start) = (PathBuf::from(main.file + "-migrate"), Instant::now());
        let limit = Duration::from_millis(u64::try_from(main.timeout).unwrap_or(0));
        let failed = |error: std::io::Error| SessionError::Open {
            place: path.display().to_string(),
            problem: error.to_string(),
        };
        loop {
            let mut file =
                OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
            match file.try_lock() {
                Ok(()) if is_at(&file, &path) => {
                    let named = file.set_len(0).and_then(|()| write!(file, "process {}", std::process::id()));
                    named.map_err(failed)?;
                    return Ok(Some(Self { path, _locked: file }));
                }
                // The one who had it has removed it.
                Ok(()) => {}
                Err(TryLockError::WouldBlock) if start.elapsed() < limit => std::thread::sleep(PAUSE),
                Err(TryLockError::WouldBlock) => return Err(lock::held_by_another(holder(&mut file))),
                Err(TryLockError::Error(error)) => return Err(failed(error).into()),
            }
        }
    }
}

impl Drop for LockFile {
    fn drop(&mut self) {
        // Removed while it is locked. A system that refuses this keeps an empty file.
        drop(std::fs::remove_file(&self.path));
    }
}

/// What the holder of the lock has written. Where a locked file cannot be read, nothing.
fn holder(file: &mut File) -> Option<String> {
    let mut holder = String::new();
    file.take(100).read_to_string(&mut holder).ok()?;
    Some(holder).filter(|holder| !holder.is_empty())
}

/// Whether the file is still the one of that path.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let (Ok(own), Ok(there)) = (file.metadata(), std::fs::metadata(path)) else { return false };
    (own.dev(), own.ino()) == (there.dev(), there.ino())
}

/// An open file cannot be removed.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}
