//! The flush: rows that are refused, stale, or replace another row (67–73).

use diesel::{ExpressionMethods as _, HasQuery as _, QueryDsl as _};
use diesel_session::{Error, Result, State};

use super::domain::*;

const INSERT_AUTHOR: &str = "INSERT INTO authors (number, name, email) VALUES (?, ?, ?) RETURNING id, number";

pub fn b067_a_failed_flush_undoes_and_poisons_until_the_rollback() -> Result<()> {
    let (library, mut session, recorder) = open();
    let ann = session.get_one::<Author>(ANN)?;
    let dot = session.add(NewAuthor::new(7, "Dot")?);
    session.flush()?;
    let twin = session.add(NewAuthor::new(10, "Ann again")?);
    recorder.take();
    let error = session.flush().unwrap_err();
    assert_eq!(error.to_string(), "authors: a row with this number already exists (10)");
    let sent = recorder.sql();
    assert!(INSERT_AUTHOR.starts_with(&sent[0]) && sent[1..] == ["ROLLBACK"], "{sent:?}");
    assert!(session.in_transaction());
    let poisoned = [
        session.flush(),
        session.commit(),
        session.get::<Author>(BEN).map(drop),
        session.view(ann).map(drop),
        session.edit(ann).map(drop),
        session.delete(ann),
        session.query(Author::query()).all().map(drop),
        session.execute(diesel::delete(tags::table)).map(drop),
        session.begin(|_| -> Result<()> { Ok(()) }),
        session.nested(|_| -> Result<()> { Ok(()) }),
        session.connection().map(drop),
    ];
    for done in poisoned {
        let error = done.unwrap_err();
        assert!(error.is_poisoned() && error.is_unique(), "{error}");
        assert!(error.to_string().ends_with("authors: a row with this number already exists (10)"), "{error}");
    }
    // A row added in between is dropped with the rest.
    let late = session.add(NewAuthor::new(9, "late")?);
    assert!(recorder.sql().is_empty());
    session.rollback()?;
    assert!(recorder.sql().is_empty());
    for undone in [dot, twin, late] {
        assert_eq!(session.state(undone)?, State::Transient);
    }
    assert_eq!(session.view(ann)?.name, "Ann");
    session.add_back(dot)?;
    session.commit()?;
    assert_eq!(library.see("SELECT GROUP_CONCAT(name) FROM authors WHERE id > 3"), "Dot");
    Ok(())
}

pub fn b067_a_poisoned_block_does_not_commit_whatever_its_closure_says() -> Result<()> {
    let (library, mut session, recorder) = open();
    let done = session.begin(|session| -> Result<()> {
        session.add(NewAuthor::new(7, "Dot")?);
        session.flush()?;
        session.add(NewAuthor::new(10, "Ann again")?);
        let swallowed = session.flush();
        assert!(swallowed.is_err());
        Ok(())
    });
    let error = done.unwrap_err();
    assert!(error.is_unique() && !error.is_poisoned(), "{error}");
    assert_eq!(recorder.sql().last().map(String::as_str), Some("ROLLBACK"));
    assert_eq!(library.see("SELECT COUNT(*) FROM authors"), "3");
    assert!(!session.in_transaction());
    session.begin(|session| session.get_one::<Author>(ANN).map(drop))
}

pub fn b067_an_answer_that_cannot_be_read_poisons_nothing() -> Result<()> {
    if !can(Capability::HoldTextThatIsNone) {
        return Ok(());
    }
    let (library, mut session, _recorder) = open();
    library.elsewhere("UPDATE authors SET name = x'ff' WHERE id = 1");
    let dot = session.add(NewAuthor::new(7, "Dot")?);
    session.flush()?;
    for unread in [session.get::<Author>(ANN).map(drop), session.query(Author::query()).all().map(drop)] {
        let error = unread.unwrap_err();
        assert!(matches!(error, Error::Unreadable { .. }), "{error}");
    }
    assert_eq!(session.view(dot)?.name, "Dot");
    session.commit()
}

pub fn b067_a_commit_that_cannot_be_planned_leaves_the_transaction_open() -> Result<()> {
    let (library, mut session, _recorder) = open();
    session.add(NewAuthor::new(7, "Dot")?);
    session.flush()?;
    let sea = session.get_one::<Book>(SEA)?;
    session.edit(sea)?.version = 9;
    let error = session.commit().unwrap_err();
    assert!(error.to_string().contains("the session counts the version"), "{error}");
    session.edit(sea)?.version = 1;
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM authors"), "4");
    Ok(())
}

