//! Each key on its own row: keys that no counter makes, and columns that the database stores differently than they were sent.

use std::collections::HashSet;

use chrono::{Duration, NaiveDate, NaiveDateTime};
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel_session::connection::{AnyConnection, Engine, SessionConnection as _};
use diesel_session::session::{Everywhere, New};
use diesel_session::{Entity, Result, Session};
use diesel_session_conformance::Harness;

diesel::table! { papers (id) { id -> Text, owner -> BigInt, note -> Text } }
diesel::table! { parcels (id) { id -> Text, at -> Timestamp, note -> Text } }
diesel::table! { stamps (id) { id -> BigInt, at -> Timestamp, note -> Text } }
diesel::table! { moments (id) { id -> BigInt, at -> Timestamp, note -> Text } }
diesel::table! { codes (id) { id -> BigInt, code -> Text, note -> Text } }
diesel::table! { stickers (code) { code -> Text, note -> Text, colour -> Text } }
diesel::table! { shouts (id) { id -> BigInt, word -> Text, note -> Text } }
diesel::table! { tickets (id) { id -> BigInt, queue -> BigInt, note -> Text } }
diesel::table! { labels (id) { id -> Text, at -> Timestamp, note -> Text } }
diesel::table! { draws (id) { id -> BigInt, at -> Timestamp, note -> Text } }
diesel::table! { bells (id) { id -> BigInt, pitch -> BigInt, note -> Text } }
diesel::table! { measures (id) { id -> BigInt, value -> Nullable<Double>, note -> Text } }

/// Its key is a random text.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = papers)]
pub struct Paper {
    #[entity(key)]
    pub id: String,
    pub owner: i64,
    pub note: String,
}

/// Its key is a random text, and its time is kept in whole seconds.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = parcels)]
pub struct Parcel {
    #[entity(key)]
    pub id: String,
    pub at: NaiveDateTime,
    pub note: String,
}

/// Its time is kept in whole seconds.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = stamps)]
pub struct Stamp {
    #[entity(key)]
    pub id: i64,
    pub at: NaiveDateTime,
    pub note: String,
}

/// Its time is kept to the microsecond.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = moments)]
pub struct Moment {
    #[entity(key)]
    pub id: i64,
    pub at: NaiveDateTime,
    pub note: String,
}

/// Its code is padded, loses its trailing blanks, or becomes a number.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = codes)]
pub struct Code {
    #[entity(key)]
    pub id: i64,
    pub code: String,
    pub note: String,
}

/// The program gives its key, which is padded or becomes a number, and the database its colour.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = stickers)]
pub struct Sticker {
    #[entity(key, given)]
    pub code: String,
    pub note: String,
    #[entity(server_default)]
    pub colour: String,
}

/// A trigger rewrites its word.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = shouts)]
pub struct Shout {
    #[entity(key)]
    pub id: i64,
    pub word: String,
    pub note: String,
}

/// Its key is the next value of a sequence that is not the column's own.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = tickets)]
pub struct Ticket {
    #[entity(key)]
    pub id: i64,
    pub queue: i64,
    pub note: String,
}

/// Its key is made by a trigger, and its time is kept in whole seconds.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = labels)]
pub struct Label {
    #[entity(key)]
    pub id: String,
    pub at: NaiveDateTime,
    pub note: String,
}

/// Its key is a random number, and its time is kept in whole seconds.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = draws)]
pub struct Draw {
    #[entity(key)]
    pub id: i64,
    pub at: NaiveDateTime,
    pub note: String,
}

/// Its key is counted, and a trigger puts another in its place where the note says so.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = bells)]
pub struct Bell {
    #[entity(key)]
    pub id: i64,
    pub pitch: i64,
    pub note: String,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = measures)]
pub struct Measure {
    #[entity(key)]
    pub id: i64,
    pub value: Option<f64>,
    pub note: String,
}

