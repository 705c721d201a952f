//! Object states and add (21–27).

use diesel_session::{Entity, Error, Handle, Result, State};

use super::domain::*;

pub fn b021_add_sends_nothing_until_flush() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let author = session.add(NewAuthor::new(7, "Dot")?);
    assert_eq!(session.key(author).ok(), None);
    assert_eq!(session.state(author)?, State::Pending);
    assert!(matches!(session.row(author), Err(Error::NotLoaded { state: "pending", .. })));
    assert!(recorder.sql().is_empty());
    session.flush()?;
    assert_eq!(session.key(author).ok(), Some(4));
    assert_eq!(session.state(author)?, State::Persistent { modified: false });
    assert_eq!(session.row(author)?, &Author { id: 4, number: 7, name: "Dot".into(), email: None });
    assert_eq!(
        recorder.sql(),
        ["BEGIN IMMEDIATE", "INSERT INTO authors (number, name, email) VALUES (?, ?, ?) RETURNING id, number"]
    );
    Ok(())
}

pub fn b021_a_pending_row_can_be_changed_before_its_flush_without_sql() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let dot = session.add(NewAuthor::new(7, "Dot")?);
    session.pending_mut(dot)?.name = "Dorothy".into();
    assert!(recorder.sql().is_empty());
    assert_eq!(session.view(dot)?.name, "Dorothy");
    let error = session.pending_mut(dot).unwrap_err();
    assert!(error.to_string().contains("flushed already") && error.to_string().contains("'edit'"), "{error}");
    Ok(())
}

pub fn b023_a_handle_of_another_session_is_refused_everywhere() -> Result<()> {
    let (library, mut session, recorder) = open();
    let mut other = library.session();
    let ann: Handle<Author> = other.get_one(ANN)?;
    other.commit()?;
    recorder.take();
    let foreign = |done: Result<()>| {
        let error = done.unwrap_err();
        assert!(matches!(error, Error::ForeignHandle { table: "authors" }) && error.is_bad_handle(), "{error}");
    };
    assert_eq!(session.key(ann).ok(), None);
    foreign(session.state(ann).map(drop));
    foreign(session.view(ann).map(drop));
    foreign(session.row(ann).map(drop));
    foreign(session.edit(ann).map(drop));
    foreign(session.load(&[ann]));
    foreign(session.delete(ann));
    foreign(session.undelete(ann));
    foreign(session.expire(ann));
    foreign(session.refresh(ann));
    foreign(session.detach(ann).map(drop));
    foreign(session.forget(ann));
    foreign(session.discard(ann));
    foreign(session.add_back(ann));
    foreign(session.is_modified(ann).map(drop));
    foreign(session.pending_mut(ann).map(drop));
    let book = session.add(NewBook::new(ann, "Fire")?);
    foreign(session.flush());
    assert!(recorder.sql().is_empty());
    assert_eq!(session.state(book)?, State::Pending);
    session.pending_mut(book)?.author_id = ANN.into();
    session.commit()
}

pub fn b024_a_detached_row_can_be_attached_again() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let sea = session.get_one::<Book>(SEA)?;
    let row = session.detach(sea)?;
    assert_eq!(session.state(sea)?, State::Gone);
    assert!(matches!(session.view(sea), Err(Error::Gone { table: "books" })));
    recorder.take();
    let sea = session.attach(row)?;
    assert_eq!(session.state(sea)?, State::Persistent { modified: false });
    assert_eq!(recorder.sql().len(), 1);
    session.flush()?;
    assert!(recorder.sql().is_empty());
    Ok(())
}

pub fn b024_attaching_beside_unsaved_changes_is_an_error() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    let ann = session.get_one::<Author>(ANN)?;
    let copy = session.row(ann)?.clone();
    session.edit(ann)?.name = "Anna".into();
    let error = session.attach(copy.clone()).unwrap_err();
    assert!(matches!(error, Error::AlreadyPresent { .. }), "{error}");
    assert_eq!(
        error.to_string(),
        "authors id 1: the session already holds this row with unsaved changes; flush or discard them first"
    );
    session.expire(ann)?;
    session.delete(ann)?;
    assert!(matches!(session.attach(copy.clone()), Err(Error::AlreadyPresent { .. })));
    session.undelete(ann)?;
    // The same row, unchanged or with the same changes, does not conflict: it is the same handle.
    assert_eq!(session.attach(copy.clone())?, ann);
    let eve = Author { name: "Eve".into(), ..copy.clone() };
    assert_eq!(session.attach_edited(eve.clone(), &copy)?, ann);
    assert_eq!(session.attach_edited(eve.clone(), &copy)?, ann);
    assert_eq!(session.attach(eve)?, ann);
    assert_eq!(session.row(ann)?.name, "Eve");
    assert!(session.is_modified(ann)?);
    Ok(())
}

