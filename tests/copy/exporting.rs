//! Exports that are imported again, on the same engine and on another.

use std::collections::BTreeSet;

use folio::exchange::{self, ExportHeader};
use folio::models::{NoteRepository, NoteTag};
use folio::prelude::*;
use folio::services::export::{self, Exported, Sink};
use folio::services::import::{self, Rules, Summary};
use folio::services::notes;
use folio::services::tables::RecordRow;
use folio::services::users::{self, Account, UserSelector};
use folio::types::Text;
use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::test_runner::Config;
use serde::Serialize;
use serde_json::Value;

use super::{engines, source, target};

struct Lines(String);

impl Lines {
    fn line(&mut self, value: &impl Serialize) {
        self.0 += &serde_json::to_string(value).unwrap();
        self.0.push('\n');
    }
}

impl Sink for Lines {
    type Error = Error;

    fn begin(&mut self, header: &ExportHeader) -> Result<()> {
        self.line(header);
        Ok(())
    }

    fn record<R: RecordRow>(&mut self, record: &Exported<'_, R>) -> Result<()> {
        self.line(record);
        Ok(())
    }
}

fn export(db: &Database, kinds: &[&str]) -> String {
    let mut lines = Lines(String::new());
    db.read(|session| export::records(session, kinds, &mut lines)).unwrap();
    lines.0
}

fn import(db: &Database, text: &str, keep_ids: bool) -> Result<Summary> {
    let read = || exchange::read(std::io::Cursor::new(text.to_owned()), "export", None);
    if keep_ids {
        import::advance_sequences(&mut db.session()?, read()?.header().unwrap())?;
    }
    db.begin(|session| import::apply(session, read()?, &Rules::default().keeping_ids(keep_ids), |_| {}))
}

/// The content of a database.
#[derive(Debug, Clone)]
struct Content {
    users: Vec<User>,
    repositories: Vec<Repository>,
    resumes: Vec<Resume>,
    notes: Vec<Note>,
    tags: Vec<NoteTag>,
    links: Vec<NoteRepository>,
}

impl Content {
    fn insert(&self, db: &Database) {
        db.begin(|session| -> Result<()> {
            session.insert_whole(&self.users)?;
            session.insert_whole(&self.repositories)?;
            session.insert_whole(&self.resumes)?;
            session.insert_whole(&self.notes)?;
            session.insert_whole(&self.tags)?;
            Ok(session.insert_whole(&self.links)?)
        })
        .unwrap();
    }
}

fn text(longest: usize) -> impl Strategy<Value = String> {
    vec(any::<char>().prop_filter("databases store no NUL", |char| *char != '\0'), 0..longest)
        .prop_map(String::from_iter)
}

fn time() -> impl Strategy<Value = Timestamp> {
    // MySQL's range.
    (86_400_000_000..2_000_000_000_000_000_i64)
        .prop_map(|micros| chrono::DateTime::from_timestamp_micros(micros).unwrap().try_into().unwrap())
}

fn ids() -> impl Strategy<Value = Vec<i64>> {
    let ids = btree_set(prop_oneof![-3..12_i64, 1..1_000_000_000_000_i64], 1..6);
    ids.prop_map(|ids: BTreeSet<i64>| ids.into_iter().collect())
}

fn name(text: &str, index: usize) -> Text256 {
    format!("{text}{index}").try_into().unwrap()
}

fn long(text: &str) -> LongText {
    text.try_into().unwrap()
}

fn url(text: &Option<String>) -> Option<Text<2048>> {
    text.as_ref().map(|text| format!("https://example.org/{text}").try_into().unwrap())
}

type Seed = (String, Option<String>, Timestamp, Timestamp, i64, bool, usize);

fn seed() -> impl Strategy<Value = Seed> {
    (text(12), option::of(text(30)), time(), time(), any::<i64>(), any::<bool>(), any::<usize>())
}

fn user(id: i64, index: usize, seed: &Seed) -> User {
    let (text, other, created_at, updated_at, _, negative, _) = seed;
    let number = i64::try_from(index).unwrap() * 7 + 1;
    User {
        id: Id::new(id),
        user_id: if *negative { -number } else { number },
        username: name(text, index),
        email: other.as_ref().map(|_| format!("{index}@example.org").try_into().unwrap()),
        created_at: *created_at,
        updated_at: *updated_at,
        name: other.as_ref().map(|other| name(other, index)),
        kind: other.as_ref().map(|_| AccountKind::ALL[index % 3]),
        url: url(other),
        company: None,
        location: other.as_ref().map(|_| name(text, 0)),
    }
}

