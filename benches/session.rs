//! What the session costs beside hand-written rusqlite and natural Diesel: the same work on SQLite in memory, in one
//! process, by CPU time, as ratios.
//!
//! `cargo bench --bench session` prints a line a comparison: the session's time a row, the other's, their ratio and the
//! bound that it is to keep. Contenders take turns, and the best of their rounds counts, so that a busy machine
//! disturbs all alike. `-- --quick` runs fewer rounds; any other word runs only the comparisons whose name has it.

use std::time::Duration;

use cpu_time::ThreadTime;
use diesel::connection::{Connection as _, SimpleConnection};
use diesel::prelude::*;
use folio::{Entity, Handle, Session};

const ROWS: i64 = 10_000;
const TABLE: &str = "CREATE TABLE people (id INTEGER PRIMARY KEY AUTOINCREMENT, number BIGINT NOT NULL, \
                     name TEXT NOT NULL, email TEXT)";

diesel::table! {
    people (id) { id -> BigInt, number -> BigInt, name -> Text, email -> Nullable<Text> }
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = people)]
pub struct Person {
    #[entity(key)]
    pub id: i64,
    pub number: i64,
    pub name: String,
    pub email: Option<String>,
}

#[derive(Insertable)]
#[diesel(table_name = people)]
struct DieselPerson {
    number: i64,
    name: String,
    email: Option<String>,
}

fn name(number: i64) -> String {
    format!("person number {number}")
}

fn email(number: i64) -> Option<String> {
    (number % 2 == 0).then(|| format!("{number}@example.org"))
}

type Sqlite = SqliteConnection;

fn diesel_connection() -> Sqlite {
    let mut connection = Sqlite::establish(":memory:").expect("memory");
    connection.batch_execute(TABLE).expect("a new database");
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
    connection.execute_batch(TABLE).expect("a new database");
    if filled {
        rusqlite_insert(&connection);
    }
    connection
}

fn add(session: &mut Session<'_, Sqlite>) {
    for number in 1..=ROWS {
        session.add(NewPerson { number, name: name(number), email: email(number) });
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

/// The CPU time of `work`; what it needs and what it leaves is not counted.
fn timed<S, T>(prepare: impl FnOnce() -> S, work: impl FnOnce(&mut S) -> T) -> Duration {
    let mut state = prepare();
    let start = ThreadTime::now();
    let left = work(&mut state);
    let took = start.elapsed();
    drop(std::hint::black_box(left));
    took
}

/// One way to do the work: its name and a round of it.
type Contender = (&'static str, fn() -> Duration);

/// The session and the others beside it, each with the ratio that the session is to keep.
struct Comparison {
    work: &'static str,
    session: fn() -> Duration,
    others: &'static [(Contender, f64)],
}

const COMPARISONS: &[Comparison] = &[
    Comparison {
        work: "flush of 10,000 new rows, keys back",
        session: session_insert,
        others: &[
            (("rusqlite, prepared loop", rusqlite_insert_round), 1.25),
            (("Diesel, natural loop", diesel_insert), 1.0 / 3.0),
        ],
    },
    Comparison {
        work: "10,000 narrow updates",
        session: session_update,
        others: &[
            (("rusqlite, prepared loop", rusqlite_update), 1.6),
            (("Diesel, diesel::update loop", diesel_update), 0.5),
        ],
    },
    Comparison {
        work: "10,000 gets by key, cold",
        session: session_get,
        others: &[(("Diesel, find().get_result()", diesel_get), 1.3)],
    },
    Comparison {
        work: "10,000 whole rows into handles",
        session: session_load,
        others: &[(("Diesel, load", diesel_load), 1.3)],
    },
];

const WARM: &str = "a get of a row that the session has";

fn session_insert() -> Duration {
    timed(diesel_connection, |connection| {
        let mut session = Session::on(connection);
        add(&mut session);
        session.commit().expect("commit");
    })
}

fn rusqlite_insert_round() -> Duration {
    timed(|| rusqlite_connection(false), |connection| rusqlite_insert(connection))
}

fn diesel_insert() -> Duration {
    timed(diesel_connection, |connection| {
        connection.transaction(|connection| {
            (1..=ROWS)
                .map(|number| {
                    diesel::insert_into(people::table)
                        .values(DieselPerson { number, name: name(number), email: email(number) })
                        .returning(people::id)
                        .get_result(connection)
                })
                .collect::<QueryResult<Vec<i64>>>()
        })
    })
}

fn session_update() -> Duration {
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

fn rusqlite_update() -> Duration {
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

fn diesel_update() -> Duration {
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

fn session_get() -> Duration {
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

fn diesel_get() -> Duration {
    timed(filled, |connection| {
        connection.transaction(|connection| {
            for id in 1..=ROWS {
                std::hint::black_box(people::table.find(id).select(Person::as_select()).get_result(connection)?);
            }
            QueryResult::Ok(())
        })
    })
}

fn session_load() -> Duration {
    let mut connection = filled();
    timed(|| Session::on(&mut connection), |session| session.query(Person::query()).all().expect("load"))
}

fn diesel_load() -> Duration {
    timed(filled, |connection| Person::query().load::<Person>(connection).expect("load"))
}

/// A get of a row that the session has: nanoseconds.
fn warm_get() -> f64 {
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
    took.as_secs_f64() * 1e9 / (20.0 * ROWS as f64)
}

fn best(rounds: u32, contenders: &[fn() -> Duration]) -> Vec<f64> {
    let mut best = vec![Duration::MAX; contenders.len()];
    for _ in 0..rounds {
        for (best, round) in best.iter_mut().zip(contenders) {
            *best = (*best).min(round());
        }
    }
    best.into_iter().map(|time| time.as_secs_f64() * 1e6 / ROWS as f64).collect()
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let rounds = if arguments.iter().any(|argument| argument == "--quick") { 3 } else { 15 };
    let words: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with("--")).collect();
    let wanted = |name: &str| words.is_empty() || words.iter().any(|word| name.contains(word.as_str()));
    println!("CPU time a row, best of {rounds} rounds, in microseconds\n");
    for comparison in COMPARISONS.iter().filter(|comparison| wanted(comparison.work)) {
        println!("{}", comparison.work);
        let mut contenders = vec![comparison.session];
        contenders.extend(comparison.others.iter().map(|((_, round), _)| *round));
        let times = best(rounds, &contenders);
        println!("  {:<30} {:>7.3}", "session", times[0]);
        for (((name, _), bound), time) in comparison.others.iter().zip(&times[1..]) {
            let ratio = times[0] / time;
            let verdict = if ratio <= *bound { "kept" } else { "MISSED" };
            println!("  {name:<30} {time:>7.3}   session is {ratio:.2} x (at most {bound:.2}: {verdict})");
        }
        println!();
    }
    if !wanted(WARM) {
        return;
    }
    let warm = (0..rounds).map(|_| warm_get()).fold(f64::MAX, f64::min);
    let verdict = if warm <= 100.0 { "kept" } else { "MISSED" };
    println!("{WARM}: {warm:.0} ns (at most 100: {verdict})");
}
