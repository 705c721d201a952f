//! Reading other people's formats.

mod fields;
mod github;
mod place;
mod values;

pub use github::{Account, GithubReader, GithubRecord, Owner, Repository};
pub use place::{Located, Place, Position};
pub use values::{MAX_DEPTH, MAX_RECORD};
