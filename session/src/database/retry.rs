//! `retrying`: running a whole unit of work again after a conflict with another writer or the loss of the server.

use std::hash::{BuildHasher as _, RandomState};
use std::time::{Duration, Instant};

use super::unit_span::UnitSpan;
use super::{Database, Unit};
use crate::connection::{DatabaseConnection, Mode};
use crate::error::{Error, Result};
use crate::session::Session;

/// How often and how long a unit of work is tried, after which failures, and the pauses between attempts.
///
/// Each pause is twice as long as the one before, up to a limit, and is shortened at random to no less than half, so
/// that two writers that collided do not collide again.
#[derive(Debug, Clone, Copy)]
pub struct Retry {
    attempts: Option<u32>,
    time: Option<Duration>,
    pause: Duration,
    longest: Duration,
    after: fn(&Error) -> bool,
    unique: bool,
}

impl Default for Retry {
    /// At least five attempts, and more until ten seconds have passed since the first began, after every failure that
    /// may not recur; pauses of 10 ms, 20 ms, … of at most 160 ms.
    fn default() -> Self {
        let (pause, longest) = (Duration::from_millis(10), Duration::from_millis(160));
        Self { attempts: None, time: None, pause, longest, after: |_| true, unique: false }
    }
}

/// The default's minimum number of attempts, however long each takes.
const ATTEMPTS: u32 = 5;
/// The default's time, within which a short unit gets as many attempts as fit.
const TIME: Duration = Duration::from_secs(10);

impl Retry {
    /// The maximum number of attempts, at least one. Without [`within`](Self::within) they may take any time.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = Some(attempts.max(1));
        self
    }

    /// Makes no further attempt once this time has passed since the first one began. Without
    /// [`attempts`](Self::attempts) there may be any number of them. An attempt that is running is not cut short.
    ///
    /// ```
    /// use std::time::Duration;
    /// use diesel_session::database::Retry;
    ///
    /// // For a request that somebody is waiting for.
    /// let retry = Retry::default().within(Duration::from_secs(1));
    /// ```
    #[must_use]
    pub fn within(mut self, time: Duration) -> Self {
        self.time = Some(time);
        self
    }

    /// Whether `attempt`, counted from 1, was the last one, if it ended `passed` after the first one began.
    fn ends_with(&self, attempt: u32, passed: Duration) -> bool {
        match (self.attempts, self.time) {
            (None, None) => attempt >= ATTEMPTS && passed >= TIME,
            (attempts, time) => attempts.is_some_and(|max| attempt >= max) || time.is_some_and(|max| passed >= max),
        }
    }

    /// The first pause.
    #[must_use]
    pub fn pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// The longest pause.
    #[must_use]
    pub fn longest(mut self, longest: Duration) -> Self {
        self.longest = longest;
        self
    }

    /// Retries only after failures for which `decide` returns true, among those that may not recur
    /// ([`Session::conflict`]): others are never retried.
    ///
    /// ```
    /// use diesel_session::database::Retry;
    ///
    /// // Not while no server is reachable: the caller wants to know that.
    /// let retry = Retry::default().only_after(|failure| failure.is_conflict() || failure.is_stale());
    /// ```
    #[must_use]
    pub fn only_after(mut self, decide: fn(&Error) -> bool) -> Self {
        self.after = decide;
        self
    }

    /// Also retries after a unique violation ([`Error::is_unique`]): for a unit that queries before it adds, so that
    /// only someone else can have added the value in between, and the next query finds it. The same error message twice
    /// in a row is not a race, and is returned.
    ///
    /// ```
    /// use diesel_session::database::Retry;
    /// # include!("../../docs/example_tables.rs");
    ///
    /// # fn main() -> Result<()> {
    /// let db = database()?;
    /// db.retrying(Retry::default().also_after_unique(), |session| -> Result<()> {
    ///     if !session.query(User::query().filter(users::user_id.eq(1))).exists()? {
    ///         session.add(NewUser::new(1, "step")?);
    ///     }
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn also_after_unique(mut self) -> Self {
        self.unique = true;
        self
    }

    /// The pause after `attempt`, counted from 1.
    fn pause_after(&self, attempt: u32) -> Duration {
        let doubled = self.pause.saturating_mul(2_u32.saturating_pow(attempt - 1)).min(self.longest);
        let random = u32::try_from(RandomState::new().hash_one(attempt) % 1_000).unwrap_or(0);
        doubled / 2 + doubled / 2 * random / 1_000
    }
}

