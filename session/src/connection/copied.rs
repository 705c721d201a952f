//! Rows that are copied into a table as one stream, where the engine can do that: the table, its columns, and what is
//! known of both.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::query_builder::AstPass;

use super::SealedValues;

/// A table and the columns that copied rows fill. Only the session implements it.
pub trait CopiedInto<DB: Backend>: SealedValues {
    /// Writes `t (a, b)`.
    ///
    /// # Errors
    ///
    /// Diesel's, for a name that cannot be written.
    fn walk_target(out: AstPass<'_, '_, DB>) -> QueryResult<()>;
}

/// A column that copied rows can fill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopiedColumn {
    /// Its name.
    pub name: String,
    /// The number of its type in the database's catalogue; of a domain, that of the type under it.
    pub type_id: u32,
}

/// The entities whose rows can be copied, as far as it is known. It holds for one transaction, in which others cannot
/// change a table that has been written.
#[derive(Debug, Default)]
pub struct Copies(Mutex<HashMap<(TypeId, bool), bool>>);

impl Copies {
    /// Whether the rows of an entity type can be copied, with or `whole`, with the values that the database generates.
    pub(crate) fn get(&self, entity: TypeId, whole: bool) -> Option<bool> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&(entity, whole)).copied()
    }

    /// Remembers whether they can.
    pub(crate) fn set(&self, entity: TypeId, whole: bool, copies: bool) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert((entity, whole), copies);
    }

    /// Forgets what is known, because another transaction begins.
    pub(crate) fn forget(&mut self) {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