pub fn b068_a_given_key_that_is_there_already_is_the_unique_error_named() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    session.get_one::<Tag>("old".to_owned())?;
    session.add(NewTag::new("old")?);
    let error = session.flush().unwrap_err();
    assert!(error.is_unique(), "{error}");
    assert!(error.to_string().starts_with("tags: a row with this name already exists"), "{error}");
    Ok(())
}

pub fn b069_the_row_that_an_update_of_many_did_not_find_is_named() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    let (sea, sky) = (session.get_one::<Book>(SEA)?, session.get_one::<Book>(SKY)?);
    let elsewhere = diesel::update(books::table.filter(books::id.eq(SKY))).set(books::version.eq(books::version + 5));
    session.execute_unsynchronized(elsewhere)?;
    for book in [sea, sky] {
        session.edit(book)?.title = "new".into();
    }
    let error = session.flush().unwrap_err();
    assert!(error.is_stale(), "{error}");
    assert!(error.to_string().starts_with(&format!("books id {SKY}: ")), "{error}");
    Ok(())
}

pub fn b068_a_refusal_names_the_row_among_many() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    let mut refused = |numbers: &[i64]| -> Result<String> {
        for number in numbers {
            session.add(NewAuthor::new(*number, "many")?);
        }
        let error = session.flush().unwrap_err();
        session.rollback()?;
        Ok(error.to_string())
    };
    assert_eq!(refused(&[7, 8, 20, 9])?, "authors: a row with this number already exists (20)");
    assert_eq!(refused(&[7, 8, 9, 8])?, "authors: a row with this number already exists (8)");
    let places = [(5, 5), (1, 2)].map(|(room, number)| session.add(NewPlace::new(room, number, "new").unwrap()));
    let error = session.flush().unwrap_err();
    assert_eq!(error.to_string(), "places: a row with this room, number already exists (1, 2)");
    session.rollback()?;
    assert!(session.state(places[0])?.is_transient());
    Ok(())
}

pub fn b068_a_foreign_key_that_refers_to_nothing_is_named_with_its_value() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    session.add(NewReview::new(ANN, "fine")?);
    let mut wrong = NewReview::new(ANN, "wrong")?;
    wrong.book_id = 99.into();
    session.add(wrong);
    let error = session.flush().unwrap_err();
    assert!(error.is_foreign_key());
    assert_eq!(error.to_string(), "reviews: book_id 99: there is no such row in books");
    session.rollback()?;
    let sea = session.get_one::<Book>(SEA)?;
    session.edit(sea)?.author_id = 98;
    assert_eq!(session.flush().unwrap_err().to_string(), "books: author_id 98: there is no such row in authors");
    Ok(())
}

pub fn b068_not_null_and_check_name_the_column_and_the_rule() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    session.add(NewAuthor::new(7, "")?);
    let error = session.flush().unwrap_err();
    assert!(
        matches!(&error, Error::Violation(it) if it.table == "authors" && it.constraint.as_ref().is_some_and(|name| name.contains("name"))),
        "{error}"
    );
    session.rollback()?;
    let update = diesel::update(authors::table).set(authors::name.eq(diesel::dsl::sql("NULL")));
    let error = session.execute(update).unwrap_err();
    assert_eq!(error.to_string(), "authors.name must not be NULL");
    Ok(())
}

pub fn b069_an_update_of_a_row_that_is_gone_is_stale() -> Result<()> {
    let (library, mut session, _recorder) = open();
    let old = session.get_one::<Tag>("old".to_owned())?;
    session.commit()?;
    let row = session.row(old)?.clone();
    session.begin(|session| -> Result<()> {
        session.edit(old)?.colour = "white".into();
        session.execute_unsynchronized(diesel::delete(tags::table))?;
        Ok(())
    })?;
    drop(row);
    let ann = session.get_one::<Author>(ANN)?;
    session.edit(ann)?.name = "Anna".into();
    let (reviews, books) = (diesel::delete(reviews::table), diesel::delete(books::table));
    session.execute_unsynchronized(reviews)?;
    session.execute_unsynchronized(books)?;
    session.execute_unsynchronized(diesel::delete(authors::table.filter(authors::id.eq(ANN))))?;
    session.edit(ann)?.name = "Annika".into();
    let error = session.flush().unwrap_err();
    assert!(error.is_stale(), "{error}");
    assert!(error.to_string().starts_with("authors id 1: the row was changed or removed"), "{error}");
    session.rollback()?;
    assert_eq!(library.see("SELECT name FROM authors WHERE id = 1"), "Ann");
    Ok(())
}

