//! Queries in Diesel's words whose rows go through the identity map.

use std::marker::PhantomData;
use std::ops::Range;

use diesel::QueryResult;
use diesel::deserialize::FromSql;
use diesel::query_builder::{QueryFragment, QueryId};
use diesel::query_dsl::methods::{LimitDsl, LoadQuery, OffsetDsl};
use diesel::result::Error as DieselError;
use diesel::row::Row as _;
use diesel::sql_types::{BigInt, Bool};

use super::bulk::Batches;
use super::handle::Handle;
use super::identity_maps::Failure;
use super::sql::{Count, Exists, Locked};
use super::written::Write;
use super::{Entity, Persist, Session};
use crate::connection::SessionConnection;
use crate::error::{Error, Result};

/// A query of whole rows, ready to run: what [`Session::query`] gives.
///
/// Each way of running it flushes first. A row that the session has already keeps its value and changes and is given
/// by the handle it has; a row whose value is stale or expired is filled.
#[must_use = "a query sends no SQL until it is run by `all`, `first`, `one`, …"]
pub struct Query<'s, 'c, C: SessionConnection, E, Q> {
    session: &'s mut Session<'c, C>,
    query: Q,
    fresh: bool,
    entity: PhantomData<fn() -> E>,
}

impl<'c, C: SessionConnection> Session<'c, C> {
    /// Prepares a query of whole rows: `User::query()`, filtered, ordered and joined in Diesel's words. No SQL yet.
    pub fn query<'q, E, Q>(&mut self, query: Q) -> Query<'_, 'c, C, E, Q>
    where
        E: Persist<C>,
        Q: LoadQuery<'q, C, E>,
    {
        Query { session: self, query, fresh: false, entity: PhantomData }
    }

    /// Runs any query that Diesel can say, after a flush; its rows are not tracked. A statement that changes rows and
    /// returns some is run as well, but what it changes is not known here: expire those rows, or use
    /// [`execute`](Self::execute).
    ///
    /// # Errors
    ///
    /// What the flush or the query fails with.
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
    /// What `work` returns.
    pub fn no_autoflush<T, E>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<T, E> {
        let before = std::mem::replace(&mut self.autoflush, false);
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(self)));
        self.autoflush = before;
        done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    /// Flushes before a query.
    pub(super) fn autoflush(&mut self) -> Result<()> {
        if !self.autoflush {
            return self.check();
        }
        self.check()?;
        self.flush().map_err(|cause| Error::Autoflush { cause: cause.into() })
    }

    /// Explains a failed statement, and undoes and poisons the innermost level unless only the answer cannot be read.
    pub(super) fn fail(&mut self, error: DieselError, table: &str, doing: &str) -> Error {
        let failure = Failure::new(&**self.connection, error, table, doing);
        self.failed(failure)
    }

    /// Undoes and poisons the innermost level where the statement itself failed.
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
    /// Lets the rows found overwrite what the session has, unflushed changes included.
    pub fn fresh(mut self) -> Self {
        self.fresh = true;
        self
    }

    /// Locks the rows found until the transaction ends, and lets them overwrite what the session has: the query with
    /// `FOR UPDATE`. Where a transaction that may write excludes all other writers, nothing is added.
    pub fn for_update(self) -> Query<'s, 'c, C, E, Locked<Q>> {
        let lock = self.session.connection.engine().row_lock();
        let query = Locked { query: self.query, lock };
        Query { session: self.session, query, fresh: true, entity: PhantomData }
    }

    /// The rows in pages of `size`, in order of their keys; see [`Batches::next`]. No SQL yet. A LIMIT and OFFSET of the
    /// query's own hold for all pages together, as far as its ORDER BY says which rows they mean.
    pub fn batches(self, size: u32) -> Batches<E, Q> {
        Batches::new(self.query, size)
    }

    /// All rows: the query as it is, its own LIMIT and OFFSET respected.
    ///
    /// # Errors
    ///
    /// What the flush or the query fails with; so for all ways of running a query.
    pub fn all<'q>(self) -> Result<Vec<Handle<E>>>
    where
        Q: LoadQuery<'q, C, E>,
    {
        let (query, fresh) = (self.query, self.fresh);
        self.session.find(query, fresh)
    }

    /// The first row, or `None`: the query with `LIMIT 1` in the place of its own LIMIT; its OFFSET stays.
    ///
    /// # Errors
    ///
    /// As [`all`](Self::all).
    pub fn first<'q>(self) -> Result<Option<Handle<E>>>
    where
        Q: LimitDsl,
        Q::Output: LoadQuery<'q, C, E>,
    {
        let found = self.session.find(self.query.limit(1), self.fresh)?;
        Ok(found.into_iter().next())
    }

    /// The row at `place`, counted from 0, or `None` past the end: the query with `LIMIT 1 OFFSET place` in the place of its
    /// own LIMIT and OFFSET, so that places count from the first row that its conditions find.
    ///
    /// # Errors
    ///
    /// As [`all`](Self::all).
    pub fn nth<'q>(self, place: u32) -> Result<Option<Handle<E>>>
    where
        Q: LimitDsl,
        Q::Output: OffsetDsl,
        <Q::Output as OffsetDsl>::Output: LoadQuery<'q, C, E>,
    {
        let found = self.session.find(self.query.limit(1).offset(place.into()), self.fresh)?;
        Ok(found.into_iter().next())
    }

    /// The rows at these places, counted from 0: the query with `LIMIT` and `OFFSET` in the place of its own, as
    /// [`nth`](Self::nth); no SQL for an empty range.
    ///
    /// # Errors
    ///
    /// As [`all`](Self::all).
    pub fn range<'q>(self, places: Range<u32>) -> Result<Vec<Handle<E>>>
    where
        Q: LimitDsl,
        Q::Output: OffsetDsl,
        <Q::Output as OffsetDsl>::Output: LoadQuery<'q, C, E>,
    {
        if places.is_empty() {
            return Ok(Vec::new());
        }
        let query = self.query.limit((places.end - places.start).into()).offset(places.start.into());
        self.session.find(query, self.fresh)
    }

    /// The only row: the query with `LIMIT 2` in the place of its own LIMIT, so that a query with `limit(1)` may find many;
    /// its OFFSET stays.
    ///
    /// # Errors
    ///
    /// [`Error::NoRows`] and [`Error::ManyRows`]; else as [`all`](Self::all).
    pub fn one<'q>(self) -> Result<Handle<E>>
    where
        Q: LimitDsl,
        Q::Output: LoadQuery<'q, C, E>,
    {
        self.one_or_none()?.ok_or_else(|| Error::NoRows { what: E::table().name.to_owned() })
    }

    /// The only row, or `None`: the query with `LIMIT 2` in the place of its own LIMIT, as [`one`](Self::one).
    ///
    /// # Errors
    ///
    /// [`Error::ManyRows`]; else as [`all`](Self::all).
    pub fn one_or_none<'q>(self) -> Result<Option<Handle<E>>>
    where
        Q: LimitDsl,
        Q::Output: LoadQuery<'q, C, E>,
    {
        let found = self.session.find(self.query.limit(2), self.fresh)?;
        match *found.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(one)),
            _ => Err(Error::ManyRows { what: E::table().name.to_owned() }),
        }
    }

    /// How many rows there are: `SELECT COUNT(*) FROM (the query)`, its own LIMIT and OFFSET respected.
    ///
    /// # Errors
    ///
    /// As [`all`](Self::all).
    pub fn count(self) -> Result<u64>
    where
        Q: QueryFragment<C::Backend>,
        i64: FromSql<BigInt, C::Backend>,
    {
        let count = self.session.scalar::<E, BigInt, i64, _>(Count(self.query))?;
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
        self.session.scalar::<E, Bool, bool, _>(Exists(self.query))
    }
}

