//! What makes one schema another: the differences, each with the statements that mend it.

mod alter;
mod columns;
mod compare;
mod comparison;
pub(crate) mod ddl;
mod difference;
mod parts;
mod rebuild;
mod same;
mod tables;

pub use difference::{Change, Difference, Object, Property};

use diesel_session::connection::Engine;

use crate::schema::Schema;

impl Schema {
    /// How `found` differs from this schema, in the order in which the statements of the differences are to be executed
    /// on the database of `found`.
    ///
    /// Neither the order of columns is a difference nor the names of constraints and indexes; nor are layout and
    /// comments in what SQLite keeps as the scripts wrote it.
    ///
    /// ```
    /// use diesel::connection::SimpleConnection as _;
    /// use diesel_migrate::schema::Schema;
    /// use diesel_session::Database;
    /// use diesel_session::connection::Engine;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let schema = |script: &str| -> Result<Schema, Box<dyn std::error::Error>> {
    ///     let database = Database::open("sqlite::memory:")?;
    ///     let mut connection = database.connection()?;
    ///     connection.batch_execute(script)?;
    ///     Ok(Schema::read(&mut connection)?)
    /// };
    /// let expected = schema("CREATE TABLE tags (id INT); CREATE INDEX tags_by_id ON tags (id)")?;
    /// let found = schema("CREATE TABLE tags (id INT)")?;
    /// let differences = expected.differences(&found, Engine::Sqlite);
    /// assert_eq!(differences[0].to_string(), "table tags: the index tags_by_id on (id) is missing");
    /// assert_eq!(differences[0].sql, ["CREATE INDEX tags_by_id ON tags (id)"]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn differences(&self, found: &Self, engine: Engine) -> Vec<Difference> {
        compare::compare(self, found, engine)
    }
}
