//! Tags of notes, and notes about several repositories.

use folio::prelude::*;
use folio::services::repositories::{self, Project, RepositorySelector};
use folio::services::users::{self, Account, Cascade, UserSelector};
use folio::services::{Limit, Linked, notes};

use crate::support::{Fixture, fixture};

/// The accounts 1 and 2, ann and bob; the repositories ann/code and bob/docs; two notes of ann, the first about ann/code.
struct Desk {
    db: Fixture,
    notes: [Note; 2],
    code: Repository,
    docs: Repository,
}

fn desk() -> Desk {
    let db = fixture(module_path!());
    let (notes, code, docs) = db
        .begin(|session| -> Result<_> {
            users::add(session, Account { number: Some(1), ..Account::new("ann")? })?;
            users::add(session, Account { number: Some(2), ..Account::new("bob")? })?;
            let code = repositories::add(session, Project::new(1, "code")?)?;
            let docs = repositories::add(session, Project::new(2, "docs")?)?;
            let ann = UserSelector::Number(1);
            let about = Some(RepositorySelector::Id(code.id));
            let one = notes::add(session, &ann, notes::Text { repository: about, ..notes::Text::new("one")? })?;
            let two = notes::add(session, &ann, notes::Text::new("two")?)?;
            Ok(([one, two], code, docs))
        })
        .unwrap();
    Desk { db, notes, code, docs }
}

fn tags(names: &[&str]) -> Vec<Tag> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

impl Desk {
    fn linked(&self, note: usize) -> Linked {
        self.db
            .read(|session| {
                let note = notes::get(session, self.notes[note].id)?;
                notes::linked(session, note)
            })
            .unwrap()
    }

    fn listed(&self, filter: &notes::Filter) -> Vec<String> {
        let mut names = Vec::new();
        self.db
            .read(|session| {
                notes::list(session, filter, Limit::default(), |linked| -> Result<()> {
                    names.push(linked.note.name.to_string());
                    Ok(())
                })
            })
            .unwrap();
        names
    }

    /// The numbers of tags and of links.
    fn rows(&self) -> (u64, u64) {
        self.db
            .read(|session| -> Result<_> {
                Ok((session.query(NoteTag::query()).count()?, session.query(NoteRepository::query()).count()?))
            })
            .unwrap()
    }
}

#[test]
fn a_note_gets_each_tag_once_and_loses_those_that_are_named() {
    let desk = desk();
    let [one, _] = &desk.notes;
    let tagged = desk.db.begin(|session| notes::tag(session, one.id, &tags(&["rust", "Rust", "code review", "rust"])));
    assert_eq!(tagged.unwrap().tags, tags(&["Rust", "code review", "rust"]));
    let same = desk.db.begin(|session| notes::tag(session, one.id, &tags(&["rust", "new"]))).unwrap();
    assert_eq!(same.tags, tags(&["Rust", "code review", "new", "rust"]));
    let left = desk.db.begin(|session| notes::untag(session, one.id, &tags(&["Rust", "never there"]))).unwrap();
    assert_eq!(left, desk.linked(0));
    assert_eq!(left.tags, tags(&["code review", "new", "rust"]));
    assert!(desk.db.begin(|session| notes::tag(session, 99.into(), &tags(&["x"]))).unwrap_err().is_not_found());
}

#[test]
fn a_list_by_several_tags_has_the_notes_with_all_of_them() {
    let desk = desk();
    let [one, two] = &desk.notes;
    desk.db
        .begin(|session| {
            notes::tag(session, one.id, &tags(&["rust", "draft"]))?;
            notes::tag(session, two.id, &tags(&["rust"]))
        })
        .unwrap();
    let by = |names: &[&str]| desk.listed(&notes::Filter { tags: tags(names), ..notes::Filter::default() });
    assert_eq!(by(&["rust"]), ["one", "two"]);
    assert_eq!(by(&["rust", "draft"]), ["one"]);
    assert_eq!(by(&["Rust"]), [""; 0]);
    assert_eq!(by(&[]), ["one", "two"]);
}

#[test]
fn a_note_is_found_by_every_repository_that_it_is_about() {
    let desk = desk();
    let [one, two] = &desk.notes;
    let both = [RepositorySelector::Id(desk.docs.id), "ann/code".parse().unwrap()];
    let linked = desk.db.begin(|session| notes::link(session, one.id, &both)).unwrap();
    assert_eq!(linked.repositories, [desk.code.id, desk.docs.id], "its own repository first, and once");
    desk.db.begin(|session| notes::link(session, two.id, &both[..1])).unwrap();
    assert_eq!(desk.rows(), (0, 2));
    let about = |id| desk.listed(&notes::Filter { repository: Some(id), ..notes::Filter::default() });
    assert_eq!((about(desk.code.id), about(desk.docs.id)), (vec!["one".to_owned()], vec!["one".into(), "two".into()]));

    let left = desk.db.begin(|session| notes::unlink(session, one.id, &both)).unwrap();
    assert_eq!((left.repositories.as_slice(), left.note.repository_id), (&[][..], None));
    assert!(about(desk.code.id).is_empty());
    let missing = [RepositorySelector::Id(99.into())];
    assert!(desk.db.begin(|session| notes::link(session, one.id, &missing)).unwrap_err().is_not_found());
}

#[test]
fn tags_and_links_go_with_their_note_and_links_with_their_repository() {
    let desk = desk();
    let [one, two] = &desk.notes;
    desk.db
        .begin(|session| {
            for note in [one, two] {
                notes::tag(session, note.id, &tags(&["rust"]))?;
                notes::link(session, note.id, &[RepositorySelector::Id(desk.docs.id)])?;
            }
            notes::remove(session, two.id)
        })
        .unwrap();
    assert_eq!(desk.rows(), (1, 1));
    desk.db.begin(|session| repositories::remove(session, &RepositorySelector::Id(desk.docs.id))).unwrap();
    assert_eq!((desk.rows(), desk.linked(0).repositories), ((1, 0), vec![desk.code.id]));
}

#[test]
fn a_user_is_removed_with_tags_and_links_which_are_counted_and_notes_of_others_stay() {
    let desk = desk();
    let [one, _] = &desk.notes;
    desk.db
        .begin(|session| {
            notes::tag(session, one.id, &tags(&["rust", "draft"]))?;
            notes::link(session, one.id, &[RepositorySelector::Id(desk.docs.id)])
        })
        .unwrap();
    let bob = UserSelector::Number(2);
    let removed = desk.db.begin(|session| users::remove(session, &bob, Cascade::Everything)).unwrap();
    assert_eq!((removed.repositories, removed.notes, removed.tags, removed.links), (1, 0, 0, 1));
    assert_eq!((desk.rows(), desk.linked(0).repositories), ((2, 0), vec![desk.code.id]));
    let ann = UserSelector::Number(1);
    let removed = desk.db.begin(|session| users::remove(session, &ann, Cascade::Everything)).unwrap();
    assert_eq!((removed.repositories, removed.notes, removed.tags, removed.links), (1, 2, 2, 0));
    assert_eq!(desk.rows(), (0, 0));
}

#[test]
fn a_tag_that_cannot_be_one_is_refused_with_the_reason() {
    let said = |text: &str| text.parse::<Tag>().unwrap_err().to_string();
    assert_eq!(said("  "), "tag: empty");
    assert_eq!(said(&"ж".repeat(65)), "tag: 65 characters, more than the limit of 64");
    assert_eq!(said("a,b"), "tag: \"a,b\" contains a comma or a control character");
    assert_eq!("ж".repeat(64).parse::<Tag>().unwrap().chars().count(), 64);
}
