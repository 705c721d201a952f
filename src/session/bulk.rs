//! Many rows at once, without handles, in bounded memory: a stream in, and pages out.

use std::marker::PhantomData;

use diesel::query_builder::QueryFragment;
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, HasSqlType};

use super::handle::Handle;
use super::reference::Keys;
use super::sql::{Page, read_into};
use super::stores::Failure;
use super::{Columns, Entity, New, Persist, Session};
use crate::connection::{Link, SessionConnection};
use crate::error::{Error, Result};

/// So many rows of a stream are held in memory, and sent, at a time.
const AT_A_TIME: usize = 1_000;

impl<C: SessionConnection> Session<'_, C> {
    /// Flushes, then inserts a stream of new rows and gives their number: no handles, nothing kept in memory, one INSERT
    /// for every 100 rows. Handles that the rows refer to must be of rows that are in the database.
    ///
    /// # Errors
    ///
    /// [`Error::ReadOnlySession`]; what the flush or an INSERT fails with: it undoes and poisons the innermost level.
    pub fn insert_all<N>(&mut self, rows: impl IntoIterator<Item = N>) -> Result<u64>
    where
        N: New,
        N::Entity: Persist<C>,
    {
        if self.transaction.is_read() {
            return Err(Error::ReadOnlySession);
        }
        self.flush()?;
        let mut rows = rows.into_iter();
        let mut inserted = 0;
        loop {
            let find =
                |entity| self.stores.place(entity).and_then(|place| self.stores.at(place)).map(|store| store as _);
            let keys = Keys { store: &find };
            let some = rows.by_ref().take(AT_A_TIME).map(|new| new.row(&keys)).collect::<Result<Vec<N::Entity>>>()?;
            if some.is_empty() {
                return Ok(inserted);
            }
            self.open()?;
            self.transaction.wrote();
            let mut link = Link::new(&mut **self.connection, self.echo.as_ref());
            let sent = Persist::insert_only(&mut link, &some)
                .map_err(|error| Failure::of::<N::Entity, C>(&link, error, "inserting into"));
            sent.map_err(|failure| self.failed(failure))?;
            inserted += some.len() as u64;
        }
    }
}

/// A query read page by page: what [`Query::batches`](super::Query::batches) gives. It borrows nothing.
#[must_use = "pages are read by `next`"]
pub struct Batches<E: Entity, Q> {
    query: Q,
    size: u32,
    after: Option<E::Key>,
    /// Rows that came into memory with the last page.
    last: Vec<Handle<E>>,
    keep: bool,
    done: bool,
    entity: PhantomData<fn() -> E>,
}

impl<E: Entity, Q> Batches<E, Q> {
    pub(super) fn new(query: Q, size: u32) -> Self {
        Self { query, size: size.max(1), after: None, last: Vec::new(), keep: false, done: false, entity: PhantomData }
    }

    /// Keeps the rows in the session, which else lets go of each page when the next is read.
    pub fn keep(mut self) -> Self {
        self.keep = true;
        self
    }

    /// Flushes, lets go of the rows that came with the last page, and reads the next: the query within
    /// `SELECT … FROM (the query) WHERE key > the last one's ORDER BY key LIMIT size`. `None` at the end.
    ///
    /// Pages come in order of the key, whatever order the query asks for, and each is read as the database is then.
    ///
    /// # Errors
    ///
    /// What the flush or the query fails with.
    pub fn next<C>(&mut self, session: &mut Session<'_, C>) -> Result<Option<Vec<Handle<E>>>>
    where
        C: SessionConnection,
        C::Backend: HasSqlType<BigInt>,
        i64: ToSql<BigInt, C::Backend>,
        E: Persist<C> + Columns<C::Backend>,
        Q: QueryFragment<C::Backend>,
    {
        if self.done {
            return Ok(None);
        }
        session.flush()?;
        for handle in self.last.drain(..) {
            // A row that the caller has let go of meanwhile is no longer ours to forget.
            let _ = session.forget(handle);
        }
        session.open()?;
        let page = Page::<E, Q> { query: &self.query, after: self.after.clone(), size: self.size.into() };
        let mut rows: Vec<E> = Vec::new();
        let read = read_into(&mut session.link(), page, &mut rows);
        let table = E::table().name;
        read.map_err(|error| session.fail(error, table, &format!("reading {table}")))?;
        self.done = rows.len() < usize::try_from(self.size).unwrap_or(usize::MAX);
        let Some(last) = rows.last() else { return Ok(None) };
        self.after = Some(last.key());
        let next = session.stores.of::<E>().next();
        let handles = session.take_all(rows, false);
        if !self.keep {
            self.last = handles.iter().copied().filter(|handle| handle.raw.index >= next).collect();
        }
        Ok(Some(handles))
    }
}
