//! The flush: order, batches, narrow UPDATEs, defaults, errors (48–74).

use diesel::{ExpressionMethods as _, HasQuery as _, QueryDsl as _};
use folio::session::Ref;
use folio::{Error, Handle, Result, State};

use super::domain::*;

const INSERT_AUTHOR: &str = "INSERT INTO authors (number, name, email) VALUES (?, ?, ?) RETURNING id, number";
const INSERT_REVIEW: &str = "INSERT INTO reviews (author_id, book_id, body) VALUES (?, ?, ?) RETURNING id, author_id";

/// The first words of each statement: `INSERT authors`.
fn steps(sent: Vec<String>) -> Vec<String> {
    let short = |sql: String| {
        let words: Vec<&str> = sql.split(' ').filter(|word| !matches!(*word, "INTO" | "FROM" | "IMMEDIATE")).collect();
        words.iter().take(2).copied().collect::<Vec<_>>().join(" ")
    };
    sent.into_iter().map(short).filter(|step| step != "BEGIN").collect()
}

#[test]
fn b048_parents_are_inserted_first_and_deleted_last() -> Result<()> {
    let (library, mut session, recorder) = open();
    let dot = session.add(NewAuthor::new(7, "Dot")?);
    let tree = NewBook::new(dot, "Tree")?;
    // A review of a book that is added after it.
    let review = session.add(NewReview::new(dot, "green")?);
    let tree = session.add(tree);
    session.pending_mut::<NewReview>(review)?.book_id = tree.into();
    session.add(NewPrize::new(dot, "Silver")?);
    session.flush()?;
    assert_eq!(steps(recorder.sql()), ["INSERT authors", "INSERT books", "INSERT prizes", "INSERT reviews"]);
    let prizes = session.query(Prize::query().filter(prizes::author_number.eq(7))).all()?;
    recorder.take();
    session.delete(dot)?;
    session.delete(tree)?;
    session.delete(review)?;
    session.delete(prizes[0])?;
    session.commit()?;
    assert_eq!(steps(recorder.sql()), ["DELETE reviews", "DELETE prizes", "DELETE books", "DELETE authors", "COMMIT"]);
    assert_eq!(library.see("SELECT COUNT(*) FROM authors"), "3");
    Ok(())
}

#[test]
fn b048_the_plan_can_be_looked_at_without_sql() -> Result<()> {
    let (_library, mut session, recorder) = open();
    assert!(session.plan()?.is_empty());
    let ben = session.get_one::<Author>(BEN)?;
    let old = session.get_one::<Tag>("old".to_owned())?;
    recorder.take();
    let dot = session.add(NewAuthor::new(7, "Dot")?);
    session.add(NewAuthor::new(8, "Eve")?);
    session.add(NewBook::new(dot, "Tree")?);
    session.edit(ben)?.name = "Benno".into();
    session.delete(old)?;
    let plan = session.plan()?;
    assert_eq!(
        plan.to_string(),
        "INSERT authors (2 rows)\nUPDATE authors SET name (1 row)\nINSERT books (1 row)\nDELETE tags (1 row)"
    );
    assert_eq!(plan.steps()[1].columns, ["name"]);
    assert!(recorder.sql().is_empty());
    Ok(())
}

#[test]
fn b049_rows_of_one_table_are_inserted_parents_first_and_deleted_children_first() -> Result<()> {
    let (library, mut session, recorder) = open();
    let leaf = session.add(NewMember::new("new leaf")?);
    let root = session.add(NewMember::new("new root")?);
    session.pending_mut::<NewMember>(leaf)?.parent_id = root.into();
    session.flush()?;
    assert_eq!(steps(recorder.sql()), ["INSERT members", "INSERT members"]);
    assert_eq!(session.row(leaf)?.parent_id, session.key(root));
    assert!(session.key(root) < session.key(leaf));
    session.delete(root)?;
    session.delete(leaf)?;
    session.commit()?;
    assert_eq!(steps(recorder.sql()), ["DELETE members", "DELETE members", "COMMIT"]);
    assert_eq!(library.see("SELECT COUNT(*) FROM members"), "2");
    Ok(())
}

