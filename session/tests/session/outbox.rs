//! The history as an outbox, on each engine (166).

use diesel::HasQuery;
use diesel_session::Entity;

#[cfg(feature = "mysql")]
#[path = "m_outbox.rs"]
mod mariadb;
#[cfg(feature = "mysql")]
#[path = "m_outbox.rs"]
mod mysql;
#[cfg(feature = "postgres")]
#[path = "m_outbox.rs"]
mod postgres;
#[cfg(feature = "sqlite")]
#[path = "m_outbox.rs"]
mod sqlite;

diesel::table! { orders (id) { id -> BigInt, item -> Text } }
diesel::table! { mails (id) { id -> BigInt, change_id -> BigInt, row_key -> Text } }

/// What is told about.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = orders)]
#[entity(history)]
pub struct Order {
    #[entity(key)]
    pub id: i64,
    pub item: String,
}

/// What a consumer makes of a change. No constraint keeps it from doing so twice.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = mails)]
pub struct Mail {
    #[entity(key)]
    pub id: i64,
    pub change_id: i64,
    pub row_key: String,
}
