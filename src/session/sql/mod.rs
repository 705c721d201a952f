//! The statements of a flush and of loading by key: the session's own query fragments.
//!
//! Each is generic over the entity and the backend and is cached, as a prepared statement, by its SQL text: fragments
//! say that they have no static query id, and only those whose text varies with the number of rows opt out. `Persist`
//! runs them on a concrete connection; [`AnyConnection`](crate::connection::AnyConnection) is matched once a call.

mod answer;
mod collated;
mod delete;
mod insert;
mod look;
mod matching;
mod persist;
mod read_back;
mod referrers;
mod returning;
mod select;
mod unreadable;
mod update;
mod update_arrays;
mod update_join;
mod whole;

pub use delete::Condemned;
pub(crate) use look::{in_words, undeclared};
pub use persist::{Everywhere, Persist};
pub(crate) use select::read_into;
pub use update::Edited;
pub use whole::EveryRow;
pub use whole::Locked;
pub(crate) use whole::{Count, Exists, Page};

use std::marker::PhantomData;

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::deserialize::FromSql;
use diesel::query_builder::{AstPass, QueryBuilder as _, QueryFragment};
use diesel::serialize::ToSql;
use diesel::sql_types::HasSqlType;

use super::entity::{Columns, Table, Visitor};
use crate::connection::{Engine, SessionConnection};

/// A statement of these many rows is prepared once and kept; what is left over is prepared each time.
const ROWS_PER_STATEMENT: usize = 100;

/// As [`rows_per_statement`], and as many as the engine takes where rows of the table may refer to each other and that helps:
/// what belongs together is not taken apart.
fn related_rows_per_statement<C: SessionConnection>(table: &'static Table, binds: usize, connection: &C) -> usize {
    let max_binds = connection.max_binds();
    if table.refers_to_itself() && connection.backend().checks_after_statement() {
        (max_binds / binds.max(1)).max(1)
    } else {
        rows_per_statement(binds, max_binds)
    }
}

/// How many rows of `binds` binds each one statement takes.
fn rows_per_statement(binds: usize, max_binds: usize) -> usize {
    (max_binds / binds.max(1)).clamp(1, ROWS_PER_STATEMENT)
}

/// Splits `rows` into statements: full ones and single rows, whose text is worth keeping, and one odd rest.
fn chunks<T>(rows: &[T], size: usize) -> impl Iterator<Item = (&[T], bool)> {
    rows.chunks(size).map(move |chunk| (chunk, chunk.len() == size || chunk.len() == 1))
}

/// A table's name as SQL writes it.
struct Name<E>(PhantomData<fn() -> E>);

impl<E: Columns<DB>, DB: Backend> QueryFragment<DB> for Name<E> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        E::table_name(out)
    }
}

/// The name of an entity's table as SQL writes it.
fn name_in_sql<E: Columns<C::Backend>, C: Engine>() -> QueryResult<String> {
    let mut out = <C::Backend as Backend>::QueryBuilder::default();
    Name::<E>(PhantomData).to_sql(&mut out, &C::Backend::default())?;
    Ok(out.finish())
}

/// Writes the bind of one column.
struct Bind<'v, 'p, 'b, DB: Backend, R> {
    row: &'b R,
    out: &'v mut AstPass<'p, 'b, DB>,
}

impl<'b, DB: Backend, R> Visitor<DB, R> for Bind<'_, '_, 'b, DB, R> {
    type Output = QueryResult<()>;

    fn visit<ST, T>(self, get: fn(&R) -> &T, _: fn(&mut R, T)) -> QueryResult<()>
    where
        DB: HasSqlType<ST>,
        T: ToSql<ST, DB> + FromSql<ST, DB> + PartialEq + 'static,
    {
        self.out.push_bind_param::<ST, T>(get(self.row))
    }
}

/// Writes `"a" = ? AND "b" = ?` over the columns of a key.
fn push_key<'b, E: Columns<DB>, DB: Backend>(key: &'b E::Key, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()> {
    for (position, column) in E::table().key.iter().enumerate() {
        if position > 0 {
            out.push_sql(" AND ");
        }
        out.push_identifier(E::table().columns[*column].name)?;
        out.push_sql(" = ");
        E::key_column(position, Bind { row: key, out })?;
    }
    Ok(())
}

/// Writes the condition that a row has one of `keys`.
fn push_keys<'b, E: Columns<DB>, DB: Backend>(
    keys: impl ExactSizeIterator<Item = &'b E::Key>,
    out: &mut AstPass<'_, 'b, DB>,
) -> QueryResult<()> {
    let single = keys.len() == 1;
    let column = match E::table().key {
        [column] if !single => Some(E::table().columns[*column].name),
        _ => None,
    };
    if let Some(column) = column {
        out.push_identifier(column)?;
        out.push_sql(" IN (");
    }
    for (number, key) in keys.enumerate() {
        match column {
            Some(_) => {
                out.push_sql(if number > 0 { ", " } else { "" });
                E::key_column(0, Bind { row: key, out })?;
            }
            None if single => push_key::<E, DB>(key, out)?,
            None => {
                out.push_sql(if number > 0 { " OR (" } else { "(" });
                push_key::<E, DB>(key, out)?;
                out.push_sql(")");
            }
        }
    }
    if column.is_some() {
        out.push_sql(")");
    }
    Ok(())
}