fn repository(id: i64, index: usize, seed: &Seed, users: &[User]) -> Repository {
    let (text, other, created_at, updated_at, number, private, pick) = seed;
    let status = if *private { RepositoryStatus::Private } else { RepositoryStatus::Public };
    Repository {
        id: Id::new(id),
        user_id: users[pick % users.len()].user_id,
        repo_id: other.as_ref().map(|_| i64::try_from(index).unwrap() + 100),
        repo_name: name(text, index),
        status,
        created_at: *created_at,
        updated_at: *updated_at,
        visibility: private.then_some(RepositoryVisibility::ALL[1 + index % 2]),
        description: other.as_deref().map(long),
        language: other.as_ref().map(|other| name(other, index)),
        topics: other.as_ref().map(|_| Topics::new(["rust", "cli"]).unwrap()),
        stars: private.then_some(number & i64::MAX),
        forks: Some(number & i64::MAX),
        archived: other.as_ref().map(|_| *private),
        fork: Some(*private),
        url: url(other),
        pushed_at: private.then_some(*created_at),
        repo_created_at: other.as_ref().map(|_| *updated_at),
    }
}

fn resume(id: i64, index: usize, seed: &Seed, users: &[User]) -> Resume {
    let (text, other, created_at, updated_at, version, _, pick) = seed;
    Resume {
        id: Id::new(id),
        user_id: users[pick % users.len()].id,
        vacancy: name(text, index),
        body: long(other.as_deref().unwrap_or_default()),
        source: other.as_ref().map(|other| name(other, index)),
        created_at: *created_at,
        updated_at: *updated_at,
        version: version & i64::MAX,
    }
}

fn note(id: i64, index: usize, seed: &Seed, users: &[User], repositories: &[Repository]) -> Note {
    let (text, other, created_at, updated_at, version, is_about, pick) = seed;
    Note {
        id: Id::new(id),
        name: name(text, index),
        body: long(&format!("{text}\r\n{}", other.as_deref().unwrap_or_default())),
        user_id: users[pick % users.len()].id,
        repository_id: is_about.then(|| repositories[pick % repositories.len()].id),
        source: other.as_ref().map(|other| name(other, index)),
        created_at: *created_at,
        updated_at: *updated_at,
        version: version & i64::MAX,
    }
}

/// Each note has none, one or two tags.
fn tags(notes: &[Note], seeds: &[Seed]) -> Vec<NoteTag> {
    let tags = notes.iter().enumerate().flat_map(|(index, note)| {
        let (text, other, created_at, ..) = &seeds[index % seeds.len()];
        let texts = [Some(format!("{index}{text}")), other.as_ref().map(|_| "rust".to_owned())];
        let tags = texts.into_iter().flatten().filter_map(|text| text.parse().ok());
        tags.map(|tag| NoteTag { note_id: note.id, tag, created_at: *created_at })
    });
    tags.collect()
}

/// Each note has none, one or two links with repositories. One may be with the repository that it has anyway.
fn links(notes: &[Note], seeds: &[Seed], repositories: &[Repository]) -> Vec<NoteRepository> {
    let links = notes.iter().enumerate().flat_map(|(index, note)| {
        let (_, _, created_at, _, _, _, pick) = &seeds[index % seeds.len()];
        let linked = repositories.iter().cycle().skip(pick % repositories.len());
        let linked = linked.take((index % 3).min(repositories.len()));
        linked.map(|linked| NoteRepository { note_id: note.id, repository_id: linked.id, created_at: *created_at })
    });
    links.collect()
}

/// Rows made from seeds, one for each id.
fn rows<R>(ids: &[i64], seeds: &[Seed], row: impl Fn(i64, usize, &Seed) -> R) -> Vec<R> {
    ids.iter().enumerate().map(|(index, id)| row(*id, index, &seeds[index % seeds.len()])).collect()
}

fn content() -> impl Strategy<Value = Content> {
    ([ids(), ids(), ids(), ids()], vec(seed(), 6)).prop_map(
        |([of_users, of_repositories, of_resumes, of_notes], seeds)| {
            let users = rows(&of_users, &seeds, user);
            let repositories = rows(&of_repositories, &seeds, |id, index, seed| repository(id, index, seed, &users));
            let resumes = rows(&of_resumes, &seeds, |id, index, seed| resume(id, index, seed, &users));
            let notes = rows(&of_notes, &seeds, |id, index, seed| note(id, index, seed, &users, &repositories));
            let (tags, links) = (tags(&notes, &seeds), links(&notes, &seeds, &repositories));
            Content { users, repositories, resumes, notes, tags, links }
        },
    )
}

