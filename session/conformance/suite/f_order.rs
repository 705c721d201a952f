//! The flush: which statements, in which order, and keys on their own rows (48–54, 57, 58).

use diesel::{ExpressionMethods as _, HasQuery as _, QueryDsl as _};
use diesel_session::session::Ref;
use diesel_session::{Handle, Result};

use super::domain::*;

const INSERT_AUTHOR: &str = "INSERT INTO authors (number, name, email) VALUES (?, ?, ?) RETURNING id, number";

pub fn b048_parents_are_inserted_first_and_deleted_last() -> Result<()> {
    let (library, mut session, recorder) = open();
    let dot = session.add(NewAuthor::new(7, "Dot")?);
    let tree = NewBook::new(dot, "Tree")?;
    // A review of a book that is added after it.
    let review = session.add(NewReview::new(dot, "green")?);
    let tree = session.add(tree);
    session.pending_mut(review)?.book_id = tree.into();
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

pub fn b048_the_plan_can_be_looked_at_without_sql() -> Result<()> {
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

pub fn b049_rows_of_one_table_are_inserted_parents_first_and_deleted_children_first() -> Result<()> {
    let (library, mut session, recorder) = open();
    let leaf = session.add(NewMember::new("new leaf")?);
    let root = session.add(NewMember::new("new root")?);
    session.pending_mut(leaf)?.parent_id = root.into();
    session.flush()?;
    assert_eq!(steps(recorder.sql()), ["INSERT members", "INSERT members"]);
    assert_eq!(session.row(leaf)?.parent_id, session.key(root).ok());
    assert!(session.key(root).ok() < session.key(leaf).ok());
    session.delete(root)?;
    session.delete(leaf)?;
    session.commit()?;
    assert_eq!(steps(recorder.sql()), ["DELETE members", "DELETE members", "COMMIT"]);
    assert_eq!(library.see("SELECT COUNT(*) FROM members"), "2");
    Ok(())
}

pub fn b050_tables_in_a_cycle_are_ordered_where_rows_allow_it_and_otherwise_a_row_is_updated() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let owner = session.add(NewOwner::new("Uma")?);
    let dog = session.add(NewDog::new("Rex")?);
    session.flush()?;
    let (owner_id, dog_id) = (session.key(owner).ok(), session.key(dog).ok());
    session.edit(owner)?.dog_id = dog_id;
    session.edit(dog)?.owner_id = owner_id;
    session.flush()?;
    recorder.take();
    let stray = session.add(NewDog::new("Fido")?);
    let buyer = session.add(NewOwner::new("Vic")?);
    session.pending_mut(stray)?.owner_id = buyer.into();
    session.pending_mut(buyer)?.dog_id = stray.into();
    session.flush()?;
    assert_eq!(
        steps(recorder.sql()).into_iter().filter(|step| !step.starts_with("SELECT")).collect::<Vec<_>>(),
        ["INSERT dogs", "INSERT owners", "UPDATE dogs"]
    );
    assert_eq!(session.row(stray)?.owner_id, session.key(buyer).ok());
    assert_eq!(session.row(buyer)?.dog_id, session.key(stray).ok());
    Ok(())
}

pub fn b050_new_rows_of_tables_in_a_cycle_are_inserted_in_whatever_order_they_wait_for_each_other() -> Result<()> {
    let (library, mut session, recorder) = open();
    let kept = session.add(NewDog::new("Rex")?);
    let keeper = session.add(NewOwner { dog_id: kept.into(), ..NewOwner::new("Uma")? });
    let buyer = session.add(NewOwner::new("Vic")?);
    let bought = session.add(NewDog { owner_id: buyer.into(), ..NewDog::new("Fido")? });
    let last = session.add(NewOwner { dog_id: bought.into(), ..NewOwner::new("Wim")? });
    session.flush()?;
    assert_eq!(
        steps(recorder.sql()).into_iter().filter(|step| step.starts_with("INSERT")).collect::<Vec<_>>(),
        ["INSERT owners", "INSERT dogs", "INSERT owners"]
    );
    assert_eq!(session.row(keeper)?.dog_id, session.key(kept).ok());
    assert_eq!(session.row(bought)?.owner_id, session.key(buyer).ok());
    assert_eq!(session.row(last)?.dog_id, session.key(bought).ok());
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM owners JOIN dogs ON dogs.id = owners.dog_id"), "2");
    Ok(())
}

pub fn b051_a_flushed_key_is_used_in_another_row_of_the_same_transaction() -> Result<()> {
    let (library, mut session, _recorder) = open();
    session.begin(|session| -> Result<()> {
        let dot = session.add(NewAuthor::new(7, "Dot")?);
        session.flush()?;
        let key = session.key(dot)?;
        session.add(NewBook::new(key, "Tree")?);
        Ok(())
    })?;
    assert_eq!(
        library.see("SELECT a.name FROM books b JOIN authors a ON a.id = b.author_id WHERE title = 'Tree'"),
        "Dot"
    );
    Ok(())
}

pub fn b052_a_handle_where_a_key_goes_is_filled_in_the_same_flush() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let dot = session.add(NewAuthor::new(7, "Dot")?);
    let book = session.add(NewBook::new(dot, "Tree")?);
    // A nullable foreign key, and one to a unique column that is not the primary key.
    let mut review = NewReview::new(dot, "green")?;
    review.book_id = Ref::optional(Some(book));
    let review = session.add(review);
    let prize = session.add(NewPrize::new(dot, "Silver")?);
    session.flush()?;
    assert_eq!(recorder.sql()[1], INSERT_AUTHOR);
    assert_eq!(session.row(book)?.author_id, 4);
    assert_eq!(session.row(review)?.book_id, session.key(book).ok());
    assert_eq!(session.row(prize)?.author_number, 7);
    Ok(())
}

