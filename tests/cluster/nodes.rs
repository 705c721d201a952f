//! The Galera cluster that the tests share, and the tables that they and those of the MySQL group work on.

use std::sync::{OnceLock, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel_session::session::once::create_table;
use diesel_session::{Database, Entity, Result, Session};
use folio::connection::{Access, Engine};
use folio::database::{Options, Retry};

use super::watch::until;
use folio_testing::clusters::Galera;

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

fn cluster() -> &'static RwLock<Galera> {
    static CLUSTER: OnceLock<RwLock<Galera>> = OnceLock::new();
    CLUSTER.get_or_init(|| RwLock::new(Galera::start()))
}

const BROKEN: &str = "another test has left the cluster broken";

/// The cluster, started once, for a test that leaves it whole: others use it at the same time.
pub fn shared() -> RwLockReadGuard<'static, Galera> {
    cluster().read().expect(BROKEN)
}

/// The cluster for a test that breaks it, and mends it.
pub fn own() -> RwLockWriteGuard<'static, Galera> {
    cluster().write().expect(BROKEN)
}

/// Creates the tables of these tests.
pub fn create_tables(db: &Database) {
    let mut connection = db.connection().unwrap();
    connection.batch_execute(TABLES).unwrap();
    connection.batch_execute(create_table(Engine::Mysql)).unwrap();
}

/// A database of its own for a test: a program has one `Database` a node.
pub fn nodes(galera: &Galera, name: &str) -> [Database; 3] {
    let first = Database::open_with(&galera.url(1, name), Options::new().access(Access::Create)).unwrap();
    create_tables(&first);
    [1, 2, 3].map(|node| {
        let mut found = None;
        until("the node has the tables", || {
            found = Database::open(&galera.url(node, name)).ok();
            found.as_ref().is_some_and(|db| sum(db, 3).is_ok())
        });
        found.unwrap()
    })
}

/// As many attempts as it takes.
pub fn patient() -> Retry {
    Retry::default().attempts(10_000).longest(Duration::from_millis(50))
}

pub fn sum(db: &Database, id: i64) -> Result<i64> {
    db.read(|session| {
        let tally = session.get_one::<Tally>(id)?;
        Ok(session.row(tally)?.n)
    })
}

pub fn names(db: &Database) -> Vec<String> {
    db.read(|session| session.rows(entries::table.select(entries::name).order(entries::name))).unwrap()
}

pub fn grow(session: &mut Session<'_>, id: i64, by: i64) -> Result<()> {
    let row = tallies::table.filter(tallies::id.eq(id));
    session.execute(diesel::update(row).set(tallies::n.eq(tallies::n + by))).map(drop)
}
