//! Random graphs of adds, edits and deletes: whatever can be sent in some order, a flush sends in one.
//!
//! The database is the judge: it checks every foreign key and unique value as each statement runs.

use std::collections::BTreeMap;

use diesel::{ExpressionMethods as _, HasQuery as _, QueryDsl as _};
use diesel_session::session::Ref;
use diesel_session::{Handle, Result, Session};
use proptest::prelude::*;

use crate::any::suite::graphs::*;
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
    dogs: Vec<(Handle<Dog>, Option<Handle<Owner>>)>,
    owners: Vec<(Handle<Owner>, Option<Handle<Dog>>)>,
    stages: Vec<(Handle<Stage>, Option<Handle<Stage>>)>,
    parcels: Vec<(Handle<Parcel>, Handle<Line>)>,
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
    for child in &members {
        // Also itself, and in cycles.
        let parent = choices.yes().then(|| choices.one(&members));
        session.pending_mut(*child)?.parent_id = Ref::optional(parent);
        wanted.members.push((*child, parent));
    }
    add_cycles(session, choices, &mut wanted)?;
    Ok(wanted)
}

/// Adds dogs and owners, and stages of one plan, that refer to any of each other, and parcels of new lines.
fn add_cycles(session: &mut Session<'_>, choices: &mut Choices, wanted: &mut Wanted) -> Result<()> {
    let dogs: Vec<Handle<Dog>> =
        (0..choices.of(4)).map(|_| Ok(session.add(NewDog::new("new")?))).collect::<Result<_>>()?;
    let owners: Vec<Handle<Owner>> =
        (0..choices.of(4)).map(|_| Ok(session.add(NewOwner::new("new")?))).collect::<Result<_>>()?;
    for dog in &dogs {
        let owner = (!owners.is_empty() && choices.yes()).then(|| choices.one(&owners));
        session.pending_mut(*dog)?.owner_id = Ref::optional(owner);
        wanted.dogs.push((*dog, owner));
    }
    for owner in &owners {
        let dog = (!dogs.is_empty() && choices.yes()).then(|| choices.one(&dogs));
        session.pending_mut(*owner)?.dog_id = Ref::optional(dog);
        wanted.owners.push((*owner, dog));
    }
    let count = i64::try_from(choices.of(5)).unwrap_or(0);
    let stages: Vec<Handle<Stage>> =
        (0..count).map(|number| Ok(session.add(NewStage::new(1, number)?))).collect::<Result<_>>()?;
    for (number, stage) in stages.iter().enumerate() {
        let after = choices.yes().then(|| choices.of(stages.len()));
        session.pending_mut(*stage)?.after = match after {
            // By its value or by its handle; a row that refers to itself by value needs no other.
            Some(after) if choices.yes() && after != number => Ref::of(i64::try_from(after).ok()),
            after => Ref::optional(after.map(|after| stages[after])),
        };
        wanted.stages.push((*stage, after.map(|after| stages[after])));
    }
    let mut lines: Vec<Handle<Line>> = Vec::new();
    for number in 0..i64::try_from(choices.of(4)).unwrap_or(0) {
        let order = session.add(NewOrder::new("new")?);
        lines.push(session.add(NewLine::new(order, number, "new")?));
        let line = choices.one(&lines);
        wanted.parcels.push((session.add(NewParcel::new(line, 1)?), line));
        wanted.inserted += 3;
    }
    wanted.inserted += dogs.len() + owners.len() + stages.len();
    Ok(())
}

/// Whether each new row refers to what it should, and its deletion is found a way.
fn check_cycles(session: &mut Session<'_>, wanted: &Wanted) -> Result<()> {
    for (member, parent) in &wanted.members {
        let parent = parent.and_then(|parent| session.key(parent).ok());
        assert_eq!(session.view(*member)?.parent_id, parent);
    }
    for (dog, owner) in &wanted.dogs {
        let owner = owner.and_then(|owner| session.key(owner).ok());
        assert_eq!(session.view(*dog)?.owner_id, owner);
    }
    for (owner, dog) in &wanted.owners {
        let dog = dog.and_then(|dog| session.key(dog).ok());
        assert_eq!(session.view(*owner)?.dog_id, dog);
    }
    for (stage, after) in &wanted.stages {
        let after = after.and_then(|after| session.key(after).ok()).map(|(_, number)| number);
        assert_eq!(session.view(*stage)?.after, after);
    }
    for (parcel, line) in &wanted.parcels {
        let line = session.key(*line).ok();
        let parcel = session.view(*parcel)?;
        assert_eq!(Some((parcel.order_id, parcel.line_no)), line);
    }
    wanted.members.iter().try_for_each(|(member, _)| session.delete(*member))?;
    wanted.dogs.iter().try_for_each(|(dog, _)| session.delete(*dog))?;
    wanted.owners.iter().try_for_each(|(owner, _)| session.delete(*owner))?;
    wanted.stages.iter().try_for_each(|(stage, _)| session.delete(*stage))?;
    wanted.parcels.iter().try_for_each(|(parcel, _)| session.delete(*parcel))?;
    session.flush()?;
    assert_eq!(session.query(Dog::query()).count()? + session.query(Stage::query()).count()?, 0);
    Ok(())
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
    for (book, author) in wanted.books.iter().copied() {
        let author = author.and_then(|author| session.key(author).ok());
        assert!(author.is_none_or(|author| session.view(book).unwrap().author_id == author));
    }
    for (number, name) in &wanted.names {
        let author = session.query(Author::query().filter(authors::number.eq(number))).one()?;
        assert_eq!(session.row(author)?.name, *name);
    }
    check_cycles(session, &wanted)?;
    session.rollback()
}

pub fn any_graph_that_can_be_flushed_is_flushed() -> Result<()> {
    let (library, session, _recorder) = drawn();
    let session = std::cell::RefCell::new(session);
    proptest!(cases(library.engine(), 400, 300), |(choices in proptest::collection::vec(any::<u8>(), 0..100))| {
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
