//! Values that single new rows give of columns which the database would fill otherwise (141): defaults and keys.

use diesel::prelude::*;
use diesel_session::connection::Engine;
use diesel_session::prelude::*;
use diesel_session::session::Upserted;

use crate::rows::{Mug, NewMug, NewSpoon, Spoon, mugs, spoons};

use super::{counted, database, own};

fn tables(engine: Engine) -> String {
    let key = counted(engine);
    format!(
        "CREATE TABLE mugs (id {key}, name VARCHAR(20) NOT NULL UNIQUE, colour VARCHAR(20) NOT NULL DEFAULT 'white',
            size BIGINT DEFAULT 3, above_id BIGINT, FOREIGN KEY (above_id) REFERENCES mugs (id));
         CREATE TABLE spoons (id {key}, mug_id BIGINT NOT NULL, colour VARCHAR(20) NOT NULL DEFAULT 'grey',
            FOREIGN KEY (mug_id) REFERENCES mugs (id))"
    )
}

fn coloured(name: &str, colour: &str) -> Result<NewMug> {
    Ok(NewMug { colour: Some(colour.to_owned()), ..NewMug::new(name)? })
}

#[test]
fn b141_a_value_that_is_given_is_stored_and_one_that_is_not_is_the_database_s_default() -> Result<()> {
    let (db, _) = database(tables);
    db.begin(|session| -> Result<()> {
        let given = session.add(coloured("one", "red")?);
        let null = session.add(NewMug { size: Some(None), ..NewMug::new("two")? });
        let both = session.add(NewMug { size: Some(Some(7)), ..coloured("three", "blue")? });
        let none = session.add(NewMug::new("four")?);
        session.flush()?;
        let values = |mug: &Mug| (mug.colour.clone(), mug.size);
        for again in [false, true] {
            let expected = [("red", Some(3)), ("white", None), ("blue", Some(7)), ("white", Some(3))];
            for (mug, (colour, size)) in [given, null, both, none].into_iter().zip(expected) {
                assert_eq!(values(session.view(mug)?), (colour.to_owned(), size), "read again: {again}");
            }
            session.expire_all();
        }
        Ok(())
    })
}

#[test]
fn b141_rows_that_give_values_of_the_same_columns_share_their_statements() -> Result<()> {
    let (db, recorder) = database(tables);
    db.begin(|session| -> Result<()> {
        let mug = session.add(NewMug::new("mug")?);
        session.flush()?;
        recorder.take();
        let spoons: Vec<Handle<Spoon>> = (0..40)
            .map(|number| {
                let new = NewSpoon::new(mug)?;
                let colour = (number % 2 == 0).then(|| format!("colour {number}"));
                Ok(session.add(NewSpoon { colour, ..new }))
            })
            .collect::<Result<_>>()?;
        assert_eq!(session.plan()?.to_string(), "INSERT spoons (40 rows)");
        session.flush()?;
        let sent = recorder.sql();
        let inserts: Vec<&String> = sent.iter().filter(|sql| sql.starts_with("INSERT")).collect();
        assert_eq!(inserts.len(), 2, "{sent:?}");
        let columns = |insert: &str| insert.split(" VALUES").next().map(str::to_owned);
        assert_eq!(columns(inserts[0]).as_deref(), Some("INSERT INTO spoons (mug_id, colour)"));
        assert_eq!(columns(inserts[1]).as_deref(), Some("INSERT INTO spoons (mug_id)"));
        for (number, spoon) in spoons.iter().enumerate() {
            let colour = if number % 2 == 0 { format!("colour {number}") } else { "grey".to_owned() };
            assert_eq!(session.row(*spoon)?.colour, colour);
            let key = session.key(*spoon)?;
            let stored: String = session.rows(spoons::table.find(key).select(spoons::colour))?.remove(0);
            assert_eq!(stored, colour);
        }
        Ok(())
    })
}

#[test]
fn b141_a_row_with_a_given_key_is_found_under_it_and_its_insert_returns_no_key() -> Result<()> {
    let (db, recorder) = database(tables);
    db.begin(|session| -> Result<()> {
        let given = session.add(NewMug { id: Some(Id::new(700)), ..NewMug::new("given")? });
        let spoon = session.add(NewSpoon::new(given)?);
        assert_eq!(session.get::<Mug>(700)?, Some(given), "a key that is not in the session flushes first");
        assert_eq!(session.key(given)?, Id::new(700));
        assert_eq!(session.row(spoon)?.mug_id, Id::new(700));
        assert_eq!(session.row(given)?.colour, "white");
        if own() == Engine::Sqlite {
            let insert = "INSERT INTO mugs (id, name, above_id) VALUES (?, ?, ?) RETURNING colour, size, id";
            assert!(recorder.sql().contains(&insert.to_owned()));
        }
        session.edit(given)?.colour = "green".to_owned();
        session.flush()?;
        session.clear()?;
        let found = session.get_one::<Mug>(700)?;
        assert_eq!(session.row(found)?.colour, "green");
        Ok(())
    })
}

