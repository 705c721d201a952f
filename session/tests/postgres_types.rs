//! Types that PostgreSQL alone has, over `Session<PgConnection>`: a UUID that the program gives as the key and as a foreign
//! key, JSON, a list of texts.
#![cfg(feature = "postgres")]

use diesel::connection::{Connection as _, SimpleConnection as _};
use diesel::prelude::*;
use diesel_session::connection::{Echo, EchoOptions, Mode};
use diesel_session::{Entity, Handle, Result, Session, State};
use serde_json::{Value, json};
use uuid::Uuid;

use diesel_session_conformance::Recorder;
use folio_testing::{TestEngine, servers};

diesel::table! {
    makers (id) { id -> Uuid, name -> Text, facts -> Jsonb, tags -> Array<Text> }
}
diesel::table! {
    things (id) { id -> Uuid, maker_id -> Uuid, copy_of -> Nullable<Uuid>, facts -> Nullable<Jsonb> }
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = makers, check_for_backend(diesel::pg::Pg))]
pub struct Maker {
    #[entity(key, given)]
    id: Uuid,
    name: String,
    facts: Value,
    tags: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = things, check_for_backend(diesel::pg::Pg))]
pub struct Thing {
    #[entity(key, given)]
    id: Uuid,
    #[entity(references = makers::id)]
    maker_id: Uuid,
    #[entity(references = things::id)]
    copy_of: Option<Uuid>,
    facts: Option<Value>,
}

mod sql_types {
    #[derive(Debug, diesel::sql_types::SqlType, diesel::query_builder::QueryId)]
    #[diesel(sqlite_type(name = "Text"), postgres_type(name = "mood"), mysql_type(name = "Enum"))]
    pub struct Mood;
}

diesel_session::database_enum! {
    #[diesel(sql_type = crate::sql_types::Mood)]
    #[named = "mood"]
    pub enum Mood {
        Loud,
        Quiet,
    }
}

diesel::table! {
    use diesel::sql_types::{Array, BigInt, Text};
    use super::sql_types::Mood;

    singers (id) { id -> BigInt, name -> Text, moods -> Array<Mood>, letters -> BigInt }
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = singers, check_for_backend(diesel::pg::Pg))]
pub struct Singer {
    #[entity(key)]
    id: i64,
    name: String,
    moods: Vec<Mood>,
    #[entity(computed)]
    letters: i64,
}

const TABLES: &str = "
    CREATE TYPE pg_temp.mood AS ENUM ('Loud', 'Quiet');
    CREATE TEMPORARY TABLE singers (id BIGSERIAL PRIMARY KEY, name TEXT NOT NULL, moods pg_temp.mood[] NOT NULL,
        letters BIGINT GENERATED ALWAYS AS (length(name)) STORED);
    CREATE TEMPORARY TABLE makers (id UUID PRIMARY KEY, name TEXT NOT NULL, facts JSONB NOT NULL, tags TEXT[] NOT NULL);
    CREATE TEMPORARY TABLE things (id UUID PRIMARY KEY, maker_id UUID NOT NULL REFERENCES makers (id),
        copy_of UUID REFERENCES things (id), facts JSONB);
";

fn session() -> (Session<'static, PgConnection>, Recorder) {
    let recorder = Recorder::start();
    let mut connection = PgConnection::establish(&servers::url(TestEngine::Postgres, "postgres")).unwrap();
    connection.batch_execute(TABLES).unwrap();
    let echo = Echo::new(EchoOptions::default());
    connection.set_instrumentation(echo.clone());
    (Session::new(Box::new(Box::new(connection)), Some(echo), Mode::Write), recorder)
}

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// Ann and Ben, each with facts and tags.
fn makers(session: &mut Session<'_, PgConnection>) -> Result<[Handle<Maker>; 2]> {
    let ann = NewMaker::new(id(1), "Ann", json!({ "born": 1990 }), vec!["glass".into(), "tin, or \"tin\"".into()])?;
    let ben = NewMaker::new(id(2), "Ben", json!([null, true, 1.5, "ü"]), vec![])?;
    Ok([session.add(ann), session.add(ben)])
}

