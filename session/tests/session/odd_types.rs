//! Keys that are bytes, dates or times, on every engine: each row stays its own through every statement, whether the program
//! gives the key or the database generates it.

use std::fmt::Debug;

use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime};
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel_session::connection::{AnyConnection, Engine, SessionConnection as _};
use diesel_session::session::Everywhere;
use diesel_session::{Entity, Handle, Result, Session};
use diesel_session_conformance::Harness;

diesel::table! { prints (hash) { hash -> Binary, size -> BigInt } }
diesel::table! { copies (hash, made) { hash -> Binary, made -> Timestamp, size -> BigInt } }
diesel::table! { days (day) { day -> Date, size -> BigInt } }
diesel::table! { hours (hour) { hour -> Time, size -> BigInt } }
diesel::table! { moments (at) { at -> Timestamp, size -> BigInt } }
diesel::table! { tokens (id) { id -> Binary, size -> BigInt, note -> Text } }

/// Its key is bytes.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = prints)]
pub struct Print {
    #[entity(key, given)]
    pub hash: Vec<u8>,
    pub size: i64,
}

/// Its key is the bytes of another row's key and a time.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = copies)]
pub struct Copy {
    #[entity(key, given, references = prints::hash)]
    pub hash: Vec<u8>,
    #[entity(key, given)]
    pub made: NaiveDateTime,
    pub size: i64,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = days)]
pub struct Day {
    #[entity(key, given)]
    pub day: NaiveDate,
    pub size: i64,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = hours)]
pub struct Hour {
    #[entity(key, given)]
    pub hour: NaiveTime,
    pub size: i64,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = moments)]
pub struct Moment {
    #[entity(key, given)]
    pub at: NaiveDateTime,
    pub size: i64,
}

/// The database generates its key, which is bytes.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = tokens)]
pub struct Token {
    #[entity(key)]
    pub id: Vec<u8>,
    pub size: i64,
    pub note: String,
}

/// `{bytes}` are up to forty bytes, `{sixteen}` exactly sixteen, `{random}` a default for these; `{micro}` is a fraction of six
/// digits.
const TABLES: &str = "
    CREATE TABLE prints (hash {bytes} NOT NULL PRIMARY KEY, size BIGINT NOT NULL);
    CREATE TABLE copies (hash {bytes} NOT NULL, made {timestamp}{micro} NOT NULL, size BIGINT NOT NULL,
        PRIMARY KEY (hash, made), FOREIGN KEY (hash) REFERENCES prints (hash) ON UPDATE CASCADE);
    CREATE TABLE days (day DATE NOT NULL PRIMARY KEY, size BIGINT NOT NULL);
    CREATE TABLE hours (hour TIME{micro} NOT NULL PRIMARY KEY, size BIGINT NOT NULL);
    CREATE TABLE moments (at {timestamp}{micro} NOT NULL PRIMARY KEY, size BIGINT NOT NULL);
    CREATE TABLE tokens (id {sixteen} NOT NULL PRIMARY KEY DEFAULT ({random}), size BIGINT NOT NULL, note TEXT NOT NULL);
";

fn tables(engine: Engine) -> String {
    let words = match engine {
        Engine::Sqlite => ["BLOB", "BLOB", "randomblob(16)", "TIMESTAMP", ""],
        Engine::Postgres => ["BYTEA", "BYTEA", "uuid_send(gen_random_uuid())", "TIMESTAMP", ""],
        _ => ["VARBINARY(40)", "BINARY(16)", "unhex(replace(uuid(), '-', ''))", "DATETIME", "(6)"],
    };
    let named = ["{bytes}", "{sixteen}", "{random}", "{timestamp}", "{micro}"];
    named.iter().zip(words).fold(TABLES.to_owned(), |tables, (name, word)| tables.replace(name, word))
}

/// More rows than a statement takes.
const ROWS: i64 = 250;

