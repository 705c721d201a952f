//! Links between the rows of two tables: added and removed whether or not they are there (137, 138), also if they have keys
//! of their own (199).

use diesel::{HasQuery as _, QueryDsl as _};
use diesel_session::connection::Mode;
use diesel_session::{Error, Handle, Result, State};

use super::domain::*;
use super::graphs::*;

fn link(session: &mut Session<'_>, author: Handle<Author>, tag: Handle<Tag>) -> Result<()> {
    session.link(author_tags::author_id, author_tags::tag_name, author, tag)
}

fn unlink(session: &mut Session<'_>, author: Handle<Author>, tag: Handle<Tag>) -> Result<()> {
    session.unlink(author_tags::author_id, author_tags::tag_name, author, tag)
}

/// The links that others see.
fn links(library: &Library) -> String {
    library.see(
        "SELECT group_concat(author_id || tag_name) FROM (SELECT * FROM author_tags ORDER BY author_id, tag_name) AS l",
    )
}

pub fn b137_new_rows_are_linked_in_the_flush_that_inserts_them() -> Result<()> {
    let (library, mut session, recorder) = drawn();
    let ann = session.get_one::<Author>(ANN)?;
    recorder.take();
    let (dot, red) = (session.add(NewAuthor::new(7, "Dot")?), session.add(NewTag::new("red")?));
    for author in [ann, dot] {
        link(&mut session, author, red)?;
    }
    // The other way round is the same link, and once is enough.
    session.link(author_tags::tag_name, author_tags::author_id, red, dot)?;
    assert!(recorder.sql().is_empty());
    assert_eq!(planned(&session)?, ["INSERT authors (1 row)", "INSERT tags (1 row)", "INSERT author_tags (2 rows)"]);
    session.flush()?;
    let sent = recorder.sql().pop().unwrap().replace('`', "");
    let (start, end) = sent.split_once(" VALUES (?, ?, ?), (?, ?, ?) ").unwrap();
    assert_eq!(start, "INSERT INTO author_tags (author_id, tag_name, added)");
    let conflict = match library.engine() {
        Engine::Mysql => "ON DUPLICATE KEY UPDATE author_id = author_id",
        _ => "ON CONFLICT (author_id, tag_name) DO NOTHING",
    };
    assert_eq!(end, conflict);
    session.commit()?;
    assert_eq!(links(&library), "1red,4red");
    Ok(())
}

pub fn b137_a_link_that_is_there_stays_as_it_is() -> Result<()> {
    let (library, mut session, recorder) = drawn();
    library.elsewhere("INSERT INTO author_tags (author_id, tag_name, added) VALUES (1, 'old', -5)");
    let (ann, old) = (session.get_one::<Author>(ANN)?, session.get_one::<Tag>("old".to_owned())?);
    recorder.take();
    // The session does not know it, and need not.
    link(&mut session, ann, old)?;
    session.flush()?;
    assert_eq!(steps(recorder.sql()), ["INSERT author_tags"]);
    // Its values are those of the database.
    let stored = session.get_one::<AuthorTag>((ANN, "old".to_owned()))?;
    assert_eq!(session.view(stored)?.added, -5);
    recorder.take();
    link(&mut session, ann, old)?;
    session.commit()?;
    assert_eq!(recorder.sql(), ["COMMIT"], "a link that the session has read is nothing to send");
    assert_eq!(library.see("SELECT added FROM author_tags"), "-5");
    Ok(())
}

pub fn b137_a_link_that_someone_else_removed_is_added_again() -> Result<()> {
    let (library, mut session, _recorder) = drawn();
    library.elsewhere("INSERT INTO author_tags (author_id, tag_name, added) VALUES (1, 'old', -5)");
    let (ann, old) = (session.get_one::<Author>(ANN)?, session.get_one::<Tag>("old".to_owned())?);
    session.get_one::<AuthorTag>((ANN, "old".to_owned()))?;
    session.commit()?;
    library.elsewhere("DELETE FROM author_tags");
    link(&mut session, ann, old)?;
    session.commit()?;
    assert_eq!(links(&library), "1old");
    Ok(())
}

pub fn b137_a_link_that_another_transaction_makes_meanwhile_is_no_error() -> Result<()> {
    let (library, mut session, _recorder) = drawn();
    let (ann, old) = (session.get_one::<Author>(ANN)?, session.get_one::<Tag>("old".to_owned())?);
    session.commit()?;
    link(&mut session, ann, old)?;
    // It is committed after this unit decided to link, and before its flush.
    library.elsewhere("INSERT INTO author_tags (author_id, tag_name, added) VALUES (1, 'old', -5)");
    session.commit()?;
    assert_eq!((links(&library), library.see("SELECT added FROM author_tags")), ("1old".to_owned(), "-5".to_owned()));
    Ok(())
}

pub fn b137_another_violation_is_an_error() -> Result<()> {
    let (library, mut session, _recorder) = drawn();
    let (ann, old) = (session.get_one::<Author>(ANN)?, session.get_one::<Tag>("old".to_owned())?);
    session.commit()?;
    library.elsewhere("DELETE FROM tags");
    link(&mut session, ann, old)?;
    let error = session.flush().unwrap_err();
    assert!(error.is_foreign_key(), "{error}");
    session.rollback()?;
    assert_eq!(links(&library), "NULL");
    Ok(())
}

