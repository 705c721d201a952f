//! The flush: narrow UPDATEs, defaults, and what the session shows before it (55, 56, 59–66).

use diesel::{ExpressionMethods as _, QueryDsl as _};
use diesel_session::{Error, Result};

use super::domain::*;

const INSERT_REVIEW: &str = "INSERT INTO reviews (author_id, book_id, body) VALUES (?, ?, ?) RETURNING id, author_id";

pub fn b055_an_update_names_only_the_columns_that_changed() -> Result<()> {
    let (library, mut session, recorder) = open();
    let ann = session.get_one::<Author>(ANN)?;
    recorder.take();
    session.edit(ann)?.name = "Anna".into();
    session.commit()?;
    assert_eq!(recorder.sql(), ["UPDATE authors SET name = ? WHERE id = ?", "COMMIT"]);
    assert_eq!(library.see("SELECT name || number FROM authors WHERE id = 1"), "Anna10");
    Ok(())
}

pub fn b056_no_net_change_sends_nothing() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let ann = session.get_one::<Author>(ANN)?;
    recorder.take();
    session.edit(ann)?.name = "Ann".into();
    session.flush()?;
    session.edit(ann)?.name = "Anna".into();
    session.edit(ann)?.name = "Ann".into();
    assert!(!session.is_modified(ann)?);
    session.flush()?;
    assert!(recorder.sql().is_empty());
    session.edit(ann)?.name = "Anna".into();
    session.flush()?;
    assert_eq!(recorder.sql().len(), 1);
    session.flush()?;
    session.edit(ann)?;
    session.flush()?;
    assert!(recorder.sql().is_empty());
    Ok(())
}

pub fn b059_a_default_of_the_program_is_on_the_row_without_sql() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let book = session.add(NewBook::new(ANN, "Tree")?);
    let mut long = NewBook::new(ANN, "Forest")?;
    long.pages = 900;
    let long = session.add(long);
    session.flush()?;
    recorder.take();
    assert_eq!(session.view(book)?.pages, 100);
    assert_eq!(session.view(long)?.pages, 900);
    assert!(recorder.sql().is_empty());
    Ok(())
}

pub fn b060_a_default_of_the_database_comes_back_with_the_insert() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let tags = ["a", "b"].map(|name| session.add(NewTag::new(name).unwrap()));
    session.flush()?;
    assert_eq!(recorder.sql()[1], "INSERT INTO tags (name) VALUES (?), (?) RETURNING colour, name");
    assert_eq!(session.view(tags[0])?, &Tag { name: "a".into(), colour: "red".into() });
    assert_eq!(session.view(tags[1])?, &Tag { name: "b".into(), colour: "red".into() });
    assert!(recorder.sql().is_empty());
    Ok(())
}

pub fn b060_a_default_of_the_database_is_placed_by_the_whole_key() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let places = [(2, 1), (2, 2)].map(|(room, number)| session.add(NewPlace::new(room, number, "shelf").unwrap()));
    session.flush()?;
    assert_eq!(
        recorder.sql()[1],
        "INSERT INTO places (room, number, label) VALUES (?, ?, ?), (?, ?, ?) RETURNING state, room, number"
    );
    assert_eq!(places.map(|place| session.key(place).ok()), [Some((2, 1)), Some((2, 2))]);
    assert_eq!(session.row(places[1])?.state, "free");
    Ok(())
}

pub fn b060_an_update_time_is_set_by_every_update_and_by_none_else() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let sea = session.get_one::<Book>(SEA)?;
    let before = session.row(sea)?.changed;
    recorder.take();
    session.edit(sea)?.title = "Ocean".into();
    session.flush()?;
    assert_eq!(recorder.sql(), ["UPDATE books SET title = ?, changed = ?, version = ? WHERE id = ? AND version = ?"]);
    let after = session.row(sea)?.changed;
    assert!(after > before);
    session.edit(sea)?;
    session.flush()?;
    assert_eq!(session.row(sea)?.changed, after);
    // A value that the caller sets is kept.
    session.edit(sea)?.changed = 0;
    session.flush()?;
    assert_eq!(session.row(sea)?.changed, 0);
    Ok(())
}

