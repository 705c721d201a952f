//! Sessions over the code that is generated for each engine's example.

use chrono::{NaiveDate, NaiveTime};
use diesel::HasQuery as _;
use diesel::connection::SimpleConnection as _;
use diesel_migrate::{Migrate as _, Target};
use diesel_session::session::Table;
use diesel_session::{Entity as _, Result};
use folio_testing::TestEngine;

use crate::support::{Empty, folder, shop, write};

type Entities = &'static [fn() -> &'static Table];

#[cfg(feature = "mysql")]
#[path = "../entities/mysql.rs"]
mod mysql;
#[cfg(feature = "postgres")]
#[path = "../entities/postgres.rs"]
mod postgres;
#[cfg(feature = "sqlite")]
#[path = "../entities/sqlite.rs"]
mod sqlite;

fn with_tables(engine: TestEngine, script: &str) -> Empty {
    let empty = Empty::new(engine);
    empty.db.connection().unwrap().batch_execute(script).unwrap();
    empty
}

/// Code that was generated for a database wants nothing that the script which made it does not make; and makes the
/// tables by itself.
fn assert_drafts_nothing(engine: TestEngine, script: &str, entities: Entities) {
    // A table is known by its name in `table!`.
    let script = script.replace("\"old marks\"", "old_marks").replace("`old marks`", "old_marks");
    let (empty, made) = (Empty::new(engine), folder(&[("2026-01-01-000001_tables", &script, "SELECT 1")]));
    let found = shop(&made).with_entities(entities).draft(&empty.db).unwrap();
    assert_eq!(found.up, "", "{engine}");

    let drafted = folder(&[]);
    let draft = shop(&drafted).with_entities(entities).draft(&empty.db).unwrap();
    write(drafted.path(), ("2026-01-01-000001_tables", &draft.up, &draft.down));
    empty.db.migrate(&shop(&drafted)).unwrap_or_else(|error| panic!("{engine}: {error}\n{}", draft.up));
    let again = shop(&drafted).with_entities(entities).draft(&empty.db).unwrap();
    assert_eq!(again.up, "", "{engine}");
    let plain = draft.up.replace(['"', '`'], "");
    assert!(plain.contains("FOREIGN KEY (room, shelf) REFERENCES places (room, shelf)"), "{engine}: {plain}");
    empty.db.migrate_down(&shop(&drafted), Target::All, |_| ()).unwrap();
}

fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 1, 31).unwrap()
}

fn hour() -> NaiveTime {
    NaiveTime::from_hms_opt(23, 59, 1).unwrap()
}

#[cfg(feature = "sqlite")]
#[test]
fn code_for_tables_of_sqlite_drafts_nothing_beyond_them() {
    use sqlite::*;

    const ENTITIES: Entities = &[Maker::table, OldMark::table, Place::table, Profile::table, Thing::table];
    assert_drafts_nothing(TestEngine::Sqlite, include_str!("../entities/sqlite.sql"), ENTITIES);
}

#[cfg(feature = "postgres")]
#[test]
fn code_for_tables_of_postgresql_drafts_nothing_beyond_them() {
    use postgres::*;

    const ENTITIES: Entities = &[Maker::table, OldMark::table, Place::table, Profile::table, Thing::table];
    assert_drafts_nothing(TestEngine::Postgres, include_str!("../entities/postgres.sql"), ENTITIES);
}

#[cfg(feature = "mysql")]
#[test]
fn code_for_tables_of_mysql_and_mariadb_drafts_nothing_beyond_them() {
    use mysql::*;

    const ENTITIES: Entities = &[Maker::table, OldMark::table, Place::table, Profile::table, Task::table, Thing::table];
    for engine in [TestEngine::Mariadb, TestEngine::Mysql] {
        assert_drafts_nothing(engine, include_str!("../entities/mysql.sql"), ENTITIES);
    }
}