/// Rows with such keys go through every statement: in, read again, changed, page by page, and out.
fn through_every_statement<E>(
    session: &mut Session<'_>,
    key: impl Fn(i64) -> E::Key,
    row: impl Fn(E::Key, i64) -> E::New,
    size: fn(&mut E) -> &mut i64,
) -> Result<()>
where
    E: Everywhere + Debug,
{
    for number in 0..ROWS {
        session.add(row(key(number), number));
    }
    session.commit()?;
    session.clear()?;
    let handles: Vec<Handle<E>> = (0..ROWS).map(|number| session.get_one::<E>(key(number))).collect::<Result<_>>()?;
    session.commit()?;
    session.load(&handles)?;
    for (number, handle) in (0..).zip(&handles) {
        assert_eq!(*size(session.edit(*handle)?), number);
        *size(session.edit(*handle)?) += 1_000;
    }
    session.commit()?;
    session.expire_all();
    session.load(&handles)?;
    for (number, handle) in (0..).zip(&handles) {
        assert_eq!(session.key(*handle).ok(), Some(key(number)));
        assert_eq!(*size(&mut session.row(*handle)?.clone()), 1_000 + number);
        assert_eq!(session.get_for_update::<E>(key(number))?, Some(*handle));
    }
    let (mut seen, mut pages) = (Vec::new(), session.every::<E>(7));
    while let Some(page) = pages.next_rows(session)? {
        seen.extend(page.into_iter().map(|mut row| *size(&mut row)));
    }
    seen.sort_unstable();
    assert_eq!(seen, (1_000..1_000 + ROWS).collect::<Vec<_>>());
    // A key that is there already is refused, and the row that has it stays.
    let refused = session.nested(|session| -> Result<()> {
        session.clear()?;
        session.add(row(key(3), 7));
        session.flush()
    });
    assert!(refused.unwrap_err().is_unique());
    // A key passes from one row to another.
    let [one, two] = [session.get_one::<E>(key(5))?, session.get_one::<E>(key(6))?];
    session.delete(one)?;
    session.edit(two)?.set_key(key(5));
    session.commit()?;
    assert_eq!(*size(&mut session.view(two)?.clone()), 1_006);
    assert_eq!(session.get::<E>(key(6))?, None);
    assert_eq!(session.get::<E>(key(5))?, Some(two));
    for number in (0..ROWS).filter(|number| *number != 6) {
        let handle = session.get_one::<E>(key(number))?;
        session.delete(handle)?;
    }
    session.commit()?;
    assert!(session.every::<E>(7).next_rows(session)?.is_none());
    Ok(())
}

/// Bytes that are no text, of many lengths, the shortest of none; neighbours differ only in trailing zeros.
fn bytes(number: i64) -> Vec<u8> {
    let byte = u8::try_from(number / 10).unwrap();
    let zeros = usize::try_from(number % 10).unwrap();
    if number == 0 { Vec::new() } else { [vec![0xff, byte, b'\\', b'\''], vec![0; zeros]].concat() }
}

fn time(number: i64) -> NaiveTime {
    let second = u32::try_from(number % 86_400).unwrap();
    // The first and the last that there are, and some that only microseconds tell apart.
    match number {
        1 => NaiveTime::from_hms_micro_opt(23, 59, 59, 999_999).unwrap(),
        _ => NaiveTime::from_num_seconds_from_midnight_opt(second / 3, second % 3 * 1_000).unwrap(),
    }
}

fn day(number: i64) -> NaiveDate {
    NaiveDate::from_ymd_opt(1000, 1, 1).unwrap() + Days::new(u64::try_from(number).unwrap() * 13_000)
}

/// A time that MariaDB takes too: not before 1970.
fn moment(number: i64) -> NaiveDateTime {
    let day = NaiveDate::from_ymd_opt(2001, 2, 3).unwrap() + Days::new(u64::try_from(number / 3).unwrap());
    day.and_time(time(number))
}

fn keys_that_are_bytes(session: &mut Session<'_>) -> Result<()> {
    through_every_statement::<Print>(
        session,
        bytes,
        |hash, size| NewPrint::new(hash, size).unwrap(),
        |row| &mut row.size,
    )
}

fn keys_that_are_dates(session: &mut Session<'_>) -> Result<()> {
    through_every_statement::<Day>(session, day, |day, size| NewDay::new(day, size).unwrap(), |row| &mut row.size)
}

fn keys_that_are_times(session: &mut Session<'_>) -> Result<()> {
    through_every_statement::<Hour>(session, time, |hour, size| NewHour::new(hour, size).unwrap(), |row| &mut row.size)
}

fn keys_that_are_dates_and_times(session: &mut Session<'_>) -> Result<()> {
    through_every_statement::<Moment>(
        session,
        moment,
        |at, size| NewMoment::new(at, size).unwrap(),
        |row| &mut row.size,
    )
}

