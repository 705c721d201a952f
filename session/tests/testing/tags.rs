//! The table of these tests.

use diesel_session::prelude::*;

diesel::table! { tags (id) { id -> BigInt, name -> Text, made_at -> Timestamp } }

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = tags)]
#[entity(unique(name))]
pub struct Tag {
    #[entity(key)]
    pub id: Id<Tag>,
    pub name: Text256,
    #[entity(default = Timestamp::now)]
    pub made_at: Timestamp,
}
