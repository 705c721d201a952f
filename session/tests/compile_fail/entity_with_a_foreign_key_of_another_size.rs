//! A foreign key of several columns has as many columns as it refers to.

use diesel_session::Entity;

diesel::table! {
    parcels (id) { id -> BigInt, order_id -> BigInt, line_no -> BigInt }
}

#[derive(Debug, Clone, PartialEq, Entity)]
#[diesel(table_name = parcels)]
#[entity(references((order_id, line_no) = parcels::(id)))]
pub struct Parcel {
    #[entity(key)]
    id: i64,
    order_id: i64,
    line_no: i64,
}

fn main() {}
