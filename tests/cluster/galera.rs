//! Galera: three nodes that all take writes, conflicts between them at every place where one can show, and nodes that go.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use folio::connection::Access;
use folio::database::{Options, Retry};
use folio::{Database, Entity, Error, Result, Session};

use super::watch::until;
use crate::support::clusters::Galera;

diesel::table! {
    counters (id) { id -> BigInt, n -> BigInt, version -> BigInt }
}
diesel::table! {
    tallies (id) { id -> BigInt, n -> BigInt }
}
diesel::table! {
    entries (id) { id -> BigInt, name -> Text }
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = counters)]
pub struct Counter {
    #[entity(key)]
    pub id: i64,
    pub n: i64,
    #[entity(version)]
    pub version: i64,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = tallies)]
pub struct Tally {
    #[entity(key)]
    pub id: i64,
    pub n: i64,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = entries)]
pub struct Entry {
    #[entity(key)]
    pub id: i64,
    pub name: String,
}

const TABLES: &str = "
    CREATE TABLE counters (id BIGINT AUTO_INCREMENT PRIMARY KEY, n BIGINT NOT NULL, version BIGINT NOT NULL);
    CREATE TABLE tallies (id BIGINT PRIMARY KEY, n BIGINT NOT NULL);
    CREATE TABLE entries (id BIGINT AUTO_INCREMENT PRIMARY KEY, name TEXT NOT NULL);
    INSERT INTO counters (id, n, version) VALUES (1, 0, 1);
    INSERT INTO tallies (id, n) VALUES (1, 0), (2, 0), (3, 0);
";

/// The cluster, started once. Tests that leave it whole share it; the one that kills nodes has it for itself.
fn cluster() -> &'static RwLock<Galera> {
    static CLUSTER: OnceLock<RwLock<Galera>> = OnceLock::new();
    CLUSTER.get_or_init(|| RwLock::new(Galera::start()))
}

/// A database of its own for a test: a program has one `Database` a node.
fn nodes(galera: &Galera, name: &str) -> [Database; 3] {
    let options = || Options::new().pool_timeout(Duration::from_secs(1));
    let first = Database::open_with(&galera.url(1, name), options().access(Access::Create)).unwrap();
    first.connection().unwrap().batch_execute(TABLES).unwrap();
    [1, 2, 3].map(|node| {
        let mut found = None;
        until("the node has the tables", || {
            found = Database::open_with(&galera.url(node, name), options()).ok();
            found.as_ref().is_some_and(|db| sum(db, 3).is_ok())
        });
        found.unwrap()
    })
}

/// As many attempts as it takes.
fn patient() -> Retry {
    Retry::default().attempts(10_000).longest(Duration::from_millis(50))
}

fn sum(db: &Database, id: i64) -> Result<i64> {
    db.read(|session| {
        let tally = session.get_one::<Tally>(id)?;
        Ok(session.row(tally)?.n)
    })
}

fn names(db: &Database) -> Vec<String> {
    db.read(|session| session.rows(entries::table.select(entries::name).order(entries::name))).unwrap()
}

fn grow(session: &mut Session<'_>, id: i64, by: i64) -> Result<()> {
    let row = tallies::table.filter(tallies::id.eq(id));
    session.execute(diesel::update(row).set(tallies::n.eq(tallies::n + by))).map(drop)
}

