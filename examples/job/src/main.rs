//! The program: imports a file into `DATABASE_URL`, and writes its metrics to `METRICS_FILE`. Started again with the same
//! night, it goes on where it ended.
//!
//! ```sh
//! METRICS_FILE=prices.prom cargo run -p folio-example-job -- prices.csv 2026-11-30
//! ```

use std::error::Error;
use std::process::ExitCode;
use std::{env, fs};

use diesel_session::Database;
use diesel_session::database::{Access, Options};
use folio_example_job::{import, metrics, migrate};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [file, night] = arguments.as_slice() else { return Err("usage: folio-example-job FILE NIGHT".into()) };
    let url = env::var("DATABASE_URL").unwrap_or_else(|_| "sqlite://prices.db".to_owned());
    let text = fs::read_to_string(file)?;
    let lines: Vec<&str> = text.lines().collect();

    // One unit runs at a time, so one connection is enough.
    let db = Database::open_with(&url, Options::new().access(Access::Create).pool_size(1))?;
    migrate(&db)?;
    let report = import(&db, night, &lines)?;
    println!("{report:?}");
    if let Ok(file) = env::var("METRICS_FILE") {
        // Renamed when it is complete, so that the collector never reads half of it.
        let unfinished = format!("{file}.tmp");
        fs::write(&unfinished, metrics(&report, &db))?;
        fs::rename(unfinished, file)?;
    }
    Ok(())
}