pub fn b061_an_unset_optional_field_is_null() -> Result<()> {
    let (library, mut session, _recorder) = open();
    session.add(NewAuthor::new(7, "Dot")?);
    let mut eve = NewAuthor::new(8, "Eve")?;
    eve.email = Some("eve@example.org".into());
    session.add(eve);
    session.commit()?;
    assert_eq!(library.see("SELECT email FROM authors WHERE number = 7"), "NULL");
    assert_eq!(library.see("SELECT email FROM authors WHERE number = 8"), "eve@example.org");
    Ok(())
}

pub fn b062_the_session_shows_what_is_not_sent_yet() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let (ann, ben) = (session.get_one::<Author>(ANN)?, session.get_one::<Author>(BEN)?);
    recorder.take();
    let dot = session.add(NewAuthor::new(7, "Dot")?);
    session.edit(ann)?;
    session.edit(ann)?;
    session.delete(ben)?;
    assert_eq!(session.pending::<Author>(), [dot]);
    // `dirty` lists rows opened for editing; `is_modified` compares values.
    assert_eq!(session.dirty::<Author>(), [ann]);
    assert!(!session.is_modified(ann)?);
    assert_eq!(session.deleted::<Author>(), [ben]);
    assert_eq!(session.pending::<Tag>(), []);
    assert!(recorder.sql().is_empty());
    session.undelete(ben)?;
    session.flush()?;
    assert_eq!(session.pending::<Author>(), []);
    assert_eq!(session.dirty::<Author>(), []);
    assert_eq!(session.deleted::<Author>(), []);
    Ok(())
}

pub fn b063_the_changes_of_a_row_are_shown_column_by_column() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    let ann = session.get_one::<Author>(ANN)?;
    assert!(session.changes(ann)?.is_empty());
    let row = session.edit(ann)?;
    row.name = "Anna".into();
    row.email = Some("a@example.org".into());
    let changes = session.changes(ann)?;
    let shown: Vec<String> =
        changes.iter().map(|change| format!("{}: {:?} -> {:?}", change.column, change.before, change.after)).collect();
    assert_eq!(shown, [r#"name: "Ann" -> "Anna""#, r#"email: None -> Some("a@example.org")"#]);
    session.flush()?;
    assert!(session.changes(ann)?.is_empty());
    Ok(())
}

pub fn b064_any_change_in_place_is_noticed() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let ann = session.get_one::<Author>(ANN)?;
    recorder.take();
    session.edit(ann)?.name.push('a');
    assert!(session.is_modified(ann)?);
    session.flush()?;
    assert_eq!(recorder.sql(), ["UPDATE authors SET name = ? WHERE id = ?"]);
    Ok(())
}

pub fn b065_an_expression_is_a_statement_and_the_row_is_read_again() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let sea = session.get_one::<Book>(SEA)?;
    recorder.take();
    session.execute(diesel::update(books::table.find(SEA)).set(books::pages.eq(books::pages + 1)))?;
    assert_eq!(session.view(sea)?.pages, 101);
    assert_eq!(recorder.sql()[0], "UPDATE books SET pages = (books.pages + ?) WHERE (books.id = ?)");
    Ok(())
}

pub fn b066_a_column_type_refuses_a_wrong_value_before_there_is_a_row() -> Result<()> {
    use diesel_session::types::Text256;
    let error = Text256::try_from("x".repeat(257)).unwrap_err();
    assert!(matches!(error, Error::Value { .. }), "{error}");
    assert!(Text256::try_from("").is_err() && Text256::try_from("a\0b").is_err());
    Text256::try_from("step").map(drop)
}

pub fn b060_a_review_is_inserted_narrowly() -> Result<()> {
    let (_library, mut session, recorder) = open();
    session.add(NewReview::new(ANN, "short")?);
    session.flush()?;
    assert_eq!(recorder.sql()[1], INSERT_REVIEW);
    Ok(())
}
