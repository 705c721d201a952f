// The tables of the examples about the history, which include this file out of sight.

use diesel::prelude::*;
use diesel_session::prelude::*;
use diesel_session::session::history::{self, Operation};

diesel::table! {
    prices (id) { id -> BigInt, item -> Text, cents -> BigInt }
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = prices)]
#[entity(history)]
pub struct Price {
    #[entity(key)]
    pub id: i64,
    pub item: String,
    pub cents: i64,
}

/// A database in memory with the tables.
#[allow(unused_imports, dead_code, reason = "each example uses what it needs")]
fn database() -> Result<Database> {
    use diesel::connection::SimpleConnection as _;

    let _ = Operation::Insert;
    let db = Database::open("sqlite::memory:")?;
    let mut connection = db.connection()?;
    connection.batch_execute("CREATE TABLE prices (id INTEGER PRIMARY KEY, item TEXT NOT NULL, cents BIGINT NOT NULL)")?;
    connection.batch_execute(history::create_table(diesel_session::connection::Engine::Sqlite))?;
    drop(connection);
    Ok(db)
}
