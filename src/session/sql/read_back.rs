//! The keys of new rows where the engine has no RETURNING: `INSERT`, then one SELECT that reads the batch back.
//!
//! `LAST_INSERT_ID()` is the key of the first row. The others follow in the order of the rows, at the distance of
//! `auto_increment_increment`, which a cluster sets to its size and may change at any time. So the SELECT asks for the
//! rows at that distance, and a column that was sent bears witness for each; where that does not come out, all rows from
//! the first key on are compared in full.

use std::marker::PhantomData;

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::deserialize::FromSql;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::Error as DieselError;
use diesel::row::Row as _;
use diesel::sql_types::{BigInt, Untyped};

use super::insert::{Answer, returned, same, unplaced};
use super::select::select;
use crate::connection::{Engine, Link};
use crate::session::entity::{Columns, Entity};

/// Fills the columns that the database made for the batch of rows that was just inserted.
pub(super) fn read_back<E, C>(link: &mut Link<'_, C>, sent: &mut [E], keep: bool) -> QueryResult<()>
where
    C: Engine,
    E: Columns<C::Backend>,
    i64: FromSql<BigInt, C::Backend>,
{
    let table = E::table();
    let Some(key) = table.key.iter().copied().find(|column| table.columns[*column].generated) else {
        return by_known_keys(link, sent);
    };
    let mut answer = Answer::to(sent);
    let mut first = None;
    link.each(Batch::<E> { key, rows: sent.len(), keep, entity: PhantomData }, |row| {
        if first.is_none() {
            let position = returned(table).count();
            first = Some(row.get_value::<BigInt, i64, _>(position).map_err(DieselError::DeserializationError)?);
        }
        answer.take(&row)
    })?;
    let given = answer.given;
    if first == Some(0) && given.in_order && given.keys.len() == sent.len() {
        given.put_on(sent);
        return Ok(());
    }
    by_value(link, sent, key)
}

/// Reads the rows again that were sent with their keys.
fn by_known_keys<E, C>(link: &mut Link<'_, C>, sent: &mut [E]) -> QueryResult<()>
where
    C: Engine,
    E: Columns<C::Backend>,
{
    let keys: Vec<E::Key> = sent.iter().map(E::key).collect();
    let mut stored = select::<E, C>(link, &keys)?;
    for row in sent {
        let key = row.key();
        let found = stored.iter().position(|other| other.key() == key);
        *row = stored.swap_remove(found.ok_or_else(|| unplaced::<E>("a row is not there under its key"))?);
    }
    Ok(())
}

/// Finds the rows among all from the first key on, by all that was sent. Rows of somebody else's in between are passed
/// over, unless they are the same: then it cannot be told whose they are.
fn by_value<E, C>(link: &mut Link<'_, C>, sent: &mut [E], key: usize) -> QueryResult<()>
where
    C: Engine,
    E: Columns<C::Backend>,
{
    let mut stored: Vec<E> = Vec::with_capacity(sent.len());
    link.each(Onwards::<E> { key, entity: PhantomData }, |row| {
        let read = E::read(&row).map_err(DieselError::DeserializationError)?;
        if sent.iter().any(|row| same(&read, row)) {
            stored.push(read);
        }
        Ok(())
    })?;
    if stored.len() != sent.len() || stored.iter().zip(&*sent).any(|(stored, sent)| !same(stored, sent)) {
        return Err(unplaced::<E>("what stands from the first new key on is not what was sent"));
    }
    for (row, stored) in sent.iter_mut().zip(stored) {
        *row = stored;
    }
    Ok(())
}

/// The columns of the batch that come back, and how far the key is from the first.
struct Batch<E> {
    key: usize,
    rows: usize,
    keep: bool,
    entity: PhantomData<fn() -> E>,
}

const FIRST: &str = "CAST(LAST_INSERT_ID() AS SIGNED)";
const STEP: &str = "@@auto_increment_increment";

impl<E: Columns<DB>, DB: Backend> QueryFragment<DB> for Batch<E> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let key = E::table().columns[self.key].name;
        if !self.keep {
            out.unsafe_to_cache_prepared();
        }
        out.push_sql("SELECT ");
        for column in returned(E::table()) {
            out.push_identifier(E::table().columns[column].name)?;
            out.push_sql(", ");
        }
        out.push_identifier(key)?;
        out.push_sql(&format!(" - {FIRST} FROM "));
        E::table_name(out.reborrow())?;
        out.push_sql(" WHERE ");
        out.push_identifier(key)?;
        out.push_sql(&format!(" BETWEEN {FIRST} AND {FIRST} + {} * {STEP} AND (", self.rows - 1));
        out.push_identifier(key)?;
        out.push_sql(&format!(" - {FIRST}) % {STEP} = 0 ORDER BY "));
        out.push_identifier(key)
    }
}

impl<E> Query for Batch<E> {
    type SqlType = Untyped;
}

impl<E> QueryId for Batch<E> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
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
        out.push_sql(&format!(" >= {FIRST} ORDER BY "));
        out.push_identifier(key)
    }
}

impl<E> Query for Onwards<E> {
    type SqlType = Untyped;
}

impl<E: Entity> QueryId for Onwards<E> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
