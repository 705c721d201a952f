//! PostgreSQL: opening with the settings that Folio relies on, beginning transactions, and interpreting errors.

use std::path::Path;
use std::time::{Duration, Instant};

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::dsl::sql;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error as DieselError};
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::{Array, BigInt, Bool, HasSqlType, Integer, Text};
use diesel::{Connection, OptionalExtension as _, PgConnection, QueryResult, RunQueryDsl as _};

use super::postgres_details::Key;
use super::postgres_relays::{self, Relays};
use super::refusal::{self, Meaning};
use super::server::{Server, Waits};
use super::{
    Access, ArrayOf, CopiedColumn, CopiedInto, Engine, EngineConnection, Isolation, Mode, ReadFrom, ReadLimit,
    SequenceState, SessionConnection, Updates, Values, advice, failure, postgres_copy,
};
use crate::error::{Error, Result, Violation, ViolationKind};

/// Opens the database of `server`, and returns whether that created it. libpq reads the URL, with one host or several,
/// and gives each host `waits.connect` to answer; of several hosts it takes one that takes writes, unless the URL says
/// otherwise (`target_session_attrs`). A connection on which nothing arrives any more counts as lost after
/// about twice that. The session's time zone is UTC (set by Diesel); a statement waits `waits.lock` for a lock and
/// `waits.read` for an answer.
///
/// # Errors
///
/// [`Error::NoDatabase`] where the server has none of that name and `access` is not [`Access::Create`]; otherwise
/// [`Error::Open`].
pub fn open_postgres(server: &Server, access: Access, waits: Waits) -> Result<(PgConnection, bool)> {
    open(server, access, waits).map(|(connection, created, _)| (connection, created))
}

/// Like [`open_postgres`], and returns the read limit, which can be changed while the connection is open.
pub(super) fn open(server: &Server, access: Access, waits: Waits) -> Result<(PgConnection, bool, ReadLimit)> {
    let waits = server.waits(waits);
    let ((mut connection, limit), created) = match establish(server, access, &[], waits) {
        Ok(established) => (established, false),
        Err(problem) => match missing(&problem) {
            Some(name) if access == Access::Create => {
                let created = create(server, name, waits)?;
                (establish_created(server, access, waits).map_err(|problem| refused(server, problem))?, created)
            }
            Some(_) => return Err(Error::NoDatabase { place: server.to_string() }),
            None => return Err(refused(server, problem)),
        },
    };
    let settings = format!("SET lock_timeout = {}", waits.lock_ms());
    connection.batch_execute(&settings).map_err(|error| connection.explain(error, "", "setting the connection up"))?;
    limit.set(waits.read);
    Ok((connection, created, limit))
}

