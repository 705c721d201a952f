//! Diesel queries whose rows go through the identity map.

use std::marker::PhantomData;
use std::ops::Range;

use diesel::QueryResult;
use diesel::deserialize::FromSql;
use diesel::query_builder::QueryFragment;
use diesel::query_dsl::methods::{LimitDsl, LoadQuery, OffsetDsl};
use diesel::result::Error as DieselError;
use diesel::row::Row as _;
use diesel::sql_types::{BigInt, Bool};

use super::bulk::Batches;
use super::failure::Failure;
use super::handle::Handle;
use super::sql::{Count, Exists, Locked};
use super::written::Write;
use super::{Entity, FilterExpression, Filterable, Persist, Session};
use crate::connection::SessionConnection;
use crate::error::{Error, Result};

/// A query of whole rows, ready to run, from [`Session::query`].
///
/// Every method that runs it flushes first. A row that is already in the session keeps its value, its changes and its
/// handle; a row whose value is stale or expired is filled.
#[must_use = "a query sends no SQL until it is run by `all`, `first`, `one`, …"]
pub struct Query<'s, 'c, C: SessionConnection, E, Q> {
    session: &'s mut Session<'c, C>,
    query: Q,
    fresh: bool,
    /// Why the query cannot run: a filter needs a value that was not given.
    refused: Option<Box<Error>>,
    entity: PhantomData<fn() -> E>,
}

impl<C: SessionConnection, E, Q> std::fmt::Debug for Query<'_, '_, C, E, Q> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Query").field("session", &self.session).field("fresh", &self.fresh).finish_non_exhaustive()
    }
}

impl<'c, C: SessionConnection> Session<'c, C> {
    /// Prepares a query of whole rows: `User::query()`, filtered, ordered and joined with Diesel. The filters of `E` are
    /// added to its conditions; those of other tables in it are not. No SQL yet.
    pub fn query<'q, E, Q>(&mut self, query: Q) -> Query<'_, 'c, C, E, Q::Filtered>
    where
        E: Persist<C>,
        Q: LoadQuery<'q, C, E> + Filterable<E>,
    {
        let (filter, refused) = match self.filter_expression() {
            Ok(filter) => (filter, None),
            Err(error) => (FilterExpression::nothing(), Some(Box::new(error))),
        };
        Query { session: self, query: query.filtered(filter), fresh: false, refused, entity: PhantomData }
    }

    /// Runs any Diesel query, after a flush; its rows are not tracked. A statement that changes rows and returns some
    /// runs as well, but its changes are not known to the session: expire those rows, or use
    /// [`execute`](Self::execute).
    ///
    /// # Errors
    ///
    /// Errors of the flush or the query.
    pub fn rows<'q, U, Q>(&mut self, query: Q) -> Result<Vec<U>>
    where
        Q: LoadQuery<'q, C, U>,
    {
        self.autoflush()?;
        self.open()?;
        self.writes(Write::Unknown);
        let loaded = self.executor().run(|connection| query.load(connection), Vec::len);
        loaded.map_err(|error| self.fail(error, "a query", "running a query"))
    }

    /// Runs `work` with the automatic flush before queries turned off.
    ///
    /// # Errors
    ///
    /// The error that `work` returns.
    pub fn no_autoflush<T, E>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<T, E> {
        let before = std::mem::replace(&mut self.autoflush, false);
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(self)));
        self.autoflush = before;
        done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    /// Flushes before a query, except within a hook.
    pub(super) fn autoflush(&mut self) -> Result<()> {
        if !self.autoflush || self.hook.is_some() {
            return self.check();
        }
        self.check()?;
        self.flush().map_err(|cause| Error::Autoflush { cause: cause.into() })
    }

    /// Explains a failed statement, and rolls back and poisons the innermost level unless only the result cannot be
    /// read.
    pub(super) fn fail(&mut self, error: DieselError, table: &str, doing: &str) -> Error {
        let failure = Failure::new(&**self.connection, error, table, doing);
        self.failed(failure)
    }

    /// Rolls back and poisons the innermost level if the statement itself failed.
    pub(super) fn failed(&mut self, failure: Failure) -> Error {
        if failure.undo {
            self.poison(&failure.error);
        }
        failure.error
    }
}

