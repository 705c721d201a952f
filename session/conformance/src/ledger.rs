//! Tables whose changes are kept in the history.

use diesel::HasQuery;
use diesel_session::Entity;

diesel::table! {
    accounts (id) { id -> BigInt, owner -> Text, balance -> BigInt, note -> Nullable<Text>, changed -> BigInt, version -> BigInt }
}
diesel::table! {
    entries (id) { id -> BigInt, account_id -> BigInt, amount -> BigInt, rate -> Double }
}
diesel::table! {
    rates (code) { code -> Text, label -> Text }
}
diesel::table! {
    account_rates (account_id, code) { account_id -> BigInt, code -> Text }
}

fn seven() -> i64 {
    7
}

/// It has everything that a session sets itself.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = accounts)]
#[entity(history)]
pub struct Account {
    #[entity(key)]
    pub id: i64,
    pub owner: String,
    pub balance: i64,
    pub note: Option<String>,
    #[entity(update = seven)]
    pub changed: i64,
    #[entity(version)]
    pub version: i64,
}

/// It refers to an account, and has no version.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = entries)]
#[entity(history)]
pub struct Entry {
    #[entity(key)]
    pub id: i64,
    #[entity(references = accounts::id)]
    pub account_id: i64,
    pub amount: i64,
    pub rate: f64,
}

/// The program gives its key.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = rates)]
#[entity(history)]
pub struct Rate {
    #[entity(key, given)]
    pub code: String,
    pub label: String,
}

/// It links an account to a rate.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = account_rates)]
#[entity(history)]
pub struct AccountRate {
    #[entity(key, given, references = accounts::id)]
    pub account_id: i64,
    #[entity(key, given, references = rates::code)]
    pub code: String,
}