/// Each case makes databases, which takes a server a second.
fn config() -> Config {
    let cases = if engines() == ("sqlite", "sqlite") { 24 } else { 1 };
    Config { failure_persistence: None, ..Config::with_cases(cases) }
}

#[test]
fn an_export_that_keeps_its_ids_makes_a_database_with_the_same_export() {
    proptest!(config(), |(content in content())| {
        let (from, to) = (source(), target());
        content.insert(&from);
        let exported = export(&from, &[]);
        let summary = import(&to, &exported, true).unwrap();
        prop_assert_eq!(summary.total().new, exported.lines().count() as u64 - 1);
        prop_assert_eq!(&export(&to, &[]), &exported);

        // Importing again changes nothing, and new records go on behind the ids that were used.
        let again = import(&to, &exported, true).unwrap().total();
        prop_assert_eq!((again.new, again.changed), (0, 0));
        let added = to.begin(|session| users::add(session, Account::new("new").unwrap())).unwrap();
        prop_assert!(content.users.iter().all(|user| user.id < added.id));
    });
}

/// The records of an export without what belongs to one database.
fn without_ids(exported: &str) -> BTreeSet<String> {
    let line = |line: &str| {
        let Value::Object(mut record) = serde_json::from_str(line).unwrap() else { panic!("{line}") };
        for field in ["id", "created_at", "updated_at", "version", "repository_id", "repository_ids"] {
            record.remove(field);
        }
        if record["record"] != "repo" && record["record"] != "user" {
            record.remove("user_id");
        }
        serde_json::to_string(&record).unwrap()
    };
    exported.lines().skip(1).map(line).collect()
}

#[test]
fn an_export_that_gets_new_ids_makes_the_same_records_and_is_recognised() {
    if engines().0 != engines().1 {
        return;
    }
    proptest!(config(), |(content in content())| {
        let (from, to) = (source(), target());
        content.insert(&from);
        let exported = export(&from, &[]);
        let first = import(&to, &exported, false).unwrap();
        prop_assert_eq!(first.total().new, exported.lines().count() as u64 - 1);
        prop_assert_eq!(without_ids(&export(&to, &[])), without_ids(&exported));
        let second = import(&to, &exported, false).unwrap().total();
        prop_assert_eq!((second.new, second.changed), (0, 0));
        // It is the same in the database that it comes from.
        let back = import(&from, &export(&to, &[]), false).unwrap().total();
        prop_assert_eq!((back.new, back.changed), (0, 0));
    });
}

#[test]
fn a_record_with_the_id_of_another_is_refused_and_nothing_is_kept() -> Result<()> {
    let (from, to) = (source(), target());
    from.begin(|session| users::add(session, Account::new("ada")?))?;
    let bob = to.begin(|session| users::add(session, Account::new("bob")?))?;
    let exported = export(&from, &[]);
    let error = import(&to, &exported, true).unwrap_err().to_string();
    let expected = "export, record 1 (line 2, column 1): there is a user with id 1 and other values, and --keep-ids";
    assert!(error.starts_with(expected), "{error}");
    let ada = export(&from, &["user"]).replace("\"id\":1", "\"id\":9").replace("\"user\":1", "\"user\":9");
    let error = import(&to, &ada, true).unwrap_err().to_string();
    assert!(error.starts_with("export, record 1 (line 2, column 1): this record"), "{error}");
    assert_eq!(to.read(|session| session.rows::<User, _>(User::all()))?, [bob]);
    Ok(())
}

#[test]
fn an_account_below_zero_whose_number_is_taken_gets_another_and_keeps_its_records() -> Result<()> {
    let (from, to) = (source(), target());
    from.begin(|session| -> Result<()> {
        let ada = users::add(session, Account::new("ada")?)?;
        let note = notes::Text::new("hers")?;
        notes::add(session, &UserSelector::Id(ada.id), note)?;
        Ok(())
    })?;
    to.begin(|session| users::add(session, Account::new("bob")?))?;
    for round in 0..2 {
        let summary = import(&to, &export(&from, &[]), false)?;
        assert_eq!((summary.users.new, summary.notes.new), if round == 0 { (1, 1) } else { (0, 0) }, "{summary:?}");
    }
    let stored: Vec<User> = to.read(|session| session.rows(User::all()))?;
    let named: Vec<_> = stored.iter().map(|user| (user.user_id, user.username.as_str())).collect();
    assert_eq!(named, [(-1, "bob"), (-2, "ada")]);
    let notes: Vec<Note> = to.read(|session| session.rows(Note::all()))?;
    assert_eq!(notes[0].user_id, stored[1].id);
    // The notes alone find her by her login.
    assert_eq!(import(&to, &export(&from, &["note"]), false)?.notes.unchanged, 1);
    Ok(())
}
