//! Keys and unique values whose `Debug` output says nothing of them: they are compared as values (71, 72, 83).

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use diesel::backend::Backend;
use diesel::connection::SimpleConnection as _;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::prelude::*;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::BigInt;
use diesel_session::connection::AnyConnection;
use diesel_session::session::Ref;
use diesel_session::{Entity, Handle, Result, Session};
use diesel_session_conformance::{Harness, Recorder};

/// A number, with the `Debug` output given.
macro_rules! number {
    ($(#[$about:meta])* $name:ident: $f:ident => $shown:expr) => {
        $(#[$about])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
        #[diesel(sql_type = BigInt)]
        pub struct $name(i64);

        impl fmt::Debug for $name {
            fn fmt(&self, $f: &mut fmt::Formatter<'_>) -> fmt::Result {
                $shown
            }
        }

        impl From<i64> for $name {
            fn from(number: i64) -> Self {
                Self(number)
            }
        }

        impl<DB: Backend> FromSql<BigInt, DB> for $name
        where
            i64: FromSql<BigInt, DB>,
        {
            fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
                i64::from_sql(bytes).map(Self)
            }
        }

        impl<DB: Backend> ToSql<BigInt, DB> for $name
        where
            i64: ToSql<BigInt, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
                self.0.to_sql(out)
            }
        }
    };
}

number! {
    /// All values look the same.
    Hidden: f => f.write_str("Hidden")
}
number! {
    /// A value never looks the same twice.
    Restless: f => {
        static SHOWN: AtomicUsize = AtomicUsize::new(0);
        write!(f, "Restless {}", SHOWN.fetch_add(1, Ordering::Relaxed))
    }
}

impl From<Hidden> for Restless {
    fn from(number: Hidden) -> Self {
        Self(number.0)
    }
}

impl From<Restless> for Hidden {
    fn from(number: Restless) -> Self {
        Self(number.0)
    }
}

impl From<Restless> for Option<Hidden> {
    fn from(number: Restless) -> Self {
        Some(Hidden(number.0))
    }
}

diesel::table! { rooms (number) { number -> BigInt, floor -> BigInt, wing -> BigInt, label -> Text } }
diesel::table! { desks (room, place) { room -> BigInt, place -> BigInt, label -> Text } }
diesel::table! { lockers (code) { code -> BigInt, tag -> Nullable<BigInt>, above -> Nullable<BigInt> } }
diesel::table! { loans (locker, day) { locker -> BigInt, day -> BigInt, label -> Text } }

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = rooms)]
#[entity(unique(floor, wing))]
pub struct Room {
    #[entity(key, given)]
    pub number: Hidden,
    pub floor: Hidden,
    pub wing: Restless,
    pub label: String,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = desks)]
pub struct Desk {
    #[entity(key, given, references = rooms::number)]
    pub room: Restless,
    #[entity(key, given)]
    pub place: Hidden,
    pub label: String,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = lockers)]
#[entity(unique(tag))]
pub struct Locker {
    #[entity(key, given)]
    pub code: Restless,
    pub tag: Option<Hidden>,
    #[entity(references = lockers::code)]
    pub above: Option<Hidden>,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = loans)]
pub struct Loan {
    #[entity(key, given, references = lockers::code)]
    pub locker: Hidden,
    #[entity(key, given)]
    pub day: Restless,
    pub label: String,
}

const TABLES: &str = "
    CREATE TABLE rooms (number BIGINT NOT NULL PRIMARY KEY, floor BIGINT NOT NULL, wing BIGINT NOT NULL,
        label VARCHAR(20) NOT NULL, UNIQUE (floor, wing));
    CREATE TABLE desks (room BIGINT NOT NULL, place BIGINT NOT NULL, label VARCHAR(20) NOT NULL,
        PRIMARY KEY (room, place), FOREIGN KEY (room) REFERENCES rooms (number) ON UPDATE CASCADE);
    CREATE TABLE lockers (code BIGINT NOT NULL PRIMARY KEY, tag BIGINT UNIQUE, above BIGINT,
        FOREIGN KEY (above) REFERENCES lockers (code));
    CREATE TABLE loans (locker BIGINT NOT NULL, day BIGINT NOT NULL, label VARCHAR(20) NOT NULL,
        PRIMARY KEY (locker, day), FOREIGN KEY (locker) REFERENCES lockers (code) ON UPDATE CASCADE);
    INSERT INTO rooms VALUES (1, 1, 1, 'one'), (2, 1, 2, 'two'), (3, 2, 1, 'three');
    INSERT INTO desks VALUES (1, 1, 'left'), (1, 2, 'right'), (2, 1, 'other');
    INSERT INTO lockers VALUES (1, 11, NULL), (2, 12, NULL), (3, 13, NULL);
    INSERT INTO loans VALUES (1, 1, 'first'), (1, 2, 'second'), (2, 1, 'other');
