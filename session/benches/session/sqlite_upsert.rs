//! Upserts on SQLite in memory, compared with hand-written rusqlite and idiomatic Diesel.

use diesel::connection::{Connection as _, SimpleConnection};
use diesel::prelude::*;
use diesel::upsert::excluded;

use crate::table::{accounts, diesel_account, email, name, store_half, upsert};
use crate::{Clock, Comparison, Contender, Took, timed};

const ROWS: i64 = 10_000;

const TABLE: &str = "CREATE TABLE accounts (id INTEGER PRIMARY KEY AUTOINCREMENT, number BIGINT NOT NULL UNIQUE, \
                     name TEXT NOT NULL, email TEXT)";

pub const COMPARISONS: &[Comparison] = &[Comparison {
    work: "SQLite: upsert of 10,000 rows, half of them stored, keys back",
    rows: ROWS,
    rounds: 15,
    clocks: &[("CPU", Clock::Cpu)],
    session: session_upsert,
    others: &[
        Contender { name: "Diesel, natural loop", round: diesel_upsert, bound: Some(1.1) },
        Contender { name: "rusqlite, prepared loop", round: rusqlite_upsert, bound: None },
    ],
}];

/// A connection to accounts, of which every other one of the bench's is stored.
fn half() -> SqliteConnection {
    let mut connection = SqliteConnection::establish(":memory:").expect("memory");
    connection.batch_execute(TABLE).expect("a new database");
    store_half(&mut connection, ROWS);
    connection
}

fn session_upsert() -> Took {
    timed(half, |connection| upsert(connection, ROWS))
}

fn diesel_upsert() -> Took {
    timed(half, |connection| {
        connection.transaction(|connection| {
            (1..=ROWS)
                .map(|number| {
                    diesel::insert_into(accounts::table)
                        .values(diesel_account(number))
                        .on_conflict(accounts::number)
                        .do_update()
                        .set((
                            accounts::name.eq(excluded(accounts::name)),
                            accounts::email.eq(excluded(accounts::email)),
                        ))
                        .returning(accounts::id)
                        .get_result(connection)
                })
                .collect::<QueryResult<Vec<i64>>>()
        })
    })
}

fn rusqlite_upsert() -> Took {
    let prepare = || {
        let connection = rusqlite::Connection::open_in_memory().expect("memory");
        connection.execute_batch(TABLE).expect("a new database");
        connection.execute_batch("BEGIN").expect("begin");
        for number in (1..=ROWS).step_by(2) {
            let row = (number, name(number), email(number));
            connection.execute("INSERT INTO accounts (number, name, email) VALUES (?, ?, ?)", row).expect("insert");
        }
        connection.execute_batch("COMMIT").expect("commit");
        connection
    };
    timed(prepare, |connection| {
        connection.execute_batch("BEGIN").expect("begin");
        let keys: Vec<i64> = {
            let sql = "INSERT INTO accounts (number, name, email) VALUES (?, ?, ?) ON CONFLICT (number) DO UPDATE SET \
                       name = excluded.name, email = excluded.email RETURNING id";
            let mut upsert = connection.prepare(sql).expect("prepare");
            (1..=ROWS)
                .map(|number| {
                    upsert.query_row((number, name(number), email(number)), |row| row.get(0)).expect("upsert")
                })
                .collect()
        };
        connection.execute_batch("COMMIT").expect("commit");
        keys
    })
}
