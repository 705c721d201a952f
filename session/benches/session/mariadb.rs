//! Upserts and many new rows on MariaDB over loopback, compared with Diesel as an expert would write it by hand.

use diesel::connection::SimpleConnection;
use diesel::mysql::MysqlConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel_session::Session;

use crate::table::{DieselAccount, accounts, diesel_account, email, name, new_account, store_half, upsert};
use crate::{Clock, Comparison, Contender, Took, timed};
use folio_testing::{TestEngine, servers};

const ROWS: i64 = 10_000;
/// The number of rows of a statement by hand.
const CHUNK: u16 = 100;

const BOTH: &[(&str, Clock)] = &[("CPU", Clock::Cpu), ("clock", Clock::Wall)];

pub const COMPARISONS: &[Comparison] = &[
    Comparison {
        work: "MariaDB: upsert of 10,000 rows, half of them stored, keys back",
        rows: ROWS,
        rounds: 5,
        clocks: BOTH,
        session: session_upsert,
        others: &[Contender { name: "Diesel, ON DUPLICATE KEY and SELECT", round: on_duplicate_key, bound: None }],
    },
    Comparison {
        work: "MariaDB: insert_all of 10,000 new rows",
        rows: ROWS,
        rounds: 5,
        clocks: BOTH,
        session: session_insert_all,
        others: &[
            Contender { name: "Diesel, VALUES of 100 rows", round: || values(100), bound: Some(1.0) },
            Contender { name: "Diesel, VALUES of 1,000 rows", round: || values(1_000), bound: Some(1.1) },
            Contender { name: "Diesel, VALUES of 10,000 rows", round: || values(10_000), bound: Some(1.1) },
        ],
    },
    Comparison {
        work: "MariaDB: flush of 10,000 new rows, keys back",
        rows: ROWS,
        rounds: 5,
        clocks: BOTH,
        session: session_flush,
        others: &[
            Contender { name: "Diesel, VALUES of 100 rows and SELECT", round: || values_and_keys(100), bound: None },
            Contender {
                name: "Diesel, VALUES of 1,000 rows and SELECT",
                round: || values_and_keys(1_000),
                bound: Some(1.15),
            },
        ],
    },
];

/// A connection to a newly created, empty table.
fn empty() -> MysqlConnection {
    let admin = servers::url(TestEngine::Mariadb, "mysql");
    let mut connection = MysqlConnection::establish(&admin).expect("the private server");
    connection
        .batch_execute(
            "CREATE DATABASE IF NOT EXISTS bench; USE bench; DROP TABLE IF EXISTS accounts; CREATE TABLE accounts \
             (id BIGINT AUTO_INCREMENT PRIMARY KEY, number BIGINT NOT NULL UNIQUE, name TEXT NOT NULL, email TEXT)",
        )
        .expect("a new table");
    connection
}

/// A connection to accounts, of which every other one of the bench's is stored.
fn half() -> MysqlConnection {
    let mut connection = empty();
    store_half(&mut connection, ROWS);
    connection
}

fn session_upsert() -> Took {
    timed(half, |connection| upsert(connection, ROWS))
}

fn session_insert_all() -> Took {
    timed(empty, |connection| {
        let mut session = Session::on(connection);
        session.insert_all((1..=ROWS).map(new_account)).expect("insert");
        session.commit().expect("commit");
    })
}

fn session_flush() -> Took {
    timed(empty, |connection| {
        let mut session = Session::on(connection);
        for number in 1..=ROWS {
            session.add(new_account(number));
        }
        session.commit().expect("commit");
    })
}

/// New rows, this many in a statement, and their keys, which are right where the counter's step is 1 and no trigger
/// interferes.
fn values_and_keys(chunk: u16) -> Took {
    timed(empty, |connection| {
        connection.transaction(|connection| {
            let mut keys = Vec::new();
            for first in (1..=ROWS).step_by(chunk.into()) {
                let rows: Vec<DieselAccount> = (first..first + i64::from(chunk)).map(diesel_account).collect();
                diesel::insert_into(accounts::table).values(rows).execute(connection)?;
                let key = diesel::select(diesel::dsl::sql::<BigInt>("CAST(LAST_INSERT_ID() AS SIGNED)"));
                let key: i64 = key.get_result(connection)?;
                let inserted = accounts::table.filter(accounts::id.between(key, key + i64::from(chunk) - 1));
                keys.extend(inserted.select((accounts::number, accounts::id)).load::<(i64, i64)>(connection)?);
            }
            QueryResult::Ok(keys)
        })
    })
}

/// New rows, this many in a statement.
fn values(chunk: u16) -> Took {
    timed(empty, |connection| {
        connection.transaction(|connection| {
            for first in (1..=ROWS).step_by(chunk.into()) {
                let rows: Vec<DieselAccount> = (first..first + i64::from(chunk)).map(diesel_account).collect();
                diesel::insert_into(accounts::table).values(rows).execute(connection)?;
            }
            QueryResult::Ok(())
        })
    })
}

/// It does not tell which rows were inserted, and is right only where the number is the one unique column.
fn on_duplicate_key() -> Took {
    timed(half, |connection| {
        connection.transaction(|connection| {
            let mut keys = Vec::new();
            for first in (1..=ROWS).step_by(CHUNK.into()) {
                let rows = vec!["(?, ?, ?)"; CHUNK.into()].join(", ");
                let mut upsert = diesel::sql_query(format!(
                    "INSERT INTO accounts (number, name, email) VALUES {rows} ON DUPLICATE KEY UPDATE name = VALUES(name), \
                     email = VALUES(email)"
                ))
                .into_boxed();
                for number in first..first + i64::from(CHUNK) {
                    upsert = upsert
                        .bind::<BigInt, _>(number)
                        .bind::<Text, _>(name(number))
                        .bind::<Nullable<Text>, _>(email(number));
                }
                upsert.execute(connection)?;
                let numbers = first..first + i64::from(CHUNK);
                keys.extend(
                    accounts::table
                        .filter(accounts::number.eq_any(numbers))
                        .select((accounts::number, accounts::id))
                        .load::<(i64, i64)>(connection)?,
                );
            }
            QueryResult::Ok(keys)
        })
    })
}
