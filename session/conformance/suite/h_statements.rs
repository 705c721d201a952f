//! UPDATE, DELETE and INSERT statements through the session (85–92).

use diesel::{ExpressionMethods as _, HasQuery as _, QueryDsl as _};
use diesel_session::session::Ref;
use diesel_session::{Error, Result, State};

use super::domain::*;

pub fn b085_a_statement_flushes_first_and_gives_the_number_of_rows() -> Result<()> {
    let (library, mut session, recorder) = open();
    session.add(NewAuthor::new(7, "Dot")?);
    let changed =
        session.execute(diesel::update(authors::table.filter(authors::number.lt(25))).set(authors::email.eq("x")))?;
    assert_eq!(changed, 3);
    let sent = recorder.take();
    assert!(sent[1].sql.starts_with("INSERT"));
    assert_eq!(sent[2].sql.replace('`', ""), "UPDATE authors SET email = ? WHERE (authors.number < ?)");
    assert_eq!(sent[2].rows, Some(3));
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM authors WHERE email = 'x'"), "3");
    Ok(())
}

pub fn b086_loaded_rows_of_the_table_are_read_again_when_next_used() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let (ann, ben) = (session.get_one::<Author>(ANN)?, session.get_one::<Author>(BEN)?);
    session.execute(diesel::update(authors::table.find(ANN)).set(authors::name.eq("Anna")))?;
    assert_eq!(session.state(ann)?, State::Expired);
    recorder.take();
    session.load(&[ann, ben])?;
    assert_eq!(session.row(ann)?.name, "Anna");
    assert!(!session.is_modified(ann)?);
    assert_eq!(recorder.sql(), ["SELECT id, number, name, email FROM authors WHERE id IN (?, ?)"]);
    Ok(())
}

pub fn b087_any_condition_of_the_database_s_will_do() -> Result<()> {
    use diesel::dsl::sql;
    use diesel::sql_types::Bool;
    let (_library, mut session, _recorder) = open();
    let ben = session.get_one::<Author>(BEN)?;
    let odd =
        diesel::update(authors::table.filter(sql::<Bool>("length(name) + id = 5"))).set(authors::name.eq("found"));
    assert_eq!(session.execute(odd)?, 1);
    assert_eq!(session.view(ben)?.name, "found");
    Ok(())
}

pub fn b088_an_unsynchronized_statement_leaves_rows_as_they_are() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let ann = session.get_one::<Author>(ANN)?;
    session.execute_unsynchronized(diesel::update(authors::table).set(authors::name.eq("x")))?;
    recorder.take();
    assert_eq!(session.view(ann)?.name, "Ann");
    assert!(recorder.sql().is_empty());
    session.expire(ann)?;
    assert_eq!(session.view(ann)?.name, "x");
    Ok(())
}

pub fn b089_rows_deleted_by_a_statement_leave_and_a_rollback_brings_them_back() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    let old = session.get_one::<Tag>("old".to_owned())?;
    assert_eq!(session.execute(diesel::delete(tags::table))?, 1);
    assert!(session.view(old).unwrap_err().is_deleted());
    session.rollback()?;
    assert_eq!(session.view(old)?.colour, "grey");
    Ok(())
}

pub fn b091_a_stream_of_new_rows_is_inserted_without_handles() -> Result<()> {
    let (library, mut session, recorder) = open();
    let dot = session.add(NewAuthor::new(7, "Dot")?);
    session.flush()?;
    recorder.take();
    let inserted = session.insert_all((0..1_150).map(|_| NewBook::new(dot, "copy").unwrap()))?;
    assert_eq!(inserted, 1_150);
    let sent = recorder.take();
    assert_eq!(sent.len(), if library.engine() == Engine::Sqlite { 12 } else { 1 });
    assert!(sent.iter().all(|sent| !sent.sql.contains("RETURNING")));
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM books WHERE author_id = 4"), "1150");
    assert_eq!(session.insert_all(Vec::<NewTag>::new())?, 0);
    Ok(())
}

