//! Keys of odd kinds, and rows that the database keeps back: each row stays its own on every engine.

use chrono::NaiveDate;
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel_session::connection::{AnyConnection, Engine, SessionConnection as _};
use diesel_session::{Entity, Result, Session};
use diesel_session_conformance::Harness;

diesel::table! {
    fives (day, name, number, code, whether) {
        day -> Date, name -> Text, number -> BigInt, code -> SmallInt, whether -> Bool, size -> BigInt
    }
}
diesel::table! { sizes (label) { label -> Text, note -> Text } }
diesel::table! { doors (code) { code -> BigInt, note -> Text } }
diesel::table! { heads (id) { id -> BigInt, tail_id -> Nullable<BigInt>, note -> Text } }
diesel::table! { tails (id) { id -> BigInt, head_id -> Nullable<BigInt>, note -> Text } }

/// A key of five columns of different kinds.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = fives)]
pub struct Five {
    #[entity(key, given)]
    pub day: NaiveDate,
    #[entity(key, given)]
    pub name: String,
    #[entity(key, given)]
    pub number: i64,
    #[entity(key, given)]
    pub code: i16,
    #[entity(key, given)]
    pub whether: bool,
    pub size: i64,
}

/// Its key is an ENUM where the engine has them.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = sizes)]
pub struct Size {
    #[entity(key, given)]
    pub label: String,
    pub note: String,
}

/// A trigger keeps back the rows whose note says so.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = doors)]
pub struct Door {
    #[entity(key, given)]
    pub code: i64,
    pub note: String,
}

/// Heads and tails refer to each other.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = heads)]
pub struct Head {
    #[entity(key, given)]
    pub id: i64,
    #[entity(references = tails::id)]
    pub tail_id: Option<i64>,
    pub note: String,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = tails)]
pub struct Tail {
    #[entity(key, given)]
    pub id: i64,
    #[entity(references = heads::id)]
    pub head_id: Option<i64>,
    pub note: String,
}

/// `{enum}` an ENUM of these labels or a text, `{name}` a text that can be a key.
const TABLES: &str = "
    CREATE TABLE fives (day DATE NOT NULL, name {name} NOT NULL, number BIGINT NOT NULL, code SMALLINT NOT NULL,
        whether BOOLEAN NOT NULL, size BIGINT NOT NULL, PRIMARY KEY (day, name, number, code, whether));
    CREATE TABLE sizes (label {enum} NOT NULL PRIMARY KEY, note {name} NOT NULL);
    CREATE TABLE doors (code BIGINT NOT NULL PRIMARY KEY, note {name} NOT NULL);
    CREATE TABLE heads (id BIGINT NOT NULL PRIMARY KEY, tail_id BIGINT, note {name} NOT NULL);
    CREATE TABLE tails (id BIGINT NOT NULL PRIMARY KEY, head_id BIGINT REFERENCES heads (id), note {name} NOT NULL);
";

fn tables(engine: Engine) -> String {
    let (name, labels, rest) = match engine {
        Engine::Sqlite => (
            "TEXT",
            "TEXT",
            "CREATE TRIGGER kept_back BEFORE INSERT ON doors WHEN new.note = 'back' BEGIN SELECT RAISE(IGNORE); END",
        ),
        Engine::Postgres => (
            "TEXT",
            "TEXT",
            "ALTER TABLE heads ADD FOREIGN KEY (tail_id) REFERENCES tails (id);
             CREATE FUNCTION kept_back() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN IF NEW.note = 'back' THEN RETURN NULL; END IF; RETURN NEW; END $$;
             CREATE TRIGGER kept_back BEFORE INSERT ON doors FOR EACH ROW EXECUTE FUNCTION kept_back()",
        ),
        _ => (
            "VARCHAR(40)",
            "ENUM('small', 'medium', 'large', 'huge')",
            "ALTER TABLE heads ADD FOREIGN KEY (tail_id) REFERENCES tails (id)",
        ),
    };
    TABLES.replace("{name}", name).replace("{enum}", labels) + rest
}

