// The table of the examples of filters in the documentation, which include this file out of sight.

use diesel::prelude::*;
use diesel_session::prelude::*;

diesel::table! {
    posts (id) { id -> BigInt, tenant -> BigInt, title -> Text, deleted_at -> Nullable<Timestamp> }
}

/// The tenant that a unit of work is for.
#[derive(Clone, Copy)]
pub struct Tenant(pub i64);

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = posts)]
#[entity(filter(live = deleted_at.is_null(), tenant = |of: Tenant| tenant.eq(of.0)))]
pub struct Post {
    #[entity(key)]
    pub id: Id<Post>,
    pub tenant: i64,
    pub title: String,
    #[entity(soft_delete = Timestamp::now)]
    pub deleted_at: Option<Timestamp>,
}

/// A database in memory with the table.
fn database() -> Result<Database> {
    use diesel::connection::SimpleConnection as _;

    let db = Database::open("sqlite::memory:")?;
    db.connection()?.batch_execute(
        "CREATE TABLE posts (id INTEGER PRIMARY KEY AUTOINCREMENT, tenant BIGINT NOT NULL, title TEXT NOT NULL, \
            deleted_at TIMESTAMP)",
    )?;
    Ok(db)
}
