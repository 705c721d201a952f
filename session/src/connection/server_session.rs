//! `ServerSession`: a connection as its server knows it, so that another connection can cancel its statement.

use diesel::QueryResult;
#[cfg(any(feature = "postgres", feature = "mysql"))]
use diesel::RunQueryDsl as _;

use super::AnyConnection;

/// A connection to a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServerSession {
    /// Its number there.
    number: i64,
    /// What distinguishes it, or its server, from others that use the same numbers: a URL may lead to several servers.
    proof: String,
}

/// What a server is asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The statement that is under way.
    Statement,
    /// The connection, and its transaction.
    Connection,
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
#[derive(diesel::QueryableByName)]
struct Row {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    number: i64,
    #[diesel(sql_type = diesel::sql_types::Text)]
    proof: String,
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
impl From<Row> for ServerSession {
    fn from(Row { number, proof }: Row) -> Self {
        Self { number, proof }
    }
}

impl AnyConnection {
    /// This connection as its server knows it: one SELECT. `None` without a server, or if it does not tell.
    pub(crate) fn server_session(&mut self) -> Option<ServerSession> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => None,
            #[cfg(feature = "postgres")]
            Self::Postgres(connection) => postgres(connection).ok(),
            #[cfg(feature = "mysql")]
            Self::Mysql(connection) => mysql(connection).ok(),
        }
    }

    /// Asks the server to end what another connection of the same user is doing, and returns whether it will. A connection
    /// that has ended, or is another server's, is left alone.
    #[cfg_attr(not(any(feature = "postgres", feature = "mysql")), allow(unused_variables, reason = "without servers"))]
    pub(crate) fn end(&mut self, what: Ended, of: &ServerSession) -> QueryResult<bool> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => Ok(false),
            #[cfg(feature = "postgres")]
            Self::Postgres(connection) => {
                let function = match what {
                    Ended::Statement => "pg_cancel_backend",
                    Ended::Connection => "pg_terminate_backend",
                };
                let ended = diesel::sql_query(format!(
                    "SELECT pid::bigint AS number, {function}(pid)::text AS proof FROM pg_stat_activity \
                     WHERE pid = {} AND EXTRACT(EPOCH FROM backend_start)::text = '{}'",
                    of.number, of.proof
                ));
                Ok(!ended.load::<Row>(connection)?.is_empty())
            }
            #[cfg(feature = "mysql")]
            Self::Mysql(connection) => {
                use diesel::connection::SimpleConnection as _;
                let what = match what {
                    Ended::Statement => "QUERY",
                    Ended::Connection => "CONNECTION",
                };
                if mysql(connection)?.proof != of.proof {
                    return Ok(false);
                }
                connection.batch_execute(&format!("KILL {what} {}", of.number)).map(|()| true)
            }
        }
    }
}

/// A process may have the number of an earlier one, or of one of another server, but did not start at the same
/// microsecond.
#[cfg(feature = "postgres")]
fn postgres(connection: &mut diesel::PgConnection) -> QueryResult<ServerSession> {
    let own = diesel::sql_query(
        "SELECT pid::bigint AS number, EXTRACT(EPOCH FROM backend_start)::text AS proof FROM pg_stat_activity \
         WHERE pid = pg_backend_pid()",
    );
    own.get_result::<Row>(connection).map(Into::into)
}

/// A server does not give a number twice.
#[cfg(feature = "mysql")]
fn mysql(connection: &mut diesel::MysqlConnection) -> QueryResult<ServerSession> {
    let own = diesel::sql_query(
        "SELECT CAST(CONNECTION_ID() AS SIGNED) AS number, CONCAT_WS('/', @@hostname, @@port, @@datadir) AS proof",
    );
    own.get_result::<Row>(connection).map(Into::into)
}
