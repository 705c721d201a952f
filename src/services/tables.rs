//! Folio's tables: the one list for everything that visits all of them, such as a copy. A test compares it with
//! `schema.rs`.

use std::fmt::Debug;
use std::hash::Hash;

use diesel::HasQuery as _;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::references::Referring;
use crate::error::Result;
use crate::models::{Note, NoteRepository, NoteTag, Repository, Resume, User};
use crate::session::history::HistoryRow;
use crate::session::{Entity, Everywhere, Session, Table};

/// A row of one of Folio's tables.
pub trait Row: Everywhere + Hash + Debug + PartialEq {
    /// The noun for one row.
    const ONE: &'static str;
    /// The noun for several rows.
    const MANY: &'static str;
    /// Whether a row is a record of its own, and not a part of one, such as a note's tag.
    const IS_RECORD: bool;

    /// The number of rows in the table. One SELECT.
    ///
    /// # Errors
    ///
    /// Any error of the read.
    fn count(session: &mut Session<'_>) -> Result<u64>;
}

/// An operation to run on each table in turn.
pub trait Visit {
    /// The operation's error.
    type Error;

    /// Runs the operation on the table of `R`.
    ///
    /// # Errors
    ///
    /// The visitor's own.
    fn visit<R: Row>(&mut self) -> Result<(), Self::Error>;
}

/// A row of one of Folio's tables that is a record of its own, and can be exported and imported.
pub trait RecordRow: Row + Serialize + DeserializeOwned + Referring {
    /// What the command line and an export call its kind.
    const KIND: &'static str;
}

/// An operation to run on each table of records in turn.
pub trait VisitRecords {
    /// The operation's error.
    type Error;

    /// Runs the operation on the table of `R`.
    ///
    /// # Errors
    ///
    /// The visitor's own.
    fn visit<R: RecordRow>(&mut self) -> Result<(), Self::Error>;
}

macro_rules! tables {
    (@row $row:ty, $one:literal, $many:literal, $is_record:literal) => {
        impl Row for $row {
            const ONE: &'static str = $one;
            const MANY: &'static str = $many;
            const IS_RECORD: bool = $is_record;

            fn count(session: &mut Session<'_>) -> Result<u64> {
                Ok(session.query(<$row>::query()).count()?)
            }
        }
    };
    (
        records { $($record:ty: $kind:literal, $record_one:literal, $record_many:literal;)* }
        parts { $($part:ty: $part_one:literal, $part_many:literal;)* }
    ) => {
        $(
            tables!(@row $record, $record_one, $record_many, true);

            impl RecordRow for $record {
                const KIND: &'static str = $kind;
            }
        )*
        $(tables!(@row $part, $part_one, $part_many, false);)*
        tables!(@row HistoryRow, "change", "changes", false);

        /// The description of every table but the history, referenced tables first, as a draft of a migration takes them.
        pub const ENTITIES: &[fn() -> &'static Table] =
            &[$(<$record as Entity>::table,)* $(<$part as Entity>::table,)*];

        /// What the command line and an export call the records of each table, referenced tables first.
        pub const KINDS: &[&str] = &[$($kind),*];

        /// Visits the table with records of this kind; `false` if there is none.
        ///
        /// # Errors
        ///
        /// That of the visit.
        pub fn of_kind<V: VisitRecords>(kind: &str, visitor: &mut V) -> Result<bool, V::Error> {
            match kind {
                $($kind => visitor.visit::<$record>()?,)*
                _ => return Ok(false),
            }
            Ok(true)
        }

        /// Visits every table of records, referenced tables first, until a visit fails.
        ///
        /// # Errors
        ///
        /// That of the visit.
        pub fn each_of_records<V: VisitRecords>(visitor: &mut V) -> Result<(), V::Error> {
            $(visitor.visit::<$record>()?;)*
            Ok(())
        }

        /// Visits every table, referenced tables first and the history of their changes last, until a visit fails.
        ///
        /// ```
        /// use folio::services::tables::{self, Row, Visit};
        ///
        /// struct Names(Vec<&'static str>);
        ///
        /// impl Visit for Names {
        ///     type Error = folio::Error;
        ///
        ///     fn visit<R: Row>(&mut self) -> folio::Result<()> {
        ///         self.0.push(R::table().name);
        ///         Ok(())
        ///     }
        /// }
        ///
        /// let mut names = Names(Vec::new());
        /// tables::each(&mut names)?;
        /// assert_eq!(names.0[..4], ["users", "repositories", "resumes", "notes"]);
        /// # Ok::<(), folio::Error>(())
        /// ```
        ///
        /// # Errors
        ///
        /// That of the visit.
        pub fn each<V: Visit>(visitor: &mut V) -> Result<(), V::Error> {
            $(visitor.visit::<$record>()?;)*
            $(visitor.visit::<$part>()?;)*
            visitor.visit::<HistoryRow>()
        }
    };
}

tables! {
    records {
        User: "user", "user", "users";
        Repository: "repo", "repository", "repositories";
        Resume: "resume", "résumé", "résumés";
        Note: "note", "note", "notes";
    }
    parts {
        NoteTag: "tag", "tags";
        NoteRepository: "link", "links";
    }
}

/// The number of rows of one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Count {
    /// The table's name.
    pub table: &'static str,
    /// The noun for one row.
    pub one: &'static str,
    /// The noun for several rows.
    pub many: &'static str,
    /// Whether a row is a record of its own.
    pub is_record: bool,
    /// The number of rows.
    pub rows: u64,
}

/// The number of rows of each table, in the order of [`each`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts(Vec<Count>);

impl Counts {
    /// Adds a table.
    pub(super) fn push<R: Row>(&mut self, rows: u64) {
        self.0.push(Count { table: R::table().name, one: R::ONE, many: R::MANY, is_record: R::IS_RECORD, rows });
    }

    /// The number of rows of one table.
    #[must_use]
    pub fn of<R: Row>(&self) -> u64 {
        self.0.iter().find(|count| count.table == R::table().name).map_or(0, |count| count.rows)
    }

    /// The number of all rows.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().map(|count| count.rows).sum()
    }

    /// Each table of records with its number of rows.
    pub fn records(&self) -> impl Iterator<Item = &Count> {
        self.iter().filter(|count| count.is_record)
    }

    /// Each table with its number of rows.
    pub fn iter(&self) -> impl Iterator<Item = &Count> {
        self.0.iter()
    }
}

/// Counts the rows of every table. One SELECT per table.
///
/// # Errors
///
/// Any error of the read.
pub fn counts(session: &mut Session<'_>) -> Result<Counts> {
    struct Counting<'a, 's>(&'a mut Session<'s>, Counts);

    impl Visit for Counting<'_, '_> {
        type Error = crate::error::Error;

        fn visit<R: Row>(&mut self) -> Result<()> {
            let rows = R::count(self.0)?;
            self.1.push::<R>(rows);
            Ok(())
        }
    }

    let mut counting = Counting(session, Counts::default());
    each(&mut counting)?;
    Ok(counting.1)
}
