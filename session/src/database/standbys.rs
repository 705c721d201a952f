//! Units that only read, on a standby: a second pool, whose connections lead to standbys, and what a standby must have
//! before this program reads from it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Options;
use super::pool::{Pool, PooledConnection};
use crate::connection::{Access, Address, DatabaseConnection};
use crate::error::Result;
use crate::session::OnCommit;

/// The standbys of a database.
pub(super) struct Standbys<C: DatabaseConnection> {
    pool: Pool<C>,
    wait: Duration,
    commits: Arc<Commits>,
}

/// How far this program has written, as it knows from its own commits.
#[derive(Debug, Default)]
struct Commits(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// The number of commits so far.
    count: u64,
    /// The number of the commit whose position is known, or known to be unknown.
    of: u64,
    position: Position,
}

#[derive(Debug, Clone, Default)]
enum Position {
    /// Nothing was committed: any standby will do.
    #[default]
    Start,
    At(String),
    /// Only the primary is known to have everything.
    Unknown,
}

impl<C: DatabaseConnection> Standbys<C> {
    /// Opens nothing yet.
    pub(super) fn new(address: &Address, options: &Options) -> Self {
        let pool = Pool::unopened(address.on_standby(), options.clone().access(Access::Read));
        Self { pool, wait: options.standby_wait, commits: Arc::default() }
    }

    /// The pool of connections to standbys.
    pub(super) fn pool(&self) -> &Pool<C> {
        &self.pool
    }

    /// A connection to a standby of the database at `place` that has everything this program has committed; `None` if
    /// there is none within the time that the options allow, so that the primary must be read.
    pub(super) fn get(&self, place: &str) -> Result<Option<PooledConnection<C>>> {
        let position = self.commits.state().position.clone();
        let at = match &position {
            Position::Unknown => return Ok(None),
            Position::Start => None,
            Position::At(at) => Some(at),
        };
        let mut connection = self.pool.get_untried(place)?;
        let limit = self.pool.options().connect_timeout;
        let is_current = at.is_none_or(|at| connection.has_come_to(at, self.wait, limit));
        Ok(is_current.then_some(connection))
    }

    /// Remembers after each commit of a session how far the primary had written.
    pub(super) fn follow(&self) -> OnCommit<C> {
        let commits = Arc::clone(&self.commits);
        Box::new(move |connection| {
            let number = commits.next();
            let position = match connection.map(DatabaseConnection::written_up_to) {
                Some(Ok(Some(at))) => Position::At(at),
                Some(Ok(None) | Err(_)) | None => Position::Unknown,
            };
            commits.learn(number, position);
        })
    }
}

impl Commits {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Numbers a commit. A position that is asked for after that includes the commit, and all with smaller numbers.
    fn next(&self) -> u64 {
        let mut state = self.state();
        state.count += 1;
        state.count
    }

    /// The position that was asked for after the commit with this number. Those of later ones may have come first.
    fn learn(&self, number: u64, position: Position) {
        let mut state = self.state();
        if number > state.of {
            state.of = number;
            state.position = position;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_position_of_the_latest_commit_counts_in_whatever_order_they_become_known() {
        let commits = Commits::default();
        let (first, second) = (commits.next(), commits.next());
        commits.learn(second, Position::At("2".to_owned()));
        commits.learn(first, Position::Unknown);
        assert!(matches!(&commits.state().position, Position::At(at) if at == "2"));
    }
}
