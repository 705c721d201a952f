//! Engine, schema, echo (1–6), and the factory's begin (13): on Folio's own tables.

use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel_session::{Error, Result};
use folio::connection::{Access, Engine};
use folio::database::{Retry, redact};
use folio::migrations::Target;
use folio::prelude::*;

use diesel_session_conformance::Recorder;

/// A database in a file of its own, with an echo if `options` say so.
fn database(options: Options) -> (tempfile::TempDir, Database) {
    Recorder::install(Engine::Sqlite);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("folio.db").display().to_string();
    let database = Database::open_with(&path, options.access(Access::Create)).unwrap();
    (folder, database)
}

fn echoing() -> Options {
    Options::default().echo(EchoOptions::default())
}

#[test]
fn b001_migrating_makes_what_is_missing_parents_first_and_going_down_goes_back() -> Result<()> {
    let (_folder, database) = database(echoing());
    let recorder = Recorder::start();
    database.migrate().unwrap();
    let made =
        |sent: &[String], table: &str| sent.iter().position(|sql| sql.contains(&format!("CREATE TABLE {table}")));
    let sent = recorder.sql();
    let places = ["users", "repositories", "resumes", "notes"].map(|table| made(&sent, table));
    assert!(places.is_sorted() && places[0].is_some(), "{places:?}");
    database.migrate().unwrap();
    let again = recorder.sql();
    assert!(!again.iter().any(|sql| sql.contains("CREATE TABLE users") || sql.contains("ALTER")), "{again:?}");
    database.migrate_down(Target::All, |_| ()).unwrap();
    let down = recorder.sql();
    let dropped = ["notes", "users"].map(|table| down.iter().position(|sql| *sql == format!("DROP TABLE {table}")));
    assert!(dropped.is_sorted() && dropped[0].is_some(), "{down:?}");
    Ok(())
}

#[test]
fn b002_an_optional_field_is_a_nullable_column_and_a_plain_one_is_not() -> Result<()> {
    let (_folder, database) = database(Options::default());
    database.migrate().unwrap();
    database.begin(|session| -> Result<()> {
        session.add(NewUser::new(1, "step")?);
        Ok(())
    })?;
    database.connection()?.batch_execute("UPDATE users SET email = NULL").unwrap();
    let refused = database.connection()?.batch_execute("UPDATE users SET username = NULL").unwrap_err();
    assert!(refused.to_string().contains("NOT NULL constraint failed: users.username"), "{refused}");
    Ok(())
}

#[test]
fn b003_deleting_a_user_takes_notes_along_and_deleting_a_repository_leaves_them() -> Result<()> {
    let (_folder, database) = database(echoing());
    database.migrate().unwrap();
    let (owner, note) = database.begin(|session| -> Result<_> {
        let (owner, author) = (session.add(NewUser::new(1, "owner")?), session.add(NewUser::new(2, "author")?));
        let code = session.add(NewRepository::new(1_i64, "code", RepositoryStatus::Public)?);
        let note = session.add(NewNote { repository_id: code.into(), ..NewNote::new("about it", author)? });
        session.add(NewNote::new("mine", owner)?);
        session.flush()?;
        Ok((session.detach(owner)?, session.detach(note)?.id))
    })?;
    let recorder = Recorder::start();
    database.begin(|session| -> Result<()> {
        let code = session.query(Repository::query()).one()?;
        session.delete(code)?;
        session.delete(&owner)
    })?;
    let deletes: Vec<String> = recorder.sql().into_iter().filter(|sql| sql.starts_with("DELETE")).collect();
    assert_eq!(deletes, ["DELETE FROM repositories WHERE id = ?", "DELETE FROM users WHERE id = ?"]);
    database.read(|session| -> Result<()> {
        let left = session.query(Note::query()).all()?;
        assert_eq!(left.len(), 1);
        assert_eq!((session.key(left[0]).ok(), session.row(left[0])?.repository_id), (Some(note), None));
        Ok(())
    })
}

#[test]
fn b004_an_enum_stores_its_label_and_nothing_else_can_be_stored_or_read() -> Result<()> {
    let (_folder, database) = database(Options::default());
    database.migrate().unwrap();
    database.begin(|session| -> Result<()> {
        session.add(NewUser::new(1, "step")?);
        session.add(NewRepository::new(1_i64, "code", RepositoryStatus::Private)?);
        session.flush()?;
        let labels: Vec<String> =
            session.rows(diesel::dsl::sql::<diesel::sql_types::Text>("SELECT status FROM repositories"))?;
        assert_eq!(labels, ["Private"]);
        session.expire_all();
        let code = session.query(Repository::query()).one()?;
        assert_eq!(session.row(code)?.status, RepositoryStatus::Private);
        Ok(())
    })?;
    let hidden = "UPDATE repositories SET status = 'Hidden'";
    let refused = database.connection()?.batch_execute(hidden).unwrap_err();
    assert!(refused.to_string().contains("CHECK constraint failed"), "{refused}");
    // A text that came in past the rule is an error on reading that names table and text.
    let unchecked = format!("PRAGMA ignore_check_constraints = ON; {hidden}; PRAGMA ignore_check_constraints = OFF");
    database.connection()?.batch_execute(&unchecked).unwrap();
    let error = database.read(|session| session.query(Repository::query()).all().map(drop)).unwrap_err();
    assert!(matches!(error, Error::Unreadable { .. }), "{error}");
    assert!(error.to_string().contains("repositories") && error.to_string().contains("Hidden"), "{error}");
    Ok(())
}