/// The name of this program, by which an administrator finds its connections.
fn program() -> String {
    let file = std::env::current_exe().ok();
    file.as_deref().and_then(Path::file_stem).map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// Connects, with default parameters where neither the URL nor the environment sets them, through relays unless none is
/// needed. The returned limit is that of connecting; the caller sets the one for statements.
fn establish(
    server: &Server,
    access: Access,
    more: &[(&str, &str)],
    waits: Waits,
) -> Result<(PgConnection, ReadLimit), String> {
    let seconds = whole_seconds(waits.connect);
    let timeout = std::env::var("PGCONNECT_TIMEOUT").unwrap_or_else(|_| seconds.to_string());
    let defaults = [
        ("connect_timeout", timeout),
        ("fallback_application_name", program()),
        // For a host that vanished: the system itself would wait for a quarter of an hour, or for hours.
        ("keepalives_idle", seconds.to_string()),
        ("keepalives_interval", (seconds / 5).max(1).to_string()),
        ("keepalives_count", "5".to_owned()),
        ("tcp_user_timeout", (seconds * 1_000).to_string()),
        ("target_session_attrs", writer(server, access).to_owned()),
    ];
    let mut more = more.to_vec();
    if server.role() == ReadFrom::Standby {
        more.push(("target_session_attrs", "prefer-standby"));
    }
    let url = with_parameters(server.url(), &defaults, &more);
    let connect = |url: &str| PgConnection::establish(url).map_err(|error| error.to_string().trim_end().to_owned());
    let wait = connect_timeout(&url);
    let limit = ReadLimit::new(wait);
    if waits.read.is_zero() {
        return connect(&url).map(|connection| (connection, limit));
    }
    let relays = Relays::open(&url, wait, &limit).map_err(|error| format!("no relay to the server: {error}"))?;
    let parameters = relays.parameters();
    let parameters: Vec<(&str, &str)> = parameters.iter().map(|(name, value)| (*name, &**value)).collect();
    let connected = connect(&with_parameters(&url, &[], &parameters)).map_err(|said| relays.with_host_names(&said));
    connected.map(|connection| (connection, limit))
}

/// Which of several hosts libpq takes by default: not a standby, even to read, and to write not one whose transactions
/// are read-only by default.
fn writer(server: &Server, access: Access) -> &'static str {
    match access {
        _ if std::env::var_os("PGTARGETSESSIONATTRS").is_some() || !has_several_hosts(server) => "",
        Access::Read => "primary",
        Access::Write | Access::Create => "read-write",
    }
}

/// Whether the URL, or the environment, names more than one host.
pub(super) fn has_several_hosts(server: &Server) -> bool {
    postgres_relays::count_hosts(server.url()) > 1
}

/// How long libpq waits for a host; a value that means forever becomes a day.
fn connect_timeout(url: &str) -> Duration {
    let named = url.rsplit("connect_timeout=").next().unwrap_or_default();
    let digits = named.split('&').next().and_then(|seconds| seconds.parse().ok());
    // libpq itself raises one second to two.
    Duration::from_secs(digits.filter(|seconds| *seconds > 0).unwrap_or(86_400).max(2))
}

/// The URL with `defaults` for the parameters that it lacks (an empty default is skipped), and with `more`, which
/// overrides everything else.
fn with_parameters(url: &str, defaults: &[(&str, String)], more: &[(&str, &str)]) -> String {
    let missing = defaults.iter().filter(|(name, value)| !(value.is_empty() || url.contains(&format!("{name}="))));
    let mut completed = url.to_owned();
    for (name, value) in missing.map(|(name, value)| (*name, &**value)).chain(more.iter().copied()) {
        completed.push(if completed.contains('?') { '&' } else { '?' });
        completed.extend([name, "=", value]);
    }
    completed
}

/// libpq counts in whole seconds and takes 0 for no limit.
fn whole_seconds(time: Duration) -> u64 {
    time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0)).clamp(1, 86_400)
}

/// The name of the database that, as the server reports, does not exist.
fn missing(problem: &str) -> Option<&str> {
    let (_, rest) = problem.split_once("database \"")?;
    rest.split_once("\" does not exist").map(|(name, _)| name)
}

