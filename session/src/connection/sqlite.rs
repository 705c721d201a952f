//! SQLite: opening with the settings that Folio relies on, beginning transactions, and interpreting error messages.

use std::path::Path;

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::dsl::sql;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::{Connection, QueryResult, RunQueryDsl as _, SqliteConnection};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use super::failure::{self, Failure};
use super::refusal::{self, Meaning};
use super::{Engine, EngineConnection, Isolation, Mode, Referrer, SequenceState, SessionConnection, Updates};
use crate::error::{Error, Result, Violation, ViolationKind};

/// What an SQLite file is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SqliteAccess {
    /// Reading and writing; the file must exist.
    Write,
    /// Reading and writing; a missing file is created.
    Create,
    /// Reading only.
    Read,
    /// Reading only, of a file that nobody writes meanwhile: it takes no lock, creates no side file and does not read
    /// the write-ahead log. If there is a writer after all, the reader sees partial transactions, without an error.
    Immutable,
}

/// The path, escaped for a URI.
pub(super) fn escaped(path: &Path) -> impl std::fmt::Display {
    percent_encode(path.as_os_str().as_encoded_bytes(), PATH)
}

/// The characters that are escaped in the path of a URI.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_').remove(b'~');

/// Opens `path` (`None`: a new database in memory) with a busy timeout in milliseconds, foreign keys on, and every
/// commit on disk before it returns (`synchronous = FULL`).
///
/// A file that is not an SQLite database is detected here, not at the first statement.
///
/// # Errors
///
/// [`Error::Open`], and the refusals of the settings.
pub fn open_sqlite(path: Option<&Path>, access: SqliteAccess, busy_timeout_ms: u32) -> Result<SqliteConnection> {
    let place = path.map_or_else(|| ":memory:".to_owned(), |path| path.display().to_string());
    let refused = |problem: String| Error::Open { place: place.clone(), problem };
    let uri = match path {
        None => ":memory:".to_owned(),
        Some(path) => {
            let mode = match access {
                SqliteAccess::Write => "mode=rw",
                SqliteAccess::Create => "mode=rwc",
                SqliteAccess::Read => "mode=ro",
                SqliteAccess::Immutable => "mode=ro&immutable=1",
            };
            format!("file:{}?{mode}", escaped(path))
        }
    };
    let mut connection = SqliteConnection::establish(&uri).map_err(|e| refused(e.to_string()))?;
    for setting in [
        &*format!("PRAGMA busy_timeout = {busy_timeout_ms}"),
        "PRAGMA synchronous = FULL",
        "PRAGMA foreign_keys = ON",
        "SELECT name FROM sqlite_schema LIMIT 1",
    ] {
        connection.batch_execute(setting).map_err(|e| match connection.explain(e, "", "opening") {
            Error::Database { source, .. } => refused(source.to_string()),
            other => other,
        })?;
    }
    Ok(connection)
}

impl SessionConnection for SqliteConnection {
    fn engine(&self) -> Engine {
        Engine::Sqlite
    }

    fn max_parameters(&self) -> usize {
        32_766
    }

    /// Every transaction is serializable: one writes at a time, and readers see a snapshot.
    fn begin(&mut self, mode: Mode, isolation: Option<Isolation>) -> QueryResult<()> {
        let sql = match mode {
            Mode::Write => "BEGIN IMMEDIATE",
            Mode::Read => "BEGIN",
        };
        match AnsiTransactionManager::begin_transaction_sql(self, sql) {
            Err(DieselError::AlreadyInTransaction) if isolation.is_none() => {
                AnsiTransactionManager::begin_transaction(self)
            }
            done => done,
        }
    }

    fn sequence_state(&mut self, table: &str, column: &str) -> QueryResult<SequenceState> {
        let given = sql::<BigInt>(&format!("COALESCE((SELECT seq FROM sqlite_sequence WHERE name = '{table}'), 0)"));
        let held = sql::<BigInt>(&format!("COALESCE((SELECT MAX(\"{column}\") FROM \"{table}\"), 0)"));
        let (given, held) = diesel::select((given, held)).get_result(self)?;
        Ok(SequenceState { given, held })
    }

    /// Inserting a row with its key advances the table's counter by itself.
    fn advance_sequence(
        &mut self,
        table: &str,
        _: &str,
        SequenceState { given, held }: SequenceState,
    ) -> QueryResult<()> {
        if given <= held {
            return Ok(());
        }
        self.batch_execute(&format!(
            "INSERT INTO sqlite_sequence (name, seq) SELECT '{table}', {given} \
             WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = '{table}'); \
             UPDATE sqlite_sequence SET seq = {given} WHERE name = '{table}' AND seq < {given}"
        ))
    }

    fn plan(&mut self, select: &str, _values: &str) -> QueryResult<Option<String>> {
        super::plan::sqlite(self, select).map(Some)
    }

