//! What a random walk has made of the depot, without a database: the rows, and what relations lead to.

use std::collections::BTreeSet;

use diesel_session::session::Persist;
use diesel_session::{Entity, Handle, Result};

use crate::choices::Choices;
use crate::depot::*;
use crate::domain::{C, Session};

/// A row; `value` is `None` once it is deleted.
#[derive(Debug, Clone)]
pub struct Known<E: Entity, V> {
    pub handle: Handle<E>,
    /// Its key, as far as a commit has shown it.
    pub key: Option<E::Key>,
    pub value: Option<V>,
}

/// The rows of one table; others refer to them by their index.
#[derive(Debug, Clone)]
pub struct Rows<E: Entity, V>(pub Vec<Known<E, V>>);

#[derive(Debug, Clone, PartialEq)]
pub struct ItemValue {
    pub shelf: Option<usize>,
    pub above: Option<usize>,
    pub name: String,
    pub hidden: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct SlotValue {
    pub shelf: usize,
    pub number: i64,
}

/// The whole depot.
#[derive(Debug, Clone, Default)]
pub struct Model {
    /// With their labels.
    pub shelves: Rows<Shelf, String>,
    pub items: Rows<Item, ItemValue>,
    /// With their codes and notes.
    pub marks: Rows<Mark, (i64, String)>,
    /// Items and their marks.
    pub links: BTreeSet<(usize, usize)>,
    pub slots: Rows<Slot, SlotValue>,
    /// With the slots that they are in.
    pub cards: Rows<Card, Option<usize>>,
    /// With their slots, numbers and colours.
    pub pins: Rows<Pin, (usize, i64, String)>,
}

impl<E: Entity, V> Default for Rows<E, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<E: Entity + Persist<C>, V> Rows<E, V> {
    pub fn push(&mut self, handle: Handle<E>, value: V) {
        self.0.push(Known { handle, key: None, value: Some(value) });
    }

    /// The rows that are there, by their indexes.
    pub fn alive(&self) -> Vec<usize> {
        (0..self.0.len()).filter(|row| self.0[*row].value.is_some()).collect()
    }

    /// One of them.
    pub fn one(&self, choices: &mut Choices) -> Option<usize> {
        let alive = self.alive();
        (!alive.is_empty()).then(|| choices.one(&alive))
    }

    /// One of them, or none.
    pub fn maybe(&self, choices: &mut Choices) -> Option<usize> {
        if choices.of(3) == 0 { None } else { self.one(choices) }
    }

    /// Some of them, perhaps one of them twice.
    pub fn some(&self, choices: &mut Choices) -> Vec<usize> {
        (0..choices.of(4)).filter_map(|_| self.one(choices)).collect()
    }

    pub fn handle(&self, row: usize) -> Handle<E> {
        self.0[row].handle
    }

    pub fn handles(&self, rows: &[usize]) -> Vec<Handle<E>> {
        rows.iter().map(|row| self.handle(*row)).collect()
    }

    pub fn value(&self, row: usize) -> &V {
        self.0[row].value.as_ref().expect("the row is there")
    }

    pub fn value_mut(&mut self, row: usize) -> &mut V {
        self.0[row].value.as_mut().expect("the row is there")
    }

    pub fn remove(&mut self, row: usize) {
        self.0[row].value = None;
    }

    /// The rows that are there and meet a condition.
    pub fn filter(&self, condition: impl Fn(&V) -> bool) -> Vec<usize> {
        self.alive().into_iter().filter(|row| condition(self.value(*row))).collect()
    }

    /// The handles of rows, in order of their keys.
    pub fn by_key(&self, session: &Session<'_>, rows: Vec<usize>) -> Vec<Handle<E>> {
        let mut rows = self.handles(&rows);
        rows.sort_by_key(|row| session.key(*row).expect("a row that was found has a key"));
        rows
    }

    /// Remembers the keys.
    pub fn keep_keys(&mut self, session: &Session<'_>) {
        for row in self.0.iter_mut().filter(|row| row.value.is_some()) {
            row.key = session.key(row.handle).ok();
        }
    }