/// `{key}` is a counted key, `{random}` a random text as a key, `{second}` and `{micro}` are times, `{code}` a text that is not
/// kept as it is sent.
const TABLES: &str = "
    CREATE TABLE papers (id {random}, owner BIGINT NOT NULL, note TEXT NOT NULL);
    CREATE TABLE parcels (id {random}, at {second} NOT NULL, note TEXT NOT NULL);
    CREATE TABLE stamps (id {key}, at {second} NOT NULL, note TEXT NOT NULL);
    CREATE TABLE moments (id {key}, at {micro} NOT NULL, note TEXT NOT NULL);
    CREATE TABLE codes (id {key}, code {code} NOT NULL, note TEXT NOT NULL);
    CREATE TABLE stickers (code {code} PRIMARY KEY NOT NULL, note TEXT NOT NULL, colour VARCHAR(9) NOT NULL DEFAULT 'red');
    CREATE TABLE shouts (id {key}, word TEXT NOT NULL, note TEXT NOT NULL);
    CREATE TABLE measures (id {key}, value DOUBLE PRECISION, note TEXT NOT NULL);
    CREATE TABLE bells (id {key}, pitch BIGINT NOT NULL, note TEXT NOT NULL);
    INSERT INTO papers (owner, note) VALUES (7, 'old 1'), (7, 'old 2'), (7, 'old 3');
    INSERT INTO parcels (at, note) VALUES ('2001-02-03 04:05:06', 'same');
    INSERT INTO stamps (at, note) VALUES ('2001-02-03 04:05:06', 'same');
";

fn tables(engine: Engine) -> String {
    let (words, trigger) = match engine {
        Engine::Sqlite => (
            [
                "INTEGER PRIMARY KEY AUTOINCREMENT",
                "TEXT PRIMARY KEY NOT NULL DEFAULT (lower(hex(randomblob(16))))",
                "TEXT",
                "TEXT",
                "STRING",
            ],
            "CREATE TRIGGER shouted AFTER INSERT ON shouts
                BEGIN UPDATE shouts SET word = upper(new.word) WHERE id = new.id; END;
             CREATE TABLE draws (id BIGINT PRIMARY KEY NOT NULL DEFAULT (abs(random())), at TEXT NOT NULL, note STRING NOT NULL)",
        ),
        Engine::Postgres => (
            [
                "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
                "TEXT PRIMARY KEY DEFAULT gen_random_uuid()::text",
                "TIMESTAMP(0)",
                "TIMESTAMP",
                "CHAR(8)",
            ],
            "CREATE FUNCTION shouted() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN NEW.word = upper(NEW.word); RETURN NEW; END $$;
             CREATE TRIGGER shouted BEFORE INSERT ON shouts FOR EACH ROW EXECUTE FUNCTION shouted();
             CREATE SEQUENCE numbers;
             CREATE TABLE tickets (id BIGINT PRIMARY KEY DEFAULT nextval('numbers'), queue BIGINT NOT NULL, note TEXT NOT NULL);
             INSERT INTO tickets (queue, note) VALUES (7, 'old');
             CREATE TABLE draws (id BIGINT PRIMARY KEY DEFAULT (random() * 1e15)::bigint, at TIMESTAMP(0) NOT NULL,
                note TEXT NOT NULL);
             CREATE TABLE labels (id TEXT PRIMARY KEY, at TIMESTAMP(0) NOT NULL, note TEXT NOT NULL);
             CREATE FUNCTION labelled() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN NEW.id = gen_random_uuid(); RETURN NEW; END $$;
             CREATE TRIGGER labelled BEFORE INSERT ON labels FOR EACH ROW EXECUTE FUNCTION labelled()",
        ),
        _ => (
            [
                "BIGINT AUTO_INCREMENT PRIMARY KEY",
                "VARCHAR(36) PRIMARY KEY DEFAULT (uuid())",
                "DATETIME(0)",
                "DATETIME(6)",
                "CHAR(8)",
            ],
            "CREATE TRIGGER shouted BEFORE INSERT ON shouts FOR EACH ROW SET NEW.word = UPPER(NEW.word);
             CREATE TABLE tickets (id BIGINT PRIMARY KEY, queue BIGINT NOT NULL, note TEXT NOT NULL);
             INSERT INTO tickets VALUES (1001, 7, 'old');
             CREATE TABLE labels (id VARCHAR(36) PRIMARY KEY, at DATETIME(0) NOT NULL, note TEXT NOT NULL);
             CREATE TRIGGER labelled BEFORE INSERT ON labels FOR EACH ROW SET NEW.id = uuid();
             CREATE TRIGGER replaced BEFORE INSERT ON bells FOR EACH ROW
                IF NEW.note = 'replaced' THEN SET NEW.id = 900000; END IF",
        ),
    };
    let named = ["{key}", "{random}", "{second}", "{micro}", "{code}"];
    named.iter().zip(words).fold(TABLES.to_owned(), |tables, (name, word)| tables.replace(name, word)) + trigger
}

