//! Tables that the suite's library does not have: keys that cascade over two levels, a trigger that ends the transaction.

use diesel::connection::{Connection as _, SimpleConnection as _};
use diesel::prelude::*;
use diesel_session::{Entity, Error, Result, Session};

diesel::table! { shelves (code) { code -> BigInt, label -> Text } }
diesel::table! { boxes (shelf) { shelf -> BigInt, label -> Text } }
diesel::table! { papers (id) { id -> BigInt, shelf -> BigInt } }

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = shelves)]
pub struct Shelf {
    #[entity(key, given)]
    pub code: i64,
    pub label: String,
}

/// Its key is its shelf.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = boxes)]
pub struct Case {
    #[entity(key, given, references = shelves::code)]
    pub shelf: i64,
    pub label: String,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = papers)]
pub struct Paper {
    #[entity(key)]
    pub id: i64,
    #[entity(references = boxes::shelf)]
    pub shelf: i64,
}

fn connection() -> SqliteConnection {
    let mut connection = SqliteConnection::establish(":memory:").unwrap();
    connection
        .batch_execute(
            "PRAGMA foreign_keys = ON;
             CREATE TABLE shelves (code BIGINT PRIMARY KEY NOT NULL, label TEXT NOT NULL);
             CREATE TABLE boxes (shelf BIGINT PRIMARY KEY NOT NULL REFERENCES shelves (code) ON UPDATE CASCADE,
                label TEXT NOT NULL);
             CREATE TABLE papers (id INTEGER PRIMARY KEY AUTOINCREMENT,
                shelf BIGINT NOT NULL REFERENCES boxes (shelf) ON UPDATE CASCADE);
             CREATE TRIGGER no_bombs BEFORE INSERT ON shelves WHEN new.label = 'bomb'
                BEGIN SELECT RAISE(ROLLBACK, 'boom'); END;
             INSERT INTO shelves VALUES (1, 'old'); INSERT INTO boxes VALUES (1, 'red'); INSERT INTO papers VALUES (1, 1)",
        )
        .unwrap();
    connection
}

#[test]
fn b083_a_changed_key_reaches_the_rows_below_those_that_refer_to_it() -> Result<()> {
    let mut connection = connection();
    let mut session = Session::on(&mut connection);
    let (shelf, paper) = (session.get_one::<Shelf>(1)?, session.get_one::<Paper>(1)?);
    session.edit(shelf)?.code = 2;
    session.flush()?;
    assert_eq!(session.view(paper)?.shelf, 2);
    Ok(())
}

#[test]
fn b067_the_first_cause_is_kept_where_the_database_ended_the_transaction_itself() {
    let mut connection = connection();
    let mut session = Session::on(&mut connection);
    let done = session.begin(|session| -> Result<()> {
        let _swallowed = session.nested(|session| -> Result<()> {
            session.add(NewShelf::new(7, "bomb")?);
            session.flush()
        });
        let refused = session.get::<Shelf>(1).unwrap_err();
        assert!(matches!(&refused, Error::Poisoned { .. }) && refused.to_string().contains("boom"), "{refused}");
        Ok(())
    });
    assert!(done.unwrap_err().to_string().contains("boom"));
}

#[test]
fn b109_what_a_query_has_changed_within_a_savepoint_is_not_believed_after_it() -> Result<()> {
    let mut connection = connection();
    let mut session = Session::on(&mut connection);
    let shelf = session.get_one::<Shelf>(1)?;
    let undone = session.nested(|session| -> Result<()> {
        let renamed = diesel::update(shelves::table.find(1)).set(shelves::label.eq("new")).returning(shelves::label);
        assert_eq!(session.rows::<String, _>(renamed)?, ["new"]);
        session.refresh(shelf)?;
        assert_eq!(session.row(shelf)?.label, "new");
        Err(Error::ReadOnlySession)
    });
    assert!(undone.is_err());
    assert_eq!(session.view(shelf)?.label, "old");
    Ok(())
}
