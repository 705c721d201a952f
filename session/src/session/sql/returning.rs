//! The keys of new rows if an INSERT returns them: matching keys to rows.
//!
//! No database guarantees the order of RETURNING, and the stored values may differ from those sent: times are rounded,
//! texts are padded, triggers rewrite values. A key is assigned to a row if one of these proves that it belongs to it:
//!
//! - one row was sent, so one key came back;
//! - the sent values came back in order, and they distinguish the rows, or the keys are integers and ascend;
//! - the rows are read again by their keys, and the values stored as they were sent identify each row;
//! - no value stored as it was sent contradicts the order, and the keys come from a counter and ascend.
//!
//! If none does, the INSERT is rolled back and the rows are sent one by one. That takes a savepoint, which is opened if
//! no counter generates the keys (they are not integers, or the catalogue, which is asked once per entity, names no
//! counter), and if rows of this entity could not be matched before.

use std::any::TypeId;
use std::collections::HashMap;
use std::marker::PhantomData;

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::deserialize::FromSql;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::result::Error as DieselError;
use diesel::row::Row as _;
use diesel::sql_types::Bool;

use super::answer::{Answer, Returned, distinguished, distinguished_by_integers, may_be_counted, unmatched};
use super::insert_columns::InsertColumns;
use super::insert_rows::{Form, InsertRows};
use super::select::{select, select_one};
use super::{Bind, kept_back, matching, name_in_sql};
use crate::connection::{EngineConnection, Executor, KeySource};
use crate::session::entity::{Columns, Entity};

/// Inserts the rows by one statement if their keys can then be matched, otherwise one by one, and fills the generated
/// columns. Returns whether one statement was enough.
pub(super) fn insert_returning<E, C>(
    executor: &mut Executor<'_, C>,
    rows: &mut [E],
    columns: InsertColumns,
    form: Form,
) -> QueryResult<bool>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
    bool: FromSql<Bool, C::Backend>,
{
    if rows.len() == 1 {
        return insert_singly(executor, rows, columns).map(|()| true);
    }
    if !is_doubtful(executor, rows, columns)? {
        let given = send(executor, rows, columns, form)?;
        if assign(executor, rows, columns, given)? {
            return Ok(true);
        }
        executor.set_key_source(TypeId::of::<E>(), KeySource::Unknown);
        return Err(unmatched::<E>(
            "the database stores them differently than they were sent, and its keys do not show their order; from now on \
             they are sent one by one, so run it again",
        ));
    }
    executor.connection.savepoint()?;
    let assigned = send(executor, rows, columns, form).and_then(|given| assign(executor, rows, columns, given));
    match assigned {
        Ok(true) => executor.connection.commit().map(|()| true),
        Ok(false) => {
            executor.connection.rollback()?;
            insert_singly(executor, rows, columns).map(|()| false)
        }
        Err(error) => {
            // The first error is the one to report.
            let _ = executor.connection.rollback();
            Err(error)
        }
    }
}