pub fn b138_links_are_removed_without_being_read() -> Result<()> {
    let (library, mut session, recorder) = drawn();
    library.elsewhere("INSERT INTO author_tags (author_id, tag_name, added) VALUES (1, 'old', 0), (2, 'old', 0)");
    let [ann, ben, cid] = [ANN, BEN, CID].map(|key| session.get_one::<Author>(key).unwrap());
    let old = session.get_one::<Tag>("old".to_owned())?;
    recorder.take();
    unlink(&mut session, ann, old)?;
    // There is none to remove here.
    unlink(&mut session, cid, old)?;
    assert_eq!(planned(&session)?, ["DELETE author_tags (2 rows)"]);
    session.commit()?;
    assert_eq!(steps(recorder.sql()), ["DELETE author_tags", "COMMIT"]);
    assert_eq!(links(&library), "2old");
    unlink(&mut session, ben, old)?;
    session.commit()?;
    assert_eq!(links(&library), "NULL");
    Ok(())
}

pub fn b138_the_last_call_before_the_flush_counts() -> Result<()> {
    let (library, mut session, recorder) = drawn();
    let (ann, old) = (session.get_one::<Author>(ANN)?, session.get_one::<Tag>("old".to_owned())?);
    let red = session.add(NewTag::new("red")?);
    // A link of a new row is only in memory.
    link(&mut session, ann, red)?;
    unlink(&mut session, ann, red)?;
    assert_eq!(planned(&session)?, ["INSERT tags (1 row)"]);
    link(&mut session, ann, red)?;
    session.commit()?;
    assert_eq!(links(&library), "1red");
    unlink(&mut session, ann, red)?;
    link(&mut session, ann, red)?;
    link(&mut session, ann, old)?;
    unlink(&mut session, ann, old)?;
    recorder.take();
    session.commit()?;
    assert_eq!(links(&library), "1red");
    unlink(&mut session, ann, old)?;
    link(&mut session, ann, old)?;
    session.commit()?;
    assert_eq!(links(&library), "1old,1red");
    Ok(())
}

pub fn b138_a_row_and_its_links_are_deleted_in_one_flush() -> Result<()> {
    let (library, mut session, _recorder) = drawn();
    let dot = session.add(NewAuthor::new(7, "Dot")?);
    let old = session.get_one::<Tag>("old".to_owned())?;
    link(&mut session, dot, old)?;
    session.commit()?;
    unlink(&mut session, dot, old)?;
    session.delete(dot)?;
    assert_eq!(planned(&session)?, ["DELETE author_tags (1 row)", "DELETE authors (1 row)"]);
    session.commit()?;
    assert_eq!(links(&library), "NULL");
    Ok(())
}

pub fn b138_a_rollback_undoes_links_and_their_removal() -> Result<()> {
    let (library, mut session, _recorder) = drawn();
    library.elsewhere("INSERT INTO author_tags (author_id, tag_name, added) VALUES (1, 'old', -5)");
    let (ann, ben) = (session.get_one::<Author>(ANN)?, session.get_one::<Author>(BEN)?);
    let old = session.get_one::<Tag>("old".to_owned())?;
    let undone = session.nested(|session| -> Result<()> {
        unlink(session, ann, old)?;
        link(session, ben, old)?;
        session.flush()?;
        assert_eq!(session.query(AuthorTag::query()).count()?, 1);
        Err(Error::ReadOnlySession)
    });
    assert!(undone.is_err());
    let stored = session.query(AuthorTag::query().order(author_tags::author_id)).all()?;
    assert_eq!(stored.iter().map(|link| session.key(*link).ok()).collect::<Vec<_>>(), [Some((ANN, "old".to_owned()))]);
    session.rollback()?;
    assert!(session.plan()?.is_empty());
    assert_eq!(session.state(stored[0])?, State::Expired);
    assert_eq!(links(&library), "1old");
    Ok(())
}

pub fn b138_a_session_that_only_reads_refuses_both() -> Result<()> {
    let (library, _session, _recorder) = drawn();
    let mut reader = library.session_for(Mode::Read, diesel_session::connection::EchoOptions::default());
    let (ann, old) = (reader.get_one::<Author>(ANN)?, reader.get_one::<Tag>("old".to_owned())?);
    assert!(matches!(link(&mut reader, ann, old), Err(Error::ReadOnlySession)));
    assert!(matches!(unlink(&mut reader, ann, old), Err(Error::ReadOnlySession)));
    Ok(())
}

/// Who follows what, as others see it, by the keys that the database generated.
fn follows_stored(library: &Library) -> String {
    library.see(
        "SELECT group_concat(author_id || tag_name || since) FROM (SELECT * FROM follows ORDER BY author_id, tag_name) AS f",
    )
}

fn follow(session: &mut Session<'_>, author: Handle<Author>, tag: Handle<Tag>) -> Result<()> {
    session.link(follows::author_id, follows::tag_name, author, tag)
}

