//! The files beside the database: its backup, and the rows that are left out.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use diesel::QueryableByName;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use serde::Serialize;
use serde_json::value::RawValue;

use super::UnfitRow;
use crate::connection::AnyConnection;
use crate::error::{Error, Result};

/// The files that were written; removed again on drop unless they are to be kept.
#[derive(Default)]
pub(super) struct Files(Vec<PathBuf>);

impl Files {
    /// Keeps them.
    pub(super) fn keep(&mut self) {
        self.0.clear();
    }

    /// Writes a file beside `database`, readable by the same users, and syncs it. One that exists stays as it is; if it
    /// has the same content, an interrupted adoption left it, and it serves.
    pub(super) fn write(&mut self, database: &Path, suffix: &str, content: &[u8]) -> Result<PathBuf> {
        let mut name = database.as_os_str().to_owned();
        name.push(suffix);
        let path = PathBuf::from(name);
        let failed = |error| Error::io(path.display(), error);
        match File::create_new(&path) {
            Ok(mut file) => {
                self.0.push(path.clone());
                let permissions = fs::metadata(database).map_err(failed)?.permissions();
                file.set_permissions(permissions).and_then(|()| file.write_all(content)).map_err(failed)?;
                file.sync_all().and_then(|()| sync_folder(&path)).map_err(failed)?;
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if fs::read(&path).map_err(failed)? != content {
                    let problem = "it already exists, with different content; move it away".to_owned();
                    return Err(Error::Input { place: path.display().to_string(), problem });
                }
            }
            Err(error) => return Err(failed(error)),
        }
        Ok(path)
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        for path in &self.0 {
            // What remains is named by the next adoption.
            let _ = fs::remove_file(path);
        }
    }
}

/// Makes the file's name as durable as its content.
fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        #[cfg(unix)]
        Some(folder) => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

/// The bytes of the database as the connection's transaction sees it: those of the file.
///
/// The file itself is not opened, because closing it would drop the locks that SQLite holds on it (POSIX).
pub(super) fn image(connection: &mut AnyConnection, place: &str) -> Result<Vec<u8>> {
    match connection {
        #[cfg(feature = "sqlite")]
        AnyConnection::Sqlite(connection) => Ok(connection.serialize_database_to_buffer().try_as_slice()?.to_vec()),
        _ => Err(no_file(place)),
    }
}

/// The database's file, with links followed.
pub(super) fn of(connection: &mut AnyConnection, place: &str) -> Result<PathBuf> {
    #[derive(QueryableByName)]
    struct Main {
        #[diesel(sql_type = Nullable<Text>)]
        file: Option<String>,
    }
    let main: Main =
        diesel::sql_query("SELECT file FROM pragma_database_list WHERE name = 'main'").get_result(connection)?;
    main.file.filter(|file| !file.is_empty()).map(PathBuf::from).ok_or_else(|| no_file(place))
}

fn no_file(place: &str) -> Error {
    Error::NotAdoptable { place: place.to_owned(), problem: "it is not an SQLite file".to_owned() }
}

impl UnfitRow {
    /// `row` is what [`as_json`](super::values::as_json) made.
    pub(super) fn new(table: &'static str, id: i64, problem: String, row: &[u8]) -> Self {
        Self { table, id, problem, values: String::from_utf8_lossy(row).into_owned() }
    }
}

/// The rows, one JSON object a line.
pub(super) fn lines(rows: &[UnfitRow]) -> io::Result<Vec<u8>> {
    #[derive(Serialize)]
    struct Line<'r> {
        table: &'r str,
        id: i64,
        problem: &'r str,
        values: Values<'r>,
    }

    /// A text if it is not JSON after all.
    #[derive(Serialize)]
    #[serde(untagged)]
    enum Values<'r> {
        Json(&'r RawValue),
        Text(&'r str),
    }

    let mut lines = Vec::new();
    for UnfitRow { table, id, problem, values } in rows {
        let values = serde_json::from_str(values).map_or(Values::Text(values), Values::Json);
        serde_json::to_writer(&mut lines, &Line { table, id: *id, problem, values })?;
        lines.push(b'\n');
    }
    Ok(lines)
}