/// Whether one statement may be unable to prove which key belongs to which row.
fn is_doubtful<E, C>(executor: &mut Executor<'_, C>, rows: &[E], columns: InsertColumns) -> QueryResult<bool>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
{
    let (table, entity) = (E::table(), TypeId::of::<E>());
    let mut made = columns.generated_key().iter();
    let (Some(column), other) = (made.next(), made.next()) else { return Ok(false) };
    let source = match executor.key_source(entity) {
        Some(source) => source,
        None if !may_be_counted::<E, C::Backend>(columns) => return Ok(true),
        None => {
            let column = table.columns[column].name;
            let counted = other.is_none() && executor.connection.counts_keys(&name_in_sql::<E, C>()?, column)?;
            let source = if counted { KeySource::Ascending } else { KeySource::Uncounted };
            executor.set_key_source(entity, source.clone());
            source
        }
    };
    Ok(match source {
        KeySource::Ascending => false,
        KeySource::Uncounted => !distinguished_by_integers::<E, C::Backend>(rows, columns),
        _ => true,
    })
}

/// Inserts the rows one by one.
pub(super) fn insert_singly<E, C>(
    executor: &mut Executor<'_, C>,
    rows: &mut [E],
    columns: InsertColumns,
) -> QueryResult<()>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
{
    for row in rows.chunks_mut(1) {
        let given = send(executor, row, columns, Form::Values { keep: true })?;
        if given.in_order || !columns.has_given_key() || !by_given_keys(executor, row, &given)? {
            given.put_on(row);
        }
    }
    Ok(())
}

/// Sends the rows by one statement.
fn send<E, C>(
    executor: &mut Executor<'_, C>,
    rows: &[E],
    columns: InsertColumns,
    form: Form,
) -> QueryResult<Returned<E>>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
{
    let mut answer = Answer::to(rows, columns);
    let returned = executor.each(InsertRows::<E, C>::returning(rows, columns, form), |row| answer.take(&row))?;
    if returned < rows.len() {
        return Err(kept_back::<E>(returned, rows.len()));
    }
    if answer.given.complete { Ok(answer.given) } else { Err(unmatched::<E>("other rows came back than were sent")) }
}

/// Assigns the returned values to the rows they belong to, if that can be proven.
fn assign<E, C>(
    executor: &mut Executor<'_, C>,
    sent: &mut [E],
    columns: InsertColumns,
    given: Returned<E>,
) -> QueryResult<bool>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
    bool: FromSql<Bool, C::Backend>,
{
    let given_whole = columns.generated_key().is_empty();
    let ascending = may_be_counted::<E, C::Backend>(columns)
        && matches!(executor.key_source(TypeId::of::<E>()), None | Some(KeySource::Ascending))
        && given.keys.is_sorted_by(|one, next| one < next);
    if given.in_order && (given_whole || ascending || distinguished::<E, C::Backend>(sent, columns)) {
        given.put_on(sent);
        return Ok(true);
    }
    if given_whole && by_given_keys(executor, sent, &given)? {
        return Ok(true);
    }
    let mut found: HashMap<E::Key, E> =
        select::<E, C>(executor, &given.keys)?.into_iter().map(|row| (row.key(), row)).collect();
    let stored: Option<Vec<E>> = given.keys.iter().map(|key| found.remove(key)).collect();
    let Some(stored) = stored else { return Ok(false) };
    if let Some(positions) = matching::by_value(sent, &stored) {
        for (row, position) in sent.iter_mut().zip(positions) {
            *row = stored[position].clone();
        }
        return Ok(true);
    }
    let counted = ascending && matching::in_order(sent, &stored) && is_counted::<E, C>(executor, given.keys.last())?;
    if counted {
        sent.clone_from_slice(&stored);
    }
    Ok(counted)
}

/// Reloads the rows by the keys that the program gave, if these find them although they are stored differently. The
/// rows keep the keys that find them: PostgreSQL, for example, pads a CHAR and does not find it by the padded text.
fn by_given_keys<E, C>(executor: &mut Executor<'_, C>, sent: &mut [E], given: &Returned<E>) -> QueryResult<bool>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
{
    let mut found = Vec::with_capacity(sent.len());
    for row in &*sent {
        match select_one::<E, C>(executor, &row.key(), false)? {
            Some(mut stored) if given.keys.contains(&stored.key()) => {
                stored.set_key(row.key());
                found.push(stored);
            }
            _ => return Ok(false),
        }
    }
    sent.clone_from_slice(&found);
    Ok(true)
}

/// Whether the last key is the last one that a counter of the database generated on this connection.
fn is_counted<E, C>(executor: &mut Executor<'_, C>, last: Option<&E::Key>) -> QueryResult<bool>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
    bool: FromSql<Bool, C::Backend>,
{
    let table = E::table();
    let generated = table.key.iter().enumerate().find(|(_, column)| table.columns[**column].generated);
    let (Some((position, column)), Some(key)) = (generated, last) else { return Ok(false) };
    let counter = executor.connection.last_counted(&name_in_sql::<E, C>()?, table.columns[*column].name)?;
    let Some(counter) = counter else { return Ok(false) };
    let question = IsLast::<E> { counter: &counter, key, position, entity: PhantomData };
    let read = |row: &<C as diesel::connection::LoadConnection>::Row<'_, '_>| {
        row.get_value::<Bool, bool, _>(0).map_err(DieselError::DeserializationError)
    };
    Ok(executor.first(question, |row| read(row))?.unwrap_or(false))
}

/// Whether a key is the last that a counter generated.
struct IsLast<'a, E: Entity> {
    counter: &'a str,
    key: &'a E::Key,
    /// The position in the key of the column that is counted.
    position: usize,
    entity: PhantomData<fn() -> E>,
}

impl<E: Columns<DB>, DB: Backend> QueryFragment<DB> for IsLast<'_, E> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("SELECT ");
        out.push_sql(self.counter);
        out.push_sql(" = ");
        E::key_column(self.position, Bind { row: self.key, out: &mut out })
    }
}
