//! Reads what is imported: Folio's own exports, GitHub's accounts and repositories, JSON Resume, Markdown,
//! and rows of CSV and TSV.
//!
//! [`gather`] turns paths into [`Input`]s, and [`Input::open`] turns an input into a [`Reader`], an iterator of records
//! with their locations. Records are read one by one, on demand, so memory does not grow with their number; the limit
//! for one record is [`MAX_RECORD`] bytes. Input that cannot be read is [`Error::Input`](crate::Error::Input), with a
//! location such as `users.json, record 3 (line 1, column 1204)`.
//!
//! ```
//! use folio::exchange::{Record, gather};
//!
//! let found = gather(["samples/github"], None)?;
//! let (mut accounts, mut repositories) = (0, 0);
//! for input in &found.inputs {
//!     for record in input.open()? {
//!         match record?.value {
//!             Record::Account(_) => accounts += 1,
//!             Record::Repository(_) => repositories += 1,
//!             _ => {}
//!         }
//!     }
//! }
//! assert_eq!((accounts, repositories), (28, 29));
//! # Ok::<(), folio::Error>(())
//! ```

mod detect;
mod document;
mod export;
mod fields;
mod filed;
mod format;
mod front_matter;
mod github;
mod input;
mod json_resume;
mod logins;
mod markdown;
mod place;
mod progress;
mod reader;
mod record;
mod sheet;
mod source;
mod values;

pub use export::{ExportHeader, ExportedRecord};
pub use filed::FiledRecord;
pub use format::Format;
pub use github::{
    Account, AccountDetails, GithubReader, GithubRecord, NamedRepository, Owner, Repository, RepositoryDetails, Said,
};
pub use input::{Gathered, Input, Skipped, gather};
pub use json_resume::{Profile, Resume, read_resume};
pub use markdown::{Note, read_note};
pub use place::{Located, Place, Position};
pub use progress::Progress;
pub use reader::{Reader, read};
pub use record::Record;
pub use source::Source;
pub use values::{MAX_DEPTH, MAX_RECORD};
