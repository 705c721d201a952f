//! `INSERT INTO t (…) VALUES (…), (…) RETURNING …`: many rows, every generated key on its own row.

use std::cmp::Ordering;

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::deserialize::FromSql;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::Error as DieselError;
use diesel::row::Row;
use diesel::serialize::ToSql;
use diesel::sql_types::{HasSqlType, Untyped};

use super::{Bind, chunks, rows_per_statement};
use crate::connection::{Engine, Link};
use crate::session::entity::{Columns, Table, Visitor};
use crate::session::sql::select::select;

/// The statement for some rows.
struct Insert<'a, E> {
    rows: &'a [E],
    witness: Option<usize>,
    keep: bool,
}

impl<E: Columns<DB>, DB: Backend> QueryFragment<DB> for Insert<'_, E> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let table = E::table();
        if !self.keep {
            out.unsafe_to_cache_prepared();
        }
        out.push_sql("INSERT INTO ");
        E::table_name(out.reborrow())?;
        if table.sent().next().is_none() {
            out.push_sql(" DEFAULT VALUES");
        } else {
            for (number, column) in table.sent().enumerate() {
                out.push_sql(if number > 0 { ", " } else { " (" });
                out.push_identifier(table.columns[column].name)?;
            }
            out.push_sql(") VALUES ");
            for (number, row) in self.rows.iter().enumerate() {
                out.push_sql(if number > 0 { ", (" } else { "(" });
                for (number, column) in table.sent().enumerate() {
                    if number > 0 {
                        out.push_sql(", ");
                    }
                    E::column(column, Bind { row, out: &mut out })?;
                }
                out.push_sql(")");
            }
        }
        for (number, column) in returned(table, self.witness).enumerate() {
            out.push_sql(if number > 0 { ", " } else { " RETURNING " });
            out.push_identifier(table.columns[column].name)?;
        }
        Ok(())
    }
}

impl<E> Query for Insert<'_, E> {
    type SqlType = Untyped;
}

impl<E> QueryId for Insert<'_, E> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

/// The columns that come back: those the database fills and, where there are such, one that was sent.
fn returned(table: &'static Table, witness: Option<usize>) -> impl Iterator<Item = usize> {
    table.generated().chain(witness)
}

/// The sent column that shows which row came back: the first of a unique set, else the first of all.
fn witness(table: &'static Table) -> Option<usize> {
    table.generated().next()?;
    let sent = |column: &usize| !table.columns[*column].generated;
    table.unique.iter().filter_map(|set| set.first()).copied().find(sent).or_else(|| table.sent().next())
}

/// Inserts the rows, in their order, and fills the columns that the database made.
pub(super) fn insert<E, C>(link: &mut Link<'_, C>, rows: &mut [E]) -> QueryResult<()>
where
    C: Engine,
    E: Columns<C::Backend>,
{
    let table = E::table();
    let sent = table.sent().count();
    let size = if sent == 0 { 1 } else { rows_per_statement(sent, link.connection.max_binds()) };
    let witness = witness(table);
    for chunk in rows.chunks_mut(size) {
        let keep = chunks(chunk, size).all(|(_, keep)| keep);
        if returned(table, witness).next().is_none() {
            link.execute(&Insert { rows: chunk, witness, keep })?;
            continue;
        }
        let mut answered = Vec::with_capacity(chunk.len());
        {
            let sent: &[E] = chunk;
            link.each(Insert { rows: sent, witness, keep }, |row| {
                // The answer is read into a copy of the row at its place; `place` finds out whether it is its own.
                let mut filled = sent.get(answered.len()).ok_or_else(too_many::<E>)?.clone();
                let mut own = true;
                for (position, column) in returned(table, witness).enumerate() {
                    let read = Read { row: &row, position, into: &mut filled, compare: Some(column) == witness };
                    own &= E::column(column, read)?;
                }
                answered.push((filled, own));
                Ok(())
            })?;
        }
        place(link, chunk, answered)?;
    }
    Ok(())
}

/// Puts what came back on the rows it belongs to.
///
/// No database promises the order of RETURNING. Two signs together show that it was the order of the rows sent: a
/// column that was sent is the same in every row, and generated keys ascend. Otherwise the rows are read back by their
/// keys and matched by value; rows that are equal in all that was sent are interchangeable.
fn place<E, C>(link: &mut Link<'_, C>, sent: &mut [E], answered: Vec<(E, bool)>) -> QueryResult<()>
where
    C: Engine,
    E: Columns<C::Backend>,
{
    if answered.len() < sent.len() {
        return Err(unplaced::<E>("fewer rows came back than were sent"));
    }
    let generated_key = E::table().key.iter().any(|column| E::table().columns[*column].generated);
    let ascending = answered.windows(2).all(|pair| pair[0].0.key().cmp(&pair[1].0.key()) == Ordering::Less);
    if answered.iter().all(|(_, own)| *own) && (ascending || !generated_key) {
        for (row, (filled, _)) in sent.iter_mut().zip(answered) {
            *row = filled;
        }
        return Ok(());
    }
    let keys: Vec<E::Key> = answered.iter().map(|(row, _)| row.key()).collect();
    let mut stored = select::<E, C>(link, &keys)?;
    stored.sort_by_key(E::key);
    for row in sent {
        let same = stored.iter().position(|other| {
            let changed = other.changed(row);
            E::table().sent().all(|column| !changed.contains(column))
        });
        let same = same.ok_or_else(|| unplaced::<E>("the database changed what was sent, in another order"))?;
        *row = stored.remove(same);
    }
    Ok(())
}

fn too_many<E: crate::session::Entity>() -> DieselError {
    unplaced::<E>("more rows came back than were sent")
}

fn unplaced<E: crate::session::Entity>(why: &str) -> DieselError {
    let table = E::table().name;
    DieselError::DeserializationError(format!("the keys of new rows of {table} cannot be matched: {why}").into())
}

/// Reads one returned column into a row, and says whether it is what the row held.
struct Read<'a, R, E> {
    row: &'a R,
    position: usize,
    into: &'a mut E,
    compare: bool,
}

impl<'r, DB: Backend, E, R: Row<'r, DB>> Visitor<DB, E> for Read<'_, R, E> {
    type Output = QueryResult<bool>;

    fn visit<ST, T>(self, get: fn(&E) -> &T, set: fn(&mut E, T)) -> QueryResult<bool>
    where
        DB: HasSqlType<ST>,
        T: ToSql<ST, DB> + FromSql<ST, DB> + PartialEq + 'static,
    {
        let value: T = self.row.get_value::<ST, T, _>(self.position).map_err(DieselError::DeserializationError)?;
        if self.compare {
            return Ok(&value == get(self.into));
        }
        set(self.into, value);
        Ok(true)
    }
}
