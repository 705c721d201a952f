//! Adopting a database that SQLAlchemy made, as a library: the plan and the result are values, the errors have fields.
//! What becomes of the rows is in `tests/cli/adopting`.

#![cfg(feature = "sqlite")]

mod support;

use std::fs;
use std::path::Path;

use diesel::connection::SimpleConnection as _;
use folio::adopt::{self, Tally, Unfit};
use folio::{Database, Error};
use tempfile::TempDir;

/// A copy of a file of `tests/data/seed`.
fn copy(file: &str) -> (Database, TempDir) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(file);
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/seed").join(file), &path).unwrap();
    (Database::open(&path.display().to_string()).unwrap(), folder)
}

fn counts(tables: &[Tally]) -> Vec<(&str, u64, u64)> {
    tables.iter().map(|tally| (tally.table, tally.rows, tally.kept)).collect()
}

#[test]
fn the_result_is_what_was_planned_and_where_the_files_are() {
    let (db, folder) = copy("awkward.db");
    let plan = adopt::plan(&db, |_| ()).unwrap();
    assert_eq!(counts(&plan.tables), [("users", 4, 3), ("repositories", 7, 3), ("resumes", 2, 1), ("notes", 5, 3)]);
    assert_eq!(plan.unfit.len(), 8);
    assert_eq!(plan.unfit[5].to_string(), "resumes id 50: vacancy: it is empty");
    assert_eq!((plan.unfit[5].table, plan.unfit[5].id), ("resumes", 50));

    let mut steps = Vec::new();
    let adopted = adopt::adopt(&db, Unfit::SetAside, |step| steps.push((step.table, step.done, step.total))).unwrap();
    assert_eq!(steps, [("users", 4, 18), ("repositories", 11, 18), ("resumes", 13, 18), ("notes", 18, 18)]);
    assert_eq!(adopted.plan, plan);
    let folder = folder.path().canonicalize().unwrap();
    assert_eq!(adopted.backup, folder.join("awkward.db.before-adopt"));
    assert_eq!(adopted.set_aside, Some(folder.join("awkward.db.set-aside.jsonl")));

    let (db, _folder) = copy("database.db");
    assert_eq!(adopt::adopt(&db, Unfit::SetAside, |_| ()).unwrap().set_aside, None);
}

#[test]
fn rows_that_cannot_be_kept_are_an_error_unless_they_are_to_be_set_aside() {
    let (db, _folder) = copy("awkward.db");
    let Err(Error::Unfit { place, rows, first }) = adopt::adopt(&db, Unfit::Refuse, |_| ()) else { panic!() };
    assert_eq!((&*place, rows), (db.place(), 8));
    assert_eq!(first, "users id 30: username: 300 characters, more than the limit of 256");
    assert_eq!(adopt::plan(&db, |_| ()).unwrap().unfit.len(), 8);
}

#[test]
fn what_is_not_a_file_of_such_tables_is_an_error_of_its_own() {
    let problem = |db: &Database| match adopt::adopt(db, Unfit::Refuse, |_| ()) {
        Err(Error::NotAdoptable { problem, .. }) => problem,
        other => panic!("{other:?}"),
    };
    let memory = Database::open("sqlite::memory:").unwrap();
    assert_eq!(problem(&memory), "it has no table users");
    memory.connection().unwrap().batch_execute("CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT)").unwrap();
    assert_eq!(problem(&memory), "it is not an SQLite file");
    let (db, _folder) = copy("database.db");
    adopt::adopt(&db, Unfit::Refuse, |_| ()).unwrap();
    assert_eq!(problem(&db), "it is already Folio's");
}

#[cfg(feature = "postgres")]
#[test]
fn a_database_on_a_server_is_not_looked_at() {
    let db = support::fixture_on(folio_testing::TestEngine::Postgres);
    let refused = adopt::plan(&db, |_| ()).unwrap_err();
    assert!(
        matches!(&refused, Error::NotAdoptable { problem, .. } if problem == "it is not an SQLite file"),
        "{refused}"
    );
}
