//! A filter tests fields of its struct.

use diesel_session::Entity;

diesel::table! {
    posts (id) { id -> BigInt, org_id -> BigInt, deleted_at -> Nullable<BigInt> }
}

#[derive(Debug, Clone, PartialEq, Entity)]
#[diesel(table_name = posts)]
#[entity(filter(live = removed_at.is_null()))]
pub struct Post {
    #[entity(key)]
    id: i64,
    org_id: i64,
    deleted_at: Option<i64>,
}

fn main() {}