impl<C: SessionConnection> Session<'_, C> {
    /// Runs a query and takes its rows into the identity map.
    fn find<'q, E, Q>(&mut self, query: Q, fresh: bool) -> Result<Vec<Handle<E>>>
    where
        E: Persist<C>,
        Q: LoadQuery<'q, C, E>,
    {
        self.autoflush()?;
        self.open()?;
        let loaded: QueryResult<Vec<E>> = self.executor().run(|connection| query.load(connection), Vec::len);
        let table = E::table().name;
        let loaded = loaded.map_err(|error| self.fail(error, table, &format!("reading {table}")))?;
        Ok(self.take_all(loaded, fresh))
    }

    /// Takes rows that were read into the identity map.
    pub(super) fn take_all<E: Persist<C>>(&mut self, rows: Vec<E>, overwrite: bool) -> Vec<Handle<E>> {
        let (id, now, fresh_since) = (self.id, self.transaction.now(), self.transaction.fresh_since());
        let map = self.maps.of::<E>();
        rows.into_iter().map(|row| Handle::new(id, map.take(row, now, fresh_since, overwrite))).collect()
    }

    fn scalar<E, ST, T, Q>(&mut self, query: Q) -> Result<T>
    where
        E: Entity,
        Q: diesel::query_builder::Query<SqlType = diesel::sql_types::Untyped> + QueryFragment<C::Backend> + QueryId,
        T: FromSql<ST, C::Backend>,
    {
        self.autoflush()?;
        self.open()?;
        let mut value = None;
        let read = self.executor().each(query, |row| {
            value = Some(row.get_value::<ST, T, _>(0).map_err(DieselError::DeserializationError)?);
            Ok(())
        });
        let table = E::table().name;
        read.map_err(|error| self.fail(error, table, &format!("counting {table}")))?;
        value.ok_or_else(|| Error::NoRows { what: table.to_owned() })
    }
}
