//! Waiting for a state that another thread or a server comes to, and ending the threads that a test has started.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Nothing in these tests takes longer, on the slowest machine.
pub const LONGEST: Duration = Duration::from_secs(120);

/// Asks again and again until it is so; a machine may be slow, but not forever.
pub fn until(what: &str, mut so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !so() {
        assert!(started.elapsed() < LONGEST, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Tells the threads of a test to stop, at the latest when the test fails: it could not end before they do.
#[derive(Default)]
pub struct Stop(AtomicBool);

impl Stop {
    pub fn is_told(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// Stops them when what it returns is dropped.
    pub fn at_the_end(&self) -> impl Drop + '_ {
        struct AtTheEnd<'s>(&'s AtomicBool);
        impl Drop for AtTheEnd<'_> {
            fn drop(&mut self) {
                self.0.store(true, Ordering::SeqCst);
            }
        }
        AtTheEnd(&self.0)
    }
}
