//! Rows whose key the database changes together with the key that it refers to (ON UPDATE CASCADE): they keep their
//! handles.
//!
//! An entity does not declare whether a foreign key cascades. The session finds out once, by one SELECT after the first
//! UPDATE that may have affected rows in memory; a row that is not under its new key is under its old one.
//!
//! A key that differs from the changing value only in case or trailing blanks may still refer to it, because a
//! collation may treat the two as equal. If keys in memory resemble it in this way, the database is asked before the
//! UPDATE.

use std::any::{Any, TypeId};
use std::collections::{HashMap, HashSet};

use crate::connection::{Executor, SessionConnection};
use crate::error::Result;
use crate::session::entity::{ColumnSet, Entity, Reference, Table};
use crate::session::identity::{Follower, IdentityMap};
use crate::session::identity_maps::Failure;
use crate::session::sql::{Persist, in_words};

/// The number of rows selected at a time to learn whether a key change was cascaded.
const ASKED_AT_A_TIME: usize = 50;

/// The values of one table that UPDATEs change, row by row, and that rows of other tables may have in their keys.
pub(crate) struct Changes {
    pub(super) table: &'static Table,
    pub(super) values: Vec<Change>,
    /// Values in other tables' keys that the database treats as equal to a changing value: by the other table and the
    /// position in its key, both values as `Debug` text.
    pub(super) alike: HashMap<(TypeId, usize), HashMap<String, String>>,
}

/// A changing value: the old value as `Debug` text, the old value, and the new value.
pub(crate) type Changed = (String, Box<dyn Any>, Box<dyn Any>);

/// One value that changes.
pub(super) struct Change {
    /// The number of its row among those updated.
    pub(super) number: usize,
    pub(super) column: usize,
    /// The old value as `Debug` text.
    pub(super) shown: String,
    pub(super) from: Box<dyn Any>,
    pub(super) to: Box<dyn Any>,
}

/// The change of a value in one column of a key.
pub(crate) struct Passed {
    /// The number of the row that changes it.
    pub(crate) number: usize,
    pub(crate) from: Box<dyn Any>,
    pub(crate) to: Box<dyn Any>,
}

/// A column of a key whose values change.
pub(crate) struct Passing {
    /// Its position in the key.
    pub(crate) position: usize,
    /// The table and the column in which they change.
    pub(crate) origin: (&'static Table, usize),
    /// The changes, by the old value as `Debug` text.
    pub(crate) values: HashMap<String, Passed>,
}

/// A value in a key that resembles a changing value, with a key that contains it.
pub(crate) struct Resembling<K> {
    pub(crate) position: usize,
    pub(crate) origin: (&'static Table, usize),
    /// The key in memory, and the same key with the value that changes.
    pub(crate) keys: (K, K),
    /// Both values as `Debug` text.
    pub(crate) shown: (String, String),
}

/// A form that is the same for all values that differ only in case or trailing blanks, which a collation may treat as
/// equal.
pub(crate) fn folded(shown: &str) -> String {
    in_words(&format_args!("{shown}")).trim_end().to_lowercase()
}

impl Changes {
    /// The changes to the columns of another table's key, by their positions in it.
    pub(crate) fn of_key(&self, table: &'static Table) -> Vec<Passing> {
        let columns = self.values.iter().map(|change| change.column).fold(ColumnSet::EMPTY, ColumnSet::with);
        let mut passed = Vec::new();
        for (position, column) in table.key.iter().enumerate() {
            for target in columns.iter() {
                let Some(path) = table.reference_path(*column, self.table, target) else { continue };
                let cascaded = |change: &Change| {
                    let (from, to) = (converted(&path, &*change.from)?, converted(&path, &*change.to)?);
                    Some((change.shown.clone(), Passed { number: change.number, from, to }))
                };
                let changes = self.values.iter().filter(|change| change.column == target);
                let values = changes.filter_map(cascaded).collect();
                passed.push(Passing { position, origin: (self.table, target), values });
            }
        }
        passed
    }

    /// The changing value that the database treats as equal to the one at this position of a key of `table`.
    pub(crate) fn alike(&self, table: &'static Table, position: usize, shown: &str) -> Option<&str> {
        self.alike.get(&((table.id)(), position))?.get(shown).map(String::as_str)
    }
}

/// Converts a value at the upper end of a path of references to that of the column at its lower end.
fn converted(path: &[Reference], value: &dyn Any) -> Option<Box<dyn Any>> {
    let mut up = path.iter().rev();
    let first = (up.next()?.convert)(value)?;
    up.try_fold(first, |value, reference| (reference.convert)(&*value))
}

/// Asks the database which of the values that resemble a changing value it treats as equal to it.
pub(crate) fn find_alike<E, C>(
    map: &IdentityMap<E>,
    executor: &mut Executor<'_, C>,
    changes: &mut Changes,
) -> Result<(), Failure>
where
    E: Persist<C>,
    C: SessionConnection,
{
    for Resembling { position, origin, keys, shown } in map.resembling(changes) {
        let alike = E::is_alike(executor, position, origin, (&keys.0, &keys.1));
        if alike.map_err(|error| Failure::of::<E, C>(executor, error, "comparing keys of"))? {
            let of_column = changes.alike.entry(((E::table().id)(), position)).or_default();
            of_column.insert(shown.0, shown.1);
        }
    }
    Ok(())
}

/// Gives their new keys to the rows of an identity map that follow the first `sent` changes.
pub(crate) fn follow<E, C>(
    map: &mut IdentityMap<E>,
    executor: &mut Executor<'_, C>,
    changes: &Changes,
    sent: usize,
) -> Result<(), Failure>
where
    E: Persist<C>,
    C: SessionConnection,
{
    let mut followers = map.followers(changes);
    followers.retain(|follower| follower.number < sent);
    let unknown: Vec<&Follower<E>> = followers.iter().filter(|follower| map.cascades(follower).is_none()).collect();
    let mut gone = HashSet::new();
    for asked in unknown.chunks(ASKED_AT_A_TIME) {
        let mut keys: Vec<E::Key> = asked.iter().flat_map(|row| [row.old.clone(), row.new.clone()]).collect();
        keys.sort();
        keys.dedup();
        let found = E::select(executor, &keys).map_err(|error| Failure::of::<E, C>(executor, error, "reading"))?;
        let found: HashSet<E::Key> = found.iter().map(Entity::key).collect();
        for row in asked {
            if found.contains(&row.old) {
                // A change that a collation may ignore shows nothing about other changes.
                if !row.is_slight {
                    map.learn(row, false);
                }
            } else if found.contains(&row.new) {
                map.learn(row, true);
            } else {
                gone.insert(row.index);
            }
        }
        if asked.iter().any(|row| map.cascades(row).is_some()) {
            break;
        }
    }
    for follower in followers {
        if gone.contains(&follower.index) {
            map.deleted(follower.index);
        } else if map.cascades(&follower) == Some(true) {
            map.cascaded(follower);
        }
    }
    Ok(())
}
