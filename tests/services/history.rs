//! The history of the records: what each unit of work changed, undoing it, and forgetting it.

use folio::prelude::*;
use folio::services::history::{self, Subject, Unit};
use folio::services::notes;
use folio::services::repositories::{self, Project, RepositorySelector};
use folio::services::search::Kind;
use folio::services::users::{self, Account, Cascade, UserSelector};

use crate::support::{Fixture, fixture};

/// The account 1, ann, with a repository and a note about it that has a tag, all by the unit "setup" of "ann".
fn desk() -> (Fixture, Note) {
    let db = fixture(module_path!());
    let note = db
        .recording()
        .named("setup")
        .by("ann")
        .begin(|session| -> Result<_> {
            users::add(session, Account { number: Some(1), ..Account::new("ann")? })?;
            repositories::add(session, Project::new(1, "code")?)?;
            let about = Some("ann/code".parse()?);
            let tags = vec!["rust".parse()?];
            let text = notes::Text { repository: about, tags, ..notes::Text::new("to do")? };
            notes::add(session, &UserSelector::Number(1), text)
        })
        .unwrap();
    (db, note)
}

fn log(db: &Database, subject: Option<Subject>) -> Vec<(String, String)> {
    let units = db.read(|session| history::units(session, subject, 100)).unwrap();
    let shown = |unit: &Unit| unit.changes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    units.iter().map(|unit| (unit.command.clone().unwrap_or_default(), shown(unit))).collect()
}

fn rename(db: &Database, note: &Note, name: &str) {
    db.recording()
        .named("rename")
        .begin(|session| {
            let read = notes::get(session, note.id)?;
            notes::edit(session, read, notes::Edit { name: Some(name.try_into()?), ..notes::Edit::default() })
        })
        .unwrap();
}

fn newest(db: &Database) -> Unit {
    db.read(|session| history::unit(session, None)).unwrap()
}

fn undo(db: &Database, unit: &Unit) -> Result<()> {
    db.recording().named("undo").begin(|session| history::undo(session, unit))
}

/// All records, without what every change sets.
fn everything(db: &Database) -> Vec<String> {
    db.read(|session| -> Result<_> {
        let mut rows = Vec::new();
        for handle in session.query(User::query()).all()? {
            rows.push(format!("{} {}", session.row(handle)?.id, session.row(handle)?.username));
        }
        for handle in session.query(Repository::query()).all()? {
            rows.push(format!("{} {}", session.row(handle)?.id, session.row(handle)?.repo_name));
        }
        for handle in session.query(Note::query()).all()? {
            let note = session.detach(handle)?;
            let linked = notes::linked(session, note)?;
            rows.push(format!("{} {} {:?} {:?}", linked.note.id, linked.note.name, linked.tags, linked.repositories));
        }
        Ok(rows)
    })
    .unwrap()
}

#[test]
fn every_unit_is_in_the_log_with_what_it_changed_and_one_that_changed_nothing_is_not() {
    let (db, note) = desk();
    rename(&db, &note, "done");
    rename(&db, &note, "done");
    db.recording().begin(|session| notes::tag(session, note.id, &["new".parse()?])).unwrap();
    db.recording().begin(|session| users::add(session, Account::new("bob")?)).unwrap();
    db.begin(|session| users::add(session, Account::new("unrecorded")?)).unwrap();
    let setup = ("setup".to_owned(), "1 user added, 1 repository added, 1 note added, 1 tag added".to_owned());
    let rename = ("rename".to_owned(), "1 note changed".to_owned());
    let tag = (String::new(), "1 tag added".to_owned());
    let all = [(String::new(), "1 user added".to_owned()), tag.clone(), rename.clone(), setup];
    assert_eq!(log(&db, None), all);
    let note = Subject { kind: Kind::Note, id: note.id.get() };
    let of_note = [tag, rename, ("setup".to_owned(), "1 note added, 1 tag added".to_owned())];
    assert_eq!(log(&db, Some(note)), of_note);
    assert_eq!(log(&db, Some(Subject { kind: Kind::Resume, id: 1 })), []);
    let units = db.read(|session| history::units(session, None, 1)).unwrap();
    assert_eq!((units.len(), units[0].author.as_deref()), (1, None));
    let first = db.read(|session| history::unit(session, Some(1))).unwrap();
    assert_eq!((first.number, first.author.as_deref(), first.command.as_deref()), (1, Some("ann"), Some("setup")));
    assert!(db.read(|session| history::unit(session, Some(99))).unwrap_err().is_not_found());
}

