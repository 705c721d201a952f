//! A random walk: a model of the contract, without a database, takes the same steps as a session; states, values and
//! stored rows stay equal.

use std::collections::BTreeMap;

use diesel::connection::SimpleConnection as _;
use diesel::{HasQuery as _, QueryDsl as _};
use diesel_session::connection::AnyConnection;
use diesel_session::{Error, Handle, Result, Session, State};
use proptest::prelude::*;

use crate::choices::cases;
use crate::domain::*;

/// What the model knows of a row.
#[derive(Debug, Clone, PartialEq)]
enum Known {
    Pending,
    /// Read or written at a time of the model's clock, or `stale` whatever that time; `open` for editing; stored as
    /// `stored`, shown as `value`.
    Live {
        key: i64,
        stored: String,
        value: String,
        seen: u32,
        stale: bool,
        open: bool,
        marked_deleted: bool,
        /// Read ahead, and not asked for since.
        ahead: bool,
    },
    Expired {
        key: i64,
        marked_deleted: bool,
    },
    Deleted(i64),
    Transient,
    Gone,
}

#[derive(Debug, Clone)]
struct Row {
    handle: Handle<Event>,
    known: Known,
    /// What the row was added with, while a rollback can still undo that.
    added: Option<String>,
    /// The clock when it was last updated in the database.
    updated: u32,
}

/// The model: what the contract says, by snapshots.
struct Model {
    rows: Vec<Row>,
    /// What the session's transaction sees.
    stored: BTreeMap<i64, String>,
    committed: BTreeMap<i64, String>,
    clock: u32,
    fresh_since: u32,
    /// The clock at the first write in each open savepoint.
    wrote: Vec<Option<u32>>,
    /// How many times rows were read again since the last write.
    rereads: usize,
    in_transaction: bool,
}

/// Random choices, one after the other.
struct Choices(std::vec::IntoIter<u8>);

impl Choices {
    fn next(&mut self) -> Option<usize> {
        self.0.next().map(usize::from)
    }
}

impl Model {
    /// Something is about to be written.
    fn write(&mut self) {
        if let Some(since) = self.wrote.last_mut()
            && since.is_none()
        {
            self.clock += 1;
            *since = Some(self.clock);
        }
        for row in &mut self.rows {
            if let Known::Live { stale, open: false, ahead: ahead @ true, .. } = &mut row.known {
                (*stale, *ahead) = (true, false);
            }
        }
        self.rereads = 0;
        self.in_transaction = true;
    }

    fn flush(&mut self, session: &Session<'_>) {
        let unflushed = |row: &Row| match &row.known {
            Known::Pending | Known::Live { marked_deleted: true, .. } | Known::Expired { marked_deleted: true, .. } => {
                true
            }
            Known::Live { stored, value, open, .. } => *open && stored != value,
            _ => false,
        };
        if self.rows.iter().any(unflushed) {
            self.write();
        }
        for place in 0..self.rows.len() {
            if self.rows[place].known == Known::Pending {
                let value = self.rows[place].added.clone().unwrap();
                let key = session.key(self.rows[place].handle).expect("a flushed row has a key");
                assert!(self.stored.insert(key, value.clone()).is_none(), "a new key is a new one");
                if let Some(old) = self.find(key) {
                    // A row of a transaction that was rolled back, known by its key alone.
                    self.rows[old].known = Known::Deleted(key);
                }
                let stored = value.clone();
                self.rows[place].known = Known::Live {
                    key,
                    stored,
                    value,
                    seen: self.clock,
                    stale: false,
                    open: false,
                    marked_deleted: false,
                    ahead: false,
                };
            }
        }
        for Row { known, updated, .. } in &mut self.rows {
            match known {
                Known::Live { key, marked_deleted: true, .. } | Known::Expired { key, marked_deleted: true } => {
                    self.stored.remove(key);
                    *known = Known::Deleted(*key);
                }
                Known::Live { key, stored, value, seen, stale, open, .. } => {
                    if *open && stored != value {
                        self.stored.insert(*key, value.clone());
                        *stored = value.clone();
                        *seen = self.clock;
                        *stale = false;
                        *updated = self.clock;
                    }
                    *open = false;
                }
                _ => {}
            }
        }
    }

