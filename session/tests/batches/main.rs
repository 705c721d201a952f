//! Many rows at once, in the ways of each engine: keys on their own rows whatever the steps between them, and updates from
//! arrays, with the columns that cannot go that way.

#[cfg(feature = "postgres")]
mod copied;
#[cfg(feature = "mysql")]
#[path = "../support/fixture.rs"]
mod fixture;
#[cfg(feature = "mysql")]
#[path = "read_back.rs"]
mod mariadb;
#[cfg(feature = "mysql")]
#[allow(clippy::duplicate_mod, reason = "each engine takes the suite in under its own name")]
#[path = "read_back.rs"]
mod mysql;

#[cfg(feature = "postgres")]
mod postgres {
    use diesel::connection::{Connection as _, SimpleConnection as _};
    use diesel::prelude::*;
    use diesel_session::connection::{Echo, EchoOptions, Mode};
    use diesel_session::{Entity, Result, Session};

    use diesel_session_conformance::Recorder;
    use folio_testing::TestEngine;
    use folio_testing::servers;

    diesel::table! {
        stones (id) {
            id -> BigInt,
            name -> Text,
            weight -> Nullable<BigInt>,
            marks -> Array<Nullable<Text>>,
        }
    }

    /// Knows PostgreSQL only, for its list of texts.
    #[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
    #[diesel(table_name = stones, check_for_backend(diesel::pg::Pg))]
    pub struct Stone {
        #[entity(key)]
        id: i64,
        name: String,
        weight: Option<i64>,
        marks: Vec<Option<String>>,
    }

    fn session() -> (Session<'static, PgConnection>, Recorder) {
        let recorder = Recorder::start();
        let mut connection = PgConnection::establish(&servers::url(TestEngine::Postgres, "postgres")).unwrap();
        connection
            .batch_execute(
                "CREATE TEMPORARY TABLE stones (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name TEXT NOT NULL, \
                 weight BIGINT, marks TEXT[] NOT NULL)",
            )
            .unwrap();
        let echo = Echo::new(EchoOptions::default());
        connection.set_instrumentation(echo.clone());
        (Session::new(Box::new(Box::new(connection)), Some(echo), Mode::Write), recorder)
    }

    fn stones(session: &mut Session<'_, PgConnection>, many: usize) -> Result<Vec<diesel_session::Handle<Stone>>> {
        let added = (0..many)
            .map(|number| {
                let new = NewStone::new(format!("stone {number}"), vec![None, Some("mark".into())])?;
                Ok(session.add(NewStone { weight: Some(-1), ..new }))
            })
            .collect::<Result<Vec<_>>>()?;
        session.flush()?;
        Ok(added)
    }

    #[test]
    fn many_rows_are_updated_from_one_array_a_column_nulls_and_long_values_too() -> Result<()> {
        let (mut session, recorder) = session();
        let added = stones(&mut session, 250)?;
        recorder.take();
        for (number, stone) in (0_i64..).zip(&added) {
            let stone = session.edit(*stone)?;
            stone.weight = (number % 3 != 0).then_some(number);
            stone.name = "n".repeat(usize::try_from(number).unwrap() * 10);
        }
        session.flush()?;
        let sent = recorder.sql();
        assert_eq!(
            sent,
            ["UPDATE stones SET name = new.column1, weight = new.column2 FROM unnest($1, $2, $3) \
              AS new (key0, column1, column2) WHERE stones.id = new.key0"]
        );
        session.commit()?;
        let stored: Vec<Stone> = session.rows(Stone::query().order(stones::id))?;
        for (number, stone) in (0_i64..).zip(stored) {
            assert_eq!(stone.weight, (number % 3 != 0).then_some(number));
            assert_eq!(i64::try_from(stone.name.len()).unwrap(), number * 10);
        }
        Ok(())
    }

    #[test]
    fn a_column_that_is_an_array_itself_goes_by_values() -> Result<()> {
        let (mut session, recorder) = session();
        let added = stones(&mut session, 3)?;
        recorder.take();
        for (number, stone) in added.iter().enumerate() {
            session.edit(*stone)?.marks = vec![Some(number.to_string()); number];
        }
        session.flush()?;
        let sent = recorder.sql();
        assert!(sent.len() == 1 && sent[0].contains(" FROM (VALUES ($1, $2), ($3, $4), ($5, $6)) AS v "), "{sent:?}");
        session.expire_all();
        for (number, stone) in added.iter().enumerate() {
            assert_eq!(session.view(*stone)?.marks, vec![Some(number.to_string()); number]);
        }
        Ok(())
    }
}
