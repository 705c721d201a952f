//! Versions of 32 bits, and versions that the database counts (142).

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel_session::connection::Engine;
use diesel_session::prelude::*;
use diesel_session::session::{Everywhere, Upserted};

use super::{counted, database, own};

diesel::table! { pages (id) { id -> BigInt, title -> Text, version -> Integer } }
diesel::table! { posts (id) { id -> BigInt, slug -> Text, title -> Text, version -> BigInt } }

/// The session counts its version.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = pages)]
pub struct Page {
    #[entity(key)]
    pub id: i64,
    pub title: String,
    #[entity(version)]
    pub version: i32,
}

/// A trigger counts its version.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = posts)]
#[entity(unique(slug))]
pub struct Post {
    #[entity(key)]
    pub id: i64,
    pub slug: String,
    pub title: String,
    #[entity(version, computed)]
    pub version: i64,
}

fn tables(engine: Engine) -> String {
    let key = counted(engine);
    let trigger = match engine {
        Engine::Sqlite => {
            "CREATE TRIGGER counted AFTER UPDATE OF title ON posts
                BEGIN UPDATE posts SET version = old.version + 10 WHERE id = new.id; END"
        }
        Engine::Postgres => {
            "CREATE FUNCTION counted() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN NEW.version = OLD.version + 10; RETURN NEW; END $$;
             CREATE TRIGGER counted BEFORE UPDATE ON posts FOR EACH ROW EXECUTE FUNCTION counted()"
        }
        Engine::Mysql => {
            "CREATE TRIGGER counted BEFORE UPDATE ON posts FOR EACH ROW SET NEW.version = OLD.version + 10"
        }
    };
    format!(
        "CREATE TABLE pages (id {key}, title VARCHAR(20) NOT NULL, version INTEGER NOT NULL);
         CREATE TABLE posts (id {key}, slug VARCHAR(20) NOT NULL UNIQUE, title VARCHAR(20) NOT NULL,
            version BIGINT NOT NULL DEFAULT 5);
         {trigger}"
    )
}

/// A row type with a title.
trait Titled: Everywhere + std::fmt::Debug {
    fn make(title: &str) -> Self::New;
    fn title(&mut self) -> &mut String;
    fn number(&self) -> i64;
}

macro_rules! titled {
    ($name:ident, $title:ident => $new:expr) => {
        impl Titled for $name {
            fn make($title: &str) -> Self::New {
                $new.expect("a title")
            }

            fn title(&mut self) -> &mut String {
                &mut self.title
            }

            fn number(&self) -> i64 {
                self.version().unwrap_or_default()
            }
        }
    };
}

titled!(Page, title => NewPage::new(title));
titled!(Post, title => NewPost::new(title, title));
#[cfg(feature = "postgres")]
titled!(Memo, title => NewMemo::new(title));

/// Writes rows, one and many, in between and against writes of another unit.
fn guards_every_write<E: Titled>(db: &Database, counts: &[i64]) -> Result<()>
where
    E::Key: Copy,
{
    let mut session = db.session()?;
    let rows: Vec<Handle<E>> = (0..120).map(|number| session.add(E::make(&format!("row {number}")))).collect();
    session.commit()?;
    let versions = |session: &mut Session<'_>| -> Result<Vec<i64>> {
        session.load(&rows)?;
        rows.iter().map(|row| Ok(session.row(*row)?.number())).collect()
    };
    let known = versions(&mut session)?;
    assert!(counts.is_empty() || known == vec![counts[0]; rows.len()], "{known:?}");
    session.edit(rows[0])?.title().push('!');
    session.flush()?;
    let first = session.row(rows[0])?.number();
    session.edit(rows[0])?.title().push('!');
    for row in &rows[1..] {
        session.edit(*row)?.title().push('!');
    }
    session.commit()?;
    let last = versions(&mut session)?;
    assert!(counts.is_empty() || (first, last[0], last[1]) == (counts[1], counts[2], counts[1]), "{first} {last:?}");
    session.commit()?;
    // A row that another unit has changed, among many.
    let copies: Vec<E> = db.read(|session| session.every(200).next_rows(session))?.unwrap_or_default();
    db.begin(|session| -> Result<()> {
        let other = session.get_one::<E>(copies[7].key())?;
        session.edit(other)?.title().push('?');
        Ok(())
    })?;
    let late = db.begin(|session| -> Result<()> {
        for copy in &copies {
            let mut changed = copy.clone();
            changed.title().push('-');
            let row = session.attach(changed)?;
            assert!(session.is_modified(row)?);
        }
        session.flush()
    });
    let error = late.unwrap_err();
    assert!(error.is_stale(), "{error}");
    let keys: Vec<E::Key> = copies.iter().map(|copy| copy.key()).collect();
    assert!(error.to_string().contains(&E::key_in_words(&keys[7])), "{error}");
    let late = db.begin(|session| session.attach_edited(titled_with(&copies[7], '-'), &copies[7]).map(drop));
    assert!(late.unwrap_err().is_stale());
    let late = db.begin(|session| session.delete(&copies[7]));
    assert!(late.unwrap_err().is_stale());
    let late = db.begin(|session| copies.iter().try_for_each(|copy| session.delete(copy)));
    assert!(late.unwrap_err().is_stale());
    assert_eq!(db.read(|session| session.every::<E>(200).next_rows(session))?.map(|all| all.len()), Some(120));
    // An edit that nobody disturbs, and the deletion of all.
    db.begin(|session| -> Result<()> {
        let mut rows = Vec::new();
        for key in &keys {
            let row = session.get_one::<E>(*key)?;
            session.edit(row)?.title().push('+');
            rows.push(row);
        }
        session.flush()?;
        rows.iter().try_for_each(|row| session.delete(*row))?;
        session.flush()?;
        assert!(session.every::<E>(200).next_rows(session)?.is_none());
        Ok(())
    })
}

