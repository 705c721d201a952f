//! A flush of an entity that keeps a history, compared with the same flush of one that does not.

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel_session::connection::{Access, Engine};
use diesel_session::database::Options;
use diesel_session::session::Everywhere;
use diesel_session::session::history::create_table;
use diesel_session::{Database, Entity, Handle, Session};

use crate::{Clock, Comparison, Contender, Took, timed};

const ROWS: i64 = 10_000;
const UNITS: i64 = 200;
const CPU: &[(&str, Clock)] = &[("CPU", Clock::Cpu)];
const WALL: &[(&str, Clock)] = &[("wall", Clock::Wall)];

pub const COMPARISONS: &[Comparison] = &[
    Comparison {
        work: "SQLite: history of 10,000 narrow updates in memory",
        rows: ROWS,
        rounds: 15,
        clocks: CPU,
        session: update_all::<Kept>,
        others: &[Contender { name: "the same without a history", round: update_all::<Plain>, bound: None }],
    },
    Comparison {
        work: "SQLite: history of 200 units of one edit, in a file",
        rows: UNITS,
        rounds: 7,
        clocks: WALL,
        session: update_units::<Kept>,
        others: &[Contender { name: "the same without a history", round: update_units::<Plain>, bound: Some(1.6) }],
    },
];

diesel::table! { kept (id) { id -> BigInt, number -> BigInt, name -> Text, email -> Nullable<Text> } }
diesel::table! { plain (id) { id -> BigInt, number -> BigInt, name -> Text, email -> Nullable<Text> } }

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = kept)]
#[entity(history)]
pub struct Kept {
    #[entity(key)]
    pub id: i64,
    pub number: i64,
    pub name: String,
    pub email: Option<String>,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = plain)]
pub struct Plain {
    #[entity(key)]
    pub id: i64,
    pub number: i64,
    pub name: String,
    pub email: Option<String>,
}

/// What the two have in common.
trait Person: Everywhere<Key = i64> {
    fn new(number: i64) -> Self::New;
    fn name(&mut self) -> &mut String;
}

impl Person for Kept {
    fn new(number: i64) -> NewKept {
        NewKept { id: None, number, name: format!("person number {number}"), email: None }
    }

    fn name(&mut self) -> &mut String {
        &mut self.name
    }
}

impl Person for Plain {
    fn new(number: i64) -> NewPlain {
        NewPlain { id: None, number, name: format!("person number {number}"), email: None }
    }

    fn name(&mut self) -> &mut String {
        &mut self.name
    }
}

/// A database with this many rows, in memory or in a file.
fn filled<E: Person>(url: &str, rows: i64) -> Database {
    let db = Database::open_with(url, Options::new().access(Access::Create)).expect("a database");
    let columns = "(id INTEGER PRIMARY KEY AUTOINCREMENT, number BIGINT NOT NULL, name TEXT NOT NULL, email TEXT)";
    let tables = format!("CREATE TABLE kept {columns}; CREATE TABLE plain {columns}; {}", create_table(Engine::Sqlite));
    db.connection().expect("a connection").batch_execute(&tables).expect("new tables");
    db.begin(|session| session.insert_all((1..=rows).map(E::new))).expect("rows");
    db
}

fn update_all<E: Person>() -> Took {
    let db = filled::<E>("sqlite::memory:", ROWS);
    let mut session = db.session().expect("a session");
    let handles: Vec<Handle<E>> = (1..=ROWS).map(|id| session.get_one::<E>(id).expect("get")).collect();
    timed(
        || session,
        |session| {
            for (number, handle) in handles.iter().enumerate() {
                *session.edit(*handle).expect("edit").name() = format!("renamed {number}");
            }
            session.flush().expect("flush");
        },
    )
}

fn update_units<E: Person>() -> Took {
    let folder = tempfile::tempdir().expect("a folder");
    let db = filled::<E>(&format!("sqlite://{}", folder.path().join("bench.db").display()), UNITS);
    let took = timed(
        || db,
        |db| {
            for id in 1..=UNITS {
                let unit = |session: &mut Session<'static>| -> diesel_session::Result<()> {
                    let handle = session.get_one::<E>(id)?;
                    *session.edit(handle)?.name() = format!("renamed {id}");
                    Ok(())
                };
                db.begin(unit).expect("a unit");
            }
        },
    );
    drop(folder);
    took
}
