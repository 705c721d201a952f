//! Galera: three nodes that all take writes, and nodes that go.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel_session::{Database, Error, Result, Session};
use folio::connection::{Access, Engine, SessionConnection as _};
use folio::database::{Options, Retry};
use folio::migrations::{MIGRATIONS, Migrate as _, SchemaState};

use super::load::written_during;
use super::nodes::*;
use super::watch::{LONGEST, Stop, until};

#[test]
fn three_nodes_that_change_the_same_rows_at_once_end_with_the_exact_sums() {
    const WRITERS: i64 = 6;
    const UNITS: i64 = 10;
    let galera = shared();
    let nodes = nodes(&galera, "sums");
    std::thread::scope(|scope| {
        for db in nodes.iter().cycle().take(usize::try_from(WRITERS).unwrap()) {
            scope.spawn(move || {
                for _ in 0..UNITS {
                    // Read, then written: the version column finds out what came between.
                    db.retrying(patient(), |session| -> Result<()> {
                        let counter = session.get_one::<Counter>(1)?;
                        session.edit(counter)?.n += 1;
                        Ok(())
                    })
                    .unwrap();
                    // Read under a lock, then written: what another node does to the row undoes this unit.
                    db.retrying(patient(), |session| -> Result<()> {
                        let tally = session.get_for_update::<Tally>(1)?.unwrap();
                        session.edit(tally)?.n += 1;
                        Ok(())
                    })
                    .unwrap();
                    // Changed where it is.
                    db.retrying(patient(), |session| grow(session, 2, 1)).unwrap();
                }
            });
        }
    });
    for db in &nodes {
        let whole = WRITERS * UNITS;
        until("the node has applied all", || sum(db, 1).unwrap() >= whole && sum(db, 2).unwrap() >= whole);
        assert_eq!((sum(db, 1).unwrap(), sum(db, 2).unwrap()), (whole, whole));
        let counter = |session: &mut Session<'_>| session.rows(Counter::query());
        until("the node has applied all", || db.read(counter).unwrap()[0].n >= whole);
        assert_eq!(db.read(counter).unwrap(), [Counter { id: 1, n: whole, version: whole + 1 }]);
    }
}

/// The number of Folio's migrations.
fn all() -> usize {
    MIGRATIONS.list(Engine::Mysql).unwrap().len()
}

#[test]
fn what_one_node_migrates_is_there_on_all() {
    let galera = shared();
    let options = Options::new().access(Access::Create);
    let db = Database::open_with(&galera.url(1, "migrated"), options).unwrap();
    assert_eq!(db.migrate().unwrap().len(), all());
    for node in [2, 3] {
        until("the node has the tables", || {
            let there = Database::open(&galera.url(node, "migrated"));
            there.is_ok_and(|db| db.schema_state().is_ok_and(|state| state == SchemaState::Current))
        });
    }
}

#[test]
fn a_lock_on_a_row_holds_on_its_own_node_only() {
    let galera = shared();
    let nodes = nodes(&galera, "locks");
    nodes[0]
        .begin(|session| -> Result<()> {
            session.get_for_update::<Tally>(3)?;
            // Neither waits for the other, nor undoes it.
            nodes[1].begin(|session| session.get_for_update::<Tally>(3).map(drop))?;
            let here = Database::open_with(&galera.url(1, "locks"), Options::new().busy_timeout(Duration::ZERO))?;
            let refused = here.begin(|session| session.get_for_update::<Tally>(3).map(drop)).unwrap_err();
            assert!(refused.is_locked(), "{refused}");
            Ok(())
        })
        .unwrap();
}

#[test]
fn rows_added_in_batches_from_three_nodes_at_once_get_their_own_keys() {
    const ROWS: usize = 250;
    const ROUNDS: usize = 4;
    let galera = shared();
    let nodes = nodes(&galera, "keys_of_batches");
    let given = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for (node, db) in nodes.iter().enumerate() {
            let given = &given;
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let told = db.retrying(patient(), |session| -> Result<Vec<(i64, String)>> {
                        let named = (0..ROWS).map(|row| format!("{node} {round} {row}"));
                        let added: Vec<_> =
                            named.map(|name| Ok((session.add(NewEntry::new(&*name)?), name))).collect::<Result<_>>()?;
                        session.flush()?;
                        Ok(added.into_iter().map(|(entry, name)| (session.key(entry).unwrap(), name)).collect())
                    });
                    given.lock().unwrap().extend(told.unwrap());
                }
            });
        }
    });
    let given = given.into_inner().unwrap();
    assert_eq!(given.len(), nodes.len() * ROUNDS * ROWS);
    for db in &nodes {
        let rows = || db.read(|session| session.rows::<(i64, String), _>(entries::table)).unwrap();
        until("the node has applied all", || rows().len() >= given.len());
        assert_eq!(rows().into_iter().collect::<BTreeMap<_, _>>(), given);
    }
}

