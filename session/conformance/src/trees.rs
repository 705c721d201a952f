//! More tables: trees with several kinds of key, and natural keys that the database cascades to referring rows.

use diesel::HasQuery;
use diesel_session::Entity;

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

/// It refers to another by one column of a two-column key.
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

/// It refers to a course through the lab.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = desks)]
pub struct Desk {
    #[entity(key, given, references = labs::course)]
    pub course: String,
    #[entity(key, given)]
    pub number: i64,
    pub label: String,
}

/// If the database supports it, its foreign key is checked at COMMIT and does not cascade; otherwise it has none.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = exams)]
pub struct Exam {
    #[entity(key, given, references = courses::code)]
    pub course: String,
    pub room: i64,
}