fn keys_of_five_columns(session: &mut Session<'_>) -> Result<()> {
    let day = |number: i64| NaiveDate::from_ymd_opt(2001, 2, 3 + u32::try_from(number % 3).unwrap()).unwrap();
    // Zero and negative numbers and trailing blanks are values like others.
    let new = |number: i64| {
        let name = format!("name{}", " ".repeat(usize::try_from(number % 2).unwrap()));
        NewFive::new(day(number), name, number - 100, i16::try_from(-number).unwrap(), number % 4 == 0, number)
    };
    let fives = (0..250).map(|number| Ok(session.add(new(number)?))).collect::<Result<Vec<_>>>()?;
    session.commit()?;
    session.clear()?;
    let fives_again = session.query(Five::query().order(fives::size)).all()?;
    assert_eq!(fives_again.len(), fives.len());
    session.expire_all();
    session.load(&fives_again)?;
    for (number, five) in (0..).zip(&fives_again) {
        assert_eq!(session.row(*five)?.size, number);
        session.edit(*five)?.size = 1_000 + number;
    }
    session.commit()?;
    for (number, five) in (0..).zip(&fives_again) {
        assert_eq!(session.view(*five)?.size, 1_000 + number);
    }
    let mut seen = 0;
    let mut pages = session.every::<Five>(7);
    while let Some(page) = pages.next_rows(session)? {
        seen += page.len();
    }
    assert_eq!(seen, 250);
    for five in fives_again {
        session.delete(five)?;
    }
    session.commit()?;
    assert_eq!(session.query(Five::query()).count()?, 0);
    Ok(())
}

/// MySQL sorts an ENUM by the positions of its labels and compares the labels.
fn pages_by_labels(session: &mut Session<'_>) -> Result<()> {
    let labels = ["small", "medium", "large", "huge"];
    for label in labels {
        session.add(NewSize::new(label, "x")?);
    }
    session.commit()?;
    for size in 1..=5 {
        session.clear()?;
        let mut seen = Vec::new();
        let mut pages = session.query(Size::query()).batches(size);
        while let Some(page) = pages.next_rows(session)? {
            assert!(seen.len() < labels.len(), "{seen:?}");
            seen.extend(page.into_iter().map(|row| row.label));
        }
        seen.sort();
        assert_eq!(seen, ["huge", "large", "medium", "small"], "pages of {size}");
    }
    Ok(())
}

/// A row that is there already, or was kept back, is not taken for the one that was sent.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
fn rows_that_a_trigger_keeps_back(session: &mut Session<'_>) -> Result<()> {
    session.add(NewDoor::new(1, "open")?);
    session.commit()?;
    for codes in [&[2_i64][..], &[3, 4, 5]] {
        let refused = session.begin(|session| -> Result<()> {
            for code in codes {
                session.add(NewDoor::new(*code, if *code % 2 == 0 { "back" } else { "open" })?);
            }
            session.flush()
        });
        assert!(refused.unwrap_err().to_string().contains("did not insert this row of doors"), "{codes:?}");
        let refused =
            session.begin(|session| session.insert_all(codes.iter().map(|code| NewDoor::new(*code, "back").unwrap())));
        assert!(refused.unwrap_err().to_string().contains("did not insert this row of doors"), "{codes:?}");
    }
    assert_eq!(session.rows::<i64, _>(doors::table.select(doors::code))?, [1]);
    Ok(())
}

