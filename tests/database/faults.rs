//! Disks that fail and disks that are full, at COMMIT and before: what became of the unit of work.

use std::env;
use std::process::Command;

use diesel_session::{Error, Session};
use folio::database::{Options, Retry};
use folio::models::{NewNote, NewUser, Note};
use folio::schema::notes;
use folio::types::{Id, LongText};

use super::*;

/// Whether to go on here: in the process in which this test runs once more, on a disk with a fault. `shell` makes the
/// fault and then runs `"$@"`; it ends with 77 where that cannot be done here.
fn on_a_faulty_disk(test: &str, shell: &str) -> bool {
    const INSIDE: &str = "FOLIO_TEST_ON_A_FAULTY_DISK";
    if env::var_os(INSIDE).is_some() {
        return true;
    }
    let folder = TempDir::new().unwrap();
    let run = Command::new("sh")
        .args(["-c", shell, "sh"])
        .arg(env::current_exe().unwrap())
        .args(["--exact", &format!("faults::{test}"), "--nocapture"])
        .env(INSIDE, "")
        .env("TMPDIR", folder.path())
        .output()
        .unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    if run.status.code() == Some(77) {
        println!("NOT RUN: no disk with this fault can be made here: {said}");
    } else {
        assert!(run.status.success() && said.contains("1 passed"), "{said}");
    }
    false
}

/// Adds an account with a note of this many bytes.
fn add(session: &mut Session<'_>, bytes: usize) -> Result<()> {
    let user = session.add(NewUser::new(1, "step")?);
    let body: LongText = "x".repeat(bytes).try_into()?;
    session.add(NewNote { body, ..NewNote::new("note", user)? });
    Ok(())
}

/// Too much for the faulty disk, and little enough to stay in memory until COMMIT.
const TOO_MUCH: usize = 1_500_000;

/// What a unit that is too much for the disk ends with, and how often `retrying` ran it. A small one works after it.
fn commit_too_much(place: &Place) -> (Error, usize) {
    // With the default wait for locks: the connections that made the file may still be closing it.
    let database = Database::open_with(place.file.to_str().unwrap(), Options::new().access(Access::Write)).unwrap();
    let mut tries = 0;
    let done = database.retrying(Retry::default(), |session| -> Result<()> {
        tries += 1;
        add(session, TOO_MUCH)?;
        session.flush()
    });
    let there = database.read(|session| session.query(Note::all()).count()).unwrap();
    assert_eq!(there, 0);
    database.begin(|session| add(session, 1)).unwrap();
    (done.unwrap_err(), tries)
}

#[test]
fn an_io_error_at_commit_leaves_the_outcome_unknown_and_is_not_tried_again() {
    // A write beyond the limit fails, as one to a broken disk does.
    let shell = "trap '' XFSZ; ulimit -f 1000 || exit 77; exec \"$@\"";
    if !on_a_faulty_disk("an_io_error_at_commit_leaves_the_outcome_unknown_and_is_not_tried_again", shell) {
        return;
    }
    let (error, tries) = commit_too_much(&Place::created());
    assert!(error.is_commit_unknown() && !error.is_retryable(), "{error:?}");
    assert!(error.to_string().ends_with("check before running it again: disk I/O error"), "{error}");
    assert_eq!(tries, 1);
}

#[test]
fn a_full_disk_at_commit_keeps_nothing_and_says_so() {
    // A disk of one megabyte, which this process and its children alone see.
    let shell = r#"
        U='unshare -m'
        $U true 2>/dev/null || U='unshare -rm'
        $U sh -c 'mount -t tmpfs -o size=1m none "$TMPDIR"' || exit 77
        exec $U sh -c 'mount -t tmpfs -o size=1m none "$TMPDIR" && exec "$@"' sh "$@"
    "#;
    if !on_a_faulty_disk("a_full_disk_at_commit_keeps_nothing_and_says_so", shell) {
        return;
    }
    let (error, tries) = commit_too_much(&Place::created());
    assert!(matches!(&error, Error::Database { .. }), "{error:?}");
    assert_eq!((error.to_string().as_str(), tries), ("committing: database or disk is full", 1));
}

#[test]
fn a_disk_that_is_full_inside_a_savepoint_ends_the_whole_unit() {
    let place = Place::created();
    let database = place.open(Access::Write).unwrap();
    let mut connection = database.connection().unwrap();
    // A statement with triggers is undone by itself.
    connection.batch_execute("DROP TRIGGER notes_words_update; PRAGMA max_page_count = 1").unwrap();
    let done = Session::on(&mut *connection).begin(|session| -> Result<()> {
        add(session, 1)?;
        // For a statement that changes one row, SQLite undoes the whole transaction, whatever savepoint it was in.
        let nested: Result<usize> = session.nested(|session| {
            let long =
                diesel::update(notes::table.filter(notes::name.eq("note")).filter(notes::id.eq(Id::<Note>::new(1))));
            session.execute(long.set(notes::body.eq("x".repeat(TOO_MUCH))))
        });
        assert!(nested.unwrap_err().to_string().ends_with("database or disk is full"));
        session.add(NewUser::new(8, "second")?);
        Ok(())
    });
    let refused = done.unwrap_err();
    assert!(matches!(&refused, Error::Poisoned { .. } | Error::Database { .. }), "{refused:?}");
    assert_eq!(text(&mut connection, "SELECT CAST(count(*) AS TEXT) AS value FROM users"), "0");
}
