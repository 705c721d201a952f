//! Measures how long concurrent writers of one SQLite file wait, in one process and in several.
//!
//! `cargo bench --bench writers` lets them increment one row for some seconds, and prints the units of work per second
//! and their latency: the median, the 99th percentile, and the maximum with its bound. A unit run by
//! `Database::retrying` waits in Folio's queue; the same writers without the queue (`Session::on`), which wait as
//! SQLite itself does, are measured for comparison. Other work on the machine makes every wait longer, so the scenes
//! alternate and the best round of each counts. `-- --quick` runs one round; any other word runs only the scenes with
//! that word in their name.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use folio::connection::{AnyConnection, SqliteAccess, open_sqlite};
use folio::database::Retry;
use folio::prelude::*;
use tempfile::TempDir;

const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(3);
/// Maximum time of the slowest unit, and maximum number of lock timeouts.
const BOUND: (Duration, usize) = (Duration::from_secs(2), 0);

/// The variables of a child process: its scene, and the file.
const SCENE: &str = "FOLIO_BENCH_SCENE";
const FILE: &str = "FOLIO_BENCH_FILE";

/// Writers of one file.
struct Scene {
    name: &'static str,
    processes: usize,
    threads: usize,
    /// The pause of a unit between its SELECT and its UPDATE.
    thinks: Duration,
    queued: bool,
}

const SCENES: [Scene; 6] = [
    Scene { name: "32 threads", processes: 1, threads: 32, thinks: Duration::ZERO, queued: true },
    Scene { name: "32 threads, no queue", processes: 1, threads: 32, thinks: Duration::ZERO, queued: false },
    Scene { name: "8 processes x 4 threads", processes: 8, threads: 4, thinks: Duration::ZERO, queued: true },
    Scene {
        name: "8 processes x 4 threads, no queue",
        processes: 8,
        threads: 4,
        thinks: Duration::ZERO,
        queued: false,
    },
    Scene {
        name: "8 processes x 4 threads, 10 ms a unit",
        processes: 8,
        threads: 4,
        thinks: Duration::from_millis(10),
        queued: true,
    },
    Scene {
        name: "8 processes x 4 threads, 10 ms a unit, no queue",
        processes: 8,
        threads: 4,
        thinks: Duration::from_millis(10),
        queued: false,
    },
];

/// The outcome of one unit of work.
#[derive(Debug, Clone, Copy)]
struct Done {
    took: Duration,
    locked: usize,
}

impl Scene {
    /// Runs one round, in this process or in several child processes.
    fn round(&self) -> Vec<Done> {
        let folder = TempDir::new().expect("a folder");
        let file = folder.path().join("writers.db");
        let made = Database::open_with(&file.to_string_lossy(), Options::new().access(Access::Create)).expect("a file");
        made.migrate().expect("the tables");
        made.begin(|session| -> Result<()> {
            session.add(NewUser::new(0, "counter")?);
            Ok(())
        })
        .expect("the row");
        if self.processes == 1 {
            return self.write(&file);
        }
        let processes: Vec<_> = (0..self.processes)
            .map(|_| {
                let mut process = Command::new(env::current_exe().expect("this program"));
                process.env(SCENE, self.name).env(FILE, &file).stdout(Stdio::piped());
                process.spawn().expect("a process")
            })
            .collect();
        let said = processes.into_iter().map(|process| process.wait_with_output().expect("its end").stdout);
        said.flat_map(|said| {
            let lines = String::from_utf8(said).expect("numbers");
            lines.lines().map(Done::read).collect::<Vec<_>>()
        })
        .collect()
    }

    /// Lets the threads of this process write for the duration of a round.
    fn write(&self, file: &Path) -> Vec<Done> {
        let database = Database::open_with(&file.to_string_lossy(), Options::new().pool_size(32)).expect("the file");
        let end = Instant::now() + ROUND;
        thread::scope(|scope| {
            let writers: Vec<_> = (0..self.threads)
                .map(|_| {
                    scope.spawn(|| {
                        let mut done = Vec::new();
                        if self.queued {
                            while Instant::now() < end {
                                done.push(self.unit(&database));
                            }
                            return done;
                        }
                        let connection = open_sqlite(Some(file), SqliteAccess::Write, 5_000).expect("the file");
                        let mut connection = AnyConnection::Sqlite(connection);
                        while Instant::now() < end {
                            done.push(self.unit_without_queue(&mut connection));
                        }
                        done
                    })
                })
                .collect();
            writers.into_iter().flat_map(|writer| writer.join().expect("no panic")).collect()
        })
    }

