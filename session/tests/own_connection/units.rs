//! Units of work over any connection type, by a table that every engine can hold.

use diesel::prelude::*;
use diesel_session::connection::{Access, AnyConnection, EchoOptions, Isolation};
use diesel_session::database::{DatabaseConnection, Options, Retry};
use diesel_session::prelude::*;
use diesel_session::session::Persist;
use diesel_session_conformance::Recorder;
use folio_testing::{TestEngine, address};
use tempfile::TempDir;

diesel::table! {
    shelves (id) { id -> BigInt, room -> Text }
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = shelves)]
pub struct Shelf {
    #[entity(key, given)]
    id: Id<Shelf>,
    room: String,
}

/// A new database with the table, opened by its connection type, its URL, and its folder if it is a file.
fn shelf_room<C: DatabaseConnection>(engine: TestEngine) -> Result<(Database<C>, String, Option<TempDir>)> {
    let (url, folder) = address(engine);
    let options = Options::default().access(Access::Create).echo(EchoOptions::default());
    let db = Database::<C>::open_with(&url, options)?;
    assert!(db.created());
    db.maintenance()?.set_persistent()?;
    db.connection()?
        .batch_execute("CREATE TABLE shelves (id BIGINT NOT NULL PRIMARY KEY, room TEXT NOT NULL)")
        .unwrap();
    Ok((db, url, folder))
}

fn shelf(id: i64, room: &str) -> Result<NewShelf> {
    NewShelf::new(Id::new(id), room)
}

/// The rooms of the shelves with ids below `below`, in order of their ids.
fn rooms<C: DatabaseConnection>(db: &Database<C>, below: i64) -> Result<Vec<String>>
where
    Shelf: Persist<C>,
{
    db.named("look").read(|session| {
        let mut rooms = Vec::new();
        for id in 0..below {
            if let Some(shelf) = session.get::<Shelf>(Id::new(id))? {
                rooms.push(session.row(shelf)?.room.clone());
            }
        }
        Ok(rooms)
    })
}

pub fn every_kind_of_unit<C: DatabaseConnection>(engine: TestEngine) -> Result<()>
where
    Shelf: Persist<C>,
{
    let (db, _url, _folder) = shelf_room::<C>(engine)?;
    db.begin(|session| -> Result<()> {
        session.add(shelf(1, "attic")?);
        Ok(())
    })?;
    db.retrying(Retry::default(), |session| -> Result<()> {
        let attic = session.get_one::<Shelf>(Id::new(1))?;
        session.edit(attic)?.room = "cellar".into();
        Ok(())
    })?;
    db.isolated(Isolation::Serializable).named("second").begin(|session| -> Result<()> {
        session.add(shelf(2, "hall")?);
        Ok(())
    })?;
    let mut session = db.session()?;
    session.add(shelf(3, "dropped")?);
    session.flush()?;
    drop(session);
    assert_eq!(rooms(&db, 5)?, ["cellar", "hall"]);
    let written = db.read(|session| -> Result<()> {
        session.add(shelf(4, "unread")?);
        session.flush()
    });
    assert!(matches!(written, Err(Error::ReadOnlySession)), "{written:?}");
    Ok(())
}

pub fn failed_unit<C: DatabaseConnection>(engine: TestEngine) -> Result<()>
where
    Shelf: Persist<C>,
{
    let (url, _folder) = address(engine);
    let options = Options::default().access(Access::Create).pool_size(1);
    let db = Database::<C>::open_with(&url, options)?;
    db.connection()?
        .batch_execute("CREATE TABLE shelves (id BIGINT NOT NULL PRIMARY KEY, room TEXT NOT NULL)")
        .unwrap();
    let failed = db.begin(|session| -> Result<()> {
        session.add(shelf(1, "attic")?);
        session.flush()?;
        session.add(shelf(1, "attic")?);
        session.flush()
    });
    assert!(failed.is_err());
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        db.begin(|session| -> Result<()> {
            session.add(shelf(1, "attic")?);
            session.flush()?;
            panic!("in the middle of a unit");
        })
    }));
    assert!(panicked.is_err());
    assert!(rooms(&db, 2)?.is_empty());
    Ok(())
}

pub fn threads<C: DatabaseConnection>(engine: TestEngine) -> Result<()>
where
    Shelf: Persist<C>,
{
    let (db, url, _folder) = shelf_room::<C>(engine)?;
    let any = Database::open(&url)?;
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (db, any) = (db.clone(), any.clone());
            scope.spawn(move || {
                for unit in 0..10 {
                    let id = 2 * (thread * 10 + unit);
                    let added = db.begin(|session| -> Result<()> {
                        session.add(shelf(id, "own")?);
                        Ok(())
                    });
                    added.unwrap();
                    let added = any.begin(|session| -> Result<()> {
                        session.add(shelf(id + 1, "any")?);
                        Ok(())
                    });
                    added.unwrap();
                }
            });
        }
    });
    assert_eq!(rooms(&db, 100)?.len(), 80);
    Ok(())
}

pub fn same<C: DatabaseConnection>(engine: TestEngine) -> Result<()> {
    let (db, url, _folder) = shelf_room::<C>(engine)?;
    let any: Database<AnyConnection> = Database::open(&url)?;
    assert!(db.is_same(&any)? && any.is_same(&db)?);
    assert_eq!(db.place(), any.place());
    let (other, _url, _other_folder) = shelf_room::<C>(engine)?;
    assert!(!db.is_same(&other)?);
    Ok(())
}

pub fn echo<C: DatabaseConnection>(engine: TestEngine) -> Result<()>
where
    Shelf: Persist<C>,
{
    let (db, _url, _folder) = shelf_room::<C>(engine)?;
    let recorder = Recorder::start();
    db.begin(|session| -> Result<()> {
        session.add(shelf(1, "attic")?);
        Ok(())
    })?;
    let sent = recorder.sql();
    assert_eq!(sent.len(), 3, "{sent:?}");
    assert!(sent[0].starts_with("BEGIN") || sent[0].starts_with("START TRANSACTION"), "{sent:?}");
    assert!(sent[1].starts_with("INSERT INTO shelves (id, room) VALUES"), "{sent:?}");
    assert_eq!(sent[2], "COMMIT");
    Ok(())
}
