//! Statements around a whole query: its count, whether it finds anything, its rows in pages, and its rows locked.

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::query_dsl::methods::{LimitDsl, OffsetDsl};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, HasSqlType};

use super::Bind;
use super::filter_expression::FilterExpression;
use super::select::push_columns;
use crate::session::entity::{ColumnSet, Columns, Entity};

/// One page of a query, in order of the key: the rows after the key `after`, whatever the query's own order.
pub(crate) struct Page<'a, E: Entity, Q> {
    pub(crate) query: &'a Q,
    pub(crate) after: Option<E::Key>,
    pub(crate) size: i64,
    /// The columns of the key that are ordered by their labels, because they sort in another order than they compare.
    pub(crate) by_label: ColumnSet,
}

impl<E: Columns<DB>, Q: QueryFragment<DB>, DB> QueryFragment<DB> for Page<'_, E, Q>
where
    DB: Backend + HasSqlType<BigInt>,
    i64: ToSql<BigInt, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        push_columns::<E, DB>(&mut out)?;
        out.push_sql(" FROM (");
        self.query.walk_ast(out.reborrow())?;
        out.push_sql(") AS t");
        if let Some(after) = &self.after {
            out.push_sql(" WHERE ");
            out.push_sql("(");
            push_key_list::<E, DB>(self.by_label, &mut out)?;
            out.push_sql(")");
            for position in 0..E::table().key.len() {
                out.push_sql(if position > 0 { ", " } else { " > (" });
                E::key_column(position, Bind { row: after, out: &mut out })?;
            }
            out.push_sql(")");
        }
        out.push_sql(" ORDER BY ");
        push_key_list::<E, DB>(self.by_label, &mut out)?;
        out.push_sql(" LIMIT ");
        out.push_bind_param::<BigInt, i64>(&self.size)
    }
}

/// The query of every row of an entity's table that meets the entity's filters.
#[derive(Debug)]
pub struct EveryRow<E>(pub(crate) FilterExpression<E>);

impl<E: Columns<DB>, DB: Backend> QueryFragment<DB> for EveryRow<E> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        push_columns::<E, DB>(&mut out)?;
        out.push_sql(" FROM ");
        E::table_name(out.reborrow())?;
        self.0.push_where(&mut out)
    }
}

/// Writes `a, b` over the columns of the key.
fn push_key_list<E: Columns<DB>, DB: Backend>(by_label: ColumnSet, out: &mut AstPass<'_, '_, DB>) -> QueryResult<()> {
    for (number, column) in E::table().key.iter().enumerate() {
        out.push_sql(if number > 0 { ", " } else { "" });
        out.push_sql(if by_label.contains(*column) { "CAST(" } else { "" });
        out.push_identifier(E::table().columns[*column].name)?;
        out.push_sql(if by_label.contains(*column) { " AS CHAR)" } else { "" });
    }
    Ok(())
}

/// A query whose rows are locked until the transaction ends.
#[derive(Debug, Clone, Copy)]
pub struct Locked<Q> {
    pub(crate) query: Q,
    /// The engine's clause that locks the rows.
    pub(crate) lock: &'static str,
}

impl<Q: QueryFragment<DB>, DB: Backend> QueryFragment<DB> for Locked<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.query.walk_ast(out.reborrow())?;
        out.push_sql(self.lock);
        Ok(())
    }
}

impl<Q: Query> Query for Locked<Q> {
    type SqlType = Q::SqlType;
}

impl<Q> QueryId for Locked<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q, C> diesel::RunQueryDsl<C> for Locked<Q> {}

impl<Q: LimitDsl> LimitDsl for Locked<Q> {
    type Output = Locked<Q::Output>;

    fn limit(self, limit: i64) -> Self::Output {
        Locked { query: self.query.limit(limit), lock: self.lock }
    }
}

impl<Q: OffsetDsl> OffsetDsl for Locked<Q> {
    type Output = Locked<Q::Output>;

    fn offset(self, offset: i64) -> Self::Output {
        Locked { query: self.query.offset(offset), lock: self.lock }
    }
}

/// `SELECT COUNT(*) FROM (…)` over any query; respects its LIMIT.
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
