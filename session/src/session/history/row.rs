//! The table of the history, and its rows as an entity.

use diesel::HasQuery;

use super::unit::UnitId;
use crate::session::entity::Entity;
use crate::types::Timestamp;

diesel::table! {
    /// The history of all entities with `#[entity(history)]`: one row for each row that was inserted, updated or
    /// deleted.
    diesel_session_history (id) {
        /// Counts up; changes of one row are in this order.
        id -> BigInt,
        /// The unit of work.
        unit -> Text,
        /// Its name, if it has one.
        unit_name -> Nullable<Text>,
        /// On whose behalf it ran, if it was told.
        author -> Nullable<Text>,
        /// When the change was sent, by the program's clock.
        changed_at -> Timestamp,
        /// The table of the row.
        table_name -> Text,
        /// The key of the row after the change, as JSON.
        row_key -> Text,
        /// `INSERT`, `UPDATE` or `DELETE`.
        operation -> Text,
        /// The values of the row before the change, as a JSON object; NULL for an INSERT.
        values_before -> Nullable<Text>,
        /// When a consumer has handled the change; NULL until then.
        delivered_at -> Nullable<Timestamp>,
    }
}

/// A row of the history as it is stored. [`Session::history`](crate::Session::history) returns typed changes; this is
/// for queries over the changes of all entities, such as those of an outbox.
#[derive(Debug, Clone, PartialEq, Eq, Hash, HasQuery, Entity)]
#[diesel(table_name = diesel_session_history)]
pub struct HistoryRow {
    /// Counts up; changes of one row are in this order.
    #[entity(key)]
    pub id: i64,
    /// The unit of work.
    pub unit: UnitId,
    /// Its name, if it has one.
    pub unit_name: Option<String>,
    /// On whose behalf it ran, if it was told.
    pub author: Option<String>,
    /// When the change was sent, by the program's clock.
    pub changed_at: Timestamp,
    /// The table of the row.
    pub table_name: String,
    /// The key of the row after the change, as JSON.
    pub row_key: String,
    /// `INSERT`, `UPDATE` or `DELETE`.
    pub operation: String,
    /// The values of the row before the change, as a JSON object; `None` for an INSERT.
    pub values_before: Option<String>,
    /// When a consumer has handled the change, for an outbox: the session leaves it NULL.
    #[entity(server_default)]
    pub delivered_at: Option<Timestamp>,
}
