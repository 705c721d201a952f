//! Any SELECT, with the columns and the types that the database gives its result.

mod value;

#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

use diesel::connection::LoadConnection;
use diesel::row::{Field as _, Row as _};

pub use value::Value;

use crate::connection::AnyConnection;
use crate::error::{Error, Result};
use crate::session::Session;

/// Loads the rows of a statement on an engine's own connection, and reads their values by the engine's function.
macro_rules! rows {
    ($mode:ty, $connection:expr, $sql:expr, $value:path, $each:expr) => {{
        let mut run = || -> Result<(), E> {
            let mut names: Vec<String> = Vec::new();
            let query = diesel::sql_query($sql);
            for row in LoadConnection::<$mode>::load(&mut *$connection, query).map_err(Error::from)? {
                let row = row.map_err(Error::from)?;
                let mut values = Vec::with_capacity(row.field_count());
                for place in 0..row.field_count() {
                    let Some(field) = row.get(place) else { continue };
                    if names.len() == place {
                        names.push(field.field_name().unwrap_or_default().to_owned());
                    }
                    let value = field.value().map_or(diesel::deserialize::Result::Ok(Value::Null), $value);
                    let refused = |problem: Box<dyn std::error::Error + Send + Sync>| {
                        Error::value("result", format!("column {:?}: {problem}", names[place]))
                    };
                    values.push(value.map_err(refused)?);
                }
                $each(&names, values)?;
            }
            Ok(())
        };
        run()
    }};
}

/// Runs one statement that reads, and passes each row to `each`: the names of its columns, and its values.
///
/// The names are those of the first row, so nothing is known about a result without rows. Run it in
/// [`Database::read`](crate::Database::read): the engine itself then refuses every statement that writes, since the
/// transaction is read-only; on SQLite, `PRAGMA query_only` does so for the time of the statement.
///
/// Values are those that the engine reports: a number, a text, a boolean, bytes. Times, decimal numbers, UUIDs and JSON
/// are texts.
///
/// ```
/// use folio::services::query::{self, Value};
/// # use folio::{Database, Result, migrations::Migrate as _};
/// # let db = Database::open("sqlite::memory:")?;
/// # db.migrate()?;
/// let mut seen = Vec::new();
/// db.read(|session| {
///     query::select(session, "SELECT 1 AS one, 'x' AS two, NULL AS three", |names, values| -> Result<()> {
///         seen.push((names.join(" "), values));
///         Ok(())
///     })
/// })?;
/// assert_eq!(seen, [("one two three".to_owned(), vec![Value::Integer(1), Value::Text("x".to_owned()), Value::Null])]);
///
/// let refused = db.read(|session| query::select(session, "DELETE FROM users", |_, _| -> Result<()> { Ok(()) }));
/// assert!(refused.is_err());
/// # Ok::<(), folio::Error>(())
/// ```
///
/// # Errors
///
/// Those of the database, any error of `each`, and [`Value`](diesel_session::Error::Value) for a column of a type that
/// cannot be read without knowing it, such as a range or an array: cast it to text in the statement.
pub fn select<E: From<Error>>(
    session: &mut Session<'_>,
    sql: &str,
    mut each: impl FnMut(&[String], Vec<Value>) -> Result<(), E>,
) -> Result<(), E> {
    match session.connection().map_err(Error::from)? {
        #[cfg(feature = "sqlite")]
        AnyConnection::Sqlite(connection) => {
            use diesel::connection::SimpleConnection as _;

            // A read-only transaction is one of the connection, and that of a database in memory is for writing too.
            connection.batch_execute("PRAGMA query_only = ON").map_err(Error::from)?;
            let read = rows!(diesel::connection::DefaultLoadingMode, connection, sql, sqlite::value, each);
            let ended = connection.batch_execute("PRAGMA query_only = OFF").map_err(Error::from);
            // An error of the statement itself says more.
            read.and(ended.map_err(Into::into))
        }
        #[cfg(feature = "postgres")]
        AnyConnection::Postgres(connection) => {
            rows!(diesel::pg::PgRowByRowLoadingMode, connection, sql, postgres::value, each)
        }
        #[cfg(feature = "mysql")]
        AnyConnection::Mysql(connection) => {
            rows!(diesel::connection::DefaultLoadingMode, connection, sql, mysql::value, each)
        }
        _ => Err(Error::value("statement", "this engine's values cannot be read without knowing their types").into()),
    }
}