/// Tables in a cycle have no order, their rows have.
fn rows_of_a_cycle_of_tables(session: &mut Session<'_>) -> Result<()> {
    let head = session.add(NewHead::new(1, "one")?);
    session.commit()?;
    session.edit(head)?.tail_id = Some(7);
    session.add(NewTail { head_id: Some(1).into(), ..NewTail::new(7, "seven")? });
    session.commit()?;
    assert_eq!(session.view(head)?.tail_id, Some(7));
    session.add(NewTail { head_id: Some(3).into(), ..NewTail::new(9, "nine")? });
    session.add(NewHead { tail_id: Some(8).into(), ..NewHead::new(2, "two")? });
    session.add(NewTail::new(8, "eight")?);
    session.add(NewHead::new(3, "three")?);
    session.commit()?;
    assert_eq!((session.query(Head::query()).count()?, session.query(Tail::query()).count()?), (3, 3));
    Ok(())
}

/// The tests on one engine.
macro_rules! on {
    ($engine:ident, $harness:ident: $($more:tt)*) => {
        mod $engine {
            use super::*;

            fn with(test: impl FnOnce(&mut Session<'_>) -> Result<()>) -> Result<()> {
                let database = crate::harness::$harness::new();
                let mut connection: AnyConnection = database.connect();
                connection.batch_execute(&tables(connection.engine())).unwrap();
                test(&mut Session::on(&mut connection))
            }

            on!(with:
                b031_keys_of_five_columns_go_through_every_statement => keys_of_five_columns,
                b047_pages_lose_no_row_whatever_orders_the_key => pages_by_labels,
                b050_rows_of_tables_in_a_cycle_go_in_an_order_that_works => rows_of_a_cycle_of_tables,
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
    b054_a_row_that_a_trigger_keeps_back_is_an_error => rows_that_a_trigger_keeps_back,
);
#[cfg(feature = "postgres")]
on!(postgres, AnyPostgres:
    b054_a_row_that_a_trigger_keeps_back_is_an_error => rows_that_a_trigger_keeps_back,
);
#[cfg(feature = "mysql")]
on!(mariadb, AnyMariadb:);
#[cfg(feature = "mysql")]
on!(mysql, AnyMysql:);

/// Keys that do not fit a signed number, given and counted.
#[cfg(feature = "mysql")]
mod unsigned {
    use super::*;
    use crate::harness::{Mariadb, Mysql};
    use diesel::MysqlConnection;

    diesel::table! { giants (id) { id -> Unsigned<BigInt>, note -> Text } }

    #[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
    #[diesel(table_name = giants, check_for_backend(diesel::mysql::Mysql))]
    pub struct Giant {
        #[entity(key)]
        pub id: u64,
        pub note: String,
    }

    fn beyond_signed_numbers(connection: &mut MysqlConnection) -> Result<()> {
        const FIRST: u64 = 9_223_372_036_854_775_806;
        connection
            .batch_execute(&format!(
                "CREATE TABLE giants (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, note VARCHAR(20) NOT NULL) AUTO_INCREMENT = {FIRST}"
            ))
            .unwrap();
        let mut session = Session::on(connection);
        for start in [0, 3] {
            let giants = (start..start + 3)
                .map(|number| Ok(session.add(NewGiant::new(number.to_string())?)))
                .collect::<Result<Vec<_>>>()?;
            session.flush()?;
            for (number, giant) in (start..).zip(giants) {
                assert_eq!(session.key(giant).ok(), Some(FIRST + number));
                session.refresh(giant)?;
                assert_eq!(session.row(giant)?.note, number.to_string());
                session.edit(giant)?.note += "!";
            }
            session.commit()?;
        }
        assert_eq!(session.query(Giant::query().filter(giants::note.like("%!"))).count()?, 6);
        Ok(())
    }

    #[test]
    fn b054_counted_keys_beyond_signed_numbers_are_on_their_own_rows_on_mariadb() -> Result<()> {
        beyond_signed_numbers(&mut Mariadb::new().connect())
    }

    #[test]
    fn b054_counted_keys_beyond_signed_numbers_are_on_their_own_rows_on_mysql() -> Result<()> {
        beyond_signed_numbers(&mut Mysql::new().connect())
    }
}
