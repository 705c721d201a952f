//! Merge, and rows by their foreign keys (115–116).

use diesel::{ExpressionMethods as _, HasQuery as _, QueryDsl as _};
use diesel_session::{Error, Handle, Result, State};

use super::domain::*;

pub fn b115_merge_brings_a_present_row_to_the_values_given() -> Result<()> {
    let (library, mut session, recorder) = open();
    let ann = session.get_one::<Author>(ANN)?;
    let copy = Author { name: "Anna".into(), ..session.row(ann)?.clone() };
    recorder.take();
    assert_eq!(session.merge(&copy)?, ann);
    assert!(recorder.sql().is_empty());
    session.commit()?;
    assert_eq!(recorder.sql(), ["UPDATE authors SET name = ? WHERE id = ?", "COMMIT"]);
    assert_eq!(library.see("SELECT name FROM authors WHERE id = 1"), "Anna");
    Ok(())
}

pub fn b115_merge_looks_an_unknown_key_up_and_adds_the_row_where_there_is_none() -> Result<()> {
    let (library, mut session, recorder) = open();
    let known = session.merge(&Tag { name: "old".into(), colour: "grey".into() })?;
    assert!(recorder.sql()[1].starts_with("SELECT"));
    assert!(!session.is_modified(known)?);
    let new = session.merge(&Tag { name: "new".into(), colour: "ignored".into() })?;
    assert_eq!(session.state(new)?, State::Pending);
    let unknown = Author { id: 99, number: 99, name: "Zoe".into(), email: None };
    let zoe = session.merge(&unknown)?;
    session.commit()?;
    assert_eq!(session.key(zoe).ok(), Some(4));
    assert_eq!(library.see("SELECT GROUP_CONCAT(name) FROM (SELECT name FROM tags ORDER BY name) AS named"), "new,old");
    Ok(())
}

pub fn b115_merge_of_an_older_version_is_stale() -> Result<()> {
    let (library, mut session, _recorder) = open();
    let sea = session.get_one::<Book>(SEA)?;
    let old = session.row(sea)?.clone();
    session.commit()?;
    library.elsewhere("UPDATE books SET version = 2");
    assert!(session.merge(&old).unwrap_err().is_stale());
    Ok(())
}

pub fn b115_merge_overwrites_what_others_wrote_to_a_row_without_a_version() -> Result<()> {
    let (library, mut session, recorder) = open();
    let ann = session.get_one::<Author>(ANN)?;
    let copy = Author { name: "Anna".into(), ..session.row(ann)?.clone() };
    session.commit()?;
    library.elsewhere("UPDATE authors SET email = 'eve@example.org' WHERE id = 1");
    recorder.take();
    session.merge(&copy)?;
    session.commit()?;
    assert_eq!(recorder.sql()[2..], ["UPDATE authors SET name = ?, email = ? WHERE id = ?", "COMMIT"]);
    assert_eq!(library.see("SELECT email FROM authors WHERE id = 1"), "NULL");
    Ok(())
}

pub fn b116_the_children_of_many_parents_are_one_select() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let authors = session.query(Author::query().order(authors::id.desc())).all()?;
    let dot = session.add(NewAuthor::new(7, "Dot")?);
    let tree = session.add(NewBook::new(dot, "Tree")?);
    recorder.take();
    let parents: Vec<Handle<Author>> = [authors, vec![dot]].concat();
    let reviews = session.children(reviews::author_id, &parents)?;
    let books = session.children(books::author_id, &parents)?;
    let sent = recorder.sql();
    assert_eq!(sent.iter().filter(|sql| sql.starts_with("SELECT")).count(), 2, "{sent:?}");
    assert_eq!(
        sent.last().map(String::as_str),
        Some("SELECT id, author_id, title, pages, changed, version FROM books WHERE author_id IN (?, ?, ?, ?)")
    );
    let keys = |groups: &[Vec<Handle<Review>>]| -> Vec<Vec<Option<i64>>> {
        groups.iter().map(|group| group.iter().map(|review| session.key(*review).ok()).collect()).collect()
    };
    assert_eq!(keys(&reviews), [vec![Some(20_001), Some(20_002)], vec![], vec![Some(20_003)], vec![]]);
    assert_eq!(books[3], [tree]);
    Ok(())
}

pub fn b116_children_by_a_unique_column_and_by_a_nullable_one() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    let (cid, sea) = (session.get_one::<Author>(CID)?, session.get_one::<Book>(SEA)?);
    session.expire_all();
    let prizes = session.children(prizes::author_number, &[cid])?;
    assert_eq!(prizes[0].iter().map(|prize| session.key(*prize).ok()).collect::<Vec<_>>(), [Some(30_001)]);
    let reviews = session.children(reviews::book_id, &[sea])?;
    assert_eq!(reviews[0].iter().map(|review| session.key(*review).ok()).collect::<Vec<_>>(), [Some(20_001)]);
    Ok(())
}

pub fn b116_parents_in_the_session_need_no_sql_and_the_others_one_select() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let reviews = session.query(Review::query().order(reviews::id)).all()?;
    let sea = session.get_one::<Book>(SEA)?;
    recorder.take();
    let books = session.parents(reviews::book_id, &reviews)?;
    assert_eq!(recorder.sql(), ["SELECT id, author_id, title, pages, changed, version FROM books WHERE id IN (?)"]);
    assert_eq!(books[0], Some(sea));
    assert_eq!(books[1].and_then(|book| session.key(book).ok()), Some(SKY));
    assert_eq!(books[2], None);
    session.parents(reviews::book_id, &reviews)?;
    assert!(recorder.sql().is_empty());
    let gold = session.get_one::<Prize>(30_001)?;
    let winners = session.parents(prizes::author_number, &[gold])?;
    assert_eq!(winners[0].and_then(|winner| session.key(winner).ok()), Some(CID));
    Ok(())
}

pub fn b116_parents_in_the_session_leave_half_done_changes_unflushed() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let wet = session.get_one::<Review>(20_001)?;
    let sea = session.get_one::<Book>(SEA)?;
    session.edit(sea)?.title = "Ocean".into();
    recorder.take();
    assert_eq!(session.parents(reviews::book_id, &[wet])?, [Some(sea)]);
    assert!(recorder.sql().is_empty());
    session.edit(wet)?.book_id = Some(SKY);
    let sky = session.parents(reviews::book_id, &[wet])?;
    assert_eq!(sky[0].and_then(|book| session.key(book).ok()), Some(SKY));
    assert_eq!(steps(recorder.sql()), ["UPDATE books", "UPDATE reviews", "SELECT id,"]);
    Ok(())
}

pub fn b115_merge_onto_a_row_that_is_marked_for_deletion_is_refused() -> Result<()> {
    let (library, mut session, _recorder) = open();
    let ann = session.get_one::<Author>(ANN)?;
    let copy = Author { name: "Anna".into(), ..session.row(ann)?.clone() };
    session.delete(ann)?;
    assert!(matches!(session.merge(&copy), Err(Error::AlreadyPresent { .. })));
    session.undelete(ann)?;
    session.merge(&copy)?;
    session.commit()?;
    assert_eq!(library.see("SELECT name FROM authors WHERE id = 1"), "Anna");
    Ok(())
}
