//! Columns that may be NULL where the word `Option` is not written on the field: behind an alias, and in a macro's type.

use diesel::connection::{Connection as _, SimpleConnection as _};
use diesel::prelude::*;
use diesel_session::session::Ref;
use diesel_session::{Entity, Result, Session};

type Maybe<T> = Option<T>;

/// A trait whose name and method collide with the standard library's.
#[allow(dead_code, reason = "it is in scope where the derive writes its code, and must not be called by it")]
pub trait From<T> {
    fn from(value: T) -> Self;
}

impl<C, K> From<Option<K>> for Ref<C, Option<K>> {
    fn from(value: Option<K>) -> Self {
        Self::of(value)
    }
}

/// Declares an entity whose optional columns have types that come out of the macro.
macro_rules! entity {
    ($module:ident, $optional:ty) => {
        mod $module {
            #[allow(unused_imports, reason = "only some types need them")]
            use super::{From, Maybe};
            use diesel::prelude::*;
            use diesel_session::Entity;

            diesel::table! {
                seats (id) { id -> BigInt, number -> Nullable<BigInt>, beside -> Nullable<BigInt> }
            }

            #[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
            #[diesel(table_name = seats)]
            #[entity(unique(number))]
            pub struct Seat {
                #[entity(key, given)]
                pub id: i64,
                pub number: $optional,
                #[entity(references = seats::number)]
                pub beside: $optional,
            }
        }
    };
}

entity!(written, Option<i64>);
entity!(alias, Maybe<i64>);

diesel::table! { chairs (id) { id -> BigInt, number -> Nullable<BigInt> } }

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = chairs)]
#[entity(unique(number))]
pub struct Chair {
    #[entity(key, given)]
    pub id: i64,
    pub number: Maybe<i64>,
}

fn connection() -> SqliteConnection {
    let mut connection = SqliteConnection::establish(":memory:").unwrap();
    connection
        .batch_execute(
            "PRAGMA foreign_keys = ON;
             CREATE TABLE seats (id BIGINT PRIMARY KEY NOT NULL, number BIGINT UNIQUE, beside BIGINT REFERENCES seats (number));
             CREATE TABLE chairs (id BIGINT PRIMARY KEY NOT NULL, number BIGINT UNIQUE);
             INSERT INTO seats VALUES (1, NULL, NULL), (2, 5, NULL);
             INSERT INTO chairs VALUES (1, NULL), (2, 5)",
        )
        .unwrap();
    connection
}

/// The first of the rows takes the number of the second, which has none then: a NULL for a 5 is not a cycle.
macro_rules! gives_its_number_away {
    ($entity:ty) => {{
        let mut connection = connection();
        let mut session = Session::on(&mut connection);
        let (one, two) = (session.get_one::<$entity>(1)?, session.get_one::<$entity>(2)?);
        session.edit(one)?.number = Some(5);
        session.edit(two)?.number = None;
        session.flush()?;
        session.refresh(one)?;
        assert_eq!(session.row(one)?.number, Some(5));
    }};
}

#[test]
fn b072_null_collides_with_nothing_where_an_alias_hides_the_option() -> Result<()> {
    gives_its_number_away!(Chair);
    gives_its_number_away!(alias::Seat);
    Ok(())
}

#[test]
fn b072_null_collides_with_nothing_where_a_macro_gives_the_type() -> Result<()> {
    gives_its_number_away!(written::Seat);
    Ok(())
}

#[test]
fn b061_an_option_that_a_macro_gives_the_type_of_is_not_required() -> Result<()> {
    let mut connection = connection();
    let mut session = Session::on(&mut connection);
    let new = written::NewSeat::new(3)?;
    assert_eq!((new.number, new.beside.value()), (None, Some(&None)));
    session.add(new);
    session.flush()
}
