//! Units that write under load while a test breaks the cluster below them: each adds one entry, exactly once.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use diesel_session::database::Once;
use diesel_session::{Database, Result};

use super::nodes::{NewEntry, grow, patient};
use super::watch::{Stop, until};

const WRITERS: usize = 4;

/// Writes from several threads while `disturb` breaks what it wants to; it waits by what it is given until more units are
/// acknowledged. Returns the names of the entries whose units were.
pub fn written_during(db: &Database, disturb: impl FnOnce(&dyn Fn(&str))) -> Vec<String> {
    let (acknowledged, stop, done) = (AtomicUsize::new(0), Stop::default(), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        let writing = stop.at_the_end();
        for writer in 0..WRITERS {
            let (acknowledged, stop, done) = (&acknowledged, &stop, &done);
            scope.spawn(move || {
                for number in 0.. {
                    let name = format!("{writer}.{number}");
                    let once = Once::new(&*name, Duration::from_secs(3_600)).retry(patient());
                    let added = db.exactly_once(&once, |session| -> Result<()> {
                        grow(session, 1, 1)?;
                        session.add(NewEntry::new(&*name)?);
                        Ok(())
                    });
                    added.unwrap();
                    done.lock().unwrap().push(name);
                    acknowledged.fetch_add(1, Ordering::SeqCst);
                    if stop.is_told() {
                        break;
                    }
                }
            });
        }
        disturb(&|what| {
            let before = acknowledged.load(Ordering::SeqCst);
            until(what, || acknowledged.load(Ordering::SeqCst) > before + 50);
        });
        drop(writing);
    });
    let mut done = done.into_inner().unwrap();
    done.sort();
    done
}