/// How many rows one flush adds: one, the fewest that could be mixed up, and more than a statement takes.
const SIZES: [u32; 3] = [1, 2, 250];

fn time() -> NaiveDateTime {
    NaiveDate::from_ymd_opt(2001, 2, 3).unwrap().and_hms_opt(4, 5, 6).unwrap()
}

/// Flushes new rows in batches of each of the sizes, and holds what the database has under each handle's key against the row
/// that was added: `is` says whether the row found is the row of that number.
fn each_is_its_own<N: New>(
    session: &mut Session<'_>,
    new: impl Fn(u32) -> N,
    is: impl Fn(&N::Entity, u32) -> bool,
) -> Result<()>
where
    N::Entity: Everywhere + std::fmt::Debug,
{
    for size in SIZES {
        let added: Vec<_> = (0..size).map(|number| session.add(new(number))).collect();
        session.flush()?;
        let keys: Vec<_> = added.iter().map(|row| session.key(*row).expect("flushed")).collect();
        assert_eq!(keys.iter().collect::<HashSet<_>>().len(), keys.len(), "each row has a key of its own");
        session.clear()?;
        for (number, key) in (0..size).zip(keys) {
            let row = session.get_one::<N::Entity>(key)?;
            assert!(is(session.row(row)?, number), "row {number} of {size}: {:?}", session.row(row)?);
        }
        session.clear()?;
    }
    Ok(())
}

fn random_keys_beside_old_rows_that_look_alike(session: &mut Session<'_>) -> Result<()> {
    let paper = |number: u32| NewPaper::new(7, format!("note {number}")).unwrap();
    each_is_its_own(session, paper, |row, number| row.note == format!("note {number}"))?;
    // An edit of a new row is an edit of that row.
    let added = session.add(NewPaper::new(7, "mine")?);
    session.flush()?;
    session.edit(added)?.note = "edited".into();
    session.flush()?;
    session.clear()?;
    let mut notes: Vec<String> = session.rows(papers::table.select(papers::note).filter(papers::note.like("old%")))?;
    notes.sort();
    assert_eq!(notes, ["old 1", "old 2", "old 3"]);
    Ok(())
}

fn random_keys_of_rows_that_only_a_rounded_time_tells_apart(session: &mut Session<'_>) -> Result<()> {
    let at = |number: u32| time() + Duration::seconds(number.into());
    let parcel = |number: u32| NewParcel::new(at(number) + Duration::milliseconds(250), "same").unwrap();
    each_is_its_own(session, parcel, |row, number| row.at - at(number) < Duration::milliseconds(500))
}

fn times_that_are_rounded(session: &mut Session<'_>) -> Result<()> {
    let at = |number: u32| time() + Duration::seconds(number.into());
    for note in ["same", "note "] {
        let text = |number: u32| if note == "same" { note.to_owned() } else { format!("{note}{number}") };
        let stamp = |number: u32| NewStamp::new(at(number) + Duration::milliseconds(250), text(number)).unwrap();
        each_is_its_own(session, stamp, |row, number| {
            (row.at - at(number)).abs() < Duration::milliseconds(500) && row.note == text(number)
        })?;
    }
    // Rows that become alike are each other's equals.
    let stamp = |number: u32| NewStamp::new(time() + Duration::milliseconds(number.into()), "alike").unwrap();
    each_is_its_own(session, stamp, |row, _| row.note == "alike")
}

