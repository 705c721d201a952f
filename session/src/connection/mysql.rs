//! MySQL and MariaDB: opening with the settings that Folio relies on, beginning transactions, and interpreting error
//! messages.

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::dsl::sql;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel::sql_types::{BigInt, Bool, Text};
use diesel::{Connection as _, MysqlConnection, QueryResult, RunQueryDsl as _};
use percent_encoding::percent_decode_str;

use super::mysql_hosts::Refused;
use super::mysql_relay::{demands_tls, establish};
use super::refusal::{self, Meaning};
use super::server::{Server, Waits};
use super::{
    Access, Engine, EngineConnection, Isolation, KeySource, Mode, ReadFrom, ReadLimit, SequenceState,
    SessionConnection, Updates, failure, mysql_cluster, mysql_hosts, mysql_keys, packet, tls_gate, unanswered,
};
use crate::error::{Error, Result, Violation, ViolationKind};

/// Opens the database of `server`, and returns whether that created it. Of several hosts it is one that takes writes. The
/// connection uses utf8mb4 and UTC (both set by Diesel), refuses values that do not fit instead of altering them
/// (`sql_mode`), waits `waits.lock` for a lock and `waits.read` for an answer.
///
/// # Errors
///
/// [`Error::NoDatabase`] where the server has none of that name and `access` is not [`Access::Create`]; otherwise
/// [`Error::Open`], also where the server does not answer within `waits.connect`. It lists every host.
pub fn open_mysql(server: &Server, access: Access, waits: Waits) -> Result<(MysqlConnection, bool)> {
    open(server, access, waits).map(|(connection, created, _)| (connection, created))
}

/// Like [`open_mysql`], and returns the read limit, which can be changed while the connection is open.
pub(super) fn open(server: &Server, access: Access, waits: Waits) -> Result<(MysqlConnection, bool, ReadLimit)> {
    let waits = server.waits(waits);
    let (url, name) = without_database(server.url());
    mysql_hosts::first(server, &url, |url| {
        let (mut connection, limit) = establish(url.to_owned(), waits).map_err(Refused::Host)?;
        let created = set_up(&mut connection, server, &name, access, waits)?;
        limit.set(waits.read);
        connection.set_instrumentation(packet::Watch);
        Ok((connection, created, limit))
    })
}

/// Sets up a new connection and selects the database; returns whether that created it.
fn set_up(
    connection: &mut MysqlConnection,
    server: &Server,
    name: &str,
    access: Access,
    waits: Waits,
) -> Result<bool, Refused> {
    let failed = |error: DieselError| Refused::Host(error.to_string());
    if demands_tls(server.url()) && !has_tls(connection).map_err(failed)? {
        return Err(Refused::Host(tls_gate::NOT_OFFERED.to_owned()));
    }
    let seconds = waits.lock_ms().div_ceil(1_000);
    connection
        .batch_execute(&format!(
            "SET NAMES utf8mb4 COLLATE utf8mb4_bin; \
             SET sql_mode = 'STRICT_ALL_TABLES,ONLY_FULL_GROUP_BY,NO_ZERO_DATE,NO_ZERO_IN_DATE,\
             ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO'; \
             SET innodb_lock_wait_timeout = {seconds}; SET lock_wait_timeout = {seconds}"
        ))
        .and_then(|()| packet::learn_limit(connection, &server.to_string()))
        .and_then(|()| settle_role(connection, server))
        .map_err(|error| Refused::Host(format!("setting the connection up: {}", unanswered::explain_lost(error))))?
        .map_or(Ok(()), |reason| Err(Refused::Host(reason.to_owned())))?;
    let name = percent_decode_str(name).decode_utf8_lossy().into_owned();
    if name.is_empty() {
        return Err(Refused::Host("the URL names no database; write mysql://USER@HOST/DATABASE".to_owned()));
    }
    let quoted = format!("`{}`", name.replace('`', "``"));
    let enter = |connection: &mut MysqlConnection| connection.batch_execute(&format!("USE {quoted}"));
    match enter(connection) {
        Ok(()) => Ok(false),
        Err(error) if !error.to_string().contains("Unknown database") => Err(failed(error)),
        Err(_) if access != Access::Create => Err(Refused::Final(Error::NoDatabase { place: server.to_string() })),
        Err(_) => {
            connection
                .batch_execute(&format!("CREATE DATABASE IF NOT EXISTS {quoted} CHARACTER SET utf8mb4"))
                .and_then(|()| enter(connection))
                .map_err(|error| Refused::Host(format!("it does not exist and cannot be created: {error}")))?;
            Ok(true)
        }
    }
}

