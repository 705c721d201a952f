//! Foreign keys of rows in the database that are set by handles, also of new rows (132, 133).

use diesel_session::session::Ref;
use diesel_session::{Result, State};

use super::domain::*;
use super::graphs::*;

pub fn b132_an_edited_row_refers_to_a_new_one_in_one_flush() -> Result<()> {
    let (library, mut session, recorder) = open();
    let sea = session.get_one::<Book>(SEA)?;
    let dot = session.add(NewAuthor::new(7, "Dot")?);
    recorder.take();
    session.set_parent(books::author_id, sea, dot)?;
    assert!(recorder.sql().is_empty());
    assert_eq!(session.row(sea)?.author_id, ANN, "the field has its value in the database until the flush");
    assert!(session.is_modified(sea)? && session.state(sea)? == State::Persistent { modified: true });
    let changes = session.changes(sea)?;
    assert_eq!((changes.len(), changes[0].column), (1, "author_id"));
    assert_eq!(
        (format!("{:?}", changes[0].before), format!("{:?}", changes[0].after)),
        ("1".into(), "a new row of authors".into())
    );
    assert_eq!(
        session.plan()?.to_string(),
        "INSERT authors (1 row)\nUPDATE books SET author_id, changed, version (1 row)"
    );
    session.commit()?;
    assert_eq!(steps(recorder.sql()), ["INSERT authors", "UPDATE books", "COMMIT"]);
    assert_eq!(Some(session.row(sea)?.author_id), session.key(dot).ok());
    assert_eq!(session.row(sea)?.version, 2);
    assert_eq!(library.see("SELECT name FROM authors JOIN books ON author_id = authors.id WHERE title = 'Sea'"), "Dot");
    Ok(())
}

pub fn b132_the_parent_of_a_row_that_waits_for_a_new_one_is_found_after_a_flush() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let sea = session.get_one::<Book>(SEA)?;
    session.get_one::<Author>(ANN)?;
    let dot = session.add(NewAuthor::new(7, "Dot")?);
    session.set_parent(books::author_id, sea, dot)?;
    recorder.take();
    assert_eq!(session.parents(books::author_id, &[sea])?, [Some(dot)], "not the one that is stored");
    assert_eq!(steps(recorder.sql()), ["INSERT authors", "UPDATE books"]);

    let review = session.get_one::<Review>(20_001)?;
    let book = session.add(NewBook::new(ANN, "Stars")?);
    session.set_parent(reviews::book_id, review, Ref::of(None))?;
    session.flush()?;
    session.set_parent(reviews::book_id, review, book)?;
    assert_eq!(session.parents(reviews::book_id, &[review])?, [Some(book)], "its column is NULL until the flush");
    Ok(())
}

pub fn b132_many_rows_refer_to_one_new_row_in_one_update() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let reviews = [20_001, 20_002].map(|key| session.get_one::<Review>(key).unwrap());
    let book = session.add(NewBook::new(ANN, "Stars")?);
    for review in reviews {
        session.set_parent(reviews::book_id, review, book)?;
    }
    recorder.take();
    session.flush()?;
    assert_eq!(steps(recorder.sql()), ["INSERT books", "UPDATE reviews"]);
    for review in reviews {
        assert_eq!(session.row(review)?.book_id, session.key(book).ok());
    }
    Ok(())
}

pub fn b132_a_row_of_the_same_table_and_a_column_outside_the_key_can_be_referred_to() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    let leaf = session.get_one::<Member>(40_002)?;
    let prize = session.get_one::<Prize>(30_001)?;
    let twig = session.add(NewMember::new("twig")?);
    let dot = session.add(NewAuthor::new(7, "Dot")?);
    session.set_parent(members::parent_id, leaf, twig)?;
    session.set_parent(prizes::author_number, prize, dot)?;
    session.flush()?;
    assert_eq!(session.row(leaf)?.parent_id, session.key(twig).ok());
    assert_eq!(session.row(prize)?.author_number, 7);
    Ok(())
}

pub fn b132_the_value_of_a_row_in_the_database_is_set_at_once() -> Result<()> {
    let (library, mut session, recorder) = open();
    let (sea, ben) = (session.get_one::<Book>(SEA)?, session.get_one::<Author>(BEN)?);
    let prize = session.get_one::<Prize>(30_001)?;
    recorder.take();
    session.set_parent(books::author_id, sea, ben)?;
    assert_eq!(session.row(sea)?.author_id, BEN);
    session.set_parent(books::author_id, sea, ANN)?;
    assert!(!session.is_modified(sea)?);
    // A column outside the key is read if it is not in memory.
    session.expire(ben)?;
    session.set_parent(books::author_id, sea, ben)?;
    assert!(recorder.sql().is_empty());
    session.set_parent(prizes::author_number, prize, ben)?;
    assert_eq!(recorder.sql(), ["SELECT id, number, name, email FROM authors WHERE id = ?"]);
    session.commit()?;
    assert_eq!(library.see("SELECT author_number FROM prizes"), "20");
    assert_eq!(library.see("SELECT author_id FROM books WHERE id = 10001"), "2");
    Ok(())
}

pub fn b132_a_pending_row_gets_the_handle() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    let book = session.add(NewBook::new(ANN, "Stars")?);
    let dot = session.add(NewAuthor::new(7, "Dot")?);
    session.set_parent(books::author_id, book, dot)?;
    session.flush()?;
    assert_eq!(Some(session.row(book)?.author_id), session.key(dot).ok());
    Ok(())
}

