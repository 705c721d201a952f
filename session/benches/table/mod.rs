//! The table of the benches.

#![allow(dead_code, reason = "each bench uses only some of these items")]

use diesel::prelude::*;
use diesel_session::connection::SessionConnection;
use diesel_session::session::Persist;
use diesel_session::{Entity, Session};

diesel::table! {
    people (id) { id -> BigInt, number -> BigInt, name -> Text, email -> Nullable<Text> }
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = people)]
pub struct Person {
    #[entity(key)]
    pub id: i64,
    pub number: i64,
    pub name: String,
    pub email: Option<String>,
}

diesel::table! {
    accounts (id) { id -> BigInt, number -> BigInt, name -> Text, email -> Nullable<Text> }
}

/// As a person, with a number of its own.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = accounts)]
#[entity(unique(number))]
pub struct Account {
    #[entity(key)]
    pub id: i64,
    pub number: i64,
    pub name: String,
    pub email: Option<String>,
}

/// The same row in plain Diesel.
#[derive(Debug, Insertable)]
#[diesel(table_name = accounts)]
pub struct DieselAccount {
    pub number: i64,
    pub name: String,
    pub email: Option<String>,
}

pub fn new_account(number: i64) -> NewAccount {
    NewAccount { id: None, number, name: name(number), email: email(number) }
}

pub fn diesel_account(number: i64) -> DieselAccount {
    DieselAccount { number, name: name(number), email: email(number) }
}

/// Stores every other one of this number of accounts.
pub fn store_half<C: SessionConnection>(connection: &mut C, rows: i64)
where
    Account: Persist<C>,
{
    let mut session = Session::on(connection);
    session.insert_all((1..=rows).step_by(2).map(new_account)).expect("insert");
    session.commit().expect("commit");
}

/// Upserts this number of accounts.
pub fn upsert<C: SessionConnection>(connection: &mut C, rows: i64) -> usize
where
    Account: Persist<C>,
{
    let mut session = Session::on(connection);
    let new = (1..=rows).map(new_account);
    let done = session.upsert(new).on_conflict(accounts::number).update((accounts::name, accounts::email)).run();
    session.commit().expect("commit");
    done.expect("upsert").len()
}

/// The same row in plain Diesel.
#[derive(Debug, Insertable)]
#[diesel(table_name = people)]
pub struct DieselPerson {
    pub number: i64,
    pub name: String,
    pub email: Option<String>,
}

/// The table on SQLite.
pub const SQLITE_TABLE: &str = "CREATE TABLE people (id INTEGER PRIMARY KEY AUTOINCREMENT, number BIGINT NOT NULL, \
                                name TEXT NOT NULL, email TEXT)";

pub fn name(number: i64) -> String {
    format!("person number {number}")
}

pub fn email(number: i64) -> Option<String> {
    (number % 2 == 0).then(|| format!("{number}@example.org"))
}

pub fn new_person(number: i64) -> NewPerson {
    NewPerson { id: None, number, name: name(number), email: email(number) }
}

pub fn diesel_person(number: i64) -> DieselPerson {
    DieselPerson { number, name: name(number), email: email(number) }
}