    /// A SELECT finds the row: what is not fresh is filled.
    fn fill(&mut self, place: usize) {
        let (clock, fresh_since) = (self.clock, self.fresh_since);
        let (key, marked_deleted) = match &self.rows[place].known {
            Known::Expired { key, marked_deleted } => (*key, *marked_deleted),
            Known::Live { key, seen, stale, open: false, marked_deleted, .. } if *stale || *seen < fresh_since => {
                (*key, *marked_deleted)
            }
            Known::Live { .. } => return self.used(place),
            _ => return,
        };
        self.rows[place].known = match self.stored.get(&key) {
            Some(value) => {
                let (stored, value) = (value.clone(), value.clone());
                Known::Live { key, stored, value, seen: clock, stale: false, open: false, marked_deleted, ahead: false }
            }
            None => Known::Deleted(key),
        };
    }

    fn is_fresh(&self, place: usize) -> bool {
        matches!(&self.rows[place].known, Known::Live { seen, stale, open, .. } if *open || (!stale && *seen >= self.fresh_since))
    }

    fn used(&mut self, place: usize) {
        if let Known::Live { ahead, .. } = &mut self.rows[place].known {
            *ahead = false;
        }
    }

    /// Brings a row to a fresh value, and says whether that can be.
    fn load(&mut self, place: usize, session: &Session<'_>) -> bool {
        match self.rows[place].known {
            Known::Pending => self.flush(session),
            Known::Live { marked_deleted: true, .. } | Known::Expired { marked_deleted: true, .. }
                if !self.is_fresh(place) =>
            {
                self.flush(session);
            }
            Known::Live { .. } | Known::Expired { .. } if !self.is_fresh(place) => {
                self.read_again(place);
                self.in_transaction = true;
            }
            _ => {}
        }
        self.used(place);
        matches!(self.rows[place].known, Known::Live { .. })
    }

    /// Reads a row again, and those near it.
    fn read_again(&mut self, place: usize) {
        let others = [0, 9, 99][self.rereads.min(2)];
        self.rereads += 1;
        let near = (1..=self.rows.len()).flat_map(|far| [place.checked_add(far), place.checked_sub(far)]).flatten();
        let is_old = |place: &usize| match &self.rows[*place].known {
            Known::Expired { marked_deleted, .. } => !marked_deleted,
            Known::Live { open, marked_deleted, .. } => !open && !marked_deleted && !self.is_fresh(*place),
            _ => false,
        };
        let near: Vec<usize> = near.filter(|place| *place < self.rows.len()).filter(is_old).take(others).collect();
        self.fill(place);
        let mut found = 0;
        for place in &near {
            let before = self.rows[*place].known.clone();
            self.fill(*place);
            match &mut self.rows[*place].known {
                Known::Live { ahead, .. } => {
                    *ahead = true;
                    found += 1;
                }
                // Found gone when it is asked for.
                gone => *gone = before,
            }
        }
        if found * 2 < near.len() {
            self.rereads = 0;
        }
    }

    fn find(&self, key: i64) -> Option<usize> {
        let has = |row: &Row| match &row.known {
            Known::Live { key: other, .. } | Known::Expired { key: other, .. } => *other == key,
            _ => false,
        };
        self.rows.iter().position(has)
    }

    /// A key that is stored, or one after the last, which a pending row may get.
    fn key_to_ask_for(&self, place: usize) -> i64 {
        let after = || {
            let last = self.stored.keys().last().copied().unwrap_or(0);
            last + 1 + i64::try_from(place - self.stored.len()).unwrap()
        };
        self.stored.keys().nth(place).copied().unwrap_or_else(after)
    }

    fn meet(&mut self, handle: Handle<Event>, key: i64) {
        match self.find(key) {
            Some(place) => {
                assert_eq!(self.rows[place].handle, handle, "one row, one handle");
                self.fill(place);
            }
            None => {
                let (stored, value) = (self.stored[&key].clone(), self.stored[&key].clone());
                let known = Known::Live {
                    key,
                    stored,
                    value,
                    seen: self.clock,
                    stale: false,
                    open: false,
                    marked_deleted: false,
                    ahead: false,
                };
                self.rows.push(Row { handle, known, added: None, updated: 0 });
            }
        }
    }

