//! The schema of a database, read from its catalogue.

mod model;
mod mysql;
mod postgres;
mod read;
mod sqlite;
mod sqlite_text;

use diesel_session::connection::{AnyConnection, Engine, SessionConnection as _};

pub use model::{
    Action, Check, Column, Deferrable, EnumType, ForeignKey, Generated, Index, IndexPart, Key, Schema, Table, Trigger,
    View,
};

use crate::error::Result;

impl Schema {
    /// Reads the schema of the database, on PostgreSQL of the first schema in the search path that exists. The number
    /// of SELECTs is constant, at most seven, however many tables there are; it writes nothing.
    ///
    /// The two tables of the migrations are left out, and what PostgreSQL's extensions made.
    ///
    /// ```
    /// use diesel_migrate::{Migrate as _, Migrations};
    /// use diesel_migrate::schema::Schema;
    /// use diesel_session::Database;
    ///
    /// # std::env::set_current_dir(env!("CARGO_MANIFEST_DIR")).unwrap();
    /// let database = Database::open("sqlite::memory:")?;
    /// database.migrate(&Migrations::folder("my-app", "docs/example"))?;
    /// let schema = Schema::read(&mut *database.connection()?)?;
    /// let names: Vec<&str> = schema.tables.iter().map(|table| &*table.name).collect();
    /// assert_eq!(names, ["tags"]);
    /// assert_eq!(schema.tables[0].columns[0].name, "id");
    /// # Ok::<(), diesel_migrate::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The database's errors while reading.
    pub fn read(connection: &mut AnyConnection) -> Result<Self> {
        let read = match connection.engine() {
            Engine::Sqlite => sqlite::read(connection),
            Engine::Postgres => postgres::read(connection),
            Engine::Mysql => mysql::read(connection),
        };
        read.map_err(|e| connection.explain(e, "", "reading the schema").into())
    }
}
