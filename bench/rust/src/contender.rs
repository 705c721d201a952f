//! What a contender is, and how a round of it is measured.

use std::error::Error;
use std::time::{Duration, Instant};

use cpu_time::ProcessTime;
use stats_alloc::Region;

use crate::ALLOCATOR;
use crate::case::Case;
use crate::place::Place;

pub type Outcome<T> = Result<T, Box<dyn Error>>;

/// A way to do the cases.
pub trait Contender: Sized {
    fn open(place: &Place) -> Outcome<Self>;

    /// Executes several statements.
    fn execute(&mut self, sql: &str) -> Outcome<()>;

    /// The column `number` of the only row.
    fn number(&mut self, sql: &str) -> Outcome<i64>;

    /// Does the work inside [`Clock::time`] and returns what it took; `None` if it has no way to do so.
    fn run(&mut self, case: Case, rows: i64) -> Outcome<Option<Measured>>;
}

/// What a round took.
#[derive(Debug, Clone, Copy)]
pub struct Measured {
    pub wall: Duration,
    /// Of all threads of this process.
    pub cpu: Duration,
    pub allocations: usize,
}

/// Times `work`, which returns the number of rows that it has in its hands.
pub fn time(case: Case, rows: i64, work: impl FnOnce() -> Outcome<i64>) -> Outcome<Option<Measured>> {
    let region = Region::new(ALLOCATOR);
    let (wall, cpu) = (Instant::now(), ProcessTime::now());
    let seen = work()?;
    let (wall, cpu) = (wall.elapsed(), cpu.elapsed());
    let allocations = region.change().allocations;
    if seen != case.seen(rows) {
        return Err(format!("{case:?}: {seen} rows in hand instead of {}", case.seen(rows)).into());
    }
    Ok(Some(Measured { wall, cpu, allocations }))
}

/// Runs the case twice on new tables, and returns what the second round took.
pub fn measure<C: Contender>(case: Case, place: &Place, rows: i64) -> Outcome<Option<Measured>> {
    let mut measured = None;
    for _ in 0..2 {
        let mut contender = C::open(place)?;
        if let Some(settings) = place.settings() {
            contender.execute(settings)?;
        }
        contender.execute(place.create())?;
        if case.needs_rows() {
            contender.execute(&place.fill(rows))?;
        }
        measured = contender.run(case, rows)?;
        if measured.is_none() {
            return Ok(None);
        }
        let (proof, expected) = case.proof(rows);
        let found = contender.number(proof)?;
        if found != expected {
            return Err(format!("{case:?}: {proof}: {found} instead of {expected}").into());
        }
    }
    Ok(measured)
}