#[test]
fn three_nodes_that_change_the_same_rows_at_once_end_with_the_exact_sums() {
    const WRITERS: i64 = 6;
    const UNITS: i64 = 15;
    let galera = cluster().read().unwrap();
    let nodes = nodes(&galera, "sums");
    std::thread::scope(|scope| {
        for db in nodes.iter().cycle().take(WRITERS.unsigned_abs() as usize) {
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

#[test]
fn rows_added_in_batches_from_three_nodes_at_once_get_their_own_keys() {
    const ROWS: usize = 250;
    const ROUNDS: usize = 4;
    let galera = cluster().read().unwrap();
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

/// Another unit, on the first node, that changes a row which a unit on the second node has changed and not committed.
struct Overtaker<'d> {
    nodes: &'d [Database; 3],
    attempts: Cell<u32>,
}

impl Overtaker<'_> {
    /// Overtakes the first attempt: when this returns, the second node has undone it and not yet said so.
    fn overtake(&self) {
        if self.attempts.get() == 1 {
            let before = sum(&self.nodes[1], 1).unwrap();
            self.nodes[0].begin(|session| grow(session, 1, 100)).unwrap();
            until("the second node has applied it", || sum(&self.nodes[1], 1).unwrap() > before);
        }
    }
}

#[derive(Debug)]
struct Own;

impl From<Error> for Own {
    fn from(_: Error) -> Self {
        Self
    }
}

/// Where a unit can meet the conflict; each does what it can to go on in spite of it.
type Place = fn(&mut Session<'static>, &Overtaker<'_>) -> Result<(), Own>;

const PLACES: &[(&str, Place)] = &[
    ("COMMIT", |_, other| {
        other.overtake();
        Ok(())
    }),
    ("a statement", |session, other| {
        other.overtake();
        grow(session, 3, 1)?;
        Ok(())
    }),
    ("a statement whose error is passed over", |session, other| {
        other.overtake();
        let _ = grow(session, 3, 1);
        Ok(())
    }),
    ("a SELECT", |session, other| {
        other.overtake();
        session.query(Counter::query()).all()?;
        Ok(())
    }),
    ("a flush", |session, other| {
        other.overtake();
        session.add(NewEntry::new("flushed")?);
        session.flush()?;
        Ok(())
    }),
    ("SAVEPOINT", |session, other| {
        other.overtake();
        let _ = session.nested(|_| Ok::<(), Own>(()));
        Ok(())
    }),
    ("RELEASE", |session, other| {
        let _ = session.nested(|_| {
            other.overtake();
            Ok::<(), Own>(())
        });
        Ok(())
    }),
    ("ROLLBACK TO", |session, other| {
        let _ = session.nested(|_| {
            other.overtake();
            Err::<(), Own>(Own)
        });
        Ok(())
    }),
    ("a statement in a savepoint", |session, other| {
        session.nested(|session| {
            other.overtake();
            grow(session, 3, 1)
        })?;
        Ok(())
    }),
    ("a statement in a savepoint whose error is passed over", |session, other| {
        let _ = session.nested(|session| {
            other.overtake();
            grow(session, 3, 1)
        });
        Ok(())
    }),
    ("a savepoint in a savepoint, passed over twice", |session, other| {
        let _ = session.nested(|session| {
            let _ = session.nested(|session| {
                other.overtake();
                let _ = grow(session, 3, 1);
                session.flush()
            });
            session.add(NewEntry::new("in the outer savepoint")?);
            session.flush()
        });
        Ok(())
    }),
];

/// Changes the row, meets the conflict at the place, and goes on to its end.
fn overtaken(session: &mut Session<'static>, other: &Overtaker<'_>, place: Place) -> Result<(), Own> {
    other.attempts.set(other.attempts.get() + 1);
    session.add(NewEntry::new("before")?);
    grow(session, 1, 1)?;
    place(session, other)?;
    session.add(NewEntry::new("after")?);
    Ok(())
}

#[test]
fn a_conflict_wherever_it_shows_runs_the_whole_unit_again_and_keeps_no_half_of_the_first() {
    let galera = cluster().read().unwrap();
    let nodes = nodes(&galera, "conflicts");
    let db = &nodes[1];
    for (place, meet) in PLACES {
        let (before, rows) = (sum(db, 1).unwrap(), names(db).len());
        let others = sum(db, 3).unwrap();
        let other = Overtaker { nodes: &nodes, attempts: Cell::new(0) };
        let done = db.retrying(patient(), |session| overtaken(session, &other, *meet));
        assert!(done.is_ok(), "at {place}");
        assert_eq!(other.attempts.get(), 2, "at {place}");
        assert_eq!(sum(db, 1).unwrap(), before + 101, "at {place}");
        assert!(sum(db, 3).unwrap() <= others + 1, "at {place}");
        let names = names(db);
        let count = |name: &str| names.iter().filter(|other| *other == name).count();
        assert_eq!(count("before"), count("after"), "at {place}");
        assert!(names.len() - rows <= 3, "at {place}: {names:?}");
    }
    assert_eq!(names(db).iter().filter(|name| *name == "before").count(), PLACES.len());
}

#[test]
fn a_conflict_without_another_attempt_is_a_typed_error_and_keeps_nothing() {
    let galera = cluster().read().unwrap();
    let nodes = nodes(&galera, "conflicts_told");
    let db = &nodes[1];
    for (place, meet) in PLACES {
        let before = sum(db, 1).unwrap();
        let other = Overtaker { nodes: &nodes, attempts: Cell::new(0) };
        let mut session = db.session().unwrap();
        let ended = session.begin(|session| overtaken(session, &other, *meet).map_err(|Own| Error::ReadOnlySession));
        let error = ended.unwrap_err();
        // An error that the unit passed on is the unit's own.
        assert!(matches!(error, Error::Conflict { .. } | Error::ReadOnlySession), "at {place}: {error}");
        assert!(session.met_conflict(), "at {place}");
        drop(session);
        assert_eq!((sum(db, 1).unwrap(), sum(db, 3).unwrap()), (before + 100, 0), "at {place}");
        assert_eq!(names(db), [""; 0], "at {place}");
    }
}

/// A look that sees all that was committed on any node before it. The setting counts for the BEGIN that comes after it.
fn is_there(db: &Database, name: &str) -> Result<bool> {
    let mut connection = db.connection()?;
    connection.batch_execute("SET SESSION wsrep_sync_wait = 1")?;
    Session::on(&mut *connection).query(Entry::query().filter(entries::name.eq(name))).exists()
}

/// Adds the row until it is known to be there, on whichever node works; never again before a look says that it is not.
fn surely(nodes: &[Database; 3], home: usize, name: &str, met: &Mutex<Vec<String>>) {
    let few = Retry::default().attempts(3);
    let mut at = home;
    let mut to_be_looked_for = false;
    loop {
        let done = if to_be_looked_for {
            is_there(&nodes[at], name).map(|there| {
                to_be_looked_for = false;
                there
            })
        } else {
            nodes[at].retrying(few, |session| -> Result<bool> {
                session.add(NewEntry::new(name)?);
                grow(session, 1, 1)?;
                Ok(true)
            })
        };
        match done {
            Ok(true) => return,
            Ok(false) => {}
            Err(error) => {
                met.lock().unwrap().push(error.to_string());
                assert!(error.is_retryable() || error.is_commit_unknown(), "{error}");
                to_be_looked_for |= error.is_commit_unknown();
                at = (at + 1) % nodes.len();
            }
        }
    }
}

#[test]
fn work_goes_on_without_one_node_stops_in_clear_words_without_two_and_goes_on_when_told() {
    let mut galera = cluster().write().unwrap();
    let nodes = nodes(&galera, "nodes_that_go");
    let (acknowledged, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (done, met) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for writer in 0..6 {
            let (nodes, acknowledged, stop, done, met) = (&nodes, &acknowledged, &stop, &done, &met);
            scope.spawn(move || {
                for number in 0.. {
                    let name = format!("{writer}.{number}");
                    surely(nodes, writer % 3, &name, met);
                    done.lock().unwrap().push(name);
                    acknowledged.fetch_add(1, Ordering::SeqCst);
                    if stop.load(Ordering::SeqCst) {
                        break;
                    }
                }
            });
        }
        let more = |what: &str| {
            let before = acknowledged.load(Ordering::SeqCst);
            until(what, || acknowledged.load(Ordering::SeqCst) > before + 60);
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
        let alone = nodes[1].connection().unwrap();
        { alone }.batch_execute("SET GLOBAL wsrep_provider_options = 'pc.bootstrap=YES'").unwrap();
        more("the last node works alone");
        stop.store(true, Ordering::SeqCst);
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
    let mut met = met.into_inner().unwrap_or_else(PoisonError::into_inner); met.sort(); met.dedup(); println!("{met:#?}");
}
