//! The filters of an entity as a condition: in the session's own statements, in Diesel's, and on a row in memory.

use std::any::Any;
use std::marker::PhantomData;

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::deserialize::FromSql;
use diesel::expression::{AppearsOnTable, Expression, ValidGrouping, is_aggregate};
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::query_source::{AppearsInFromClause, Once};
use diesel::result::Error as DieselError;
use diesel::serialize::ToSql;
use diesel::sql_types::{Bool, HasSqlType};

use crate::session::entity::{Columns, Entity, Visitor};
use crate::session::filter::{ConditionWithValue, FieldOperand, FilterTest};

/// The filters of `E` that are in force, as a Diesel condition on its table: see
/// [`Session::filter_expression`](crate::Session::filter_expression).
pub struct FilterExpression<E> {
    conditions: Vec<ConditionWithValue>,
    /// No row meets it: a filter could not be evaluated, which the call that runs the query reports.
    nothing: bool,
    entity: PhantomData<fn() -> E>,
}

impl<E> std::fmt::Debug for FilterExpression<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FilterExpression").field("conditions", &self.conditions).finish_non_exhaustive()
    }
}

impl<E> Clone for FilterExpression<E> {
    fn clone(&self) -> Self {
        Self { conditions: self.conditions.clone(), nothing: self.nothing, entity: PhantomData }
    }
}

impl<E: Entity> FilterExpression<E> {
    pub(crate) fn new(conditions: Vec<ConditionWithValue>) -> Self {
        Self { conditions, nothing: false, entity: PhantomData }
    }

    /// The condition that every row meets.
    pub(crate) fn everything() -> Self {
        Self::new(Vec::new())
    }

    /// The condition that no row meets.
    pub(crate) fn nothing() -> Self {
        Self { nothing: true, ..Self::everything() }
    }

    /// Whether every row meets it.
    pub(crate) fn is_everything(&self) -> bool {
        self.conditions.is_empty() && !self.nothing
    }

    /// Whether a row meets it, by the values that it has in memory.
    pub(crate) fn admits(&self, row: &E) -> bool {
        let columns = E::table().columns;
        !self.nothing
            && self.conditions.iter().all(|(condition, value)| {
                let is_null = columns[condition.column].is_null;
                let field = Some(row.field(condition.column)).filter(|field| !is_null(*field));
                condition.is_met_by(field, is_null, value.as_ref())
            })
    }

    /// Writes `a IS NULL AND b = ?`, each column after `table` writes its table.
    fn push<'b, DB: Backend>(
        &'b self,
        out: &mut AstPass<'_, 'b, DB>,
        table: impl Fn(&mut AstPass<'_, 'b, DB>) -> QueryResult<()>,
    ) -> QueryResult<()>
    where
        E: Columns<DB>,
    {
        if self.nothing || self.conditions.is_empty() {
            out.push_sql(if self.nothing { "1 = 0" } else { "1 = 1" });
            return Ok(());
        }
        for (number, (condition, value)) in self.conditions.iter().enumerate() {
            out.push_sql(if number > 0 { " AND " } else { "" });
            table(out)?;
            out.push_identifier(E::table().columns[condition.column].name)?;
            out.push_sql(match condition.test {
                FilterTest::IsNull => " IS NULL",
                FilterTest::IsNotNull => " IS NOT NULL",
                FilterTest::Equal(_) => " = ",
                FilterTest::NotEqual(_) => " <> ",
            });
            if let Some(value) = value {
                E::column(condition.column, BindOperand { value, out })?;
            }
        }
        Ok(())
    }

    /// Writes ` AND a IS NULL AND b = ?` after a condition, and nothing if every row meets it.
    pub(super) fn push_and<'b, DB: Backend>(&'b self, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()>
    where
        E: Columns<DB>,
    {
        self.push_after(" AND ", out)
    }

    /// Writes ` WHERE a IS NULL AND b = ?` after a table, and nothing if every row meets it.
    pub(super) fn push_where<'b, DB: Backend>(&'b self, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()>
    where
        E: Columns<DB>,
    {
        self.push_after(" WHERE ", out)
    }

    fn push_after<'b, DB: Backend>(&'b self, word: &str, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()>
    where
        E: Columns<DB>,
    {
        if self.is_everything() {
            return Ok(());
        }
        out.push_sql(word);
        self.push(out, |_| Ok(()))
    }
}

/// Writes the parameter of a value that a column is compared with.
struct BindOperand<'v, 'p, 'b, DB: Backend> {
    value: &'b FieldOperand,
    out: &'v mut AstPass<'p, 'b, DB>,
}

impl<DB: Backend, E> Visitor<DB, E> for BindOperand<'_, '_, '_, DB> {
    type Output = QueryResult<()>;

    fn visit<ST, T>(self, _: fn(&E) -> &T, _: fn(&mut E, T)) -> QueryResult<()>
    where
        DB: HasSqlType<ST>,
        T: ToSql<ST, DB> + FromSql<ST, DB> + PartialEq + 'static,
    {
        let value: &dyn Any = &**self.value;
        let wrong = || DieselError::QueryBuilderError("a value is not of its column's type".into());
        self.out.push_bind_param::<ST, T>(value.downcast_ref::<T>().ok_or_else(wrong)?)
    }
}

// Diesel's view of it: a condition on the table of the entity, with the columns qualified.

impl<E: Entity> Expression for FilterExpression<E> {
    type SqlType = Bool;
}

impl<E: Entity, QS> AppearsOnTable<QS> for FilterExpression<E> where QS: AppearsInFromClause<E::Table, Count = Once> {}

impl<E: Entity, GB> ValidGrouping<GB> for FilterExpression<E> {
    type IsAggregate = is_aggregate::No;
}

impl<E: Columns<DB>, DB: Backend> QueryFragment<DB> for FilterExpression<E> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("(");
        self.push(&mut out, |out| {
            E::table_name(out.reborrow())?;
            out.push_sql(".");
            Ok(())
        })?;
        out.push_sql(")");
        Ok(())
    }
}

impl<E> QueryId for FilterExpression<E> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
