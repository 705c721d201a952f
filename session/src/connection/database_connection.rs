//! `DatabaseConnection`: the connection types that a `Database` opens, that of every engine and each engine's own.

use std::time::Duration;

use diesel::QueryResult;
use diesel::r2d2::R2D2Connection;

use super::{AnyConnection, Engine, SessionConnection, on_variant};
use crate::error::Result;

/// A connection type that a [`Database`](crate::Database) opens: [`AnyConnection`], or that of one engine, for column
/// types and statements that only this engine has.
///
/// A connection type of your own is used with [`Session::on`](crate::Session::on).
#[diagnostic::on_unimplemented(
    message = "a `Database` cannot open a `{Self}`",
    label = "not a connection type of an engine that is compiled in",
    note = "there are `AnyConnection`, `SqliteConnection`, `PgConnection` and `MysqlConnection`, the last three with their engine's \
            feature; for a connection type of your own, use `Session::on`"
)]
pub trait DatabaseConnection: SessionConnection + R2D2Connection + sealed::Sealed {
    /// The engine whose databases it opens; `None` if that is decided by the URL.
    const ENGINE: Option<Engine>;

    /// The opened connection as this type; `None` if it is another engine's.
    fn of_any(connection: AnyConnection) -> Option<Self>;

    /// Makes the settings that are stored in the database rather than in the connection: on SQLite the write-ahead log
    /// (`PRAGMA journal_mode = WAL`), on a server none. Outside a transaction.
    ///
    /// # Errors
    ///
    /// [`Error::Locked`](crate::Error::Locked) while another connection uses the file, and the database's refusals.
    fn set_persistent(&mut self) -> Result<()>;

    /// Limits the time that the server gives to a statement on this connection from now on; zero means forever.
    /// Statement: `SET statement_timeout` on PostgreSQL, `SET max_statement_time` on MariaDB, `SET max_execution_time`
    /// on MySQL, which limits SELECTs only; SQLite has no such limit.
    ///
    /// # Errors
    ///
    /// The database's.
    fn set_statement_timeout(&mut self, _limit: Duration) -> QueryResult<()> {
        Ok(())
    }

    /// What OpenTelemetry's conventions call the database system: `sqlite`, `postgresql`, `mysql`, `mariadb`. On MySQL and
    /// MariaDB one SELECT, which tells the two apart.
    ///
    /// # Errors
    ///
    /// The database's.
    fn system_name(&mut self) -> QueryResult<&'static str>;

    /// Whether the server takes writes now, where one may stop to do so while its connections stay open: MySQL and
    /// MariaDB (`SHOW GLOBAL VARIABLES`).
    ///
    /// # Errors
    ///
    /// The database's.
    fn takes_writes(&mut self) -> QueryResult<bool> {
        Ok(true)
    }

    /// How far the server has committed, for [`has_come_to`](Self::has_come_to) on a standby; `None` where it does not
    /// tell. One SELECT on a server.
    ///
    /// # Errors
    ///
    /// The database's.
    fn written_up_to(&mut self) -> QueryResult<Option<String>> {
        Ok(None)
    }

    /// Whether the server has everything that was committed up to `position`, which it waits for until `limit` has
    /// passed.
    ///
    /// # Errors
    ///
    /// The database's.
    fn has_come_to(&mut self, _position: &str, _limit: Duration) -> QueryResult<bool> {
        Ok(true)
    }

    /// A text that identifies this database among all others, however its address is written; `None` for one in memory,
    /// and where the server does not provide it. At most one SELECT.
    fn identity(&mut self) -> Option<String>;
}

mod sealed {
    pub trait Sealed {}
}

impl sealed::Sealed for AnyConnection {}

impl DatabaseConnection for AnyConnection {
    const ENGINE: Option<Engine> = None;

    fn of_any(connection: AnyConnection) -> Option<Self> {
        Some(connection)
    }

    fn set_persistent(&mut self) -> Result<()> {
        on_variant!(self, connection => DatabaseConnection::set_persistent(connection))
    }

    fn set_statement_timeout(&mut self, limit: Duration) -> QueryResult<()> {
        on_variant!(self, connection => connection.set_statement_timeout(limit))
    }

    fn takes_writes(&mut self) -> QueryResult<bool> {
        on_variant!(self, connection => connection.takes_writes())
    }

    fn written_up_to(&mut self) -> QueryResult<Option<String>> {
        on_variant!(self, connection => connection.written_up_to())
    }

    fn has_come_to(&mut self, position: &str, limit: Duration) -> QueryResult<bool> {
        on_variant!(self, connection => connection.has_come_to(position, limit))
    }