fn times_with_nanoseconds(session: &mut Session<'_>) -> Result<()> {
    let at = |number: u32| time() + Duration::microseconds(number.into());
    let moment = |number: u32| NewMoment::new(at(number) + Duration::nanoseconds(123), "same").unwrap();
    each_is_its_own(session, moment, |row, number| {
        let off = row.at - at(number);
        off >= Duration::zero() && off < Duration::microseconds(1)
    })
}

fn texts_that_are_padded_cut_or_made_numbers(session: &mut Session<'_>) -> Result<()> {
    let code = |number: u32| NewCode::new(format!("00{number} "), "same").unwrap();
    each_is_its_own(session, code, |row, number| row.code.trim().parse() == Ok(number))
}

fn given_keys_that_are_padded_or_made_numbers(session: &mut Session<'_>) -> Result<()> {
    let sticker = |number: u32| NewSticker::new(format!("00{number}"), format!("note {number}")).unwrap();
    for size in SIZES {
        let added: Vec<_> = (0..size).map(|number| session.add(sticker(number))).collect();
        session.flush()?;
        for (number, row) in (0..size).zip(added.iter().copied()) {
            assert_eq!(session.row(row)?.colour, "red");
            session.edit(row)?.note = format!("edited {number}");
        }
        session.commit()?;
        // They go on doing so when they are read again.
        session.expire_all();
        session.load(&added)?;
        for (number, row) in (0..size).zip(added.iter().copied()) {
            assert_eq!(session.row(row)?.note, format!("edited {number}"));
            assert_eq!(session.get_for_update::<Sticker>(format!("00{number}"))?, Some(row));
        }
        let mut notes: Vec<String> = session.rows(stickers::table.select(stickers::note))?;
        let mut edited: Vec<String> = (0..size).map(|number| format!("edited {number}")).collect();
        notes.sort();
        edited.sort();
        assert_eq!(notes, edited);
        added.into_iter().try_for_each(|row| session.delete(row))?;
        session.flush()?;
        assert_eq!(session.query(Sticker::query()).count()?, 0);
    }
    Ok(())
}

fn texts_that_a_trigger_rewrites(session: &mut Session<'_>) -> Result<()> {
    let shout = |number: u32| NewShout::new(format!("word {number}"), "same").unwrap();
    each_is_its_own(session, shout, |row, number| row.word == format!("WORD {number}"))
}

