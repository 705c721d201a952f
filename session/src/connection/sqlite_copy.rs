//! Reading an SQLite file with a write-ahead log where its side files do not exist and cannot be created: a consistent
//! copy in memory.
//!
//! No lock available to a reader keeps writers out of such a file, so the copy is verified instead: the file is read
//! twice, and between the two reads there is no log beside it, so everything ever committed is in the file. If both
//! reads are equal, they are the file as it was at that moment.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use diesel::SqliteConnection;
use diesel::connection::SimpleConnection as _;

use super::SessionConnection as _;
use super::sqlite::{SqliteAccess, open_sqlite};
use crate::error::Result;

/// The largest file that is copied, in bytes; briefly it is in memory three times.
const LARGEST: u64 = 256 << 20;

/// The position of the write and read versions in the header of an SQLite file.
const VERSIONS: std::ops::Range<usize> = 18..20;
const WITH_LOG: [u8; 2] = [2, 2];
const WITHOUT_LOG: [u8; 2] = [1, 1];

/// A read-only connection to a copy of the file; none if a consistent copy cannot be made.
pub(super) fn open(path: &Path) -> Result<Option<SqliteConnection>> {
    // Side files are beside the file itself, not beside a link to it.
    let Ok(path) = fs::canonicalize(path) else { return Ok(None) };
    if !is_at_rest(&path) {
        return Ok(None);
    }
    let Some(mut copy) = read(&path).filter(|_| is_at_rest(&path)).filter(|copy| read(&path).as_ref() == Some(copy))
    else {
        return Ok(None);
    };
    // In any other mode a reader shares locks with writers and needs no copy: opening failed for another reason.
    match copy.get_mut(VERSIONS) {
        Some(versions) if versions == WITH_LOG => versions.copy_from_slice(&WITHOUT_LOG),
        _ => return Ok(None),
    }
    let mut connection = open_sqlite(None, SqliteAccess::Create, 0)?;
    connection
        .deserialize_readonly_database_from_buffer(&copy)
        .and_then(|()| connection.batch_execute("SELECT name FROM sqlite_schema LIMIT 1"))
        .map_err(|error| connection.explain(error, "", "reading a copy of the database"))?;
    Ok(Some(connection))
}

/// Whether everything committed is in the file itself, and the file is not too large.
fn is_at_rest(path: &Path) -> bool {
    let Ok(file) = fs::metadata(path) else { return false };
    // A writer that opened the file under another name keeps its log beside that name.
    #[cfg(unix)]
    if std::os::unix::fs::MetadataExt::nlink(&file) > 1 {
        return false;
    }
    file.len() <= LARGEST && has_no_log(path)
}

/// Whether there is no log beside the file: neither commits that are not in it yet, nor a journal that would roll back
/// half a transaction.
pub(super) fn has_no_log(path: &Path) -> bool {
    ["-wal", "-journal"].iter().all(|side| is_empty(path, side))
}

/// Whether there is a journal beside the file, which rolls back half a transaction.
pub(super) fn has_journal(path: &Path) -> bool {
    fs::canonicalize(path).is_ok_and(|path| !is_empty(&path, "-journal"))
}

fn is_empty(path: &Path, side: &str) -> bool {
    let mut name = path.as_os_str().to_owned();
    name.push(side);
    match fs::metadata(PathBuf::from(name)) {
        Ok(found) => found.len() == 0,
        Err(error) => error.kind() == ErrorKind::NotFound,
    }
}

/// The bytes of the file, read through a separate connection; none if they are not a valid database, as may happen
/// while somebody writes.
fn read(path: &Path) -> Option<Vec<u8>> {
    let mut connection = open_sqlite(Some(path), SqliteAccess::Immutable, 0).ok()?;
    let bytes = connection.serialize_database_to_buffer();
    bytes.try_as_slice().ok().map(<[u8]>::to_vec)
}