impl<'s, 'c, C, E, Q> Query<'s, 'c, C, E, Q>
where
    C: SessionConnection,
    E: Persist<C>,
{
    /// Makes the rows found overwrite those in the session, including unflushed changes.
    pub fn fresh(mut self) -> Self {
        self.fresh = true;
        self
    }

    /// Locks the rows found until the transaction ends, and makes them overwrite those in the session: the query with
    /// `FOR UPDATE`. If a transaction that may write excludes all other writers, nothing is added.
    pub fn for_update(self) -> Query<'s, 'c, C, E, Locked<Q>> {
        let lock = self.session.connection.engine().row_lock();
        let query = Locked { query: self.query, lock };
        Query { session: self.session, query, fresh: true, refused: self.refused, entity: PhantomData }
    }

    /// The rows in pages of `size`, in order of their keys; see [`Batches::next`]. No SQL yet. The query's own LIMIT
    /// and OFFSET apply to all pages together, as far as its ORDER BY determines which rows they select.
    pub fn batches(self, size: u32) -> Batches<E, Q> {
        Batches::new(self.query, size, self.refused)
    }

    /// All rows: the query as it is, its own LIMIT and OFFSET respected.
    ///
    /// # Errors
    ///
    /// Errors of the flush or the query; the same for all methods that run a query.
    pub fn all<'q>(self) -> Result<Vec<Handle<E>>>
    where
        Q: LoadQuery<'q, C, E>,
    {
        self.map_query(|query| query).found()
    }

    /// The first row, or `None`: the query with `LIMIT 1` instead of its own LIMIT; its OFFSET stays.
    ///
    /// # Errors
    ///
    /// As [`all`](Self::all).
    pub fn first<'q>(self) -> Result<Option<Handle<E>>>
    where
        Q: LimitDsl,
        Q::Output: LoadQuery<'q, C, E>,
    {
        let found = self.map_query(|query| query.limit(1)).found()?;
        Ok(found.into_iter().next())
    }

    /// The row at `index`, counted from 0, or `None` past the end: the query with `LIMIT 1 OFFSET index` instead of its
    /// own LIMIT and OFFSET, so that indexes count from the first row that its conditions match.
    ///
    /// # Errors
    ///
    /// As [`all`](Self::all).
    pub fn nth<'q>(self, index: u32) -> Result<Option<Handle<E>>>
    where
        Q: LimitDsl,
        Q::Output: OffsetDsl,
        <Q::Output as OffsetDsl>::Output: LoadQuery<'q, C, E>,
    {
        let found = self.map_query(|query| query.limit(1).offset(index.into())).found()?;
        Ok(found.into_iter().next())
    }

    /// The rows at these indexes, counted from 0: the query with `LIMIT` and `OFFSET` instead of its own, as
    /// [`nth`](Self::nth); no SQL for an empty range.
    ///
    /// # Errors
    ///
    /// As [`all`](Self::all).
    pub fn range<'q>(self, indexes: Range<u32>) -> Result<Vec<Handle<E>>>
    where
        Q: LimitDsl,
        Q::Output: OffsetDsl,
        <Q::Output as OffsetDsl>::Output: LoadQuery<'q, C, E>,
    {
        if indexes.is_empty() {
            return Ok(Vec::new());
        }
        let (limit, offset) = (indexes.end - indexes.start, indexes.start);
        self.map_query(|query| query.limit(limit.into()).offset(offset.into())).found()
    }

    /// The only row: the query with `LIMIT 2` instead of its own LIMIT, so that a query with `limit(1)` may find many;
    /// its OFFSET stays.
    ///
    /// # Errors
    ///
    /// [`Error::NoRows`] and [`Error::ManyRows`]; otherwise as [`all`](Self::all).
    pub fn one<'q>(self) -> Result<Handle<E>>
    where
        Q: LimitDsl,
        Q::Output: LoadQuery<'q, C, E>,
    {
        self.one_or_none()?.ok_or_else(|| Error::NoRows { what: E::table().name.to_owned() })
    }

    /// The only row, or `None`: the query with `LIMIT 2` instead of its own LIMIT, as [`one`](Self::one).
    ///
    /// # Errors
    ///
    /// [`Error::ManyRows`]; otherwise as [`all`](Self::all).
    pub fn one_or_none<'q>(self) -> Result<Option<Handle<E>>>
    where
        Q: LimitDsl,
        Q::Output: LoadQuery<'q, C, E>,
    {
        let found = self.map_query(|query| query.limit(2)).found()?;
        match *found.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(one)),
            _ => Err(Error::ManyRows { what: E::table().name.to_owned() }),
        }
    }

    /// The number of rows: `SELECT COUNT(*) FROM (the query)`, its own LIMIT and OFFSET respected.
    ///
    /// # Errors
    ///
    /// As [`all`](Self::all).
    pub fn count(self) -> Result<u64>
    where
        Q: QueryFragment<C::Backend>,
        i64: FromSql<BigInt, C::Backend>,
    {
        let count = self.map_query(Count).scalar::<BigInt, i64>()?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// Whether there is any row: `SELECT EXISTS (the query)`.
    ///
    /// # Errors
    ///
    /// As [`all`](Self::all).
    pub fn exists(self) -> Result<bool>
    where
        Q: QueryFragment<C::Backend>,
        bool: FromSql<Bool, C::Backend>,
    {
        self.map_query(Exists).scalar::<Bool, bool>()
    }
}