/// Whether the URL names more than one host.
pub(super) fn has_several_hosts(server: &Server) -> bool {
    mysql_hosts::are_several(server.url())
}

/// With several hosts, has the connection fit what it is opened for; returns why this host does not.
fn settle_role(connection: &mut MysqlConnection, server: &Server) -> QueryResult<Option<&'static str>> {
    if !has_several_hosts(server) {
        return Ok(None);
    }
    match server.role() {
        ReadFrom::Primary => mysql_hosts::why_not_writable(connection),
        ReadFrom::Standby => {
            if mysql_hosts::is_galera(connection)? {
                // A transaction begins when this node has applied all that was committed on any before.
                connection.batch_execute("SET SESSION wsrep_sync_wait = 1")?;
            }
            Ok(None)
        }
    }
}

/// A text that identifies the database among all others. Machines may share a name, but their tables were not created
/// at the same time.
pub(super) fn identity(connection: &mut MysqlConnection) -> Option<String> {
    let named = "CONCAT_WS('/', 'mysql', @@hostname, @@port, @@datadir, DATABASE(), (SELECT MIN(CREATE_TIME) \
                 FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()))";
    diesel::select(sql::<Text>(named)).get_result(connection).ok()
}

/// The URL without its database, which is selected once the connection is established: Diesel would not decode its
/// escapes, and cannot create it.
fn without_database(url: &str) -> (String, String) {
    let start = url.find("://").map_or(0, |colon| colon + 3);
    let end = url[start..].find('?').map_or(url.len(), |length| start + length);
    match url[start..end].split_once('/') {
        Some((login, name)) => (format!("{}{login}/{}", &url[..start], &url[end..]), name.to_owned()),
        None => (url.to_owned(), String::new()),
    }
}

/// MariaDB's client library accepts a connection without TLS, even if TLS was requested. The gate lets none through;
/// this also checks with the server.
fn has_tls(connection: &mut MysqlConnection) -> QueryResult<bool> {
    #[derive(diesel::QueryableByName)]
    struct Status {
        #[diesel(sql_type = diesel::sql_types::Text, column_name = "Value")]
        cipher: String,
    }
    let status = diesel::sql_query("SHOW SESSION STATUS LIKE 'Ssl_cipher'").load::<Status>(connection)?;
    Ok(status.iter().any(|status| !status.cipher.is_empty()))
}

/// Whether a transaction is open, without a savepoint in it.
fn is_outermost(connection: &mut MysqlConnection) -> bool {
    let depth = AnsiTransactionManager::transaction_manager_status_mut(connection).transaction_depth();
    depth.is_ok_and(|depth| depth.is_some_and(|depth| depth.get() == 1))
}

impl SessionConnection for MysqlConnection {
    fn engine(&self) -> Engine {
        Engine::Mysql
    }

    fn max_parameters(&self) -> usize {
        65_535
    }

    /// An ENUM sorts by the indexes of its labels, but compares with another text by the label.
    fn sorts_by_index(&mut self, table: &str, column: &str) -> QueryResult<bool> {
        let is_enum = sql::<Bool>(
            "EXISTS (SELECT 1 FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ",
        )
        .bind::<Text, _>(table)
        .sql(" AND COLUMN_NAME = ")
        .bind::<Text, _>(column)
        .sql(" AND DATA_TYPE IN ('enum', 'set'))");
        diesel::select(is_enum).get_result(self)
    }

    fn max_bytes(&self) -> usize {
        packet::max_value_bytes()
    }

    fn begin(&mut self, mode: Mode, isolation: Option<Isolation>) -> QueryResult<()> {
        let (begin, level) = match mode {
            Mode::Write if mysql_cluster::is_cluster() => (mysql_cluster::BEGIN, isolation),
            Mode::Write => ("BEGIN", isolation),
            // The server's default may be a level without a snapshot.
            Mode::Read => (
                "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
                Some(isolation.unwrap_or(Isolation::RepeatableRead).max(Isolation::RepeatableRead)),
            ),
        };
        // This sets the level of the next transaction only.
        let level = level.map(|level| format!("SET TRANSACTION ISOLATION LEVEL {}; ", level.sql()));
        let sql = level.unwrap_or_default() + begin;
        match AnsiTransactionManager::begin_transaction_sql(self, &sql) {
            Err(DieselError::AlreadyInTransaction) if isolation.is_none() => {
                AnsiTransactionManager::begin_transaction(self)
            }
            done => done,
        }
    }

    fn commit(&mut self) -> QueryResult<()> {
        if mysql_cluster::is_cluster() && is_outermost(self) {
            return mysql_cluster::commit(self);
        }
        AnsiTransactionManager::commit_transaction(self)
    }

