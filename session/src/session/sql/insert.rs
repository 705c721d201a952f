//! Inserts rows, many by one statement, and gives them the values that the database generates.

use diesel::QueryResult;
use diesel::deserialize::FromSql;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel::sql_types::{BigInt, Bool};

use super::computed::read_computed;
use super::copy::copy;
use super::generated_keys::{insert_and_read_keys, keys_to_ask_for};
use super::insert_arrays::limit_of_arrays;
use super::insert_columns::InsertColumns;
use super::insert_rows::{Form, InsertRows};
use super::insert_values::Insert;
use super::limit::{MANY_ROWS, ROWS, StatementLimit, inserted_size};
use super::matching::same_as_sent;
use super::returning::{insert_returning, insert_singly};
use super::select::select_one;
use super::{kept_back, name_in_sql};
use crate::connection::{EngineConnection, Executor};
use crate::session::entity::{ColumnSet, Columns, Entity};

/// The limits of one INSERT of these columns, which is of at most `most` rows where long ones are preferred. Rows with
/// given keys may refer to each other in a cycle.
fn limit<E: Entity, C: EngineConnection>(columns: InsertColumns, most: usize, connection: &C) -> StatementLimit {
    match columns.sent.len() {
        0 => StatementLimit::ONE,
        sent if most > ROWS && connection.engine().prefers_long_inserts() => {
            StatementLimit::of_packet(most, sent, connection)
        }
        sent if columns.has_given_key() => StatementLimit::of_related(E::table(), sent, connection),
        sent => StatementLimit::of(sent, connection),
    }
}

/// The most rows of a long INSERT after which columns are read back: no more than are told apart, and few where they are
/// found by their keys.
fn most_read_back(columns: InsertColumns) -> usize {
    let is_counted = !columns.generated_key().is_empty() && !columns.sent.meets(columns.filled);
    match columns.filled.is_empty() {
        true => usize::MAX,
        false if is_counted => MANY_ROWS,
        false => ROWS,
    }
}

/// Inserts the rows in their order, and fills the columns that the database generates, except those of which they give
/// values.
pub(super) fn insert<E, C>(executor: &mut Executor<'_, C>, rows: &mut [E], given: ColumnSet) -> QueryResult<()>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
    i64: FromSql<BigInt, C::Backend>,
    bool: FromSql<Bool, C::Backend>,
{
    let columns = InsertColumns::of_new::<C>(E::table(), given);
    let columns = columns.with_asked(keys_to_ask_for::<E, C>(executor, columns)?);
    let sent = columns.sent;
    let arrays = limit_of_arrays::<E, C>(executor, rows.len(), columns);
    let limit = arrays.unwrap_or_else(|| limit::<E, C>(columns, most_read_back(columns), executor.connection));
    let statements: Vec<_> = limit.ranges(rows.len(), |row| inserted_size::<E, C::Backend>(&rows[row], sent)).collect();
    let mut together = true;
    for (range, keep) in statements {
        let chunk = &mut rows[range];
        let form = if arrays.is_some() { Form::Arrays } else { Form::Values { keep } };
        if columns.filled.is_empty() {
            let inserted = executor.execute(&InsertRows::<E, C>::of(chunk, sent, form))?;
            check_inserted(executor, chunk, inserted)?;
        } else if !C::RETURNING {
            insert_and_read_keys(executor, chunk, columns, keep)?;
        } else if together {
            together = insert_returning(executor, chunk, columns, form)?;
        } else {
            insert_singly(executor, chunk, columns)?;
        }
    }
    if columns.filled.intersection(E::table().computed) == E::table().computed {
        return Ok(());
    }
    read_computed(executor, rows)
}

/// Inserts the rows in their order, and returns nothing. They give values of the columns `given` that the database would
/// fill otherwise. Many are copied, if the executor may do so.
pub(super) fn insert_only<E, C>(executor: &mut Executor<'_, C>, rows: &[E], given: ColumnSet) -> QueryResult<()>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
{
    let columns = InsertColumns::of_new::<C>(E::table(), given);
    let sent = columns.sent;
    let size = |row: &E| inserted_size::<E, C::Backend>(row, sent);
    if let Some(inserted) = copy(executor, rows, sent, size)? {
        return check_stored(executor, rows, columns, inserted);
    }
    let arrays = limit_of_arrays::<E, C>(executor, rows.len(), columns);
    let limit = arrays.unwrap_or_else(|| limit::<E, C>(columns, usize::MAX, executor.connection));
    for (rows, keep) in limit.split(rows, size) {
        let form = if arrays.is_some() { Form::Arrays } else { Form::Values { keep } };
        let inserted = executor.execute(&InsertRows::<E, C>::of(rows, sent, form))?;
        check_stored(executor, rows, columns, inserted)?;
    }
    Ok(())
}

/// As [`check_inserted`], or by their number alone if the keys of the rows are not known.
fn check_stored<E, C>(
    executor: &mut Executor<'_, C>,
    rows: &[E],
    columns: InsertColumns,
    inserted: usize,
) -> QueryResult<()>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
{
    if columns.generated_key().is_empty() {
        return check_inserted(executor, rows, inserted);
    }
    if inserted < rows.len() && executor.connection.counts_inserted(&name_in_sql::<E, C>()?)? {
        return Err(kept_back::<E>(inserted, rows.len()));
    }
    Ok(())
}

/// Inserts the rows whose given keys are not taken, and returns nothing.
pub(super) fn insert_missing<E, C>(executor: &mut Executor<'_, C>, rows: &[E]) -> QueryResult<()>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
{
    let columns = InsertColumns::of_new::<C>(E::table(), ColumnSet::EMPTY);
    let limit = limit::<E, C>(columns, usize::MAX, executor.connection);
    let taken = executor.connection.engine().taken_key();
    for (rows, keep) in limit.split(rows, |row| inserted_size::<E, C::Backend>(row, columns.sent)) {
        executor.execute(&Insert::missing::<C>(rows, keep, taken))?;
    }
    Ok(())
}

/// Looks up the rows by their keys if the database reports fewer as inserted: a trigger may have skipped one. Not every
/// engine counts the rows of an INSERT into a view.
fn check_inserted<E, C>(executor: &mut Executor<'_, C>, rows: &[E], inserted: usize) -> QueryResult<()>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
{
    if inserted >= rows.len() {
        return Ok(());
    }
    for row in rows {
        let stored = select_one::<E, C>(executor, &row.key(), false)?;
        if !stored.is_some_and(|stored| same_as_sent(&stored, row)) {
            return Err(missing::<E>(&E::key_in_words(&row.key())));
        }
    }
    Ok(())
}

/// The error for a row that is missing, or differs from what was sent, after its INSERT.
fn missing<E: Entity>(key: &str) -> DieselError {
    let table = E::table().name;
    let problem = format!("{key}: the database did not insert this row of {table}, which a trigger may have kept back");
    DieselError::DatabaseError(DatabaseErrorKind::Unknown, Box::new(problem))
}