pub fn b052_a_reference_to_a_column_outside_the_key_reads_the_parent_where_it_must() -> Result<()> {
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

pub fn b052_a_reference_to_a_row_that_is_not_there_is_an_error_of_planning() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let dot = session.add(NewAuthor::new(7, "Dot")?);
    session.discard(dot)?;
    let book = session.add(NewBook::new(dot, "Tree")?);
    let error = session.flush().unwrap_err();
    assert!(error.to_string().contains("a new row of books refers to a row that does not exist"), "{error}");
    assert!(recorder.sql().is_empty() && session.plan().is_err());
    session.pending_mut(book)?.author_id = ANN.into();
    session.commit()
}

pub fn b053_rows_are_inserted_in_the_order_they_were_added() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    let added: Vec<Handle<Author>> =
        (0..250).map(|n| Ok(session.add(NewAuthor::new(1_000 - n, format!("a{n}"))?))).collect::<Result<_>>()?;
    session.flush()?;
    let keys: Vec<Option<i64>> = added.iter().map(|author| session.key(*author).ok()).collect();
    assert!(keys.is_sorted() && keys[0] == Some(4) && keys[249] == Some(253));
    Ok(())
}

pub fn b054_rows_of_one_shape_are_one_insert_and_every_key_is_on_its_own_row() -> Result<()> {
    let (library, mut session, recorder) = open();
    let added: Vec<Handle<Author>> =
        (100..350).map(|n| Ok(session.add(NewAuthor::new(n, format!("a{n}"))?))).collect::<Result<_>>()?;
    session.flush()?;
    let rows: Vec<Option<u64>> = recorder.take().into_iter().map(|sent| sent.rows).collect();
    if library.engine() == Engine::Sqlite {
        assert_eq!(rows, [None, Some(100), Some(100), Some(50)]);
    } else {
        assert_eq!(rows, [None, Some(250)]);
    }
    let keys: Vec<i64> = added.iter().filter_map(|author| session.key(*author).ok()).collect();
    let stored: Vec<(i64, i64)> =
        session.rows(authors::table.select((authors::id, authors::number)).filter(authors::number.ge(100)))?;
    for (place, key) in keys.iter().enumerate() {
        assert!(stored.contains(&(*key, 100 + i64::try_from(place).unwrap())));
    }
    Ok(())
}

