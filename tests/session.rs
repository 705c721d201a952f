//! The session's behaviours, each under its number: what comes of it, and the SQL that was sent.

#[path = "session/domain.rs"]
mod domain;
mod support;

use domain::*;
use folio::{Result, State};
use support::recorder::Recorder;

#[test]
fn b021_add_sends_nothing_until_flush() -> Result<()> {
    let library = Library::new();
    let mut session = library.session();
    let recorder = Recorder::start();
    let author = session.add(NewAuthor::new(7, "Ann")?);
    assert_eq!(session.key(author), None);
    assert_eq!(session.state(author)?, State::Pending);
    assert!(recorder.sql().is_empty());
    session.flush()?;
    assert_eq!(session.key(author), Some(1));
    assert_eq!(session.state(author)?, State::Persistent { modified: false });
    assert_eq!(
        recorder.sql(),
        ["BEGIN IMMEDIATE", "INSERT INTO authors (number, name, email) VALUES (?, ?, ?) RETURNING id, number"]
    );
    Ok(())
}
