//! What the dependencies of a flush are found in, and the order that they give it.

use super::deferral::Deferral;
use super::sort::StepRows;
use super::step::Deferred;
use crate::connection::Engine;
use crate::session::identity::Rows;

/// What the dependencies of a flush are found in.
pub(super) struct Planning<'r> {
    pub(super) maps: &'r [&'r dyn Rows],
    /// The maps whose tables refer to each other in a cycle.
    pub(super) in_cycle: &'r [bool],
    /// The maps with rows to be deleted whose references are not in memory: these have no order among themselves.
    pub(super) unread: &'r [bool],
    pub(super) deferred: &'r Deferred,
    /// It checks foreign keys when a statement ends, or row by row; and UNIQUE constraints at COMMIT, if it can.
    pub(super) engine: Engine,
}

/// A sorted flush.
pub(super) enum Order {
    /// No row waits for another.
    AsItIs,
    Rows(Vec<StepRows>),
    /// There is none without these as well.
    Needs(Vec<Deferral>),
}
