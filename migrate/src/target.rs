//! How far to go, and under which conditions.

use crate::error::{Error, Result};
use crate::migration::{Direction, Migration};
use crate::scripts::Step;

/// How far to go.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// All the way: up to the newest migration, down to none.
    All,
    /// At most this many migrations.
    Steps(usize),
    /// To this version, or the migration of this name: up until it is applied, down until it is the newest one.
    To(String),
}

impl Target {
    /// The maximum number of migrations.
    pub(crate) fn limit(&self) -> usize {
        match self {
            Self::All | Self::To(_) => usize::MAX,
            Self::Steps(steps) => *steps,
        }
    }

    /// Whether going in that direction executes the migration.
    pub(crate) fn includes(&self, direction: Direction, migration: &Migration) -> bool {
        let Self::To(named) = self else { return true };
        let version = Migration::of_folder(named).version;
        match direction {
            Direction::Up => migration.version <= version,
            Direction::Down => migration.version > version,
        }
    }

    /// Refuses a version that is none of the migrations'.
    pub(crate) fn check(&self, application: &str, steps: &[Step]) -> Result<()> {
        let Self::To(named) = self else { return Ok(()) };
        let Migration { version, name } = Migration::of_folder(named);
        let is_meant = |step: &Step| {
            if name.contains('_') { step.migration.name == name } else { step.migration.version == version }
        };
        if steps.iter().any(is_meant) {
            return Ok(());
        }
        Err(Error::NoVersion { application: application.to_owned(), version: named.clone() })
    }
}

/// How to go up: how far, and into which databases. A [`Target`] alone is one, with the careful answers.
///
/// ```
/// use diesel_migrate::{Migrate as _, Migrations, Target, Up};
/// use diesel_session::Database;
///
/// # std::env::set_current_dir(env!("CARGO_MANIFEST_DIR")).unwrap();
/// let migrations = Migrations::folder("my-app", "docs/example");
/// let database = Database::open("sqlite::memory:")?;
/// database.migrate_up(&migrations, Target::Steps(1), |_| ())?;
/// database.migrate_up(&migrations, Up::to(Target::All).into_existing().out_of_order(), |_| ())?;
/// # Ok::<(), diesel_migrate::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Up {
    pub(crate) target: Target,
    pub(crate) into_existing: bool,
    pub(crate) out_of_order: bool,
}

impl Up {
    /// As far as this, into an empty database or the application's own, in order.
    #[must_use]
    pub fn to(target: Target) -> Self {
        Self { target, into_existing: false, out_of_order: false }
    }

    /// Also into a database whose tables all belong to other applications, which is otherwise left alone
    /// ([`Error::Foreign`]).
    #[must_use]
    pub fn into_existing(self) -> Self {
        Self { into_existing: true, ..self }
    }

    /// Also migrations that are older than the newest one applied, which are otherwise refused
    /// ([`Error::OutOfOrder`]).
    #[must_use]
    pub fn out_of_order(self) -> Self {
        Self { out_of_order: true, ..self }
    }
}

impl From<Target> for Up {
    fn from(target: Target) -> Self {
        Self::to(target)
    }
}

/// Which way to go, with the conditions of that way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Up { into_existing: bool, out_of_order: bool },
    Down,
}

impl Order {
    pub(crate) fn direction(self) -> Direction {
        match self {
            Self::Up { .. } => Direction::Up,
            Self::Down => Direction::Down,
        }
    }
}

impl Up {
    pub(crate) fn order(&self) -> Order {
        Order::Up { into_existing: self.into_existing, out_of_order: self.out_of_order }
    }
}
