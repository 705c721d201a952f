//! Reading other people's formats.

mod document;
mod fields;
mod front_matter;
mod github;
mod json_resume;
mod markdown;
mod place;
mod values;

pub use github::{Account, GithubReader, GithubRecord, Owner, Repository};
pub use json_resume::{Profile, Resume, read_resume};
pub use markdown::{Note, read_note};
pub use place::{Located, Place, Position};
pub use values::{MAX_DEPTH, MAX_RECORD};
