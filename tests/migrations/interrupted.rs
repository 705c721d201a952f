//! A program that is killed while it creates or removes Folio's tables, and the next one.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::*;

/// The catalogue of a database that was created without interruption.
fn complete() -> Vec<String> {
    let empty = Empty::new();
    empty.db.migrate().unwrap();
    empty.catalogue()
}

fn folio(url: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_folio"));
    command.args(arguments).env("FOLIO_DATABASE_URL", url).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// Runs the program and kills it after `delay`, unless it exits earlier.
fn killed_after(delay: Duration, url: &str, arguments: &[&str]) {
    let mut child = folio(url, arguments).spawn().unwrap();
    let start = Instant::now();
    while start.elapsed() < delay && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Runs the program until it exits.
fn finished(url: &str, arguments: &[&str]) {
    let ran = folio(url, arguments).output().unwrap();
    assert!(ran.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
}

#[test]
fn a_program_that_is_killed_while_it_makes_or_removes_tables_does_it_when_run_again() {
    let complete = complete();
    let (full, _folder) = address(engine(module_path!()));
    let start = Instant::now();
    finished(&full, &["db", "create"]);
    let whole = start.elapsed();
    const ROUNDS: u32 = 20;
    for round in 1..=ROUNDS {
        let fresh = Empty::new();
        let delay = whole * round / ROUNDS;
        killed_after(delay, &fresh.url, &["db", "create"]);
        finished(&fresh.url, &["db", "create"]);
        assert_eq!(fresh.state(), SchemaState::Current, "killed after {delay:?}");
        assert_eq!(fresh.catalogue(), complete, "killed after {delay:?}");

        killed_after(delay, &fresh.url, &["migrate", "down", "--all", "--yes"]);
        let again = if round % 2 == 0 { &["migrate", "up"][..] } else { &["migrate", "down", "--all", "--yes"] };
        finished(&fresh.url, again);
        let left = if round % 2 == 0 { SchemaState::Current } else { SchemaState::Empty };
        assert_eq!(fresh.state(), left, "killed after {delay:?}");
    }
}
