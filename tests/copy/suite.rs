//! Tests of copies; the including module is named after the two engines: `sqlite_to_postgres`.

mod exporting;

use diesel::connection::SimpleConnection as _;
use diesel_session::Error as SessionError;
use folio::connection::Engine;
use folio::exchange::gather;
use folio::prelude::*;
use folio::services::copy::{self, Doing};
use folio::services::import::{self, Rules};
use folio::services::tables::{self, Counts, Row, Visit};
use folio::services::users::{self, UserSelector};

use crate::support::{Fixture, dialect, engine, fixture};

/// The names of the source's engine and of the target's.
fn engines() -> (&'static str, &'static str) {
    module_path!().rsplit("::").next().unwrap().split_once("_to_").unwrap()
}

fn target_engine() -> Engine {
    dialect(engine(engines().1))
}

fn source() -> Fixture {
    fixture(engines().0)
}

fn target() -> Fixture {
    fixture(engines().1)
}

fn copy_all(from: &Database, to: &Database) -> Result<Counts> {
    from.read(|source| copy::everything(source, &mut to.session()?, |_| Ok(())))
}

/// The earliest and the latest time that both engines accept: MySQL limits parameters of type timestamp to these.
fn first_and_last() -> (Timestamp, Timestamp) {
    if [engines().0, engines().1].iter().any(|name| dialect(engine(name)) == Engine::Mysql) {
        (moment("1970-01-01T00:00:01.000001Z"), moment("2038-01-19T03:14:07.999999Z"))
    } else {
        (moment("0001-01-01T00:00:00Z"), moment("9999-12-31T23:59:59.999999Z"))
    }
}