pub fn b132_each_column_of_a_foreign_key_of_several_is_set() -> Result<()> {
    let (_library, mut session, _recorder) = drawn();
    let order = session.add(NewOrder::new("Ann")?);
    let line = session.add(NewLine::new(order, 1, "tea")?);
    let parcel = session.add(NewParcel::new(line, 500)?);
    session.flush()?;
    let other = session.add(NewOrder::new("Ben")?);
    let line = session.add(NewLine::new(other, 4, "tea")?);
    session.set_parent(parcels::order_id, parcel, line)?;
    session.set_parent(parcels::line_no, parcel, line)?;
    let steps = ["INSERT orders (1 row)", "INSERT order_lines (1 row)", "UPDATE parcels SET order_id, line_no (1 row)"];
    assert_eq!(flushed(&mut session)?, steps);
    assert_eq!(Some((session.row(parcel)?.order_id, session.row(parcel)?.line_no)), session.key(line).ok());
    Ok(())
}

pub fn b133_a_later_value_replaces_the_reference() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let review = session.get_one::<Review>(20_003)?;
    let book = session.add(NewBook::new(ANN, "Stars")?);
    session.set_parent(reviews::book_id, review, book)?;
    session.edit(review)?.book_id = Some(SKY);
    assert_eq!(session.plan()?.to_string(), "INSERT books (1 row)\nUPDATE reviews SET book_id (1 row)");
    session.flush()?;
    assert_eq!(session.row(review)?.book_id, Some(SKY));
    // Its value in the database is no change, so it is taken back by the key, or by nothing.
    let moon = session.add(NewBook::new(ANN, "Moon")?);
    session.set_parent(reviews::book_id, review, moon)?;
    session.set_parent(reviews::book_id, review, SKY)?;
    assert!(!session.is_modified(review)?);
    session.set_parent(reviews::book_id, review, moon)?;
    session.set_parent(reviews::book_id, review, Ref::of(None))?;
    recorder.take();
    session.flush()?;
    assert_eq!(session.row(review)?.book_id, None);
    Ok(())
}

pub fn b133_the_reference_is_dropped_with_the_changes_of_its_row() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    let sea = session.get_one::<Book>(SEA)?;
    let dot = session.add(NewAuthor::new(7, "Dot")?);
    session.set_parent(books::author_id, sea, dot)?;
    // A deleted row is only deleted, and comes back with its changes.
    session.delete(sea)?;
    assert_eq!(session.plan()?.to_string(), "INSERT authors (1 row)\nDELETE books (1 row)");
    session.undelete(sea)?;
    assert!(session.is_modified(sea)?);
    session.expire(sea)?;
    assert_eq!(session.plan()?.to_string(), "INSERT authors (1 row)");
    session.set_parent(books::author_id, sea, dot)?;
    session.rollback()?;
    assert!(session.plan()?.is_empty());
    assert_eq!((session.state(sea)?, session.state(dot)?), (State::Expired, State::Transient));
    assert_eq!(session.view(sea)?.author_id, ANN);
    Ok(())
}

pub fn b133_a_new_row_that_is_discarded_cannot_be_referred_to() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let sea = session.get_one::<Book>(SEA)?;
    let dot = session.add(NewAuthor::new(7, "Dot")?);
    session.set_parent(books::author_id, sea, dot)?;
    session.discard(dot)?;
    recorder.take();
    let error = session.flush().unwrap_err();
    assert!(error.to_string().contains("a changed row of books refers to a row that does not exist"), "{error}");
    assert!(recorder.sql().is_empty());
    assert!(session.set_parent(books::author_id, sea, dot).is_err());
    session.set_parent(books::author_id, sea, BEN)?;
    session.commit()?;
    assert_eq!(session.view(sea)?.author_id, BEN);
    Ok(())
}

pub fn b133_a_savepoint_that_fails_undoes_the_reference_made_in_it() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    let sea = session.get_one::<Book>(SEA)?;
    let undone = session.nested(|session| -> Result<()> {
        let dot = session.add(NewAuthor::new(7, "Dot")?);
        session.set_parent(books::author_id, sea, dot)?;
        session.flush()?;
        session.add(NewAuthor::new(7, "Double")?);
        session.flush()
    });
    assert!(undone.unwrap_err().is_unique());
    assert_eq!(session.view(sea)?.author_id, ANN);
    session.commit()
}

pub fn b133_a_handle_of_another_session_is_refused() -> Result<()> {
    let (library, mut session, _recorder) = open();
    let mut other = library.reader();
    let ben = other.get_one::<Author>(BEN)?;
    let sea = session.get_one::<Book>(SEA)?;
    let error = session.set_parent(books::author_id, sea, ben).unwrap_err();
    assert!(matches!(error, diesel_session::Error::ForeignHandle { .. }), "{error}");
    Ok(())
}

pub fn b134_a_missing_key_is_an_error_and_not_null() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let dot = session.add(NewAuthor::new(7, "Dot")?);
    let error = session.key(dot).unwrap_err();
    assert!(matches!(error, diesel_session::Error::NotPersistent { .. }), "{error}");
    assert!(error.to_string().contains("'set_parent' makes a row refer to it"), "{error}");
    assert!(recorder.sql().is_empty());
    session.flush()?;
    let key = session.key(dot)?;
    session.delete(dot)?;
    session.flush()?;
    assert_eq!(session.key(dot)?, key, "a deleted row had one");
    session.rollback()?;
    assert!(session.key(dot).is_err());
    Ok(())
}
