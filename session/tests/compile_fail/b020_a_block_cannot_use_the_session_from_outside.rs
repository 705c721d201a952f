//! Inside a block there is the block's session and no other: no commit within a commit.

use diesel_session::{Result, Session};

fn b020_a_block_cannot_use_the_session_from_outside(session: &mut Session<'_>) -> Result<()> {
    session.begin(|_inner| -> Result<()> { session.commit() })
}

fn main() {
    let _ = b020_a_block_cannot_use_the_session_from_outside;
}
