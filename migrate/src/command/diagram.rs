//! `diagram`: the tables of the database and their relations as a picture.

use clap::Args;
use diesel_session::connection::Access;

use super::context::Context;
use super::failure::Failure;
use super::tables::only;
use crate::database::Migrate as _;
use crate::schema::Schema;

const AFTER: &str = "\
Examples:
  migrate diagram > schema.mmd                    for Mermaid, which draws it in Markdown
  migrate diagram --svg > schema.svg              a picture for any browser
  migrate diagram --svg orders order_items        these tables alone
  migrate diagram --from-migrations               what the migrations make

Prints a diagram: each table with its columns, their types and the marks PK (primary key), FK
(foreign key) and UK (unique by itself); a type with '?' in the picture can be NULL. A line leads
from a table to one that refers to it: a crow's foot is any number of rows, a bar is one, a ring is
none.";

/// Draw the tables of the database and their relations
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub(super) struct Diagram {
    /// An SVG picture instead of Mermaid's text
    #[arg(long)]
    svg: bool,
    /// What the migrations make, instead of what the database has
    #[arg(long)]
    from_migrations: bool,
    /// The tables to draw [default: all]
    #[arg(value_name = "TABLE")]
    tables: Vec<String>,
}

impl Diagram {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Failure> {
        let schema = if self.from_migrations {
            context.open_or_empty()?.migrated_schema(context.migrations)?
        } else {
            Schema::read(&mut *context.open(Access::Read)?.connection()?)?
        };
        let schema = only(schema, &self.tables)?;
        context.text(&if self.svg { schema.svg() } else { schema.mermaid() })
    }
}
