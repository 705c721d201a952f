//! Many new rows at once: as arrays on an engine that has them, each key on its own row (154), copied where nothing comes back
//! (197), and in long statements where those are faster (198).

use diesel_session::{Error, Handle, Result};

use super::domain::*;

/// Enough for two statements of arrays, and for several of any other kind.
const MANY: i64 = 1_050;

/// How many of the statements begin so.
fn count(sent: &[String], beginning: &str) -> usize {
    sent.iter().filter(|sql| sql.starts_with(beginning)).count()
}

pub fn b154_many_new_rows_are_sent_as_arrays_where_the_engine_has_them() -> Result<()> {
    let (library, mut session, recorder) = open();
    let authors: Vec<Handle<Author>> = (0..MANY)
        .map(|number| {
            let email = (number % 2 == 0).then(|| format!("{number}@example.org"));
            Ok(session.add(NewAuthor { email, ..NewAuthor::new(1_000 + number, format!("author '{number}', \"x\""))? }))
        })
        .collect::<Result<_>>()?;
    session.flush()?;
    let sent = recorder.sql();
    if library.engine() == Engine::Postgres {
        let arrays = "INSERT INTO authors (number, name, email) SELECT * FROM unnest(?, ?, ?) RETURNING id, number";
        assert_eq!(sent[1..], [arrays, arrays]);
    } else {
        assert_eq!(count(&sent, "INSERT INTO authors"), if library.engine() == Engine::Mysql { 2 } else { 11 });
    }
    for (number, author) in (0..).zip(&authors) {
        assert_eq!(session.row(*author)?.number, 1_000 + number);
    }
    session.commit()?;
    session.expire_all();
    session.load(&authors)?;
    for (number, author) in (0..).zip(&authors) {
        let row = session.row(*author)?;
        assert_eq!((row.number, row.name.clone()), (1_000 + number, format!("author '{number}', \"x\"")));
        assert_eq!(row.email.is_some(), number % 2 == 0);
    }
    Ok(())
}

pub fn b154_rows_with_given_keys_and_columns_that_the_database_fills_are_sent_as_arrays_too() -> Result<()> {
    let (library, mut session, recorder) = open();
    let places: Vec<Handle<Place>> = (0..MANY)
        .map(|number| Ok(session.add(NewPlace::new(7, number, format!("place {number}"))?)))
        .collect::<Result<_>>()?;
    session.flush()?;
    let sent = recorder.sql();
    let arrays = library.engine() == Engine::Postgres;
    assert_eq!(count(&sent, "INSERT INTO places"), if arrays { 2 } else { 11 });
    for (number, place) in (0..).zip(places) {
        let row = session.row(place)?;
        assert_eq!((row.number, &*row.label, &*row.state), (number, &*format!("place {number}"), "free"));
    }
    session.insert_all((0..MANY).map(|number| NewTag { name: format!("tag {number}"), colour: None }))?;
    let sent = recorder.sql();
    let inserts = match library.engine() {
        Engine::Sqlite => 11,
        Engine::Postgres => 0,
        Engine::Mysql => 1,
    };
    assert_eq!(
        (count(&sent, "INSERT INTO tags"), count(&sent, "COPY tags (name) FROM STDIN")),
        (inserts, usize::from(arrays))
    );
    let whole: Vec<Tag> =
        (0..150).map(|number| Tag { name: format!("whole {number}"), colour: "blue".to_owned() }).collect();
    session.insert_whole(&whole)?;
    assert_eq!(count(&recorder.sql(), "INSERT INTO tags"), if library.engine() == Engine::Sqlite { 2 } else { 1 });
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM tags WHERE colour = 'red'"), MANY.to_string());
    assert_eq!(library.see("SELECT COUNT(*) FROM tags WHERE colour = 'blue'"), "150");
    Ok(())
}

pub fn b198_an_insert_has_as_many_rows_as_the_engine_accepts_where_long_ones_are_faster() -> Result<()> {
    let (library, mut session, recorder) = open();
    let whole = |number: i64| Author { id: 100_000 + number, number: 100_000 + number, name: "y".into(), email: None };
    let whole: Vec<Author> = (0..20_000).map(whole).collect();
    session.insert_whole(&whole)?;
    let rows: Vec<u64> = recorder.take().iter().filter_map(|sent| sent.rows).collect();
    match library.engine() {
        Engine::Sqlite => assert_eq!(rows, [100; 200]),
        Engine::Postgres => assert_eq!(rows, [10_000; 2]),
        // 65,535 parameters.
        Engine::Mysql => assert_eq!(rows, [16_383, 3_617]),
    }
    // The values of long rows are limited before their number is.
    let long =
        |number: i64| Author { id: 200_000 + number, number: 200_000 + number, name: "z".repeat(50_000), email: None };
    session.insert_whole(&(0..400).map(long).collect::<Vec<_>>())?;
    let sent = recorder.take().len();
    assert!(if library.engine() == Engine::Postgres { sent == 2 } else { sent > 1 }, "{sent}");
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM authors WHERE number >= 1000"), "20400");
    Ok(())
}

pub fn b154_a_violation_among_many_rows_names_the_value() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    for number in 0..MANY {
        let number = if number == 777 { 20 } else { 1_000 + number };
        session.add(NewAuthor::new(number, "x")?);
    }
    let refused = session.flush().unwrap_err();
    assert_eq!(refused.to_string(), "authors: a row with this number already exists (20)");
    session.rollback()?;
    let rows = (0..MANY).map(|number| NewAuthor { id: None, number, name: String::new(), email: None });
    let refused = session.insert_all(rows).unwrap_err();
    assert!(matches!(&refused, Error::Violation(violation) if violation.table == "authors"), "{refused:?}");
    assert!(refused.to_string().contains("authors_name_check"), "{refused}");
    Ok(())
}
