//! The tables that the session's tests work on: authors, their books, reviews, prizes and members.

use std::cell::RefCell;

use diesel::HasQuery;
use diesel::connection::SimpleConnection;
use folio::Entity;
pub use folio::connection::Backend;
use folio::connection::{Echo, EchoOptions, Mode, SessionConnection as _};
pub use folio_conformance::{Capability, Recorder};

pub use super::subject::{C, can};
use super::subject::{Connect, make_database};

/// A session over such a connection.
pub type Session<'c> = folio::Session<'c, C>;

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
diesel::table! {
    places (room, number) { room -> BigInt, number -> BigInt, label -> Text, state -> Text }
}
diesel::table! {
    loans (id) { id -> BigInt, author_id -> BigInt, item -> Text }
}
diesel::table! {
    events (id) { id -> BigInt, name -> Text }
}
diesel::table! {
    dogs (id) { id -> BigInt, owner_id -> Nullable<BigInt>, name -> Text }
}
diesel::table! {
    owners (id) { id -> BigInt, dog_id -> Nullable<BigInt>, name -> Text }
}
diesel::table! {
    seats (code) {
        code -> BigInt, number -> Nullable<BigInt>, hall -> BigInt, place -> BigInt, beside -> Nullable<BigInt>
    }
}
diesel::table! {
    guests (id) { id -> BigInt, seat_code -> Nullable<BigInt>, seat_number -> Nullable<BigInt> }
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

/// A key of two columns, and a column that the database fills.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = places)]
pub struct Place {
    #[entity(key, given)]
    pub room: i64,
    #[entity(key, given)]
    pub number: i64,
    pub label: String,
    #[entity(server_default)]
    pub state: String,
}

/// Its foreign key is checked at COMMIT, where the database can wait so long.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = loans)]
pub struct Loan {
    #[entity(key)]
    pub id: i64,
    pub author_id: i64,
    pub item: String,
}

/// A trigger writes another table at each INSERT, which has generated keys of its own.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = events)]
pub struct Event {
    #[entity(key)]
    pub id: i64,
    pub name: String,
}

/// Dogs and owners refer to each other.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = dogs)]
pub struct Dog {
    #[entity(key)]
    pub id: i64,
    #[entity(references = owners::id)]
    pub owner_id: Option<i64>,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = owners)]
pub struct Owner {
    #[entity(key)]
    pub id: i64,
    #[entity(references = dogs::id)]
    pub dog_id: Option<i64>,
    pub name: String,
}

/// A given key, a unique value that may be missing, a pair that is unique, and a neighbour.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = seats)]
#[entity(unique(number), unique(hall, place))]
pub struct Seat {
    #[entity(key, given)]
    pub code: i64,
    pub number: Option<i64>,
    pub hall: i64,
    pub place: i64,
    #[entity(references = seats::code)]
    pub beside: Option<i64>,
}

/// It refers to a seat twice, and by number to one that nobody else has.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = guests)]
#[entity(unique(seat_number))]
pub struct Guest {
    #[entity(key, given)]
    pub id: i64,
    #[entity(references = seats::code)]
    pub seat_code: Option<i64>,
    #[entity(references = seats::number)]
    pub seat_number: Option<i64>,
}

