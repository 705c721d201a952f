//! Related rows on SQLite in memory, compared with the same work in Diesel as an expert writes it: one query for each
//! relation, and groups by hash maps.

use std::collections::HashMap;

use diesel::connection::{Connection as _, SimpleConnection};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_session::relation::{children, parent};
use diesel_session::{Entity, Handle, Session};

use crate::{Clock, Comparison, Contender, Took, timed};

const CPU: &[(&str, Clock)] = &[("CPU", Clock::Cpu)];
const POSTS: i64 = 1_000;
/// The comments of each post.
const COMMENTS: i64 = 10;
const ALL: i64 = POSTS * COMMENTS;

/// A comparison with the same work by hand.
macro_rules! beside {
    ($work:literal, $rows:expr, $session:ident, $diesel:ident) => {
        Comparison {
            work: $work,
            rows: $rows,
            rounds: 15,
            clocks: CPU,
            session: $session,
            others: &[Contender { name: "Diesel, by hand", round: $diesel, bound: Some(1.15) }],
        }
    };
}

pub const COMPARISONS: &[Comparison] = &[
    beside!("relations: 10 children of each of 1,000 rows", ALL, session_children, diesel_children),
    beside!("relations: 10,000 rows, their 1,000 parents", ALL, session_parents, diesel_parents),
    beside!("relations: the best 3 of 10 children of each of 1,000 rows", 3 * POSTS, session_best, diesel_best),
    beside!("relations: 5 linked rows of each of 1,000 rows", 5 * POSTS, session_through, diesel_through),
    beside!("relations: 1,000 rows, their children, their parents", ALL, session_nested, diesel_nested),
    beside!("relations: 10,000 rows joined with their parents", ALL, session_joined, diesel_joined),
    beside!("relations: 10,000 rows by keys", ALL, session_many, diesel_many),
    beside!("relations: 10,000 rows from SQL", ALL, session_sql, diesel_sql),
];

diesel::table! { writers (id) { id -> BigInt, name -> Text } }
diesel::table! { posts (id) { id -> BigInt, title -> Text } }
diesel::table! {
    comments (id) { id -> BigInt, post_id -> BigInt, writer_id -> BigInt, score -> BigInt, body -> Text }
}
diesel::table! { labels (id) { id -> BigInt, name -> Text } }
diesel::table! { post_labels (post_id, label_id) { post_id -> BigInt, label_id -> BigInt } }
diesel::allow_tables_to_appear_in_same_query!(writers, posts, comments, labels, post_labels);
diesel::joinable!(comments -> posts (post_id));
diesel::joinable!(post_labels -> labels (label_id));

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
    pub title: String,
}

#[derive(Debug, Clone, PartialEq, HasQuery, QueryableByName, Entity)]
#[diesel(table_name = comments)]
pub struct Comment {
    #[entity(key)]
    pub id: i64,
    #[entity(references = posts::id)]
    pub post_id: i64,
    #[entity(references = writers::id)]
    pub writer_id: i64,
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

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = post_labels)]
pub struct PostLabel {
    #[entity(key, given)]
    #[entity(references = posts::id)]
    pub post_id: i64,
    #[entity(key, given)]
    #[entity(references = labels::id)]
    pub label_id: i64,
}

fn filled() -> SqliteConnection {
    let mut connection = SqliteConnection::establish(":memory:").expect("memory");
    connection
        .batch_execute(&format!(
            "CREATE TABLE writers (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
             CREATE TABLE posts (id INTEGER PRIMARY KEY, title TEXT NOT NULL);
             CREATE TABLE comments (id INTEGER PRIMARY KEY, post_id BIGINT NOT NULL REFERENCES posts (id),
                writer_id BIGINT NOT NULL REFERENCES writers (id), score BIGINT NOT NULL, body TEXT NOT NULL);
             CREATE TABLE labels (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
             CREATE TABLE post_labels (post_id BIGINT NOT NULL REFERENCES posts (id),
                label_id BIGINT NOT NULL REFERENCES labels (id), PRIMARY KEY (post_id, label_id)) WITHOUT ROWID;
             CREATE INDEX comments_of_post ON comments (post_id);
             WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {POSTS})
                INSERT INTO posts SELECT n, 'post number ' || n FROM n;
             INSERT INTO writers SELECT id, 'writer number ' || id FROM posts;
             INSERT INTO labels SELECT id, 'label number ' || id FROM posts WHERE id <= 50;
             WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < {ALL} - 1)
                INSERT INTO comments SELECT n + 1, n % {POSTS} + 1, n * 7 % {POSTS} + 1, n * 31 % 100,
                    'the comment number ' || n FROM n;
             WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 4)
                INSERT INTO post_labels SELECT id, (id + n * 9) % 50 + 1 FROM posts, n;"
        ))
        .expect("a new database");
    connection
}

