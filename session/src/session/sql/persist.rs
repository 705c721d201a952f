//! `Persist`: the statements of an entity over a connection.

use diesel::QueryResult;
use diesel::deserialize::FromSql;
use diesel::sql_types::{BigInt, Bool};

use super::alike::is_alike;
use super::collated::select_matches;
use super::conflict::{Conflict, Upserted};
use super::delete::{RowToDelete, delete};
use super::diagnose::diagnose;
use super::edited::Edited;
use super::filter_expression::FilterExpression;
use super::generated_keys::key_source;
use super::insert::{insert, insert_missing, insert_only};
use super::limit::row_size;
use super::lookup::LookupValues;
use super::referrers::diagnose_delete;
use super::select::{find_one, select, select_by, select_like};
use super::update::{Outcome, update};
use super::upsert::upsert;
use crate::connection::{
    AnyConnection, EngineConnection, Executor, KeySource, SessionConnection, concrete, on_every_connection, on_variant,
};
use crate::error::Error;
use crate::session::entity::{AnyBackend, ColumnSet, Columns, Entity, Table};
use crate::session::history::row::HistoryRow;
use crate::session::sealed;

/// The statements of an entity over connection `C`, implemented for every connection that supports its column types, and only by
/// the session.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be stored over a `{C}`",
    label = "not every column type of `{Self}` is known to this connection's database",
    note = "derive `Entity` on it; with column types of one engine only, use a `Session` over that engine's connection"
)]
pub trait Persist<C: SessionConnection>: Entity + Clone + sealed::Persist<C> {
    /// Whether the keys that the database generates for new rows can be read back; asks the database if that is not
    /// known yet.
    #[doc(hidden)]
    fn knows_keys(executor: &mut Executor<'_, C>) -> QueryResult<bool>;

    /// Inserts the rows in their order, and fills the columns that the database generates, except those of which they
    /// give values.
    #[doc(hidden)]
    fn insert(executor: &mut Executor<'_, C>, rows: &mut [Self], given: ColumnSet) -> QueryResult<()>;

    /// Updates `columns` of the rows.
    #[doc(hidden)]
    fn update(
        executor: &mut Executor<'_, C>,
        rows: &[Edited<'_, Self>],
        columns: ColumnSet,
    ) -> QueryResult<Outcome<Self>>;

    /// Deletes the rows; returns the number that existed with the version they were read with.
    #[doc(hidden)]
    fn delete(executor: &mut Executor<'_, C>, rows: &[RowToDelete<'_, Self>]) -> QueryResult<usize>;

    /// Inserts the rows in their order, and returns nothing. They give values of the columns `given` that the database
    /// would fill otherwise.
    #[doc(hidden)]
    fn insert_only(executor: &mut Executor<'_, C>, rows: &[Self], given: ColumnSet) -> QueryResult<()>;

    /// The approximate size in bytes of the row's values in a statement.
    #[doc(hidden)]
    fn size(&self) -> usize;

    /// Inserts the rows whose given keys are not taken, and returns nothing.
    #[doc(hidden)]
    fn insert_missing(executor: &mut Executor<'_, C>, rows: &[Self]) -> QueryResult<()>;

    /// Inserts the rows, or updates or leaves those that are stored already; each becomes the row as it is then stored.
    #[doc(hidden)]
    fn upsert(
        executor: &mut Executor<'_, C>,
        rows: &mut [Self],
        conflict: &Conflict,
        given: ColumnSet,
    ) -> QueryResult<Vec<Upserted>>;

    /// Inserts rows of the history.
    #[doc(hidden)]
    fn insert_history(executor: &mut Executor<'_, C>, rows: &[HistoryRow]) -> QueryResult<()>;

    /// Reads the rows that have the values of `like` in these columns, in no promised order.
    #[doc(hidden)]
    fn select_like(executor: &mut Executor<'_, C>, like: &Self, columns: ColumnSet) -> QueryResult<Vec<Self>>;

    /// Adds to a violation which of the rows caused it, if that can be found from them and the database.
    #[doc(hidden)]
    fn diagnose(executor: &mut Executor<'_, C>, error: Error, rows: &[&Self]) -> Error;

    /// Adds to a refused DELETE which rows still refer to the rows to delete, if the engine did not report them.
    #[doc(hidden)]
    fn diagnose_delete(executor: &mut Executor<'_, C>, error: Error, rows: &[RowToDelete<'_, Self>]) -> Error;

    /// Reads the rows that have these keys, in no promised order.
    #[doc(hidden)]
    fn select(executor: &mut Executor<'_, C>, keys: &[Self::Key]) -> QueryResult<Vec<Self>>;

    /// Reads the row that has this key, if there is one that meets `filter`; with `lock`, locks it if the engine has row
    /// locks.
    #[doc(hidden)]
    fn select_one(
        executor: &mut Executor<'_, C>,
        key: &Self::Key,
        lock: bool,
        filter: &FilterExpression<Self>,
    ) -> QueryResult<Option<Self>>;

    /// Reads the rows that have one of the values in these columns and that meet `filter`, in order of their keys.
    #[doc(hidden)]
    fn select_by(
        executor: &mut Executor<'_, C>,
        columns: &[usize],
        values: &dyn LookupValues,
        filter: &FilterExpression<Self>,
    ) -> QueryResult<Vec<Self>>;

    /// As `select_by`, each row with the indexes of the values that the database treats as equal to it.
    #[doc(hidden)]
    fn select_matches(
        executor: &mut Executor<'_, C>,
        columns: &[usize],
        values: &dyn LookupValues,
        filter: &FilterExpression<Self>,
    ) -> QueryResult<Vec<(Self, Vec<usize>)>>;

    /// Whether the database treats the values at this position of two keys as equal, and has such a value in the column
    /// `origin`.
    #[doc(hidden)]
    fn is_alike(
        executor: &mut Executor<'_, C>,
        position: usize,
        origin: (&'static Table, usize),
        keys: (&Self::Key, &Self::Key),
    ) -> QueryResult<bool>;
}

impl<E, C> sealed::Persist<C> for E
where
    C: EngineConnection,
    E: Columns<C::Backend>,
    HistoryRow: Columns<C::Backend>,
    bool: FromSql<Bool, C::Backend>,
    i64: FromSql<BigInt, C::Backend>,
{
}

impl<E, C> Persist<C> for E
where
    C: EngineConnection,
    E: Columns<C::Backend>,
    HistoryRow: Columns<C::Backend>,
    bool: FromSql<Bool, C::Backend>,
    i64: FromSql<BigInt, C::Backend>,
{
    fn knows_keys(executor: &mut Executor<'_, C>) -> QueryResult<bool> {
        Ok(key_source::<Self, C>(executor)? != Some(KeySource::Unknown))
    }

    fn insert(executor: &mut Executor<'_, C>, rows: &mut [Self], given: ColumnSet) -> QueryResult<()> {
        insert(executor, rows, given)
    }

    fn update(
        executor: &mut Executor<'_, C>,
        rows: &[Edited<'_, Self>],
        columns: ColumnSet,
    ) -> QueryResult<Outcome<Self>> {
        update(executor, rows, columns)
    }

    fn delete(executor: &mut Executor<'_, C>, rows: &[RowToDelete<'_, Self>]) -> QueryResult<usize> {
        delete(executor, rows)
    }

    fn insert_only(executor: &mut Executor<'_, C>, rows: &[Self], given: ColumnSet) -> QueryResult<()> {
        insert_only(executor, rows, given)
    }

    fn size(&self) -> usize {
        row_size::<E, C::Backend>(self, E::table().writable())
    }

    fn insert_missing(executor: &mut Executor<'_, C>, rows: &[Self]) -> QueryResult<()> {
        insert_missing(executor, rows)
    }

    fn upsert(
        executor: &mut Executor<'_, C>,
        rows: &mut [Self],
        conflict: &Conflict,
        given: ColumnSet,
    ) -> QueryResult<Vec<Upserted>> {
        upsert(executor, rows, conflict, given)
    }

    fn insert_history(executor: &mut Executor<'_, C>, rows: &[HistoryRow]) -> QueryResult<()> {
        insert_only(executor, rows, ColumnSet::EMPTY)
    }

    fn select_like(executor: &mut Executor<'_, C>, like: &Self, columns: ColumnSet) -> QueryResult<Vec<Self>> {
        select_like(executor, like, columns)
    }

    fn diagnose(executor: &mut Executor<'_, C>, error: Error, rows: &[&Self]) -> Error {
        if executor.connection.engine().reads_after_error() { diagnose(executor, error, rows) } else { error }
    }

    fn diagnose_delete(executor: &mut Executor<'_, C>, error: Error, rows: &[RowToDelete<'_, Self>]) -> Error {
        diagnose_delete(executor, error, rows)
    }

    fn select(executor: &mut Executor<'_, C>, keys: &[Self::Key]) -> QueryResult<Vec<Self>> {
        select(executor, keys)
    }

    fn select_one(
        executor: &mut Executor<'_, C>,
        key: &Self::Key,
        lock: bool,
        filter: &FilterExpression<Self>,
    ) -> QueryResult<Option<Self>> {
        find_one(executor, key, lock, filter)
    }

    fn select_by(
        executor: &mut Executor<'_, C>,
        columns: &[usize],
        values: &dyn LookupValues,
        filter: &FilterExpression<Self>,
    ) -> QueryResult<Vec<Self>> {
        select_by(executor, columns, values, filter)
    }

    fn select_matches(
        executor: &mut Executor<'_, C>,
        columns: &[usize],
        values: &dyn LookupValues,
        filter: &FilterExpression<Self>,
    ) -> QueryResult<Vec<(Self, Vec<usize>)>> {
        select_matches(executor, columns, values, filter)
    }

    fn is_alike(
        executor: &mut Executor<'_, C>,
        position: usize,
        origin: (&'static Table, usize),
        keys: (&Self::Key, &Self::Key),
    ) -> QueryResult<bool> {
        is_alike::<E, C>(executor, position, origin, keys)
    }
}

on_every_connection! {
    /// An entity that every compiled-in engine can store.
    trait PersistEverywhere: Persist
}

/// An entity that a session over any engine can hold: the bound for functions that are generic over entities.
///
/// ```
/// use diesel_session::session::{Everywhere, Session};
/// # include!("../../../docs/example_tables.rs");
///
/// fn how_many<E: Everywhere>(session: &mut Session<'_>) -> Result<u64> {
///     let (mut rows, mut pages) = (0, session.every::<E>(100));
///     while let Some(page) = pages.next_rows(session)? {
///         rows += page.len() as u64;
///     }
///     Ok(rows)
/// }
///
/// # fn main() -> Result<()> {
/// let db = database()?;
/// assert_eq!(db.read(|session| how_many::<User>(session))?, 0);
/// # Ok(())
/// # }
/// ```
pub trait Everywhere: Persist<AnyConnection> + Columns<AnyBackend> {}

impl<E: Persist<AnyConnection> + Columns<AnyBackend>> Everywhere for E {}

impl<E: PersistEverywhere> sealed::Persist<AnyConnection> for E {}

impl<E: PersistEverywhere> Persist<AnyConnection> for E {
    fn knows_keys(executor: &mut Executor<'_, AnyConnection>) -> QueryResult<bool> {
        on_variant!(executor.connection, connection => {
            <E as Persist<_>>::knows_keys(&mut Executor::new(connection, executor.observers).knowing(executor.keys))
        })
    }

    fn insert(executor: &mut Executor<'_, AnyConnection>, rows: &mut [Self], given: ColumnSet) -> QueryResult<()> {
        on_variant!(executor.connection, connection => {
            Persist::insert(&mut Executor::new(connection, executor.observers).knowing(executor.keys), rows, given)
        })
    }

    fn update(
        executor: &mut Executor<'_, AnyConnection>,
        rows: &[Edited<'_, Self>],
        columns: ColumnSet,
    ) -> QueryResult<Outcome<Self>> {
        on_variant!(executor.connection, connection => Persist::update(&mut Executor::new(connection, executor.observers), rows, columns))
    }

    fn delete(executor: &mut Executor<'_, AnyConnection>, rows: &[RowToDelete<'_, Self>]) -> QueryResult<usize> {
        on_variant!(executor.connection, connection => Persist::delete(&mut Executor::new(connection, executor.observers), rows))
    }

    fn insert_only(executor: &mut Executor<'_, AnyConnection>, rows: &[Self], given: ColumnSet) -> QueryResult<()> {
        let copies = executor.copies;
        on_variant!(executor.connection, connection => {
            Persist::insert_only(&mut Executor::new(connection, executor.observers).copying(copies), rows, given)
        })
    }

    fn size(&self) -> usize {
        <E as Persist<concrete::Sqlite>>::size(self)
    }

    fn insert_missing(executor: &mut Executor<'_, AnyConnection>, rows: &[Self]) -> QueryResult<()> {
        on_variant!(executor.connection, connection => {
            Persist::insert_missing(&mut Executor::new(connection, executor.observers), rows)
        })
    }

    fn upsert(
        executor: &mut Executor<'_, AnyConnection>,
        rows: &mut [Self],
        conflict: &Conflict,
        given: ColumnSet,
    ) -> QueryResult<Vec<Upserted>> {
        let keys = executor.keys;
        on_variant!(executor.connection, connection => {
            Persist::upsert(&mut Executor::new(connection, executor.observers).knowing(keys), rows, conflict, given)
        })
    }

    fn insert_history(executor: &mut Executor<'_, AnyConnection>, rows: &[HistoryRow]) -> QueryResult<()> {
        on_variant!(executor.connection, connection => {
            <E as Persist<_>>::insert_history(&mut Executor::new(connection, executor.observers), rows)
        })
    }

    fn select_like(
        executor: &mut Executor<'_, AnyConnection>,
        like: &Self,
        columns: ColumnSet,
    ) -> QueryResult<Vec<Self>> {
        on_variant!(executor.connection, connection => {
            Persist::select_like(&mut Executor::new(connection, executor.observers), like, columns)
        })
    }

    fn diagnose(executor: &mut Executor<'_, AnyConnection>, error: Error, rows: &[&Self]) -> Error {
        on_variant!(executor.connection, connection => Persist::diagnose(&mut Executor::new(connection, executor.observers), error, rows))
    }

    fn diagnose_delete(
        executor: &mut Executor<'_, AnyConnection>,
        error: Error,
        rows: &[RowToDelete<'_, Self>],
    ) -> Error {
        on_variant!(executor.connection, connection => {
            Persist::diagnose_delete(&mut Executor::new(connection, executor.observers), error, rows)
        })
    }

    fn select(executor: &mut Executor<'_, AnyConnection>, keys: &[Self::Key]) -> QueryResult<Vec<Self>> {
        on_variant!(executor.connection, connection => Persist::select(&mut Executor::new(connection, executor.observers), keys))
    }

    fn select_one(
        executor: &mut Executor<'_, AnyConnection>,
        key: &Self::Key,
        lock: bool,
        filter: &FilterExpression<Self>,
    ) -> QueryResult<Option<Self>> {
        on_variant!(executor.connection, connection => {
            Persist::select_one(&mut Executor::new(connection, executor.observers), key, lock, filter)
        })
    }

    fn select_by(
        executor: &mut Executor<'_, AnyConnection>,
        columns: &[usize],
        values: &dyn LookupValues,
        filter: &FilterExpression<Self>,
    ) -> QueryResult<Vec<Self>> {
        on_variant!(executor.connection, connection => {
            Persist::select_by(&mut Executor::new(connection, executor.observers), columns, values, filter)
        })
    }

    fn select_matches(
        executor: &mut Executor<'_, AnyConnection>,
        columns: &[usize],
        values: &dyn LookupValues,
        filter: &FilterExpression<Self>,
    ) -> QueryResult<Vec<(Self, Vec<usize>)>> {
        on_variant!(executor.connection, connection => {
            Persist::select_matches(&mut Executor::new(connection, executor.observers), columns, values, filter)
        })
    }

    fn is_alike(
        executor: &mut Executor<'_, AnyConnection>,
        position: usize,
        origin: (&'static Table, usize),
        keys: (&Self::Key, &Self::Key),
    ) -> QueryResult<bool> {
        on_variant!(executor.connection, connection => {
            <E as Persist<_>>::is_alike(&mut Executor::new(connection, executor.observers), position, origin, keys)
        })
    }
}
