//! How long a migration's statements may wait for locks, and run: set on the connection for a script that says so, and
//! set back after it.

use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use diesel_session::connection::{AnyConnection, Engine, SessionConnection as _};

use crate::settings::Settings;

/// The limits that a script replaced, to be set back.
#[derive(Debug)]
#[must_use = "the limits are set back by `restore`"]
pub(crate) struct Replaced(Vec<(&'static str, String)>);

#[derive(QueryableByName)]
struct Value {
    #[diesel(sql_type = Text)]
    value: String,
}

#[derive(QueryableByName)]
struct IsMariaDb {
    #[diesel(sql_type = Bool)]
    is_mariadb: bool,
}

/// Sets the limits of a script; two statements for each.
///
/// SQLite has neither: it waits for its one lock before the script begins. MySQL, unlike MariaDB, limits no statement
/// that changes something.
pub(crate) fn set(connection: &mut AnyConnection, settings: &Settings) -> QueryResult<Replaced> {
    let mut replaced = Vec::new();
    for (name, value) in limits(connection, settings)? {
        let read = match connection.engine() {
            Engine::Mysql => format!("SELECT CAST(@@SESSION.{name} AS CHAR) AS value"),
            _ => format!("SELECT current_setting('{name}') AS value"),
        };
        let before = diesel::sql_query(read).get_result::<Value>(connection)?.value;
        replace(connection, name, &value)?;
        replaced.push((name, before));
    }
    Ok(Replaced(replaced))
}

impl Replaced {
    /// Sets the limits back to what they were.
    pub(crate) fn restore(self, connection: &mut AnyConnection) -> QueryResult<()> {
        self.0.into_iter().try_for_each(|(name, value)| replace(connection, name, &value))
    }
}

fn replace(connection: &mut AnyConnection, name: &str, value: &str) -> QueryResult<()> {
    match connection.engine() {
        Engine::Mysql => connection.batch_execute(&format!("SET SESSION {name} = {value}")),
        _ => connection.batch_execute(&format!("SET {name} = '{value}'")),
    }
}

/// The engine's variables and the values that they get.
fn limits(connection: &mut AnyConnection, settings: &Settings) -> QueryResult<Vec<(&'static str, String)>> {
    let (lock, statement) = (settings.lock_timeout, settings.statement_timeout);
    let milliseconds = |time: Duration| time.as_millis().to_string();
    Ok(match connection.engine() {
        Engine::Sqlite => Vec::new(),
        Engine::Postgres => {
            let lock = lock.map(|time| ("lock_timeout", milliseconds(time)));
            lock.into_iter().chain(statement.map(|time| ("statement_timeout", milliseconds(time)))).collect()
        }
        Engine::Mysql => {
            let seconds = lock.map(|time| time.as_secs_f64().ceil().to_string());
            let names = ["lock_wait_timeout", "innodb_lock_wait_timeout"];
            let mut limits: Vec<_> =
                seconds.iter().flat_map(|seconds| names.map(|name| (name, seconds.clone()))).collect();
            if let Some(time) = statement
                && is_mariadb(connection)?
            {
                limits.push(("max_statement_time", time.as_secs_f64().to_string()));
            }
            limits
        }
    })
}

fn is_mariadb(connection: &mut AnyConnection) -> QueryResult<bool> {
    let query = "SELECT VERSION() LIKE '%MariaDB%' AS is_mariadb";
    diesel::sql_query(query).get_result::<IsMariaDb>(connection).map(|server| server.is_mariadb)
}
