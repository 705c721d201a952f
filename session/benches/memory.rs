//! Measures the memory of a session's rows, in allocated bytes, compared with the same rows in a `Vec`, and that
//! releasing rows frees it.
//!
//! `cargo bench -p diesel-session --bench memory` prints a line per measurement, with its bound.

mod table;

use std::alloc::System;

use cap::Cap;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel_session::{Handle, Session};

use table::{NewPerson, Person, SQLITE_TABLE, people};

#[global_allocator]
static ALLOCATED: Cap<System> = Cap::new(System, usize::MAX);

const ROWS: usize = 1_000_000;

fn person(number: i64) -> NewPerson {
    NewPerson {
        id: None,
        number,
        name: format!("person number {number:07}"),
        email: Some(format!("{number:07}@example.org")),
    }
}

fn filled() -> SqliteConnection {
    let mut connection = SqliteConnection::establish(":memory:").expect("memory");
    connection.batch_execute(SQLITE_TABLE).expect("a new database");
    let mut session = Session::on(&mut connection);
    session.insert_all((1..).take(ROWS).map(person)).expect("insert");
    session.commit().expect("commit");
    drop(session);
    connection
}

fn line(what: &str, bytes: usize, bound: usize) {
    let verdict = if bytes <= bound { "kept" } else { "MISSED" };
    println!("{what:<44} {bytes:>12} bytes, {:>6.1} a row   at most {bound}: {verdict}", bytes as f64 / ROWS as f64);
}

fn main() {
    let mut connection = filled();
    let start = ALLOCATED.allocated();
    let allocated = || ALLOCATED.allocated() - start;

    let rows: Vec<Person> = Person::query().load(&mut connection).expect("load");
    let mut exact = Vec::with_capacity(rows.len());
    exact.extend(rows);
    let vec = allocated();
    println!(
        "{ROWS} rows in a Vec that has room for them and no more: {vec} bytes, {:.1} a row\n",
        vec as f64 / ROWS as f64
    );
    drop(exact);
    let bound = vec * 135 / 100 + 48 * ROWS;

    let start = ALLOCATED.allocated();
    let allocated = || ALLOCATED.allocated() - start;
    let mut session = Session::on(&mut connection);
    let mut batches = session.query(Person::query().order(people::id)).batches(10_000).keep();
    let mut last: Option<Handle<Person>> = None;
    while let Some(rows) = batches.next(&mut session).expect("load") {
        last = rows.last().copied();
    }
    drop(batches);
    line("read into a session", allocated(), bound);
    let full = allocated();
    session.clear().expect("nothing to flush");
    line("after clear", allocated(), full / 100);
    assert!(last.is_some());

    let mut batches = session.query(Person::query().order(people::id)).batches(10_000);
    let mut most = 0;
    while batches.next(&mut session).expect("load").is_some() {
        most = most.max(allocated());
    }
    line("read batch by batch, the most at any time", most, full / 20);
    drop(batches);
    session.clear().expect("nothing to flush");

    let handles = session.query(Person::query()).all().expect("load");
    for handle in &handles {
        session.forget(*handle).expect("nothing to flush");
    }
    drop(handles);
    line("after each row was forgotten", allocated(), full / 4);
}
