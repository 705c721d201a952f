//! Rust code for the tables of a database: Diesel's `table!`, and the structs of `diesel-session`.

mod constraints;
mod defaults;
mod edits;
mod file;
mod named;
mod names;
mod plan;
mod references;
mod sets;
pub(crate) mod types;
mod update;
mod write;

use std::fmt;

use diesel_session::connection::Engine;

use crate::schema::Schema;
use file::File;

/// The comment above a struct that is kept in step with its table, whose name follows.
const MARK: &str = "// entities: ";

/// Generated code.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entities {
    /// The text of the file.
    pub code: String,
    /// What the code cannot express, and what a person has to change in it.
    pub notes: Vec<Note>,
}

/// A remark about a table.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Note {
    /// The table's name in the database.
    pub table: String,
    /// The remark, a sentence.
    pub remark: String,
}

/// A remark about a table.
fn note(table: &str, remark: &str) -> Note {
    Note { table: table.to_owned(), remark: remark.to_owned() }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.table, self.remark)
    }
}

/// A file that is to be updated is not Rust.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {problem}")]
#[non_exhaustive]
pub struct NotRust {
    /// The line, counted from 1.
    pub line: usize,
    /// The column, counted from 1.
    pub column: usize,
    /// What the parser expected.
    pub problem: String,
}

/// Generates code for the tables of a schema that was read from a database of this engine.
///
/// Each table has a `table!` and a struct with `#[derive(HasQuery, Entity)]`; the derive makes the `New…` struct.
/// Beside them are `database_enum!` for native enums, `joinable!` for each foreign key that is the only one between two
/// tables, and `allow_tables_to_appear_in_same_query!`. The types are the plain ones: `String`, `i64`, `Timestamp`,
/// `Id` for a key of 64 bits that the database generates. An integer of SQLite's is an `i64`, as wide as what it
/// stores. A default that is a literal or the current time becomes `default`, any other one `server_default`;
/// `updated_at` is set at each UPDATE, and a 64-bit `version` with the default 1 is counted.
///
/// A table without a primary key and a column of an unknown type are left out, with a comment in the code and a note.
/// Views are left out.
///
/// ```
/// use diesel_migrate::{Migrate as _, Migrations, entities};
/// use diesel_migrate::schema::Schema;
/// use diesel_session::Database;
/// use diesel_session::connection::Engine;
///
/// # std::env::set_current_dir(env!("CARGO_MANIFEST_DIR")).unwrap();
/// let database = Database::open("sqlite::memory:")?;
/// database.migrate(&Migrations::folder("my-app", "docs/example"))?;
/// let schema = Schema::read(&mut *database.connection()?)?;
/// let generated = entities::generate(&schema, Engine::Sqlite);
/// assert!(generated.code.contains("    #[entity(key, given)]\n    pub id: i64,\n"));
/// assert!(generated.notes.is_empty());
/// # Ok::<(), diesel_migrate::Error>(())
/// ```
#[must_use]
pub fn generate(schema: &Schema, engine: Engine) -> Entities {
    update::update(write::HEADER, &File::default(), schema, engine)
}

/// Brings a file of generated code up to date: columns that the schema has and `table!` does not are added, those that
/// it lacks are removed, those of another type are retyped, in `table!` and in the struct with the comment `entities:`
/// above it. A foreign key or a unique set that the struct does not have, or has of another table, becomes its attribute.
/// Tables that the file lacks are added at its end. Everything else stays byte for byte.
///
/// The notes are what the code cannot express, unless the file has the comment about it, what was changed, and what
/// cannot be: a table that is gone, another primary key, an attribute for a constraint that the database does not have.
///
/// # Errors
///
/// [`NotRust`] if the file cannot be parsed.
pub fn update(code: &str, schema: &Schema, engine: Engine) -> Result<Entities, NotRust> {
    let file = File::of(code).map_err(|error| {
        let start = error.span().start();
        NotRust { line: start.line, column: start.column + 1, problem: error.to_string() }
    })?;
    Ok(update::update(code, &file, schema, engine))
}