    fn commit(&mut self) {
        for row in &mut self.rows {
            row.added = if row.known == Known::Transient { row.added.take() } else { None };
            if matches!(row.known, Known::Deleted(_)) {
                row.known = Known::Gone;
            }
        }
        self.committed = self.stored.clone();
        self.end();
    }

    fn rollback(&mut self) {
        for row in &mut self.rows {
            row.known = match &row.known {
                Known::Gone => Known::Gone,
                _ if row.added.is_some() => Known::Transient,
                Known::Live { key, .. } | Known::Expired { key, .. } | Known::Deleted(key) => {
                    Known::Expired { key: *key, marked_deleted: false }
                }
                other => other.clone(),
            };
        }
        self.stored = self.committed.clone();
        self.keep_oldest();
        self.end();
    }

    /// Of two rows that an undone level leaves with one key, the later was met within that level: it goes.
    fn keep_oldest(&mut self) {
        for place in 0..self.rows.len() {
            if let Known::Live { key, .. } | Known::Expired { key, .. } = self.rows[place].known
                && self.find(key).is_some_and(|first| first < place)
            {
                self.rows[place].known = Known::Gone;
            }
        }
    }

    fn end(&mut self) {
        self.clock += 1;
        self.fresh_since = self.clock;
        self.in_transaction = false;
        self.rereads = 0;
    }

    /// A savepoint that began with `before` is rolled back.
    fn undo(&mut self, before: &[Row], stored: BTreeMap<i64, String>, since: Option<u32>) {
        self.rereads = 0;
        for (place, row) in self.rows.iter_mut().enumerate() {
            let old = before.get(place).map(|old| &old.known);
            row.known = match &row.known {
                Known::Gone => Known::Gone,
                _ if row.added.is_some()
                    && !matches!(old, Some(Known::Live { .. } | Known::Expired { .. } | Known::Deleted(_))) =>
                {
                    Known::Transient
                }
                Known::Deleted(key) if matches!(old, Some(Known::Deleted(_))) => Known::Deleted(*key),
                Known::Live { seen, open: false, .. }
                    if since.is_none_or(|since| *seen < since && row.updated < since) =>
                {
                    let mut kept = row.known.clone();
                    if let Known::Live { marked_deleted, .. } = &mut kept {
                        *marked_deleted = false;
                    }
                    kept
                }
                Known::Live { key, .. } | Known::Expired { key, .. } | Known::Deleted(key) => {
                    Known::Expired { key: *key, marked_deleted: false }
                }
                other => other.clone(),
            };
            row.updated = before.get(place).map_or(0, |old| old.updated);
        }
        self.stored = stored;
        self.keep_oldest();
    }

    fn compare(&self, session: &Session<'_>) {
        for row in &self.rows {
            let state = match &row.known {
                Known::Pending => State::Pending,
                Known::Live { seen, stale, open: false, .. } if *stale || *seen < self.fresh_since => State::Stale,
                Known::Live { open, .. } => State::Persistent { modified: *open },
                Known::Expired { .. } => State::Expired,
                Known::Deleted(_) => State::Deleted,
                Known::Transient => State::Transient,
                Known::Gone => State::Gone,
            };
            assert_eq!(session.state(row.handle).unwrap(), state, "{row:?}");
            let (key, value) = match &row.known {
                Known::Live { key, value, .. } => (Some(*key), Some(value)),
                Known::Expired { key, .. } | Known::Deleted(key) => (Some(*key), None),
                _ => (None, None),
            };
            assert_eq!(session.key(row.handle).ok(), key, "{row:?}");
            assert_eq!(session.row(row.handle).ok().map(|row| &row.name), value, "{row:?}");
        }
        assert_eq!(session.in_transaction(), self.in_transaction || session.in_savepoint());
    }
}

