//! The unit of work: rows are added, read, changed and deleted in memory, and one flush sends the resulting changes.
//!
//! A [`Session`] holds each row once, under its key (the identity map), and refers to it by a [`Handle`]. It opens a
//! transaction at the first statement, not before. Only calls that return a `Result` may send SQL.
//!
//! The session does not depend on Folio's own tables: any struct that derives [`Entity`](derive@crate::Entity) can live
//! in it.

mod bulk;
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
mod identity;
mod identity_maps;
mod inspect;
mod keys;
mod links;
mod load;
mod query;
mod reference;
mod references;
mod relations;
mod rows;
mod same;
mod savepoint;
mod sealed;
mod set_parent;
mod settings;
mod soft_delete;
mod sql;
mod statement;
mod table;
mod transaction;
mod value;
mod written;

use std::ops::DerefMut;

pub use bulk::Batches;
pub use entity::{
    AnyBackend, ColumnInfo, ColumnSet, Columns, Entity, EntityTable, ForeignKey, HasColumn, HoldsKey, IntoKey, Key,
    New, Reference, References, Table,
};
pub use filter::{Filter, HasFilters, Unfiltered};
pub use filterable::Filterable;
pub use flush::{Plan, Step};
pub use given::{Given, Keys, Parent};
pub use handle::{Handle, State};
pub use inspect::FieldChange;
pub use query::Query;
pub use reference::Ref;
pub use references::IntoReferences;
pub use rows::Deletable;
pub use settings::Freshness;
pub use sql::{Edited, EveryRow, Everywhere, FilterExpression, Locked, Persist, RowToDelete};
pub use statement::{FilterableStatement, Statement};

use crate::connection::{AnyConnection, Echo, Executor, KeySources, Mode, SessionConnection, WriteQueue};
pub(crate) use filter_settings::FilterSettings;
use identity_maps::IdentityMaps;
use transaction::Transaction;

/// A unit of work over a connection.
///
/// `C` is the connection: [`AnyConnection`], or that of one engine for entities with types that only it supports. A
/// session is `Send`, and everything it does is synchronous. Dropping it rolls back what was not committed and gives
/// the connection back.
pub struct Session<'c, C: SessionConnection = AnyConnection> {
    id: u64,
    connection: Box<dyn DerefMut<Target = C> + Send + 'c>,
    echo: Option<Echo>,
    maps: IdentityMaps<C>,
    transaction: Transaction,
    autoflush: bool,
    keys: KeySources,
    filters: FilterSettings,
    /// The queue in which the session waits for its turn to write, if the engine does not queue writers itself.
    queue: Option<WriteQueue>,
}

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
    pub fn new(connection: Box<dyn DerefMut<Target = C> + Send + 'c>, echo: Option<Echo>, mode: Mode) -> Self {
        Self {
            id: handle::next_session(),
            connection,
            echo,
            maps: IdentityMaps::new(),
            transaction: Transaction::new(mode),
            autoflush: true,
            keys: KeySources::default(),
            filters: FilterSettings::default(),
            queue: None,
        }
    }

    /// Shares what it learns about the sources of keys with other sessions on the same database.
    pub(crate) fn share_keys(&mut self, keys: KeySources) {
        self.keys = keys;
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

    fn executor(&mut self) -> Executor<'_, C> {
        Executor::new(&mut **self.connection, self.echo.as_ref())
    }
}

impl<C: SessionConnection> std::fmt::Debug for Session<'_, C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("id", &self.id).field("transaction", &self.transaction).finish_non_exhaustive()
    }
}