#[test]
fn b049_new_rows_in_a_circle_are_an_error_of_planning() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let one = session.add(NewMember::new("one")?);
    let two = session.add(NewMember::new("two")?);
    session.pending_mut::<NewMember>(one)?.parent_id = two.into();
    session.pending_mut::<NewMember>(two)?.parent_id = one.into();
    let error = session.flush().unwrap_err();
    assert!(error.to_string().contains("members: new rows refer to each other in a circle"), "{error}");
    assert!(recorder.sql().is_empty());
    // Nothing is poisoned: the caller cuts the circle and goes on.
    session.pending_mut::<NewMember>(two)?.parent_id = None.into();
    session.commit()
}

#[test]
fn b050_tables_in_a_circle_are_ordered_where_rows_allow_it_and_else_reported() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let owner = session.add(NewOwner::new("Uma")?);
    let dog = session.add(NewDog::new("Rex")?);
    session.flush()?;
    let (owner_id, dog_id) = (session.key(owner), session.key(dog));
    session.edit(owner)?.dog_id = dog_id;
    session.edit(dog)?.owner_id = owner_id;
    session.flush()?;
    recorder.take();
    let stray = session.add(NewDog::new("Fido")?);
    let buyer = session.add(NewOwner::new("Vic")?);
    session.pending_mut::<NewDog>(stray)?.owner_id = buyer.into();
    session.pending_mut::<NewOwner>(buyer)?.dog_id = stray.into();
    let error = session.flush().unwrap_err();
    assert!(matches!(error, Error::Plan { .. }), "{error}");
    assert!(error.to_string().contains("owners and dogs") || error.to_string().contains("dogs and owners"), "{error}");
    assert!(recorder.sql().is_empty());
    Ok(())
}

#[test]
fn b051_a_flushed_key_is_used_in_another_row_of_the_same_transaction() -> Result<()> {
    let (library, mut session, _recorder) = open();
    session.begin(|session| -> Result<()> {
        let dot = session.add(NewAuthor::new(7, "Dot")?);
        session.flush()?;
        let key = session.key(dot).ok_or(Error::AlreadyInTransaction)?;
        session.add(NewBook::new(key, "Tree")?);
        Ok(())
    })?;
    assert_eq!(
        library.see("SELECT a.name FROM books b JOIN authors a ON a.id = b.author_id WHERE title = 'Tree'"),
        "Dot"
    );
    Ok(())
}

#[test]
fn b052_a_handle_where_a_key_goes_is_filled_in_the_same_flush() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let dot = session.add(NewAuthor::new(7, "Dot")?);
    let book = session.add(NewBook::new(dot, "Tree")?);
    // A nullable key, and a key on a unique column that is not the primary key.
    let mut review = NewReview::new(dot, "green")?;
    review.book_id = Ref::optional(Some(book));
    let review = session.add(review);
    let prize = session.add(NewPrize::new(dot, "Silver")?);
    session.flush()?;
    assert_eq!(recorder.sql()[1], INSERT_AUTHOR);
    assert_eq!(session.row(book)?.author_id, 4);
    assert_eq!(session.row(review)?.book_id, session.key(book));
    assert_eq!(session.row(prize)?.author_number, 7);
    Ok(())
}

