//! A clock that a test sets.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use crate::types::{Timestamp, set_clock};

/// A clock that stands still: until it is dropped, [`Timestamp::now`] returns its time on this thread.
///
/// ```
/// use std::time::Duration;
///
/// use diesel_session::prelude::*;
/// use diesel_session::testing::Clock;
///
/// let clock = Clock::at("2026-01-31T23:59:59Z".parse()?);
/// clock.advance(Duration::from_secs(1));
/// assert_eq!(Timestamp::now(), "2026-02-01T00:00:00Z".parse()?);
/// # Ok::<(), diesel_session::Error>(())
/// ```
#[must_use = "the clock is the system's again when this is dropped"]
pub struct Clock {
    /// It belongs to its thread.
    _thread: PhantomData<*const ()>,
}

impl Clock {
    /// Sets this thread's clock. A second one replaces the first, which is not restored.
    pub fn at(moment: Timestamp) -> Self {
        set_clock(Some(moment));
        Self { _thread: PhantomData }
    }

    /// Sets it to another time, later or earlier.
    pub fn set(&self, moment: Timestamp) {
        set_clock(Some(moment));
    }

    /// Moves it forward. At the end of the year 9999 it stays.
    pub fn advance(&self, by: Duration) {
        let later = chrono::TimeDelta::from_std(by).ok();
        let later = later.and_then(|by| Timestamp::now().utc().checked_add_signed(by));
        if let Some(Ok(later)) = later.map(Timestamp::try_from) {
            self.set(later);
        }
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        set_clock(None);
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Clock").field(&Timestamp::now()).finish()
    }
}
