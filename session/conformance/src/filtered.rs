//! Tables whose entities have filters: folders and papers of organisations, papers and labels that are deleted softly.

use std::sync::atomic::{AtomicI64, Ordering};

use diesel::HasQuery;
use diesel_session::Entity;

diesel::table! {
    folders (id) { id -> BigInt, org -> BigInt, name -> Text }
}
diesel::table! {
    papers (id) {
        id -> BigInt,
        org -> BigInt,
        folder_id -> Nullable<BigInt>,
        slug -> Text,
        deleted_at -> Nullable<BigInt>,
        changed -> BigInt,
        version -> BigInt,
    }
}
diesel::table! {
    labels (code) { code -> BigInt, hidden -> Bool, kind -> Text }
}

diesel::joinable!(papers -> folders (folder_id));
diesel::allow_tables_to_appear_in_same_query!(papers, folders);

/// The organisation that a unit of work is for.
#[derive(Debug, Clone, Copy)]
pub struct Org(pub i64);

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = folders)]
#[entity(filter(tenant = |of: Org| org.eq(of.0)))]
pub struct Folder {
    #[entity(key)]
    pub id: i64,
    pub org: i64,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = papers)]
#[entity(filter(live = deleted_at.is_null(), tenant = |of: Org| org.eq(of.0)))]
pub struct Paper {
    #[entity(key)]
    pub id: i64,
    pub org: i64,
    #[entity(references = folders::id)]
    pub folder_id: Option<i64>,
    pub slug: String,
    #[entity(soft_delete = next_moment)]
    pub deleted_at: Option<i64>,
    #[entity(update = next_moment)]
    pub changed: i64,
    #[entity(version)]
    pub version: i64,
}

/// Deleted by a flag; its key is given, and a second filter has two conditions.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = labels)]
#[entity(filter(shown = hidden.eq(false)))]
#[entity(filter(ordinary = kind.ne("odd").and(kind.is_not_null())))]
pub struct Label {
    #[entity(key, given)]
    pub code: i64,
    #[entity(default = bool::default, soft_delete = yes)]
    pub hidden: bool,
    pub kind: String,
}

fn yes() -> bool {
    true
}

/// A clock that the tests need not wait for.
fn next_moment() -> i64 {
    static MOMENT: AtomicI64 = AtomicI64::new(1);
    MOMENT.fetch_add(1, Ordering::Relaxed)
}