#[test]
fn b052_a_reference_to_a_column_outside_the_key_reads_the_parent_where_it_must() -> Result<()> {
    let (library, mut session, recorder) = open();
    let ann = session.get_one::<Author>(ANN)?;
    session.commit()?;
    library.elsewhere("UPDATE authors SET number = 11 WHERE id = 1");
    for expired in [false, true] {
        if expired {
            session.expire(ann)?;
        }
        recorder.take();
        let prize = session.add(NewPrize::new(ann, "Bronze")?);
        let review = session.add(NewReview::new(ann, "by key")?);
        session.flush()?;
        assert_eq!(session.row(prize)?.author_number, 11);
        assert_eq!(session.row(review)?.author_id, ANN);
        let sent = recorder.sql();
        assert!(sent.iter().any(|sql| sql == "SELECT id, number, name, email FROM authors WHERE id = ?"), "{sent:?}");
    }
    Ok(())
}

#[test]
fn b052_a_reference_to_a_row_that_is_not_there_is_an_error_of_planning() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let dot = session.add(NewAuthor::new(7, "Dot")?);
    session.discard(dot)?;
    let book = session.add(NewBook::new(dot, "Tree")?);
    let error = session.flush().unwrap_err();
    assert!(error.to_string().contains("a new row of books refers to a row that is not there"), "{error}");
    assert!(recorder.sql().is_empty() && session.plan().is_err());
    session.pending_mut::<NewBook>(book)?.author_id = ANN.into();
    session.commit()
}

#[test]
fn b053_rows_are_inserted_in_the_order_they_were_added() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    let added: Vec<Handle<Author>> =
        (0..250).map(|n| Ok(session.add(NewAuthor::new(1_000 - n, format!("a{n}"))?))).collect::<Result<_>>()?;
    session.flush()?;
    let keys: Vec<Option<i64>> = added.iter().map(|author| session.key(*author)).collect();
    assert!(keys.is_sorted() && keys[0] == Some(4) && keys[249] == Some(253));
    Ok(())
}

#[test]
fn b054_rows_of_one_shape_are_one_insert_and_every_key_is_on_its_own_row() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let added: Vec<Handle<Author>> =
        (100..350).map(|n| Ok(session.add(NewAuthor::new(n, format!("a{n}"))?))).collect::<Result<_>>()?;
    session.flush()?;
    let rows: Vec<Option<u64>> = recorder.take().into_iter().map(|sent| sent.rows).collect();
    assert_eq!(rows, [None, Some(100), Some(100), Some(50)]);
    let keys: Vec<i64> = added.iter().filter_map(|author| session.key(*author)).collect();
    let stored: Vec<(i64, i64)> =
        session.rows(authors::table.select((authors::id, authors::number)).filter(authors::number.ge(100)))?;
    for (place, key) in keys.iter().enumerate() {
        assert!(stored.contains(&(*key, 100 + i64::try_from(place).unwrap())));
    }
    Ok(())
}

#[test]
fn b054_keys_are_right_where_a_trigger_inserts_into_another_table() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    let events = ["a", "b", "c"].map(|name| session.add(NewEvent::new(name).unwrap()));
    session.flush()?;
    assert_eq!(events.map(|event| session.key(event)), [Some(60_002), Some(60_003), Some(60_004)]);
    session.expire_all();
    session.load(&events)?;
    assert_eq!(events.map(|event| session.row(event).unwrap().name.clone()), ["a", "b", "c"]);
    Ok(())
}

#[test]
fn b055_an_update_names_only_the_columns_that_changed() -> Result<()> {
    let (library, mut session, recorder) = open();
    let ann = session.get_one::<Author>(ANN)?;
    recorder.take();
    session.edit(ann)?.name = "Anna".into();
    session.commit()?;
    assert_eq!(recorder.sql(), ["UPDATE authors SET name = ? WHERE id = ?", "COMMIT"]);
    assert_eq!(library.see("SELECT name || number FROM authors WHERE id = 1"), "Anna10");
    Ok(())
}