/// A round of the session, after it loaded the rows of `E` that the relation starts at.
fn session_round<E, T>(
    query: impl Fn(&mut Session<'_, SqliteConnection>) -> Vec<Handle<E>>,
    work: impl FnOnce(&mut Session<'_, SqliteConnection>, &[Handle<E>]) -> T,
) -> Took {
    let mut connection = filled();
    let mut session = Session::on(&mut connection);
    let rows = query(&mut session);
    timed(|| session, |session| work(session, &rows))
}

fn all_posts(session: &mut Session<'_, SqliteConnection>) -> Vec<Handle<Post>> {
    session.query(Post::query()).all().expect("posts")
}

fn all_comments(session: &mut Session<'_, SqliteConnection>) -> Vec<Handle<Comment>> {
    session.query(Comment::query()).all().expect("comments")
}

/// A round of Diesel, in a transaction, after it loaded the rows that the relation starts at.
fn diesel_round<R, T>(
    query: impl Fn(&mut SqliteConnection) -> QueryResult<Vec<R>>,
    work: impl FnOnce(&mut SqliteConnection, &[R]) -> QueryResult<T>,
) -> Took {
    let mut connection = filled();
    connection.batch_execute("BEGIN").expect("begin");
    let rows = query(&mut connection).expect("rows");
    timed(|| connection, |connection| work(connection, &rows).expect("work"))
}

fn load_posts(connection: &mut SqliteConnection) -> QueryResult<Vec<Post>> {
    Post::query().load(connection)
}

fn load_comments(connection: &mut SqliteConnection) -> QueryResult<Vec<Comment>> {
    Comment::query().load(connection)
}

fn ids(posts: &[Post]) -> Vec<i64> {
    posts.iter().map(|post| post.id).collect()
}

/// The rows in groups, in the order of the posts.
fn grouped<R>(posts: &[Post], rows: Vec<R>, post_of: impl Fn(&R) -> i64) -> Vec<Vec<R>> {
    let positions: HashMap<i64, usize> = posts.iter().enumerate().map(|(index, post)| (post.id, index)).collect();
    let mut groups: Vec<Vec<R>> = posts.iter().map(|_| Vec::new()).collect();
    for row in rows {
        groups[positions[&post_of(&row)]].push(row);
    }
    groups
}

fn session_children() -> Took {
    session_round(all_posts, |session, posts| session.children(comments::post_id, posts).expect("children"))
}

fn diesel_children() -> Took {
    diesel_round(load_posts, |connection, posts| {
        let rows: Vec<Comment> =
            Comment::query().filter(comments::post_id.eq_any(ids(posts))).order(comments::id).load(connection)?;
        Ok(grouped(posts, rows, |comment| comment.post_id))
    })
}

fn session_parents() -> Took {
    session_round(all_comments, |session, comments| session.parents(comments::writer_id, comments).expect("parents"))
}

fn diesel_parents() -> Took {
    diesel_round(load_comments, |connection, comments| {
        let mut wanted: Vec<i64> = comments.iter().map(|comment| comment.writer_id).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let writers: Vec<Writer> = Writer::query().filter(writers::id.eq_any(wanted)).load(connection)?;
        let positions: HashMap<i64, usize> =
            writers.iter().enumerate().map(|(index, writer)| (writer.id, index)).collect();
        let parents: Vec<Option<usize>> =
            comments.iter().map(|comment| positions.get(&comment.writer_id).copied()).collect();
        Ok((writers, parents))
    })
}

fn session_best() -> Took {
    let best = children(comments::post_id).order(comments::score.desc()).limit(3);
    session_round(all_posts, move |session, posts| session.load_related(posts, best).expect("children"))
}

fn diesel_best() -> Took {
    diesel_round(load_posts, |connection, posts| {
        let ids: Vec<String> = posts.iter().map(|post| post.id.to_string()).collect();
        let sql = format!(
            "SELECT id, post_id, writer_id, score, body FROM (SELECT comments.*, \
             ROW_NUMBER() OVER (PARTITION BY post_id ORDER BY score DESC, id) AS n FROM comments \
             WHERE post_id IN ({})) AS t WHERE n <= ? ORDER BY n",
            ids.join(", ")
        );
        let rows: Vec<Comment> = diesel::sql_query(sql).bind::<BigInt, _>(3).load(connection)?;
        Ok(grouped(posts, rows, |comment| comment.post_id))
    })
}

fn session_through() -> Took {
    session_round(all_posts, |session, posts| {
        session.through(post_labels::post_id, post_labels::label_id, posts).expect("labels")
    })
}

fn diesel_through() -> Took {
    diesel_round(load_posts, |connection, posts| {
        let rows: Vec<(i64, Label)> = post_labels::table
            .inner_join(labels::table)
            .filter(post_labels::post_id.eq_any(ids(posts)))
            .order(labels::id)
            .select((post_labels::post_id, Label::as_select()))
            .load(connection)?;
        Ok(grouped(posts, rows, |(post, _)| *post))
    })
}

fn session_nested() -> Took {
    let nested = children(comments::post_id).with(parent(comments::writer_id));
    session_round(all_posts, move |session, posts| session.load_related(posts, nested).expect("comments"))
}

fn diesel_nested() -> Took {
    diesel_round(load_posts, |connection, posts| {
        let rows: Vec<Comment> =
            Comment::query().filter(comments::post_id.eq_any(ids(posts))).order(comments::id).load(connection)?;
        let mut wanted: Vec<i64> = rows.iter().map(|comment| comment.writer_id).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let writers: Vec<Writer> = Writer::query().filter(writers::id.eq_any(wanted)).load(connection)?;
        let positions: HashMap<i64, usize> =
            writers.iter().enumerate().map(|(index, writer)| (writer.id, index)).collect();
        let pairs: Vec<(Comment, Option<usize>)> = rows
            .into_iter()
            .map(|comment| {
                let writer = positions.get(&comment.writer_id).copied();
                (comment, writer)
            })
            .collect();
        Ok((writers, grouped(posts, pairs, |(comment, _)| comment.post_id)))
    })
}

fn nothing(_: &mut Session<'_, SqliteConnection>) -> Vec<Handle<Post>> {
    Vec::new()
}

fn no_rows(_: &mut SqliteConnection) -> QueryResult<Vec<Post>> {
    Ok(Vec::new())
}

fn session_joined() -> Took {
    session_round(nothing, |session, _| {
        let join = comments::table.inner_join(posts::table).select((Comment::as_select(), Post::as_select()));
        session.query_joined::<(Handle<Comment>, Handle<Post>), _>(join).expect("pairs")
    })
}

fn diesel_joined() -> Took {
    diesel_round(no_rows, |connection, _| {
        let join = comments::table.inner_join(posts::table).select((Comment::as_select(), Post::as_select()));
        join.load::<(Comment, Post)>(connection)
    })
}

fn session_many() -> Took {
    let keys: Vec<i64> = (1..=ALL).collect();
    session_round(nothing, move |session, _| session.get_many::<Comment>(&keys).expect("comments"))
}

fn diesel_many() -> Took {
    let keys: Vec<i64> = (1..=ALL).collect();
    diesel_round(no_rows, move |connection, _| {
        let rows: Vec<Comment> = Comment::query().filter(comments::id.eq_any(&keys)).load(connection)?;
        let mut by_id: HashMap<i64, Comment> = rows.into_iter().map(|comment| (comment.id, comment)).collect();
        Ok(keys.iter().map(|key| by_id.remove(key)).collect::<Vec<Option<Comment>>>())
    })
}

fn session_sql() -> Took {
    session_round(nothing, |session, _| {
        session.query_sql::<Comment>(diesel::sql_query("SELECT * FROM comments")).expect("comments")
    })
}

fn diesel_sql() -> Took {
    diesel_round(no_rows, |connection, _| diesel::sql_query("SELECT * FROM comments").load::<Comment>(connection))
}
