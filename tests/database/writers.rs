//! Many writers of one file, in one process and in several: each gets its turn within the busy timeout.

use std::env;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Instant;

use folio::database::Retry;
use folio::migrations::Migrate as _;
use folio::models::{NewUser, User};
use folio::types::Id;

use super::*;

/// Has so many threads count up one row, each so many times. A unit that waits for the lock for too long fails. Says how
/// long the slowest one took, for people who look at it.
fn count_up(database: &Database, id: Id<User>, threads: usize, units: usize) {
    let slowest = Mutex::new(Duration::ZERO);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                for _ in 0..units {
                    let began = Instant::now();
                    let counted = database.begin(|session| -> Result<()> {
                        let user = session.get_one::<User>(id)?;
                        session.edit(user)?.user_id += 1;
                        Ok(())
                    });
                    counted.unwrap();
                    let mut slowest = slowest.lock().unwrap();
                    *slowest = began.elapsed().max(*slowest);
                }
            });
        }
    });
    println!("the slowest of {} units took {:?}", threads * units, slowest.into_inner().unwrap());
}

/// A database with one row that counts from 0, open with the defaults but for its many connections.
fn counter(place: &Place) -> (Database, Id<User>) {
    let database = many(&place.file);
    let id = database.begin(|session| {
        let user = session.add(NewUser::new(0, "counter")?);
        Ok::<_, Error>(session.detach(user)?.id)
    });
    (database, id.unwrap())
}

fn many(path: &Path) -> Database {
    Database::open_with(path.to_str().unwrap(), Options::new().pool_size(32)).unwrap()
}

fn count(database: &Database, id: Id<User>) -> i64 {
    let counted = database.read(|session| {
        let user = session.get_one::<User>(id)?;
        Ok::<_, Error>(session.row(user)?.user_id)
    });
    counted.unwrap()
}

#[test]
fn of_32_threads_that_write_one_file_none_waits_for_longer_than_the_busy_timeout() {
    let place = Place::created();
    let (database, id) = counter(&place);
    count_up(&database, id, 32, 25);
    assert_eq!(count(&database, id), 32 * 25);
}

#[test]
fn units_of_32_writers_on_10_rows_are_all_done_without_a_policy_of_their_own() {
    let place = Place::created();
    let database = many(&place.file);
    let ids = database.begin(|session| {
        let users = (0..10).map(|row| Ok(session.add(NewUser::new(1_000 * row, "counter")?)));
        let users = users.collect::<Result<Vec<_>>>()?;
        users.into_iter().map(|user| Ok(session.detach(user)?.id)).collect::<Result<Vec<Id<User>>>>()
    });
    let ids = ids.unwrap();
    std::thread::scope(|scope| {
        for writer in 0..32_usize {
            let (database, ids) = (&database, &ids);
            scope.spawn(move || {
                for turn in 0..10 {
                    let unit = database.retrying(Retry::default(), |session| -> Result<()> {
                        let user = session.get_one::<User>(ids[(writer + turn * 3) % ids.len()])?;
                        session.edit(user)?.user_id += 1;
                        Ok(())
                    });
                    unit.unwrap();
                }
            });
        }
    });
    assert_eq!(ids.iter().map(|id| count(&database, *id) % 1_000).sum::<i64>(), 320);
}

#[test]
fn of_8_processes_of_4_threads_that_write_one_file_none_waits_for_longer_than_the_busy_timeout() {
    const INSIDE: &str = "FOLIO_TEST_COUNTS_UP_IN";
    const TEST: &str =
        "writers::of_8_processes_of_4_threads_that_write_one_file_none_waits_for_longer_than_the_busy_timeout";
    if let Some(path) = env::var_os(INSIDE) {
        return count_up(&many(Path::new(&path)), Id::new(1), 4, 25);
    }
    let place = Place::created();
    let (database, id) = counter(&place);
    assert_eq!(id, Id::new(1));
    let processes: Vec<_> = (0..8)
        .map(|_| {
            let mut process = Command::new(env::current_exe().unwrap());
            process
                .args(["--exact", TEST, "--nocapture"])
                .env(INSIDE, &place.file)
                .stdout(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for process in processes {
        let done = process.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&done.stdout);
        assert!(done.status.success(), "{said}");
        said.lines().filter(|line| line.contains("slowest")).for_each(|line| println!("{line}"));
    }
    assert_eq!(count(&database, id), 8 * 4 * 25);
}

#[test]
fn a_thread_that_begins_to_write_while_it_writes_is_refused_after_the_busy_timeout() {
    let place = Place::created();
    let database = many(&place.file);
    let brief = Options::new().busy_timeout(Duration::from_millis(20));
    let other = Database::open_with(place.file.to_str().unwrap(), brief).unwrap();
    let done = database.begin(|session| {
        session.add(NewUser::new(1, "step")?);
        session.flush()?;
        // Another session, and a runner of migrations, by another `Database` of this process.
        let refused = other.begin(|other| {
            other.add(NewUser::new(2, "other")?);
            other.flush()
        });
        assert!(refused.unwrap_err().is_locked());
        assert!(other.migrate().unwrap_err().is_locked());
        Ok::<_, Error>(())
    });
    done.unwrap();
    // The turn is given back, and the connection waits as long as it did before.
    other.migrate().unwrap();
    let waits =
        text(&mut other.connection().unwrap(), "SELECT CAST(timeout AS TEXT) AS value FROM pragma_busy_timeout");
    assert_eq!(waits, "20");
}

#[test]
fn a_unit_that_writes_waits_for_its_turn_though_nobody_holds_the_files_lock() {
    let place = Place::created();
    let database =
        Database::open_with(place.file.to_str().unwrap(), Options::new().busy_timeout(Duration::ZERO)).unwrap();
    let add = |number| {
        database.begin(|session| -> Result<()> {
            session.add(NewUser::new(number, "step")?);
            Ok(())
        })
    };
    add(1).unwrap();
    // It has the turn of this process, and has begun nothing.
    let turn = database.maintenance().unwrap();
    let refused = add(2).unwrap_err();
    assert!(refused.is_locked(), "{refused:?}");
    assert_eq!(database.read(|session| session.query(User::all()).count()).unwrap(), 1);
    drop(turn);
    add(2).unwrap();
}
