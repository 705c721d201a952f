//! What fills a field is said once: a key does not change by itself, and the session alone counts a version.

use diesel_session::Entity;

diesel::table! {
    users (id) { id -> BigInt, name -> Text, version -> BigInt }
}

#[derive(Debug, Clone, PartialEq, Entity)]
#[diesel(table_name = users)]
pub struct UpdatedKey {
    #[entity(key, update = next)]
    id: i64,
    name: String,
    version: i64,
}

#[derive(Debug, Clone, PartialEq, Entity)]
#[diesel(table_name = users)]
pub struct UpdatedGivenKey {
    #[entity(key, given, update = next)]
    id: i64,
    name: String,
    version: i64,
}

#[derive(Debug, Clone, PartialEq, Entity)]
#[diesel(table_name = users)]
pub struct UpdatedVersion {
    #[entity(key)]
    id: i64,
    name: String,
    #[entity(version, update = next)]
    version: i64,
}

#[derive(Debug, Clone, PartialEq, Entity)]
#[diesel(table_name = users)]
pub struct DefaultVersion {
    #[entity(key)]
    id: i64,
    name: String,
    #[entity(version, default = next)]
    version: i64,
}

#[derive(Debug, Clone, PartialEq, Entity)]
#[diesel(table_name = users)]
pub struct DefaultKey {
    #[entity(key, default = next)]
    id: i64,
    name: String,
    version: i64,
}

#[derive(Debug, Clone, PartialEq, Entity)]
#[diesel(table_name = users)]
pub struct DefaultTwice {
    #[entity(key)]
    id: i64,
    #[entity(server_default, default = next)]
    name: String,
    version: i64,
}

#[derive(Debug, Clone, PartialEq, Entity)]
#[diesel(table_name = users)]
pub struct ComputedTwice {
    #[entity(key)]
    id: i64,
    #[entity(computed, default = next)]
    name: String,
    version: i64,
}

#[derive(Debug, Clone, PartialEq, Entity)]
#[diesel(table_name = users)]
pub struct ComputedDefault {
    #[entity(key)]
    id: i64,
    #[entity(computed, server_default)]
    name: String,
    version: i64,
}

#[derive(Debug, Clone, PartialEq, Entity)]
#[diesel(table_name = users)]
pub struct ComputedKey {
    #[entity(key, computed)]
    id: i64,
    name: String,
    version: i64,
}

fn next() -> i64 {
    1
}

fn main() {}
