//! Reading an SQLite file with a write-ahead log where its side files are not there and cannot be made: a consistent copy in
//! memory.
//!
//! No lock that a reader may take keeps a writer of such a file out, so the copy is proven instead: the file is read twice,
//! and between the two readings no log lies beside it, so that all that was ever committed is in the file. Where both
//! readings are the same, they are the file of that moment.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use diesel::SqliteConnection;
use diesel::connection::SimpleConnection as _;

use super::SessionConnection as _;
use super::sqlite::{SqliteAccess, open_sqlite};
use crate::error::Result;

/// The largest file that is copied, in bytes; for a moment it is in memory three times.
const LARGEST: u64 = 256 << 20;

/// Where the header of an SQLite file says how it is written and read.
const VERSIONS: std::ops::Range<usize> = 18..20;
const WITH_LOG: [u8; 2] = [2, 2];
const WITHOUT_LOG: [u8; 2] = [1, 1];

/// A connection to a copy of the file, which can only be read; none where one of a single moment is not to be had.
pub(super) fn open(path: &Path) -> Result<Option<SqliteConnection>> {
    // Side files lie beside the file itself, not beside a link to it.
    let Ok(path) = fs::canonicalize(path) else { return Ok(None) };
    if !is_at_rest(&path) {
        return Ok(None);
    }
    let Some(mut copy) = read(&path).filter(|_| is_at_rest(&path)).filter(|copy| read(&path).as_ref() == Some(copy))
    else {
        return Ok(None);
    };
    // In any other mode a reader shares its locks with writers and needs no copy: it was refused for another reason.
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

/// Whether all that was committed is in the file itself, and it is not too large.
fn is_at_rest(path: &Path) -> bool {
    let Ok(file) = fs::metadata(path) else { return false };
    // A writer who knows the file by another name keeps its log beside that.
    #[cfg(unix)]
    if std::os::unix::fs::MetadataExt::nlink(&file) > 1 {
        return false;
    }
    file.len() <= LARGEST && has_no_log(path)
}

/// Whether no log lies beside the file: neither commits that are not in it yet, nor what would undo half a transaction.
pub(super) fn has_no_log(path: &Path) -> bool {
    ["-wal", "-journal"].iter().all(|side| is_empty(path, side))
}

fn is_empty(path: &Path, side: &str) -> bool {
    let mut name = path.as_os_str().to_owned();
    name.push(side);
    match fs::metadata(PathBuf::from(name)) {
        Ok(found) => found.len() == 0,
        Err(error) => error.kind() == ErrorKind::NotFound,
    }
}

/// The bytes of the file, by a connection of its own; none where they are those of no database, as they may be while
/// somebody writes.
fn read(path: &Path) -> Option<Vec<u8>> {
    let mut connection = open_sqlite(Some(path), SqliteAccess::Immutable, 0).ok()?;
    let bytes = connection.serialize_database_to_buffer();
    bytes.try_as_slice().ok().map(<[u8]>::to_vec)
}