/// `{key}` is a key that the database makes, `{name}` a text that can be a key, `{late}` a rule that waits for COMMIT.
const TABLES: &str = "
    CREATE TABLE authors (id {key}, number BIGINT NOT NULL UNIQUE, name TEXT NOT NULL, email TEXT,
        CONSTRAINT authors_name_check CHECK (name <> ''));
    CREATE TABLE books (id {key}, author_id BIGINT NOT NULL REFERENCES authors (id),
        title TEXT NOT NULL, pages BIGINT NOT NULL, changed BIGINT NOT NULL, version BIGINT NOT NULL);
    CREATE TABLE reviews (id {key}, author_id BIGINT NOT NULL REFERENCES authors (id) ON DELETE CASCADE,
        book_id BIGINT REFERENCES books (id) ON DELETE SET NULL, body TEXT NOT NULL);
    CREATE TABLE prizes (id {key}, author_number BIGINT NOT NULL REFERENCES authors (number) ON UPDATE CASCADE,
        name TEXT NOT NULL);
    CREATE TABLE members (id {key}, parent_id BIGINT REFERENCES members (id), name TEXT NOT NULL);
    CREATE TABLE tags (name {name} PRIMARY KEY NOT NULL, colour {name} NOT NULL DEFAULT 'red');
    CREATE TABLE places (room BIGINT NOT NULL, number BIGINT NOT NULL, label TEXT NOT NULL,
        state {name} NOT NULL DEFAULT 'free', PRIMARY KEY (room, number));
    CREATE TABLE loans (id {key}, author_id BIGINT NOT NULL REFERENCES authors (id) {late}, item TEXT NOT NULL);
    CREATE TABLE events (id {key}, name TEXT NOT NULL);
    CREATE TABLE audits (id {key}, name TEXT NOT NULL);
    CREATE TABLE dogs (id {key}, owner_id BIGINT, name TEXT NOT NULL);
    CREATE TABLE owners (id {key}, dog_id BIGINT REFERENCES dogs (id), name TEXT NOT NULL);
    CREATE TABLE seats (code BIGINT PRIMARY KEY NOT NULL, number BIGINT UNIQUE, hall BIGINT NOT NULL,
        place BIGINT NOT NULL, beside BIGINT REFERENCES seats (code), UNIQUE (hall, place));
    CREATE TABLE guests (id BIGINT PRIMARY KEY NOT NULL, seat_code BIGINT REFERENCES seats (code),
        seat_number BIGINT UNIQUE REFERENCES seats (number));
";

/// The tables in an engine's words, and what their rows leave behind.
fn tables(backend: Backend) -> String {
    let (key, name, late) = match backend {
        Backend::Sqlite => ("INTEGER PRIMARY KEY AUTOINCREMENT", "TEXT", "DEFERRABLE INITIALLY DEFERRED"),
        Backend::Postgres => {
            ("BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY", "TEXT", "DEFERRABLE INITIALLY DEFERRED")
        }
        _ => ("BIGINT AUTO_INCREMENT PRIMARY KEY", "VARCHAR(200)", ""),
    };
    let tables = TABLES.replace("{key}", key).replace("{name}", name).replace("{late}", late);
    let rest = match backend {
        Backend::Sqlite => {
            "CREATE TRIGGER events_are_audited AFTER INSERT ON events
                BEGIN INSERT INTO audits (name) VALUES (new.name); END;"
        }
        Backend::Postgres => {
            "ALTER TABLE dogs ADD FOREIGN KEY (owner_id) REFERENCES owners (id);
             CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN INSERT INTO audits (name) VALUES (new.name); RETURN new; END $$;
             CREATE TRIGGER events_are_audited AFTER INSERT ON events FOR EACH ROW EXECUTE FUNCTION audit();
             CREATE FUNCTION one_more(text, anyelement) RETURNS text IMMUTABLE LANGUAGE sql AS
                $$ SELECT concat_ws(',', $1, $2::text) $$;
             CREATE AGGREGATE group_concat(anyelement) (SFUNC = one_more, STYPE = text);"
        }
        _ => {
            "ALTER TABLE dogs ADD FOREIGN KEY (owner_id) REFERENCES owners (id);
             CREATE TRIGGER events_are_audited AFTER INSERT ON events
                FOR EACH ROW INSERT INTO audits (name) VALUES (new.name);"
        }
    };
    tables + rest
}

/// PostgreSQL's counters do not follow keys that were given.
const COUNTERS: &str = "
    SELECT setval(pg_get_serial_sequence(name, 'id'), last) FROM (VALUES
        ('authors', 3), ('books', 10002), ('reviews', 20003), ('prizes', 30001), ('members', 40002), ('events', 60001),
        ('audits', 90001)) AS keys (name, last);
";

/// The rows that every test finds. Keys of different tables lie far apart, so that a mixed-up one matches nothing.
const ROWS: &str = "
    INSERT INTO authors (id, number, name) VALUES (1, 10, 'Ann'), (2, 20, 'Ben'), (3, 30, 'Cid');
    INSERT INTO books (id, author_id, title, pages, changed, version) VALUES
        (10001, 1, 'Sea', 100, 0, 1), (10002, 2, 'Sky', 200, 0, 1);
    INSERT INTO reviews (id, author_id, book_id, body) VALUES
        (20001, 3, 10001, 'wet'), (20002, 3, 10002, 'dry'), (20003, 1, NULL, 'nothing');
    INSERT INTO prizes (id, author_number, name) VALUES (30001, 30, 'Gold');
    INSERT INTO members (id, parent_id, name) VALUES (40001, NULL, 'root'), (40002, 40001, 'leaf');
    INSERT INTO tags (name, colour) VALUES ('old', 'grey');
    INSERT INTO places (room, number, label, state) VALUES (1, 1, 'door', 'free'), (1, 2, 'window', 'taken');
    INSERT INTO events (id, name) VALUES (60001, 'opening');
    INSERT INTO audits (id, name) VALUES (90001, 'far away');
