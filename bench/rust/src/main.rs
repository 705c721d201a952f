//! One round of one contender: `bench CONTENDER CASE PLACE URL ROWS` prints what it took as a line of JSON.
//!
//! The tables are made anew and the rows that a case needs are stored before the clock starts; after it stops, the
//! database is asked whether the work was done. The round is run twice, and the second counts: the first fills caches
//! and grows the heap. `bench serve postgres` starts a private server and keeps it until standard input ends.
//!
//! Exit codes: 0 done, 3 this contender has no way to do the case there, anything else is a failure.

mod case;
mod contender;
mod copy;
mod diesel_batches;
mod diesel_rows;
mod over_diesel;
mod place;
mod rusqlite_rows;
mod session;
mod tables;
mod unnest;

use std::alloc::System;
use std::env;
use std::error::Error;
use std::io::{self, Read as _};
use std::process::ExitCode;

use folio_testing::{TestEngine, servers};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

use case::Case;
use contender::{Measured, measure};
use place::{Engine, Place};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// This contender has no way to do the case.
const CANNOT: u8 = 3;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let measured = match arguments[..] {
        ["serve", engine] => return serve(engine).map(|()| ExitCode::SUCCESS),
        [contender, case, place, url, rows] => {
            run(contender, Case::named(case)?, &Place::new(place, url)?, rows.parse()?)?
        }
        _ => return Err("bench CONTENDER CASE PLACE URL ROWS, or bench serve ENGINE".into()),
    };
    let Some(Measured { wall, cpu, allocations }) = measured else { return Ok(ExitCode::from(CANNOT)) };
    let line = serde_json::json!({
        "wall": wall.as_secs_f64(), "cpu": cpu.as_secs_f64(), "allocations": allocations,
    });
    println!("{line}");
    Ok(ExitCode::SUCCESS)
}

fn run(contender: &str, case: Case, place: &Place, rows: i64) -> Result<Option<Measured>, Box<dyn Error>> {
    use diesel::{MysqlConnection, PgConnection, SqliteConnection};

    match (contender, place.engine) {
        ("session", _) => measure::<session::Contestant>(case, place, rows),
        ("diesel-rows", Engine::Sqlite) => measure::<diesel_rows::Rows<SqliteConnection>>(case, place, rows),
        ("diesel-rows", Engine::Postgres) => measure::<diesel_rows::Rows<PgConnection>>(case, place, rows),
        ("diesel-rows", Engine::Mysql) => measure::<diesel_rows::Rows<MysqlConnection>>(case, place, rows),
        ("diesel-batches", Engine::Sqlite) => measure::<diesel_batches::Batches<SqliteConnection>>(case, place, rows),
        ("diesel-batches", Engine::Postgres) => measure::<diesel_batches::Batches<PgConnection>>(case, place, rows),
        ("diesel-batches", Engine::Mysql) => measure::<diesel_batches::Batches<MysqlConnection>>(case, place, rows),
        ("rusqlite", Engine::Sqlite) => measure::<rusqlite_rows::Rusqlite>(case, place, rows),
        ("unnest", Engine::Postgres) => measure::<unnest::Unnest>(case, place, rows),
        ("copy", Engine::Postgres) => measure::<copy::Copy>(case, place, rows),
        ("rusqlite" | "unnest" | "copy", _) => Ok(None),
        _ => Err(format!("no contender {contender}").into()),
    }
}

fn serve(engine: &str) -> Result<(), Box<dyn Error>> {
    let url = match engine {
        "postgres" => servers::url(TestEngine::Postgres, "postgres"),
        "mysql" => servers::url(TestEngine::Mysql, "mysql"),
        other => return Err(format!("no server {other}").into()),
    };
    println!("{url}");
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
