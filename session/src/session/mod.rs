//! The unit of work: rows are added, read, changed and deleted in memory, and one flush sends the resulting changes.
//!
//! A [`Session`] holds each row once, under its key (the identity map), and refers to it by a [`Handle`]. It opens a
//! transaction at the first statement, not before. Only calls that return a `Result` may send SQL.
//!
//! The session does not depend on Folio's own tables: any struct that derives [`Entity`](derive@crate::Entity) can live
//! in it.

mod bulk;
mod column_set;
#[doc(hidden)]
pub mod derive;
mod detach;
mod entity;
mod failure;
mod filter;
mod filter_settings;
mod filterable;
mod filters;
mod flush;
mod foreign_keys;
mod given;
mod handle;
pub mod history;
mod hooks;
mod identity;
mod identity_maps;
mod inspect;
mod joined;
mod key_columns;
mod key_paths;
mod keys;
mod links;
mod load;
mod many;
mod on_commit;
pub mod once;
mod poison;
mod query;
mod query_sql;
mod read_only_host;
mod reference;
mod references;
pub mod relation;
mod rows;
mod same;
mod savepoint;
mod sealed;
mod set_parent;
mod settings;
mod soft_delete;
mod spare;
mod sql;
mod statement;
mod table;
mod table_migration;
mod transaction;
mod unique;
mod unique_set;
mod upsert;
mod value;
mod version;
mod written;

use std::ops::DerefMut;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

pub use bulk::Batches;
pub use entity::{
    AnyBackend, ColumnInfo, ColumnSet, Columns, Entity, EntityTable, ForeignKey, HasColumn, HoldsKey, IntoKey, Key,
    New, Reference, References, Table, UniqueSet,
};
pub use filter::{Filter, HasFilters, Unfiltered};
pub use filterable::Filterable;
pub use flush::{Deleted, Flushed, Plan, Step, Updated};
pub use given::{Given, Keys, Parent};
pub use handle::{Handle, State};
pub(crate) use hooks::Hooks;
pub use hooks::MAX_FLUSH_ROUNDS;
pub use inspect::FieldChange;
pub use joined::Joined;
pub use query::Query;
pub use reference::Ref;
pub use references::IntoReferences;
pub use rows::Deletable;
pub use settings::Freshness;
pub use sql::{Edited, EveryRow, Everywhere, FilterExpression, Locked, Outcome, Persist, RowToDelete};
pub use statement::{FilterableStatement, Statement};
pub use unique::{ColumnList, GivesColumn, UniqueOn};
pub use upsert::{OnConflict, ReadyUpsert, Upsert, Upserted};

use crate::connection::{
    AnyConnection, Cancellation, Copies, Echo, Executor, KeySources, Mode, Observers, SessionConnection, WriteQueue,
};
pub(crate) use filter_settings::FilterSettings;
use identity_maps::IdentityMaps;
pub(crate) use on_commit::OnCommit;
use savepoint::report;
pub(crate) use spare::Spare;
use transaction::Transaction;

/// A unit of work over a connection.
///
/// `C` is the connection: [`AnyConnection`], or that of one engine for entities with types that only it supports. A
/// session is `Send`, and everything it does is synchronous. Dropping it rolls back what was not committed and gives
/// the connection back.
pub struct Session<'c, C: SessionConnection = AnyConnection> {
    id: u64,
    connection: Lent<'c, C>,
    /// See its statements.
    observers: Observers,
    maps: IdentityMaps<C>,
    transaction: Transaction,
    autoflush: bool,
    keys: KeySources,
    copies: Copies,
    hooks: Option<Arc<Hooks<C>>>,
    /// On whose behalf it works, for the history.
    author: Option<String>,
    /// The name of its units of work, for the history.
    unit_name: Option<String>,
    /// Whether it records the changes of entities with a history; `None` if each entity's attribute tells.
    records_history: Option<bool>,
    /// The name of the hook that is running.
    hook: Option<&'static str>,
    filters: FilterSettings,
    /// The maximum number of rows that it may hold.
    max_rows: Option<usize>,
    /// The queue in which the session waits for its turn to write, if the engine does not queue writers itself.
    queue: Option<WriteQueue>,
    /// Replaces the connection if it turns out to be lost before anything was done on it.
    spare: Option<Spare<'c, C>>,
    on_commit: Option<OnCommit<C>>,
    /// Set if the database refuses a write as read-only, so that its connection is not used again.
    lost: Option<Arc<AtomicBool>>,
}

