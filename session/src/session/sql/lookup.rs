//! Values that rows are looked up by, in a statement: `a IN (?, ?)`, or for several columns a list of rows.

use std::any::Any;
use std::ops::Range;

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::deserialize::FromSql;
use diesel::query_builder::AstPass;
use diesel::result::Error as DieselError;
use diesel::row::Row;
use diesel::serialize::ToSql;
use diesel::sql_types::{Bool, HasSqlType, Nullable};

use crate::session::entity::{Columns, Visitor};
use crate::session::value::Value;

/// Values of one or several columns, each of its field's type.
pub trait LookupValues {
    /// Their number.
    fn count(&self) -> usize;

    /// The part of a value that belongs to the column at `position`.
    fn part(&self, value: usize, position: usize) -> &dyn Value;
}

impl<T: Value> LookupValues for Vec<T> {
    fn count(&self) -> usize {
        self.len()
    }

    fn part(&self, value: usize, _: usize) -> &dyn Value {
        &self[value]
    }
}

/// Some values for these columns of an entity, in one statement.
#[derive(Clone)]
pub(super) struct Lookup<'a> {
    pub(super) columns: &'a [usize],
    pub(super) values: &'a dyn LookupValues,
    pub(super) range: Range<usize>,
    /// Whether the engine [lists rows](crate::connection::Engine::lists_rows).
    pub(super) lists_rows: bool,
}

impl Lookup<'_> {
    /// Writes that the columns have one of the values; `name` writes the column at a position. One value of several
    /// columns is compared column by column.
    pub(super) fn push_among<'b, E: Columns<DB>, DB: Backend>(
        &'b self,
        out: &mut AstPass<'_, 'b, DB>,
        name: impl Fn(usize, &mut AstPass<'_, 'b, DB>) -> QueryResult<()>,
    ) -> QueryResult<()> {
        let several = self.columns.len() > 1;
        if several && self.range.len() == 1 {
            return self.push_equal::<E, DB>(self.range.start, out, name);
        }
        let listed = several && self.lists_rows;
        out.push_sql(if several { "(" } else { "" });
        for position in 0..self.columns.len() {
            out.push_sql(if position > 0 { ", " } else { "" });
            name(position, out)?;
        }
        out.push_sql(if several { ") IN (" } else { " IN (" });
        // A SELECT around the VALUES lets SQLite look up each of them in an index.
        out.push_sql(if listed { "SELECT * FROM (VALUES " } else { "" });
        for (number, value) in self.range.clone().enumerate() {
            out.push_sql(if number > 0 { ", " } else { "" });
            out.push_sql(if several { "(" } else { "" });
            for position in 0..self.columns.len() {
                out.push_sql(if position > 0 { ", " } else { "" });
                self.push_part::<E, DB>(value, position, out)?;
            }
            out.push_sql(if several { ")" } else { "" });
        }
        out.push_sql(if listed { ") AS v)" } else { ")" });
        Ok(())
    }

    /// Writes, for each value, a comma and whether the columns are equal to it.
    pub(super) fn push_comparisons<'b, E: Columns<DB>, DB: Backend>(
        &'b self,
        out: &mut AstPass<'_, 'b, DB>,
        name: impl Fn(usize, &mut AstPass<'_, 'b, DB>) -> QueryResult<()>,
    ) -> QueryResult<()> {
        let several = self.columns.len() > 1;
        for value in self.range.clone() {
            out.push_sql(if several { ", (" } else { ", " });
            self.push_equal::<E, DB>(value, out, &name)?;
            out.push_sql(if several { ")" } else { "" });
        }
        Ok(())
    }

    /// Writes `a = ? AND b = ?`.
    fn push_equal<'b, E: Columns<DB>, DB: Backend>(
        &'b self,
        value: usize,
        out: &mut AstPass<'_, 'b, DB>,
        name: impl Fn(usize, &mut AstPass<'_, 'b, DB>) -> QueryResult<()>,
    ) -> QueryResult<()> {
        for position in 0..self.columns.len() {
            out.push_sql(if position > 0 { " AND " } else { "" });
            name(position, out)?;
            out.push_sql(" = ");
            self.push_part::<E, DB>(value, position, out)?;
        }
        Ok(())
    }

    /// Writes the parameter of a part of a value.
    fn push_part<'b, E: Columns<DB>, DB: Backend>(
        &'b self,
        value: usize,
        position: usize,
        out: &mut AstPass<'_, 'b, DB>,
    ) -> QueryResult<()> {
        E::column(self.columns[position], BindPart { part: self.values.part(value, position), out })
    }
}

/// The values of a statement that a row's comparisons, which begin at `position`, show to be equal to it. A comparison
/// with NULL is NULL.
pub(super) fn equal_values<'r, DB>(
    row: &impl Row<'r, DB>,
    position: usize,
    range: Range<usize>,
) -> QueryResult<Vec<usize>>
where
    DB: Backend,
    bool: FromSql<Bool, DB>,
{
    let mut equal = Vec::new();
    for (position, value) in (position..).zip(range) {
        let is_equal = row.get_value::<Nullable<Bool>, Option<bool>, _>(position);
        if is_equal.map_err(DieselError::DeserializationError)? == Some(true) {
            equal.push(value);
        }
    }
    Ok(equal)
}

/// Writes the parameter of one value for a column.
struct BindPart<'v, 'p, 'b, DB: Backend> {
    part: &'b dyn Value,
    out: &'v mut AstPass<'p, 'b, DB>,
}

impl<DB: Backend, E> Visitor<DB, E> for BindPart<'_, '_, '_, DB> {
    type Output = QueryResult<()>;

    fn visit<ST, T>(self, _: fn(&E) -> &T, _: fn(&mut E, T)) -> QueryResult<()>
    where
        DB: HasSqlType<ST>,
        T: ToSql<ST, DB> + FromSql<ST, DB> + PartialEq + 'static,
    {
        let part: &dyn Any = self.part;
        let wrong = || DieselError::QueryBuilderError("a value is not of its column's type".into());
        self.out.push_bind_param::<ST, T>(part.downcast_ref().ok_or_else(wrong)?)
    }
}
