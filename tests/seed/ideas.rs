//! The ideas that Folio grew from, one test each: the examples of an SQLAlchemy cheat sheet, in Folio.

use diesel::connection::SimpleConnection;
use folio::connection::{Access, Engine};
use folio::migrations::{MIGRATIONS, SchemaState};
use folio::prelude::*;

use crate::support::{Fixture, address, engine};
use diesel_session_conformance::Recorder;

fn fixture() -> Fixture {
    Recorder::install(crate::support::dialect(engine(module_path!())));
    crate::support::fixture(module_path!())
}

fn add_user(db: &Database, number: i64, username: &str) -> Id<User> {
    db.begin(|session| -> Result<_> {
        let user = session.add(NewUser::new(number, username)?);
        session.flush()?;
        Ok(session.key(user).expect("flushed"))
    })
    .unwrap()
}

fn user_by_number(db: &Database, number: i64) -> Result<Option<User>> {
    db.read(|session| {
        let found = session.query(User::query().filter(users::user_id.eq(number))).first()?;
        Ok(found.map(|user| session.detach(user)).transpose()?)
    })
}

fn count(db: &Database, table: &str) -> i64 {
    let query = diesel::dsl::sql::<diesel::sql_types::BigInt>(&format!("SELECT count(*) FROM {table}"));
    db.read(|session| session.rows::<i64, _>(query)).unwrap()[0]
}

