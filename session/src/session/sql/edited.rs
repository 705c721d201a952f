//! A changed row, as the UPDATEs take it.

/// A changed row and its values in the database.
#[derive(Debug)]
pub struct Edited<'a, E> {
    /// The row with its new values.
    pub(crate) row: &'a E,
    /// The row as it was read: its key and version identify the row.
    pub(crate) before: &'a E,
}