    fn rollback(&mut self) -> QueryResult<()> {
        if mysql_cluster::is_cluster() && is_outermost(self) {
            return mysql_cluster::roll_back(self);
        }
        AnsiTransactionManager::rollback_transaction(self)
    }

    /// MySQL 8 would answer from a cache that is up to a day old; MariaDB ignores the content of such a comment.
    fn sequence_state(&mut self, table: &str, column: &str) -> QueryResult<SequenceState> {
        self.batch_execute("SET sql_mode = @@sql_mode /*!80000 , information_schema_stats_expiry = 0 */")?;
        let given = sql::<BigInt>(&format!(
            "COALESCE((SELECT CAST(AUTO_INCREMENT - 1 AS SIGNED) FROM information_schema.TABLES \
             WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = '{table}'), 0)"
        ));
        let held = sql::<BigInt>(&format!("COALESCE((SELECT MAX(`{column}`) FROM `{table}`), 0)"));
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
        match given.checked_add(1) {
            Some(next) if given > held => self.batch_execute(&format!("ALTER TABLE `{table}` AUTO_INCREMENT = {next}")),
            _ => Ok(()),
        }
    }

    fn plan(&mut self, select: &str, values: &str) -> QueryResult<Option<String>> {
        super::plan::mysql(self, select, values).map(Some)
    }

    fn explain(&self, error: DieselError, table: &str, doing: &str) -> Error {
        let error = packet::blame_length(error);
        refusal::explain(error, table, doing, |kind, information, table| interpret(kind, information.message(), table))
    }
}

impl EngineConnection for MysqlConnection {
    const RETURNING: bool = false;
    const UPDATES: Updates = Updates::FromJoin;
    const ALL_DEFAULTS: &'static str = "() VALUES ()";

    fn unique_columns(&mut self, table: &str, named: &str) -> QueryResult<Option<Vec<String>>> {
        #[derive(diesel::QueryableByName)]
        struct Row {
            #[diesel(sql_type = Text)]
            index: String,
            #[diesel(sql_type = Text)]
            column: String,
        }
        let rows: Vec<Row> = diesel::sql_query(
            "SELECT INDEX_NAME AS `index`, COLUMN_NAME AS `column` FROM information_schema.STATISTICS \
             WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? AND NON_UNIQUE = 0 AND COLUMN_NAME IS NOT NULL \
             ORDER BY INDEX_NAME, SEQ_IN_INDEX",
        )
        .bind::<Text, _>(table)
        .load(self)?;
        let columns = rows.into_iter().filter(|row| columns_of(&row.index, table) == named).map(|row| row.column);
        Ok(Some(columns.collect()).filter(|columns: &Vec<String>| !columns.is_empty()))
    }

    fn key_source(&mut self, table: &str, column: &str) -> QueryResult<KeySource> {
        mysql_keys::key_source(self, table, column)
    }

    fn undoes_silently(&self) -> bool {
        mysql_cluster::is_cluster()
    }

    fn forget_last_key(&mut self) -> QueryResult<()> {
        self.batch_execute("DO LAST_INSERT_ID(0)")
    }
}

/// Interprets the server's messages, which are all that Diesel passes on.
fn interpret(kind: DatabaseErrorKind, message: &str, table: &str) -> Meaning {
    let violation = |kind| Violation::new(kind, table);
    let named = |quote| quoted(message, quote).unwrap_or(message);
    Meaning::Refused(match kind {
        DatabaseErrorKind::UniqueViolation => {
            let (values, key) = message
                .strip_prefix("Duplicate entry '")
                .and_then(|rest| rest.rsplit_once("' for key '"))
                .unwrap_or(("", message));
            let values = Some(values).filter(|values| !values.is_empty()).map(str::to_owned);
            let key = key.trim_end_matches('\'');
            let columns = columns_of(key, table);
            violation(ViolationKind::Unique { given_up_later: false })
                .on(vec![columns], values.into_iter().collect())
                .of_constraint(key.rsplit_once('.').map_or(key, |(_, key)| key))
                .into()
        }
        DatabaseErrorKind::NotNullViolation => {
            violation(ViolationKind::NotNull).on(vec![named('\'').to_owned()], Vec::new()).into()
        }
        DatabaseErrorKind::ForeignKeyViolation => foreign_key(message, table).into(),
        // MariaDB: 4025, for which Diesel has no kind.
        DatabaseErrorKind::Unknown if message.starts_with("CONSTRAINT `") && message.contains("` failed for ") => {
            violation(ViolationKind::Check).of_constraint(named('`')).into()
        }
        DatabaseErrorKind::CheckViolation => violation(ViolationKind::Check).of_constraint(named('\'')).into(),
        DatabaseErrorKind::ReadOnlyTransaction => refusal::read_only(message),
        DatabaseErrorKind::Unknown if message.contains("--read-only") || message.contains("--super-read-only") => {
            refusal::read_only(message)
        }
        _ if failure::is_denied_by_mysql(message) => return Meaning::Denied,
        _ => return failure::mysql(kind, message).map_or(Meaning::Unknown, Meaning::from),
    })
}

