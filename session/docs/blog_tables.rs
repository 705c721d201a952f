// The tables of the examples about relations, which include this file out of sight.

use diesel::prelude::*;
use diesel_session::prelude::*;

diesel::table! { users (id) { id -> BigInt, name -> Text } }
diesel::table! { posts (id) { id -> BigInt, author_id -> BigInt, title -> Text } }
diesel::table! {
    comments (id) {
        id -> BigInt,
        post_id -> BigInt,
        author_id -> Nullable<BigInt>,
        parent_id -> Nullable<BigInt>,
        hidden -> Bool,
        body -> Text,
    }
}
diesel::table! { tags (id) { id -> BigInt, name -> Text } }
diesel::table! { post_tags (post_id, tag_id) { post_id -> BigInt, tag_id -> BigInt, position -> BigInt } }
diesel::allow_tables_to_appear_in_same_query!(users, posts, comments, tags, post_tags);
diesel::joinable!(posts -> users (author_id));
diesel::joinable!(comments -> posts (post_id));
diesel::joinable!(comments -> users (author_id));

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = users)]
pub struct User {
    #[entity(key)]
    pub id: i64,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = posts)]
pub struct Post {
    #[entity(key)]
    pub id: i64,
    #[entity(references = users::id)]
    pub author_id: i64,
    pub title: String,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = comments)]
pub struct Comment {
    #[entity(key)]
    pub id: i64,
    #[entity(references = posts::id)]
    pub post_id: i64,
    #[entity(references = users::id)]
    pub author_id: Option<i64>,
    #[entity(references = comments::id)]
    pub parent_id: Option<i64>,
    pub hidden: bool,
    pub body: String,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = tags)]
pub struct Tag {
    #[entity(key)]
    pub id: i64,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = post_tags)]
pub struct PostTag {
    #[entity(key, given)]
    #[entity(references = posts::id)]
    pub post_id: i64,
    #[entity(key, given)]
    #[entity(references = tags::id)]
    pub tag_id: i64,
    pub position: i64,
}

/// A database in memory with the tables and some rows.
fn blog() -> Result<Database> {
    use diesel::connection::SimpleConnection as _;

    let db = Database::open("sqlite::memory:")?;
    db.connection()?.batch_execute(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
         CREATE TABLE posts (id INTEGER PRIMARY KEY, author_id BIGINT NOT NULL REFERENCES users (id), \
            title TEXT NOT NULL);
         CREATE TABLE comments (id INTEGER PRIMARY KEY, post_id BIGINT NOT NULL REFERENCES posts (id), \
            author_id BIGINT REFERENCES users (id), parent_id BIGINT REFERENCES comments (id), \
            hidden BOOLEAN NOT NULL, body TEXT NOT NULL);
         CREATE TABLE tags (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
         CREATE TABLE post_tags (post_id BIGINT NOT NULL REFERENCES posts (id), \
            tag_id BIGINT NOT NULL REFERENCES tags (id), position BIGINT NOT NULL, PRIMARY KEY (post_id, tag_id));
         INSERT INTO users VALUES (1, 'Ann'), (2, 'Ben');
         INSERT INTO posts VALUES (1, 1, 'Sea'), (2, 2, 'Sky'), (3, 1, 'Sun');
         INSERT INTO comments VALUES (1, 1, 2, NULL, FALSE, 'wet'), (2, 1, 1, 1, FALSE, 'very'), \
            (3, 1, NULL, 2, TRUE, 'spam'), (4, 1, 1, NULL, FALSE, 'blue'), (5, 2, 2, NULL, FALSE, 'high');
         INSERT INTO tags VALUES (1, 'nature'), (2, 'blue');
         INSERT INTO post_tags VALUES (1, 2, 1), (1, 1, 2), (2, 2, 1)",
    )?;
    Ok(db)
}
