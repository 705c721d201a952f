//! What a refusal names, on each engine.

use diesel::HasQuery;
use diesel_session::Entity;
use diesel_session::types::Text256;

#[cfg(feature = "mysql")]
#[path = "b_refusals.rs"]
mod mariadb;
#[cfg(feature = "mysql")]
#[path = "b_refusals.rs"]
mod mysql;
#[cfg(feature = "postgres")]
#[path = "b_refusals.rs"]
mod postgres;
#[cfg(feature = "sqlite")]
#[path = "b_refusals.rs"]
mod sqlite;

diesel::table! { steps (id) { id -> BigInt, recipe -> BigInt, place -> BigInt, label -> Text } }

/// Its UNIQUE constraints have no names of their own and are not declared.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = steps)]
pub struct Step {
    #[entity(key, given)]
    pub id: i64,
    pub recipe: i64,
    pub place: i64,
    pub label: Text256,
}
