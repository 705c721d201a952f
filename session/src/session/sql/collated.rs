//! `SELECT …, c = ?, c = ? FROM t WHERE c IN (?, ?)`: rows by the values of a column, and which of the values the
//! database treats as equal to each row's. A collation may treat values as equal that differ in Rust, by case or
//! trailing blanks.

use std::any::Any;
use std::marker::PhantomData;

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::deserialize::FromSql;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::result::Error as DieselError;
use diesel::row::Row as _;
use diesel::sql_types::Bool;

use super::filter_expression::FilterExpression;
use super::limit::{StatementLimit, value_size};
use super::select::{BindValue, ByValue, Condition, push_columns, read};
use crate::connection::{EngineConnection, Executor};
use crate::session::entity::Columns;

/// The rows with some values, each with its comparison to every one of these values.
struct Matches<'a, E> {
    condition: ByValue<'a, E>,
    filter: &'a FilterExpression<E>,
    keep: bool,
}

impl<E: Columns<DB>, DB: Backend> QueryFragment<DB> for Matches<'_, E> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        if !self.keep {
            out.unsafe_to_cache_prepared();
        }
        let ByValue { column, values, range, .. } = &self.condition;
        push_columns::<E, DB>(&mut out)?;
        for index in range.clone() {
            out.push_sql(", ");
            out.push_identifier(E::table().columns[*column].name)?;
            out.push_sql(" = ");
            E::column(*column, BindValue { values: *values, index, out: &mut out })?;
        }
        out.push_sql(" FROM ");
        E::table_name(out.reborrow())?;
        out.push_sql(" WHERE ");
        self.condition.write(&mut out)?;
        self.filter.push_and(&mut out)
    }
}

/// Reads the rows whose `column` is among the `count` values in a `Vec` of the field's type and that meet `filter`, each
/// with the indexes of the values that the database treats as equal to it. A row that matches values in several statements comes once for
/// each.
pub(super) fn select_matches<E, C>(
    executor: &mut Executor<'_, C>,
    column: usize,
    values: &dyn Any,
    count: usize,
    filter: &FilterExpression<E>,
) -> QueryResult<Vec<(E, Vec<usize>)>>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
    bool: FromSql<Bool, C::Backend>,
{
    // Every value is sent twice.
    let limit = StatementLimit::of(2, executor.connection);
    let mut rows = Vec::new();
    for (range, keep) in limit.ranges(count, |value| 2 * value_size::<E, C::Backend>(column, values, value)) {
        let condition = ByValue::<E> { column, values, range: range.clone(), entity: PhantomData };
        executor.each(Matches { condition, filter, keep }, |row| {
            let mut equal = Vec::new();
            for (position, value) in (E::table().columns.len()..).zip(range.clone()) {
                if row.get_value::<Bool, bool, _>(position).map_err(DieselError::DeserializationError)? {
                    equal.push(value);
                }
            }
            rows.push((read(&row)?, equal));
            Ok(())
        })?;
    }
    rows.sort_by_key(|(row, _): &(E, _)| row.key());
    Ok(rows)
}
