//! The statements of a flush and of loading by key: the session's own query fragments.
//!
//! Each is generic over the entity and the backend and is cached, as a prepared statement, by its SQL text: fragments
//! declare no static query id, and only those whose text varies with the number of rows opt out of the cache. `Persist`
//! runs them on a concrete connection; [`AnyConnection`](crate::connection::AnyConnection) is matched once per call.

mod alike;
mod answer;
mod arrays;
mod by_unique;
mod collated;
mod computed;
mod conflict;
mod copy;
mod delete;
mod diagnose;
mod edited;
mod filter_expression;
mod generated_keys;
mod insert;
mod insert_arrays;
mod insert_columns;
mod insert_rows;
mod insert_values;
mod limit;
mod lookup;
mod matching;
mod named;
mod persist;
mod query;
mod referrers;
mod related;
mod returning;
mod select;
mod taken;
mod unreadable;
mod update;
mod update_arrays;
mod update_join;
mod upsert;
mod upsert_native;

pub(crate) use answer::is_integer;
pub use conflict::{Conflict, Upserted};
pub use delete::RowToDelete;
pub(crate) use delete::deletes_together;
pub use diagnose::in_words;
pub(crate) use diagnose::undeclared;
pub use edited::Edited;
pub use filter_expression::FilterExpression;
pub use lookup::LookupValues;
pub(crate) use named::read_by_name;
pub use persist::{Everywhere, Persist};
pub use query::EveryRow;
pub use query::Locked;
pub(crate) use query::{Count, Exists, Page};
pub(crate) use related::Related;
pub use related::{Conditions, Order};
pub(crate) use select::read_into;
pub use update::Outcome;

use std::marker::PhantomData;

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::deserialize::FromSql;
use diesel::query_builder::{AstPass, QueryBuilder as _, QueryFragment};
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel::serialize::ToSql;
use diesel::sql_types::HasSqlType;

use super::entity::{Columns, Entity, Visitor};
use crate::connection::EngineConnection;

/// The error for a statement that matched more rows than it named: rows of others are among them.
fn ambiguous<E: Entity>(verb: &str, named: usize, met: usize) -> DieselError {
    let table = E::table().name;
    let problem = format!("{verb} of {table}: the keys of {named} rows are those of {met} for the database");
    DieselError::DatabaseError(DatabaseErrorKind::Unknown, Box::new(problem))
}

/// The error for an INSERT of which the database reports fewer rows than were sent, where their keys are not known.
fn kept_back<E: Entity>(inserted: usize, sent: usize) -> DieselError {
    let table = E::table().name;
    let problem =
        format!("the database inserted {inserted} of {sent} rows of {table}; a trigger may have kept back the others");
    DieselError::DatabaseError(DatabaseErrorKind::Unknown, Box::new(problem))
}

/// A table's name in SQL.
struct Name<E>(PhantomData<fn() -> E>);

impl<E: Columns<DB>, DB: Backend> QueryFragment<DB> for Name<E> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        E::table_name(out)
    }
}

/// The name of an entity's table in SQL.
fn name_in_sql<E: Columns<C::Backend>, C: EngineConnection>() -> QueryResult<String> {
    let mut out = <C::Backend as Backend>::QueryBuilder::default();
    Name::<E>(PhantomData).to_sql(&mut out, &C::Backend::default())?;
    Ok(out.finish())
}

/// Writes the parameter of one column.
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

/// A row to match by its key and, if it is guarded, by the version that it was read with.
struct Found<'a, E: Entity> {
    key: &'a E::Key,
    version_of: Option<&'a E>,
}

impl<'a, E: Entity> Found<'a, E> {
    fn by(key: &'a E::Key) -> Self {
        Self { key, version_of: None }
    }

    /// The names of the columns that it is matched by.
    fn columns(&self) -> impl Iterator<Item = &'static str> + use<E> {
        let table = E::table();
        let version = self.version_of.and(table.version);
        table.key.iter().copied().chain(version).map(|column| table.columns[column].name)
    }

    /// Writes the parameter of the column at `position` among these.
    fn push<'b, DB: Backend>(&self, position: usize, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()>
    where
        'a: 'b,
        E: Columns<DB>,
    {
        match (self.version_of, E::table().version) {
            (Some(row), Some(version)) if position == E::table().key.len() => E::column(version, Bind { row, out }),
            _ => E::key_column(position, Bind { row: self.key, out }),
        }
    }

    /// Writes `"a" = ? AND "b" = ?`.
    fn push_equal<'b, DB: Backend>(&self, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()>
    where
        'a: 'b,
        E: Columns<DB>,
    {
        for (position, name) in self.columns().enumerate() {
            out.push_sql(if position > 0 { " AND " } else { "" });
            out.push_identifier(name)?;
            out.push_sql(" = ");
            self.push(position, out)?;
        }
        Ok(())
    }
}

/// Writes `"a" = ? AND "b" = ?` over the columns of a key.
fn push_key<'b, E: Columns<DB>, DB: Backend>(key: &'b E::Key, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()> {
    Found::<E>::by(key).push_equal(out)
}

/// Writes the condition that a row is one of `rows`. Its nesting does not grow with the number of rows: `a IN (?, ?)`,
/// or for several columns `(a, b) IN (SELECT * FROM (VALUES (?, ?), (?, ?)) AS v)` where the engine [lists
/// rows](crate::connection::Engine::lists_rows), and `(a, b) IN ((?, ?), (?, ?))` where it does not. With OR, MariaDB
/// would read all rows that share the first part of a key.
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
    let listed = width > 1 && lists_rows;
    out.push_sql(if width > 1 { "(" } else { "" });
    for (position, name) in first.columns().enumerate() {
        out.push_sql(if position > 0 { ", " } else { "" });
        out.push_identifier(name)?;
    }
    out.push_sql(if width > 1 { ") IN (" } else { " IN (" });
    // A SELECT around the VALUES lets SQLite look up each of them in an index.
    out.push_sql(if listed { "SELECT * FROM (VALUES " } else { "" });
    for (number, row) in std::iter::once(first).chain(rows).enumerate() {
        out.push_sql(if number > 0 { ", " } else { "" });
        out.push_sql(if width > 1 { "(" } else { "" });
        for position in 0..width {
            out.push_sql(if position > 0 { ", " } else { "" });
            row.push(position, out)?;
        }
        out.push_sql(if width > 1 { ")" } else { "" });
    }
    out.push_sql(if listed { ") AS v)" } else { ")" });
    Ok(())
}