#[cfg(feature = "sqlite")]
#[test]
fn rows_of_every_type_of_sqlite_go_in_and_come_back() -> Result<()> {
    use sqlite::*;

    let empty = with_tables(TestEngine::Sqlite, include_str!("../entities/sqlite.sql"));
    empty.db.begin(|session| -> Result<()> {
        let ann = session.add(NewMaker { type_: Some("glass".to_owned()), ..NewMaker::new("Ann")? });
        let first = session.add(NewThing::new(ann, 1.25, vec![0, 255], day(), hour())?);
        session.add(NewThing { copy_of: first.into(), ..NewThing::new(ann, -0.5, vec![], day(), hour())? });
        session.add(NewProfile::new(ann, "blows")?);
        let place = session.add(NewPlace::new(7, "top")?);
        session.add(NewOldMark { maker: ann.into(), ..NewOldMark::new(place)? });
        Ok(())
    })?;
    empty.db.read(|session| -> Result<()> {
        let maker = session.query(Maker::query()).one()?;
        let maker = session.row(maker)?.clone();
        assert_eq!((&*maker.name, maker.type_.as_deref(), maker.version), ("Ann", Some("glass"), 1));
        assert_eq!(maker.unit_price, 1.5);
        let things: Vec<Thing> = session.rows(Thing::query())?;
        let [first, copy] = &things[..] else { panic!("{things:?}") };
        assert_eq!((copy.copy_of, copy.maker_id), (Some(first.id), maker.id));
        assert_eq!((first.number, first.doubled, first.ratio), (-5, Some(-10), Some(0.5)));
        assert_eq!((first.flag, &*first.words, &*first.code), (true, "it's", "abc"));
        assert_eq!((&first.bytes[..], first.day, first.hour), (&[0, 255][..], day(), hour()));
        assert_eq!(session.rows::<OldMark, _>(OldMark::query())?[0].maker.as_deref(), Some("Ann"));
        Ok(())
    })
}

#[cfg(feature = "postgres")]
#[test]
fn rows_of_every_type_of_postgresql_go_in_and_come_back() -> Result<()> {
    use diesel::PgConnection;
    use diesel::pg::data_types::{PgInterval, PgMoney};
    use diesel_session::database::OpenDatabase as _;
    use postgres::*;
    use serde_json::json;

    let empty = with_tables(TestEngine::Postgres, include_str!("../entities/postgres.sql"));
    let db = diesel_session::Database::<PgConnection>::open(&empty.url)?;
    let (facts, span) = (json!({ "size": [1, null] }), PgInterval::from_days(3));
    db.begin(|session| -> Result<()> {
        let ann = session.add(NewMaker { past_mood: Some(Mood::Loud), ..NewMaker::new("Ann")? });
        let first = session.add(NewThing {
            notes: Some(json!("x")),
            address: Some([1, 2, 3, 4, 5, 6]),
            class: Some(7),
            span: Some(span),
            price: Some(PgMoney(250)),
            ..NewThing::new(ann, 1.25, vec![0, 255], day(), hour(), facts.clone())?
        });
        session
            .add(NewThing { copy_of: first.into(), ..NewThing::new(ann, -0.5, vec![], day(), hour(), json!(null))? });
        session.add(NewProfile::new(ann, "blows")?);
        let place = session.add(NewPlace::new(7, "top")?);
        session.add(NewOldMark { maker: ann.into(), ..NewOldMark::new(place)? });
        Ok(())
    })?;
    db.read(|session| -> Result<()> {
        let makers: Vec<Maker> = session.rows(Maker::query())?;
        assert_eq!((makers[0].mood, makers[0].past_mood, makers[0].version), (Mood::calm, Some(Mood::Loud), 1));
        let mut things: Vec<Thing> = session.rows(Thing::query())?;
        things.sort_by_key(|thing| thing.copy_of.is_some());
        let [first, copy] = &things[..] else { panic!("{things:?}") };
        assert_eq!((copy.copy_of, copy.maker_id), (Some(first.id), makers[0].id));
        assert_eq!((first.number, first.doubled, first.ratio), (-5, Some(-10), Some(0.5)));
        assert_eq!((first.flag, &*first.words, &*first.code), (true, "it's", "abc"));
        assert_eq!((&first.bytes[..], first.day, first.hour), (&[0, 255][..], day(), hour()));
        assert_eq!(
            (first.unit_price.to_string(), &first.facts, &first.notes),
            ("1.50".to_owned(), &facts, &Some(json!("x")))
        );
        assert_eq!(
            (first.address, first.class, first.span, first.price),
            (Some([1, 2, 3, 4, 5, 6]), Some(7), Some(span), Some(PgMoney(250)))
        );
        assert!(first.tags.is_empty() && first.seen > chrono::DateTime::UNIX_EPOCH);
        assert_eq!(session.rows::<OldMark, _>(OldMark::query())?[0].maker.as_deref(), Some("Ann"));
        Ok(())
    })
}

