//! `SELECT …, c = ?, c = ? FROM t WHERE c IN (?, ?)`: rows by the values of columns, and which of the values the
//! database treats as equal to each row's. A collation may treat values as equal that differ in Rust, by case or
//! trailing blanks.

use std::marker::PhantomData;

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::deserialize::FromSql;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::sql_types::Bool;

use super::filter_expression::FilterExpression;
use super::limit::{StatementLimit, lookup_size};
use super::lookup::{Lookup, LookupValues, equal_values};
use super::select::{ByValue, Condition, push_columns, read};
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
        push_columns::<E, DB>(&mut out)?;
        let ByValue { lookup, .. } = &self.condition;
        lookup.push_comparisons::<E, DB>(&mut out, |position, out| self.condition.push_name(position, out))?;
        out.push_sql(" FROM ");
        E::table_name(out.reborrow())?;
        out.push_sql(" WHERE ");
        self.condition.write(&mut out)?;
        self.filter.push_and(&mut out)
    }
}

/// Reads the rows that have one of the values in these columns and that meet `filter`, each with the indexes of the
/// values that the database treats as equal to it. A row that matches values in several statements comes once for each.
pub(super) fn select_matches<E, C>(
    executor: &mut Executor<'_, C>,
    columns: &[usize],
    values: &dyn LookupValues,
    filter: &FilterExpression<E>,
) -> QueryResult<Vec<(E, Vec<usize>)>>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
    bool: FromSql<Bool, C::Backend>,
{
    // Every value is sent twice.
    let limit = StatementLimit::of(2 * columns.len(), executor.connection);
    let lists_rows = executor.connection.engine().lists_rows();
    let size = |value| 2 * lookup_size::<E, C::Backend>(columns, values, value);
    let mut rows = Vec::new();
    for (range, keep) in limit.ranges(values.count(), size) {
        let lookup = Lookup { columns, values, range: range.clone(), lists_rows };
        let condition = ByValue::<E> { lookup, entity: PhantomData };
        executor.each(Matches { condition, filter, keep }, |row| {
            let equal = equal_values(&row, E::table().columns.len(), range.clone())?;
            rows.push((read(&row)?, equal));
            Ok(())
        })?;
    }
    rows.sort_by_key(|(row, _): &(E, _)| row.key());
    Ok(rows)
}
