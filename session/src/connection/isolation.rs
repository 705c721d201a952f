//! `Isolation`: the isolation level of a transaction.

/// How far a transaction is isolated from concurrent ones; each level keeps the promises of the one before it.
///
/// SQLite has only the strongest, and uses it for every level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Isolation {
    /// Each statement sees what others have committed before it: reading a row twice may return two values.
    ReadCommitted,
    /// All reads see one snapshot. Others may since have changed what was read.
    RepeatableRead,
    /// As if the transactions ran one after another: where that is impossible, one of them fails with a conflict or at
    /// a lock, and [`retrying`](crate::Database::retrying) runs it again.
    Serializable,
}

impl Isolation {
    /// Its name in SQL.
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    pub(super) fn sql(self) -> &'static str {
        match self {
            Self::ReadCommitted => "READ COMMITTED",
            Self::RepeatableRead => "REPEATABLE READ",
            Self::Serializable => "SERIALIZABLE",
        }
    }
}