fn titled_with<E: Titled>(row: &E, end: char) -> E {
    let mut row = row.clone();
    row.title().push(end);
    row
}

#[test]
fn b142_a_version_may_have_32_bits() -> Result<()> {
    let (db, _) = database(tables);
    guards_every_write::<Page>(&db, &[1, 2, 3])?;
    db.begin(|session| -> Result<()> {
        let page = session.add(NewPage::new("last")?);
        session.flush()?;
        session.connection()?.batch_execute("UPDATE pages SET version = 2147483647")?;
        session.refresh(page)?;
        session.edit(page)?.title = "first".to_owned();
        session.flush()?;
        assert_eq!(session.row(page)?.version, i32::MIN, "a counter goes round");
        session.edit(page)?.title = "next".to_owned();
        session.flush()
    })
}

#[test]
fn b142_a_version_that_the_database_counts_guards_every_write() -> Result<()> {
    let (db, recorder) = database(tables);
    guards_every_write::<Post>(&db, &[5, 15, 25])?;
    recorder.take();
    db.begin(|session| -> Result<()> {
        let post = session.add(NewPost::new("one", "first")?);
        session.flush()?;
        recorder.take();
        session.edit(post)?.title = "two".to_owned();
        assert_eq!(session.plan()?.to_string(), "UPDATE posts SET title (1 row)");
        session.flush()?;
        let update = &recorder.sql()[0];
        let expected = match own() {
            Engine::Postgres => {
                "UPDATE posts SET title = $1 WHERE id = $2 AND version = $3 RETURNING posts.id, posts.version"
            }
            Engine::Sqlite | Engine::Mysql => "UPDATE posts SET title = ? WHERE id = ? AND version = ?",
        };
        assert_eq!(update, expected);
        assert_eq!(session.row(post)?.version, 15);
        session.edit(post)?.version = 7;
        let error = session.flush().unwrap_err();
        assert!(error.to_string().contains("changed by hand"), "{error}");
        session.discard(post)
    })
}

#[test]
fn b142_an_upsert_leaves_a_version_to_the_database_that_counts_it() -> Result<()> {
    let (db, _) = database(tables);
    db.begin(|session| -> Result<()> {
        let post = session.add(NewPost::new("one", "first")?);
        session.flush()?;
        let rows = [NewPost::new("one", "changed")?, NewPost::new("two", "second")?];
        let done = session.upsert(rows).on_conflict(posts::slug).update(posts::title).run()?;
        assert_eq!((done[0], done[1].1), ((post, Upserted::Updated), Upserted::Inserted));
        assert_eq!((session.row(post)?.version, session.row(done[1].0)?.version), (15, 5));
        session.edit(post)?.title = "three".to_owned();
        session.flush()
    })
}

#[cfg(feature = "postgres")]
diesel::table! { memos (id) { id -> BigInt, title -> Text, xmin -> Integer } }

/// Its version is the number of the transaction that wrote it last.
#[cfg(feature = "postgres")]
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = memos)]
pub struct Memo {
    #[entity(key)]
    pub id: i64,
    pub title: String,
    #[entity(version, computed)]
    pub xmin: i32,
}

#[cfg(feature = "postgres")]
#[test]
fn b142_postgresql_s_xmin_is_a_version_without_a_column_of_its_own() -> Result<()> {
    if own() != Engine::Postgres {
        return Ok(());
    }
    let (db, _) = database(|engine| format!("CREATE TABLE memos (id {}, title TEXT NOT NULL)", counted(engine)));
    guards_every_write::<Memo>(&db, &[])
}
