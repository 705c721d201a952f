//! Rows whose key the database changes together with the one that it refers to (ON UPDATE CASCADE): they keep their handles.
//!
//! Whether a foreign key is passed on is not known to an entity. It is asked once a session, by one SELECT after the first
//! UPDATE that may have reached rows in memory; a row that is not under its new key is under its old one.

use std::any::Any;
use std::collections::{HashMap, HashSet};

use super::Session;
use super::entity::{ColumnSet, Entity, Table};
use super::identity::{Follower, Store};
use super::plan::{Action, Task};
use super::sql::Persist;
use super::stores::{AnyStore, Failure};
use crate::connection::{Link, SessionConnection};
use crate::error::Result;

/// How many rows are looked for at a time to learn whether a key was passed on.
const ASKED_AT_A_TIME: usize = 50;

/// Values of one table that rows of others may have in their keys, and that UPDATEs change, one row after the other.
pub(crate) struct Changes {
    table: &'static Table,
    values: Vec<Change>,
}

/// One value that changes.
struct Change {
    /// The number of the row among those updated.
    number: usize,
    column: usize,
    from: String,
    to: Box<dyn Any>,
}

/// What becomes of the values in one column of a key: by how they show themselves, when and into what they change.
pub(crate) type Passed = HashMap<String, (usize, Box<dyn Any>)>;

impl Changes {
    /// What becomes of the columns of another table's key, by their positions in it.
    pub(crate) fn of_key(&self, table: &'static Table) -> Vec<(usize, Passed)> {
        let columns = self.values.iter().map(|change| change.column).fold(ColumnSet::EMPTY, ColumnSet::with);
        let mut passed = Vec::new();
        for (position, column) in table.key.iter().enumerate() {
            for target in columns.iter() {
                let Some(way) = table.way(*column, self.table, target) else { continue };
                let convert = |to: &dyn Any| {
                    let mut up = way.iter().rev();
                    let first = (up.next()?.convert)(to)?;
                    up.try_fold(first, |value, reference| (reference.convert)(&*value))
                };
                let changes = self.values.iter().filter(|change| change.column == target);
                let values =
                    changes.filter_map(|change| Some((change.from.clone(), (change.number, convert(&*change.to)?))));
                passed.push((position, values.collect()));
            }
        }
        passed
    }
}

impl<C: SessionConnection> Session<'_, C> {
    /// Carries out one step of a flush; the rows below follow the keys that it changes.
    pub(super) fn carry_out(&mut self, task: &Task) -> Result<()> {
        let mut rows = task.rows.as_slice();
        while !rows.is_empty() {
            let changes = self.key_changes(task, rows);
            // Up to the first row that tells whether its value is passed on: before others can take that value over.
            let telling =
                changes.iter().flat_map(|changes| self.stores.iter().filter_map(move |store| store.telling(changes)));
            let sent = telling.min().map_or(rows.len(), |number| number + 1);
            let now = self.transaction.now();
            let mut link = Link::new(&mut **self.connection, self.echo.as_ref()).knowing(Some(&self.keys));
            self.stores.run(task.part, &mut link, task.action, &rows[..sent], now)?;
            if let Some(changes) = &changes {
                for store in self.stores.iter_mut() {
                    store.follow(&mut link, changes, sent)?;
                }
            }
            rows = &rows[sent..];
        }
        Ok(())
    }

    /// What an UPDATE of these rows changes that keys in memory may hold.
    fn key_changes(&self, task: &Task, rows: &[u64]) -> Option<Changes> {
        let (Action::Update(columns), Some(store)) = (task.action, self.stores.at(task.part)) else { return None };
        let table = store.table();
        let reached = |column: &usize| {
            let below = |store: &dyn AnyStore<C>| {
                store.table().key.iter().any(|part| store.table().way(*part, table, *column).is_some())
            };
            self.stores.iter().any(below)
        };
        let columns: Vec<usize> = columns.iter().filter(reached).collect();
        let change = |number: usize, row: u64, column: usize| {
            let (from, to) = store.change(row, column)?;
            Some(Change { number, column, from, to })
        };
        let each =
            rows.iter().enumerate().flat_map(|(number, row)| columns.iter().map(move |column| (number, *row, *column)));
        let values: Vec<Change> = each.filter_map(|(number, row, column)| change(number, row, column)).collect();
        (!values.is_empty()).then_some(Changes { table, values })
    }
}

/// Gives the rows of a store that follow the first `sent` of the changes their new keys.
pub(crate) fn follow<E, C>(
    store: &mut Store<E>,
    link: &mut Link<'_, C>,
    changes: &Changes,
    sent: usize,
) -> Result<(), Failure>
where
    E: Persist<C>,
    C: SessionConnection,
{
    let mut followers = store.followers(changes);
    followers.retain(|follower| follower.number < sent);
    let unknown: Vec<&Follower<E>> = followers.iter().filter(|follower| store.passes_on(follower).is_none()).collect();
    let mut gone = HashSet::new();
    for asked in unknown.chunks(ASKED_AT_A_TIME) {
        let mut keys: Vec<E::Key> = asked.iter().flat_map(|row| [row.old.clone(), row.new.clone()]).collect();
        keys.sort();
        keys.dedup();
        let found = E::select(link, &keys).map_err(|error| Failure::of::<E, C>(link, error, "reading"))?;
        let found: HashSet<E::Key> = found.iter().map(Entity::key).collect();
        for row in asked {
            if found.contains(&row.old) {
                store.learn(row, false);
            } else if found.contains(&row.new) {
                store.learn(row, true);
            } else {
                gone.insert(row.index);
            }
        }
        if asked.iter().any(|row| store.passes_on(row).is_some()) {
            break;
        }
    }
    for follower in followers {
        if gone.contains(&follower.index) {
            store.deleted(follower.index);
        } else if store.passes_on(&follower) == Some(true) {
            store.passed_on(follower);
        }
    }
    Ok(())
}
