//! Definitions of columns and constraints, as they are written in `CREATE TABLE` and `ALTER TABLE`.

use super::syntax::{Name, Part};

/// A column's definition.
#[derive(Debug)]
pub(crate) struct Column<'s> {
    pub(crate) name: Name<'s>,
    /// Its type.
    pub(crate) kind: &'s str,
    /// All that follows the name.
    pub(crate) definition: &'s str,
    pub(crate) not_null: bool,
    /// The value of DEFAULT.
    pub(crate) default: Option<&'s str>,
    /// The words in that value, in lower case.
    pub(crate) default_words: Vec<String>,
    pub(crate) primary_key: bool,
    pub(crate) unique: bool,
    /// The condition of CHECK, in its parentheses.
    pub(crate) check: Option<&'s str>,
    pub(crate) references: Option<Reference<'s>>,
    /// `GENERATED … STORED`.
    pub(crate) stored: bool,
    /// Numbered by the database: AUTO_INCREMENT, an identity, a serial.
    pub(crate) numbered: bool,
    /// Computed from others.
    pub(crate) generated: bool,
}

/// What a foreign key references, and what happens to its rows.
#[derive(Debug, Clone)]
pub(crate) struct Reference<'s> {
    pub(crate) table: Name<'s>,
    /// All that follows REFERENCES.
    pub(crate) definition: &'s str,
    /// The rows go with the referenced ones, or lose the reference.
    pub(crate) follows: bool,
}

/// A table's constraint, or an index that is defined among the columns.
#[derive(Debug)]
pub(crate) struct Constraint<'s> {
    pub(crate) name: Option<Name<'s>>,
    pub(crate) kind: Kind<'s>,
    /// As it is written, without its name.
    pub(crate) definition: &'s str,
    pub(crate) not_valid: bool,
}

