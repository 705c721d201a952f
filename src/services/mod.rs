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
pub mod import;
pub mod notes;
pub mod repositories;
pub mod resumes;
pub mod tables;
pub mod users;

use diesel_session::Error as SessionError;

use crate::error::{Error, Result};
use crate::session::Entity;
use crate::types::Id;

/// The number of rows that a listing reads at a time.
const PAGE: u32 = 1_000;

/// The rows of a listing to return, in the order of their ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limit {
    /// Maximum number of rows; `None` for all.
    pub rows: Option<u64>,
}

/// Reads a listing page by page and passes its rows to `each`, so that memory does not grow with their number.
///
/// `page(id, rows)` reads up to `rows` rows with an id greater than `id`, in the order of ids. `each` may fail with the
/// caller's own error type, like the closure of [`begin`](crate::Session::begin).
///
/// When a stored value cannot be read, the rows before it are passed on, and the error names the last of them.
fn pages<T: Entity, R, E: From<Error>>(
    limit: Limit,
    mut page: impl FnMut(Id<T>, u32) -> Result<Vec<R>, SessionError>,
    id: impl Fn(&R) -> Id<T>,
    mut each: impl FnMut(R) -> Result<(), E>,
) -> Result<(), E> {
    const FIRST: i64 = i64::MIN;
    let mut left = limit.rows.unwrap_or(u64::MAX);
    let mut last = Id::new(FIRST);
    loop {
        let mut wanted = u32::try_from(left).unwrap_or(u32::MAX).min(PAGE);
        if wanted == 0 {
            return Ok(());
        }
        let rows = loop {
            match page(last, wanted) {
                Err(SessionError::Unreadable { problem, .. }) if wanted == 1 => {
                    let after = if last.get() == FIRST { String::new() } else { format!(" after id {last}") };
                    let problem = format!("{problem} (in the first row{after})");
                    let table = T::table().name.to_owned();
                    return Err(Error::from(SessionError::Unreadable { table, problem }).into());
                }
                Err(SessionError::Unreadable { .. }) => wanted /= 2,
                read => break read.map_err(Error::from)?,
            }
        };
        let read = rows.len() as u64;
        left -= read;
        for row in rows {
            last = id(&row);
            each(row)?;
        }
        if read < u64::from(wanted) {
            return Ok(());
        }
    }
}

/// "1 repository", "3 repositories".
#[must_use]
pub fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
