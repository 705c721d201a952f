//! What a column's collation takes for equal, on each engine.

use diesel::HasQuery;
use diesel_session::Entity;

#[cfg(feature = "mysql")]
#[path = "b_collations.rs"]
mod mariadb;
#[cfg(feature = "mysql")]
#[path = "b_collations.rs"]
mod mysql;
#[cfg(feature = "postgres")]
#[path = "b_collations.rs"]
mod postgres;
#[cfg(feature = "sqlite")]
#[path = "b_collations.rs"]
mod sqlite;

diesel::table! { artists (name) { name -> Text, born -> BigInt } }
diesel::table! { songs (id) { id -> BigInt, artist -> Nullable<Text>, title -> Text } }

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = artists)]
pub struct Artist {
    #[entity(key, given)]
    pub name: String,
    pub born: i64,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = songs)]
pub struct Song {
    #[entity(key, given)]
    pub id: i64,
    #[entity(references = artists::name)]
    pub artist: Option<String>,
    pub title: String,
}
