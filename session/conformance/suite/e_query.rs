//! Queries (41–47).

use diesel::{ExpressionMethods as _, HasQuery as _, QueryDsl as _, TextExpressionMethods as _};
use diesel_session::{Error, Result, State};

use super::domain::*;

const AUTHORS: &str = "SELECT authors.id, authors.number, authors.name, authors.email FROM authors";

pub fn b041_building_sends_nothing_and_each_run_asks_again() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let base = Author::query();
    let some = base.filter(authors::number.gt(10)).filter(authors::name.like("B%"));
    let prepared = session.query(some);
    assert!(recorder.sql().is_empty());
    assert_eq!(prepared.all()?.len(), 1);
    session.query(some).all()?;
    session.query(base).all()?;
    let text = format!("{AUTHORS} WHERE ((authors.number > ?) AND (authors.name LIKE ?))");
    assert_eq!(recorder.sql()[1..], [text.clone(), text, AUTHORS.to_owned()]);
    Ok(())
}

pub fn b042_first_takes_one_and_all_takes_all() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let ordered = Author::query().order(authors::id);
    let none = Author::query().filter(authors::id.eq(99));
    let first = session.query(ordered).first()?;
    assert_eq!(first.and_then(|first| session.key(first).ok()), Some(ANN));
    assert_eq!(recorder.sql()[1], format!("{AUTHORS} ORDER BY authors.id LIMIT ?"));
    assert_eq!(session.query(none).first()?, None);
    assert_eq!(session.query(none).all()?, []);
    assert_eq!(session.query(ordered).all()?.len(), 3);
    Ok(())
}

pub fn b043_nth_counts_from_zero_and_is_none_past_the_end() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let ordered = Author::query().order(authors::id);
    let second = session.query(ordered).nth(1)?;
    assert_eq!(second.and_then(|second| session.key(second).ok()), Some(BEN));
    assert_eq!(recorder.sql()[1], format!("{AUTHORS} ORDER BY authors.id LIMIT ? OFFSET ?"));
    assert_eq!(session.query(ordered).nth(3)?, None);
    Ok(())
}

pub fn b044_a_range_is_limit_and_offset_and_an_empty_one_no_sql() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let ordered = Author::query().order(authors::id);
    assert_eq!(session.query(ordered).range(2..2)?, []);
    assert!(recorder.sql().is_empty());
    let found = session.query(ordered).range(1..5)?;
    assert_eq!(found.iter().map(|author| session.key(*author).ok()).collect::<Vec<_>>(), [Some(BEN), Some(CID)]);
    let sent = recorder.take();
    assert!(sent[1].sql.ends_with("LIMIT ? OFFSET ?") && sent[1].binds == "[4, 1]", "{sent:?}");
    Ok(())
}

pub fn b045_one_wants_exactly_one_row() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let all = Author::query();
    let none = all.filter(authors::id.eq(99));
    let ann = all.filter(authors::name.eq("Ann"));
    assert!(matches!(session.query(all).one(), Err(Error::ManyRows { .. })));
    assert!(recorder.sql()[1].ends_with("LIMIT ?"));
    assert!(session.query(none).one().unwrap_err().is_not_found());
    assert_eq!(session.query(ann).one()?, session.get_one(ANN)?);
    assert!(matches!(session.query(all).one_or_none(), Err(Error::ManyRows { .. })));
    assert_eq!(session.query(none).one_or_none()?, None);
    assert!(session.query(ann).one_or_none()?.is_some());
    Ok(())
}

pub fn b045_count_and_exists_load_no_rows() -> Result<()> {
    let (_library, mut session, recorder) = open();
    assert_eq!(session.query(Author::query()).count()?, 3);
    assert_eq!(session.query(Author::query().limit(2)).count()?, 2);
    assert!(session.query(Author::query()).exists()?);
    assert!(!session.query(Author::query().filter(authors::id.eq(99))).exists()?);
    let sent = recorder.sql();
    assert_eq!(sent[1], format!("SELECT COUNT(*) FROM ({AUTHORS}) AS t"));
    assert_eq!(sent[3], format!("SELECT EXISTS ({AUTHORS})"));
    Ok(())
}

pub fn b046_a_query_flushes_what_is_pending() -> Result<()> {
    let (_library, mut session, recorder) = open();
    session.add(NewAuthor::new(7, "Dot")?);
    assert_eq!(session.query(Author::query()).count()?, 4);
    assert!(recorder.sql()[1].starts_with("INSERT"));
    session.add(NewAuthor::new(8, "Eve")?);
    let rows: Vec<String> = session.rows(authors::table.select(authors::name).order(authors::id))?;
    assert_eq!(rows.last().map(String::as_str), Some("Eve"));
    Ok(())
}