fn walk(session: &mut Session<'_>, model: &mut Model, other: &mut AnyConnection, choices: &mut Choices, depth: usize) {
    while let Some(step) = choices.next() {
        let place = choices.next().unwrap_or(0) % model.rows.len().max(1);
        let handle = model.rows.get(place).map(|row| row.handle);
        match (step % 17, handle) {
            (0 | 1, _) => {
                let name = format!("name {step}");
                let handle = session.add(NewEvent::new(name.clone()).unwrap());
                model.rows.push(Row { handle, known: Known::Pending, added: Some(name), updated: 0 });
                model.in_transaction = true;
            }
            (2 | 3, Some(handle)) => {
                let name = format!("edit {}", step / 64);
                let done = session.edit(handle).map(|row| row.name.clone_from(&name));
                let can = model.load(place, session);
                assert_eq!(done.is_ok(), can, "{done:?}");
                if let Known::Live { value, open, .. } = &mut model.rows[place].known {
                    *value = name;
                    *open = true;
                    model.in_transaction = true;
                }
            }
            (4, Some(handle)) => {
                let done = session.delete(handle);
                let marked = match &mut model.rows[place].known {
                    Known::Live { marked_deleted, .. } | Known::Expired { marked_deleted, .. } => {
                        *marked_deleted = true;
                        model.in_transaction = true;
                        true
                    }
                    _ => false,
                };
                assert_eq!(done.is_ok(), marked, "{done:?}");
            }
            (5, Some(handle)) => {
                let _ = session.undelete(handle);
                if let Known::Live { marked_deleted, .. } | Known::Expired { marked_deleted, .. } =
                    &mut model.rows[place].known
                {
                    *marked_deleted = false;
                }
            }
            (6, Some(handle)) => {
                let done = session.view(handle).map(|row| row.name.clone());
                let stale = matches!(model.rows[place].known, Known::Live { .. }) && !model.is_fresh(place);
                let shown_as_it_is = stale && !model.in_transaction && depth == 0;
                let can = shown_as_it_is || model.load(place, session);
                assert_eq!(done.is_ok(), can, "{done:?}");
            }
            (7, Some(handle)) => {
                let done = session.expire(handle);
                if let Known::Live { key, marked_deleted, .. } = model.rows[place].known {
                    model.rows[place].known = Known::Expired { key, marked_deleted };
                }
                assert_eq!(done.is_ok(), matches!(model.rows[place].known, Known::Expired { .. }));
            }
            (8, Some(handle)) => {
                let done = session.refresh(handle);
                let was = matches!(model.rows[place].known, Known::Live { .. } | Known::Expired { .. });
                if let Known::Live { key, marked_deleted, .. } = model.rows[place].known {
                    model.rows[place].known = Known::Expired { key, marked_deleted };
                }
                let can = was && model.load(place, session);
                assert_eq!(done.is_ok(), can, "{done:?}");
            }
            (9, _) => {
                let key = model.key_to_ask_for(place);
                let found = session.get::<Event>(key).unwrap();
                match model.find(key) {
                    Some(place) => {
                        model.load(place, session);
                        let there = matches!(model.rows[place].known, Known::Live { .. });
                        assert_eq!(found, there.then_some(model.rows[place].handle));
                    }
                    None => {
                        model.flush(session);
                        model.in_transaction = true;
                        assert_eq!(found.is_some(), model.stored.contains_key(&key));
                        found.into_iter().for_each(|handle| model.meet(handle, key));
                    }
                }
            }
            (10, _) => {
                let found = session.query(Event::query().order(events::id)).all().unwrap();
                model.flush(session);
                model.in_transaction = true;
                let keys: Vec<i64> = model.stored.keys().copied().collect();
                assert_eq!(found.len(), keys.len());
                found.into_iter().zip(keys).for_each(|(handle, key)| model.meet(handle, key));
            }
            (11, _) => {
                session.flush().unwrap();
                model.flush(session);
            }
            (12, _) if depth < 3 => savepoint(session, model, other, choices, depth, step & 64 > 0),
            (13, _) if depth > 0 => return,
            (13, _) => {
                session.commit().unwrap();
                model.flush(session);
                model.commit();
                let name = format!("elsewhere {step}");
                other.batch_execute(&format!("UPDATE events SET name = '{name}' WHERE id % 3 = 0")).unwrap();
                model
                    .committed
                    .iter_mut()
                    .filter(|(key, _)| **key % 3 == 0)
                    .for_each(|(_, value)| value.clone_from(&name));
                model.stored = model.committed.clone();
            }
            (14, _) if depth == 0 => {
                session.rollback().unwrap();
                model.rollback();
            }
            (15, Some(handle)) if step & 128 > 0 => {
                let done = session.add_back(handle);
                assert_eq!(done.is_ok(), model.rows[place].known == Known::Transient);
                if done.is_ok() {
                    model.rows[place].known = Known::Pending;
                    model.in_transaction = true;
                }
            }
            (16, Some(handle)) => come_back(session, model, place, handle, (step & 64 > 0).then_some("attached")),
            (15, Some(handle)) => {
                let done = session.discard(handle);
                assert_eq!(done.is_ok(), model.rows[place].known != Known::Gone);
                model.rows[place].known = Known::Gone;
            }
            _ => {}
        }
        model.compare(session);
    }
}

