//! The session on SQLite in memory, compared with hand-written rusqlite and idiomatic Diesel.

use diesel::connection::{Connection as _, SimpleConnection};
use diesel::prelude::*;
use diesel_session::{Handle, Session};

use crate::table::{Person, SQLITE_TABLE, diesel_person, email, name, new_person, people};
use crate::{Clock, Comparison, Contender, Took, timed};

const ROWS: i64 = 10_000;
const CPU: &[(&str, Clock)] = &[("CPU", Clock::Cpu)];

pub const COMPARISONS: &[Comparison] = &[
    Comparison {
        work: "SQLite: flush of 10,000 new rows, keys back",
        rows: ROWS,
        rounds: 15,
        clocks: CPU,
        session: session_insert,
        others: &[
            Contender { name: "rusqlite, prepared loop", round: rusqlite_insert_round, bound: Some(1.25) },
            Contender { name: "Diesel, natural loop", round: diesel_insert, bound: Some(1.0 / 3.0) },
        ],
    },
    Comparison {
        work: "SQLite: 10,000 narrow updates",
        rows: ROWS,
        rounds: 15,
        clocks: CPU,
        session: session_update,
        others: &[
            Contender { name: "rusqlite, prepared loop", round: rusqlite_update, bound: Some(1.6) },
            Contender { name: "Diesel, diesel::update loop", round: diesel_update, bound: Some(0.5) },
        ],
    },
    Comparison {
        work: "SQLite: 10,000 gets by key, cold",
        rows: ROWS,
        rounds: 15,
        clocks: CPU,
        session: session_get,
        others: &[Contender { name: "Diesel, find().get_result()", round: diesel_get, bound: Some(1.3) }],
    },
    Comparison {
        work: "SQLite: 10,000 whole rows into handles",
        rows: ROWS,
        rounds: 15,
        clocks: CPU,
        session: session_load,
        others: &[Contender { name: "Diesel, load", round: diesel_load, bound: Some(1.3) }],
    },
];

type Sqlite = SqliteConnection;

fn diesel_connection() -> Sqlite {
    let mut connection = Sqlite::establish(":memory:").expect("memory");
    connection.batch_execute(SQLITE_TABLE).expect("a new database");
    connection
}

fn filled() -> Sqlite {
    let mut connection = diesel_connection();
    let mut session = Session::on(&mut connection);
    add(&mut session);
    session.commit().expect("commit");
    drop(session);
    connection
}

fn rusqlite_connection(filled: bool) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open_in_memory().expect("memory");
    connection.execute_batch(SQLITE_TABLE).expect("a new database");
    if filled {
        rusqlite_insert(&connection);
    }
    connection
}

fn add(session: &mut Session<'_, Sqlite>) {
    for number in 1..=ROWS {
        session.add(new_person(number));
    }
    session.flush().expect("flush");
}

fn rusqlite_insert(connection: &rusqlite::Connection) -> Vec<i64> {
    connection.execute_batch("BEGIN").expect("begin");
    let keys = {
        let sql = "INSERT INTO people (number, name, email) VALUES (?, ?, ?) RETURNING id";
        let mut insert = connection.prepare(sql).expect("prepare");
        (1..=ROWS)
            .map(|number| insert.query_row((number, name(number), email(number)), |row| row.get(0)).expect("insert"))
            .collect()
    };
    connection.execute_batch("COMMIT").expect("commit");
    keys
}

pub const WARM: &str = "a get of a row that the session has";

fn session_insert() -> Took {
    timed(diesel_connection, |connection| {
        let mut session = Session::on(connection);
        add(&mut session);
        session.commit().expect("commit");
    })
}

fn rusqlite_insert_round() -> Took {
    timed(|| rusqlite_connection(false), |connection| rusqlite_insert(connection))
}

fn diesel_insert() -> Took {
    timed(diesel_connection, |connection| {
        connection.transaction(|connection| {
            (1..=ROWS)
                .map(|number| {
                    diesel::insert_into(people::table)
                        .values(diesel_person(number))
                        .returning(people::id)
                        .get_result(connection)
                })
                .collect::<QueryResult<Vec<i64>>>()
        })
    })
}

fn session_update() -> Took {
    let mut connection = filled();
    let mut session = Session::on(&mut connection);
    let handles: Vec<Handle<Person>> = session.query(Person::query()).all().expect("load");
    timed(
        || session,
        |session| {
            for (number, handle) in handles.iter().enumerate() {
                session.edit(*handle).expect("edit").name = format!("renamed {number}");
            }
            session.flush().expect("flush");
        },
    )
}

fn rusqlite_update() -> Took {
    timed(
        || rusqlite_connection(true),
        |connection| {
            connection.execute_batch("BEGIN").expect("begin");
            {
                let mut update = connection.prepare("UPDATE people SET name = ? WHERE id = ?").expect("prepare");
                for id in 1..=ROWS {
                    update.execute((format!("renamed {id}"), id)).expect("update");
                }
            }
            connection.execute_batch("COMMIT").expect("commit");
        },
    )
}

fn diesel_update() -> Took {
    timed(filled, |connection| {
        connection.transaction(|connection| {
            for id in 1..=ROWS {
                diesel::update(people::table.find(id))
                    .set(people::name.eq(format!("renamed {id}")))
                    .execute(connection)?;
            }
            QueryResult::Ok(())
        })
    })
}

fn session_get() -> Took {
    let mut connection = filled();
    timed(
        || Session::on(&mut connection),
        |session| {
            for id in 1..=ROWS {
                std::hint::black_box(session.get::<Person>(id).expect("get"));
            }
        },
    )
}

fn diesel_get() -> Took {
    timed(filled, |connection| {
        connection.transaction(|connection| {
            for id in 1..=ROWS {
                std::hint::black_box(people::table.find(id).select(Person::as_select()).get_result(connection)?);
            }
            QueryResult::Ok(())
        })
    })
}

fn session_load() -> Took {
    let mut connection = filled();
    timed(|| Session::on(&mut connection), |session| session.query(Person::query()).all().expect("load"))
}

fn diesel_load() -> Took {
    timed(filled, |connection| Person::query().load::<Person>(connection).expect("load"))
}

/// A get of a row that is in the session.
pub fn warm_get(rounds: u32) {
    let nanos = (0..rounds).map(|_| warm_round()).fold(f64::MAX, f64::min);
    let verdict = if nanos <= 100.0 { "kept" } else { "MISSED" };
    println!("{WARM}: {nanos:.0} ns (at most 100: {verdict})");
}

fn warm_round() -> f64 {
    let mut connection = filled();
    let mut session = Session::on(&mut connection);
    session.query(Person::query()).all().expect("load");
    let took = timed(
        || session,
        |session| {
            for _ in 0..20 {
                for id in 1..=ROWS {
                    std::hint::black_box(session.get::<Person>(id).expect("get"));
                }
            }
        },
    );
    took.cpu.as_secs_f64() * 1e9 / (20.0 * ROWS as f64)
}
