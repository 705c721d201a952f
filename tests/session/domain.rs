//! The tables that the session's tests work on: authors, their books, reviews, prizes and members.

use diesel::HasQuery;
use diesel::connection::SimpleConnection;
use folio::connection::{AnyConnection, Echo, EchoOptions, Mode};
use folio::{Entity, Session};

diesel::table! {
    authors (id) { id -> BigInt, number -> BigInt, name -> Text, email -> Nullable<Text> }
}
diesel::table! {
    books (id) { id -> BigInt, author_id -> BigInt, title -> Text, pages -> BigInt, changed -> BigInt, version -> BigInt }
}
diesel::table! {
    reviews (id) { id -> BigInt, author_id -> BigInt, book_id -> Nullable<BigInt>, body -> Text }
}
diesel::table! {
    prizes (id) { id -> BigInt, author_number -> BigInt, name -> Text }
}
diesel::table! {
    members (id) { id -> BigInt, parent_id -> Nullable<BigInt>, name -> Text }
}
diesel::table! {
    tags (name) { name -> Text, colour -> Text }
}
diesel::allow_tables_to_appear_in_same_query!(authors, books, reviews, prizes, members, tags);
diesel::joinable!(books -> authors (author_id));

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = authors)]
#[entity(unique(number))]
pub struct Author {
    #[entity(key)]
    pub id: i64,
    pub number: i64,
    pub name: String,
    pub email: Option<String>,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = books)]
pub struct Book {
    #[entity(key)]
    pub id: i64,
    #[entity(references = authors::id)]
    pub author_id: i64,
    pub title: String,
    #[entity(default = a_hundred)]
    pub pages: i64,
    #[entity(update = next_tick)]
    pub changed: i64,
    #[entity(version)]
    pub version: i64,
}

fn a_hundred() -> i64 {
    100
}

/// A clock that the tests need not wait for.
pub fn next_tick() -> i64 {
    use std::sync::atomic::{AtomicI64, Ordering};
    static TICK: AtomicI64 = AtomicI64::new(1);
    TICK.fetch_add(1, Ordering::Relaxed)
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = reviews)]
pub struct Review {
    #[entity(key)]
    pub id: i64,
    #[entity(references = authors::id)]
    pub author_id: i64,
    #[entity(references = books::id)]
    pub book_id: Option<i64>,
    pub body: String,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = prizes)]
pub struct Prize {
    #[entity(key)]
    pub id: i64,
    #[entity(references = authors::number)]
    pub author_number: i64,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = members)]
pub struct Member {
    #[entity(key)]
    pub id: i64,
    #[entity(references = members::id)]
    pub parent_id: Option<i64>,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = tags)]
pub struct Tag {
    #[entity(key, given)]
    pub name: String,
    #[entity(server_default)]
    pub colour: String,
}

const TABLES: &str = "
    CREATE TABLE authors (id INTEGER PRIMARY KEY AUTOINCREMENT, number BIGINT NOT NULL UNIQUE,
        name TEXT NOT NULL CHECK (name <> ''), email TEXT);
    CREATE TABLE books (id INTEGER PRIMARY KEY AUTOINCREMENT, author_id BIGINT NOT NULL REFERENCES authors (id),
        title TEXT NOT NULL, pages BIGINT NOT NULL, changed BIGINT NOT NULL, version BIGINT NOT NULL);
    CREATE TABLE reviews (id INTEGER PRIMARY KEY AUTOINCREMENT,
        author_id BIGINT NOT NULL REFERENCES authors (id) ON DELETE CASCADE,
        book_id BIGINT REFERENCES books (id) ON DELETE SET NULL, body TEXT NOT NULL);
    CREATE TABLE prizes (id INTEGER PRIMARY KEY AUTOINCREMENT,
        author_number BIGINT NOT NULL REFERENCES authors (number) ON UPDATE CASCADE, name TEXT NOT NULL);
    CREATE TABLE members (id INTEGER PRIMARY KEY AUTOINCREMENT, parent_id BIGINT REFERENCES members (id),
        name TEXT NOT NULL);
    CREATE TABLE tags (name TEXT PRIMARY KEY NOT NULL, colour TEXT NOT NULL DEFAULT 'red');
";

/// A database of its own for one test: the tables, and no rows.
pub struct Library {
    folder: tempfile::TempDir,
}

impl Library {
    pub fn new() -> Self {
        let library = Self { folder: tempfile::tempdir().unwrap() };
        library.connect().batch_execute(TABLES).unwrap();
        library
    }

    /// Another connection to it.
    pub fn connect(&self) -> AnyConnection {
        use folio::connection::{SqliteAccess, open_sqlite};
        let path = self.folder.path().join("library.db");
        let mut connection = open_sqlite(Some(&path), SqliteAccess::Create, 100).unwrap();
        connection.batch_execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF").unwrap();
        AnyConnection::Sqlite(connection)
    }

    /// A session on a connection of its own, echoing.
    pub fn session(&self) -> Session<'static> {
        self.session_for(Mode::Write)
    }

    /// A session that only reads.
    pub fn reader(&self) -> Session<'static> {
        self.session_for(Mode::Read)
    }

    fn session_for(&self, mode: Mode) -> Session<'static> {
        use diesel::Connection as _;
        let mut connection = self.connect();
        let echo = Echo::new(EchoOptions::default());
        connection.set_instrumentation(echo.clone());
        Session::new(Box::new(Box::new(connection)), Some(echo), mode)
    }
}