#[derive(Debug)]
pub(crate) enum Kind<'s> {
    PrimaryKey(Vec<Name<'s>>),
    Unique(Vec<Name<'s>>),
    /// A constraint that takes an index over: `UNIQUE USING INDEX name`.
    UsingIndex {
        primary_key: bool,
    },
    ForeignKey {
        columns: Vec<Name<'s>>,
        reference: Option<Reference<'s>>,
    },
    Check {
        /// The column of `CHECK (column IS NOT NULL)`.
        not_null: Option<Name<'s>>,
    },
    Exclude,
    Index,
    /// FULLTEXT or SPATIAL.
    SpecialIndex,
    Other,
}

/// What may follow a column's type.
const AFTER_TYPE: [&str; 25] = [
    "CONSTRAINT",
    "NOT",
    "NULL",
    "DEFAULT",
    "PRIMARY",
    "UNIQUE",
    "REFERENCES",
    "CHECK",
    "COLLATE",
    "GENERATED",
    "AS",
    "AUTO_INCREMENT",
    "COMMENT",
    "KEY",
    "ON",
    "INVISIBLE",
    "VISIBLE",
    "FIRST",
    "AFTER",
    "CHARSET",
    "STORED",
    "VIRTUAL",
    "DEFERRABLE",
    "INITIALLY",
    "STORAGE",
];

impl<'s> Column<'s> {
    pub(crate) fn parse(mut part: Part<'_, 's>) -> Option<Self> {
        let name = part.name()?;
        let mut column = Self {
            name,
            kind: "",
            definition: part.text(),
            not_null: false,
            default: None,
            default_words: Vec::new(),
            primary_key: false,
            unique: false,
            check: None,
            references: None,
            stored: false,
            numbered: false,
            generated: false,
        };
        // SQLite's columns may have no type.
        if !part.starts_with_one_of(&AFTER_TYPE) && !part.is_empty() {
            column.kind = part.until(&AFTER_TYPE).text();
        }
        column.numbered = column.is_serial();
        while !part.is_empty() {
            if part.take_all(&["NOT", "NULL"]) {
                column.not_null = true;
            } else if part.take_all(&["BY", "DEFAULT"]) || part.take_all(&["SET", "DEFAULT"]) {
                // Of an identity, and of what happens to a reference.
            } else if part.take("DEFAULT") {
                let value = part.until(&AFTER_TYPE);
                column.default = Some(value.text());
                column.default_words = value.words().collect();
            } else if part.take_all(&["PRIMARY", "KEY"]) {
                column.primary_key = true;
            } else if part.take("UNIQUE") {
                column.unique = true;
            } else if part.take("CHECK") {
                column.check = part.next().map(Part::text);
            } else if part.take("REFERENCES") {
                column.references = reference(&mut part);
            } else if part.take("AUTO_INCREMENT") || part.take("IDENTITY") {
                column.numbered = true;
            } else if part.take("STORED") || part.take("PERSISTENT") {
                column.stored = true;
            } else if part.take("AS") {
                column.generated = part.group().is_some() || column.generated;
            } else {
                part.next();
            }
        }
        Some(column)
    }

    /// Whether its type is one of PostgreSQL's that make a sequence.
    pub(crate) fn is_serial(&self) -> bool {
        let serials = ["serial", "bigserial", "smallserial", "serial2", "serial4", "serial8"];
        serials.iter().any(|serial| self.kind.eq_ignore_ascii_case(serial))
    }

    /// Whether an INSERT that does not name it fails where NULL is not allowed.
    pub(crate) fn is_required(&self) -> bool {
        let nothing = self.default.is_none_or(|default| default.eq_ignore_ascii_case("NULL"));
        (self.not_null || self.primary_key) && nothing && !self.numbered && !self.generated
    }
}

/// Takes what follows REFERENCES.
fn reference<'s>(part: &mut Part<'_, 's>) -> Option<Reference<'s>> {
    let mut reference =
        part.until(&["CONSTRAINT", "NOT", "DEFAULT", "PRIMARY", "UNIQUE", "CHECK", "COLLATE", "COMMENT"]);
    let definition = reference.text();
    let table = reference.name()?;
    let follows = ["CASCADE", "SET"].iter().any(|action| reference.has(&["ON", "DELETE", action]));
    Some(Reference { table, definition, follows })
}

impl<'s> Constraint<'s> {
    /// `None` for a column.
    pub(crate) fn parse(mut part: Part<'_, 's>) -> Option<Self> {
        let name = if part.take("CONSTRAINT") {
            let unnamed = part.starts_with_one_of(&["CHECK", "FOREIGN", "UNIQUE", "PRIMARY"]);
            if unnamed { None } else { part.name() }
        } else {
            None
        };
        let definition = part.text();
        let not_valid = part.has(&["NOT", "VALID"]);
        let kind = Kind::parse(&mut part)?;
        Some(Self { name, kind, definition, not_valid })
    }
}

impl<'s> Kind<'s> {
    fn parse(part: &mut Part<'_, 's>) -> Option<Self> {
        let starts = *part;
        if part.take("CHECK") {
            let condition = part.group()?;
            let mut rest = condition;
            let not_null = rest.name().filter(|_| rest.take_all(&["IS", "NOT", "NULL"]) && rest.is_empty());
            return Some(Self::Check { not_null });
        }
        if part.take_all(&["FOREIGN", "KEY"]) {
            part.until_group();
            let columns = part.group()?.names();
            let reference = part.take("REFERENCES").then(|| reference(part)).flatten();
            return Some(Self::ForeignKey { columns, reference });
        }
        if part.take_all(&["PRIMARY", "KEY"]) || part.take("UNIQUE") {
            let primary_key = starts.starts_with(&["PRIMARY"]);
            if part.has(&["USING", "INDEX"]) {
                return Some(Self::UsingIndex { primary_key });
            }
            part.until_group();
            let columns = part.group()?.names();
            return Some(if primary_key { Self::PrimaryKey(columns) } else { Self::Unique(columns) });
        }
        if part.take("EXCLUDE") {
            return Some(Self::Exclude);
        }
        if part.starts_with_one_of(&["FULLTEXT", "SPATIAL"]) && (part.has(&["INDEX"]) || part.has(&["KEY"])) {
            return Some(Self::SpecialIndex);
        }
        if part.take("INDEX") || part.take("KEY") {
            part.until_group();
            // A column may be called `key`: `key VARCHAR(9)` has a number between its parentheses.
            return part.group().filter(|columns| { *columns }.name().is_some()).map(|_| Self::Index);
        }
        (part.take("LIKE") || part.take("PERIOD")).then_some(Self::Other)
    }
}
