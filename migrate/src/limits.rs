//! How long a migration's statements may wait for locks, and run: set on the connection for a script that says so, and
//! set back after it.

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

/// A variable of an engine's, and the value that a script asks for.
#[derive(Debug)]
pub(crate) struct Limit {
    pub(crate) name: &'static str,
    pub(crate) value: String,
    /// MySQL, unlike MariaDB, does not have it: it limits no statement that changes something.
    pub(crate) of_mariadb: bool,
}

/// The limits that a script asks for. SQLite has none: it waits for its one lock before the script begins.
pub(crate) fn of(settings: &Settings, engine: Engine) -> Vec<Limit> {
    let (lock, statement) = (settings.lock_timeout, settings.statement_timeout);
    let limit = |name, value, of_mariadb| Limit { name, value, of_mariadb };
    match engine {
        Engine::Sqlite => Vec::new(),
        Engine::Postgres => {
            let times = [("lock_timeout", lock), ("statement_timeout", statement)].into_iter();
            times.filter_map(|(name, time)| Some(limit(name, format!("{}ms", time?.as_millis()), false))).collect()
        }
        Engine::Mysql => {
            let seconds = lock.map(|time| time.as_secs_f64().ceil().to_string());
            let names = ["lock_wait_timeout", "innodb_lock_wait_timeout"];
            let locks = names.into_iter().filter_map(|name| Some(limit(name, seconds.clone()?, false)));
            let statements = statement.map(|time| limit("max_statement_time", time.as_secs_f64().to_string(), true));
            locks.chain(statements).collect()
        }
    }
}

/// Sets the limits of a script; two statements for each.
pub(crate) fn set(connection: &mut AnyConnection, settings: &Settings) -> QueryResult<Replaced> {
    let mut replaced = Vec::new();
    for Limit { name, value, of_mariadb } in of(settings, connection.engine()) {
        if of_mariadb && !is_mariadb(connection)? {
            continue;
        }
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

fn is_mariadb(connection: &mut AnyConnection) -> QueryResult<bool> {
    let query = "SELECT VERSION() LIKE '%MariaDB%' AS is_mariadb";
    diesel::sql_query(query).get_result::<IsMariaDb>(connection).map(|server| server.is_mariadb)
}