#[test]
fn b005_each_engine_echoes_for_itself() -> Result<()> {
    let ((_one, silent), (_two, loud)) = (database(Options::default()), database(echoing()));
    silent.migrate().unwrap();
    loud.migrate().unwrap();
    let recorder = Recorder::start();
    let work = |session: &mut Session<'_>| -> Result<()> { session.get::<User>(Id::new(1)).map(drop) };
    silent.begin(work)?;
    assert!(recorder.sql().is_empty());
    loud.begin(work)?;
    let sent = recorder.sql();
    assert_eq!((sent.len(), sent[0].as_str(), sent[2].as_str()), (3, "BEGIN IMMEDIATE", "COMMIT"));
    Ok(())
}

#[test]
fn b006_a_password_in_a_url_is_shown_nowhere() {
    assert!(!redact("postgres://folio:s3cret@db.example/folio").contains("s3cret"));
    let error = Database::open("postgres://folio:s3cret@db.example/folio").unwrap_err();
    assert!(!error.to_string().contains("s3cret") && !format!("{error:?}").contains("s3cret"), "{error:?}");
}

#[test]
fn b013_the_factory_s_begin_is_session_and_transaction_in_one() -> Result<()> {
    let (_folder, database) = database(echoing());
    database.migrate().unwrap();
    let recorder = Recorder::start();
    database.begin(|session| -> Result<()> {
        session.add(NewUser::new(1, "step")?);
        Ok(())
    })?;
    assert_eq!(recorder.sql().last().map(String::as_str), Some("COMMIT"));
    let failed = database.begin(|session| -> Result<()> {
        session.add(NewUser::new(2, "std")?);
        session.flush()?;
        session.get_one::<User>(Id::new(99)).map(drop)
    });
    assert!(failed.unwrap_err().is_not_found());
    assert_eq!(recorder.sql().last().map(String::as_str), Some("ROLLBACK"));
    // A session by itself may be told to do otherwise than the factory's others.
    let mut own = database.session()?;
    own.set_freshness(folio::session::Freshness::Never);
    let step = own.query(User::query()).one()?;
    own.commit()?;
    assert_eq!(own.state(step)?, State::Persistent { modified: false });
    Ok(())
}

#[derive(Debug)]
struct Own;

impl From<Error> for Own {
    fn from(_: Error) -> Self {
        Self
    }
}

#[test]
fn b013_retrying_runs_the_whole_unit_again_after_a_conflict_and_after_nothing_else() -> Result<()> {
    let (_folder, database) = database(echoing().busy_timeout(Duration::ZERO));
    database.migrate().unwrap();
    let at_once = Retry::default().attempts(3).pause(Duration::ZERO);
    let mut other = Some(database.session()?);
    other.as_mut().map(|other| other.query(User::query()).all()).transpose()?;
    let recorder = Recorder::start();
    let mut attempts = 0;
    let done = database.retrying(at_once, |session| -> Result<(), Own> {
        attempts += 1;
        session.add(NewUser::new(attempts, "step")?);
        let flushed = session.flush();
        // The other writer goes when it has been in the way once.
        other.take();
        Ok(flushed?)
    });
    done.unwrap();
    assert_eq!(attempts, 2);
    assert_eq!(recorder.sql().last().map(String::as_str), Some("COMMIT"));
    database.read(|session| -> Result<()> {
        let step = session.query(User::query()).one()?;
        assert_eq!(session.row(step)?.user_id, 2, "what the first attempt did is undone");
        Ok(())
    })?;
    attempts = 0;
    let refused = database.retrying(at_once, |session| -> Result<()> {
        attempts += 1;
        session.add(NewUser::new(2, "twice")?);
        Ok(())
    });
    assert!(refused.unwrap_err().is_unique());
    assert_eq!(attempts, 1);
    let mut other = database.session()?;
    other.query(User::query()).all()?;
    let locked = database.retrying(at_once, |session| session.query(User::query()).all().map(drop));
    assert!(locked.unwrap_err().is_conflict());
    Ok(())
}

#[test]
fn b013_a_policy_says_after_which_failures_a_unit_runs_again() -> Result<()> {
    let (_folder, database) = database(echoing().busy_timeout(Duration::ZERO));
    database.migrate().unwrap();
    let mut other = database.session()?;
    other.query(User::query()).all()?;
    let at_once = Retry::default().attempts(3).pause(Duration::ZERO);
    let attempts = |retry: Retry| {
        let mut attempts = 0;
        let locked = database.retrying(retry, |session| {
            attempts += 1;
            session.query(User::query()).all().map(drop)
        });
        assert!(matches!(locked.unwrap_err().root(), Error::Locked { .. }));
        attempts
    };
    assert_eq!(attempts(at_once), 3);
    assert_eq!(attempts(at_once.only_after(Error::is_conflict)), 3);
    assert_eq!(attempts(at_once.only_after(Error::is_stale)), 1);
    Ok(())
}

#[test]
fn b007_a_wait_for_the_write_lock_is_one_begin_in_the_echo() -> Result<()> {
    let (_folder, database) = database(echoing().busy_timeout(Duration::from_millis(20)));
    database.migrate().unwrap();
    let mut other = database.connection()?;
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    let recorder = Recorder::start();
    let locked = database.begin(|session| session.query(User::query()).all().map(drop));
    assert!(locked.unwrap_err().is_locked());
    assert_eq!(recorder.sql(), ["BEGIN IMMEDIATE"]);
    other.batch_execute("ROLLBACK").unwrap();
    Ok(())
}
