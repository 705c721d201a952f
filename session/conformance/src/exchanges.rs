//! Tables whose unique values pass between rows: some of some rows only, some checked at COMMIT, some with a free value.

use std::sync::atomic::{AtomicI64, Ordering};

use diesel::HasQuery;
use diesel_session::Entity;

use crate::library::next_tick;

diesel::table! {
    addresses (id) { id -> BigInt, person -> BigInt, street -> Text, is_current -> Bool }
}
diesel::table! {
    mailboxes (id) { id -> BigInt, email -> Text, deleted_at -> Nullable<BigInt> }
}
diesel::table! {
    tracks (id) { id -> BigInt, position -> BigInt, title -> Text }
}
diesel::table! {
    slots (id) {
        id -> BigInt, list -> BigInt, position -> BigInt, label -> Text, changed -> BigInt, version -> BigInt
    }
}
diesel::table! {
    badges (id) { id -> BigInt, holder -> Nullable<BigInt>, colour -> Text }
}
diesel::table! {
    lanyards (id) { id -> BigInt, badge_id -> BigInt }
}
diesel::table! {
    lockers (id) { id -> BigInt, number -> BigInt }
}

/// A person has one current address, and any number of others.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = addresses)]
#[entity(unique(person, when = is_current.eq(true)))]
pub struct Address {
    #[entity(key)]
    pub id: i64,
    pub person: i64,
    pub street: String,
    pub is_current: bool,
}

/// Mailboxes that are not deleted have addresses of their own.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = mailboxes)]
#[entity(filter(live = deleted_at.is_null()), unique(email, when = deleted_at.is_null()))]
pub struct Mailbox {
    #[entity(key)]
    pub id: i64,
    pub email: String,
    #[entity(soft_delete = next_moment)]
    pub deleted_at: Option<i64>,
}

/// A clock that the tests need not wait for.
fn next_moment() -> i64 {
    static MOMENT: AtomicI64 = AtomicI64::new(1);
    MOMENT.fetch_add(1, Ordering::Relaxed)
}

/// Its position is checked at COMMIT, where the database can.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = tracks)]
#[entity(unique(position, deferrable))]
pub struct Track {
    #[entity(key)]
    pub id: i64,
    pub position: i64,
    pub title: String,
}

/// A position in a list, of which none is negative.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = slots)]
#[entity(unique(list, position, free(position = -1)))]
pub struct Slot {
    #[entity(key)]
    pub id: i64,
    pub list: i64,
    pub position: i64,
    pub label: String,
    #[entity(update = next_tick)]
    pub changed: i64,
    #[entity(version)]
    pub version: i64,
}

/// It may have a holder, who has no other.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = badges)]
#[entity(history, unique(holder))]
pub struct Badge {
    #[entity(key)]
    pub id: i64,
    pub holder: Option<i64>,
    pub colour: String,
}

/// It belongs to a badge.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = lanyards)]
pub struct Lanyard {
    #[entity(key)]
    pub id: i64,
    #[entity(references = badges::id)]
    pub badge_id: i64,
}

/// It has a number, and there is none that no locker could have.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = lockers)]
#[entity(unique(number))]
pub struct Locker {
    #[entity(key)]
    pub id: i64,
    pub number: i64,
}