/// A look that sees all that was committed on any node before it. The setting counts for the BEGIN that comes after it.
fn is_there(db: &Database, name: &str) -> Result<bool> {
    let mut connection = db.connection()?;
    let set = connection.batch_execute("SET SESSION wsrep_sync_wait = 1");
    set.map_err(|error| connection.explain(error, "", "asking for all that was committed"))?;
    Session::on(&mut *connection).query(Entry::query().filter(entries::name.eq(name))).exists()
}

/// Adds the row until it is known to be there, on whichever node works; never again before a look says that it is not.
fn surely(nodes: &[Database; 3], home: usize, name: &str, retry: Retry) {
    let mut at = home;
    let mut to_be_looked_for = false;
    let started = Instant::now();
    loop {
        assert!(started.elapsed() < LONGEST, "{name}: no node works");
        let done = if to_be_looked_for {
            is_there(&nodes[at], name).inspect(|_| to_be_looked_for = false)
        } else {
            nodes[at].retrying(retry, |session| -> Result<bool> {
                // Holds a row that all want while more is sent: another node may undo this unit at any of it.
                grow(session, 1, 1)?;
                session.add(NewEntry::new(name)?);
                session.flush()?;
                Ok(true)
            })
        };
        match done {
            Ok(true) => return,
            Ok(false) => {}
            Err(error) => {
                assert!(error.is_retryable() || error.is_commit_unknown(), "{error}");
                to_be_looked_for |= error.is_commit_unknown();
                at = (at + 1) % nodes.len();
            }
        }
    }
}

/// How often a statement of the test below was given up.
static UNANSWERED: AtomicUsize = AtomicUsize::new(0);

/// Tries again after everything, and counts.
fn counted(error: &Error) -> bool {
    let unanswered = error.is_disconnected() && error.to_string().contains("(read_timeout)");
    UNANSWERED.fetch_add(usize::from(unanswered), Ordering::SeqCst);
    true
}

#[test]
fn six_programs_on_three_nodes_get_through_every_time_whatever_the_nodes_leave_unanswered() {
    const RUNS: usize = 20;
    const PROGRAMS: usize = 6;
    const UNITS: usize = 10;
    let galera = shared();
    let nodes = nodes(&galera, "unanswered");
    let mut done = Vec::new();
    for run in 0..RUNS {
        let all_at_once = Barrier::new(PROGRAMS);
        std::thread::scope(|scope| {
            for program in 0..PROGRAMS {
                let (galera, all_at_once) = (&galera, &all_at_once);
                scope.spawn(move || {
                    let url = |node| format!("{}?read_timeout=1", galera.url(node, "unanswered"));
                    let own = [1, 2, 3].map(|node| Database::open(&url(node)).unwrap());
                    all_at_once.wait();
                    for unit in 0..UNITS {
                        let retry =
                            Retry::default().attempts(50).longest(Duration::from_millis(20)).only_after(counted);
                        surely(&own, program % 3, &format!("{run} {program} {unit}"), retry);
                    }
                });
            }
        });
        done.extend((0..PROGRAMS).flat_map(|program| (0..UNITS).map(move |unit| format!("{run} {program} {unit}"))));
    }
    println!("{} statements of {} units were given up", UNANSWERED.load(Ordering::SeqCst), done.len());
    done.sort();
    for db in &nodes {
        until("the node has applied all", || names(db).len() >= done.len());
        assert_eq!(names(db), done);
        assert_eq!(sum(db, 1).unwrap(), i64::try_from(done.len()).unwrap());
    }
}