impl<C: DatabaseConnection> Database<C> {
    /// Like [`begin`](Self::begin), but if the unit of work failed because of a conflict with another writer, or
    /// because the server was not there, runs it again from its beginning, on a new session, for as long as `retry`
    /// allows. So the closure may run several times: its effects outside the database must tolerate that.
    ///
    /// The session decides whether there was a conflict ([`Session::conflict`]), whatever error the closure turned it
    /// into; any other error is returned immediately. So is [`Error::CommitUnknown`], because the work may have been
    /// kept: check whether it is there before running it again, or use [`exactly_once`](Self::exactly_once).
    ///
    /// While no server accepts connections, each attempt waits for one for up to
    /// [`Options::pool_timeout`](super::Options::pool_timeout): a fail-over may last that long, times the attempts.
    ///
    /// ```
    /// use diesel_session::database::Retry;
    /// # include!("../../docs/example_tables.rs");
    ///
    /// # fn main() -> Result<()> {
    /// let db = database()?;
    /// db.retrying(Retry::default(), |session| -> Result<()> {
    ///     session.add(NewUser::new(1, "step")?);
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// If the outcome of a commit is unknown, query for something that only that unit writes:
    ///
    /// ```
    /// # use diesel_session::database::Retry;
    /// # include!("../../docs/example_tables.rs");
    /// # fn main() -> Result<()> {
    /// # let db = database()?;
    /// loop {
    ///     let done = db.retrying(Retry::default(), |session| -> Result<()> {
    ///         session.add(NewUser::new(4711, "step")?);
    ///         Ok(())
    ///     });
    ///     match done {
    ///         Err(error) if error.is_commit_unknown() => {
    ///             let user = || User::query().filter(users::user_id.eq(4711));
    ///             if db.retrying(Retry::default(), |session| session.query(user()).exists())? {
    ///                 break;
    ///             }
    ///         }
    ///         done => break done?,
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Pool`], [`Error::Unreachable`], and those of the last attempt.
    pub fn retrying<T, E>(
        &self,
        retry: Retry,
        work: impl FnMut(&mut Session<'static, C>) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<Error>,
    {
        self.unit().retrying(retry, work)
    }
}

impl<C: DatabaseConnection> Unit<'_, C> {
    /// Like [`Database::retrying`].
    ///
    /// # Errors
    ///
    /// Those of [`Database::retrying`].
    pub fn retrying<T, E>(
        &self,
        retry: Retry,
        work: impl FnMut(&mut Session<'static, C>) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<Error>,
    {
        self.attempts(retry, false, work)
    }

    /// Runs the unit again as [`retrying`](Self::retrying) does; `after_unknown` also after a COMMIT with an unknown
    /// outcome, for a unit that finds out itself whether it was kept.
    pub(super) fn attempts<T, E>(
        &self,
        retry: Retry,
        after_unknown: bool,
        mut work: impl FnMut(&mut Session<'static, C>) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<Error>,
    {
        let mut unit = UnitSpan::new(self.name);
        let _span = unit.span().entered();
        let began = Instant::now();
        let mut attempt = 1;
        let mut taken = None;
        loop {
            let (done, again) = match self.session(Mode::Write) {
                Ok(mut session) => {
                    let done = session.begin(&mut work);
                    unit.add(&session);
                    let before = std::mem::replace(&mut taken, session.taken().map(ToString::to_string));
                    let taken_anew = retry.unique && taken.is_some() && taken != before;
                    let unknown = after_unknown && session.outcome_is_unknown();
                    let moved = session.left_by_writer();
                    (done, taken_anew || unknown || moved || session.conflict().is_some_and(retry.after))
                }
                Err(error) => {
                    let again = error.is_retryable() && (retry.after)(&error);
                    (Err(error.into()), again)
                }
            };
            if done.is_ok() || !again || retry.ends_with(attempt, began.elapsed()) {
                return done;
            }
            let pause = retry.pause_after(attempt);
            tracing::debug!(target: "diesel_session::session", attempt, ?pause, "it may go better another time: again");
            std::thread::sleep(pause);
            attempt += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_end_by_their_number_by_time_or_by_the_first_of_both() {
        let seconds = Duration::from_secs;
        for (retry, attempt, passed, last) in [
            (Retry::default(), 4, 60, false),
            (Retry::default(), 5, 9, false),
            (Retry::default(), 5, 10, true),
            (Retry::default(), 10_000, 9, false),
            (Retry::default().attempts(3), 2, 60, false),
            (Retry::default().attempts(3), 3, 0, true),
            (Retry::default().attempts(0), 1, 0, true),
            (Retry::default().within(seconds(1)), 1, 1, true),
            (Retry::default().within(seconds(1)), 10_000, 0, false),
            (Retry::default().within(seconds(1)).attempts(3), 3, 0, true),
            (Retry::default().attempts(3).within(seconds(1)), 1, 1, true),
            (Retry::default().attempts(3).within(seconds(1)), 2, 0, false),
        ] {
            assert_eq!(retry.ends_with(attempt, seconds(passed)), last, "{retry:?} {attempt} {passed}");
        }
    }

    #[test]
    fn pauses_double_up_to_the_longest_and_lose_at_most_half_by_chance() {
        let retry = Retry::default().pause(Duration::from_millis(100)).longest(Duration::from_millis(300));
        for (attempt, longest) in [(1, 100), (2, 200), (3, 300), (40, 300)] {
            let (pause, longest) = (retry.pause_after(attempt), Duration::from_millis(longest));
            assert!(pause >= longest / 2 && pause <= longest, "{attempt}: {pause:?}");
        }
        assert_eq!(Retry::default().pause(Duration::ZERO).pause_after(3), Duration::ZERO);
    }
}