fn unfollow(session: &mut Session<'_>, author: Handle<Author>, tag: Handle<Tag>) -> Result<()> {
    session.unlink(follows::author_id, follows::tag_name, author, tag)
}

pub fn b199_links_with_keys_of_their_own_are_added_unless_they_are_there() -> Result<()> {
    let (library, mut session, recorder) = drawn();
    library.elsewhere("INSERT INTO follows (author_id, tag_name, since) VALUES (1, 'old', -5)");
    let (ann, old) = (session.get_one::<Author>(ANN)?, session.get_one::<Tag>("old".to_owned())?);
    // The session may have the link that is there.
    let stored = session.query(Follow::query()).one()?;
    recorder.take();
    let (dot, red) = (session.add(NewAuthor::new(7, "Dot")?), session.add(NewTag::new("red")?));
    for (author, tag) in [(ann, old), (dot, old), (dot, red), (dot, red)] {
        follow(&mut session, author, tag)?;
    }
    session.link(follows::tag_name, follows::author_id, red, dot)?;
    assert!(recorder.sql().is_empty());
    assert_eq!(planned(&session)?, ["INSERT authors (1 row)", "INSERT tags (1 row)", "INSERT follows (3 rows)"]);
    session.flush()?;
    let sent = recorder.sql().pop().unwrap().replace('`', "");
    let (start, end) = sent.split_once(" VALUES (?, ?, ?), (?, ?, ?), (?, ?, ?) ").unwrap();
    assert_eq!(start, "INSERT INTO follows (author_id, tag_name, since)");
    let conflict = match library.engine() {
        Engine::Mysql => "ON DUPLICATE KEY UPDATE id = id",
        _ => "ON CONFLICT (tag_name, author_id) DO NOTHING",
    };
    assert_eq!(end, conflict);
    assert_eq!(session.row(stored)?.since, -5);
    // They are found under their keys.
    let found = session.query(Follow::query().order(follows::id)).all()?;
    assert_eq!((found.len(), found[0]), (3, stored));
    assert_eq!(session.row(found[1])?.author_id, session.key(dot)?);
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM follows WHERE since = -5"), "1");
    assert_eq!(library.see("SELECT COUNT(*) FROM follows"), "3");
    Ok(())
}

pub fn b199_links_with_keys_of_their_own_are_found_to_be_removed() -> Result<()> {
    let (library, mut session, recorder) = drawn();
    library.elsewhere("INSERT INTO follows (author_id, tag_name, since) VALUES (1, 'old', 0), (2, 'old', 0)");
    let [ann, ben, cid] = [ANN, BEN, CID].map(|key| session.get_one::<Author>(key).unwrap());
    let old = session.get_one::<Tag>("old".to_owned())?;
    recorder.take();
    unfollow(&mut session, ann, old)?;
    // There is none to remove here.
    unfollow(&mut session, cid, old)?;
    assert_eq!(planned(&session)?, ["DELETE follows (1 row)"]);
    session.commit()?;
    let verbs: Vec<String> = recorder.sql().iter().filter_map(|sql| sql.split(' ').next().map(str::to_owned)).collect();
    assert_eq!(verbs, ["SELECT", "SELECT", "DELETE", "COMMIT"]);
    assert_eq!(follows_stored(&library), "2old0");
    // It is no error if someone else has removed it.
    unfollow(&mut session, ben, old)?;
    assert_eq!(planned(&session)?, ["DELETE follows (1 row)"]);
    session.rollback()?;
    assert_eq!(follows_stored(&library), "2old0");
    unfollow(&mut session, ben, old)?;
    session.commit()?;
    assert_eq!(follows_stored(&library), "NULL");
    Ok(())
}

pub fn b199_the_last_call_before_the_flush_counts_for_links_with_keys_of_their_own() -> Result<()> {
    let (library, mut session, recorder) = drawn();
    library.elsewhere("INSERT INTO follows (author_id, tag_name, since) VALUES (1, 'old', -5)");
    let (ann, ben) = (session.get_one::<Author>(ANN)?, session.get_one::<Author>(BEN)?);
    let old = session.get_one::<Tag>("old".to_owned())?;
    let red = session.add(NewTag::new("red")?);
    follow(&mut session, ann, red)?;
    unfollow(&mut session, ann, red)?;
    unfollow(&mut session, ann, old)?;
    follow(&mut session, ann, old)?;
    follow(&mut session, ben, old)?;
    unfollow(&mut session, ben, old)?;
    assert_eq!(planned(&session)?, ["INSERT tags (1 row)"]);
    session.commit()?;
    assert_eq!(follows_stored(&library), "1old-5");
    // One that is removed by its handle is added again, with another key.
    let stored = session.query(Follow::query()).one()?;
    session.delete(stored)?;
    follow(&mut session, ann, old)?;
    recorder.take();
    session.flush()?;
    assert_eq!(steps(recorder.sql()), ["DELETE follows", "INSERT follows"]);
    session.rollback()?;
    assert_eq!(follows_stored(&library), "1old-5");
    assert!(session.plan()?.is_empty());
    Ok(())
}