";

pub const ANN: i64 = 1;
pub const BEN: i64 = 2;
pub const CID: i64 = 3;
pub const SEA: i64 = 10_001;
pub const SKY: i64 = 10_002;

/// A database of its own for one test, with the tables and their rows.
pub struct Library {
    connect: Connect,
    /// What someone else reads and writes by.
    other: RefCell<C>,
}

impl Library {
    pub fn new() -> Self {
        let connect = make_database();
        let other = RefCell::new(joining_texts(connect()));
        let library = Self { connect, other };
        Recorder::install(library.backend());
        library.elsewhere(&tables(library.backend()));
        library.elsewhere(ROWS);
        if library.backend() == Backend::Postgres {
            library.elsewhere(COUNTERS);
        }
        library
    }

    /// The engine that it is on.
    pub fn backend(&self) -> Backend {
        self.other.borrow().backend()
    }

    /// What begins a writing transaction of that isolation level: each engine's own words, the rest in SQLite's.
    pub fn begins(&self, level: &str) -> Vec<String> {
        match self.backend() {
            Backend::Sqlite => vec!["BEGIN IMMEDIATE".to_owned()],
            Backend::Postgres => vec![format!("BEGIN ISOLATION LEVEL {level}")],
            _ => vec![format!("SET TRANSACTION ISOLATION LEVEL {level}; BEGIN")],
        }
    }

    /// Another connection to it.
    pub fn connect(&self) -> C {
        joining_texts((self.connect)())
    }

    /// A session on a connection of its own, echoing.
    pub fn session(&self) -> Session<'static> {
        self.session_for(Mode::Write, EchoOptions::default())
    }

    /// A session that only reads.
    pub fn reader(&self) -> Session<'static> {
        self.session_for(Mode::Read, EchoOptions::default())
    }

    /// A session whose echo shows what `options` say.
    pub fn session_for(&self, mode: Mode, options: EchoOptions) -> Session<'static> {
        use diesel::Connection as _;
        let mut connection = self.connect();
        let echo = Echo::new(options);
        connection.set_instrumentation(echo.clone());
        Session::new(Box::new(Box::new(connection)), Some(echo), mode)
    }

    /// Someone else changes the database by these statements.
    pub fn elsewhere(&self, sql: &str) {
        self.other.borrow_mut().batch_execute(sql).unwrap();
    }

    /// What someone else sees: the only value of a query.
    pub fn see(&self, sql: &str) -> String {
        use diesel::RunQueryDsl as _;
        #[derive(diesel::QueryableByName)]
        struct Seen {
            #[diesel(sql_type = diesel::sql_types::Text)]
            seen: String,
        }
        let text = if self.backend() == Backend::Mysql { "CHAR" } else { "TEXT" };
        let sql = format!("SELECT COALESCE(CAST(({sql}) AS {text}), 'NULL') AS seen");
        diesel::sql_query(sql).get_result::<Seen>(&mut *self.other.borrow_mut()).unwrap().seen
    }
}

/// The connection, on which `||` joins texts.
fn joining_texts(mut connection: C) -> C {
    if connection.backend() == Backend::Mysql {
        connection.batch_execute("SET sql_mode = CONCAT(@@sql_mode, ',PIPES_AS_CONCAT')").unwrap();
    }
    connection
}

/// A library, a session on it and a recorder of what that session sends.
pub fn open() -> (Library, Session<'static>, Recorder) {
    let library = Library::new();
    let session = library.session();
    (library, session, Recorder::start())
}

/// The first words of each statement: `INSERT authors`.
pub fn steps(sent: Vec<String>) -> Vec<String> {
    let short = |sql: String| {
        let words: Vec<&str> = sql.split(' ').filter(|word| !matches!(*word, "INTO" | "FROM" | "IMMEDIATE")).collect();
        words.iter().take(2).copied().collect::<Vec<_>>().join(" ")
    };
    sent.into_iter().map(short).filter(|step| step != "BEGIN").collect()
}