pub fn b054_keys_are_right_where_a_trigger_inserts_into_another_table() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    let events = ["a", "b", "c"].map(|name| session.add(NewEvent::new(name).unwrap()));
    session.flush()?;
    assert_eq!(events.map(|event| session.key(event).ok()), [Some(60_002), Some(60_003), Some(60_004)]);
    session.expire_all();
    session.load(&events)?;
    assert_eq!(events.map(|event| session.row(event).unwrap().name.clone()), ["a", "b", "c"]);
    Ok(())
}

pub fn b057_updates_and_deletes_go_in_order_of_the_key() -> Result<()> {
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
    // Unique values change one row at a time, so the order is that of the keys.
    for (author, number) in [(cid, 33), (ann, 11), (ben, 22)] {
        session.edit(author)?.number = number;
    }
    session.flush()?;
    let binds: Vec<String> = recorder.take().into_iter().map(|sent| sent.binds).collect();
    assert_eq!(binds, ["[11, 1]", "[22, 2]", "[33, 3]"]);
    Ok(())
}

pub fn b058_updates_of_the_same_columns_are_one_statement_and_others_are_not_mixed_in() -> Result<()> {
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

pub fn b058_all_deletes_of_a_table_are_one_statement() -> Result<()> {
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

pub fn b049_many_expired_rows_of_one_table_are_deleted_whatever_they_refer_to() -> Result<()> {
    let (library, mut session, recorder) = open();
    let mut chain = vec![session.add(NewMember::new("first")?)];
    for number in 0..250 {
        let parent = chain[number];
        chain.push(session.add(NewMember { parent_id: parent.into(), ..NewMember::new("next")? }));
    }
    session.commit()?;
    session.expire_all();
    recorder.take();
    for member in chain {
        session.delete(member)?;
    }
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM members"), "2");
    let sent = steps(recorder.sql());
    if library.engine().checks_after_statement() {
        assert_eq!(sent, ["DELETE members", "COMMIT"]);
    } else {
        assert_eq!(sent[..4], ["SELECT id,", "SELECT id,", "SELECT id,", "DELETE members"]);
    }
    Ok(())
}

pub fn b049_many_new_rows_in_a_cycle_of_given_keys_go_in_one_statement() -> Result<()> {
    if !can(Capability::CheckAfterStatement) {
        return Ok(());
    }
    let (library, mut session, _recorder) = open();
    for code in 1_000..1_250 {
        let beside = Some(if code == 1_249 { 1_000 } else { code + 1 });
        session.add(NewSeat { beside: beside.into(), ..NewSeat::new(code, 1, code)? });
    }
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM seats"), "250");
    Ok(())
}

pub fn b050_rows_of_tables_in_a_cycle_are_deleted_row_by_row_in_an_order_that_works() -> Result<()> {
    let (library, mut session, recorder) = open();
    library.elsewhere(
        "INSERT INTO dogs (id, owner_id, name) VALUES (1, NULL, 'Rex'), (2, NULL, 'Fido');
         INSERT INTO owners (id, dog_id, name) VALUES (101, 1, 'Uma'), (102, NULL, 'Vic');
         UPDATE dogs SET owner_id = 102 WHERE id = 2",
    );
    let dogs = session.query(Dog::query().order(dogs::id)).all()?;
    let owners = session.query(Owner::query().order(owners::id)).all()?;
    recorder.take();
    for (dog, owner) in dogs.into_iter().zip(owners) {
        session.delete(dog)?;
        session.delete(owner)?;
    }
    session.commit()?;
    assert_eq!(library.see("SELECT (SELECT COUNT(*) FROM dogs) + (SELECT COUNT(*) FROM owners)"), "0");
    Ok(())
}
