//! Measures what small changes cost in a session that holds a thousand rows, and in one that holds a million.
//!
//! `cargo bench -p diesel-session --bench growth` prints a line per change: the CPU time of each on SQLite in memory, and
//! their ratio, with its bound. What has changed decides the cost, not what is loaded.

use cpu_time::ThreadTime;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel_session::{Error, Handle, Result, Session};

const FEW: i64 = 1_000;
const MANY: i64 = 1_000_000;
/// How often each change is made; the median counts.
const ROUNDS: usize = 51;
const BOUND: f64 = 2.0;

diesel::table! { parents (id) { id -> BigInt, name -> Text } }
diesel::table! { children (id) { id -> BigInt, parent_id -> BigInt } }

#[derive(Debug, Clone, PartialEq, HasQuery, diesel_session::Entity)]
#[diesel(table_name = parents)]
pub struct Parent {
    #[entity(key)]
    pub id: i64,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, HasQuery, diesel_session::Entity)]
#[diesel(table_name = children)]
pub struct Child {
    #[entity(key)]
    pub id: i64,
    #[entity(references = parents::id)]
    pub parent_id: i64,
}

const TABLES: &str = "CREATE TABLE parents (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL);
    CREATE TABLE children (id INTEGER PRIMARY KEY AUTOINCREMENT,
                           parent_id BIGINT NOT NULL REFERENCES parents ON DELETE CASCADE);
    CREATE INDEX children_parent ON children (parent_id)";

/// A session on `connection` that has read `rows` children and as many parents.
fn filled(connection: &mut SqliteConnection, rows: i64) -> Result<Session<'_, SqliteConnection>> {
    connection.batch_execute(TABLES).expect("a new database");
    let mut session = Session::on(connection);
    session.insert_all((0..rows).map(|_| NewParent { id: None, name: "parent".into() }))?;
    session.insert_all((1..=rows).map(|parent| NewChild { id: None, parent_id: parent.into() }))?;
    session.commit()?;
    session.query(Parent::query()).all()?;
    session.query(Child::query()).all()?;
    Ok(session)
}

/// A small change, made in the given round.
type Change = fn(&mut Session<'_, SqliteConnection>, i64) -> Result<()>;

fn parent(session: &mut Session<'_, SqliteConnection>, round: i64) -> Result<Handle<Parent>> {
    session.get_one::<Parent>(round + 1)
}

fn nested_and_undone(session: &mut Session<'_, SqliteConnection>, round: i64) -> Result<()> {
    let parent = parent(session, round)?;
    let undone: Result<()> = session.nested(|session| {
        session.edit(parent)?.name = format!("name {round}");
        session.flush()?;
        Err(Error::NoRows { what: "reason to stay".into() })
    });
    assert!(undone.is_err());
    Ok(())
}

fn added_and_rolled_back(session: &mut Session<'_, SqliteConnection>, _round: i64) -> Result<()> {
    session.add(NewParent { id: None, name: "new".into() });
    session.flush()?;
    session.rollback()
}

fn parent_deleted(session: &mut Session<'_, SqliteConnection>, round: i64) -> Result<()> {
    let parent = parent(session, round)?;
    session.delete(parent)?;
    session.flush()
}

fn one_row_by_a_statement(session: &mut Session<'_, SqliteConnection>, round: i64) -> Result<()> {
    session.execute(diesel::update(parents::table.find(round + 1)).set(parents::name.eq("changed"))).map(|_| ())
}

const CHANGES: [(&str, Change); 4] = [
    ("a savepoint rolled back, one row changed", nested_and_undone),
    ("add, flush, rollback", added_and_rolled_back),
    ("delete a parent of loaded children", parent_deleted),
    ("UPDATE of one row by execute", one_row_by_a_statement),
];

/// The median time of a change in a session that holds this number of rows, in microseconds.
fn cost(change: Change, rows: i64) -> Result<f64> {
    let mut connection = SqliteConnection::establish(":memory:").expect("memory");
    let mut session = filled(&mut connection, rows)?;
    let mut times = Vec::with_capacity(ROUNDS);
    for round in (0..).take(ROUNDS) {
        let started = ThreadTime::now();
        change(&mut session, round)?;
        times.push(started.elapsed().as_secs_f64() * 1e6);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[ROUNDS / 2])
}

fn main() -> Result<()> {
    println!("{:<42} {:>12} {:>15}", "", "1,000 rows", "1,000,000 rows");
    for (name, change) in CHANGES {
        let (few, many) = (cost(change, FEW)?, cost(change, MANY)?);
        let verdict = if many / few <= BOUND { "kept" } else { "MISSED" };
        println!("{name:<42} {few:>9.1} µs {many:>12.1} µs   ratio {:.2}, at most {BOUND}: {verdict}", many / few);
    }
    Ok(())
}
