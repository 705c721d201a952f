//! What the order of a flush depends on.

use std::any::TypeId;

use crate::session::entity::Table;
use crate::session::given::{Given, Parent};
use crate::session::value::Value;

/// What ordering needs to know about the rows of one entity type.
pub(crate) trait Rows {
    /// The entity type.
    fn entity(&self) -> TypeId;
    /// Its table.
    fn table(&self) -> &'static Table;
    /// The value of a row in a column: in the database now, or `after` the flush.
    fn given(&self, index: u64, column: usize, after: bool) -> Given<'_>;
    /// The value in a column of the key of a row that is in the database; `None` for a column outside the key.
    fn key_part(&self, index: u64, column: usize) -> Option<Box<dyn Value>>;
    /// Whether the row is added and not flushed.
    fn is_pending(&self, index: u64) -> bool;
    /// Calls `see` with each row that a pending row, or a changed foreign key of another, refers to by its handle.
    fn parents(&self, index: u64, see: &mut dyn FnMut(Parent));
}
