//! More tables: trees by several kinds of key, and natural keys that the database passes on to the rows below.

use diesel::HasQuery;
use folio::Entity;

use super::domain::*;

diesel::table! {
    parts (id) { id -> BigInt, code -> BigInt, parent_code -> Nullable<BigInt> }
}
diesel::table! {
    nodes (tree, number) { tree -> BigInt, number -> BigInt, above -> Nullable<BigInt> }
}
diesel::table! {
    limbs (id) { id -> BigInt, parent_id -> Nullable<BigInt>, version -> BigInt }
}
diesel::table! {
    courses (code) { code -> Text, title -> Text }
}
diesel::table! {
    enrolments (student, course) { student -> BigInt, course -> Text, next_course -> Nullable<Text>, grade -> BigInt }
}
diesel::table! {
    labs (course) { course -> Text, room -> BigInt }
}
diesel::table! {
    desks (course, number) { course -> Text, number -> BigInt, label -> Text }
}
diesel::table! {
    exams (course) { course -> Text, room -> BigInt }
}

/// It refers to another by a unique column outside the key.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = parts)]
#[entity(unique(code))]
pub struct Part {
    #[entity(key)]
    pub id: i64,
    pub code: i64,
    #[entity(references = parts::code)]
    pub parent_code: Option<i64>,
}

/// It refers to another by a part of a key of two columns.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = nodes)]
pub struct Node {
    #[entity(key, given)]
    pub tree: i64,
    #[entity(key, given)]
    pub number: i64,
    #[entity(references = nodes::number)]
    pub above: Option<i64>,
}

/// It refers to another, and has a version.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = limbs)]
pub struct Limb {
    #[entity(key)]
    pub id: i64,
    #[entity(references = limbs::id)]
    pub parent_id: Option<i64>,
    #[entity(version)]
    pub version: i64,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = courses)]
pub struct Course {
    #[entity(key, given)]
    pub code: String,
    pub title: String,
}

/// Its course is a part of its key.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = enrolments)]
pub struct Enrolment {
    #[entity(key, given)]
    pub student: i64,
    #[entity(key, given, references = courses::code)]
    pub course: String,
    #[entity(references = courses::code)]
    pub next_course: Option<String>,
    pub grade: i64,
}

/// Its course is its key.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = labs)]
pub struct Lab {
    #[entity(key, given, references = courses::code)]
    pub course: String,
    pub room: i64,
}

/// It refers to a course by way of the lab.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = desks)]
pub struct Desk {
    #[entity(key, given, references = labs::course)]
    pub course: String,
    #[entity(key, given)]
    pub number: i64,
    pub label: String,
}

/// Where the database can, its foreign key is checked at COMMIT and not passed on; elsewhere it has none.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = exams)]
pub struct Exam {
    #[entity(key, given, references = courses::code)]
    pub course: String,
    pub room: i64,
}

/// `{key}` is a key that the database makes, `{name}` a text that can be a key, `{late}` a check that waits for COMMIT.
const TABLES: &str = "
    CREATE TABLE parts (id {key}, code BIGINT NOT NULL UNIQUE, parent_code BIGINT REFERENCES parts (code));
    CREATE TABLE nodes (tree BIGINT NOT NULL, number BIGINT NOT NULL UNIQUE, above BIGINT REFERENCES nodes (number),
        PRIMARY KEY (tree, number));
    CREATE TABLE limbs (id {key}, parent_id BIGINT REFERENCES limbs (id), version BIGINT NOT NULL);
    CREATE TABLE courses (code {name} PRIMARY KEY NOT NULL, title {name} NOT NULL);
    CREATE TABLE enrolments (student BIGINT NOT NULL, course {name} NOT NULL REFERENCES courses (code) ON UPDATE CASCADE,
        next_course {name} REFERENCES courses (code) ON UPDATE CASCADE, grade BIGINT NOT NULL,
        PRIMARY KEY (student, course));
    CREATE TABLE labs (course {name} PRIMARY KEY NOT NULL REFERENCES courses (code) ON UPDATE CASCADE,
        room BIGINT NOT NULL);
    CREATE TABLE desks (course {name} NOT NULL REFERENCES labs (course) ON UPDATE CASCADE, number BIGINT NOT NULL,
        label {name} NOT NULL, PRIMARY KEY (course, number));
    CREATE TABLE exams (course {name} PRIMARY KEY NOT NULL {late}, room BIGINT NOT NULL);
    INSERT INTO courses (code, title) VALUES ('A', 'Algebra'), ('B', 'Biology'), ('C', 'Chemistry');
    INSERT INTO enrolments (student, course, next_course, grade) VALUES (1, 'A', NULL, 3), (2, 'A', 'C', 4), (1, 'B', 'A', 5);
    INSERT INTO labs (course, room) VALUES ('A', 7), ('C', 8);
    INSERT INTO desks (course, number, label) VALUES ('A', 1, 'left'), ('A', 2, 'right'), ('C', 1, 'front');
";

/// A library that has these tables too, a session on it and a recorder of what that session sends.
pub fn planted() -> (Library, Session<'static>, Recorder) {
    let library = Library::new();
    let (key, name, late) = match library.backend() {
        Backend::Sqlite => ("INTEGER PRIMARY KEY AUTOINCREMENT", "TEXT", LATE),
        Backend::Postgres => ("BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY", "TEXT", LATE),
        _ => ("BIGINT AUTO_INCREMENT PRIMARY KEY", "VARCHAR(100)", ""),
    };
    library.elsewhere(&TABLES.replace("{key}", key).replace("{name}", name).replace("{late}", late));
    let session = library.session();
    (library, session, Recorder::start())
}

const LATE: &str = "REFERENCES courses (code) DEFERRABLE INITIALLY DEFERRED";
