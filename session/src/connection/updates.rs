//! How an engine writes many rows by one statement.

/// How an engine updates many rows, each with its own values, in one statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Updates {
    /// From a list of parameters: `UPDATE … FROM (VALUES …)`.
    FromValues,
    /// From one array per column: `UPDATE … FROM unnest(…)`; from VALUES where a column does not fit an array.
    FromArrays,
    /// From a joined list of parameters: `UPDATE … JOIN (SELECT ? … UNION ALL …)`.
    FromJoin,
}