";

fn rooms(session: &mut Session<'_>) -> Result<[Handle<Room>; 3]> {
    Ok([session.get_one(1)?, session.get_one(2)?, session.get_one(3)?])
}

fn lockers(session: &mut Session<'_>) -> Result<[Handle<Locker>; 3]> {
    Ok([session.get_one(1)?, session.get_one(2)?, session.get_one(3)?])
}

fn stored_rooms(session: &mut Session<'_>) -> Result<Vec<(i64, i64, i64, String)>> {
    session.rows(rooms::table.order(rooms::number))
}

/// A row of `lockers`.
type Stored = (i64, Option<i64>, Option<i64>);

fn stored_lockers(session: &mut Session<'_>) -> Result<Vec<Stored>> {
    session.rows(lockers::table.order(lockers::code))
}

fn a_chain_of_unique_values(session: &mut Session<'_>) -> Result<()> {
    let [one, two, three] = lockers(session)?;
    for (locker, tag) in [(one, 12), (two, 13), (three, 14)] {
        session.edit(locker)?.tag = Some(Hidden(tag));
    }
    session.commit()?;
    assert_eq!(stored_lockers(session)?, [(1, Some(12), None), (2, Some(13), None), (3, Some(14), None)]);
    Ok(())
}

fn a_chain_of_several_columns(session: &mut Session<'_>) -> Result<()> {
    let [one, two, three] = rooms(session)?;
    for (room, floor, wing) in [(one, 1, 2), (two, 2, 1), (three, 2, 2)] {
        let room = session.edit(room)?;
        (room.floor, room.wing) = (floor.into(), wing.into());
    }
    session.commit()?;
    let places: Vec<(i64, i64, i64)> =
        stored_rooms(session)?.into_iter().map(|(number, floor, wing, _)| (number, floor, wing)).collect();
    assert_eq!(places, [(1, 1, 2), (2, 2, 1), (3, 2, 2)]);
    Ok(())
}

fn keys_of_deleted_rows(session: &mut Session<'_>) -> Result<()> {
    let three = rooms(session)?[2];
    let four = session.add(NewRoom::new(4, 4, 4, "four")?);
    session.flush()?;
    session.delete(three)?;
    session.delete(four)?;
    session.add(NewRoom::new(3, 3, 3, "new")?);
    session.add(NewRoom::new(5, 5, 5, "five")?);
    let three = lockers(session)?[2];
    session.delete(three)?;
    session.add(NewLocker::new(3)?);
    session.commit()?;
    let labels: Vec<String> = stored_rooms(session)?.into_iter().map(|(.., label)| label).collect();
    assert_eq!(labels, ["one", "two", "new", "five"]);
    assert_eq!(stored_lockers(session)?, [(1, Some(11), None), (2, Some(12), None), (3, None, None)]);
    Ok(())
}

fn a_chain_of_keys(session: &mut Session<'_>) -> Result<()> {
    let [_, two, three] = rooms(session)?;
    let other = session.get_one::<Desk>((2, 1))?;
    session.delete(other)?;
    session.edit(three)?.number = 4.into();
    session.edit(two)?.number = 3.into();
    session.commit()?;
    assert_eq!([session.key(two).ok(), session.key(three).ok()], [Some(Hidden(3)), Some(Hidden(4))]);
    let [_, two, three] = lockers(session)?;
    let other = session.get_one::<Loan>((2, 1))?;
    session.delete(other)?;
    session.edit(three)?.code = 4.into();
    session.edit(two)?.code = 3.into();
    session.commit()?;
    assert_eq!(stored_lockers(session)?, [(1, Some(11), None), (3, Some(12), None), (4, Some(13), None)]);
    Ok(())
}

fn keys_that_follow(session: &mut Session<'_>) -> Result<()> {
    let (room, locker) = (rooms(session)?[0], lockers(session)?[0]);
    let desks = session.query(Desk::query().order(desks::label)).all()?;
    let loans = session.query(Loan::query().order(loans::label)).all()?;
    session.edit(room)?.number = 9.into();
    session.edit(locker)?.code = 9.into();
    for desk in &desks {
        session.edit(*desk)?.label += "!";
    }
    for loan in &loans {
        session.edit(*loan)?.label += "!";
    }
    session.commit()?;
    let followed: Vec<Option<(Restless, Hidden)>> = desks.iter().map(|desk| session.key(*desk).ok()).collect();
    assert_eq!(followed, [(9, 1), (2, 1), (9, 2)].map(|(room, place)| Some((Restless(room), Hidden(place)))));
    let followed: Vec<Option<(Hidden, Restless)>> = loans.iter().map(|loan| session.key(*loan).ok()).collect();
    assert_eq!(followed, [(9, 1), (2, 1), (9, 2)].map(|(locker, day)| Some((Hidden(locker), Restless(day)))));
    let labels: Vec<String> = session.rows(desks::table.select(desks::label).order(desks::label))?;
    assert_eq!(labels, ["left!", "other!", "right!"]);
    Ok(())
}

