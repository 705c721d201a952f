//! `Isolation`: how far a transaction is kept apart from those of others.

/// How far a transaction is kept apart from the transactions of others that run meanwhile; each level keeps what the one
/// before it promises.
///
/// SQLite knows the strongest only, and meets every level by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Isolation {
    /// Each statement sees what others have committed before it: reading a row twice may give two values.
    ReadCommitted,
    /// All that is read is as it was at one moment. What was read may have been changed by others since.
    RepeatableRead,
    /// As if one transaction ran after the other: where that cannot be, one of them fails with a conflict or at a lock,
    /// and [`retrying`](crate::Database::retrying) runs it again.
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