#[test]
fn rows_go_in_parents_first_and_come_back_as_they_were() -> Result<()> {
    let (mut session, recorder) = session();
    // The first thing waits for its maker and for the thing that it is a copy of.
    let copy = session.add(NewThing::new(id(10), id(1))?);
    let [ann, ben] = makers(&mut session)?;
    let original = session.add(NewThing { facts: Some(json!({ "size": [1, 2] })), ..NewThing::new(id(11), ann)? });
    session.pending_mut(copy)?.copy_of = original.into();
    session.flush()?;
    let sent = recorder.sql();
    let starts: Vec<&str> = sent.iter().map(|sql| sql.split(" (").next().unwrap()).collect();
    assert_eq!(starts, ["BEGIN", "INSERT INTO makers", "INSERT INTO things", "INSERT INTO things"]);
    assert_eq!(session.key(copy).ok(), Some(id(10)));
    session.expire_all();
    session.load(&[ann, ben])?;
    assert_eq!(session.row(ann)?.tags, ["glass", "tin, or \"tin\""]);
    assert_eq!(session.row(ann)?.facts, json!({ "born": 1990 }));
    assert_eq!((&session.row(ben)?.tags, &session.row(ben)?.facts), (&vec![], &json!([null, true, 1.5, "ü"])));
    session.load(&[original, copy])?;
    assert_eq!((session.row(copy)?.copy_of, &session.row(copy)?.facts), (Some(id(11)), &None));
    assert_eq!(session.row(original)?.facts, Some(json!({ "size": [1, 2] })));
    assert_eq!(session.get::<Thing>(id(11))?, Some(original));
    assert_eq!(session.get::<Thing>(id(99))?, None);
    Ok(())
}

#[test]
fn an_update_names_what_changed_by_arrays_where_the_types_fit_and_else_by_values() -> Result<()> {
    let (mut session, recorder) = session();
    let [ann, ben] = makers(&mut session)?;
    session.flush()?;
    recorder.take();
    session.edit(ann)?.facts["born"] = json!(1991);
    session.flush()?;
    assert_eq!(recorder.sql(), ["UPDATE makers SET facts = $1 WHERE id = $2"]);
    for maker in [ann, ben] {
        session.edit(maker)?.facts = json!({ "both": null });
    }
    session.flush()?;
    let arrays = "UPDATE makers SET facts = new.column2 FROM unnest($1, $2) AS new (key0, column2) \
                  WHERE makers.id = new.key0";
    assert_eq!(recorder.sql(), [arrays]);
    for maker in [ann, ben] {
        session.edit(maker)?.tags.push("new".into());
    }
    session.flush()?;
    let values = "UPDATE makers SET tags = v.column2 FROM (VALUES ($1, $2), ($3, $4)) AS v WHERE makers.id = v.column1";
    assert_eq!(recorder.sql(), [values]);
    // What did not change is not sent, whatever the type.
    let row = session.edit(ann)?;
    (row.facts, row.tags) = (json!({ "both": null }), vec!["glass".into(), "tin, or \"tin\"".into(), "new".into()]);
    session.flush()?;
    assert!(recorder.sql().is_empty());
    session.expire_all();
    assert_eq!(session.view(ann)?.facts, json!({ "both": null }));
    assert_eq!(session.view(ann)?.tags.len(), 3);
    assert_eq!(session.view(ben)?.tags, ["new"]);
    Ok(())
}