/// A part of a key that is the bytes of another key follows it, and finds its parent and its children.
fn bytes_that_refer_to_bytes(session: &mut Session<'_>) -> Result<()> {
    let prints: Vec<Handle<Print>> =
        (0..20).map(|number| Ok(session.add(NewPrint::new(bytes(number), number)?))).collect::<Result<_>>()?;
    let made = moment(0);
    let mut copies = Vec::new();
    for (number, print) in (0..).zip(&prints) {
        copies.push(session.add(NewCopy::new(*print, made, number)?));
        copies.push(session.add(NewCopy::new(*print, made + chrono::Duration::microseconds(1), 100 + number)?));
    }
    session.commit()?;
    let groups = session.children(copies::hash, &prints)?;
    for (print, (group, copies)) in prints.iter().zip(groups.iter().zip(copies.chunks(2))) {
        assert_eq!(group, copies);
        assert_eq!(session.parents(copies::hash, copies)?, [Some(*print); 2]);
    }
    session.edit(prints[7])?.hash = b"moved".to_vec();
    session.edit(copies[14])?.size = 1_000;
    session.commit()?;
    assert_eq!(session.key(copies[14]).ok(), Some((b"moved".to_vec(), made)));
    assert_eq!((session.view(copies[14])?.size, session.view(copies[15])?.size), (1_000, 107));
    assert_eq!(session.children(copies::hash, &prints[7..8])?, [copies[14..16].to_vec()]);
    copies.into_iter().try_for_each(|copy| session.delete(copy))?;
    prints.into_iter().try_for_each(|print| session.delete(print))?;
    session.commit()?;
    assert_eq!((session.query(Print::query()).count()?, session.query(Copy::query()).count()?), (0, 0));
    Ok(())
}

/// Bytes that the database draws, beside rows that look like the new ones.
fn generated_bytes(session: &mut Session<'_>) -> Result<()> {
    session.connection()?.batch_execute("INSERT INTO tokens (size, note) VALUES (7, 'old 1'), (7, 'old 2')")?;
    session.commit()?;
    for many in [1, 2, ROWS] {
        let tokens: Vec<Handle<Token>> = (0..many)
            .map(|number| Ok(session.add(NewToken::new(7, format!("{many}: {number}"))?)))
            .collect::<Result<_>>()?;
        session.flush()?;
        for (number, token) in (0..).zip(&tokens) {
            session.edit(*token)?.size = number;
        }
        session.commit()?;
        let keys: Vec<Vec<u8>> = tokens.iter().map(|token| session.key(*token).expect("flushed")).collect();
        session.clear()?;
        for (number, key) in (0..).zip(keys) {
            assert_eq!(key.len(), 16);
            let token = session.get_one::<Token>(key)?;
            let row = session.row(token)?;
            assert_eq!((row.size, &*row.note), (number, &*format!("{many}: {number}")));
        }
    }
    let old: Vec<i64> = session.rows(tokens::table.select(tokens::size).filter(tokens::note.like("old%")))?;
    assert_eq!(old, [7, 7]);
    Ok(())
}

/// The tests on one engine.
macro_rules! on {
    ($engine:ident, $harness:ident) => {
        mod $engine {
            use super::*;

            fn with(test: impl FnOnce(&mut Session<'_>) -> Result<()>) -> Result<()> {
                let database = crate::harness::$harness::new();
                let mut connection: AnyConnection = database.connect();
                connection.batch_execute(&tables(connection.engine())).unwrap();
                test(&mut Session::on(&mut connection))
            }

            on!(with:
                b031_keys_that_are_bytes_go_through_every_statement => keys_that_are_bytes,
                b031_keys_that_are_dates_go_through_every_statement => keys_that_are_dates,
                b031_keys_that_are_times_go_through_every_statement => keys_that_are_times,
                b031_keys_that_are_dates_and_times_go_through_every_statement => keys_that_are_dates_and_times,
                b083_bytes_in_a_key_follow_the_bytes_that_they_refer_to => bytes_that_refer_to_bytes,
                b054_generated_bytes_are_on_their_own_rows => generated_bytes,
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
on!(sqlite, AnySqlite);
#[cfg(feature = "postgres")]
on!(postgres, AnyPostgres);
#[cfg(feature = "mysql")]
on!(mariadb, AnyMariadb);
#[cfg(feature = "mysql")]
on!(mysql, AnyMysql);
