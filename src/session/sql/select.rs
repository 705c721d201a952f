//! `SELECT … FROM t WHERE key IN (…)`, and what is asked about a whole query: its count, whether it finds anything.

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::connection::LoadConnection;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::Error as DieselError;
use diesel::sql_types::Untyped;

use super::{chunks, push_keys, rows_per_statement};
use crate::connection::{Engine, Link};
use crate::session::entity::{Columns, Entity};

struct Select<'a, E: Entity> {
    keys: &'a [E::Key],
    keep: bool,
}

impl<E: Columns<DB>, DB: Backend> QueryFragment<DB> for Select<'_, E> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        if !self.keep {
            out.unsafe_to_cache_prepared();
        }
        for (number, column) in E::table().columns.iter().enumerate() {
            out.push_sql(if number > 0 { ", " } else { "SELECT " });
            out.push_identifier(column.name)?;
        }
        out.push_sql(" FROM ");
        E::table_name(out.reborrow())?;
        out.push_sql(" WHERE ");
        push_keys::<E, DB>(self.keys.iter(), &mut out)
    }
}

impl<E: Entity> Query for Select<'_, E> {
    type SqlType = Untyped;
}

impl<E: Entity> QueryId for Select<'_, E> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

/// The statement for one key: its text is the same for every key of `E`, so the cache finds it without building it.
struct SelectOne<'a, E: Entity>(Select<'a, E>);

impl<E: Columns<DB>, DB: Backend> QueryFragment<DB> for SelectOne<'_, E> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }
}

impl<E: Entity> Query for SelectOne<'_, E> {
    type SqlType = Untyped;
}

impl<E: Entity> QueryId for SelectOne<'_, E> {
    type QueryId = SelectOne<'static, E>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

/// Reads the rows that have these keys, in no promised order.
pub(super) fn select<E, C>(link: &mut Link<'_, C>, keys: &[E::Key]) -> QueryResult<Vec<E>>
where
    C: Engine,
    E: Columns<C::Backend>,
{
    let size = rows_per_statement(E::table().key.len(), link.connection.max_binds());
    let mut rows = Vec::with_capacity(keys.len());
    for (keys, keep) in chunks(keys, size) {
        let mut read = |row: <C as LoadConnection>::Row<'_, '_>| {
            rows.push(E::read(&row).map_err(DieselError::DeserializationError)?);
            Ok(())
        };
        let select = Select::<E> { keys, keep };
        if keys.len() == 1 {
            link.each(SelectOne(select), &mut read)?;
        } else {
            link.each(select, &mut read)?;
        }
    }
    Ok(rows)
}

/// `SELECT COUNT(*) FROM (…)` over any query: respects its LIMIT.
#[derive(Debug)]
pub(crate) struct Count<Q>(pub(crate) Q);

/// `SELECT EXISTS (…)` over any query.
#[derive(Debug)]
pub(crate) struct Exists<Q>(pub(crate) Q);

impl<Q: QueryFragment<DB>, DB: Backend> QueryFragment<DB> for Count<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("SELECT COUNT(*) FROM (");
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(") AS t");
        Ok(())
    }
}

impl<Q: QueryFragment<DB>, DB: Backend> QueryFragment<DB> for Exists<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("SELECT EXISTS (");
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(")");
        Ok(())
    }
}

impl<Q> Query for Count<Q> {
    type SqlType = Untyped;
}

impl<Q> Query for Exists<Q> {
    type SqlType = Untyped;
}

// Without an id of their own these would share the cached statement of the query within.
impl<Q> QueryId for Count<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q> QueryId for Exists<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