pub fn b024_attaching_a_row_that_is_not_there_is_an_error() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    let row = Author { id: 99, number: 99, name: "Nobody".into(), email: None };
    let error = session.attach(row).unwrap_err();
    assert!(error.is_stale() && error.to_string().starts_with("authors id 99: "), "{error}");
    Ok(())
}

pub fn b025_a_change_made_while_detached_is_flushed_narrowly() -> Result<()> {
    let (library, mut session, recorder) = open();
    let read = detached::<Author>(&mut session, BEN)?;
    let ben = Author { email: Some("ben@example.org".into()), ..read.clone() };
    recorder.take();
    session.begin(|session| session.attach_edited(ben, &read).map(drop))?;
    assert_eq!(recorder.sql()[2..], ["UPDATE authors SET email = ? WHERE id = ?", "COMMIT"]);
    assert_eq!(library.see("SELECT email FROM authors WHERE id = 2"), "ben@example.org");
    let sea = detached::<Book>(&mut session, SEA)?;
    recorder.take();
    session.begin(|session| session.attach(Book { title: "Ocean".into(), ..sea }).map(drop))?;
    assert_eq!(
        recorder.sql()[2..],
        ["UPDATE books SET title = ?, changed = ?, version = ? WHERE id = ? AND version = ?", "COMMIT"]
    );
    Ok(())
}