#[test]
fn a_difference_has_the_values_before_and_after_whatever_changed_later() {
    let (db, note) = desk();
    rename(&db, &note, "second");
    let unit = newest(&db);
    rename(&db, &note, "third");
    let differences = db.read(|session| history::differences(session, &unit, None, 10)).unwrap();
    let names: Vec<_> = differences
        .iter()
        .map(|found| {
            let name = |values: &Option<serde_json::Map<_, _>>| values.as_ref().map(|values| values["name"].clone());
            (found.what.clone(), name(&found.before), name(&found.after))
        })
        .collect();
    assert_eq!(names, [("note 1".to_owned(), Some("to do".into()), Some("second".into()))]);

    let first = db.read(|session| history::unit(session, Some(1))).unwrap();
    let added = db.read(|session| history::differences(session, &first, None, 3)).unwrap();
    assert_eq!(added.iter().map(|found| &*found.what).collect::<Vec<_>>(), ["user 1", "repository 1", "note 1"]);
    assert!(added.iter().all(|found| found.before.is_none() && found.after.is_some()));
    let subject = Some(Subject { kind: Kind::Note, id: 1 });
    let of_note = db.read(|session| history::differences(session, &first, subject, 10)).unwrap();
    assert_eq!(of_note.iter().map(|found| &*found.what).collect::<Vec<_>>(), ["note 1", "tag \"rust\" of note 1"]);
}

#[test]
fn what_a_command_removed_comes_back_with_all_that_belongs_to_it() {
    let (db, note) = desk();
    let before = everything(&db);
    db.recording().begin(|session| repositories::remove(session, &RepositorySelector::Id(1.into()))).unwrap();
    undo(&db, &newest(&db)).unwrap();
    assert_eq!(everything(&db), before, "the repository, and that the note is about it");
    db.recording().begin(|session| notes::remove(session, note.id)).unwrap();
    undo(&db, &newest(&db)).unwrap();
    assert_eq!(everything(&db), before, "the note and its tag");
    db.recording().begin(|session| users::remove(session, &UserSelector::Number(1), Cascade::Everything)).unwrap();
    assert!(everything(&db).is_empty());
    let removal = newest(&db);
    undo(&db, &removal).unwrap();
    assert_eq!(everything(&db), before, "the user and everything");
    // An undo is a unit that can be undone.
    undo(&db, &newest(&db)).unwrap();
    assert!(everything(&db).is_empty());
}

#[test]
fn what_was_changed_since_is_named_and_nothing_is_undone() {
    let (db, note) = desk();
    rename(&db, &note, "second");
    let second = newest(&db);
    rename(&db, &note, "third");
    let before = everything(&db);
    let said = undo(&db, &second).unwrap_err().to_string();
    assert!(said.contains("notes") && said.contains("'rename'"), "{said}");
    assert_eq!(everything(&db), before);
    undo(&db, &newest(&db)).unwrap();
    undo(&db, &second).unwrap();
    assert!(everything(&db).iter().any(|row| row.contains("to do")));
}

#[test]
fn a_unit_is_forgotten_as_a_whole_when_its_last_change_is_old() {
    let (db, note) = desk();
    rename(&db, &note, "second");
    let last = newest(&db).at;
    let forgettable = |time| db.read(|session| history::forgettable(session, time)).unwrap();
    assert_eq!(forgettable("2020-01-01T00:00:00Z".parse().unwrap()), 0);
    assert_eq!(forgettable(last), 4);
    assert_eq!(db.begin(|session| history::forget(session, last)).unwrap(), 4);
    assert_eq!(log(&db, None), [("rename".to_owned(), "1 note changed".to_owned())]);
    assert_eq!(db.begin(|session| history::forget(session, "2999-01-01T00:00:00Z".parse()?)).unwrap(), 1);
    assert_eq!(log(&db, None), []);
    assert_eq!(everything(&db).len(), 3, "records stay");
    assert!(db.read(|session| history::unit(session, None)).unwrap_err().is_not_found());
}
