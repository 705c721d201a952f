//! The name of a migration, and the two ways in which it can be executed.

use std::fmt;

use serde::Serialize;

/// The name of a migration.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[non_exhaustive]
pub struct Migration {
    /// The recorded version: what stands before the first underscore of the folder's name, without dashes.
    pub version: String,
    /// The folder's name.
    pub name: String,
}

impl fmt::Display for Migration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Migration {
    /// As Diesel makes a version of a folder's name.
    pub(crate) fn of_folder(name: &str) -> Self {
        let version = name.split('_').next().unwrap_or_default().replace('-', "");
        Self { version, name: name.to_owned() }
    }
}

/// Which of a migration's two scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// The one that applies it, `up.sql`.
    Up,
    /// The one that reverts it, `down.sql`.
    Down,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Up => "up",
            Self::Down => "down",
        })
    }
}
