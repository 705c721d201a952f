//! Joins as tuples of handles, many keys at once, and entities from SQL (121–123).

use diesel::sql_types::BigInt;
use diesel::{ExpressionMethods as _, HasQuery as _, JoinOnDsl as _, QueryDsl as _, SelectableHelper as _, sql_query};
use diesel_session::{Error, Handle, Result};

use super::blog::*;
use super::domain::*;

pub fn b121_a_join_is_pairs_of_handles_and_an_entity_in_several_rows_is_one() -> Result<()> {
    let (_library, mut session, recorder) = blog();
    let ann = session.get_one::<Writer>(1)?;
    session.edit(ann)?.name = "Anna".into();
    recorder.take();
    let join =
        posts::table.inner_join(writers::table).order(posts::id).select((Post::as_select(), Writer::as_select()));
    let pairs: Vec<(Handle<Post>, Handle<Writer>)> = session.query_joined(join)?;
    assert_eq!(
        recorder.sql(),
        [
            "UPDATE writers SET name = ? WHERE id = ?",
            "SELECT posts.id, posts.writer_id, posts.title, writers.id, writers.name FROM (posts INNER JOIN writers \
             ON (posts.writer_id = writers.id)) ORDER BY posts.id"
        ]
    );
    assert_eq!(pairs.iter().map(|(post, _)| session.key(*post).ok()).collect::<Vec<_>>(), [101, 102, 103].map(Some));
    assert!(pairs[0].1 == ann && pairs[2].1 == ann && pairs[1].1 != ann);
    // They are in the session.
    session.get::<Post>(SEA_POST)?;
    session.parents(posts::writer_id, &[pairs[1].0])?;
    assert!(recorder.sql().is_empty());
    Ok(())
}

/// A comment, its post and its writer.
type Triple = (Handle<Comment>, Handle<Post>, Option<Handle<Writer>>);

pub fn b121_the_side_of_an_outer_join_that_is_missing_is_none() -> Result<()> {
    let (_library, mut session, _recorder) = blog();
    let join = comments::table.inner_join(posts::table).left_join(writers::table).order(comments::id).select((
        Comment::as_select(),
        Post::as_select(),
        Option::<Writer>::as_select(),
    ));
    let rows: Vec<Triple> = session.query_joined(join)?;
    let writers: Vec<_> =
        rows.iter().map(|(_, _, writer)| writer.and_then(|writer| session.key(writer).ok())).collect();
    assert_eq!(writers, [Some(2), Some(1), None, Some(1), Some(2)]);
    assert!(rows[..4].iter().all(|(_, post, _)| *post == rows[0].1));
    let childless = posts::table
        .left_join(comments::table.on(comments::post_id.eq(posts::id)))
        .filter(comments::id.is_null())
        .select((Post::as_select(), Option::<Comment>::as_select()));
    let rows = session.query_joined::<(Handle<Post>, Option<Handle<Comment>>), _>(childless)?;
    assert_eq!(
        rows.iter().map(|(post, none)| (session.key(*post).ok(), *none)).collect::<Vec<_>>(),
        [(Some(SUN_POST), None)]
    );
    Ok(())
}

pub fn b121_a_row_of_a_join_that_is_in_the_session_keeps_its_changes() -> Result<()> {
    let (library, mut session, _recorder) = blog();
    let sea = session.get_one::<Post>(SEA_POST)?;
    session.edit(sea)?.title = "Ocean".into();
    library_writes_elsewhere(&library, &mut session)?;
    let join = posts::table.inner_join(writers::table).select((Post::as_select(), Writer::as_select()));
    let pairs: Vec<(Handle<Post>, Handle<Writer>)> = session.no_autoflush(|session| session.query_joined(join))?;
    assert!(pairs.iter().any(|(post, _)| *post == sea));
    assert_eq!(session.row(sea)?.title, "Ocean");
    assert!(session.is_modified(sea)?);
    Ok(())
}

/// Others may only write while the session holds no lock of the whole database.
fn library_writes_elsewhere(library: &Library, session: &mut Session<'_>) -> Result<()> {
    if !can(Capability::KeepOthersOutFromBegin) {
        library.elsewhere("UPDATE posts SET title = 'Water' WHERE id = 102");
    }
    session.no_autoflush(|session| session.query(Post::query()).count()).map(drop)
}

pub fn b122_many_keys_keep_their_order_and_missing_rows_are_none() -> Result<()> {
    let (_library, mut session, recorder) = blog();
    let sky = session.get_one::<Post>(SKY_POST)?;
    recorder.take();
    let found = session.get_many::<Post>(&[SUN_POST, 999, SKY_POST, SEA_POST, SUN_POST])?;
    let sent = recorder.take();
    assert_eq!(sent.len(), 1);
    assert!(sent[0].sql.replace(['`', '"'], "").ends_with("FROM posts WHERE id IN (?, ?, ?)"), "{sent:?}");
    assert_eq!(sent[0].binds, "[101, 103, 999]");
    let keys: Vec<_> = found.iter().map(|post| post.and_then(|post| session.key(post).ok())).collect();
    assert_eq!(keys, [Some(SUN_POST), None, Some(SKY_POST), Some(SEA_POST), Some(SUN_POST)]);
    assert!(found[2] == Some(sky) && found[0] == found[4]);
    let again = session.get_many::<Post>(&[SEA_POST, SKY_POST])?;
    assert_eq!(again, [found[3], found[2]]);
    assert!(session.get_many::<Post>(&[0_i64; 0])?.is_empty());
    assert!(recorder.sql().is_empty());
    Ok(())
}

