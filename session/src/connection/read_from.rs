//! `ReadFrom`: which of a URL's hosts units that only read go to.

/// Which of a URL's hosts the units go to that only read ([`Database::read`](crate::Database::read)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ReadFrom {
    /// The host that takes writes.
    #[default]
    Primary,
    /// A standby (a replica, a secondary, another node of the cluster), or the primary if no other host answers.
    Standby,
}
