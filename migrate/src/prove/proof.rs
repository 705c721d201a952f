//! The proof of a migration, as a value and in words.

use std::fmt;

use serde::Serialize;

use crate::diff::Difference;
use crate::migration::Migration;

/// What became of a migration that was played up, down and up again in tables with rows.
///
/// `Display` is one line about the outcome; the losses and the tables without rows have lines of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Proof {
    /// The migration.
    pub migration: Migration,
    /// How it ended.
    pub outcome: Outcome,
    /// Rows and values of tables and columns that the migration did not create, and that going down, or down and up
    /// again, does not bring back. They are told and do not hinder the proof: a dropped column has lost its values.
    pub losses: Vec<Lost>,
    /// Tables for which no rows could be made, so that nothing is known of the migration's effect on theirs.
    pub unfilled: Vec<Unfilled>,
}

impl Proof {
    /// The proof of a migration that was not tried yet.
    pub(super) fn new(migration: Migration) -> Self {
        Self { migration, outcome: Outcome::NotReached, losses: Vec::new(), unfilled: Vec::new() }
    }

    /// Whether going down undoes the migration and it can be applied again.
    #[must_use]
    pub fn is_proven(&self) -> bool {
        self.outcome == Outcome::Proven
    }
}

/// How the proof of a migration ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum Outcome {
    /// Going down brought back the schema before it, and going up again the schema after it.
    Proven,
    /// It has no `down.sql`, or changes the schema and has one without statements.
    NoWayDown,
    /// A script left another schema than it should.
    Differs {
        /// Which one: going down, or going up again.
        attempt: Attempt,
        /// How the schema differs: after going down from that before the migration, after going up again from that
        /// after the first time.
        differences: Vec<Difference>,
    },
    /// A script failed.
    Failed {
        /// Which one.
        attempt: Attempt,
        /// The database's error.
        problem: String,
        /// Whether it works in tables without rows.
        only_with_rows: bool,
    },
    /// An earlier migration cannot be applied.
    NotReached,
}

/// One of the three times that a migration's scripts are played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum Attempt {
    /// The first time up.
    Up,
    /// Down.
    Down,
    /// Up after down.
    UpAgain,
}

/// What a migration and its way back lose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum Lost {
    /// Rows.
    Rows {
        /// The table.
        table: String,
        /// How many it had.
        before: usize,
        /// How many it has.
        after: usize,
    },
    /// Values of a column, which are others or NULL now.
    Values {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
}

impl Lost {
    /// Whether both are about one table, and about one of its columns if they are about any.
    pub(super) fn is_of_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Rows { table, .. }, Self::Rows { table: other, .. }) => table == other,
            _ => self == other,
        }
    }
}

/// A table for which no rows could be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Unfilled {
    /// The table.
    pub table: String,
    /// The database's error.
    pub problem: String,
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Up => "going up",
            Self::Down => "going down",
            Self::UpAgain => "going up again",
        })
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let migration = &self.migration;
        match &self.outcome {
            Outcome::Proven => write!(f, "{migration}: proven"),
            Outcome::NoWayDown => write!(f, "{migration}: has no way down, its down.sql is missing or empty"),
            Outcome::Differs { attempt, differences } => {
                let first = differences.first().map(ToString::to_string).unwrap_or_default();
                write!(f, "{migration}: {attempt} leaves another schema: {first}")?;
                match differences.len() {
                    0 | 1 => Ok(()),
                    number => write!(f, " (and {} more)", number - 1),
                }
            }
            Outcome::Failed { attempt, problem, only_with_rows } => {
                let rows = if *only_with_rows { " (only in tables with rows)" } else { "" };
                let problem = problem.split_whitespace().collect::<Vec<_>>().join(" ");
                write!(f, "{migration}: {attempt} fails{rows}: {problem}")
            }
            Outcome::NotReached => write!(f, "{migration}: not tried, because an earlier migration cannot be applied"),
        }
    }
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rows { table, before, after } => {
                write!(f, "table {table}: {} of {before} rows do not come back", before.saturating_sub(*after))
            }
            Self::Values { table, column } => write!(f, "table {table}, column {column}: its values do not come back"),
        }
    }
}

impl fmt::Display for Unfilled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problem = self.problem.split_whitespace().collect::<Vec<_>>().join(" ");
        write!(f, "table {}: no rows could be made: {problem}", self.table)
    }
}