    fn explain(&self, error: DieselError, table: &str, doing: &str) -> Error {
        refusal::explain(error, table, doing, |kind, information, table| {
            interpret(kind, information.message(), table, failure::sqlite)
        })
    }

    fn explain_commit(&self, error: DieselError) -> Error {
        refusal::explain(error, "at COMMIT", "committing", |kind, information, table| {
            interpret(kind, information.message(), table, failure::sqlite_commit)
        })
    }
}

impl EngineConnection for SqliteConnection {
    const RETURNING: bool = true;
    const UPDATES: Updates = Updates::FromValues;
    const ALL_DEFAULTS: &'static str = "DEFAULT VALUES";

    /// The rowid, if the column is an alias of it: the only column of the primary key, of type INTEGER.
    fn last_counted(&mut self, table: &str, column: &str) -> QueryResult<Option<String>> {
        let name = bare(table);
        let alias = sql::<BigInt>("(SELECT COUNT(*) FROM pragma_table_list(")
            .bind::<Text, _>(&name)
            .sql(
                ") t, pragma_table_info(t.name, t.schema) c WHERE t.wr = 0 AND t.type = 'table' AND c.pk = 1 \
                 AND c.type = 'INTEGER' COLLATE NOCASE AND c.name = ",
            )
            .bind::<Text, _>(column)
            .sql(" COLLATE NOCASE AND NOT EXISTS (SELECT 1 FROM pragma_table_info(t.name, t.schema) WHERE pk > 1))");
        let aliases: i64 = diesel::select(alias).get_result(self)?;
        Ok((aliases > 0).then(|| "last_insert_rowid()".to_owned()))
    }

    /// Rows that a trigger inserts in place of those of a view are not counted.
    fn counts_inserted(&mut self, table: &str) -> QueryResult<bool> {
        let views = sql::<BigInt>("(SELECT COUNT(*) FROM pragma_table_list(")
            .bind::<Text, _>(bare(table))
            .sql(") WHERE type = 'view')");
        diesel::select(views).get_result(self).map(|views: i64| views == 0)
    }

    fn unnamed_referrers(&mut self, table: &str) -> QueryResult<Vec<Referrer>> {
        #[derive(diesel::QueryableByName)]
        struct Row {
            #[diesel(sql_type = Text)]
            child: String,
            #[diesel(sql_type = Text)]
            column: String,
            #[diesel(sql_type = Nullable<Text>)]
            parent_column: Option<String>,
        }
        let rows: Vec<Row> = diesel::sql_query(
            "SELECT t.name AS child, k.\"from\" AS \"column\", k.\"to\" AS parent_column \
             FROM sqlite_schema t, pragma_foreign_key_list(t.name) k \
             WHERE t.type = 'table' AND k.\"table\" = ? COLLATE NOCASE AND k.on_delete IN ('NO ACTION', 'RESTRICT') \
             GROUP BY t.name, k.id HAVING count(*) = 1 ORDER BY t.name, k.\"from\"",
        )
        .bind::<Text, _>(table)
        .load(self)?;
        let referrer = |Row { child, column, parent_column }| Referrer { table: child, column, to: parent_column };
        Ok(rows.into_iter().map(referrer).collect())
    }
}

/// A table's name without its schema and quotes, from that as written in SQL.
fn bare(table: &str) -> String {
    table.rsplit_once("`.`").map_or(table, |(_, name)| name).trim_matches('`').replace("``", "`")
}

/// Interprets SQLite's messages; `failed` recognizes those that are nobody's mistake.
fn interpret(kind: DatabaseErrorKind, message: &str, table: &str, failed: fn(&str) -> Option<Failure>) -> Meaning {
    let named = message.split_once(": ").map_or("", |(_, named)| named);
    Meaning::Refused(match kind {
        DatabaseErrorKind::UniqueViolation => {
            let (table, columns) = columns_named(named, table);
            Violation::new(ViolationKind::Unique { given_up_later: false }, table).on(columns, Vec::new()).into()
        }
        DatabaseErrorKind::NotNullViolation => {
            let (table, columns) = columns_named(named, table);
            Violation::new(ViolationKind::NotNull, table).on(columns, Vec::new()).into()
        }
        DatabaseErrorKind::ForeignKeyViolation => Violation::new(ViolationKind::ForeignKey, table).into(),
        DatabaseErrorKind::CheckViolation => Violation::new(ViolationKind::Check, table).of_constraint(named).into(),
        _ if message.contains("readonly database") => refusal::read_only(message),
        _ => return failed(message).map_or(Meaning::Unknown, Meaning::from),
    })
}

/// Splits SQLite's `table.column, table.column` into the table and its columns.
fn columns_named(named: &str, table: &str) -> (String, Vec<String>) {
    let mut from = table;
    let columns = named
        .split(", ")
        .map(|column| match column.split_once('.') {
            Some((table, column)) => {
                from = table;
                column.to_owned()
            }
            None => column.to_owned(),
        })
        .collect();
    (from.to_owned(), columns)
}