/// Creates the database through the one that every server has; returns false if someone else created it at the same
/// time.
fn create(server: &Server, name: &str, waits: Waits) -> Result<bool> {
    let (mut maintenance, _) = establish(server, Access::Create, &[("dbname", "postgres")], waits)
        .map_err(|problem| refused(server, problem))?;
    let name = name.replace('"', "\"\"");
    match maintenance.batch_execute(&format!("CREATE DATABASE \"{name}\" ENCODING 'UTF8' TEMPLATE template0")) {
        Ok(()) => Ok(true),
        Err(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => Ok(false),
        Err(error) if error.to_string().ends_with("already exists") => Ok(false),
        Err(error) => Err(refused(server, format!("it does not exist and cannot be created: {error}"))),
    }
}

/// Connects to a database that was just created: a standby that libpq tries first may not have it yet, and libpq then
/// tries no other host.
fn establish_created(server: &Server, access: Access, waits: Waits) -> Result<(PgConnection, ReadLimit), String> {
    let began = Instant::now();
    loop {
        match establish(server, access, &[], waits) {
            Err(problem) if missing(&problem).is_some() && began.elapsed() < waits.connect => {
                std::thread::sleep(Duration::from_millis(10));
            }
            done => return done,
        }
    }
}

/// A text that identifies the database and its schema among all others; a clone of a server started at another time.
pub(super) fn identity(connection: &mut PgConnection) -> Option<String> {
    let named = "CONCAT_WS('/', 'postgres', EXTRACT(EPOCH FROM pg_postmaster_start_time()), current_database(), \
                 current_schema())";
    diesel::select(sql::<Text>(named)).get_result(connection).ok()
}

/// SQL for the name of the sequence that a table's keys come from.
fn sequence(table: &str, column: &str) -> String {
    format!("pg_get_serial_sequence('\"{table}\"', '{column}')")
}

fn refused(server: &Server, problem: impl AsRef<str>) -> Error {
    Error::Open { place: server.to_string(), problem: advice::postgres(problem.as_ref()) }
}

impl SessionConnection for PgConnection {
    fn engine(&self) -> Engine {
        Engine::Postgres
    }

    fn max_parameters(&self) -> usize {
        65_535
    }

    /// The server refuses a message of a gigabyte.
    fn max_bytes(&self) -> usize {
        1 << 29
    }

    fn begin(&mut self, mode: Mode, isolation: Option<Isolation>) -> QueryResult<()> {
        let sql = match (mode, isolation) {
            (Mode::Write, None) => "BEGIN".to_owned(),
            (Mode::Write, Some(level)) => format!("BEGIN ISOLATION LEVEL {}", level.sql()),
            (Mode::Read, level) => {
                let level = level.unwrap_or(Isolation::RepeatableRead).max(Isolation::RepeatableRead);
                format!("BEGIN ISOLATION LEVEL {} READ ONLY", level.sql())
            }
        };
        match AnsiTransactionManager::begin_transaction_sql(self, &sql) {
            Err(DieselError::AlreadyInTransaction) if isolation.is_none() => {
                AnsiTransactionManager::begin_transaction(self)
            }
            done => done,
        }
    }

    fn sequence_state(&mut self, table: &str, column: &str) -> QueryResult<SequenceState> {
        let given = sql::<BigInt>(&format!(
            "COALESCE((SELECT last_value FROM pg_sequences WHERE format('%I.%I', schemaname, sequencename) = {}), 0)",
            sequence(table, column)
        ));
        let held = sql::<BigInt>(&format!("COALESCE((SELECT MAX(\"{column}\") FROM \"{table}\"), 0)"));
        let (given, held) = diesel::select((given, held)).get_result(self)?;
        Ok(SequenceState { given, held })
    }

    /// Inserting a row with its key does not advance the sequence.
    fn advance_sequence(&mut self, table: &str, column: &str, used: SequenceState) -> QueryResult<()> {
        let last = used.given.max(used.held);
        if last < 1 {
            return Ok(());
        }
        self.batch_execute(&format!("SELECT setval({}, {last})", sequence(table, column)))
    }

    fn plan(&mut self, select: &str, values: &str) -> QueryResult<Option<String>> {
        super::plan::postgres(self, select, values).map(Some)
    }

    fn explain(&self, error: DieselError, table: &str, doing: &str) -> Error {
        refusal::explain(error, table, doing, interpret)
    }
}

impl EngineConnection for PgConnection {
    const RETURNING: bool = true;

    const RETURNS_AFTER_TRIGGERS: bool = true;
    const UPDATES: Updates = Updates::FromArrays;
    const ALL_DEFAULTS: &'static str = "DEFAULT VALUES";
    /// A row that a conflict led to is locked, and `xmax` is the transaction that did so.
    const INSERTED: Option<&'static str> = Some("xmax = 0");

    /// An array of arrays is multidimensional, which `unnest` flattens, and `unnest` expands a record into columns.
    fn fits_array<ST>(&mut self) -> bool
    where
        Pg: HasSqlType<ST>,
    {
        const RECORD: u32 = 2249;
        let metadata = Pg::metadata(self);
        metadata.oid().is_ok_and(|oid| oid != RECORD) && metadata.array_oid().is_ok_and(|oid| oid != 0)
    }

    fn counts_keys(&mut self, table: &str, column: &str) -> QueryResult<bool> {
        /// The bits of `tgtype` for a trigger that may change each row before it is inserted: ROW, BEFORE, INSERT.
        const REPLACES: i32 = 0b111;
        if self.last_counted(table, column)?.is_none() {
            return Ok(false);
        }
        let replaced = sql::<Bool>("EXISTS (SELECT 1 FROM pg_trigger WHERE NOT tgisinternal AND tgtype & ")
            .bind::<Integer, _>(REPLACES)
            .sql(" = ")
            .bind::<Integer, _>(REPLACES)
            .sql(" AND tgrelid = to_regclass(")
            .bind::<Text, _>(table)
            .sql("))");
        diesel::select(replaced).get_result(self).map(|replaced: bool| !replaced)
    }

    /// A rule may insert the rows of a view elsewhere, and those are not counted.
    fn counts_inserted(&mut self, table: &str) -> QueryResult<bool> {
        let is_view = sql::<Bool>("EXISTS (SELECT 1 FROM pg_class WHERE relkind = 'v' AND oid = to_regclass(")
            .bind::<Text, _>(table)
            .sql("))");
        diesel::select(is_view).get_result(self).map(|is_view: bool| !is_view)
    }

    /// The sequence of an identity column, or the one that the column's default calls `nextval` on.
    fn last_counted(&mut self, table: &str, column: &str) -> QueryResult<Option<String>> {
        #[derive(diesel::QueryableByName)]
        struct Sequence {
            #[diesel(sql_type = Text)]
            sequence: String,
        }
        let sequence: Option<Sequence> = diesel::sql_query(
            "SELECT c.oid::text AS sequence FROM pg_attribute a \
             LEFT JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum \
             JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.classid = 'pg_class'::regclass \
                 AND d.deptype = 'i' AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum \
                 OR d.refclassid = 'pg_class'::regclass AND d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid \
             JOIN pg_class c ON c.relkind = 'S' AND c.oid IN (d.objid, d.refobjid) \
             WHERE a.attrelid = to_regclass($1) AND a.attname = $2 LIMIT 1",
        )
        .bind::<Text, _>(table)
        .bind::<Text, _>(column)
        .get_result(self)
        .optional()?;
        Ok(sequence.map(|Sequence { sequence }| format!("currval({sequence}::oid::regclass)")))
    }

    fn push_array<'b, ST: 'static, V>(values: &'b ArrayOf<V>, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()>
    where
        Pg: HasSqlType<ST>,
        V: Values<Pg>,
    {
        out.push_bind_param::<Array<ST>, _>(values)
    }

    fn copied_columns(&mut self, table: &str) -> QueryResult<Vec<CopiedColumn>> {
        postgres_copy::columns(self, table)
    }

    fn fits_column<ST>(&mut self, column: &CopiedColumn) -> bool
    where
        Pg: HasSqlType<ST>,
    {
        Pg::metadata(self).oid().is_ok_and(|oid| postgres_copy::is_written_alike(oid, column.type_id))
    }

    fn copy<T: CopiedInto<Pg>>(&mut self, width: usize, values: &dyn QueryFragment<Pg>) -> QueryResult<usize> {
        postgres_copy::copy::<T>(self, width, values)
    }
}

impl<ST, V> ToSql<Array<ST>, Pg> for ArrayOf<V>
where
    Pg: HasSqlType<ST>,
    V: Values<Pg>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let elements: Vec<_> = (0..self.0.len()).map(|index| Element { values: &self.0, index }).collect();
        ToSql::<Array<ST>, Pg>::to_sql(elements.as_slice(), &mut out.reborrow())
    }
}

