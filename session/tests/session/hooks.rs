//! Hooks of a database: every session on it calls them, and its clones have them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use diesel::connection::SimpleConnection as _;
use diesel_session::{Database, Result};

use crate::domain::{NewTag, Tag};

fn tags() -> Result<Database> {
    let db = Database::open("sqlite::memory:")?;
    db.connection()?
        .batch_execute("CREATE TABLE tags (name TEXT PRIMARY KEY NOT NULL, colour TEXT NOT NULL DEFAULT 'red')")
        .unwrap();
    Ok(db)
}

#[test]
fn b157_hooks_of_a_database_reach_every_session_on_it_and_on_later_clones() -> Result<()> {
    let earlier = tags()?;
    let flushes = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&flushes);
    let db = earlier.clone().before_flush(move |session| {
        counter.fetch_add(session.pending::<Tag>().len(), Ordering::Relaxed);
        Ok(())
    });
    let add = |db: &Database, name: &str| {
        db.begin(|session| -> Result<()> {
            session.add(NewTag::new(name)?);
            Ok(())
        })
    };
    add(&db, "one")?;
    add(&db.clone(), "two")?;
    add(&earlier, "three")?;
    assert_eq!(flushes.load(Ordering::Relaxed), 2);
    // A session's own hooks are its own, and come after the database's.
    let mut session = db.session()?;
    let own = Arc::clone(&flushes);
    session.before_flush(move |_| {
        assert_eq!(own.swap(100, Ordering::Relaxed), 3);
        Ok(())
    });
    session.add(NewTag::new("four")?);
    session.commit()?;
    drop(session);
    add(&db, "five")?;
    assert_eq!(flushes.load(Ordering::Relaxed), 101);
    Ok(())
}

#[test]
fn b161_hooks_after_the_end_reach_every_session_of_a_database() -> Result<()> {
    let (commits, rollbacks) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (committed, rolled_back) = (Arc::clone(&commits), Arc::clone(&rollbacks));
    let db = tags()?
        .after_commit(move |_, flushes| {
            committed.fetch_add(flushes.len(), Ordering::Relaxed);
        })
        .after_rollback(move |_| {
            rolled_back.fetch_add(1, Ordering::Relaxed);
        });
    db.begin(|session| -> Result<()> {
        session.add(NewTag::new("one")?);
        Ok(())
    })?;
    let refused = db.begin(|session| -> Result<()> {
        session.add(NewTag::new("two")?);
        session.flush()?;
        Err(diesel_session::Error::NoRows { what: "a reason".to_owned() })
    });
    refused.unwrap_err();
    db.read(|session| session.get::<Tag>("one").map(drop))?;
    assert_eq!((commits.load(Ordering::Relaxed), rollbacks.load(Ordering::Relaxed)), (1, 1));
    Ok(())
}
