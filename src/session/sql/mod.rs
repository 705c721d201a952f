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
pub(crate) use delete::deletes_together;
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

use super::entity::{Columns, Entity, Table, Visitor};
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

/// Rows to be found by their keys, all of them with the version that they were read with or none.
struct Found<'a, E: Entity> {
    key: &'a E::Key,
    version_of: Option<&'a E>,
}

impl<'a, E: Entity> Found<'a, E> {
    fn by(key: &'a E::Key) -> Self {
        Self { key, version_of: None }
    }

    /// The names of the columns that it is found by.
    fn columns(&self) -> impl Iterator<Item = &'static str> + use<E> {
        let table = E::table();
        let version = self.version_of.and(table.version);
        table.key.iter().copied().chain(version).map(|column| table.columns[column].name)
    }

    /// Writes the parameter of the column at `place` among these.
    fn push<'b, DB: Backend>(&self, place: usize, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()>
    where
        'a: 'b,
        E: Columns<DB>,
    {
        match (self.version_of, E::table().version) {
            (Some(row), Some(version)) if place == E::table().key.len() => E::column(version, Bind { row, out }),
            _ => E::key_column(place, Bind { row: self.key, out }),
        }
    }

    /// Writes `"a" = ? AND "b" = ?`.
    fn push_equal<'b, DB: Backend>(&self, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()>
    where
        'a: 'b,
        E: Columns<DB>,
    {
        for (place, name) in self.columns().enumerate() {
            out.push_sql(if place > 0 { " AND " } else { "" });
            out.push_identifier(name)?;
            out.push_sql(" = ");
            self.push(place, out)?;
        }
        Ok(())
    }
}

/// Writes `"a" = ? AND "b" = ?` over the columns of a key.
fn push_key<'b, E: Columns<DB>, DB: Backend>(key: &'b E::Key, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()> {
    Found::<E>::by(key).push_equal(out)
}

/// Writes the condition that a row is one of `rows`. It nests no deeper the more rows there are: `a IN (?, ?)`, or for
/// several columns `(a, b) IN (SELECT * FROM (VALUES (?, ?), (?, ?)) AS v)` where the engine [lists
/// rows](crate::connection::Backend::lists_rows); where it does not, few rows go by one statement, joined by OR.
fn push_found<'b, E: Columns<DB>, DB: Backend>(
    mut rows: impl ExactSizeIterator<Item = Found<'b, E>>,
    lists_rows: bool,
    out: &mut AstPass<'_, 'b, DB>,
) -> QueryResult<()> {
    let single = rows.len() == 1;
    let Some(first) = rows.next() else { return Ok(()) };
    if single {
        return first.push_equal(out);
    }
    let width = first.columns().count();
    if width > 1 && !lists_rows {
        for (number, row) in std::iter::once(first).chain(rows).enumerate() {
            out.push_sql(if number > 0 { " OR (" } else { "(" });
            row.push_equal(out)?;
            out.push_sql(")");
        }
        return Ok(());
    }
    out.push_sql(if width > 1 { "(" } else { "" });
    for (place, name) in first.columns().enumerate() {
        out.push_sql(if place > 0 { ", " } else { "" });
        out.push_identifier(name)?;
    }
    // A SELECT around the VALUES lets SQLite look each of them up in an index.
    out.push_sql(if width > 1 { ") IN (SELECT * FROM (VALUES " } else { " IN (" });
    for (number, row) in std::iter::once(first).chain(rows).enumerate() {
        out.push_sql(if number > 0 { ", " } else { "" });
        out.push_sql(if width > 1 { "(" } else { "" });
        for place in 0..width {
            out.push_sql(if place > 0 { ", " } else { "" });
            row.push(place, out)?;
        }
        out.push_sql(if width > 1 { ")" } else { "" });
    }
    out.push_sql(if width > 1 { ") AS v)" } else { ")" });
    Ok(())
}
