//! What it costs that a unit of work runs on another thread: an asynchronous unit that sends nothing, beside the same unit
//! on the caller's thread and beside a bare hop to a thread and back by channels.
//!
//! `cargo bench -p diesel-session --bench hop` prints the time of each in µs a unit, the best of its rounds.

#[path = "../tests/production/driver.rs"]
#[allow(dead_code, reason = "the tests poll in more ways")]
mod driver;

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use diesel_session::{Database, Result};

const UNITS: u32 = 20_000;
const ROUNDS: u32 = 7;
/// The most that a hop may cost.
const BOUND: f64 = 15.0;

/// The time of one of the units, in µs.
fn best(mut unit: impl FnMut()) -> f64 {
    let round = |_| {
        let began = Instant::now();
        (0..UNITS).for_each(|_| unit());
        began.elapsed()
    };
    let best: Duration = (0..ROUNDS).map(round).min().unwrap_or_default();
    best.as_secs_f64() * 1e6 / f64::from(UNITS)
}

fn main() -> Result<()> {
    let db = Database::open("sqlite::memory:")?;
    let blocking = best(|| db.begin(|_| -> Result<()> { Ok(()) }).unwrap());
    let asynchronous = best(|| driver::block_on(db.begin_async(|_| -> Result<()> { Ok(()) })).unwrap());
    let (there, requests) = mpsc::channel::<()>();
    let (answers, back) = mpsc::channel::<()>();
    let echo = thread::spawn(move || requests.iter().for_each(|()| answers.send(()).unwrap()));
    let bare = best(|| {
        there.send(()).unwrap();
        back.recv().unwrap();
    });
    drop(there);
    echo.join().unwrap();
    let hop = asynchronous - blocking;
    let verdict = if hop <= BOUND { "kept" } else { "MISSED" };
    println!("a unit that sends nothing, best of {ROUNDS} rounds, µs");
    println!("  blocking                       {blocking:>8.3}");
    println!("  asynchronous                   {asynchronous:>8.3}");
    println!("  the hop                        {hop:>8.3}   (at most {BOUND:.0}: {verdict})");
    println!("  a thread and back by channels  {bare:>8.3}");
    Ok(())
}