    /// Finds the rows anew by their keys, whatever their filters.
    pub fn find_again(&mut self, session: &mut Session<'_>) -> Result<()> {
        for row in self.0.iter_mut().filter(|row| row.value.is_some()) {
            let key = row.key.clone().expect("committed rows have keys");
            row.handle = session.without_filters(|session| session.get_one::<E>(key))?;
        }
        Ok(())
    }
}

impl Model {
    pub fn keep_keys(&mut self, session: &Session<'_>) {
        self.shelves.keep_keys(session);
        self.items.keep_keys(session);
        self.marks.keep_keys(session);
        self.slots.keep_keys(session);
        self.cards.keep_keys(session);
        self.pins.keep_keys(session);
    }

    pub fn find_again(&mut self, session: &mut Session<'_>) -> Result<()> {
        self.shelves.find_again(session)?;
        self.items.find_again(session)?;
        self.marks.find_again(session)?;
        self.slots.find_again(session)?;
        self.cards.find_again(session)?;
        self.pins.find_again(session)
    }

    /// The items on a shelf that are not hidden.
    pub fn on_shelf(&self, shelf: usize) -> Vec<usize> {
        self.items.filter(|item| item.shelf == Some(shelf) && !item.hidden)
    }

    /// Whether nothing else refers to a shelf.
    pub fn is_shelf_free(&self, shelf: usize) -> bool {
        self.items.filter(|item| item.shelf == Some(shelf)).is_empty()
            && self.slots.filter(|slot| slot.shelf == shelf).is_empty()
    }

    /// An item and all that stand below it; `None` if one of them has a mark.
    pub fn stack(&self, item: usize) -> Option<Vec<usize>> {
        let mut stack = vec![item];
        let mut next = 0;
        while next < stack.len() {
            let below = self.items.filter(|below| below.above == Some(stack[next]));
            stack.extend(below.into_iter().filter(|below| !stack.contains(below)).collect::<Vec<_>>());
            next += 1;
        }
        let is_marked = |item: &usize| self.links.iter().any(|(marked, _)| marked == item);
        (!stack.iter().any(is_marked)).then_some(stack)
    }

    /// The items below one that are not hidden, with their depths, each before those below it.
    pub fn tree(&self, session: &Session<'_>, item: usize) -> Vec<(usize, Handle<Item>)> {
        let mut found = Vec::new();
        self.descend(session, &[item], &mut found);
        found
    }

    fn descend(&self, session: &Session<'_>, path: &[usize], found: &mut Vec<(usize, Handle<Item>)>) {
        let above = path.last().copied();
        let mut below = self.items.filter(|item| item.above == above && !item.hidden);
        below.retain(|item| !path.contains(item));
        below.sort_by_key(|item| session.key(self.items.handle(*item)).expect("it was found"));
        for item in below {
            found.push((path.len() - 1, self.items.handle(item)));
            self.descend(session, &[path, &[item]].concat(), found);
        }
    }

    /// What an item's row should be.
    pub fn item(&self, session: &Session<'_>, item: usize) -> (Option<i64>, Option<i64>, String, bool) {
        let value = self.items.value(item);
        let shelf = value.shelf.map(|shelf| session.key(self.shelves.handle(shelf)).expect("a flushed row has a key"));
        let above = value.above.map(|above| session.key(self.items.handle(above)).expect("a flushed row has a key"));
        (shelf, above, value.name.clone(), value.hidden)
    }

    /// The same, by the keys that were remembered.
    pub fn committed_item(&self, item: usize) -> Option<(Option<i64>, Option<i64>, String, bool)> {
        let value = self.items.0.get(item)?.value.as_ref()?;
        let shelf = value.shelf.map(|shelf| self.shelves.0[shelf].key.expect("committed rows have keys"));
        let above = value.above.map(|above| self.items.0[above].key.expect("committed rows have keys"));
        Some((shelf, above, value.name.clone(), value.hidden))
    }
}
