//! Where the keys of new rows come from, and the cache that sessions keep of it.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The source of a new row's key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeySource {
    /// A counter, which gives the rows of one INSERT evenly spaced keys; the engine remembers the first of them.
    Counter {
        /// The step when the catalogue was read.
        step: i64,
        /// Whether a trigger may replace the counter's key.
        replaced: Replaced,
    },
    /// A counter with ascending keys, on an engine whose INSERT returns them.
    Ascending,
    /// Something other than a counter, such as a random default, on an engine whose INSERT returns the keys.
    Uncounted,
    /// A default, as SQL, which can be evaluated for keys before the rows are sent.
    Default(String),
    /// A trigger or nothing at all: the key cannot be known unless an INSERT returns it.
    Unknown,
}

/// Whether a trigger may replace the counter's key with its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replaced {
    /// No trigger does.
    No,
    /// The catalogue does not show it, because this user may not see triggers, or the table is a view.
    Hidden,
    /// One mentions the key, so it may replace it for some rows and not for others.
    Perhaps,
}

/// The known sources of the keys of entities. Clones share one map.
#[derive(Debug, Clone, Default)]
pub struct KeySources(Arc<Mutex<HashMap<TypeId, KeySource>>>);

impl KeySources {
    /// The source of the keys of an entity type's rows, if it was read.
    pub(crate) fn get(&self, entity: TypeId) -> Option<KeySource> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&entity).cloned()
    }

    /// Remembers the source.
    pub(crate) fn set(&self, entity: TypeId, source: KeySource) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(entity, source);
    }
}
