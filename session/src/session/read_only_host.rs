//! A host that has stopped taking writes, while another one of the same database may have begun to: its connection is not
//! used again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Session;
use crate::connection::SessionConnection;

impl<C: SessionConnection> Session<'_, C> {
    /// Sets `lost` at the end of the session if the database refused a write as read-only.
    pub(crate) fn leaving_readers(mut self, lost: Option<Arc<AtomicBool>>) -> Self {
        self.lost = lost;
        self
    }

    /// Whether a write was refused by a host that takes none any more, while another one may.
    pub(crate) fn left_by_writer(&self) -> bool {
        self.lost.is_some() && self.transaction.read_only
    }

    pub(super) fn leave_reader(&self) {
        if let Some(lost) = &self.lost {
            lost.fetch_or(self.transaction.read_only, Ordering::Relaxed);
        }
    }
}
