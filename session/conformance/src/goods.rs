//! A table with two unique sets, a version and a column that every UPDATE sets, for the tests of upserts. It is not part
//! of the suite's files, as those of [`library`](crate::library).

use diesel::HasQuery;
use diesel_session::Entity;

use crate::library::next_tick;

diesel::table! {
    goods (id) {
        id -> BigInt, code -> BigInt, shop -> BigInt, shelf -> Nullable<BigInt>, label -> Text, price -> BigInt,
        changed -> BigInt, version -> BigInt
    }
}

/// An article of a shop, with a code of its own and, if it is on a shelf, that shelf for itself.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = goods)]
#[entity(unique(code), unique(shop, shelf))]
pub struct Article {
    #[entity(key)]
    pub id: i64,
    pub code: i64,
    pub shop: i64,
    pub shelf: Option<i64>,
    pub label: String,
    #[entity(default = free)]
    pub price: i64,
    #[entity(update = next_tick)]
    pub changed: i64,
    #[entity(version)]
    pub version: i64,
}

fn free() -> i64 {
    0
}