fn references_to_changed_keys(session: &mut Session<'_>) -> Result<()> {
    let (room, [locker, two, _]) = (rooms(session)?[2], lockers(session)?);
    session.edit(room)?.number = 9.into();
    session.add(NewDesk::new(Restless(9), 1, "new")?);
    let loans = session.query(Loan::query().filter(loans::locker.eq(1))).all()?;
    loans.into_iter().try_for_each(|loan| session.delete(loan))?;
    session.edit(locker)?.code = 9.into();
    session.edit(two)?.above = Some(Hidden(9));
    session.add(NewLocker { above: Hidden(9).into(), ..NewLocker::new(10)? });
    session.commit()?;
    let expected = [(2, Some(12), Some(9)), (3, Some(13), None), (9, Some(11), None), (10, None, Some(9))];
    assert_eq!(stored_lockers(session)?, expected);
    Ok(())
}

/// Children before their parents, in one INSERT and in one DELETE: MySQL and MariaDB check row by row.
fn references_within_a_statement(session: &mut Session<'_>) -> Result<()> {
    let new: Vec<Handle<Locker>> = (4..8)
        .map(|code| {
            let above = Ref::of((code < 7).then_some(Hidden(code + 1)));
            Ok(session.add(NewLocker { tag: Some(Hidden(10 + code)), above, ..NewLocker::new(code)? }))
        })
        .collect::<Result<_>>()?;
    session.flush()?;
    let expected = [(4, Some(14), Some(5)), (5, Some(15), Some(6)), (6, Some(16), Some(7)), (7, Some(17), None)];
    assert_eq!(stored_lockers(session)?[3..], expected);
    new.into_iter().try_for_each(|locker| session.delete(locker))?;
    session.commit()?;
    assert_eq!(stored_lockers(session)?.len(), 3);
    Ok(())
}

/// A row is read again without a flush of new rows that have other keys, and after one of a row that has its key.
fn a_new_row_with_another_key(session: &mut Session<'_>) -> Result<()> {
    let room = rooms(session)?[0];
    session.add(NewRoom::new(4, 4, 4, "four")?);
    let recorder = Recorder::start();
    session.refresh(room)?;
    assert!(recorder.take().iter().all(|sent| sent.sql.starts_with("SELECT")));
    assert_eq!(session.pending::<Room>().len(), 1);
    let locker = lockers(session)?[0];
    session.add(NewLocker::new(1)?);
    assert!(session.refresh(locker).unwrap_err().is_unique(), "the new row is sent first");
    Ok(())
}

/// The tests on one engine.
macro_rules! on {
    ($engine:ident, $harness:ident: $($name:ident => $test:ident,)*) => {
        mod $engine {
            use super::*;

            $(
                #[test]
                fn $name() -> Result<()> {
                    let database = crate::harness::$harness::new();
                    let mut connection: AnyConnection = database.connect();
                    connection.batch_execute(TABLES).unwrap();
                    $test(&mut Session::on(&mut connection))
                }
            )*
        }
    };
    ($engine:ident, $harness:ident) => {
        on!($engine, $harness:
            b071_keys_of_deleted_rows_are_used_again_whatever_debug_shows => keys_of_deleted_rows,
            b072_a_chain_of_unique_values_goes_from_its_free_end_whatever_debug_shows => a_chain_of_unique_values,
            b072_a_chain_of_several_columns_goes_from_its_free_end_whatever_debug_shows => a_chain_of_several_columns,
            b072_a_chain_of_keys_goes_from_its_free_end_whatever_debug_shows => a_chain_of_keys,
            b072_references_wait_for_the_keys_that_they_refer_to_whatever_debug_shows => references_to_changed_keys,
            b072_rows_of_one_statement_refer_to_each_other_whatever_debug_shows => references_within_a_statement,
            b083_keys_follow_what_they_refer_to_whatever_debug_shows => keys_that_follow,
            b095_a_new_row_with_another_key_is_not_flushed_whatever_debug_shows => a_new_row_with_another_key,
        );
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
