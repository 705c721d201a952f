//! The value of a filter converts into the type of its field.

use diesel_session::Entity;

diesel::table! {
    posts (id) { id -> BigInt, org_id -> BigInt, deleted_at -> Nullable<BigInt> }
}

#[derive(Debug, Clone, PartialEq, Entity)]
#[diesel(table_name = posts)]
#[entity(filter(tenant = |org: Vec<u8>| org_id.eq(org)))]
pub struct Post {
    #[entity(key)]
    id: i64,
    org_id: i64,
    deleted_at: Option<i64>,
}

fn main() {}