#[cfg(feature = "mysql")]
#[test]
fn rows_of_every_type_of_mysql_and_mariadb_go_in_and_come_back() -> Result<()> {
    use diesel::MysqlConnection;
    use diesel_session::database::OpenDatabase as _;
    use mysql::*;

    for engine in [TestEngine::Mariadb, TestEngine::Mysql] {
        let empty = with_tables(engine, include_str!("../entities/mysql.sql"));
        let db = diesel_session::Database::<MysqlConnection>::open(&empty.url)?;
        db.begin(|session| -> Result<()> {
            let ann = session.add(NewMaker { past_mood: Some(MakerPastMood::Loud), ..NewMaker::new("Ann")? });
            let first = session.add(NewThing {
                tiny: Some(-128),
                medium: Some(70_000),
                tiny_natural: Some(255),
                small_natural: Some(u16::MAX),
                natural_number: Some(u32::MAX),
                big_natural: Some(u64::MAX),
                ..NewThing::new(ann, 1.25, vec![0, 255], day(), hour())?
            });
            session.add(NewThing { copy_of: first.into(), ..NewThing::new(ann, -0.5, vec![], day(), hour())? });
            session.add(NewProfile::new(ann, "blows")?);
            let place = session.add(NewPlace::new(7, "top")?);
            session.add(NewOldMark { maker: ann.into(), ..NewOldMark::new(place)? });
            let tasks = [session.add(NewTask::new("one")?), session.add(NewTask::new("two")?)];
            session.flush()?;
            assert_eq!(tasks.map(|task| session.key(task).ok()), [Some(1), Some(2)]);
            Ok(())
        })?;
        db.read(|session| -> Result<()> {
            let makers: Vec<Maker> = session.rows(Maker::query())?;
            assert_eq!((makers[0].mood, makers[0].past_mood), (MakerMood::calm, Some(MakerPastMood::Loud)));
            let things: Vec<Thing> = session.rows(Thing::query())?;
            let [first, copy] = &things[..] else { panic!("{things:?}") };
            assert_eq!((copy.copy_of, copy.maker_id), (Some(first.id), makers[0].id));
            assert_eq!((first.number, first.doubled, first.ratio), (-5, Some(-10), Some(0.5)));
            assert_eq!((first.tiny, first.medium), (Some(-128), Some(70_000)));
            assert_eq!((first.tiny_natural, first.small_natural), (Some(255), Some(u16::MAX)));
            assert_eq!((first.natural_number, first.big_natural), (Some(u32::MAX), Some(u64::MAX)));
            assert_eq!((first.flag, &*first.words, &*first.code), (true, "it's", "abc"));
            assert_eq!((&first.bytes[..], first.day, first.hour), (&[0, 255][..], day(), hour()));
            assert_eq!(first.unit_price.to_string(), "1.50");
            assert_eq!(session.rows::<OldMark, _>(OldMark::query())?[0].maker.as_deref(), Some("Ann"));
            Ok(())
        })?;
    }
    Ok(())
}