#[test]
fn b141_keys_are_generated_beside_given_ones_and_postgresql_s_sequence_does_not_move() -> Result<()> {
    let (db, _) = database(tables);
    db.begin(|session| -> Result<()> {
        let mug = session.add(NewMug::new("mug")?);
        let spoons: Vec<Handle<Spoon>> = [None, Some(50), None, Some(40), None]
            .into_iter()
            .map(|id| Ok(session.add(NewSpoon { id: id.map(Id::new), ..NewSpoon::new(mug)? })))
            .collect::<Result<_>>()?;
        session.flush()?;
        let keys: Vec<i64> = spoons.iter().map(|spoon| Ok(session.key(*spoon)?.get())).collect::<Result<_>>()?;
        let next = if own() == Engine::Postgres { 1 } else { 51 };
        assert_eq!(keys, [next, 50, next + 1, 40, next + 2]);
        let taken = session.add(NewSpoon { id: Some(Id::new(next + 3)), ..NewSpoon::new(mug)? });
        session.flush()?;
        let collides = session.nested(|session| {
            session.add(NewSpoon::new(mug)?);
            session.flush()
        });
        match own() {
            Engine::Postgres => assert!(collides.unwrap_err().is_unique()),
            Engine::Sqlite | Engine::Mysql => collides?,
        }
        assert_eq!(session.view(taken)?.colour, "grey");
        Ok(())
    })
}

#[test]
fn b141_a_key_that_a_row_gives_is_free_once_its_row_is_deleted_and_taken_before() -> Result<()> {
    let (db, _) = database(tables);
    db.begin(|session| -> Result<()> {
        let id = Some(Id::new(7));
        let old = session.add(NewMug { id, ..NewMug::new("old")? });
        session.flush()?;
        session.delete(old)?;
        let new = session.add(NewMug { id, ..NewMug::new("new")? });
        assert_eq!(session.plan()?.to_string(), "DELETE mugs (1 row)\nINSERT mugs (1 row)");
        session.flush()?;
        assert_eq!(session.get::<Mug>(7)?, Some(new));
        let taken = session.nested(|session| {
            session.add(NewMug { id, ..NewMug::new("other")? });
            session.flush()
        });
        assert!(taken.unwrap_err().is_unique());
        Ok(())
    })
}

#[test]
fn b141_rows_of_a_table_that_refers_to_itself_keep_their_order() -> Result<()> {
    let (db, _) = database(tables);
    db.begin(|session| -> Result<()> {
        let mut above: Option<Handle<Mug>> = None;
        let mut mugs = Vec::new();
        for number in 0..6 {
            let new = NewMug { above_id: above.into(), ..NewMug::new(format!("mug {number}"))? };
            let colour = (number % 2 == 0).then(|| "red".to_owned());
            let id = (number % 3 == 0).then(|| Id::new(100 + number));
            above = Some(session.add(NewMug { id, colour, ..new }));
            mugs.extend(above);
        }
        // By value, whatever the order in which they were added.
        let child = session.add(NewMug { above_id: 900.into(), ..NewMug::new("child")? });
        session.add(NewMug { id: Some(Id::new(900)), ..coloured("parent", "red")? });
        session.flush()?;
        for (parent, mug) in mugs.iter().zip(&mugs[1..]) {
            assert_eq!(session.row(*mug)?.above_id, Some(session.key(*parent)?));
        }
        assert_eq!(session.row(child)?.above_id, Some(Id::new(900)));
        Ok(())
    })
}

#[test]
fn b141_a_stream_and_an_upsert_store_given_values_too() -> Result<()> {
    let (db, _) = database(tables);
    db.begin(|session| -> Result<()> {
        let rows = (0..30).map(|number| {
            let new = NewMug::new(format!("mug {number}")).unwrap();
            NewMug { colour: (number % 3 == 0).then(|| "red".to_owned()), ..new }
        });
        assert_eq!(session.insert_all(rows)?, 30);
        let red = session.query(Mug::query().filter(mugs::colour.eq("red"))).count()?;
        assert_eq!((red, session.query(Mug::query()).count()?), (10, 30));
        let id = Some(Id::new(500));
        let rows = [NewMug { id, ..coloured("new", "blue")? }, coloured("mug 0", "blue")?, NewMug::new("newer")?];
        let done = session.upsert(rows).on_conflict(mugs::name).nothing().run()?;
        let outcomes: Vec<Upserted> = done.iter().map(|(_, outcome)| *outcome).collect();
        assert_eq!(outcomes, [Upserted::Inserted, Upserted::Existing, Upserted::Inserted]);
        assert_eq!(session.key(done[0].0)?, Id::new(500));
        let colours = done.iter().map(|(mug, _)| Ok(session.row(*mug)?.colour.clone())).collect::<Result<Vec<_>>>()?;
        assert_eq!(colours, ["blue", "red", "white"]);
        Ok(())
    })
}

#[test]
fn b141_many_rows_with_given_keys_are_few_statements() -> Result<()> {
    let (db, recorder) = database(tables);
    db.begin(|session| -> Result<()> {
        let mug = session.add(NewMug::new("mug")?);
        session.flush()?;
        recorder.take();
        let spoons: Vec<Handle<Spoon>> = (1..=250)
            .map(|number| Ok(session.add(NewSpoon { id: Some(Id::new(number * 3)), ..NewSpoon::new(mug)? })))
            .collect::<Result<_>>()?;
        session.flush()?;
        let inserts = recorder.sql().iter().filter(|sql| sql.starts_with("INSERT")).count();
        assert_eq!(inserts, if own() == Engine::Postgres { 1 } else { 3 });
        for (number, spoon) in (1..).zip(spoons) {
            assert_eq!(session.key(spoon)?, Id::new(number * 3));
        }
        Ok(())
    })
}