/// Every row of every table, as read by the program.
#[derive(Debug, PartialEq, Default)]
struct Dump(Vec<(&'static str, Vec<String>)>);

impl Dump {
    fn of(db: &Database) -> Self {
        struct Reading<'a, 's>(&'a mut Session<'s>, Dump);

        impl Visit for Reading<'_, '_> {
            type Error = Error;

            fn visit<R: Row>(&mut self) -> Result<()> {
                let (mut rows, mut pages) = (Vec::new(), self.0.every::<R>(1_000));
                while let Some(page) = pages.next_rows(self.0)? {
                    rows.extend(page.iter().map(|row| format!("{row:?}")));
                }
                self.1.0.push((R::table().name, rows));
                Ok(())
            }
        }

        db.read(|session| -> Result<_> {
            let mut reading = Reading(session, Self::default());
            tables::each(&mut reading)?;
            Ok(reading.1)
        })
        .unwrap()
    }

    fn rows(&self) -> usize {
        self.0.iter().map(|(_, rows)| rows.len()).sum()
    }
}

fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn user(id: i64, user_id: i64, username: &str) -> User {
    User {
        id: Id::new(id),
        user_id,
        username: username.try_into().unwrap(),
        email: None,
        created_at: moment("1999-12-31T23:59:59.999999Z"),
        updated_at: moment("2026-01-02T03:04:05.000001Z"),
        name: Some("Grace  Hopper ".try_into().unwrap()),
        kind: Some(AccountKind::Organization),
        url: None,
        company: Some("Ω & co".try_into().unwrap()),
        location: None,
    }
}

fn note(id: i64, user_id: i64, name: &str, body: String) -> Note {
    let (created_at, updated_at) = first_and_last();
    Note {
        id: Id::new(id),
        name: name.try_into().unwrap(),
        body: body.try_into().unwrap(),
        user_id: Id::new(user_id),
        repository_id: None,
        source: None,
        created_at,
        updated_at,
        version: 1,
    }
}

/// Real records, and difficult ones.
fn fill(db: &Database) -> Result<()> {
    for (path, owner) in
        [("samples/github", None), ("samples/jsonresume", Some(583_231)), ("samples/notes", Some(583_231))]
    {
        for input in gather([path], None)?.inputs {
            let owner = match owner {
                Some(number) => {
                    Some(UserSelector::Id(db.read(|session| users::get(session, &UserSelector::Number(number)))?.id))
                }
                None => None,
            };
            let rules = Rules::new(owner, input.source()?);
            db.begin(|session| import::apply(session, input.open()?, &rules, |_| {}))?;
        }
    }
    db.begin(|session| {
        session.insert_whole(&[
            User {
                email: Some("\"quoted 'n' %\"@example.org".try_into()?), ..user(900, -5, " Ωμέγα 漢字 🦀 ")
            },
            user(0, -6, "nought"),
            user(-3, -7, "below"),
            user(1_001, i64::MIN, "trailing  "),
            user(1_002, i64::MAX, "trailing"),
            user(1_003, 0, r"back\slash \0 \n '; -- `"),
        ])?;
        let repository = Repository {
            id: Id::new(77_000),
            user_id: i64::MIN,
            repo_id: None,
            repo_name: "Name".try_into()?,
            status: RepositoryStatus::Private,
            created_at: moment("2026-03-29T02:30:00.500000Z"),
            updated_at: moment("2026-03-29T02:30:00.500001Z"),
            visibility: Some(RepositoryVisibility::Internal),
            description: Some("".try_into()?),
            language: None,
            topics: Some(Topics::default()),
            stars: Some(i64::MAX),
            forks: Some(0),
            archived: Some(true),
            fork: Some(false),
            url: Some("https://example.org/a b?c=%20".try_into()?),
            pushed_at: Some(moment("1970-01-02T00:00:00.000001Z")),
            repo_created_at: None,
        };
        session.insert_whole(&[
            Repository { id: Id::new(5_000), repo_name: "name".try_into()?, ..repository.clone() },
            Repository { status: RepositoryStatus::Public, repo_id: Some(i64::MAX), ..repository },
        ])?;
        let resume = Resume {
            id: Id::new(3_000_000_000),
            user_id: Id::new(1_001),
            vacancy: "none\tat\r\nall".try_into()?,
            body: "".try_into()?,
            source: None,
            created_at: moment("2000-02-29T00:00:00Z"),
            updated_at: moment("2000-02-29T00:00:00.000010Z"),
            version: 7,
        };
        session.insert_whole(&[resume])?;
        session.insert_whole(&[
            Note { version: i64::MAX, repository_id: Some(Id::new(77_000)), ..note(400, 900, "empty", String::new()) },
            Note { source: Some("a \\ b".try_into()?), ..note(401, 900, " ", "\u{feff}\\N\r\n\t ".to_owned()) },
        ])?;
        let created_at = moment("2000-02-29T00:00:00.000010Z");
        let tag =
            |tag: &str| -> Result<NoteTag> { Ok(NoteTag { note_id: Id::new(401), tag: tag.parse()?, created_at }) };
        session.insert_whole::<NoteTag>(&[tag("a b")?, tag("A b")?, tag("Ω'\\")?])?;
        session.record_history(true);
        session.insert_whole(&[NoteRepository { note_id: Id::new(401), repository_id: Id::new(5_000), created_at }])?;
        Ok(())
    })
}

#[test]
fn everything_arrives_as_it_was_stored_and_new_keys_go_on_behind_it() -> Result<()> {
    let (from, to) = (source(), target());
    fill(&from)?;
    // More small ones than a page, and a page with more bytes than a server accepts at once.
    let small = (1_000..1_250).map(|id| note(id, 1_001, "small", format!("{id}")));
    let large = (2_000..2_020).map(|id| note(id, 1_002, "large", format!("{id} é\\").repeat(100_000)));
    from.begin(|session| session.insert_whole(&small.chain(large).collect::<Vec<_>>()))?;
    let stored = Dump::of(&from);

    let copied = copy_all(&from, &to)?;
    let there = Dump::of(&to);
    for (found, sent) in there.0.iter().zip(&stored.0) {
        // The fixture must have rows in every table. Not `assert_eq`, which would print all of them.
        assert!(!sent.1.is_empty() && found == sent, "{}", sent.0);
    }
    assert_eq!(copied.total(), stored.rows() as u64);
    let counted: Vec<_> = copied.iter().map(|count| (count.table, usize::try_from(count.rows).unwrap())).collect();
    assert_eq!(counted, stored.0.iter().map(|(table, rows)| (*table, rows.len())).collect::<Vec<_>>());
    assert!(copied.of::<Repository>() >= 31 && copied.of::<Note>() >= 280, "{copied:?}");
    assert!(Dump::of(&from) == stored);

    to.begin(|session| {
        let user = session.add(NewUser::new(-99, "new")?);
        let repository = session.add(NewRepository::new(-99, "new", RepositoryStatus::Public)?);
        let resume = session.add(NewResume::new(user, "new")?);
        let note = session.add(NewNote::new("new", user)?);
        session.flush()?;
        assert!(session.key(user).unwrap().get() > 1_003);
        assert!(session.key(repository).unwrap().get() > 77_000);
        assert!(session.key(resume).unwrap().get() > 3_000_000_000);
        assert!(session.key(note).unwrap().get() > 2_019);
        Ok(())
    })
}

#[test]
fn a_key_whose_row_was_removed_is_not_given_again() -> Result<()> {
    let (from, to) = (source(), target());
    let removed = from.begin(|session| -> Result<_> {
        let user = session.add(NewUser::new(1, "stays")?);
        let notes: Vec<_> = ["one", "two", "three"]
            .into_iter()
            .map(|name| Ok(session.add(NewNote::new(name, user)?)))
            .collect::<Result<_>>()?;
        session.flush()?;
        let last = session.key(notes[2]).unwrap();
        // One table is left with fewer rows, and another with none.
        let resume = session.add(NewResume::new(user, "goes")?);
        session.flush()?;
        let resume_id = session.key(resume).unwrap();
        session.delete(notes[2])?;
        session.delete(resume)?;
        Ok((last, resume_id))
    })?;
    copy_all(&from, &to)?;
    to.begin(|session| {
        let user = session.query(User::query()).one()?;
        let (note, resume) = (session.add(NewNote::new("new", user)?), session.add(NewResume::new(user, "new")?));
        session.flush()?;
        assert!(session.key(note).unwrap() > removed.0);
        assert!(session.key(resume).unwrap() > removed.1);
        Ok(())
    })
}

#[test]
fn the_target_s_own_keys_do_not_go_back() -> Result<()> {
    let (from, to) = (source(), target());
    from.begin(|session| Ok::<_, Error>(session.add(NewUser::new(1, "stays")?)))?;
    let given = to.begin(|session| -> Result<_> {
        let users: Vec<_> =
            (0..9).map(|number| Ok(session.add(NewUser::new(number, "goes")?))).collect::<Result<_>>()?;
        session.flush()?;
        let last = session.key(users[8]).unwrap();
        users.into_iter().try_for_each(|user| session.delete(user))?;
        Ok(last)
    })?;
    copy_all(&from, &to)?;
    to.begin(|session| {
        let user = session.add(NewUser::new(2, "new")?);
        session.flush()?;
        assert!(session.key(user).unwrap() > given);
        Ok(())
    })
}

#[test]
fn a_target_with_records_is_refused_by_their_number_and_left_alone() -> Result<()> {
    let (from, to) = (source(), target());
    fill(&from)?;
    to.begin(|session| {
        let user = session.add(NewUser::new(1, "was here")?);
        session.add(NewNote::new("one", user)?);
        session.add(NewNote::new("two", user)?);
        Ok::<_, Error>(())
    })?;
    let before = Dump::of(&to);
    let refused = copy_all(&from, &to).unwrap_err();
    assert!(matches!(refused, Error::NotEmpty { .. }), "{refused}");
    assert!(refused.to_string().contains("holds 1 user, 2 notes already"), "{refused}");
    assert_eq!(Dump::of(&to), before);
    Ok(())
}

#[test]
fn a_row_that_the_target_refuses_leaves_it_empty() -> Result<()> {
    let (from, to) = (source(), target());
    fill(&from)?;
    from.begin(|session| {
        session.insert_whole(&[note(500, 900, "twice", "1".into()), note(501, 900, "twice", "2".into())])
    })?;
    to.connection()?.batch_execute("CREATE UNIQUE INDEX notes_name_key ON notes (name)")?;
    let refused = copy_all(&from, &to).unwrap_err();
    assert!(refused.is_unique() && refused.to_string().starts_with("notes: "), "{refused}");
    assert_eq!(Dump::of(&to).rows(), 0);
    to.connection()?.batch_execute(match target_engine() {
        Engine::Mysql => "DROP INDEX notes_name_key ON notes",
        _ => "DROP INDEX notes_name_key",
    })?;
    copy_all(&from, &to)?;
    assert!(Dump::of(&to) == Dump::of(&from));
    Ok(())
}

#[test]
fn a_copy_that_came_out_different_is_not_committed() -> Result<()> {
    let (from, to) = (source(), target());
    fill(&from)?;
    let change = "UPDATE users SET username = 'changed' WHERE id = new.user_id";
    let spoil = match target_engine() {
        Engine::Sqlite => format!("CREATE TRIGGER spoil AFTER INSERT ON notes BEGIN {change}; END"),
        Engine::Mysql => format!("CREATE TRIGGER spoil AFTER INSERT ON notes FOR EACH ROW {change}"),
        _ => format!(
            "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {change}; RETURN new; END $$; \
             CREATE TRIGGER spoil AFTER INSERT ON notes FOR EACH ROW EXECUTE FUNCTION spoil()"
        ),
    };
    to.connection()?.batch_execute(&spoil)?;
    let refused = copy_all(&from, &to).unwrap_err();
    assert!(matches!(refused, Error::CopyDiffers { table: "users", .. }), "{refused}");
    assert!(refused.to_string().contains("checksum"), "{refused}");

    let (all, one) = (Dump::of(&to), "DELETE FROM notes WHERE id = 400");
    assert_eq!(all.rows(), 0);
    // A missing row is reported as such: the last insert deletes it.
    let spoil = match target_engine() {
        Engine::Sqlite => {
            format!("DROP TRIGGER spoil; CREATE TRIGGER spoil AFTER INSERT ON notes WHEN new.id = 401 BEGIN {one}; END")
        }
        Engine::Postgres => format!(
            "CREATE OR REPLACE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ \
             BEGIN IF new.id = 401 THEN {one}; END IF; RETURN new; END $$"
        ),
        // On these engines, a trigger cannot change its own table.
        _ => return Ok(()),
    };
    to.connection()?.batch_execute(&spoil)?;
    let refused = copy_all(&from, &to).unwrap_err();
    assert!(matches!(refused, Error::CopyDiffers { table: "notes", .. }), "{refused}");
    assert!(refused.to_string().contains(" rows instead of "), "{refused}");
    assert_eq!(Dump::of(&to).rows(), 0);
    Ok(())
}

#[test]
fn a_copy_that_is_stopped_leaves_nothing_and_can_be_started_again() -> Result<()> {
    let (from, to) = (source(), target());
    fill(&from)?;
    for stop_while in [Doing::Copying, Doing::Comparing] {
        let stopped = from.read(|source| {
            copy::everything(source, &mut to.session()?, |step| {
                let far = step.doing == stop_while && step.table == "notes" && step.done > 0;
                if far { Err(SessionError::ReadOnlySession.into()) } else { Ok(()) }
            })
        });
        assert!(matches!(stopped, Err(Error::Session(SessionError::ReadOnlySession))), "{stopped:?}");
        assert_eq!(Dump::of(&to).rows(), 0);
    }
    copy_all(&from, &to)?;
    assert!(Dump::of(&to) == Dump::of(&from));
    Ok(())
}

#[test]
fn a_copy_is_no_part_of_another_transaction() -> Result<()> {
    let (from, to) = (source(), target());
    let refused = from.read(|source| to.begin(|target| copy::everything(source, target, |_| Ok::<_, Error>(()))));
    assert!(matches!(refused, Err(Error::Session(SessionError::AlreadyInTransaction))), "{refused:?}");
    Ok(())
}

#[test]
fn what_is_written_to_the_source_meanwhile_is_not_copied() -> Result<()> {
    let (from, to) = (source(), target());
    fill(&from)?;
    let before = Dump::of(&from);
    let mut wrote = false;
    let copied = from.read(|source| {
        copy::everything(source, &mut to.session()?, |step| {
            assert_eq!(step.total, before.rows() as u64);
            if !std::mem::replace(&mut wrote, true) {
                from.begin(|session| session.insert_whole(&[note(600, 900, "late", String::new())]))?;
            }
            Ok::<_, Error>(())
        })
    })?;
    assert_eq!(copied.total(), before.rows() as u64);
    assert!(Dump::of(&to) == before);
    assert_eq!(Dump::of(&from).rows(), before.rows() + 1);
    Ok(())
}

#[cfg(feature = "cli")]
mod program {
    use std::process::{Command, Output};

    use super::*;
    use crate::support::address;

    fn folio(arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_folio")).args(arguments).output().unwrap()
    }

    fn text(bytes: &[u8]) -> String {
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[test]
    fn copies_into_a_database_that_it_makes_and_says_how_much() {
        let from = source();
        fill(&from).unwrap();
        let (url, _folder) = address(engine(engines().1));
        let ran = folio(&["db", "copy", from.url(), &url]);
        let (out, said) = (text(&ran.stdout), text(&ran.stderr));
        assert!(ran.status.success(), "{said}");
        let stored = Dump::of(&from);
        let rows = stored.0.iter().map(|(_, rows)| rows.len());
        let kinds = ["users", "repositories", "résumés", "notes"].into_iter().zip(rows);
        assert_eq!(out.lines().count(), stored.0.len() + 1, "{out}");
        for (kind, rows) in kinds.chain([("in all", stored.rows())]) {
            assert!(out.contains(&format!("{kind:<13} {rows} copied\n")), "{out}");
        }
        let told: Vec<_> = said.lines().filter(|line| !line.starts_with("folio: warning: ")).collect();
        assert!(told.len() == 1 && told[0].starts_with("created "), "{said}");
        assert!(!said.contains(":pw@"), "{said}");
        let to = Database::open(&url).unwrap();
        assert!(Dump::of(&to) == stored);

        let again = folio(&["db", "copy", from.url(), &url]);
        assert_eq!(again.status.code(), Some(1));
        let said = text(&again.stderr);
        assert!(said.contains(&format!(" holds {} users, ", stored.0[0].1.len())), "{said}");
        assert!(again.stdout.is_empty() && !said.contains(":pw@"), "{said}");
        let spelt_otherwise =
            url.replace("postgres://app@127.0.0.1", "postgresql://app@localhost").replace("mysql://", "mariadb://");
        let onto_itself = folio(&["db", "copy", &url, &spelt_otherwise]);
        let said = text(&onto_itself.stderr);
        assert_eq!(onto_itself.status.code(), Some(1));
        assert!(said.contains("is the database to copy and the one to copy into"), "{said}");
    }
}
