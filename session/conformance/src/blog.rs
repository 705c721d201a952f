//! More of the tables that the session's tests use: posts, their comments in threads, and labels linked to them.

use diesel::HasQuery;
use diesel_session::Entity;

diesel::table! {
    writers (id) { id -> BigInt, name -> Text }
}
diesel::table! {
    posts (id) { id -> BigInt, writer_id -> BigInt, title -> Text }
}
diesel::table! {
    comments (id) {
        id -> BigInt, post_id -> BigInt, writer_id -> Nullable<BigInt>, parent_id -> Nullable<BigInt>, hidden -> Bool,
        score -> BigInt, body -> Text
    }
}
diesel::table! {
    labels (id) { id -> BigInt, name -> Text }
}
diesel::table! {
    post_labels (post_id, label_id) { post_id -> BigInt, label_id -> BigInt, place -> BigInt }
}
diesel::table! {
    follows (follower_id, followed_id) { follower_id -> BigInt, followed_id -> BigInt }
}
diesel::allow_tables_to_appear_in_same_query!(writers, posts, comments, labels, post_labels, follows);
diesel::joinable!(posts -> writers (writer_id));
diesel::joinable!(comments -> posts (post_id));
diesel::joinable!(comments -> writers (writer_id));

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = writers)]
pub struct Writer {
    #[entity(key)]
    pub id: i64,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = posts)]
pub struct Post {
    #[entity(key)]
    pub id: i64,
    #[entity(references = writers::id)]
    pub writer_id: i64,
    pub title: String,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = comments)]
pub struct Comment {
    #[entity(key)]
    pub id: i64,
    #[entity(references = posts::id)]
    pub post_id: i64,
    #[entity(references = writers::id)]
    pub writer_id: Option<i64>,
    #[entity(references = comments::id)]
    pub parent_id: Option<i64>,
    pub hidden: bool,
    pub score: i64,
    pub body: String,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = labels)]
pub struct Label {
    #[entity(key)]
    pub id: i64,
    pub name: String,
}

/// A link between a post and a label.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = post_labels)]
pub struct PostLabel {
    #[entity(key, given)]
    #[entity(references = posts::id)]
    pub post_id: i64,
    #[entity(key, given)]
    #[entity(references = labels::id)]
    pub label_id: i64,
    pub place: i64,
}

/// A link between two rows of one table.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = follows)]
pub struct Follow {
    #[entity(key, given)]
    #[entity(references = writers::id)]
    pub follower_id: i64,
    #[entity(key, given)]
    #[entity(references = writers::id)]
    pub followed_id: i64,
}
