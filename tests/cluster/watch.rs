//! Waiting for a state that another thread or a server comes to.

use std::time::{Duration, Instant};

/// Asks again and again until it is so; a machine may be slow, but not for ever.
pub fn until(what: &str, mut so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !so() {
        assert!(started.elapsed() < Duration::from_secs(120), "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
