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
diesel::table! { songs (id) { id -> BigInt, artist -> Nullable<Text>, title -> Text, label -> Nullable<BigInt> } }
diesel::table! { labels (id) { id -> BigInt } }
diesel::allow_tables_to_appear_in_same_query!(artists, songs, labels);

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
    #[entity(references = labels::id)]
    pub label: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = labels)]
pub struct Label {
    #[entity(key, given)]
    pub id: i64,
}