pub fn b046_autoflush_can_be_turned_off_for_a_block() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    session.add(NewAuthor::new(7, "Dot")?);
    let count = session.no_autoflush(|session| session.query(Author::query()).count())?;
    assert_eq!(count, 3);
    assert_eq!(session.query(Author::query()).count()?, 4);
    Ok(())
}

pub fn b046_an_error_of_an_automatic_flush_says_so() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    session.add(NewAuthor::new(10, "Ann again")?);
    let error = session.query(Author::query()).all().unwrap_err();
    assert!(error.is_unique(), "{error}");
    assert!(
        error.to_string().starts_with("while flushing pending work before a query: authors: a row with this number"),
        "{error}"
    );
    Ok(())
}

pub fn b046_the_connection_is_lent_flushed_and_rows_count_as_stale_afterwards() -> Result<()> {
    use diesel::RunQueryDsl as _;
    let (_library, mut session, recorder) = open();
    let ann = session.get_one::<Author>(ANN)?;
    session.add(NewAuthor::new(7, "Dot")?);
    let connection = session.connection()?;
    diesel::sql_query("UPDATE authors SET name = 'X'").execute(connection).map_err(|_| Error::AlreadyInTransaction)?;
    recorder.take();
    assert_eq!(session.view(ann)?.name, "X");
    assert_eq!(recorder.sql().len(), 1);
    Ok(())
}

pub fn b047_a_large_result_is_read_in_pages_that_let_go_of_their_rows() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let ann = session.get_one::<Author>(ANN)?;
    session.insert_all((100..120).map(|n| NewAuthor::new(n, "many").unwrap()))?;
    let mut batches = session.query(Author::query().filter(authors::number.ne(20)).order(authors::name)).batches(10);
    recorder.take();
    let (mut numbers, mut first) = (Vec::new(), Vec::new());
    while let Some(page) = batches.next(&mut session)? {
        assert!(first.iter().all(|old| *old == ann || session.state(*old).unwrap() == State::Gone));
        // Changes made to a page are flushed before the next.
        session.edit(page[0])?.email = Some("first".into());
        numbers.extend(page.iter().map(|author| session.row(*author).unwrap().number));
        first = page;
    }
    assert_eq!(numbers, [vec![10, 30], (100..120).collect()].concat());
    let sent = recorder.sql();
    let selects: Vec<&String> = sent.iter().filter(|sql| sql.starts_with("SELECT")).collect();
    assert_eq!(selects.len(), 3, "{sent:?}");
    assert!(selects[1].ends_with(") AS t WHERE (id) > (?) ORDER BY id LIMIT ?"), "{}", selects[1]);
    assert!(session.state(ann)?.is_persistent());
    assert_eq!(session.query(Author::query().filter(authors::email.eq("first"))).count()?, 3);
    Ok(())
}

pub fn b047_a_table_is_read_in_pages_of_plain_values_that_the_session_does_not_know() -> Result<()> {
    let (_library, mut session, recorder) = open();
    session.insert_all((100..120).map(|n| NewAuthor::new(n, "many").unwrap()))?;
    let ann = session.get_one::<Author>(ANN)?;
    session.edit(ann)?.name = "Anna".into();
    let mut pages = session.every::<Author>(10);
    let (mut numbers, mut names) = (Vec::new(), Vec::new());
    recorder.take();
    while let Some(page) = pages.next_rows(&mut session)? {
        assert!(page.len() <= 10);
        numbers.extend(page.iter().map(|author| author.number));
        names.extend(page.into_iter().map(|author| author.name));
    }
    assert_eq!(numbers, [vec![10, 20, 30], (100..120).collect()].concat());
    // Pending rows were flushed before the first page.
    assert_eq!(names[0], "Anna");
    assert_eq!(recorder.take().len(), 4);
    assert_eq!(pages.next_rows(&mut session)?, None);
    // No page is in the session: getting one of its rows queries the database.
    session.get::<Author>(ANN + 1)?;
    assert_eq!(recorder.take().len(), 1);
    Ok(())
}

pub fn b047_pages_can_be_kept_and_go_by_keys_of_two_columns() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let mut batches = session.query(Place::query()).batches(1).keep();
    let mut all = Vec::new();
    while let Some(page) = batches.next(&mut session)? {
        all.extend(page);
    }
    assert_eq!(all.iter().map(|place| session.key(*place).ok()).collect::<Vec<_>>(), [Some((1, 1)), Some((1, 2))]);
    assert!(recorder.sql()[2].ends_with("WHERE (room, number) > (?, ?) ORDER BY room, number LIMIT ?"));
    assert_eq!(batches.next(&mut session)?, None);
    Ok(())
}