#[test]
fn b056_no_net_change_sends_nothing() -> Result<()> {
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

#[test]
fn b057_updates_and_deletes_go_in_order_of_the_key() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let (ann, ben, cid) =
        (session.get_one::<Author>(ANN)?, session.get_one::<Author>(BEN)?, session.get_one::<Author>(CID)?);
    recorder.take();
    for (author, name) in [(cid, "3"), (ann, "1"), (ben, "2")] {
        session.edit(author)?.name = name.into();
    }
    session.flush()?;
    let binds: Vec<String> = recorder.take().into_iter().map(|sent| sent.binds).collect();
    let (rows, arrays) = (r#"[1, "1", 2, "2", 3, "3"]"#, r#"[[1, 2, 3], ["1", "2", "3"]]"#);
    assert!(binds == [rows] || binds == [arrays], "{binds:?}");
    // Values that must be unique move one row at a time, so that the order is that of the keys.
    for (author, number) in [(cid, 33), (ann, 11), (ben, 22)] {
        session.edit(author)?.number = number;
    }
    session.flush()?;
    let binds: Vec<String> = recorder.take().into_iter().map(|sent| sent.binds).collect();
    assert_eq!(binds, ["[11, 1]", "[22, 2]", "[33, 3]"]);
    Ok(())
}

#[test]
fn b058_updates_of_the_same_columns_are_one_statement_and_others_are_not_mixed_in() -> Result<()> {
    let (library, mut session, recorder) = open();
    library.elsewhere("INSERT INTO books (id, author_id, title, pages, changed, version) VALUES (1, 1, 'x', 1, 1, 1)");
    let authors = session.query(Author::query().order(authors::id)).all()?;
    let books = session.query(Book::query().order(books::id)).all()?;
    recorder.take();
    for (number, author) in authors.iter().enumerate() {
        session.edit(*author)?.name = format!("name {number}");
    }
    session.edit(authors[1])?.email = Some("new@example.org".into());
    for book in &books {
        session.edit(*book)?.title = "new".into();
    }
    session.flush()?;
    let sent = recorder.sql();
    assert!(sent[1].starts_with("UPDATE authors SET name = ?, email = ?"), "{sent:?}");
    let books = sent.last().unwrap();
    assert!(books.starts_with("UPDATE books ") && !books.contains("pages") && !books.contains("author_id"), "{books}");
    assert!(["title = ", "changed = ", "version = "].iter().all(|set| books.contains(set)), "{books}");
    assert_eq!(sent.len(), 4, "{sent:?}");
    Ok(())
}

#[test]
fn b058_all_deletes_of_a_table_are_one_statement() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let reviews = session.query(Review::query().order(reviews::id.desc())).all()?;
    recorder.take();
    for review in reviews {
        session.delete(review)?;
    }
    session.flush()?;
    let sent = recorder.take();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].sql.replace('`', ""), "DELETE FROM reviews WHERE id IN (?, ?, ?)");
    assert_eq!(sent[0].binds, "[20001, 20002, 20003]");
    assert_eq!(sent[0].rows, Some(3));
    Ok(())
}

#[test]
fn b059_a_default_of_the_program_is_on_the_row_without_sql() -> Result<()> {
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

#[test]
fn b060_a_default_of_the_database_comes_back_with_the_insert() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let tags = ["a", "b"].map(|name| session.add(NewTag::new(name).unwrap()));
    session.flush()?;
    assert_eq!(recorder.sql()[1], "INSERT INTO tags (name) VALUES (?), (?) RETURNING colour, name");
    assert_eq!(session.view(tags[0])?, &Tag { name: "a".into(), colour: "red".into() });
    assert_eq!(session.view(tags[1])?, &Tag { name: "b".into(), colour: "red".into() });
    assert!(recorder.sql().is_empty());
    Ok(())
}

#[test]
fn b060_a_default_of_the_database_is_placed_by_the_whole_key() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let places = [(2, 1), (2, 2)].map(|(room, number)| session.add(NewPlace::new(room, number, "shelf").unwrap()));
    session.flush()?;
    assert_eq!(
        recorder.sql()[1],
        "INSERT INTO places (room, number, label) VALUES (?, ?, ?), (?, ?, ?) RETURNING state, room, number"
    );
    assert_eq!(places.map(|place| session.key(place)), [Some((2, 1)), Some((2, 2))]);
    assert_eq!(session.row(places[1])?.state, "free");
    Ok(())
}

