//! Versions of 32 bits, and versions that the database counts (142).

use diesel::connection::SimpleConnection as _;
use diesel_session::connection::Engine;
use diesel_session::prelude::*;
use diesel_session::session::Upserted;

use crate::guarded::guards_every_write;
#[cfg(feature = "postgres")]
use crate::rows::Memo;
use crate::rows::{NewPage, NewPost, Page, Post, posts};

use super::{counted, database, own};

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
#[test]
fn b142_postgresql_s_xmin_is_a_version_without_a_column_of_its_own() -> Result<()> {
    if own() != Engine::Postgres {
        return Ok(());
    }
    let (db, _) = database(|engine| format!("CREATE TABLE memos (id {}, title TEXT NOT NULL)", counted(engine)));
    guards_every_write::<Memo>(&db, &[])
}
