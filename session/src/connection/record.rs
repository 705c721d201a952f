//! A record of what connections with an echo send on a thread, for tests.

use std::cell::RefCell;

/// A statement that was sent.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) sql: String,
    pub(crate) binds: String,
    pub(crate) rows: Option<usize>,
    pub(crate) error: Option<String>,
}

/// What was recorded before a recording inside another one; `None` where it is the outermost.
#[derive(Debug)]
pub(crate) struct Before(Option<Vec<Sent>>);

thread_local! {
    /// What this thread has sent since its innermost recording began; `None` without one.
    static SENT: RefCell<Option<Vec<Sent>>> = const { RefCell::new(None) };
}

/// Starts a recording of this thread.
pub(crate) fn start() -> Before {
    Before(SENT.replace(Some(Vec::new())))
}

/// Ends the innermost recording, and adds it to the one around it.
pub(crate) fn end(before: Before) -> Vec<Sent> {
    let sent = SENT.take().unwrap_or_default();
    let outer = before.0.map(|mut outer| {
        outer.extend(sent.iter().cloned());
        outer
    });
    SENT.set(outer);
    sent
}

/// Adds a statement, if there is a recording.
pub(super) fn add(sent: impl FnOnce() -> Sent) {
    SENT.with_borrow_mut(|record| {
        if let Some(record) = record {
            record.push(sent());
        }
    });
}