/// Detaches a row, perhaps changes it, and attaches it again.
fn come_back(session: &mut Session<'_>, model: &mut Model, place: usize, handle: Handle<Event>, name: Option<&str>) {
    session.flush().unwrap();
    model.flush(session);
    let done = session.detach(handle);
    let stale = matches!(model.rows[place].known, Known::Live { .. }) && !model.is_fresh(place);
    let shown_as_it_is = stale && !model.in_transaction && !session.in_savepoint();
    let can = shown_as_it_is || model.load(place, session);
    assert_eq!(done.is_ok(), can, "{done:?}");
    let Ok(read) = done else { return };
    model.rows[place].known = Known::Gone;
    let row = Event { name: name.unwrap_or(&read.name).to_owned(), ..read.clone() };
    let back = session.attach_edited(row.clone(), &read);
    model.in_transaction = true;
    let stored = model.stored.get(&read.id).filter(|stored| {
        let (ours, theirs) = (row.name != read.name, **stored != read.name);
        !(ours && theirs) || row.name == **stored
    });
    assert_eq!(back.is_ok(), stored.is_some(), "{back:?}");
    if let (Ok(handle), Some(stored)) = (back, stored.cloned()) {
        let value = if row.name == read.name { stored.clone() } else { row.name };
        let (key, seen, open) = (read.id, model.clock, value != stored);
        let known = Known::Live { key, stored, value, seen, stale: false, open, marked_deleted: false, ahead: false };
        model.rows.push(Row { handle, known, added: None, updated: 0 });
    }
}

fn savepoint(
    session: &mut Session<'_>,
    model: &mut Model,
    other: &mut AnyConnection,
    choices: &mut Choices,
    depth: usize,
    keep: bool,
) {
    let mut begun = None;
    let done = session.nested(|session| -> Result<()> {
        model.flush(session);
        model.in_transaction = true;
        begun = Some((model.rows.clone(), model.stored.clone()));
        model.wrote.push(None);
        walk(session, model, other, choices, depth + 1);
        if keep { Ok(()) } else { Err(Error::NoRows { what: "reason".into() }) }
    });
    let (rows, stored) = begun.unwrap();
    if done.is_ok() {
        model.flush(session);
    }
    let since = model.wrote.pop().unwrap();
    match model.wrote.last_mut() {
        _ if done.is_err() => model.undo(&rows, stored, since),
        Some(outer) => *outer = outer.or(since),
        None => {}
    }
}

/// The rows that are there, by key.
fn stored_events(connection: &mut AnyConnection) -> BTreeMap<i64, String> {
    let rows: Vec<Event> = diesel::RunQueryDsl::load(Event::query(), connection).unwrap();
    rows.into_iter().map(|row| (row.id, row.name)).collect()
}

pub fn a_session_and_a_model_of_its_contract_walk_together() -> Result<()> {
    let library = Library::new();
    let other = std::cell::RefCell::new(library.connect());
    proptest!(cases(library.engine(), 2_000, 300), |(steps in proptest::collection::vec(any::<u8>(), 0..240))| {
        let mut other = other.borrow_mut();
        other.batch_execute("DELETE FROM events; INSERT INTO events (name) VALUES ('a'), ('b')").unwrap();
        let stored = stored_events(&mut other);
        let mut model = Model {
            rows: Vec::new(),
            committed: stored.clone(),
            stored,
            clock: 1,
            fresh_since: 1,
            wrote: Vec::new(),
            rereads: 0,
            in_transaction: false,
        };
        let mut session = library.session();
        walk(&mut session, &mut model, &mut other, &mut Choices(steps.into_iter()), 0);
        session.commit().unwrap();
        model.flush(&session);
        drop(session);
        assert_eq!(stored_events(&mut other), model.stored);
    });
    Ok(())
}
