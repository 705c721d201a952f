//! Galera: a conflict between two nodes, made to show at every place where it can.

use std::cell::Cell;

use diesel::HasQuery as _;
use diesel_session::{Database, Error, Session};

use super::nodes::*;
use super::watch::until;

/// Another unit, on the first node, that changes a row which a unit on the second node has changed and not committed.
struct Overtaker<'d> {
    nodes: &'d [Database; 3],
    attempts: Cell<u32>,
}

impl Overtaker<'_> {
    /// Overtakes the first attempt: when this returns, the second node has undone it and not yet said so.
    fn overtake(&self) {
        if self.attempts.get() == 1 {
            let before = sum(&self.nodes[1], 1).unwrap();
            // What the second node committed last may be on its way still.
            self.nodes[0].retrying(patient(), |session| grow(session, 1, 100)).unwrap();
            until("the second node has applied it", || sum(&self.nodes[1], 1).unwrap() > before);
        }
    }
}

#[derive(Debug)]
struct Own;

impl From<Error> for Own {
    fn from(_: Error) -> Self {
        Self
    }
}

/// Where a unit can meet the conflict; each does what it can to go on in spite of it.
type Place = fn(&mut Session<'static>, &Overtaker<'_>) -> Result<(), Own>;

const PLACES: &[(&str, Place)] = &[
    ("COMMIT", |_, other| {
        other.overtake();
        Ok(())
    }),
    ("a statement", |session, other| {
        other.overtake();
        grow(session, 3, 1)?;
        Ok(())
    }),
    ("a statement whose error is passed over", |session, other| {
        other.overtake();
        let _ = grow(session, 3, 1);
        Ok(())
    }),
    ("a SELECT", |session, other| {
        other.overtake();
        session.query(Counter::query()).all()?;
        Ok(())
    }),
    ("a flush", |session, other| {
        other.overtake();
        session.add(NewEntry::new("flushed")?);
        session.flush()?;
        Ok(())
    }),
    ("SAVEPOINT", |session, other| {
        other.overtake();
        let _ = session.nested(|_| Ok::<(), Own>(()));
        Ok(())
    }),
    ("RELEASE", |session, other| {
        let _ = session.nested(|_| {
            other.overtake();
            Ok::<(), Own>(())
        });
        Ok(())
    }),
    ("ROLLBACK TO", |session, other| {
        let _ = session.nested(|_| {
            other.overtake();
            Err::<(), Own>(Own)
        });
        Ok(())
    }),
    ("a statement in a savepoint", |session, other| {
        session.nested(|session| {
            other.overtake();
            grow(session, 3, 1)
        })?;
        Ok(())
    }),
    ("a statement in a savepoint whose error is passed over", |session, other| {
        let _ = session.nested(|session| {
            other.overtake();
            grow(session, 3, 1)
        });
        Ok(())
    }),
    ("a savepoint in a savepoint, passed over twice", |session, other| {
        let _ = session.nested(|session| {
            let _ = session.nested(|session| {
                other.overtake();
                let _ = grow(session, 3, 1);
                session.flush()
            });
            session.add(NewEntry::new("in the outer savepoint")?);
            session.flush()
        });
        Ok(())
    }),
];

/// Changes the row, meets the conflict at the place, and goes on to its end.
fn overtaken(session: &mut Session<'static>, other: &Overtaker<'_>, place: Place) -> Result<(), Own> {
    other.attempts.set(other.attempts.get() + 1);
    session.add(NewEntry::new("before")?);
    grow(session, 1, 1)?;
    place(session, other)?;
    session.add(NewEntry::new("after")?);
    Ok(())
}

#[test]
fn a_conflict_wherever_it_shows_runs_the_whole_unit_again_and_keeps_no_half_of_the_first() {
    let galera = shared();
    let nodes = nodes(&galera, "conflicts");
    let db = &nodes[1];
    for (place, meet) in PLACES {
        let (before, rows) = (sum(db, 1).unwrap(), names(db).len());
        let others = sum(db, 3).unwrap();
        let other = Overtaker { nodes: &nodes, attempts: Cell::new(0) };
        let done = db.retrying(patient(), |session| overtaken(session, &other, *meet));
        assert!(done.is_ok(), "at {place}");
        assert_eq!(other.attempts.get(), 2, "at {place}");
        assert_eq!(sum(db, 1).unwrap(), before + 101, "at {place}");
        assert!(sum(db, 3).unwrap() <= others + 1, "at {place}");
        let names = names(db);
        let count = |name: &str| names.iter().filter(|other| *other == name).count();
        assert_eq!(count("before"), count("after"), "at {place}");
        assert!(names.len() - rows <= 3, "at {place}: {names:?}");
    }
    assert_eq!(names(db).iter().filter(|name| *name == "before").count(), PLACES.len());
}

#[test]
fn a_conflict_without_another_attempt_is_a_typed_error_and_keeps_nothing() {
    let galera = shared();
    let nodes = nodes(&galera, "conflicts_told");
    let db = &nodes[1];
    for (place, meet) in PLACES {
        let before = sum(db, 1).unwrap();
        let other = Overtaker { nodes: &nodes, attempts: Cell::new(0) };
        let mut session = db.session().unwrap();
        let ended = session.begin(|session| overtaken(session, &other, *meet).map_err(|Own| Error::ReadOnlySession));
        let error = ended.unwrap_err();
        // An error that the unit passed on is the unit's own.
        assert!(matches!(error, Error::Conflict { .. } | Error::ReadOnlySession), "at {place}: {error}");
        assert!(session.conflict().is_some(), "at {place}");
        drop(session);
        assert_eq!((sum(db, 1).unwrap(), sum(db, 3).unwrap()), (before + 100, 0), "at {place}");
        assert_eq!(names(db), [""; 0], "at {place}");
    }
}
