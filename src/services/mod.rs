//! Folio's domain operations on its records, on top of a [`Session`](crate::Session).
//!
//! Every function works inside the caller's transaction, so several calls form one unit of work, saved as a whole or
//! not at all. Returned rows are detached: plain values.
//!
//! ```
//! use folio::services::{repositories, users};
//! # use folio::{Database, Result, migrations::Migrate as _};
//! # let db = Database::open("sqlite::memory:")?;
//! # db.migrate()?;
//! let owner = db.begin(|session| -> Result<_> {
//!     let owner = users::add(session, users::Account::new("octocat")?)?;
//!     repositories::add(session, repositories::Project::new(owner.user_id, "hello-world")?)?;
//!     Ok(owner)
//! })?;
//! assert_eq!(owner.username, "octocat");
//! # Ok::<(), folio::Error>(())
//! ```

pub mod copy;
pub mod export;
pub mod history;
pub mod import;
mod links;
mod listing;
pub mod notes;
pub mod query;
pub mod references;
pub mod repositories;
pub mod resumes;
pub mod search;
pub mod stats;
pub mod tables;
pub mod users;

pub use links::Linked;
pub use listing::{Limit, Sort};
use listing::{pages, sorted};

/// "1 repository", "3 repositories".
#[must_use]
pub fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