    fn unit(&self, database: &Database) -> Done {
        let (began, mut attempts) = (Instant::now(), 0);
        let done = database.retrying(Retry::default(), |session| {
            attempts += 1;
            self.count_up(session)
        });
        done.expect("no unit is given up");
        Done { took: began.elapsed(), locked: attempts - 1 }
    }

    fn unit_without_queue(&self, connection: &mut AnyConnection) -> Done {
        let (began, mut locked) = (Instant::now(), 0);
        while let Err(error) = Session::on(connection).begin(|session| self.count_up(session)) {
            assert!(error.is_locked(), "{error}");
            locked += 1;
        }
        Done { took: began.elapsed(), locked }
    }

    fn count_up(&self, session: &mut Session<'_>) -> Result<()> {
        let counter = session.get_one::<User>(Id::new(1))?;
        if !self.thinks.is_zero() {
            thread::sleep(self.thinks);
        }
        session.edit(counter)?.user_id += 1;
        Ok(())
    }
}

impl Done {
    fn read(line: &str) -> Self {
        let (micros, locked) = line.split_once(' ').expect("two numbers");
        Self { took: Duration::from_micros(micros.parse().expect("µs")), locked: locked.parse().expect("a number") }
    }
}

/// The figures of a round, the slowest unit first, so that the least value is the best.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
struct Figures {
    slowest: Duration,
    most: Duration,
    half: Duration,
    locked: usize,
    a_second: f64,
}

impl Figures {
    fn of(mut round: Vec<Done>) -> Self {
        round.sort_by_key(|done| done.took);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of an index is one")]
        let at = |share: f64| round[((round.len() - 1) as f64 * share) as usize].took;
        Self {
            slowest: at(1.0),
            most: at(0.99),
            half: at(0.5),
            locked: round.iter().map(|done| done.locked).sum(),
            a_second: round.len() as f64 / ROUND.as_secs_f64(),
        }
    }
}

fn main() {
    if let (Ok(name), Some(file)) = (env::var(SCENE), env::var_os(FILE)) {
        let scene = SCENES.iter().find(|scene| scene.name == name).expect("a scene");
        for Done { took, locked } in scene.write(Path::new(&file)) {
            println!("{} {locked}", took.as_micros());
        }
        return;
    }
    let arguments: Vec<String> = env::args().skip(1).collect();
    let rounds = if arguments.iter().any(|argument| argument == "--quick") { 1 } else { ROUNDS };
    let words: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with("--")).collect();
    let wanted = |scene: &&Scene| words.is_empty() || words.iter().any(|word| scene.name.contains(word.as_str()));
    let scenes: Vec<&Scene> = SCENES.iter().filter(wanted).collect();
    let mut best: Vec<Option<Figures>> = vec![None; scenes.len()];
    for _ in 0..rounds {
        for (scene, best) in scenes.iter().zip(&mut best) {
            let figures = Figures::of(scene.round());
            if best.is_none_or(|best| figures < best) {
                *best = Some(figures);
            }
        }
    }
    println!("best of {rounds} rounds of {ROUND:?}");
    for (scene, figures) in scenes.iter().zip(best.iter().flatten()) {
        let Figures { slowest, most, half, locked, a_second } = *figures;
        let verdict = match scene.queued {
            true if (slowest, locked) <= BOUND => " (at most 2 s, 0: kept)",
            true => " (at most 2 s, 0: MISSED)",
            false => "",
        };
        println!(
            "  {:<48} {a_second:>6.0} units/s, half {half:>8.1?}, 99 % {most:>8.1?}, slowest {slowest:>8.1?}, locked \
             {locked}{verdict}",
            scene.name
        );
    }
}