    fn system_name(&mut self) -> QueryResult<&'static str> {
        on_variant!(self, connection => connection.system_name())
    }

    fn identity(&mut self) -> Option<String> {
        on_variant!(self, connection => connection.identity())
    }
}

#[cfg(feature = "sqlite")]
impl sealed::Sealed for diesel::SqliteConnection {}

#[cfg(feature = "sqlite")]
impl DatabaseConnection for diesel::SqliteConnection {
    const ENGINE: Option<Engine> = Some(Engine::Sqlite);

    fn of_any(connection: AnyConnection) -> Option<Self> {
        match connection {
            AnyConnection::Sqlite(own) => Some(own),
            #[allow(unreachable_patterns, reason = "with one engine there is no other")]
            _ => None,
        }
    }

    fn set_persistent(&mut self) -> Result<()> {
        super::sqlite_file::enable_wal(self)
    }

    fn system_name(&mut self) -> QueryResult<&'static str> {
        Ok("sqlite")
    }

    fn identity(&mut self) -> Option<String> {
        super::sqlite_file::identity(self)
    }
}

#[cfg(feature = "postgres")]
impl sealed::Sealed for diesel::PgConnection {}

#[cfg(feature = "postgres")]
impl DatabaseConnection for diesel::PgConnection {
    const ENGINE: Option<Engine> = Some(Engine::Postgres);

    fn of_any(connection: AnyConnection) -> Option<Self> {
        match connection {
            AnyConnection::Postgres(own) => Some(own),
            #[allow(unreachable_patterns, reason = "with one engine there is no other")]
            _ => None,
        }
    }

    fn set_persistent(&mut self) -> Result<()> {
        Ok(())
    }

    fn set_statement_timeout(&mut self, limit: Duration) -> QueryResult<()> {
        use diesel::connection::SimpleConnection as _;
        self.batch_execute(&format!("SET statement_timeout = {}", super::server::at_least_one_ms(limit)))
    }

    fn written_up_to(&mut self) -> QueryResult<Option<String>> {
        super::postgres_standby::written_up_to(self).map(Some)
    }

    fn has_come_to(&mut self, position: &str, limit: Duration) -> QueryResult<bool> {
        super::postgres_standby::has_come_to(self, position, limit)
    }

    fn system_name(&mut self) -> QueryResult<&'static str> {
        Ok("postgresql")
    }

    fn identity(&mut self) -> Option<String> {
        super::postgres::identity(self)
    }
}

#[cfg(feature = "mysql")]
impl sealed::Sealed for diesel::MysqlConnection {}

#[cfg(feature = "mysql")]
impl DatabaseConnection for diesel::MysqlConnection {
    const ENGINE: Option<Engine> = Some(Engine::Mysql);

    fn of_any(connection: AnyConnection) -> Option<Self> {
        match connection {
            AnyConnection::Mysql(own) => Some(own),
            #[allow(unreachable_patterns, reason = "with one engine there is no other")]
            _ => None,
        }
    }

    fn set_persistent(&mut self) -> Result<()> {
        Ok(())
    }

    /// MariaDB runs the first comment, and MySQL the second.
    fn set_statement_timeout(&mut self, limit: Duration) -> QueryResult<()> {
        use diesel::connection::SimpleConnection as _;
        let ms = super::server::at_least_one_ms(limit);
        self.batch_execute(&format!(
            "SET sql_mode = @@sql_mode /*M! , max_statement_time = {}.{:03} */ /*!80000 , max_execution_time = {ms} */",
            ms / 1_000,
            ms % 1_000
        ))
    }

    fn takes_writes(&mut self) -> QueryResult<bool> {
        super::mysql_hosts::why_not_writable(self).map(|reason| reason.is_none())
    }

    fn written_up_to(&mut self) -> QueryResult<Option<String>> {
        super::mysql_standby::written_up_to(self)
    }

    fn has_come_to(&mut self, position: &str, limit: Duration) -> QueryResult<bool> {
        super::mysql_standby::has_come_to(self, position, limit)
    }

    fn system_name(&mut self) -> QueryResult<&'static str> {
        use diesel::RunQueryDsl as _;
        let is_mariadb = diesel::dsl::sql::<diesel::sql_types::Bool>("VERSION() LIKE '%MariaDB%'");
        Ok(if diesel::select(is_mariadb).get_result(self)? { "mariadb" } else { "mysql" })
    }

    fn identity(&mut self) -> Option<String> {
        super::mysql::identity(self)
    }
}
