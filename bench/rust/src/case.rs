//! The cases: what is done, which rows it needs, and how the database proves that it was done.

/// What is done with this number of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// New users in one transaction, and their keys back.
    Insert,
    /// New users in one transaction, without their keys.
    Bulk,
    /// All users as whole rows.
    Load,
    /// Every user, loaded before, gets other stars.
    Update,
    /// Each user by its key, in one transaction, none of them known before.
    Get,
    /// New users with three repositories and two notes each, in one transaction.
    Graph,
    /// A new user in a transaction of its own, once for each row.
    AddOne,
    /// A user by its key in a transaction of its own, once for each row.
    ReadOne,
    /// Every user, loaded before, is deleted.
    Delete,
}

impl Case {
    pub fn named(name: &str) -> Result<Self, String> {
        Ok(match name {
            "insert" => Self::Insert,
            "bulk" => Self::Bulk,
            "load" => Self::Load,
            "update" => Self::Update,
            "get" => Self::Get,
            "graph" => Self::Graph,
            "add-one" => Self::AddOne,
            "read-one" => Self::ReadOne,
            "delete" => Self::Delete,
            other => return Err(format!("no case {other}")),
        })
    }

    /// Whether the users are there before.
    pub fn needs_rows(self) -> bool {
        matches!(self, Self::Load | Self::Update | Self::Get | Self::ReadOne | Self::Delete)
    }

    /// A query for a number, and the number if the work was done.
    pub fn proof(self, rows: i64) -> (&'static str, i64) {
        match self {
            Self::Insert | Self::Bulk | Self::AddOne | Self::Load | Self::Get | Self::ReadOne => {
                ("SELECT count(*) AS number FROM users", rows)
            }
            Self::Update => ("SELECT count(*) AS number FROM users WHERE stars = id + 1000", rows),
            Self::Graph => (
                "SELECT count(*) AS number FROM users JOIN repositories ON repositories.user_id = users.id \
                 JOIN notes ON notes.user_id = users.id",
                6 * rows,
            ),
            Self::Delete => ("SELECT count(*) AS number FROM users", 0),
        }
    }

    /// The number of rows that the contender itself has in its hands in the end.
    pub fn seen(self, rows: i64) -> i64 {
        match self {
            Self::Graph => 6 * rows,
            _ => rows,
        }
    }
}