pub fn b070_deleting_a_row_that_is_gone_is_a_warning_and_stale_where_rows_have_versions() -> Result<()> {
    let (library, mut session, _recorder) = open();
    let old = session.get_one::<Tag>("old".to_owned())?;
    let sea = session.get_one::<Book>(SEA)?;
    session.commit()?;
    library.elsewhere("DELETE FROM tags; DELETE FROM reviews; DELETE FROM books");
    session.begin(|session| session.delete(old))?;
    assert_eq!(session.state(old)?, State::Gone);
    let error = session.begin(|session| session.delete(sea)).unwrap_err();
    assert!(error.is_stale() && error.to_string().starts_with("books id 10001: "), "{error}");
    Ok(())
}

pub fn b071_a_row_that_replaces_another_under_its_key() -> Result<()> {
    let (library, mut session, recorder) = open();
    let old = session.get_one::<Tag>("old".to_owned())?;
    session.delete(old)?;
    let new = session.add(NewTag::new("old")?);
    recorder.take();
    session.commit()?;
    assert_eq!(steps(recorder.sql()), ["DELETE tags", "INSERT tags", "COMMIT"]);
    assert_eq!(session.get::<Tag>("old".to_owned())?, Some(new));
    assert_eq!(library.see("SELECT colour FROM tags"), "red");
    Ok(())
}

pub fn b072_a_row_that_takes_over_a_unique_value_comes_after_the_delete() -> Result<()> {
    let (library, mut session, recorder) = open();
    let ben = session.get_one::<Author>(BEN)?;
    let sky = session.get_one::<Book>(SKY)?;
    let reviews = session.query(Review::query().filter(reviews::book_id.eq(SKY))).all()?;
    session.load(&reviews)?;
    recorder.take();
    session.edit(reviews[0])?.book_id = Some(SEA);
    session.delete(sky)?;
    session.delete(ben)?;
    session.add(NewAuthor::new(20, "Benno")?);
    session.add(NewAuthor::new(70, "Gus")?);
    session.commit()?;
    assert_eq!(steps(recorder.sql()), ["UPDATE reviews", "DELETE books", "DELETE authors", "INSERT authors", "COMMIT"]);
    assert_eq!(library.see("SELECT name FROM authors WHERE number = 20"), "Benno");
    Ok(())
}

pub fn b072_a_changed_row_takes_over_a_unique_value() -> Result<()> {
    let (library, mut session, recorder) = open();
    session.execute(diesel::update(books::table).set(books::author_id.eq(ANN)))?;
    let (ann, ben) = (session.get_one::<Author>(ANN)?, session.get_one::<Author>(BEN)?);
    session.edit(ann)?.number = 20;
    session.delete(ben)?;
    recorder.take();
    session.commit()?;
    assert_eq!(steps(recorder.sql()), ["DELETE authors", "UPDATE authors", "COMMIT"]);
    assert_eq!(library.see("SELECT name FROM authors WHERE number = 20"), "Ann");
    Ok(())
}

pub fn b072_deletes_that_make_no_room_stay_last() -> Result<()> {
    let (_library, mut session, recorder) = open();
    session.execute(diesel::delete(books::table))?;
    let ben = session.get_one::<Author>(BEN)?;
    session.delete(ben)?;
    session.add(NewAuthor::new(70, "Gus")?);
    recorder.take();
    session.flush()?;
    assert_eq!(steps(recorder.sql()), ["INSERT authors", "DELETE authors"]);
    Ok(())
}

pub fn b073_a_version_counts_up_and_guards_update_and_delete() -> Result<()> {
    let (library, mut session, recorder) = open();
    let tree = session.add(NewBook::new(ANN, "Tree")?);
    session.flush()?;
    assert_eq!(session.row(tree)?.version, 1);
    session.edit(tree)?.title = "Oak".into();
    session.flush()?;
    assert_eq!(session.row(tree)?.version, 2);
    recorder.take();
    session.delete(tree)?;
    session.commit()?;
    assert_eq!(recorder.sql(), ["DELETE FROM books WHERE id = ? AND version = ?", "COMMIT"]);
    let sea = session.get_one::<Book>(SEA)?;
    let row = session.row(sea)?.clone();
    session.commit()?;
    library.elsewhere("UPDATE books SET version = 5 WHERE id = 10001");
    let error = session.begin(|session| session.delete(&row)).unwrap_err();
    assert!(error.is_stale(), "{error}");
    assert_eq!(library.see("SELECT COUNT(*) FROM books WHERE id = 10001"), "1");
    Ok(())
}
