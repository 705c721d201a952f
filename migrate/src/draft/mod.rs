//! A migration drafted from the entities: the difference between the tables that they need and those that the
//! migrations make.

mod names;
mod parts;
mod script;
mod sqlite;
mod translate;
mod types;
mod wanted;

use diesel_session::Database;
use diesel_session::connection::{Engine, SessionConnection as _};
use diesel_session::session::Table;

use crate::error::Result;
use crate::schema::Schema;
use crate::scratch::Scratch;
use crate::source::Migrations;
use script::Script;

/// The scripts of a migration that is yet to be read and made, for one engine.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Draft {
    /// The engine.
    pub engine: Engine,
    /// The text of `up.sql`, empty if the migrations make what the entities need.
    pub up: String,
    /// The text of `down.sql`.
    pub down: String,
    /// What differs and is not drafted, a sentence each: a table without an entity, another primary key.
    pub notes: Vec<String>,
}

impl Draft {
    /// Whether the migrations make what the entities need.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.up.is_empty()
    }
}

impl Migrations {
    /// The migration that the [entities](Self::with_entities) need beyond these, for the engine of `live`: a draft, to be
    /// read before it is applied.
    ///
    /// The migrations are played in a scratch database, as by
    /// [`drift`](crate::Migrate::drift); `live` supplies the engine, and on a server the login. An SQLite database in
    /// memory will do.
    ///
    /// The draft creates tables, adds and drops columns, changes types and nullability, adds unique sets and foreign keys
    /// with their indexes, and changes the labels of enums. It leaves alone what an entity does not express: defaults,
    /// other checks and indexes, ON DELETE, what a struct has no attribute for.
    ///
    /// ```
    /// use diesel_migrate::Migrations;
    /// use diesel_session::prelude::*;
    /// use diesel_session::types::Text;
    ///
    /// diesel::table! { tags (id) { id -> BigInt, name -> Text, color -> Nullable<Text> } }
    ///
    /// #[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
    /// #[diesel(table_name = tags)]
    /// #[entity(unique(name))]
    /// pub struct Tag {
    ///     #[entity(key, given)]
    ///     pub id: i64,
    ///     pub name: Text<30>,
    ///     pub color: Option<String>,
    /// }
    ///
    /// # std::env::set_current_dir(env!("CARGO_MANIFEST_DIR")).unwrap();
    /// let migrations = Migrations::folder("my-app", "docs/example").with_entities(&[Tag::table]);
    /// let draft = migrations.draft(&Database::open("sqlite::memory:")?)?;
    /// assert!(draft.up.contains("\nALTER TABLE \"tags\" ADD COLUMN \"color\" TEXT;\n"), "{}", draft.up);
    /// assert!(draft.down.contains("\nALTER TABLE \"tags\" DROP COLUMN \"color\";\n"), "{}", draft.down);
    /// # Ok::<(), diesel_migrate::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Scratch`](crate::Error::Scratch) where no scratch database can be made,
    /// [`Error::Failed`](crate::Error::Failed) if a migration fails in it, [`Error::Source`](crate::Error::Source).
    pub fn draft(&self, live: &Database) -> Result<Draft> {
        Ok(self.draft_from(Scratch::beside(live)?)?.0)
    }

    /// Like [`draft`](Self::draft), with an empty database to play the migrations in, which is empty again in the end.
    ///
    /// # Errors
    ///
    /// As [`draft`](Self::draft); [`Error::Scratch`](crate::Error::Scratch) if the database is not empty.
    pub fn draft_in(&self, scratch: &Database) -> Result<Draft> {
        Ok(self.draft_from(Scratch::given(scratch)?)?.0)
    }

    /// The draft, and the schema that the migrations make.
    pub(crate) fn draft_from(&self, mut scratch: Scratch) -> Result<(Draft, Schema)> {
        let engine = scratch.engine();
        scratch.apply(&self.steps(engine)?)?;
        let schema = Schema::read(&mut scratch)?;
        Ok((self.draft_of(engine, &schema, None), schema))
    }

    /// The draft of the first migration for an engine, for which no database is needed.
    pub(crate) fn first_draft(&self, engine: Engine) -> Draft {
        self.draft_of(engine, &Schema::default(), None)
    }

    /// A draft for an engine of which there is no database: from the schema that the migrations of another one make.
    pub(crate) fn draft_by_translation(&self, engine: Engine, schema: &Schema, of: Engine) -> Draft {
        let translated = translate::translate(schema, of, engine, &self.entity_tables());
        self.draft_of(engine, &translated, Some(of))
    }

    fn entity_tables(&self) -> Vec<&'static Table> {
        self.entities().iter().map(|table| table()).collect()
    }

    fn draft_of(&self, engine: Engine, current: &Schema, translated_from: Option<Engine>) -> Draft {
        let mut wanted = wanted::wanted(current, &self.entity_tables(), engine);
        if engine == Engine::Sqlite {
            sqlite::write_statements(current, &mut wanted.schema);
        }
        let up = script::up(engine, current, &wanted);
        let down = script::down(engine, current, &wanted);
        let notes = wanted.notes;
        if up.is_empty() {
            return Draft { engine, up: String::new(), down: String::new(), notes };
        }
        let origin = translated_from.map(|of| {
            let without = format!("without a database of {engine}");
            format!("-- Made from {of}'s migrations, {without}: check names, types and defaults.\n")
        });
        let origin = origin.unwrap_or_default();
        // An entity does not say what becomes of the rows that refer to one that is deleted.
        let refers = if up.lines.contains("REFERENCES") {
            "-- ON DELETE is not in the entities: write it where rows should follow.\n"
        } else {
            ""
        };
        let head = format!("-- Drafted from the entities for {engine}. Read it before you apply it.\n{origin}{refers}");
        let (up, down) = (text(&up, &head), text(&down, &format!("-- Reverts up.sql. Drafted too.\n{origin}")));
        Draft { engine, up, down, notes }
    }
}

fn text(script: &Script, head: &str) -> String {
    let setting = if script.without_transaction() { "-- transaction: none\n" } else { "" };
    format!("{setting}{head}\n{}", script.lines)
}