impl<'s, 'c, C: SessionConnection, E: Entity, Q> Query<'s, 'c, C, E, Q> {
    fn map_query<R>(self, map: impl FnOnce(Q) -> R) -> Query<'s, 'c, C, E, R> {
        let Self { session, query, fresh, refused, entity } = self;
        Query { session, query: map(query), fresh, refused, entity }
    }

    /// The session, ready for the query.
    fn ready(refused: Option<Box<Error>>, session: &mut Session<'_, C>) -> Result<()> {
        if let Some(error) = refused {
            return Err(*error);
        }
        session.autoflush()?;
        session.open()
    }

    /// Runs the query and stores its rows in the identity map.
    fn found<'q>(self) -> Result<Vec<Handle<E>>>
    where
        E: Persist<C>,
        Q: LoadQuery<'q, C, E>,
    {
        let Self { session, query, fresh, refused, .. } = self;
        Self::ready(refused, session)?;
        let loaded: QueryResult<Vec<E>> = session.executor().run(|connection| query.load(connection), Vec::len);
        let table = E::table().name;
        let loaded = loaded.map_err(|error| session.fail(error, table, &format!("reading {table}")))?;
        session.take_all(loaded, fresh)
    }

    /// Runs the query of one value.
    fn scalar<ST, T>(self) -> Result<T>
    where
        Q: QueryFragment<C::Backend>,
        T: FromSql<ST, C::Backend>,
    {
        let Self { session, query, refused, .. } = self;
        Self::ready(refused, session)?;
        let mut value = None;
        let read = session.executor().each(query, |row| {
            value = Some(row.get_value::<ST, T, _>(0).map_err(DieselError::DeserializationError)?);
            Ok(())
        });
        let table = E::table().name;
        read.map_err(|error| session.fail(error, table, &format!("counting {table}")))?;
        value.ok_or_else(|| Error::NoRows { what: table.to_owned() })
    }
}

impl<C: SessionConnection> Session<'_, C> {
    /// Stores rows that were read in the identity map, if the session may hold that many.
    pub(super) fn take_all<E: Persist<C>>(&mut self, rows: Vec<E>, overwrite: bool) -> Result<Vec<Handle<E>>> {
        self.check_room::<E>(rows.len())?;
        let (id, now, fresh_since) = (self.id, self.transaction.now(), self.transaction.fresh_since());
        let map = self.maps.of::<E>();
        Ok(rows.into_iter().map(|row| Handle::new(id, map.take(row, now, fresh_since, overwrite))).collect())
    }

    /// Refuses to hold more rows than the session may.
    pub(super) fn check_room<E: Entity>(&self, rows: usize) -> Result<()> {
        match self.max_rows {
            Some(limit) if self.maps.iter().map(|map| map.held()).sum::<usize>().saturating_add(rows) > limit => {
                Err(Error::TooManyRows { table: E::table().name, rows, limit })
            }
            _ => Ok(()),
        }
    }
}
