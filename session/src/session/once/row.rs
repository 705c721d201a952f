//! The table of the results of units that run exactly once, and its rows as an entity.

use diesel::HasQuery;

use crate::session::entity::Entity;
use crate::types::{Text256, Timestamp};

diesel::table! {
    /// One row for each key that was used.
    diesel_session_once (once_key) {
        /// The key.
        once_key -> Text,
        /// What the unit returned, as JSON.
        result -> Nullable<Text>,
        /// Until when the result is remembered, by the program's clock.
        expires_at -> Timestamp,
    }
}

/// A key that was used, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, HasQuery, Entity)]
#[diesel(table_name = diesel_session_once)]
pub struct OnceRow {
    /// The key.
    #[entity(key, given)]
    pub once_key: Text256,
    /// What the unit returned, as JSON. It is NULL only until the unit that inserted the row returns.
    pub result: Option<String>,
    /// Until when the result is remembered, by the program's clock.
    pub expires_at: Timestamp,
}