#[cfg(any(feature = "sqlite", feature = "postgres"))]
fn numbers_that_are_not_equal_to_themselves(session: &mut Session<'_>) -> Result<()> {
    let measure = |number: u32| {
        let new = NewMeasure::new(format!("note {number}")).unwrap();
        NewMeasure { value: Some(f64::NAN), ..new }
    };
    each_is_its_own(session, measure, |row, number| row.note == format!("note {number}"))
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
fn keys_of_a_sequence(session: &mut Session<'_>) -> Result<()> {
    let ticket = |number: u32| NewTicket::new(7, format!("note {number}")).unwrap();
    each_is_its_own(session, ticket, |row, number| row.note == format!("note {number}"))
}

/// An unchanged NaN is unchanged, a row beside it that changes is not.
#[cfg(feature = "postgres")]
fn a_nan_is_no_change(session: &mut Session<'_>) -> Result<()> {
    let measure = session.add(NewMeasure { value: Some(f64::NAN), ..NewMeasure::new("first")? });
    session.flush()?;
    session.edit(measure)?.note = "first".into();
    assert!(!session.is_modified(measure)? && session.plan()?.is_empty());
    session.edit(measure)?.note = "second".into();
    assert_eq!(session.changes(measure)?.len(), 1);
    assert_eq!(session.plan()?.to_string(), "UPDATE measures SET note (1 row)");
    let copy = session.detach(measure)?;
    let back = session.attach(copy.clone())?;
    assert!(!session.is_modified(back)?);
    assert!(session.plan()?.is_empty());
    let merged = session.merge(&copy)?;
    assert!(merged == back && session.plan()?.is_empty());
    session.edit(back)?.value = Some(1.0);
    assert_eq!(session.plan()?.to_string(), "UPDATE measures SET value (1 row)");
    session.flush()
}

#[cfg(feature = "postgres")]
fn keys_that_a_trigger_makes(session: &mut Session<'_>) -> Result<()> {
    let at = |number: u32| time() + Duration::seconds(number.into());
    let label = |number: u32| NewLabel::new(at(number) + Duration::milliseconds(250), "same").unwrap();
    each_is_its_own(session, label, |row, number| row.at == at(number))
}

/// Keys that are integers and not counted, of rows that nothing else tells apart, in the first flush and in later ones.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
fn drawn_keys(session: &mut Session<'_>) -> Result<()> {
    let alike: Vec<_> = (0..9).map(|_| Ok(session.add(NewDraw::new(time(), "alike")?))).collect::<Result<_>>()?;
    session.flush()?;
    for (number, draw) in alike.iter().enumerate() {
        session.edit(*draw)?.note = format!("edited {number}");
    }
    session.flush()?;
    assert_eq!(session.query(Draw::query().filter(draws::note.like("edited%"))).count()?, 9);
    let at = |number: u32| time() + Duration::seconds(number.into());
    let draw = |number: u32| NewDraw::new(at(number) + Duration::milliseconds(250), "same").unwrap();
    each_is_its_own(session, draw, |row, number| row.at - at(number) < Duration::milliseconds(500))?;
    let numbered = |number: u32| NewDraw::new(time(), format!("00{number}")).unwrap();
    each_is_its_own(session, numbered, |row, number| row.note.parse() == Ok(number))
}

/// The catalogue names a counter, and a trigger has its own way.
#[cfg(feature = "postgres")]
fn drawn_keys_in_the_place_of_counted_ones(session: &mut Session<'_>) -> Result<()> {
    session
        .connection()?
        .batch_execute(
            "ALTER TABLE draws ALTER id DROP DEFAULT, ALTER id ADD GENERATED BY DEFAULT AS IDENTITY;
             CREATE FUNCTION drawn() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN NEW.id = (random() * 1e15)::bigint; RETURN NEW; END $$;
             CREATE TRIGGER drawn BEFORE INSERT ON draws FOR EACH ROW EXECUTE FUNCTION drawn()",
        )
        .unwrap();
    drawn_keys(session)
}

/// MySQL has no sequences.
#[cfg(feature = "mysql")]
fn keys_of_a_sequence_on_mariadb(session: &mut Session<'_>) -> Result<()> {
    session
        .connection()?
        .batch_execute("CREATE SEQUENCE numbers; ALTER TABLE tickets MODIFY id BIGINT DEFAULT (nextval(numbers))")
        .unwrap();
    keys_of_a_sequence(session)
}

#[cfg(feature = "mysql")]
fn trigger_keys_are_refused(session: &mut Session<'_>) -> Result<()> {
    let paper = session.add(NewPaper::new(7, "before")?);
    session.flush()?;
    session.commit()?;
    session.edit(paper)?.note = "after".into();
    for _ in 0..2 {
        session.add(NewLabel::new(time(), "same")?);
    }
    let refused = session.flush().unwrap_err();
    assert!(refused.to_string().contains("labels: the keys of its new rows come from a trigger"), "{refused}");
    assert!(refused.to_string().contains("give the key in the program"), "{refused}");
    // Nothing was sent, and nothing is lost.
    assert!(!session.pending::<Label>().is_empty() && session.is_modified(paper)?);
    Ok(())
}

#[cfg(feature = "mysql")]
fn replaced_keys_are_found_out(session: &mut Session<'_>) -> Result<()> {
    let bell = |number: u32| NewBell::new(7, format!("note {number}")).unwrap();
    each_is_its_own(session, bell, |row, number| row.note == format!("note {number}"))?;
    // The last counted key is that of an old row, which looks like the new one.
    let refused = session.nested(|session| -> Result<()> {
        session.add(NewBell::new(7, "replaced")?);
        session.flush()
    });
    assert!(refused.unwrap_err().to_string().contains("a trigger may have made them"));
    let refused = session.nested(|session| -> Result<()> {
        for note in ["one", "replaced", "two"] {
            session.add(NewBell::new(7, note)?);
        }
        session.flush()
    });
    assert!(refused.unwrap_err().to_string().contains("a trigger may have made them"));
    each_is_its_own(session, bell, |row, number| row.note == format!("note {number}"))
}

/// The tests on one engine.
macro_rules! on {
    ($engine:ident, $harness:ident: $($more:tt)*) => {
        mod $engine {
            use super::*;
            use crate::harness::$harness;

            fn with<T>(test: impl FnOnce(&mut Session<'_>) -> Result<T>) -> Result<T> {
                let database = $harness::new();
                let mut connection: AnyConnection = database.connect();
                connection.batch_execute(&tables(connection.engine())).unwrap();
                let done = test(&mut Session::on(&mut connection));
                drop(connection);
                done
            }

            on!(with:
                b054_a_random_key_is_on_its_own_row_beside_old_rows_that_look_alike => random_keys_beside_old_rows_that_look_alike,
                b054_a_random_key_is_on_its_own_row_where_only_a_rounded_time_tells_rows_apart
                    => random_keys_of_rows_that_only_a_rounded_time_tells_apart,
                b054_keys_are_on_their_own_rows_where_times_are_rounded => times_that_are_rounded,
                b054_keys_are_on_their_own_rows_where_times_have_nanoseconds => times_with_nanoseconds,
                b054_keys_are_on_their_own_rows_where_texts_are_padded_cut_or_made_numbers
                    => texts_that_are_padded_cut_or_made_numbers,
                b054_a_given_key_that_is_stored_differently_goes_on_naming_its_row => given_keys_that_are_padded_or_made_numbers,
                b054_keys_are_on_their_own_rows_where_a_trigger_rewrites_a_text => texts_that_a_trigger_rewrites,
                $($more)*
            );
        }
    };
    ($with:ident: $($name:ident => $test:ident,)*) => {
        $(
            #[test]
            fn $name() -> Result<()> {
                $with($test)
            }
        )*
    };
}

#[cfg(feature = "sqlite")]
on!(sqlite, AnySqlite:
    b054_keys_that_are_drawn_are_on_their_own_rows_from_the_first_flush_on => drawn_keys,
    // It stores NULL for NaN.
    b054_keys_are_on_their_own_rows_where_numbers_are_not_equal_to_themselves => numbers_that_are_not_equal_to_themselves,
);
#[cfg(feature = "postgres")]
on!(postgres, AnyPostgres:
    b054_keys_are_on_their_own_rows_where_numbers_are_not_equal_to_themselves => numbers_that_are_not_equal_to_themselves,
    b054_keys_of_a_sequence_are_on_their_own_rows => keys_of_a_sequence,
    b054_keys_that_a_trigger_makes_are_on_their_own_rows => keys_that_a_trigger_makes,
    b054_keys_that_are_drawn_are_on_their_own_rows_from_the_first_flush_on => drawn_keys,
    b054_keys_that_a_trigger_draws_are_on_their_own_rows_from_the_first_flush_on => drawn_keys_in_the_place_of_counted_ones,
    b056_a_value_that_is_not_equal_to_itself_is_no_change => a_nan_is_no_change,
);
#[cfg(feature = "mysql")]
on!(mariadb, AnyMariadb:
    b054_keys_of_a_sequence_are_on_their_own_rows => keys_of_a_sequence_on_mariadb,
    b054_keys_that_a_trigger_makes_are_refused_before_anything_is_sent => trigger_keys_are_refused,
    b054_a_counted_key_that_a_trigger_replaces_is_never_taken_for_another_rows => replaced_keys_are_found_out,
);
#[cfg(feature = "mysql")]
on!(mysql, AnyMysql:
    b054_keys_that_a_trigger_makes_are_refused_before_anything_is_sent => trigger_keys_are_refused,
    b054_a_counted_key_that_a_trigger_replaces_is_never_taken_for_another_rows => replaced_keys_are_found_out,
);

/// The first words of what a flush of two papers sends, whose notes SQLite makes numbers of.
#[cfg(feature = "sqlite")]
fn sent_for(papers: [(i64, &str); 2]) -> Result<Vec<String>> {
    use diesel::Connection as _;
    use diesel_session::connection::{Echo, EchoOptions, Mode};
    use diesel_session_conformance::Recorder;

    let recorder = Recorder::start();
    let mut connection: AnyConnection = crate::harness::AnySqlite::new().connect();
    connection
        .batch_execute(
            "CREATE TEMPORARY TABLE papers (id TEXT PRIMARY KEY NOT NULL DEFAULT (hex(randomblob(16))), owner BIGINT NOT NULL,
                note STRING NOT NULL)",
        )
        .unwrap();
    let echo = Echo::new(EchoOptions::default());
    connection.set_instrumentation(echo.clone());
    let mut session = Session::new(Box::new(Box::new(connection)), Some(echo), Mode::Write);
    for (owner, note) in papers {
        session.add(NewPaper::new(owner, note)?);
    }
    recorder.take();
    session.flush()?;
    let words = |sql: String| sql.split(' ').take(2).collect::<Vec<_>>().join(" ");
    Ok(recorder.sql().into_iter().map(words).collect())
}

#[cfg(feature = "sqlite")]
#[test]
fn b054_rows_with_random_keys_go_together_where_they_can_be_told_apart_and_else_one_by_one() -> Result<()> {
    let begin = ["BEGIN IMMEDIATE", "SAVEPOINT diesel_savepoint_1", "INSERT INTO"];
    let told_by_the_first_column = sent_for([(1, "007"), (2, "08")])?;
    assert_eq!(told_by_the_first_column, [&begin[..], &["RELEASE SAVEPOINT"]].concat());
    let told_by_another = sent_for([(1, "b"), (1, "a")])?;
    assert_eq!(told_by_another, [&begin[..], &["SELECT id,", "RELEASE SAVEPOINT"]].concat());
    let told_by_none = sent_for([(1, "007"), (1, "08")])?;
    let singly = ["SELECT id,", "ROLLBACK TO", "INSERT INTO", "INSERT INTO"];
    assert_eq!(told_by_none, [&begin[..], &singly].concat());
    Ok(())
}

/// A user who may not see triggers is not told of one that puts another key in the counter's place.
#[cfg(feature = "mysql")]
fn replaced_keys_are_found_out_unseen(engine: folio_testing::TestEngine) -> Result<()> {
    use diesel_session::Database;
    use diesel_session::connection::Access;
    use diesel_session::database::Options;

    let (url, _) = folio_testing::address(engine);
    let name = url.rsplit('/').next().unwrap().to_owned();
    let database = Database::open_with(&url, Options::default().access(Access::Create))?;
    database
        .connection()?
        .batch_execute(&format!(
            "{}; CREATE USER {name}@'127.0.0.1' IDENTIFIED BY 'pw';
             GRANT SELECT, INSERT, UPDATE, DELETE ON {name}.* TO {name}@'127.0.0.1'",
            tables(Engine::Mysql)
        ))
        .unwrap();
    let database = Database::open(&url.replace("app:pw", &format!("{name}:pw")))?;
    let bell = |number: u32| NewBell::new(7, format!("note {number}")).unwrap();
    database.begin(|session| each_is_its_own(session, bell, |row, number| row.note == format!("note {number}")))?;
    for notes in [&["replaced"][..], &["one", "replaced", "two"]] {
        let refused = database.begin(|session| -> Result<()> {
            for note in notes {
                session.add(NewBell::new(7, *note)?);
            }
            session.flush()
        });
        assert!(refused.unwrap_err().to_string().contains("a trigger may have made them"), "{notes:?}");
    }
    Ok(())
}

#[cfg(feature = "mysql")]
#[test]
fn b054_a_replaced_key_is_found_out_where_triggers_cannot_be_seen() -> Result<()> {
    use folio_testing::TestEngine;

    [TestEngine::Mariadb, TestEngine::Mysql].into_iter().try_for_each(replaced_keys_are_found_out_unseen)
}

/// Random rows in columns of which SQLite makes numbers of one: whatever tells them apart, each key is on its own row.
#[cfg(feature = "sqlite")]
mod random {
    use super::*;
    use proptest::prelude::*;

    diesel::table! { counted (id) { id -> BigInt, code -> Text, note -> Text, sum -> BigInt } }
    diesel::table! { drawn (id) { id -> Text, code -> Text, note -> Text, sum -> BigInt } }

    #[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
    #[diesel(table_name = counted)]
    pub struct Counted {
        #[entity(key)]
        pub id: i64,
        pub code: String,
        pub note: String,
        pub sum: i64,
    }

    #[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
    #[diesel(table_name = drawn)]
    pub struct Drawn {
        #[entity(key)]
        pub id: String,
        pub code: String,
        pub note: String,
        pub sum: i64,
    }

    /// What SQLite makes of a code.
    fn stored(code: &str) -> String {
        code.parse::<i64>().map_or_else(|_| code.to_owned(), |number| number.to_string())
    }

    type Values = (&'static str, &'static str, i64);

    fn values() -> impl Strategy<Value = Vec<Values>> {
        let code = prop::sample::select(vec!["007", "7", "08", "1", "x", "y"]);
        let note = prop::sample::select(vec!["a", "b", "c"]);
        prop::collection::vec((code, note, 0_i64..3), 1..130)
    }

    fn is_own(row: Values, (code, note, sum): (&str, &str, i64)) -> bool {
        stored(row.0) == stored(code) && (row.1, row.2) == (note, sum)
    }

    fn flushed(session: &mut Session<'_>, rows: &[Values]) -> Result<()> {
        let (mut counted, mut drawn) = (Vec::new(), Vec::new());
        for (code, note, sum) in rows.iter().copied() {
            counted.push(session.add(NewCounted::new(code, note, sum)?));
            drawn.push(session.add(NewDrawn::new(code, note, sum)?));
        }
        session.flush()?;
        session.expire_all();
        session.load(&counted)?;
        session.load(&drawn)?;
        for ((values, counted), drawn) in rows.iter().zip(counted).zip(drawn) {
            let row = session.row(counted)?;
            assert!(is_own(*values, (&row.code, &row.note, row.sum)), "{values:?}: {row:?}");
            let row = session.row(drawn)?;
            assert!(is_own(*values, (&row.code, &row.note, row.sum)), "{values:?}: {row:?}");
        }
        session.rollback()
    }

    #[test]
    fn b054_keys_are_on_their_own_rows_whatever_tells_rows_apart() {
        let mut connection: AnyConnection = crate::harness::AnySqlite::new().connect();
        let rest = "code STRING NOT NULL, note TEXT NOT NULL, sum BIGINT NOT NULL";
        connection
            .batch_execute(&format!(
                "CREATE TEMPORARY TABLE counted (id INTEGER PRIMARY KEY, {rest});
                 CREATE TEMPORARY TABLE drawn (id TEXT PRIMARY KEY NOT NULL DEFAULT (hex(randomblob(16))), {rest})"
            ))
            .unwrap();
        let session = std::cell::RefCell::new(Session::on(&mut connection));
        proptest!(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() }, |(rows in values())| {
            let mut session = session.borrow_mut();
            if let Err(error) = flushed(&mut session, &rows) {
                session.rollback().ok();
                return Err(TestCaseError::fail(error.to_string()));
            }
        });
    }
}
