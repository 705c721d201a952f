//! A difference between two schemas, as a value and in one line.

use std::fmt;

use serde::Serialize;

/// A difference between the schema that a database should have and the one that it has.
///
/// `Display` is one line, which names the table and the column:
///
/// ```text
/// table tags, column name: the type is text and should be character varying(100)
/// table tags: the index on (name) is missing
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Difference {
    /// What differs.
    pub object: Object,
    /// How it differs.
    pub change: Change,
    /// Statements that mend the database, one each, to be executed in order, those of all differences in the order of
    /// the differences, outside a transaction. Read them first: what is extra is dropped with the rows in it, and what
    /// the rows do not allow fails.
    ///
    /// Empty where the statements of another difference of the same table mend this one, too: SQLite changes most of a
    /// table only by rebuilding it.
    pub sql: Vec<String>,
}

/// What differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum Object {
    /// A table.
    Table {
        /// Its name.
        table: String,
    },
    /// A column.
    Column {
        /// Its table.
        table: String,
        /// Its name.
        column: String,
    },
    /// A primary key.
    PrimaryKey {
        /// Its table.
        table: String,
        /// Its columns, as they should be; if there should be none, as they are.
        columns: Vec<String>,
    },
    /// A UNIQUE constraint.
    Unique {
        /// Its table.
        table: String,
        /// Its columns.
        columns: Vec<String>,
    },
    /// An index.
    Index {
        /// Its table.
        table: String,
        /// Its name in the schema that has it. Names are not compared.
        index: String,
        /// Its columns and expressions, as SQL.
        parts: Vec<String>,
    },
    /// A foreign key.
    ForeignKey {
        /// Its table.
        table: String,
        /// The referring columns.
        columns: Vec<String>,
        /// The table that they refer to.
        referenced: String,
        /// The columns that they refer to.
        references: Vec<String>,
    },
    /// A CHECK constraint.
    Check {
        /// Its table.
        table: String,
        /// The condition, as SQL.
        expression: String,
    },
    /// An enum type of PostgreSQL's.
    Enum {
        /// Its name.
        name: String,
    },
    /// A trigger.
    Trigger {
        /// Its table or view.
        table: String,
        /// Its name.
        trigger: String,
    },
    /// A view.
    View {
        /// Its name.
        view: String,
    },
}

impl Object {
    /// The table that it is, or is a part of.
    #[must_use]
    pub fn table(&self) -> Option<&str> {
        match self {
            Self::Table { table }
            | Self::Column { table, .. }
            | Self::PrimaryKey { table, .. }
            | Self::Unique { table, .. }
            | Self::Index { table, .. }
            | Self::ForeignKey { table, .. }
            | Self::Check { table, .. }
            | Self::Trigger { table, .. } => Some(table),
            Self::Enum { .. } | Self::View { .. } => None,
        }
    }
}

/// How something differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum Change {
    /// It should be there and is not.
    Missing,
    /// It is there and should not be.
    Extra,
    /// It is there and is another one.
    Differs {
        /// In what it differs.
        property: Property,
        /// How it should be, as SQL.
        expected: String,
        /// How it is, as SQL.
        found: String,
    },
}

/// A property of a table, a column, an enum type, a trigger or a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum Property {
    /// A column's type.
    Type,
    /// Whether a column can be NULL.
    Nullability,
    /// A column's default.
    Default,
    /// Where a column's values come from: a counter, an expression.
    Generated,
    /// What MySQL sets a column to when its row is updated.
    OnUpdate,
    /// A column's collation.
    Collation,
    /// A table's options.
    Options,
    /// The columns of a primary key.
    Columns,
    /// The labels of an enum type.
    Labels,
    /// The statement that creates a trigger or a view.
    Definition,
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Type => "type",
            Self::Nullability => "nullability",
            Self::Default => "default",
            Self::Generated => "source of its values",
            Self::OnUpdate => "value on update",
            Self::Collation => "collation",
            Self::Options => "options",
            Self::Columns => "columns",
            Self::Labels => "labels",
            Self::Definition => "definition",
        })
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table { table } => write!(f, "table {table}"),
            Self::Column { table, column } => write!(f, "table {table}, column {column}"),
            Self::PrimaryKey { table, columns } => write!(f, "table {table}: the primary key ({})", columns.join(", ")),
            Self::Unique { table, columns } => {
                write!(f, "table {table}: the UNIQUE constraint ({})", columns.join(", "))
            }
            Self::Index { table, index, parts } => {
                write!(f, "table {table}: the index {index} on ({})", parts.join(", "))
            }
            Self::ForeignKey { table, columns, referenced, references } => {
                let (columns, references) = (columns.join(", "), references.join(", "));
                write!(f, "table {table}: the foreign key ({columns}) to {referenced} ({references})")
            }
            Self::Check { table, expression } => write!(f, "table {table}: the check {}", one_line(expression)),
            Self::Enum { name } => write!(f, "enum {name}"),
            Self::Trigger { table, trigger } => write!(f, "table {table}: the trigger {trigger}"),
            Self::View { view } => write!(f, "view {view}"),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let object = &self.object;
        match &self.change {
            Change::Missing => write!(f, "{object} is missing"),
            Change::Extra => write!(f, "{object} is extra"),
            // Statements are too long for a line.
            Change::Differs { property: Property::Definition, .. } => write!(f, "{object} has another definition"),
            Change::Differs { property, expected, found } => {
                let (expected, found) = (one_line(expected), one_line(found));
                let plural = matches!(property, Property::Labels | Property::Columns | Property::Options);
                let is = if plural { "are" } else { "is" };
                write!(f, "{object}: the {property} {is} {found} and should be {expected}")
            }
        }
    }
}

/// The text with single spaces, and `none` for an empty one.
fn one_line(text: &str) -> String {
    if text.is_empty() { "none".to_owned() } else { text.split_whitespace().collect::<Vec<_>>().join(" ") }
}