#[test]
fn work_goes_on_without_one_node_stops_in_clear_words_without_two_and_goes_on_when_told() {
    let mut galera = own();
    let nodes = nodes(&galera, "nodes_that_go");
    // Whoever works on them does not wait long for a node that is gone.
    let brief = || Options::new().pool_timeout(Duration::from_millis(300));
    let at_work = [1, 2, 3].map(|node| Database::open_with(&galera.url(node, "nodes_that_go"), brief()).unwrap());
    let (acknowledged, stop, done) = (AtomicUsize::new(0), Stop::default(), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        let writing = stop.at_the_end();
        for writer in 0..6 {
            let (at_work, acknowledged, stop, done) = (&at_work, &acknowledged, &stop, &done);
            scope.spawn(move || {
                for number in 0.. {
                    let name = format!("{writer}.{number}");
                    surely(at_work, writer % 3, &name, Retry::default().attempts(3));
                    done.lock().unwrap().push(name);
                    acknowledged.fetch_add(1, Ordering::SeqCst);
                    if stop.is_told() {
                        break;
                    }
                }
            });
        }
        let more = |what: &str| {
            let before = acknowledged.load(Ordering::SeqCst);
            until(what, || acknowledged.load(Ordering::SeqCst) > before + 100);
        };
        more("three nodes work");
        galera.kill_node(3);
        more("two nodes work");
        galera.kill_node(1);
        let mut said = None;
        until("the last node says that it is alone", || {
            said = nodes[1].begin(|session| grow(session, 2, 1)).err();
            matches!(said, Some(Error::NotReady { .. }))
        });
        let said = said.unwrap();
        assert!(said.is_retryable() && said.to_string().contains("pc.bootstrap=YES"), "{said}");
        let mut alone = nodes[1].connection().unwrap();
        alone.batch_execute("SET GLOBAL wsrep_provider_options = 'pc.bootstrap=YES'").unwrap();
        more("the last node works alone");
        drop(writing);
    });
    galera.start_node(1);
    galera.start_node(3);
    let mut done = done.into_inner().unwrap();
    done.sort();
    for db in &nodes {
        until("the node is back", || sum(db, 1).is_ok());
        assert_eq!(names(db), done);
        assert_eq!(sum(db, 1).unwrap(), i64::try_from(done.len()).unwrap());
    }
}

#[test]
fn b201_units_on_a_url_of_all_nodes_go_on_when_their_node_is_killed_and_each_is_there_once() {
    let mut galera = own();
    nodes(&galera, "one_url");
    let options = Options::new().pool_timeout(Duration::from_secs(1));
    let db = Database::open_with(&galera.url_of_all("one_url"), options).unwrap();
    let done = written_during(&db, |more| {
        more("the first node works");
        galera.kill_node(1);
        more("another one works");
    });
    galera.start_node(1);
    for node in 1..=3 {
        let db = Database::open(&galera.url(node, "one_url")).unwrap();
        until("the node has applied all", || names(&db).len() >= done.len());
        assert_eq!(names(&db), done);
    }
}

#[test]
fn b204_a_read_on_another_node_sees_all_that_was_committed_before() {
    let galera = shared();
    let own = nodes(&galera, "reads");
    let url = format!("{}?read_from=standby", galera.url_of_all("reads"));
    let db = Database::open(&url).unwrap();
    let place = || diesel::select(diesel::dsl::sql::<diesel::sql_types::BigInt>("@@port"));
    let port = |session: &mut Session<'static>| session.rows::<i64, _>(place());
    assert_ne!(db.read(port).unwrap(), db.begin(port).unwrap());
    for n in 1..=200 {
        // Also what another program commits on another node.
        own[n % 3].retrying(patient(), |session| grow(session, 1, 1)).unwrap();
        assert_eq!(sum(&db, 1).unwrap(), i64::try_from(n).unwrap());
    }
}

#[test]
fn of_two_runners_on_two_nodes_one_migrates_and_the_other_is_told_or_finds_nothing_to_do() {
    let galera = shared();
    let created = Database::open_with(&galera.url(1, "two_runners"), Options::new().access(Access::Create)).unwrap();
    until("the node has the database", || Database::open(&galera.url(2, "two_runners")).is_ok());
    let other = Database::open(&galera.url(2, "two_runners")).unwrap();
    let start = Barrier::new(2);
    let run = |db: &Database| {
        start.wait();
        db.migrate().map(|applied| applied.len())
    };
    let ran = std::thread::scope(|scope| {
        let runners = [scope.spawn(|| run(&created)), scope.spawn(|| run(&other))];
        runners.map(|runner| runner.join().unwrap())
    });
    assert!(ran.iter().any(|done| matches!(done, Ok(applied) if *applied == all())), "{ran:?}");
    let locked = |error: &folio::Error| matches!(error, folio::Error::Migrate(error) if error.is_locked());
    assert!(ran.iter().all(|done| matches!(done, Ok(applied) if [0, all()].contains(applied)) || done.as_ref().is_err_and(locked)), "{ran:?}");
    until("the node has applied all", || created.schema_state().unwrap() == SchemaState::Current);
}
