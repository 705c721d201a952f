//! A database as a whole: what it is, whether it is sound, copies of its file, its free space, and its end.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use crate::connection::{AnyConnection, Engine, SessionConnection as _};
use crate::database::Database;
use crate::error::{Error, Result};
use crate::services::tables::ENTITIES;

/// What a database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Info {
    /// The engine.
    pub engine: Engine,
    /// Its version: of the server, or of the SQLite that is compiled in.
    pub version: String,
    /// The size of its tables and indexes in bytes, as the engine tells it; of a SQLite file, the size of the file.
    pub bytes: u64,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

fn lines(connection: &mut AnyConnection, sql: &str) -> Result<Vec<String>> {
    let lines: Vec<Line> = diesel::sql_query(sql).load(connection)?;
    Ok(lines.into_iter().map(|line| line.line).collect())
}

/// What the database is. Two SELECTs.
///
/// # Errors
///
/// Any error of the connection or the reads.
pub fn info(database: &Database) -> Result<Info> {
    #[derive(QueryableByName)]
    struct Bytes {
        #[diesel(sql_type = Nullable<BigInt>)]
        bytes: Option<i64>,
    }

    let mut connection = database.connection()?;
    let engine = connection.engine();
    let (version, bytes) = match engine {
        Engine::Postgres => {
            ("SELECT current_setting('server_version') AS line", "SELECT pg_database_size(current_database()) AS bytes")
        }
        Engine::Mysql => (
            "SELECT version() AS line",
            "SELECT CAST(sum(data_length + index_length) AS SIGNED) AS bytes FROM information_schema.tables \
             WHERE table_schema = DATABASE()",
        ),
        _ => (
            "SELECT sqlite_version() AS line",
            "SELECT page_count * page_size AS bytes FROM pragma_page_count(), pragma_page_size()",
        ),
    };
    let version = lines(&mut connection, version)?.pop().unwrap_or_default();
    let bytes: Bytes = diesel::sql_query(bytes).get_result(&mut *connection)?;
    Ok(Info { engine, version, bytes: bytes.bytes.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0) })
}

/// The number of rows that are named for each foreign key.
const MOST_LOST: u32 = 100;

/// What is wrong with the database; nothing if it is sound. On every engine, rows that refer to a row that is not there,
/// at most 100 for each foreign key, by one SELECT; on SQLite, also what `PRAGMA integrity_check` finds in the file: pages, indexes, the
/// full-text index and constraints. The servers check their own files, by their own programs.
///
/// # Errors
///
/// Any error of the connection or the reads.
pub fn problems(database: &Database) -> Result<Vec<String>> {
    let mut connection = database.connection()?;
    let mut problems = Vec::new();
    if connection.engine() == Engine::Sqlite {
        problems = lines(&mut connection, "SELECT integrity_check AS line FROM pragma_integrity_check")?;
        problems.retain(|line| line != "ok");
    }
    for entity in ENTITIES {
        let table = entity();
        let own: Vec<String> =
            table.key.iter().map(|column| format!("child.{}", table.columns[*column].name)).collect();
        let own = own.join(", ");
        for (column, reference) in table.columns.iter().filter_map(|column| Some((column.name, column.references?))) {
            let (name, parent, key) = (table.name, (reference.table)().name, reference.column);
            let lost = format!(
                "SELECT concat_ws(' ', {own}) AS line FROM {name} child LEFT JOIN {parent} parent \
                 ON parent.{key} = child.{column} WHERE child.{column} IS NOT NULL AND parent.{key} IS NULL \
                 ORDER BY {own} LIMIT {MOST_LOST}"
            );
            for id in lines(&mut connection, &lost)? {
                problems.push(format!("{name} {id}: its {column} refers to a row of {parent} that is not there"));
            }
        }
    }
    Ok(problems)
}

