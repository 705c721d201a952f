//! `folio migrate adopt`: files that SQLAlchemy made (`tests/data/seed`), what is kept of them, and what they are when
//! it fails.

mod failing;
mod keeping;

use std::fs;
use std::path::{Path, PathBuf};

use diesel::QueryableByName;
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::Text;
use folio::connection::{SqliteAccess, open_sqlite};
use serde_json::Value;

use crate::home::Home;

const ADOPT: [&str; 4] = ["migrate", "adopt", "database.db", "--yes"];
const KEPT: &str =
    "users         3 of 3 kept\nrepositories  3 of 3 kept\nrésumés       1 of 1 kept\nnotes         3 of 3 kept\n";

/// A folder with a copy of one of the files, as `database.db`.
fn home(file: &str) -> Home {
    let home = Home::new(module_path!());
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/seed").join(file);
    fs::copy(data, path(&home)).unwrap();
    home
}

fn path(home: &Home) -> PathBuf {
    home.path().join("database.db")
}

fn place(home: &Home) -> String {
    path(home).display().to_string()
}

/// A connection of another program, with foreign keys off, as Python has it; it does not wait for locks.
fn connect(path: &Path) -> SqliteConnection {
    let mut connection = open_sqlite(Some(path), SqliteAccess::Create, 0).unwrap();
    connection.batch_execute("PRAGMA foreign_keys = OFF").unwrap();
    connection
}

/// A folder with the whole file, changed by this SQL.
fn changed(sql: &str) -> Home {
    let home = home("database.db");
    connect(&path(&home)).batch_execute(sql).unwrap();
    home
}

fn list(home: &Home, noun: &str) -> Vec<Value> {
    let listing = home.done(&[noun, "list", "--format", "json", "--database-url", "database.db"]);
    serde_json::from_str(&listing).unwrap()
}

/// A column of a listing.
fn column(home: &Home, noun: &str, name: &str) -> Value {
    list(home, noun).iter().map(|row| row[name].clone()).collect()
}

/// Runs the command, which must fail with this code and change nothing; returns what it reported.
fn refused(home: &Home, code: i32, arguments: &[&str]) -> String {
    let (before, files) = (fs::read(path(home)).unwrap(), home.files());
    let ran = home.run(arguments);
    assert_eq!((ran.code, ran.out.as_str()), (Some(code), ""), "{ran:?}");
    assert!(fs::read(path(home)).unwrap() == before, "{ran:?}");
    assert_eq!(home.files(), files, "{ran:?}");
    ran.err
}

/// The definitions of all tables and indexes.
fn schema(path: &Path) -> Vec<String> {
    #[derive(QueryableByName)]
    struct Object {
        #[diesel(sql_type = Text)]
        sql: String,
    }
    let sql = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name";
    let objects: Vec<Object> = diesel::sql_query(sql).load(&mut connect(path)).unwrap();
    objects.into_iter().map(|object| object.sql).collect()
}