/// One of the values: Diesel builds the array, and each element serializes itself.
#[derive(Debug)]
struct Element<'v, V> {
    values: &'v V,
    index: usize,
}

impl<ST, V: Values<Pg>> ToSql<ST, Pg> for Element<'_, V> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        self.values.write(self.index, out)
    }
}

/// Interprets PostgreSQL's error fields. The details are localized, and only English ones are parsed: otherwise the
/// constraint's name has to do.
fn interpret(kind: DatabaseErrorKind, information: &dyn DatabaseErrorInformation, table: &str) -> Meaning {
    let message = information.message();
    let own = information.table_name().unwrap_or(table).to_owned();
    let constraint = information.constraint_name().unwrap_or(message);
    let key = information.details().and_then(Key::in_details);
    let violation = |kind, table: &str| Violation::new(kind, table).of_constraint(constraint);
    let violation = match kind {
        DatabaseErrorKind::UniqueViolation => match key {
            Some(key) => {
                violation(ViolationKind::Unique { given_up_later: false }, &own).on(key.columns(), key.values())
            }
            None => violation(ViolationKind::Unique { given_up_later: false }, &own),
        },
        DatabaseErrorKind::NotNullViolation => {
            let column = information.column_name().unwrap_or(constraint).to_owned();
            Violation::new(ViolationKind::NotNull, own).on(vec![column], Vec::new())
        }
        DatabaseErrorKind::ForeignKeyViolation | DatabaseErrorKind::RestrictViolation => {
            let other = key.as_ref().map(|key| key.other.to_owned());
            let kind = match (&key, other) {
                (Some(Key { missing: true, .. }), Some(parent)) => ViolationKind::MissingParent { parent },
                (Some(_), Some(child)) => ViolationKind::StillReferenced { child, column: None, rows: None },
                _ => ViolationKind::ForeignKey,
            };
            let (columns, values) = key.map(|key| (key.columns(), key.values())).unwrap_or_default();
            violation(kind, table).on(columns, values)
        }
        DatabaseErrorKind::CheckViolation | DatabaseErrorKind::ExclusionViolation => {
            violation(ViolationKind::Check, &own)
        }
        DatabaseErrorKind::ReadOnlyTransaction => return Meaning::Refused(refusal::read_only(message)),
        _ if failure::is_denied_by_postgres(message) => return Meaning::Denied,
        _ => return failure::postgres(kind, message).map_or(Meaning::Unknown, Meaning::from),
    };
    Meaning::Refused(violation.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_database_is_read_from_libpqs_message() {
        let said =
            "connection to server at \"127.0.0.1\", port 5432 failed: FATAL:  database \"my records\" does not exist";
        assert_eq!(missing(said), Some("my records"));
        assert_eq!(missing("connection refused"), None);
    }

    #[test]
    fn parameters_in_the_url_override_our_defaults() {
        let defaults =
            [("connect_timeout", "10".to_owned()), ("keepalives_idle", "10".to_owned()), ("x", String::new())];
        for (url, completed) in [
            ("postgres://a,b/db", "postgres://a,b/db?connect_timeout=10&keepalives_idle=10&dbname=other"),
            (
                "postgres://a/db?keepalives_idle=60",
                "postgres://a/db?keepalives_idle=60&connect_timeout=10&dbname=other",
            ),
        ] {
            assert_eq!(with_parameters(url, &defaults, &[("dbname", "other")]), completed);
        }
    }

    #[test]
    fn every_wait_is_limited() {
        assert_eq!(whole_seconds(Duration::ZERO), 1);
        assert_eq!(whole_seconds(Duration::from_millis(1_001)), 2);
        assert_eq!(whole_seconds(Duration::MAX), 86_400);
    }
}
