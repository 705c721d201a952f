//! Where the keys of new rows come from, and what sessions remember of it.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Where a database takes the key of a new row from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeySource {
    /// A counter, which gives the rows of one INSERT keys at an even distance; the engine remembers the first of them.
    Counter {
        /// The distance when the catalogue was asked.
        step: i64,
        /// Whether a trigger may put another key in its place.
        replaced: Replaced,
    },
    /// A counter whose keys ascend, where an INSERT gives them back.
    Ascending,
    /// A default, by its SQL: it can be asked for keys before the rows are sent.
    Default(String),
    /// A trigger or nothing at all: the key cannot be known, unless an INSERT gives it back.
    Unknown,
}

/// Whether a trigger may put a key of its own in the place of the counter's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replaced {
    /// No trigger does.
    No,
    /// The catalogue does not say, because this user may not see triggers, or the table is a view.
    Hidden,
    /// One names the key, so that it may do so for some rows and not for others.
    Perhaps,
}

/// What is known of where the keys of entities come from. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct KeySources(Arc<Mutex<HashMap<TypeId, KeySource>>>);

impl KeySources {
    /// The source of the keys of an entity type's rows, if it was asked for.
    pub(crate) fn get(&self, entity: TypeId) -> Option<KeySource> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&entity).cloned()
    }

    /// Remembers it.
    pub(crate) fn set(&self, entity: TypeId, source: KeySource) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(entity, source);
    }
}