/// The first text in quotes.
fn quoted(message: &str, quote: char) -> Option<&str> {
    message.split(quote).nth(1)
}

/// The columns of a unique constraint, derived from its name, which is all that the server reports: by convention
/// `table_columns_key`, or `PRIMARY`.
fn columns_of(key: &str, table: &str) -> String {
    let key = key.rsplit_once('.').map_or(key, |(_, key)| key);
    if key == "PRIMARY" {
        return "key".to_owned();
    }
    let columns = key.strip_prefix(table).and_then(|rest| rest.strip_prefix('_')).unwrap_or(key);
    columns.strip_suffix("_key").unwrap_or(columns).to_owned()
}

/// `… (`db`.`child`, CONSTRAINT `name` FOREIGN KEY (`a`) REFERENCES `parent` (`b`) …)`, in parts.
fn foreign_key(message: &str, table: &str) -> Violation {
    let names: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    match names[..] {
        [_, child, _, column, ..] if message.starts_with("Cannot delete or update a parent row") => {
            let (child, column) = (child.to_owned(), Some(column.to_owned()));
            Violation::new(ViolationKind::StillReferenced { child, column, rows: None }, table)
        }
        [_, _, _, column, parent, ..] => {
            let missing = Violation::new(ViolationKind::MissingParent { parent: parent.to_owned() }, table);
            missing.on(vec![column.to_owned()], Vec::new())
        }
        _ => Violation::new(ViolationKind::ForeignKey, table),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(kind: DatabaseErrorKind, message: &str, table: &str) -> String {
        match interpret(kind, message, table) {
            Meaning::Refused(error) => error.to_string(),
            _ => "not refused".to_owned(),
        }
    }

    #[test]
    fn messages_name_the_violated_constraint() {
        use DatabaseErrorKind as Kind;
        for (kind, message, table, words) in [
            (
                Kind::UniqueViolation,
                "Duplicate entry '7' for key 'users_user_id_key'",
                "users",
                "users: a row with this user_id already exists (7)",
            ),
            (
                Kind::UniqueViolation,
                "Duplicate entry '7' for key 'users.users_user_id_key'",
                "users",
                "users: a row with this user_id already exists (7)",
            ),
            (Kind::NotNullViolation, "Column 'username' cannot be null", "users", "users.username must not be NULL"),
            (
                Kind::Unknown,
                "CONSTRAINT `users_username_length` failed for `app`.`users`",
                "users",
                "users: violates check constraint 'users_username_length'",
            ),
            (
                Kind::ForeignKeyViolation,
                "Cannot add or update a child row: a foreign key constraint fails (`app`.`repositories`, CONSTRAINT \
                 `repositories_user_id_fkey` FOREIGN KEY (`user_id`) REFERENCES `users` (`user_id`) ON UPDATE CASCADE)",
                "repositories",
                "repositories: user_id: there is no such row in users",
            ),
            (
                Kind::ForeignKeyViolation,
                "Cannot delete or update a parent row: a foreign key constraint fails (`app`.`resumes`, CONSTRAINT \
                 `resumes_user_id_fkey` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`))",
                "users",
                "users: rows of resumes still refer to it by user_id",
            ),
            (
                Kind::Unknown,
                "The MariaDB server is running with the --read-only option so it cannot execute this statement",
                "users",
                "the database behind this connection is read-only: The MariaDB server is running with the --read-only \
                 option so it cannot execute this statement",
            ),
        ] {
            assert_eq!(said(kind, message, table), words);
        }
    }

    #[test]
    fn the_database_is_taken_out_of_a_url_whatever_follows_it() {
        for (url, rest, name) in [
            ("mysql://u:p@h:1/my%20db", "mysql://u:p@h:1/", "my%20db"),
            ("mysql://h/db?unix_socket=/run/s.sock", "mysql://h/?unix_socket=/run/s.sock", "db"),
            ("mysql://h", "mysql://h", ""),
        ] {
            assert_eq!(without_database(url), (rest.to_owned(), name.to_owned()));
        }
    }
}
