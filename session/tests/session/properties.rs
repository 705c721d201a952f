//! Random graphs of adds, edits and deletes: whatever can be sent in some order, a flush sends in one.
//!
//! The database is the judge: it checks every foreign key and unique value as each statement runs.

use std::collections::BTreeMap;

use diesel::{ExpressionMethods as _, HasQuery as _, QueryDsl as _};
use diesel_session::session::Ref;
use diesel_session::{Handle, Result, Session};
use proptest::prelude::*;

use crate::choices::{Choices, cases};
use crate::domain::*;

/// Where a new row's reference goes.
#[derive(Clone, Copy)]
enum To {
    Key(i64),
    Row(Handle<Author>),
}

/// What there should be after the flush.
#[derive(Default)]
struct Wanted {
    inserted: usize,
    deleted: usize,
    /// New rows' references, and what they should hold: to be looked up once keys are there.
    books: Vec<(Handle<Book>, Option<Handle<Author>>)>,
    members: Vec<(Handle<Member>, Option<Handle<Member>>)>,
    names: BTreeMap<i64, String>,
}

/// Deletes some authors and takes care of what refers to them; gives the keys of those that stay.
fn delete_authors(
    session: &mut Session<'_>,
    choices: &mut Choices,
    wanted: &mut Wanted,
) -> Result<(Vec<i64>, Vec<i64>)> {
    let (mut stay, mut free) = (vec![ANN], vec![70, 80, 90]);
    for (key, number) in [(BEN, 20), (CID, 30)] {
        if choices.yes() { free.push(number) } else { stay.push(key) }
    }
    // What refers to a deleted author goes first, by a delete or by a move: in any order of the calls.
    for book in session.query(Book::query().filter(books::author_id.ne_all(stay.clone()))).all()? {
        if choices.yes() {
            session.edit(book)?.author_id = choices.one(&stay);
        } else {
            session.delete(book)?;
            wanted.deleted += 1;
        }
    }
    let prizes = session.no_autoflush(|session| session.query(Prize::query()).all())?;
    for prize in prizes {
        if free.contains(&30) {
            session.delete(prize)?;
            wanted.deleted += 1;
        }
    }
    for key in [BEN, CID].into_iter().filter(|key| !stay.contains(key)) {
        let author = session.no_autoflush(|session| session.get_one::<Author>(key))?;
        session.delete(author)?;
        wanted.deleted += 1;
    }
    Ok((stay, free))
}

/// Adds authors and books that refer to each other, in an order of its own.
fn add_graph(session: &mut Session<'_>, choices: &mut Choices, stay: &[i64], mut free: Vec<i64>) -> Result<Wanted> {
    let mut wanted = Wanted::default();
    let mut authors: Vec<To> = stay.iter().map(|key| To::Key(*key)).collect();
    let mut members: Vec<Handle<Member>> = Vec::new();
    for _ in 0..choices.of(12) {
        match choices.of(3) {
            0 if !free.is_empty() => {
                let number = free.remove(choices.of(free.len()));
                let name = format!("author {number}");
                authors.push(To::Row(session.add(NewAuthor::new(number, name.clone())?)));
                wanted.names.insert(number, name);
                wanted.inserted += 1;
            }
            1 => {
                let (author, row) = match choices.one(&authors) {
                    To::Key(key) => (Ref::from(key), None),
                    To::Row(row) => (Ref::from(row), Some(row)),
                };
                wanted.books.push((session.add(NewBook::new(author, "new")?), row));
                wanted.inserted += 1;
            }
            _ => {
                // A parent may be added before or after its child.
                let child = session.add(NewMember::new("new")?);
                let place = choices.of(members.len() + 1);
                members.insert(place, child);
                wanted.inserted += 1;
            }
        }
    }
    for (place, child) in members.iter().enumerate() {
        let parent = if place > 0 && choices.yes() { Some(members[choices.of(place)]) } else { None };
        session.pending_mut(*child)?.parent_id = Ref::optional(parent);
        wanted.members.push((*child, parent));
    }
    Ok(wanted)
}

fn flush_random_graph(session: &mut Session<'_>, mut choices: Choices) -> Result<()> {
    let mut before = Wanted::default();
    let (stay, free) = delete_authors(session, &mut choices, &mut before)?;
    let wanted = add_graph(session, &mut choices, &stay, free)?;
    let plan = session.plan()?;
    let rows = |verb: &str| plan.steps().iter().filter(|step| step.verb == verb).map(|step| step.rows).sum::<usize>();
    assert_eq!((rows("INSERT"), rows("DELETE")), (wanted.inserted, before.deleted), "each row once:\n{plan}");
    session.flush()?;
    assert!(session.plan()?.is_empty(), "nothing is left to send");
    session.expire_all();
    for (book, author) in wanted.books {
        let author = author.and_then(|author| session.key(author));
        assert!(author.is_none_or(|author| session.view(book).unwrap().author_id == author));
    }
    for (member, parent) in wanted.members {
        let parent = parent.and_then(|parent| session.key(parent));
        assert_eq!(session.view(member)?.parent_id, parent);
    }
    for (number, name) in wanted.names {
        let author = session.query(Author::query().filter(authors::number.eq(number))).one()?;
        assert_eq!(session.row(author)?.name, name);
    }
    session.rollback()
}

pub fn any_graph_that_can_be_flushed_is_flushed() -> Result<()> {
    let library = Library::new();
    let session = std::cell::RefCell::new(library.session());
    proptest!(cases(library.engine(), 400, 300), |(choices in proptest::collection::vec(any::<u8>(), 0..60))| {
        let mut session = session.borrow_mut();
        let done = flush_random_graph(&mut session, Choices(choices.into_iter()));
        session.clear().ok();
        if let Err(error) = done {
            session.rollback().ok();
            return Err(TestCaseError::fail(error.to_string()));
        }
    });
    Ok(())
}