pub fn b091_whole_rows_are_inserted_as_they_are() -> Result<()> {
    let (library, mut session, recorder) = open();
    let book = |id| Book { id, author_id: ANN, title: "copy".into(), pages: 0, changed: -7, version: 12 };
    let books: Vec<Book> = (501..=650).map(book).collect();
    session.insert_whole(&books)?;
    let place = Place { room: 9, number: 9, label: "attic".into(), state: "dusty".into() };
    session.insert_whole(std::slice::from_ref(&place))?;
    session.insert_whole::<Book>(&[])?;
    let sent = recorder.sql();
    let [_, books_sent @ .., place_sent] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!(books_sent.len(), if library.engine() == Engine::Sqlite { 2 } else { 1 }, "{sent:?}");
    assert!(books_sent[0].starts_with("INSERT INTO books (id, author_id, title, pages, changed, version) "));
    assert!(
        place_sent.starts_with("INSERT INTO places (room, number, label, state) VALUES (?, ?, ?, ?)"),
        "{place_sent}"
    );
    assert!(sent.iter().all(|sql| !sql.contains("RETURNING")), "{sent:?}");
    let found: Vec<Book> = session.rows(Book::query().filter(books::title.eq("copy")).order(books::id))?;
    assert!(found == books, "{:?}", found.first());
    assert_eq!(session.rows::<Place, _>(Place::query().filter(places::room.eq(9)))?, [place]);
    let refused = session.insert_whole(&[Book { author_id: 99, ..book(700) }]).unwrap_err();
    assert!(refused.is_foreign_key() && refused.to_string().contains("99"), "{refused}");
    assert!(session.flush().unwrap_err().is_poisoned());
    Ok(())
}

pub fn b091_a_refused_row_of_a_stream_undoes_the_level() -> Result<()> {
    let (library, mut session, _recorder) = open();
    let failed = session.begin(|session| session.insert_all([7, 8, 7].map(|n| NewAuthor::new(n, "many").unwrap())));
    assert!(failed.unwrap_err().is_unique());
    assert_eq!(library.see("SELECT COUNT(*) FROM authors"), "3");
    Ok(())
}

pub fn b092_the_statement_comes_after_a_pending_change_even_without_autoflush() -> Result<()> {
    let (library, mut session, recorder) = open();
    let ann = session.get_one::<Author>(ANN)?;
    let ben = session.get_one::<Author>(BEN)?;
    session.expire(ben)?;
    session.edit(ann)?.name = "lost".into();
    recorder.take();
    session.no_autoflush(|session| session.execute(diesel::update(authors::table).set(authors::name.eq("won"))))?;
    assert_eq!(recorder.sql(), ["UPDATE authors SET name = ? WHERE id = ?", "UPDATE authors SET name = ?"]);
    assert_eq!(session.state(ben)?, State::Expired);
    session.commit()?;
    assert_eq!(library.see("SELECT DISTINCT name FROM authors"), "won");
    Ok(())
}

pub fn b085_a_refused_statement_names_its_table_and_poisons() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    let error = session.execute(diesel::delete(authors::table)).unwrap_err();
    assert!(error.is_foreign_key());
    assert!(error.to_string().starts_with("authors: "), "{error}");
    assert!(session.flush().unwrap_err().is_poisoned());
    Ok(())
}

pub fn b091_a_stream_that_fails_after_rows_were_sent_keeps_none_of_them() -> Result<()> {
    let (library, mut session, _recorder) = open();
    let gone = session.add(NewAuthor::new(7, "Dot")?);
    session.flush()?;
    session.delete(gone)?;
    session.flush()?;
    let books = (0..10_500).map(|number| {
        let author: Ref<authors::id, i64> = if number == 10_200 { gone.into() } else { ANN.into() };
        NewBook::new(author, "copy").unwrap()
    });
    let error = session.insert_all(books).unwrap_err();
    assert!(matches!(error, Error::Plan { .. }), "{error}");
    assert!(matches!(session.commit(), Err(Error::Poisoned { .. })));
    session.rollback()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM books"), "2");
    Ok(())
}

pub fn b023_a_stream_refuses_a_handle_of_another_session() -> Result<()> {
    let (library, mut session, recorder) = open();
    let mut other = library.session();
    let ben = other.get_one::<Author>(BEN)?;
    other.rollback()?;
    session.get_one::<Author>(ANN)?;
    recorder.take();
    let error = session.insert_all([NewBook::new(ben, "whose?")?]).unwrap_err();
    assert!(matches!(error, Error::ForeignHandle { .. }), "{error}");
    assert!(recorder.sql().is_empty());
    Ok(())
}

pub fn b052_a_stream_reads_the_value_that_it_refers_to_where_memory_may_be_wrong() -> Result<()> {
    let (library, mut session, recorder) = open();
    let (cid, ben) = (session.get_one::<Author>(CID)?, session.get_one::<Author>(BEN)?);
    session.commit()?;
    library.elsewhere("DELETE FROM prizes; UPDATE authors SET number = 31 WHERE id = 3");
    session.expire(ben)?;
    recorder.take();
    session.insert_all([NewPrize::new(cid, "Silver")?, NewPrize::new(ben, "Tin")?])?;
    let selects = recorder.sql().into_iter().filter(|sql| sql.starts_with("SELECT")).count();
    assert_eq!(selects, 1);
    session.commit()?;
    assert_eq!(library.see("SELECT author_number FROM prizes WHERE name = 'Silver'"), "31");
    assert_eq!(library.see("SELECT author_number FROM prizes WHERE name = 'Tin'"), "20");
    Ok(())
}
