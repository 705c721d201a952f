//! The tables, their rows for the session and for plain Diesel, and the values that every contender stores.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;
use diesel_session::prelude::*;

/// The number of repositories and of notes of a user.
pub const REPOSITORIES: i64 = 3;
pub const NOTES: i64 = 2;

diesel::table! {
    users (id) { id -> BigInt, login -> Text, email -> Nullable<Text>, stars -> BigInt, created_at -> Timestamp }
}

diesel::table! {
    repositories (id) { id -> BigInt, user_id -> BigInt, name -> Text }
}

diesel::table! {
    notes (id) { id -> BigInt, user_id -> BigInt, body -> Text }
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = users)]
pub struct User {
    #[entity(key)]
    pub id: Id<User>,
    pub login: String,
    pub email: Option<String>,
    pub stars: i64,
    pub created_at: NaiveDateTime,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = repositories)]
pub struct Repository {
    #[entity(key)]
    pub id: Id<Repository>,
    #[entity(references = users::id)]
    pub user_id: Id<User>,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = notes)]
pub struct Note {
    #[entity(key)]
    pub id: Id<Note>,
    #[entity(references = users::id)]
    pub user_id: Id<User>,
    pub body: String,
}

/// A user as plain Diesel stores it.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = users)]
pub struct UserValues {
    pub login: String,
    pub email: Option<String>,
    pub stars: i64,
    pub created_at: NaiveDateTime,
}

#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = repositories)]
pub struct RepositoryValues {
    pub user_id: i64,
    pub name: String,
}

#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = notes)]
pub struct NoteValues {
    pub user_id: i64,
    pub body: String,
}

/// A user as plain Diesel loads it.
#[derive(Debug, Clone, HasQuery)]
#[diesel(table_name = users)]
#[allow(dead_code, reason = "the bench asks for whole rows")]
pub struct UserRow {
    pub id: i64,
    pub login: String,
    pub email: Option<String>,
    pub stars: i64,
    pub created_at: NaiveDateTime,
}

pub fn login(number: i64) -> String {
    format!("user{number}")
}

pub fn email(number: i64) -> Option<String> {
    (number % 2 == 0).then(|| format!("user{number}@example.org"))
}

pub fn stars(number: i64) -> i64 {
    number % 100
}

pub fn created_at() -> NaiveDateTime {
    NaiveDate::from_ymd_opt(2026, 1, 1).and_then(|day| day.and_hms_opt(0, 0, 0)).unwrap_or_default()
}

pub fn repository_name(number: i64) -> String {
    format!("repository{number}")
}

pub fn note_body(number: i64) -> String {
    format!("note number {number}")
}

pub fn new_user(number: i64) -> NewUser {
    NewUser { id: None, login: login(number), email: email(number), stars: stars(number), created_at: created_at() }
}

pub fn user_values(number: i64) -> UserValues {
    UserValues { login: login(number), email: email(number), stars: stars(number), created_at: created_at() }
}
