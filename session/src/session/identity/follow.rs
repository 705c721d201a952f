//! Keys that change because a value that they refer to changes.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::IdentityMap;
use super::key_changes::{KeyChanges, Passed, Passing, PathId, Resembling, folded};
use super::slots::Slot;
use super::undo::Undo;
use crate::session::entity::Entity;
use crate::session::value::{FieldValue, Value};

/// A row whose key contains a value that changes in another table.
pub(crate) struct Follower<E: Entity> {
    /// The number of the row that changes it.
    pub(crate) number: usize,
    pub(crate) index: u64,
    pub(crate) old: E::Key,
    /// Its key if the database cascades the change.
    pub(crate) new: E::Key,
    /// The positions of the key columns that change.
    positions: Vec<usize>,
    /// The paths of foreign keys by which they change.
    paths: Vec<PathId>,
    /// The key changes only in case, in accents or in trailing blanks.
    pub(crate) is_slight: bool,
}

impl<E: Entity> IdentityMap<E> {
    /// The rows whose keys contain a value that changes, in the order of the changes.
    pub(crate) fn followers(&self, changes: &KeyChanges) -> Vec<Follower<E>> {
        let passed = changes.of_key(E::table());
        if passed.is_empty() {
            return Vec::new();
        }
        let mut followers = Vec::new();
        for (old, index) in &self.by_key {
            let (mut new, mut number, mut positions, mut paths) = (old.clone(), usize::MAX, Vec::new(), Vec::new());
            for passing in &passed {
                let Some(passed) = passed_to::<E>(old, passing, changes) else { continue };
                for ((position, _), to) in passing.parts.iter().zip(&passed.to) {
                    let field = E::key_field(&mut new, *position);
                    if !field.is_same(&**to) && field.set(&**to) {
                        positions.push(*position);
                    }
                }
                number = number.min(passed.number);
                paths.push(passing.id());
            }
            if new != *old {
                let is_slight = folded(old) == folded(&new);
                followers.push(Follower { number, index: *index, old: old.clone(), new, positions, paths, is_slight });
            }
        }
        followers.sort_by_key(|follower| (follower.number, follower.index));
        followers
    }

    /// Values in keys that differ only in case, in accents or in trailing blanks from a value that changes, each once.
    pub(crate) fn resembling(&self, changes: &KeyChanges) -> Vec<Resembling<E::Key>> {
        let mut resembling = Vec::new();
        for passing in changes.of_key(E::table()) {
            for (part, (position, target)) in passing.parts.iter().copied().enumerate() {
                let changing: HashSet<&FieldValue<'static>> = passing.values.keys().map(|from| &from[part]).collect();
                // A number has only one spelling.
                if !changing.iter().any(|from| format!("{from:?}").contains('"')) {
                    continue;
                }
                let mut folds: HashMap<String, Vec<&FieldValue<'static>>> = HashMap::new();
                for from in &changing {
                    folds.entry(folded(from)).or_default().push(from);
                }
                let mut met = HashSet::new();
                for key in self.by_key.keys() {
                    let mut changed = key.clone();
                    let value = value_in_key::<E>(position, E::key_field(&mut changed, position));
                    if changing.contains(&value) || met.contains(&value) {
                        continue;
                    }
                    for from in folds.get(&folded(&value)).into_iter().flatten().copied() {
                        E::key_field(&mut changed, position).set(&*from.value);
                        let (keys, values) = ((key.clone(), changed.clone()), (value.clone(), from.clone()));
                        resembling.push(Resembling { position, origin: (passing.origin, target), keys, values });
                    }
                    met.insert(value);
                }
            }
        }
        resembling
    }

    /// The number of the first change after which keys must be known before more are sent: the change shows whether the
    /// database cascades it, or a row that is `sent` later follows it.
    pub(crate) fn stop(&self, changes: &KeyChanges, sent: &[u64]) -> Option<usize> {
        let numbers: HashMap<u64, usize> = sent.iter().enumerate().map(|(number, index)| (*index, number)).collect();
        let followers = self.followers(changes);
        let stops = |follower: &&Follower<E>| match self.cascades(follower) {
            None => true,
            Some(cascades) => cascades && numbers.get(&follower.index).is_some_and(|own| *own > follower.number),
        };
        followers.iter().find(stops).map(|follower| follower.number)
    }

    /// Whether the database cascades a change to that row; `None` if that is not known yet.
    pub(crate) fn cascades(&self, follower: &Follower<E>) -> Option<bool> {
        let mut known = follower.paths.iter().map(|path| self.cascades.get(path).copied());
        known.try_fold(true, |all, one| Some(all && one?))
    }

    /// Remembers whether the database cascaded a change.
    pub(crate) fn learn(&mut self, follower: &Follower<E>, cascaded: bool) {
        for path in &follower.paths {
            self.cascades.insert(path.clone(), cascaded);
        }
    }

    /// Records that the database has changed the row's key. Edits of the row stay; the rest of its value is no longer
    /// known.
    pub(crate) fn cascaded(&mut self, follower: Follower<E>) {
        let Follower { index, old, mut new, positions, .. } = follower;
        if self.find(&old) != Some(index) {
            return;
        }
        self.by_key.remove(&old);
        let slot = match self.slots.get_mut(index) {
            Some(Slot::Loaded(loaded)) if loaded.before.is_some() => {
                let mut key = loaded.row.key();
                let mut before = old.clone();
                for position in positions {
                    let field = E::key_field(&mut key, position);
                    if field.is_same(E::key_field(&mut before, position)) {
                        field.set(&*E::key_field(&mut new, position).copied());
                    }
                }
                loaded.row.set_key(key);
                if let Some(before) = &mut loaded.before {
                    before.set_key(new.clone());
                }
                None
            }
            Some(Slot::Loaded(loaded)) => {
                Some(Slot::Expired { key: new.clone(), marked_deleted: loaded.marked_deleted })
            }
            Some(Slot::Expired { marked_deleted, .. }) => {
                Some(Slot::Expired { key: new.clone(), marked_deleted: *marked_deleted })
            }
            _ => return,
        };
        if let Some(slot) = slot {
            self.slots.replace(index, slot);
        }
        self.take_key(new, index);
        self.log.push(Undo::Updated(index, old));
    }
}

/// What a key changes to by a path of foreign keys, if it has values that change, or values that the database treats as
/// equal to these.
fn passed_to<'p, E: Entity>(key: &E::Key, passing: &'p Passing, changes: &KeyChanges) -> Option<&'p Passed> {
    let mut key = key.clone();
    let positions = passing.parts.iter().map(|(position, _)| *position);
    let values: Vec<_> =
        positions.clone().map(|position| value_in_key::<E>(position, E::key_field(&mut key, position))).collect();
    let alike = || {
        let alike = |(position, value): (usize, &FieldValue<'static>)| {
            changes.alike(E::table(), position, value).unwrap_or(value).clone()
        };
        passing.values.get(&positions.zip(&values).map(alike).collect::<Vec<_>>())
    };
    passing.values.get(&values).or_else(alike)
}

/// A value of the column at this position of the key of `E`, to be looked up among others.
fn value_in_key<E: Entity>(position: usize, value: &dyn Value) -> FieldValue<'static> {
    let table = E::table();
    table.columns[table.key[position]].value(Cow::Owned(value.copied()))
}
