//! A nightly import of prices, in units that run exactly once: a job that was killed, or that two machines start at the
//! same time, is simply started again.
//!
//! The lines are imported in chunks. The key of a chunk, its night and number, is committed with its prices: what was
//! imported is not imported again, also where the answer to COMMIT was lost. The file of a night does not change; a
//! corrected line is that of the chunk at which the import ended.

mod metrics;

use std::time::Duration;
use std::{error, fmt};

use diesel_migrate::{Migrate as _, Migration, Migrations, Target, Up, include_dir};
use diesel_session::database::{Once, Retry};
use diesel_session::prelude::*;
use diesel_session::session::Upserted;
use diesel_session::session::once::OnceMigrations;
use serde::{Deserialize, Serialize};

pub use metrics::metrics;

static FOLDER: include_dir::Dir<'_> = include_dir::include_dir!("$CARGO_MANIFEST_DIR/migrations");

static MIGRATIONS: Migrations = Migrations::embedded("folio-example-job", &FOLDER);

/// The migrations of the table in which `exactly_once` keeps its keys.
fn keys() -> Migrations {
    Migrations::diesel_by_engine("diesel-session-once", OnceMigrations::on)
}

/// Brings the database up to date: this program's tables, and beside them that of the keys.
pub fn migrate(db: &Database) -> diesel_migrate::Result<Vec<Migration>> {
    let mut applied = db.migrate(&MIGRATIONS)?;
    applied.extend(db.migrate_up(&keys(), Up::to(Target::All).into_existing(), |_| ())?);
    Ok(applied)
}

diesel::table! { prices (id) { id -> BigInt, sku -> Text, cents -> BigInt, updated_at -> Timestamp } }

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = prices)]
#[entity(unique(sku))]
pub struct Price {
    #[entity(key)]
    pub id: Id<Price>,
    pub sku: Text256,
    pub cents: i64,
    #[entity(update = Timestamp::now)]
    pub updated_at: Timestamp,
}

/// The lines of a unit: many enough that few COMMITs are needed, and few enough that its locks are short.
pub const CHUNK: usize = 500;

/// How long the keys are remembered: longer than anybody would start the job of a night again.
const REMEMBERED: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What a chunk did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Stored {
    pub inserted: u64,
    pub updated: u64,
}

/// What an import did.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Report {
    /// By this run, and by earlier ones of the same night.
    pub stored: Stored,
    /// The chunks that this run imported.
    pub chunks: u64,
    /// Those that were imported already.
    pub known: u64,
    /// How often a unit was tried again.
    pub retries: u64,
}

/// Imports the lines of a night, `SKU,CENTS`. At an error it ends; the chunks before it stay.
pub fn import(db: &Database, night: &str, lines: &[&str]) -> Result<Report, Failed> {
    // Nobody waits for this job: it can try for longer than a web service.
    let patience = Retry::default().attempts(10).within(Duration::from_secs(60)).longest(Duration::from_secs(2));
    let mut report = Report::default();
    for (number, chunk) in lines.chunks(CHUNK).enumerate() {
        let once = Once::new(format!("prices {night} {number}"), REMEMBERED).retry(patience);
        let mut attempts = 0;
        let stored = db.named("import prices").exactly_once(&once, |session| {
            attempts += 1;
            store(session, number * CHUNK, chunk)
        })?;
        report.stored.inserted += stored.inserted;
        report.stored.updated += stored.updated;
        report.chunks += u64::from(attempts > 0);
        report.known += u64::from(attempts == 0);
        report.retries += u64::from(attempts.max(1) - 1_u32);
    }
    db.forget_expired()?;
    Ok(report)
}

/// Inserts or updates the prices of a chunk, which begins after `before` other lines.
fn store(session: &mut Session<'_>, before: usize, lines: &[&str]) -> Result<Stored, Failed> {
    let mut rows = Vec::with_capacity(lines.len());
    for (index, line) in lines.iter().enumerate() {
        let malformed = || Failed::Line { number: before + index + 1, line: (*line).to_owned() };
        let (sku, cents) = line.split_once(',').ok_or_else(malformed)?;
        rows.push(NewPrice::new(sku.trim(), cents.trim().parse::<i64>().map_err(|_| malformed())?)?);
    }
    let done = session.upsert(rows).on_conflict(prices::sku).update(prices::cents).run()?;
    let mut stored = Stored::default();
    for (_, outcome) in done {
        match outcome {
            Upserted::Inserted => stored.inserted += 1,
            _ => stored.updated += 1,
        }
    }
    Ok(stored)
}

/// Why an import ended.
#[derive(Debug)]
pub enum Failed {
    /// A line that is not `SKU,CENTS`, counted from 1.
    Line {
        number: usize,
        line: String,
    },
    Session(Error),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Session(error)
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line { number, line } => write!(f, "line {number} is not 'SKU,CENTS': {line}"),
            Self::Session(error) => error.fmt(f),
        }
    }
}

impl error::Error for Failed {}
