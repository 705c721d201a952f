//! Keys that the database does not hold to one row each: an UPDATE or DELETE that meets more rows than it names is an error,
//! and changes none of them.

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel_session::connection::AnyConnection;
use diesel_session::{Entity, Error, Handle, Result, Session};
use diesel_session_conformance::Harness;

diesel::table! { shelves (code) { code -> BigInt, label -> Text } }
diesel::table! { boxes (room, code) { room -> BigInt, code -> BigInt, label -> Text, version -> BigInt } }

/// The table has no key, and one code twice.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = shelves)]
pub struct Shelf {
    #[entity(key, given)]
    pub code: i64,
    pub label: String,
}

/// The same with a key of two columns and a version.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = boxes)]
pub struct Chest {
    #[entity(key, given)]
    pub room: i64,
    #[entity(key, given)]
    pub code: i64,
    pub label: String,
    #[entity(version)]
    pub version: i64,
}

const TABLES: &str = "
    CREATE TABLE shelves (code BIGINT NOT NULL, label VARCHAR(20) NOT NULL);
    INSERT INTO shelves VALUES (1, 'one'), (2, 'two'), (2, 'two too'), (3, 'three');
    CREATE TABLE boxes (room BIGINT NOT NULL, code BIGINT NOT NULL, label VARCHAR(20) NOT NULL, version BIGINT NOT NULL);
    INSERT INTO boxes VALUES (1, 1, 'one', 1), (1, 2, 'two', 1), (1, 2, 'two too', 1), (1, 3, 'three', 1);
";

fn shelves(session: &mut Session<'_>, codes: &[i64]) -> Result<Vec<Handle<Shelf>>> {
    codes.iter().map(|code| session.get_one(*code)).collect()
}

fn boxes(session: &mut Session<'_>, codes: &[i64]) -> Result<Vec<Handle<Chest>>> {
    codes.iter().map(|code| session.get_one((1, *code))).collect()
}

fn labels(session: &mut Session<'_>) -> Result<(Vec<String>, Vec<String>)> {
    let shelves = session.rows(shelves::table.select(shelves::label).order(shelves::label))?;
    Ok((shelves, session.rows(boxes::table.select(boxes::label).order(boxes::label))?))
}

/// What a unit ends with that does `work` to the rows of these codes.
fn refused(session: &mut Session<'_>, work: impl FnOnce(&mut Session<'_>) -> Result<()>, said: &str) -> Result<()> {
    let error = session.begin(|session| work(session).and_then(|()| session.flush())).unwrap_err();
    assert!(matches!(error, Error::Database { .. }) && !error.is_retryable(), "{error:?}");
    assert!(error.to_string().ends_with(said), "{error}");
    let all = ["one", "three", "two", "two too"].map(str::to_owned).to_vec();
    assert_eq!(labels(session)?, (all.clone(), all));
    session.rollback()
}

fn an_update_that_meets_more_rows(session: &mut Session<'_>) -> Result<()> {
    for codes in [&[2][..], &[1, 2, 3]] {
        let named = codes.len();
        let edit = |session: &mut Session<'_>| {
            for shelf in shelves(session, codes)? {
                session.edit(shelf)?.label = "edited".into();
            }
            Ok(())
        };
        let said = format!("UPDATE of shelves: the keys of {named} rows are those of {} for the database", named + 1);
        refused(session, edit, &said)?;
        let edit = |session: &mut Session<'_>| {
            for boxed in boxes(session, codes)? {
                session.edit(boxed)?.label = "edited".into();
            }
            Ok(())
        };
        refused(session, edit, &said.replace("shelves", "boxes"))?;
    }
    Ok(())
}

fn a_delete_that_meets_more_rows(session: &mut Session<'_>) -> Result<()> {
    for codes in [&[2][..], &[1, 2, 3]] {
        let named = codes.len();
        let delete = |session: &mut Session<'_>| {
            shelves(session, codes)?.into_iter().try_for_each(|shelf| session.delete(shelf))
        };
        let said = format!("DELETE of shelves: the keys of {named} rows are those of {} for the database", named + 1);
        refused(session, delete, &said)?;
        let delete =
            |session: &mut Session<'_>| boxes(session, codes)?.into_iter().try_for_each(|boxed| session.delete(boxed));
        refused(session, delete, &said.replace("shelves", "boxes"))?;
    }
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
                connection.batch_execute(TABLES).unwrap();
                test(&mut Session::on(&mut connection))
            }

            #[test]
            fn b069_an_update_that_meets_more_rows_than_it_names_is_an_error() -> Result<()> {
                with(an_update_that_meets_more_rows)
            }

            #[test]
            fn b070_a_delete_that_meets_more_rows_than_it_names_is_an_error() -> Result<()> {
                with(a_delete_that_meets_more_rows)
            }
        }
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
