// The tables of the examples in the documentation, which include this file out of sight.

use diesel::prelude::*;
use diesel_session::prelude::*;

diesel::table! {
    users (id) {
        id -> BigInt,
        user_id -> BigInt,
        username -> Text,
        email -> Nullable<Text>,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    resumes (id) { id -> BigInt, user_id -> BigInt, vacancy -> Text }
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = users)]
#[entity(unique(user_id))]
pub struct User {
    #[entity(key)]
    pub id: Id<User>,
    pub user_id: i64,
    pub username: Text256,
    pub email: Option<Text256>,
    #[entity(update = Timestamp::now)]
    pub updated_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = resumes)]
pub struct Resume {
    #[entity(key)]
    pub id: Id<Resume>,
    #[entity(references = users::id)]
    pub user_id: Id<User>,
    pub vacancy: Text256,
}

/// A database in memory with the tables.
fn database() -> Result<Database> {
    use diesel::connection::SimpleConnection as _;

    let db = Database::open("sqlite::memory:")?;
    db.connection()?.batch_execute(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, user_id BIGINT NOT NULL UNIQUE, username TEXT NOT NULL, email TEXT, \
            updated_at TIMESTAMP NOT NULL);
         CREATE TABLE resumes (id INTEGER PRIMARY KEY, user_id BIGINT NOT NULL REFERENCES users (id), \
            vacancy TEXT NOT NULL)",
    )?;
    Ok(db)
}
