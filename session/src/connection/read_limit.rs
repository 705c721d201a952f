//! How long a server may take to answer a statement.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The limit of one connection, shared with the relay that enforces it. A change applies to statements sent from then
/// on.
#[derive(Debug, Clone, Default)]
pub(crate) struct ReadLimit(Arc<AtomicU64>);

impl ReadLimit {
    /// A limit; zero means no limit.
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    pub fn new(limit: Duration) -> Self {
        let new = Self::default();
        new.set(limit);
        new
    }

    /// Sets the limit for what is sent from now on.
    pub fn set(&self, limit: Duration) {
        let milliseconds = u64::try_from(limit.as_micros().div_ceil(1_000)).unwrap_or(u64::MAX);
        self.0.store(milliseconds, Ordering::SeqCst);
    }

    /// The limit, if there is one.
    pub fn get(&self) -> Option<Duration> {
        Some(self.0.load(Ordering::SeqCst)).filter(|limit| *limit > 0).map(Duration::from_millis)
    }

    /// Lifts the limit until the returned guard is dropped.
    #[must_use]
    pub fn lifted(&self) -> impl Drop + use<> {
        self.replaced_by(Duration::ZERO)
    }

    /// Lowers the limit to at most `limit` until the returned guard is dropped.
    #[must_use]
    pub fn at_most(&self, limit: Duration) -> impl Drop + use<> {
        self.replaced_by(self.get().map_or(limit, |own| own.min(limit)))
    }

    fn replaced_by(&self, limit: Duration) -> impl Drop + use<> {
        struct Replaced {
            limit: ReadLimit,
            before: Duration,
        }
        impl Drop for Replaced {
            fn drop(&mut self) {
                self.limit.set(self.before);
            }
        }
        let before = self.get().unwrap_or_default();
        self.set(limit);
        Replaced { limit: self.clone(), before }
    }
}