#[test]
fn engine_and_echo() -> Result<()> {
    let db = fixture();
    let recorder = Recorder::start();
    add_user(&db, 1, "step");
    let sent = recorder.take();
    let texts: Vec<String> = sent.iter().map(|sent| sent.sql.replace('`', "")).collect();
    assert_eq!(
        texts,
        [
            "BEGIN IMMEDIATE",
            "INSERT INTO users (user_id, username, email, created_at, updated_at, name, kind, url, company, location) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id, user_id",
            "COMMIT"
        ]
    );
    assert!(sent[1].binds.starts_with(r#"[1, "step", None, "#), "{}", sent[1].binds);
    assert_eq!(sent[1].rows, Some(1));
    assert!(sent.iter().all(|sent| sent.timed && sent.error.is_none()));

    let silent = Database::open(db.url())?;
    add_user(&silent, 2, "std");
    assert!(recorder.take().is_empty());
    Ok(())
}

#[test]
fn sessionmaker_and_begin() -> Result<()> {
    let db = fixture();
    db.begin(|session| Ok::<_, Error>(session.add(NewUser::new(1, "kept")?)))?;
    let failed = db.begin(|session| -> Result<()> {
        session.add(NewUser::new(2, "lost")?);
        session.flush()?;
        Err(Error::NotFound { what: "reason to go on".to_owned() })
    });
    assert!(failed.unwrap_err().is_not_found());
    assert!(user_by_number(&db, 1)?.is_some());
    assert!(user_by_number(&db, 2)?.is_none());

    let mut session = db.session()?;
    session.add(NewUser::new(3, "never committed")?);
    session.flush()?;
    drop(session);
    assert!(user_by_number(&db, 3)?.is_none());
    Ok(())
}

#[test]
fn models_with_unique_nullable_foreign_key_and_enum() -> Result<()> {
    let db = fixture();
    add_user(&db, 1, "step");
    assert_eq!(user_by_number(&db, 1)?.unwrap().email, None);

    let twice = db.begin(|session| Ok::<_, Error>(session.add(NewUser::new(1, "other")?))).unwrap_err();
    assert!(twice.is_unique(), "{twice}");

    let orphan = db.begin(|session| -> Result<()> {
        session.add(NewRepository::new(99_i64, "code", RepositoryStatus::Public)?);
        Ok(())
    });
    assert!(orphan.unwrap_err().is_foreign_key());

    db.begin(|session| -> Result<()> {
        session.add(NewRepository::new(1_i64, "code", RepositoryStatus::Private)?);
        Ok(())
    })?;
    let stored: Vec<String> = db
        .read(|session| session.rows(diesel::dsl::sql::<diesel::sql_types::Text>("SELECT status FROM repositories")))?;
    assert_eq!(stored, ["Private"]);
    let status: Vec<RepositoryStatus> =
        db.read(|session| session.rows(repositories::table.select(repositories::status)))?;
    assert_eq!(status, [RepositoryStatus::Private]);

    let refused = db.connection()?.batch_execute("UPDATE repositories SET status = 'Hidden'");
    assert!(refused.is_err(), "the database takes the labels only");
    Ok(())
}

#[test]
fn create_all_is_the_migrations() -> Result<()> {
    let (url, _folder) = address(engine(module_path!()));
    let db = Database::open_with(&url, Options::default().access(Access::Create))?;
    assert_eq!(db.schema_state()?, SchemaState::Empty);
    let made: Vec<String> = db.migrate()?.iter().map(ToString::to_string).collect();
    assert_eq!(made.len(), MIGRATIONS.list(Engine::Sqlite)?.len());
    assert!(made[0].contains("users") && made[3].contains("notes"), "parents first: {made:?}");
    assert!(db.migrate()?.is_empty(), "a second time there is nothing to make");
    let undone = db.migrate_down(folio::migrations::Target::All, |_| ())?;
    let place = |name: &str| undone.iter().position(|undone| undone.to_string().contains(name));
    assert!(place("create_notes") < place("create_users"), "children first");
    Ok(())
}

#[test]
fn get_by_primary_key() -> Result<()> {
    let db = fixture();
    let id = add_user(&db, 1, "step");
    let recorder = Recorder::start();
    db.read(|session| -> Result<()> {
        let user = session.get::<User>(id)?.expect("it was added");
        assert_eq!(session.get::<User>(id)?, Some(user), "the same row, without SQL");
        assert_eq!(session.view(user)?.username, "step");
        assert_eq!(session.get::<User>(Id::new(404))?, None);
        Ok(())
    })?;
    let selects = recorder.sql().into_iter().filter(|sql| sql.starts_with("SELECT")).count();
    assert_eq!(selects, 2);
    Ok(())
}

#[test]
fn filter_first_index_and_all() -> Result<()> {
    let db = fixture();
    for number in 1..=5 {
        add_user(&db, number, &format!("step{number}"));
    }
    add_user(&db, 6, "other");
    db.read(|session| -> Result<()> {
        let named = User::query().filter(users::username.like("step%")).order(users::id);
        let name =
            |session: &mut Session<'_>, user: Handle<User>| session.view(user).map(|user| user.username.to_string());
        let recorder = Recorder::start();
        let first = session.query(named).first()?.expect("there are five");
        assert!(recorder.sql().last().unwrap().ends_with("LIMIT ?"));
        assert_eq!(name(session, first)?, "step1");
        let fourth = session.query(named).nth(3)?.expect("there are five");
        assert_eq!(name(session, fourth)?, "step4");
        assert_eq!(session.query(named).nth(5)?, None);
        assert_eq!(session.query(named).range(1..3)?.len(), 2);
        assert_eq!(session.query(named).all()?.len(), 5);
        assert_eq!(session.query(named).count()?, 5);
        assert!(session.query(named.filter(users::user_id.eq(404))).all()?.is_empty());
        assert!(session.query(User::query().filter(users::username.eq("other"))).one().is_ok());
        Ok(())
    })
}

#[test]
fn reusable_column_types() -> Result<()> {
    assert!(Text256::try_from("я".repeat(256)).is_ok());
    let long = Text256::try_from("я".repeat(257)).unwrap_err();
    assert!(long.to_string().contains("257 characters, more than the limit of 256"), "{long}");

    let db = fixture();
    let before = Timestamp::now();
    let id = add_user(&db, 1, "step");
    let user: User = db.read(|session| {
        let user = session.get_one::<User>(id)?;
        session.detach(user)
    })?;
    assert!(before <= user.created_at && user.created_at <= Timestamp::now());
    let check = db.connection()?.batch_execute(&format!("UPDATE users SET username = '{}'", "x".repeat(257)));
    assert!(check.is_err(), "the database guards the length too");
    Ok(())
}

#[test]
fn add_get_detached_rename_and_remove() -> Result<()> {
    let db = fixture();
    let id = add_user(&db, 1, "step");

    let detached = user_by_number(&db, 1)?.expect("it was added");
    assert_eq!(detached.username, "step", "readable after its session ended");

    let recorder = Recorder::start();
    db.begin(|session| -> Result<()> {
        if let Some(user) = session.get::<User>(id)? {
            session.edit(user)?.username = "std".try_into()?;
        }
        Ok(())
    })?;
    let update = recorder.sql().into_iter().find(|sql| sql.starts_with("UPDATE"));
    assert_eq!(update.as_deref(), Some("UPDATE users SET username = ?, updated_at = ? WHERE id = ?"));
    assert_eq!(user_by_number(&db, 1)?.unwrap().username, "std");

    let detached = user_by_number(&db, 1)?.expect("it is there");
    recorder.take();
    db.begin(|session| session.delete(&detached))?;
    assert_eq!(recorder.sql(), ["BEGIN IMMEDIATE", "DELETE FROM users WHERE id = ?", "COMMIT"]);
    assert_eq!(user_by_number(&db, 1)?, None);
    Ok(())
}

#[test]
fn flush_then_reference_the_new_key() -> Result<()> {
    let db = fixture();
    db.begin(|session| -> Result<()> {
        let user = session.add(NewUser::new(1, "step")?);
        assert_eq!(session.key(user).ok(), None, "add sends nothing");
        session.flush()?;
        let id = session.key(user).expect("a flush makes the key");
        session.add(NewResume::new(id, "Junior developer")?);
        Ok(())
    })?;
    let recorder = Recorder::start();
    db.begin(|session| -> Result<()> {
        let user = session.add(NewUser::new(2, "std")?);
        session.add(NewResume::new(user, "Senior developer")?);
        Ok(())
    })?;
    let inserts: Vec<String> = recorder.sql().into_iter().filter(|sql| sql.starts_with("INSERT")).collect();
    assert!(
        inserts[0].starts_with("INSERT INTO users") && inserts[1].starts_with("INSERT INTO resumes"),
        "{inserts:?}"
    );
    let pairs: Vec<(Text256, Text256)> = db.read(|session| {
        session
            .rows(users::table.inner_join(resumes::table).select((users::username, resumes::vacancy)).order(users::id))
    })?;
    assert_eq!(pairs.len(), 2);
    assert_eq!((pairs[1].0.as_str(), pairs[1].1.as_str()), ("std", "Senior developer"));
    Ok(())
}

#[test]
fn update_where_values() -> Result<()> {
    let db = fixture();
    let id = add_user(&db, 1, "step");
    let recorder = Recorder::start();
    db.begin(|session| -> Result<()> {
        let user = session.get_one::<User>(id)?;
        let matched =
            session.execute(diesel::update(users::table.filter(users::id.eq(id))).set(users::username.eq("std")))?;
        assert_eq!(matched, 1);
        assert_eq!(session.view(user)?.username, "std", "the session's row follows the statement");
        Ok(())
    })?;
    let sent = recorder.sql();
    assert!(sent.contains(&"UPDATE users SET username = ? WHERE (users.id = ?)".to_owned()), "{sent:?}");
    Ok(())
}

#[test]
fn expire_one_and_expire_all() -> Result<()> {
    let db = fixture();
    let ids = [add_user(&db, 1, "one"), add_user(&db, 2, "two")];
    db.begin(|session| -> Result<()> {
        let one = session.get_one::<User>(ids[0])?;
        let two = session.get_one::<User>(ids[1])?;
        session.edit(one)?.username = "dropped".try_into()?;
        let recorder = Recorder::start();
        session.expire(one)?;
        assert_eq!(session.state(one)?, State::Expired);
        assert_eq!(session.state(two)?, State::Persistent { modified: false });
        assert!(recorder.take().is_empty(), "expiring sends nothing");
        assert_eq!(session.view(one)?.username, "one", "the change was dropped");
        assert_eq!(recorder.sql().len(), 1);
        session.expire_all();
        assert_eq!(session.state(two)?, State::Expired);
        session.load(&[one, two])?;
        assert_eq!(recorder.sql().len(), 1, "one SELECT for both");
        Ok(())
    })
}

#[test]
fn refresh_after_someone_else_changed_the_row() -> Result<()> {
    let db = fixture();
    let id = add_user(&db, 1, "step");
    let mut session = db.session()?;
    let user = session.get_one::<User>(id)?;
    session.commit()?;
    db.begin(|other| -> Result<()> {
        let user = other.get_one::<User>(id)?;
        other.edit(user)?.username = "changed elsewhere".try_into()?;
        Ok(())
    })?;
    assert_eq!(session.row(user)?.username, "step", "what was read last stays readable");
    assert_eq!(session.state(user)?, State::Stale);
    session.refresh(user)?;
    assert_eq!(session.row(user)?.username, "changed elsewhere");
    Ok(())
}

#[test]
fn on_delete_cascade_and_set_null() -> Result<()> {
    let db = fixture();
    let (owner, author) = (add_user(&db, 1, "owner"), add_user(&db, 2, "author"));
    let (repository, note) = db.begin(|session| -> Result<_> {
        let repository = session.add(NewRepository::new(1_i64, "code", RepositoryStatus::Public)?);
        let about = folio::session::Ref::from(repository);
        let note = session.add(NewNote { repository_id: about, ..NewNote::new("about the code", author)? });
        session.add(NewNote::new("of the owner", owner)?);
        session.flush()?;
        Ok((session.detach(repository)?, session.key(note).expect("flushed")))
    })?;
    db.begin(|session| -> Result<()> {
        let note = session.get_one::<Note>(note)?;
        session.delete(&repository)?;
        session.flush()?;
        assert_eq!(session.view(note)?.repository_id, None, "SET NULL, seen at once");
        Ok(())
    })?;
    assert_eq!(count(&db, "notes"), 2);
    let recorder = Recorder::start();
    db.begin(|session| {
        let owner = session.get_one::<User>(owner)?;
        session.delete(owner)
    })?;
    let deletes: Vec<String> = recorder.sql().into_iter().filter(|sql| sql.starts_with("DELETE")).collect();
    assert_eq!(deletes, ["DELETE FROM users WHERE id = ?"], "the database removes the notes");
    assert_eq!(count(&db, "notes"), 1, "CASCADE");
    Ok(())
}
