//! The keys of new rows if the engine has no RETURNING: `INSERT`, then one SELECT that reads the rows back.
//!
//! If a counter generates them, `LAST_INSERT_ID()` is the key of the first row. The others follow in the order of the
//! rows, at the distance of `auto_increment_increment`, which a cluster sets to its size and may change at any time. So
//! the SELECT reads the rows at that distance. A column that was sent identifies each row; if it differs, the catalogue
//! is asked again whether the keys come from the counter, because a database may store another value than it was sent.
//!
//! Another kind of default leaves no trace in `LAST_INSERT_ID()`: its keys are selected first, and sent with the rows.
//! A key from a source that cannot be asked is refused before anything is sent.

use std::any::TypeId;
use std::marker::PhantomData;

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::deserialize::FromSql;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel::row::Row as _;
use diesel::sql_types::BigInt;

use super::answer::{Answer, ReadColumn, unmatched};
use super::insert_columns::InsertColumns;
use super::insert_values::Insert;
use super::matching::same_as_sent;
use super::name_in_sql;
use super::select::{select, select_one};
use crate::connection::{EngineConnection, Executor, KeySource, Replaced};
use crate::session::entity::{ColumnSet, Columns, Entity};

/// The source of the keys of new rows; `None` if the INSERT returns them or the program gives them.
pub(super) fn key_source<E, C>(executor: &mut Executor<'_, C>) -> QueryResult<Option<KeySource>>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
{
    if C::RETURNING || generated_key::<E>().is_empty() {
        return Ok(None);
    }
    match executor.key_source(TypeId::of::<E>()) {
        None => ask_again::<E, C>(executor).map(Some),
        known => Ok(known),
    }
}

/// The columns of the key that the database generates.
fn generated_key<E: Entity>() -> ColumnSet {
    let table = E::table();
    table.key.iter().copied().fold(ColumnSet::EMPTY, ColumnSet::with).intersection(table.generated())
}

/// Asks the catalogue for the source of the keys. An unusable source is not remembered, so that it can be fixed.
fn ask_again<E, C>(executor: &mut Executor<'_, C>) -> QueryResult<KeySource>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
{
    let mut columns = generated_key::<E>().iter();
    let source = match (columns.next(), columns.next()) {
        (Some(column), None) => {
            executor.connection.key_source(&name_in_sql::<E, C>()?, E::table().columns[column].name)?
        }
        _ => KeySource::Unknown,
    };
    if source != KeySource::Unknown {
        executor.set_key_source(TypeId::of::<E>(), source.clone());
    }
    Ok(source)
}

/// The key columns whose values are selected before the rows are sent.
pub(super) fn keys_to_ask_for<E, C>(executor: &mut Executor<'_, C>, columns: InsertColumns) -> QueryResult<ColumnSet>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
{
    let generated = columns.generated_key();
    let asked = !generated.is_empty() && matches!(key_source::<E, C>(executor)?, Some(KeySource::Default(_)));
    Ok(if asked { generated } else { ColumnSet::EMPTY })
}

/// Inserts these columns of the rows by one statement, and fills those that the database generates.
pub(super) fn insert_and_read_keys<E, C>(
    executor: &mut Executor<'_, C>,
    sent: &mut [E],
    columns: InsertColumns,
    keep: bool,
) -> QueryResult<()>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
    i64: FromSql<BigInt, C::Backend>,
{
    let source = if columns.generated_key().is_empty() { None } else { key_source::<E, C>(executor)? };
    match source {
        None => {
            executor.execute(&Insert::of::<C>(sent, columns.sent, keep))?;
            by_known_keys(executor, sent)
        }
        Some(KeySource::Default(default)) => {
            let asked = Keys::<E> { default: &default, rows: sent.len(), keep, entity: PhantomData };
            let mut rows = sent.iter_mut();
            executor.each(asked, |row| match (rows.next(), generated_key::<E>().iter().next()) {
                (Some(into), Some(column)) => E::column(column, ReadColumn { row: &row, position: 0, into }),
                _ => Err(unmatched::<E>("their default gave more keys than it was asked for")),
            })?;
            executor.execute(&Insert::of::<C>(sent, columns.sent, keep))?;
            by_known_keys(executor, sent)
        }
        Some(KeySource::Counter { step, replaced: Replaced::Perhaps }) => sent
            .chunks_mut(1)
            .try_for_each(|row| insert_counted(executor, row, columns, true, (step, Replaced::Perhaps))),
        Some(KeySource::Counter { step, replaced }) => insert_counted(executor, sent, columns, keep, (step, replaced)),
        Some(KeySource::Ascending | KeySource::Uncounted | KeySource::Unknown) => {
            Err(unmatched::<E>("the database does not say where they come from"))
        }
    }
}

/// Reloads the rows that were sent with their keys.
fn by_known_keys<E, C>(executor: &mut Executor<'_, C>, sent: &mut [E]) -> QueryResult<()>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
{
    let keys: Vec<E::Key> = sent.iter().map(E::key).collect();
    let mut stored = select::<E, C>(executor, &keys)?;
    for (row, key) in sent.iter_mut().zip(&keys) {
        let found = match stored.iter().position(|other| other.key() == *key) {
            Some(position) => Some(stored.swap_remove(position)),
            // The database may store the key differently, and still find the row by the key that was sent.
            None => select_one(executor, key, false)?,
        };
        let why = "a row is missing under its key, which a trigger may have changed";
        *row =
            found.ok_or_else(|| if executor.connection.undoes_silently() { undone() } else { unmatched::<E>(why) })?;
        row.set_key(key.clone());
    }
    Ok(())
}

/// Inserts the rows, whose keys come from a counter with this step, and reads back the generated columns.
fn insert_counted<E, C>(
    executor: &mut Executor<'_, C>,
    sent: &mut [E],
    columns: InsertColumns,
    keep: bool,
    (step, replaced): (i64, Replaced),
) -> QueryResult<()>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
    i64: FromSql<BigInt, C::Backend>,
{
    let Some(key) = columns.generated_key().iter().next() else { return Ok(()) };
    if replaced != Replaced::No {
        executor.connection.forget_last_key()?;
    }
    executor.execute(&Insert::of::<C>(sent, columns.sent, keep))?;
    let mut answer = Answer::to(sent, columns);
    let mut seen = None;
    executor.each(InsertedRows::<E> { key, columns, rows: sent.len(), keep, entity: PhantomData }, |row| {
        if seen.is_none() {
            let position = columns.returned().count();
            let number = |after: usize| {
                row.get_value::<BigInt, i64, _>(position + after).map_err(DieselError::DeserializationError)
            };
            seen = Some((number(0)?, number(1)?, number(2)?));
        }
        answer.take(&row)
    })?;
    let given = answer.given;
    // Every row has the key that the counter gave, if this INSERT set the counter and the step is the expected one.
    let complete = given.complete && matches!(seen, Some((0, counted, _)) if counted != 0);
    let steady = sent.len() == 1 || matches!(seen, Some((_, _, now)) if now == step);
    if complete && steady && given.in_order {
        given.put_on(sent);
        return Ok(());
    }
    let again = ask_again::<E, C>(executor)?;
    if !matches!(again, KeySource::Counter { replaced: now, .. } if now == replaced) {
        return Err(unmatched::<E>("the source of the keys has changed; run it again"));
    }
    if complete && steady && !columns.has_given_key() {
        given.put_on(sent);
        return Ok(());
    }
    match from_first_key_on(executor, sent, key)? {
        true => Ok(()),
        false if executor.connection.undoes_silently() => Err(undone()),
        false if complete && !steady => Err(unmatched::<E>("the distance of counted keys has changed; run it again")),
        false => Err(unmatched::<E>(
            "they are not the counter's, so a trigger may have made them; give the key in the program \
             (`#[entity(key, given)]`)",
        )),
    }
}

/// The error for a conflict that ended the transaction without an error.
fn undone() -> DieselError {
    let problem = "rows that were just inserted are gone: the node has undone the transaction without saying so";
    DieselError::DatabaseError(DatabaseErrorKind::SerializationFailure, Box::new(problem.to_owned()))
}

/// Finds the rows among all from the first new key on, by all columns that were sent. Rows of others in between are
/// skipped, unless they are equal: then the rows cannot be distinguished. Returns whether all were found.
fn from_first_key_on<E, C>(executor: &mut Executor<'_, C>, sent: &mut [E], key: usize) -> QueryResult<bool>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
{
    let mut stored: Vec<E> = Vec::with_capacity(sent.len());
    executor.each(Onwards::<E> { key, entity: PhantomData }, |row| {
        let read = E::read(&row, |column| column).map_err(DieselError::DeserializationError)?;
        if sent.iter().any(|row| same_as_sent(&read, row)) {
            stored.push(read);
        }
        Ok(())
    })?;
    let found =
        stored.len() == sent.len() && stored.iter().zip(&*sent).all(|(stored, sent)| same_as_sent(stored, sent));
    if found {
        sent.clone_from_slice(&stored);
    }
    Ok(found)
}

/// Keys generated by a default.
struct Keys<'a, E> {
    default: &'a str,
    rows: usize,
    keep: bool,
    entity: PhantomData<fn() -> E>,
}

impl<E, DB: Backend> QueryFragment<DB> for Keys<'_, E> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        if !self.keep {
            out.unsafe_to_cache_prepared();
        }
        for number in 0..self.rows {
            out.push_sql(if number > 0 { " UNION ALL SELECT (" } else { "SELECT (" });
            out.push_sql(self.default);
            out.push_sql(")");
        }
        Ok(())
    }
}

/// The returned columns of the rows just inserted, the distance of each key from the first, whether there is a first,
/// and the step.
struct InsertedRows<E> {
    key: usize,
    columns: InsertColumns,
    rows: usize,
    keep: bool,
    entity: PhantomData<fn() -> E>,
}

const FIRST: &str = "CAST(LAST_INSERT_ID() AS UNSIGNED)";
const STEP: &str = "@@auto_increment_increment";
const COUNTED: &str = "CAST(@@auto_increment_increment AS SIGNED)";

impl<E: Columns<DB>, DB: Backend> QueryFragment<DB> for InsertedRows<E> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let key = E::table().columns[self.key].name;
        if !self.keep {
            out.unsafe_to_cache_prepared();
        }
        out.push_sql("SELECT ");
        for column in self.columns.returned() {
            out.push_identifier(E::table().columns[column].name)?;
            out.push_sql(", ");
        }
        out.push_identifier(key)?;
        out.push_sql(&format!(" - {FIRST}, {FIRST} <> 0, {COUNTED} FROM "));
        E::table_name(out.reborrow())?;
        out.push_sql(" WHERE ");
        out.push_identifier(key)?;
        out.push_sql(&format!(" BETWEEN {FIRST} AND {FIRST} + {} * {STEP} AND (", self.rows - 1));
        out.push_identifier(key)?;
        out.push_sql(&format!(" - {FIRST}) % {STEP} = 0 ORDER BY "));
        out.push_identifier(key)
    }
}

/// Every row from the first new key on.
struct Onwards<E> {
    key: usize,
    entity: PhantomData<fn() -> E>,
}

impl<E: Columns<DB>, DB: Backend> QueryFragment<DB> for Onwards<E> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let key = E::table().columns[self.key].name;
        for (number, column) in E::table().columns.iter().enumerate() {
            out.push_sql(if number > 0 { ", " } else { "SELECT " });
            out.push_identifier(column.name)?;
        }
        out.push_sql(" FROM ");
        E::table_name(out.reborrow())?;
        out.push_sql(" WHERE ");
        out.push_identifier(key)?;
        out.push_sql(&format!(" >= {FIRST} AND {FIRST} <> 0 ORDER BY "));
        out.push_identifier(key)
    }
}