/// Copies the file of a SQLite database to `to`, in one consistent state, while others go on reading and writing:
/// `VACUUM INTO`. The copy has no free pages, and needs no file beside it. It is complete when it appears under its name.
///
/// # Errors
///
/// [`Error::Value`](diesel_session::Error::Value) on another engine, whose own program makes its backups; [`Error::Input`]
/// when there is a file already; [`Error::Io`] and errors of the database, such as a full disk, after which nothing is
/// left at `to`.
pub fn backup(database: &Database, to: &Path) -> Result<u64> {
    let mut connection = database.connection()?;
    let program = match connection.engine() {
        Engine::Sqlite => None,
        Engine::Postgres => Some("pg_dump"),
        Engine::Mysql => Some("mysqldump or mariadb-dump"),
    };
    if let Some(program) = program {
        let problem =
            format!("a server's database is backed up by {program}; 'folio db copy' copies its records into a file");
        return Err(Error::value("database", problem));
    }
    let place = to.display().to_string();
    let in_file = |error| Error::io(&place, error);
    let taken = |path: &Path, advice: &str| match path.symlink_metadata() {
        Ok(_) => {
            Err(Error::Input { place: path.display().to_string(), problem: format!("it is there already; {advice}") })
        }
        Err(_) => Ok(()),
    };
    taken(to, "choose another name")?;
    let mut part = to.as_os_str().to_owned();
    part.push(".part");
    let part = Path::new(&part);
    taken(part, "another backup is under way, or one was interrupted: then remove it")?;
    let Some(path) = part.to_str() else { return Err(Error::value("file", "its path is not UTF-8 text")) };
    let copied = connection.batch_execute(&format!("VACUUM INTO '{}'", path.replace('\'', "''"))).map_err(Error::from);
    let named = copied.and_then(|()| {
        File::open(part).and_then(|file| file.sync_all()).map_err(in_file)?;
        // Unlike a rename, a link does not replace what another program has put there meanwhile; not every file system has
        // links.
        match fs::hard_link(part, to) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => fs::rename(part, to).map_err(in_file),
            linked => linked.map_err(in_file),
        }
    });
    match fs::remove_file(part) {
        Err(error) if error.kind() != ErrorKind::NotFound => named.and(Err(in_file(error)))?,
        _ => named?,
    }
    Ok(to.metadata().map_err(in_file)?.len())
}

/// Gives back the space of removed rows: `VACUUM` on SQLite and PostgreSQL, `OPTIMIZE TABLE` on MySQL and MariaDB. The
/// servers also count their rows again, which they plan queries by. It may take long, and while it runs, others may have to
/// wait for the tables; a SQLite file needs as much room again meanwhile.
///
/// # Errors
///
/// [`Locked`](diesel_session::Error::Locked) where others use a SQLite file; any error of the connection.
pub fn vacuum(database: &Database) -> Result<()> {
    let mut connection = database.maintenance()?;
    let tables = || ENTITIES.iter().map(|entity| entity().name);
    let statements: Vec<String> = match connection.engine() {
        // The file itself becomes shorter when the write-ahead log is copied into it.
        Engine::Sqlite => ["VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"].map(str::to_owned).into(),
        Engine::Postgres => tables().map(|table| format!("VACUUM (ANALYZE) {table}")).collect(),
        Engine::Mysql => tables().map(|table| format!("OPTIMIZE TABLE {table}")).collect(),
    };
    for statement in statements {
        connection.batch_execute(&statement)?;
    }
    Ok(())
}

/// The name of a database on a server, or of a SQLite file; none of one in memory.
///
/// # Errors
///
/// Any error of the connection or the read.
pub fn name(database: &Database) -> Result<Option<String>> {
    let mut connection = database.connection()?;
    let name = match connection.engine() {
        Engine::Sqlite => {
            let file = Path::new(database.place()).file_name();
            return Ok(file.filter(|_| database.place() != ":memory:").map(|file| file.display().to_string()));
        }
        Engine::Postgres => "SELECT current_database()::TEXT AS line",
        Engine::Mysql => "SELECT DATABASE() AS line",
    };
    Ok(lines(&mut connection, name)?.pop())
}

/// Drops a database and everything in it, tables of other programs included: the database on a server, or the SQLite
/// file with those beside it. One in memory is gone when it is closed.
///
/// # Errors
///
/// [`Error::Io`]; any error of the connection, such as that others are connected to a PostgreSQL database.
pub fn drop_database(database: Database) -> Result<()> {
    let Some(name) = name(&database)? else { return Ok(()) };
    let engine = database.connection()?.engine();
    match engine {
        Engine::Sqlite => {
            let place = database.place().to_owned();
            // Closed first: the last connection copies the write-ahead log into the file, and removes it.
            drop(database);
            for suffix in ["", "-wal", "-shm", "-journal"] {
                let file = format!("{place}{suffix}");
                match fs::remove_file(&file) {
                    Err(error) if suffix.is_empty() || error.kind() != ErrorKind::NotFound => {
                        return Err(Error::io(&file, error));
                    }
                    _ => {}
                }
            }
        }
        Engine::Postgres => {
            // No one is connected to a database that is dropped, not even the one who drops it.
            let maintenance = database.sibling("postgres")?;
            drop(database);
            let quoted = name.replace('"', "\"\"");
            maintenance.connection()?.batch_execute(&format!("DROP DATABASE \"{quoted}\""))?;
        }
        Engine::Mysql => {
            let quoted = name.replace('`', "``");
            database.connection()?.batch_execute(&format!("DROP DATABASE `{quoted}`"))?;
        }
    }
    Ok(())
}