pub fn b122_pending_rows_are_found_and_expired_and_deleted_ones_are_as_for_get() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let new = session.add(NewTag::new("new")?);
    let old = session.get_one::<Tag>("old")?;
    recorder.take();
    assert_eq!(session.get_many::<Tag>(&["old", "new", "none"])?, [Some(old), Some(new), None]);
    assert_eq!(steps(recorder.sql()), ["SELECT name,"]);
    session.expire_all();
    assert_eq!(session.get_many::<Tag>(&["new", "old"])?, [Some(new), Some(old)]);
    assert_eq!(recorder.sql(), ["SELECT name, colour FROM tags WHERE name IN (?, ?)"]);
    session.row(new)?;
    session.delete(old)?;
    session.flush()?;
    assert_eq!(session.get_many::<Tag>(&["new", "old"])?, [Some(new), None]);
    Ok(())
}

pub fn b122_keys_of_several_columns_are_tuples() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let found = session.get_many::<Place>(&[(1, 2), (2, 2), (1, 1)])?;
    let keys: Vec<_> = found.iter().map(|place| place.and_then(|place| session.key(place).ok())).collect();
    assert_eq!(keys, [Some((1, 2)), None, Some((1, 1))]);
    assert_eq!(recorder.sql().len(), 2);
    Ok(())
}

pub fn b122_seventy_thousand_keys_are_found_in_seventy_statements() -> Result<()> {
    let (_library, mut session, recorder) = blog();
    session.insert_all((0..300).map(|n| NewLabel::new(format!("label {n}")).unwrap()))?;
    recorder.take();
    // Every 250th of these keys has a row.
    let first: i64 = 10_004;
    let keys: Vec<i64> =
        (0..70_000).map(|n| if n % 250 == 0 { first + n / 250 } else { 1_000_000 + n }).rev().collect();
    let found = session.get_many::<Label>(&keys)?;
    assert_eq!(recorder.sql().len(), 70);
    for (key, label) in keys.iter().zip(&found) {
        assert_eq!(label.and_then(|label| session.key(label).ok()), (*key < 1_000_000).then_some(*key));
    }
    assert_eq!(found.iter().flatten().count(), 280);
    Ok(())
}

pub fn b123_entities_from_sql_are_read_by_the_names_of_their_columns() -> Result<()> {
    let (library, mut session, recorder) = blog();
    let sea = session.get_one::<Post>(SEA_POST)?;
    let mist = session.add(NewPost::new(1, "Mist")?);
    recorder.take();
    let sql = "SELECT title, 7 AS extra, writer_id, id FROM posts WHERE title <> 'Sky' ORDER BY title";
    let found: Vec<Handle<Post>> = session.query_sql(sql_query(sql))?;
    assert_eq!(steps(recorder.sql()), ["INSERT posts", "SELECT title,"]);
    assert_eq!((found[0], found[1]), (mist, sea));
    assert_eq!(session.row(found[2])?, &Post { id: SUN_POST, writer_id: 1, title: "Sun".into() });
    let by_key = if library.engine() == Engine::Postgres { "id = $1" } else { "id = ?" };
    let sql = sql_query(format!("SELECT * FROM posts WHERE {by_key}")).bind::<BigInt, _>(SUN_POST);
    assert_eq!(session.query_sql::<Post>(sql)?, [found[2]]);
    assert!(session.query_sql::<Post>(sql_query("SELECT 1 AS one FROM posts WHERE id = 0"))?.is_empty());
    Ok(())
}

pub fn b123_columns_that_the_sql_lacks_or_has_twice_are_named() -> Result<()> {
    let (_library, mut session, _recorder) = blog();
    let error = session.query_sql::<Post>(sql_query("SELECT id, title AS name FROM posts")).unwrap_err();
    assert!(matches!(error, Error::Unreadable { .. }));
    assert_eq!(
        error.to_string(),
        "posts: a stored value cannot be read: the query lacks the columns writer_id, title (it has: id, name)"
    );
    let twice = "SELECT posts.*, writers.id FROM posts JOIN writers ON posts.writer_id = writers.id";
    let error = session.query_sql::<Post>(sql_query(twice)).unwrap_err();
    assert!(error.to_string().contains("the query has several columns named id; select each once"), "{error}");
    // Such an error is about reading: the transaction goes on.
    assert_eq!(session.query(Post::query()).count()?, 3);
    Ok(())
}

pub fn b123_a_value_from_sql_that_is_not_of_its_column_names_row_and_column() -> Result<()> {
    let (_library, mut session, _recorder) = blog();
    let sql = "SELECT title, CAST(NULL AS CHAR(5)) AS writer_id, id FROM posts WHERE id = 102";
    let error = session.query_sql::<Post>(sql_query(sql)).unwrap_err();
    assert!(error.to_string().contains("id 102, writer_id: "), "{error}");
    Ok(())
}

pub fn b123_a_recursive_query_finds_a_tree_as_handles() -> Result<()> {
    let (_library, mut session, recorder) = blog();
    let sql = "WITH RECURSIVE thread (id, depth) AS (
            SELECT id, 0 FROM comments WHERE id = 1001
            UNION ALL SELECT comments.id, depth + 1 FROM comments JOIN thread ON comments.parent_id = thread.id
        ) SELECT comments.* FROM comments JOIN thread ON comments.id = thread.id ORDER BY depth DESC";
    let thread = session.query_sql::<Comment>(sql_query(sql))?;
    assert_eq!(keys(&session, &thread), [1003, 1002, 1001]);
    recorder.take();
    session.edit(thread[2])?.score += 1;
    session.flush()?;
    assert_eq!(recorder.sql(), ["UPDATE comments SET score = ? WHERE id = ?"]);
    Ok(())
}
