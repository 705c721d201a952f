//! A schema as an entity-relationship diagram.

mod layers;
mod mermaid;
mod place;
mod relation;
mod svg;

use crate::schema::Schema;

impl Schema {
    /// The schema as an `erDiagram` of [Mermaid](https://mermaid.js.org), which many renderers of Markdown draw.
    ///
    /// A column has its type, the marks `PK`, `FK` and `UK` (unique by itself), and a remark if it can be NULL. A
    /// relation is named after the referring columns, and solid where they are part of the primary key. The referring
    /// table has any number of rows for each row that it refers to, or at most one if the columns are unique; it refers
    /// to exactly one row, or at most one if a column can be NULL. What Mermaid's words cannot contain is replaced by
    /// `_`, with the original in the remark. Views and triggers are left out.
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
    /// assert!(schema.mermaid().starts_with("erDiagram\n    tags {\n        BIGINT id PK\n"));
    /// # Ok::<(), diesel_migrate::Error>(())
    /// ```
    #[must_use]
    pub fn mermaid(&self) -> String {
        mermaid::write(self)
    }

    /// The schema as a picture: an SVG file without references to others, on a light or a dark background as the reader
    /// prefers.
    ///
    /// Tables are to the right of those that they refer to. The lines have the ends of [`mermaid`](Self::mermaid): a
    /// crow's foot for any number of rows, bars for one, a ring for none. The same schema gives the same file.
    #[must_use]
    pub fn svg(&self) -> String {
        svg::write(self)
    }
}