#[test]
fn b060_an_update_time_is_set_by_every_update_and_by_none_else() -> Result<()> {
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
    // What the caller sets by hand is kept.
    session.edit(sea)?.changed = 0;
    session.flush()?;
    assert_eq!(session.row(sea)?.changed, 0);
    Ok(())
}

#[test]
fn b061_an_unset_optional_field_is_null() -> Result<()> {
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

#[test]
fn b062_the_session_shows_what_is_not_sent_yet() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let (ann, ben) = (session.get_one::<Author>(ANN)?, session.get_one::<Author>(BEN)?);
    recorder.take();
    let dot = session.add(NewAuthor::new(7, "Dot")?);
    session.edit(ann)?;
    session.edit(ann)?;
    session.delete(ben)?;
    assert_eq!(session.pending::<Author>(), [dot]);
    // `dirty` is what was opened for editing; `is_modified` compares.
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

#[test]
fn b063_the_changes_of_a_row_are_shown_column_by_column() -> Result<()> {
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

#[test]
fn b064_any_change_in_place_is_noticed() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let ann = session.get_one::<Author>(ANN)?;
    recorder.take();
    session.edit(ann)?.name.push('a');
    assert!(session.is_modified(ann)?);
    session.flush()?;
    assert_eq!(recorder.sql(), ["UPDATE authors SET name = ? WHERE id = ?"]);
    Ok(())
}

#[test]
fn b065_an_expression_is_a_statement_and_the_row_is_read_again() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let sea = session.get_one::<Book>(SEA)?;
    recorder.take();
    session.execute(diesel::update(books::table.find(SEA)).set(books::pages.eq(books::pages + 1)))?;
    assert_eq!(session.view(sea)?.pages, 101);
    assert_eq!(recorder.sql()[0], "UPDATE books SET pages = (books.pages + ?) WHERE (books.id = ?)");
    Ok(())
}

#[test]
fn b066_a_column_type_refuses_a_wrong_value_before_there_is_a_row() -> Result<()> {
    use folio::models::NewUser;
    let error = NewUser::new(1, "x".repeat(257)).unwrap_err();
    assert!(matches!(error, Error::Value { .. }), "{error}");
    assert!(NewUser::new(1, "").is_err() && NewUser::new(1, "a\0b").is_err());
    NewUser::new(1, "step").map(drop)
}