/// A connection that the session owns or borrows.
type Lent<'c, C> = Box<dyn DerefMut<Target = C> + Send + 'c>;

impl<'c, C: SessionConnection> Session<'c, C> {
    /// A session over a connection that was opened elsewhere. If that connection is inside a transaction, this
    /// session's transaction is a savepoint in it: its `commit` releases the savepoint and leaves the outer transaction
    /// open.
    ///
    /// ```
    /// use diesel::Connection as _;
    /// use diesel_session::session::Session;
    ///
    /// let mut connection = diesel::SqliteConnection::establish(":memory:")?;
    /// let mut session = Session::on(&mut connection);
    /// assert!(!session.in_transaction());
    /// # session.commit()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on(connection: &'c mut C) -> Self {
        Self::new(Box::new(connection), None, Mode::Write)
    }

    /// A session over a connection that it owns or borrows; `echo` is the echo installed on the connection.
    #[must_use]
    pub fn new(connection: Lent<'c, C>, echo: Option<Echo>, mode: Mode) -> Self {
        Self {
            id: handle::next_session(),
            connection,
            observers: Observers::with(echo),
            maps: IdentityMaps::new(),
            transaction: Transaction::new(mode),
            autoflush: true,
            keys: KeySources::default(),
            copies: Copies::default(),
            hooks: None,
            author: None,
            unit_name: None,
            records_history: None,
            hook: None,
            filters: FilterSettings::default(),
            max_rows: None,
            queue: None,
            spare: None,
            on_commit: None,
            lost: None,
        }
    }

    /// Shares what it learns about the sources of keys with other sessions on the same database.
    pub(crate) fn share_keys(&mut self, keys: KeySources) {
        self.keys = keys;
    }

    /// Calls these hooks.
    pub(crate) fn share_hooks(&mut self, hooks: Option<Arc<Hooks<C>>>) {
        self.hooks = hooks;
    }

    /// The session with these settings of filters.
    pub(crate) fn filtered_by(mut self, filters: FilterSettings) -> Self {
        self.filters = filters;
        self
    }

    /// Makes the session wait in this queue before it begins to write.
    pub(crate) fn in_queue(mut self, queue: Option<WriteQueue>) -> Self {
        self.queue = queue;
        self
    }

    /// Sets how long a transaction may be open, and how many rows the session may hold.
    pub(crate) fn limited_to(mut self, transaction_timeout: Duration, max_rows: Option<usize>) -> Self {
        self.observers.transaction_timeout = transaction_timeout;
        self.max_rows = max_rows;
        self
    }

    /// Makes the session end when that is requested.
    pub(crate) fn ended_by(mut self, cancellation: Option<Arc<Cancellation>>) -> Self {
        self.observers.cancellation = cancellation;
        self
    }

    /// The number of statements that it has sent, and of the rows that they returned or changed.
    pub(crate) fn seen(&self) -> (u64, u64) {
        self.observers.seen()
    }

    fn executor(&mut self) -> Executor<'_, C> {
        Executor::new(&mut **self.connection, &self.observers)
    }
}

impl<C: SessionConnection> std::fmt::Debug for Session<'_, C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("id", &self.id).field("transaction", &self.transaction).finish_non_exhaustive()
    }
}

impl<C: SessionConnection> Drop for Session<'_, C> {
    fn drop(&mut self) {
        self.leave_reader();
        if self.transaction.open {
            let written = self.transaction.is_writing();
            self.observers.roll_back();
            let undone = self.connection.rollback();
            report(undone.map_err(|error| self.explain(error, "rolling back at the end of a session")));
            // A panic must not leave a drop that another panic may have caused.
            if written && catch_unwind(AssertUnwindSafe(|| self.rolled_back())).is_err() {
                tracing::warn!(target: "diesel_session::session", "an 'after_rollback' hook panicked");
            }
        }
    }
}
