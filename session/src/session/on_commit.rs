//! Reporting each COMMIT of a session to its database, over the connection on which it was sent.

use super::Session;
use crate::connection::SessionConnection;

/// Called after a COMMIT of a transaction that may have written, with the connection; without it if the outcome is
/// unknown.
pub(crate) type OnCommit<C> = Box<dyn Fn(Option<&mut C>) + Send>;

impl<C: SessionConnection> Session<'_, C> {
    /// Reports each COMMIT.
    pub(crate) fn reporting(mut self, on_commit: Option<OnCommit<C>>) -> Self {
        self.on_commit = on_commit;
        self
    }

    /// Reports a COMMIT, whose outcome is `known`. What is asked over the connection meanwhile is not in the echo, because
    /// the program did not send it.
    pub(super) fn report_commit(&mut self, known: bool) {
        let Some(on_commit) = &self.on_commit else { return };
        let mut report = || on_commit(known.then_some(&mut **self.connection));
        match &self.observers.echo {
            Some(echo) => echo.silenced(report),
            None => report(),
        }
    }
}