fn detached<E>(session: &mut Session<'_>, key: E::Key) -> Result<E>
where
    E: Entity + diesel_session::session::Persist<C>,
{
    session.begin(|session| -> Result<E> {
        let handle = session.get_one::<E>(key)?;
        session.detach(handle)
    })
}

pub fn b025_a_row_without_a_version_that_someone_else_changed_is_never_overwritten() -> Result<()> {
    let (library, mut session, recorder) = open();
    let read = detached::<Author>(&mut session, ANN)?;
    library.elsewhere("UPDATE authors SET name = 'Eve', email = 'eve@example.org' WHERE id = 1");
    recorder.take();
    // An unchanged row cannot be distinguished from one that the caller has changed back.
    for row in [read.clone(), Author { number: 11, ..read.clone() }] {
        let error = session.begin(|session| session.attach(row).map(drop)).unwrap_err();
        assert!(matches!(error, Error::UnknownChange { table: "authors", .. }) && !error.is_stale(), "{error}");
        let said = error.to_string();
        assert!(
            said.starts_with("authors id 1: differs from the stored row (") && said.contains("name, email"),
            "{said}"
        );
        assert!(said.contains("'attach_edited'") && said.contains("'merge'"), "{said}");
    }
    session.begin(|session| -> Result<()> {
        let ann = session.attach_edited(read.clone(), &read)?;
        assert_eq!(session.row(ann)?.name, "Eve");
        assert_eq!(session.state(ann)?, State::Persistent { modified: false });
        Ok(())
    })?;
    assert!(!recorder.sql().iter().any(|sql| sql.starts_with("UPDATE")));
    assert_eq!(library.see("SELECT name FROM authors WHERE id = 1"), "Eve");
    Ok(())
}

pub fn b025_what_others_changed_is_kept_beside_the_caller_s_changes() -> Result<()> {
    let (library, mut session, recorder) = open();
    let read = detached::<Author>(&mut session, ANN)?;
    library.elsewhere("UPDATE authors SET email = 'eve@example.org' WHERE id = 1");
    recorder.take();
    session.begin(|session| -> Result<()> {
        let ann = session.attach_edited(Author { name: "Anna".into(), ..read.clone() }, &read)?;
        assert_eq!(session.changes(ann)?.iter().map(|change| change.column).collect::<Vec<_>>(), ["name"]);
        Ok(())
    })?;
    assert_eq!(recorder.sql()[2..], ["UPDATE authors SET name = ? WHERE id = ?", "COMMIT"]);
    assert_eq!(library.see("SELECT name || email FROM authors WHERE id = 1"), "Annaeve@example.org");
    Ok(())
}

pub fn b025_a_column_that_both_changed_to_different_values_makes_the_row_stale() -> Result<()> {
    let (library, mut session, recorder) = open();
    let read = detached::<Author>(&mut session, ANN)?;
    library.elsewhere("UPDATE authors SET name = 'Eve' WHERE id = 1");
    recorder.take();
    let anna = Author { name: "Anna".into(), ..read.clone() };
    let error = session.begin(|session| session.attach_edited(anna, &read).map(drop)).unwrap_err();
    assert!(error.is_stale() && error.to_string().starts_with("authors id 1: "), "{error}");
    // The same value is no conflict, and there is nothing to send.
    let eve = Author { name: "Eve".into(), ..read.clone() };
    session.begin(|session| session.attach_edited(eve, &read).map(drop))?;
    assert!(!recorder.sql().iter().any(|sql| sql.starts_with("UPDATE")));
    Ok(())
}

pub fn b025_a_key_that_was_changed_while_detached_is_an_update_under_the_stored_one() -> Result<()> {
    let (library, mut session, recorder) = open();
    let read = detached::<Tag>(&mut session, "old".to_owned())?;
    recorder.take();
    session.begin(|session| session.attach_edited(Tag { name: "ancient".into(), ..read.clone() }, &read).map(drop))?;
    assert_eq!(recorder.sql()[2..], ["UPDATE tags SET name = ? WHERE name = ?", "COMMIT"]);
    assert_eq!(library.see("SELECT GROUP_CONCAT(name || colour) FROM tags"), "ancientgrey");
    Ok(())
}

pub fn b025_a_versioned_row_is_told_from_others_by_its_version_and_unchanged_takes_what_is_stored() -> Result<()> {
    let (library, mut session, recorder) = open();
    let read = detached::<Book>(&mut session, SEA)?;
    library.elsewhere("UPDATE books SET title = 'Lake', version = 2 WHERE id = 10001");
    recorder.take();
    let more = Book { pages: 7, ..read.clone() };
    let error = session.begin(|session| session.attach_edited(more, &read).map(drop)).unwrap_err();
    assert!(error.is_stale(), "{error}");
    session.begin(|session| -> Result<()> {
        let sea = session.attach_edited(read.clone(), &read)?;
        assert_eq!((session.row(sea)?.title.as_str(), session.row(sea)?.version), ("Lake", 2));
        Ok(())
    })?;
    assert!(!recorder.sql().iter().any(|sql| sql.starts_with("UPDATE")));
    session.begin(|session| -> Result<()> {
        let sea = session.get_one::<Book>(SEA)?;
        session.edit(sea)?.pages = 8;
        Ok(())
    })
}

pub fn b025_a_versioned_row_that_someone_else_changed_meanwhile_is_stale() -> Result<()> {
    let (library, mut session, _recorder) = open();
    let sea = session.get_one::<Book>(SEA)?;
    let mut row = session.detach(sea)?;
    session.commit()?;
    library.elsewhere("UPDATE books SET title = 'Lake', version = 2 WHERE id = 10001");
    row.title = "Ocean".into();
    let error = session.begin(|session| session.attach(row).map(drop)).unwrap_err();
    assert!(error.is_stale(), "{error}");
    assert_eq!(library.see("SELECT title FROM books WHERE id = 10001"), "Lake");
    Ok(())
}

pub fn b026_forget_and_discard_let_go_of_rows() -> Result<()> {
    let (library, mut session, recorder) = open();
    let (ann, ben) = (session.get_one::<Author>(ANN)?, session.get_one::<Author>(BEN)?);
    let dot = session.add(NewAuthor::new(7, "Dot")?);
    session.edit(ben)?.name = "Benno".into();
    recorder.take();
    session.forget(ann)?;
    for unsaved in [ben, dot] {
        let error = session.forget(unsaved).unwrap_err();
        assert!(matches!(error, Error::Unflushed { rows: 1, .. }), "{error}");
        session.discard(unsaved)?;
    }
    for gone in [ann, ben, dot] {
        assert_eq!(session.state(gone)?, State::Gone);
        assert_eq!(session.key(gone).ok(), None);
        assert!(session.forget(gone).unwrap_err().is_bad_handle());
    }
    session.commit()?;
    assert_eq!(recorder.sql(), ["COMMIT"]);
    assert_eq!(library.see("SELECT GROUP_CONCAT(name) FROM authors"), "Ann,Ben,Cid");
    assert_ne!(session.get_one::<Author>(ANN)?, ann);
    Ok(())
}

pub fn b026_detach_flushes_first() -> Result<()> {
    let (library, mut session, _recorder) = open();
    let ann = session.get_one::<Author>(ANN)?;
    session.edit(ann)?.name = "Anna".into();
    assert_eq!(session.detach(ann)?.name, "Anna");
    session.commit()?;
    assert_eq!(library.see("SELECT name FROM authors WHERE id = 1"), "Anna");
    Ok(())
}

pub fn b027_a_detached_row_is_a_plain_value() -> Result<()> {
    let (library, mut session, _recorder) = open();
    let ann = session.get_one::<Author>(ANN)?;
    let row: Author = session.detach(ann)?;
    drop(session);
    library.elsewhere("DELETE FROM reviews; DELETE FROM books; DELETE FROM authors WHERE id = 1");
    assert_eq!(row.name, "Ann");
    Ok(())
}
