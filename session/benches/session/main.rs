//! Compares the session's cost with other ways to do the same work, in one process, as ratios.
//!
//! `cargo bench -p diesel-session --bench session` compares it on SQLite in memory with hand-written rusqlite and
//! idiomatic Diesel, by CPU time, and a flush that keeps a history with one that does not. With `--features
//! postgres,mysql` it also compares it with Diesel on a private PostgreSQL and MariaDB, by the client's CPU time and by
//! wall time. Each comparison is a line: the time per row, the ratio, and the session's bound. Contenders alternate, and
//! the best of their rounds counts, so that other load affects all of them alike. `-- --quick` runs fewer rounds; any
//! other word runs only the comparisons with that word in their name.

mod history;
#[cfg(feature = "mysql")]
mod mariadb;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "postgres")]
mod postgres_bulk;
mod relations;
mod sqlite;
mod sqlite_upsert;
#[path = "../table/mod.rs"]
mod table;

use std::time::{Duration, Instant};

use cpu_time::ThreadTime;

/// The time of a round.
#[derive(Debug, Clone, Copy)]
struct Took {
    cpu: Duration,
    wall: Duration,
}

/// The time of `work`, without its preparation and the drop of its result.
fn timed<S, T>(prepare: impl FnOnce() -> S, work: impl FnOnce(&mut S) -> T) -> Took {
    let mut state = prepare();
    let (cpu, wall) = (ThreadTime::now(), Instant::now());
    let left = work(&mut state);
    let took = Took { cpu: cpu.elapsed(), wall: wall.elapsed() };
    drop(std::hint::black_box(left));
    took
}

/// The time of a round to compare.
#[derive(Debug, Clone, Copy)]
enum Clock {
    Cpu,
    Wall,
}

impl Clock {
    fn of(self, took: Took) -> Duration {
        match self {
            Self::Cpu => took.cpu,
            Self::Wall => took.wall,
        }
    }
}

/// An alternative way to do the work.
struct Contender {
    name: &'static str,
    round: fn() -> Took,
    /// Maximum ratio of the session's time to its time; `None` if it is only for information.
    bound: Option<f64>,
}

/// The session and its contenders.
struct Comparison {
    work: &'static str,
    rows: i64,
    rounds: u32,
    clocks: &'static [(&'static str, Clock)],
    session: fn() -> Took,
    others: &'static [Contender],
}

impl Comparison {
    /// Runs the contenders alternately, and prints the best time of each.
    fn run(&self, quick: bool) {
        let rounds = if quick { 3 } else { self.rounds };
        println!("{}: best of {rounds} rounds, µs a row", self.work);
        let contenders: Vec<fn() -> Took> =
            std::iter::once(self.session).chain(self.others.iter().map(|other| other.round)).collect();
        let mut best = vec![Took { cpu: Duration::MAX, wall: Duration::MAX }; contenders.len()];
        for _ in 0..rounds {
            for (best, round) in best.iter_mut().zip(&contenders) {
                let took = round();
                *best = Took { cpu: best.cpu.min(took.cpu), wall: best.wall.min(took.wall) };
            }
        }
        for (clock, of) in self.clocks {
            let micros = |took| of.of(took).as_secs_f64() * 1e6 / self.rows as f64;
            let session = micros(best[0]);
            println!("  {clock:<5} {:<36} {session:>8.3}", "session");
            for (other, took) in self.others.iter().zip(&best[1..]) {
                let (time, ratio) = (micros(*took), session / micros(*took));
                let verdict = other.bound.map_or(String::new(), |bound| {
                    format!(" (at most {bound:.2}: {})", if ratio <= bound { "kept" } else { "MISSED" })
                });
                println!("  {clock:<5} {:<36} {time:>8.3}   session is {ratio:.2} x{verdict}", other.name);
            }
        }
        println!();
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let words: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with("--")).collect();
    let wanted = |name: &str| words.is_empty() || words.iter().any(|word| name.contains(word.as_str()));
    let comparisons = sqlite::COMPARISONS.iter().chain(sqlite_upsert::COMPARISONS);
    let comparisons = comparisons.chain(relations::COMPARISONS).chain(history::COMPARISONS);
    #[cfg(feature = "postgres")]
    let comparisons = comparisons.chain(postgres::COMPARISONS).chain(postgres_bulk::COMPARISONS);
    #[cfg(feature = "mysql")]
    let comparisons = comparisons.chain(mariadb::COMPARISONS);
    for comparison in comparisons.filter(|comparison| wanted(comparison.work)) {
        comparison.run(quick);
    }
    if wanted(sqlite::WARM) {
        sqlite::warm_get(if quick { 3 } else { 15 });
    }
}