#[test]
fn a_list_of_enums_comes_back_and_is_changed_in_place_beside_a_computed_column() -> Result<()> {
    let (mut session, recorder) = session();
    let singers: Vec<Handle<Singer>> = ["ann", "benedict"]
        .into_iter()
        .map(|name| Ok(session.add(NewSinger::new(name, vec![Mood::Quiet, Mood::Loud])?)))
        .collect::<Result<_>>()?;
    session.flush()?;
    recorder.take();
    for singer in &singers {
        session.edit(*singer)?.moods.push(Mood::Quiet);
    }
    session.flush()?;
    let update = "UPDATE singers SET moods = v.column2 FROM (VALUES ($1, $2), ($3, $4)) AS v \
                  WHERE singers.id = v.column1 RETURNING singers.id, singers.letters";
    assert_eq!(recorder.sql(), [update]);
    session.expire_all();
    for (singer, letters) in singers.into_iter().zip([3, 8]) {
        let row = session.view(singer)?;
        assert_eq!((&*row.moods, row.letters), (&[Mood::Quiet, Mood::Loud, Mood::Quiet][..], letters));
    }
    session.rollback()
}

#[test]
fn queries_say_what_postgresql_can_say_and_foreign_keys_are_followed_both_ways() -> Result<()> {
    let (mut session, recorder) = session();
    let [ann, ben] = makers(&mut session)?;
    let things = [(10, ann), (11, ben), (12, ann)].map(|(key, maker)| NewThing::new(id(key), maker).unwrap());
    let things = things.map(|thing| session.add(thing));
    let glass = session.query(Maker::query().filter(makers::tags.contains(vec!["glass"]))).all()?;
    assert_eq!(glass, [ann]);
    let born = session.query(Maker::query().filter(makers::facts.contains(json!({ "born": 1990 })))).one()?;
    assert_eq!(born, ann);
    recorder.take();
    let groups = session.children(things::maker_id, &[ben, ann])?;
    assert_eq!(groups, [vec![things[1]], vec![things[0], things[2]]]);
    assert_eq!(recorder.sql().len(), 1);
    assert_eq!(session.parents(things::maker_id, &things)?, [Some(ann), Some(ben), Some(ann)]);
    assert_eq!(session.parents(things::copy_of, &things)?, [None; 3]);
    let mut pages = session.query(Thing::query()).batches(2).keep();
    assert_eq!(pages.next(&mut session)?, Some(things[..2].to_vec()));
    assert_eq!(pages.next(&mut session)?, Some(things[2..].to_vec()));
    Ok(())
}

#[test]
fn merging_detaching_and_deleting_go_by_the_uuid() -> Result<()> {
    let (mut session, recorder) = session();
    let [ann, ben] = makers(&mut session)?;
    session.flush()?;
    let wanted = Maker { tags: vec!["steel".into()], ..session.row(ann)?.clone() };
    assert_eq!(session.merge(&wanted)?, ann);
    let new = session.merge(&Maker { id: id(3), ..wanted.clone() })?;
    assert_eq!(session.state(new)?, State::Pending);
    session.commit()?;
    assert_eq!(session.key(new).ok(), Some(id(3)));
    let detached = session.detach(ben)?;
    recorder.take();
    session.delete(&detached)?;
    session.delete(new)?;
    session.commit()?;
    assert_eq!(recorder.sql(), ["BEGIN", "DELETE FROM makers WHERE id IN ($1, $2)", "COMMIT"]);
    let left: Vec<Maker> = session.rows(Maker::query())?;
    assert_eq!(left, [wanted]);
    Ok(())
}

#[test]
fn errors_name_the_key_in_postgresql_s_words() -> Result<()> {
    let (mut session, _recorder) = session();
    makers(&mut session)?;
    session.flush()?;
    session.add(NewMaker::new(id(2), "again", json!(null), vec![])?);
    let error = session.flush().unwrap_err();
    assert!(error.is_unique() && error.to_string().contains(&id(2).to_string()), "{error}");
    session.rollback()?;
    session.add(NewThing::new(id(10), id(99))?);
    let error = session.flush().unwrap_err();
    assert!(error.is_foreign_key() && error.to_string().contains(&id(99).to_string()), "{error}");
    Ok(())
}
