//! Inside a block there is the block's session and no other: no commit within a commit.

use folio::{Result, Session};

fn work(session: &mut Session<'_>) -> Result<()> {
    session.begin(|_inner| -> Result<()> { session.commit() })
}

fn main() {
    let _ = work;
}