#[test]
fn b067_a_failed_flush_undoes_and_poisons_until_the_rollback() -> Result<()> {
    let (library, mut session, recorder) = open();
    let ann = session.get_one::<Author>(ANN)?;
    let dot = session.add(NewAuthor::new(7, "Dot")?);
    session.flush()?;
    let twin = session.add(NewAuthor::new(10, "Ann again")?);
    recorder.take();
    let error = session.flush().unwrap_err();
    assert_eq!(error.to_string(), "authors: a row with this number is already there (10)");
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
        assert!(error.to_string().ends_with("authors: a row with this number is already there (10)"), "{error}");
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

#[test]
fn b067_a_poisoned_block_does_not_commit_whatever_its_closure_says() -> Result<()> {
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

#[test]
fn b067_an_answer_that_cannot_be_read_poisons_nothing() -> Result<()> {
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

#[test]
fn b067_a_commit_that_cannot_be_planned_leaves_the_transaction_open() -> Result<()> {
    let (library, mut session, _recorder) = open();
    session.add(NewAuthor::new(7, "Dot")?);
    session.flush()?;
    let sea = session.get_one::<Book>(SEA)?;
    session.edit(sea)?.version = 9;
    let error = session.commit().unwrap_err();
    assert!(error.to_string().contains("the version is the session's to count"), "{error}");
    session.edit(sea)?.version = 1;
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM authors"), "4");
    Ok(())
}

#[test]
fn b068_a_given_key_that_is_there_already_is_the_unique_error_named() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    session.get_one::<Tag>("old".to_owned())?;
    session.add(NewTag::new("old")?);
    let error = session.flush().unwrap_err();
    assert!(error.is_unique(), "{error}");
    assert!(error.to_string().starts_with("tags: a row with this name is already there"), "{error}");
    Ok(())
}

#[test]
fn b069_the_row_that_an_update_of_many_did_not_find_is_named() -> Result<()> {
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

#[test]
fn b068_a_refusal_names_the_row_among_many() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    let mut refused = |numbers: &[i64]| -> Result<String> {
        for number in numbers {
            session.add(NewAuthor::new(*number, "many")?);
        }
        let error = session.flush().unwrap_err();
        session.rollback()?;
        Ok(error.to_string())
    };
    assert_eq!(refused(&[7, 8, 20, 9])?, "authors: a row with this number is already there (20)");
    assert_eq!(refused(&[7, 8, 9, 8])?, "authors: a row with this number is already there (8)");
    let places = [(5, 5), (1, 2)].map(|(room, number)| session.add(NewPlace::new(room, number, "new").unwrap()));
    let error = session.flush().unwrap_err();
    assert_eq!(error.to_string(), "places: a row with this room, number is already there (1, 2)");
    session.rollback()?;
    assert!(session.state(places[0])?.is_transient());
    Ok(())
}

#[test]
fn b068_a_foreign_key_that_refers_to_nothing_is_named_with_its_value() -> Result<()> {
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

#[test]
fn b068_not_null_and_check_name_the_column_and_the_rule() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    session.add(NewAuthor::new(7, "")?);
    let error = session.flush().unwrap_err();
    assert!(matches!(&error, Error::Check { table, rule } if table == "authors" && rule.contains("name")), "{error}");
    session.rollback()?;
    let update = diesel::update(authors::table).set(authors::name.eq(diesel::dsl::sql("NULL")));
    let error = session.execute(update).unwrap_err();
    assert_eq!(error.to_string(), "authors.name cannot be empty (NULL)");
    Ok(())
}

#[test]
fn b069_an_update_of_a_row_that_is_gone_is_stale() -> Result<()> {
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

#[test]
fn b070_deleting_a_row_that_is_gone_is_a_warning_and_stale_where_rows_have_versions() -> Result<()> {
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

#[test]
fn b071_a_row_that_replaces_another_under_its_key() -> Result<()> {
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

#[test]
fn b072_a_row_that_takes_over_a_unique_value_comes_after_the_delete() -> Result<()> {
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

#[test]
fn b072_a_changed_row_takes_over_a_unique_value() -> Result<()> {
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

#[test]
fn b072_deletes_that_make_no_room_stay_last() -> Result<()> {
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

#[test]
fn b073_a_version_counts_up_and_guards_update_and_delete() -> Result<()> {
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
    assert_eq!(recorder.sql(), ["DELETE FROM books WHERE (id = ? AND version = ?)", "COMMIT"]);
    let sea = session.get_one::<Book>(SEA)?;
    let row = session.row(sea)?.clone();
    session.commit()?;
    library.elsewhere("UPDATE books SET version = 5 WHERE id = 10001");
    let error = session.begin(|session| session.delete(&row)).unwrap_err();
    assert!(error.is_stale(), "{error}");
    assert_eq!(library.see("SELECT COUNT(*) FROM books WHERE id = 10001"), "1");
    Ok(())
}

#[test]
fn b060_a_review_is_inserted_narrowly() -> Result<()> {
    let (_library, mut session, recorder) = open();
    session.add(NewReview::new(ANN, "short")?);
    session.flush()?;
    assert_eq!(recorder.sql()[1], INSERT_REVIEW);
    Ok(())
}
