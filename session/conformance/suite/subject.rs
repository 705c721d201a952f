//! The harness of a test, named by its test function. The suite uses harnesses without their types, so that those of
//! one connection type share its code.

use std::cell::Cell;

use diesel_session::Result;
use diesel_session_conformance::{Capability, Harness};

/// The connection type under test.
pub use super::super::Connection as C;

/// A database of one test: opens another connection to it.
pub type Connect = Box<dyn Fn() -> C>;

/// A harness without its type.
#[derive(Clone, Copy)]
struct Subject {
    make: fn() -> Connect,
    capabilities: &'static [Capability],
}

thread_local! {
    /// The harness of this thread's test.
    static SUBJECT: Cell<Option<Subject>> = const { Cell::new(None) };
}

/// Runs a test on a harness: every database that the test makes on this thread comes from it.
pub fn on<H: Harness<Connection = C> + 'static>(test: fn() -> Result<()>) -> Result<()> {
    SUBJECT.set(Some(Subject { make: make::<H>, capabilities: H::CAPABILITIES }));
    test()
}

fn make<H: Harness<Connection = C> + 'static>() -> Connect {
    let harness = H::new();
    Box::new(move || harness.connect())
}

fn subject() -> Subject {
    SUBJECT.get().expect("a test of the suite runs within `on`")
}

/// Creates an empty database.
pub fn make_database() -> Connect {
    (subject().make)()
}

/// Whether this test's harness has the capability; if not, a message says that the test is skipped.
pub fn can(capability: Capability) -> bool {
    diesel_session_conformance::can(subject().capabilities, capability)
}
