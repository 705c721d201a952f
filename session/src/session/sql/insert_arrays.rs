//! `INSERT INTO t (a, b) SELECT * FROM unnest($1, $2)`: many new rows from one array per column, so that the text is the
//! same for any number of rows, and the server reads it once.

use std::fmt;
use std::marker::PhantomData;

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::serialize::{self, Output};

use super::arrays::{Push, Show, Write, fit_arrays};
use super::insert_columns::InsertColumns;
use super::limit::StatementLimit;
use crate::connection::{ArrayOf, EngineConnection, Executor, SealedValues, Updates, Values};
use crate::session::entity::{ColumnSet, Columns, Entity};

/// Up to this number of rows, an INSERT with VALUES is one statement, whose text is kept.
const FEW: usize = 100;

/// The limit of statements for this many rows, if arrays pay off for them and their columns can be sent so.
pub(super) fn limit_of_arrays<E, C>(
    executor: &mut Executor<'_, C>,
    rows: usize,
    columns: InsertColumns,
) -> Option<StatementLimit>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
{
    let pays_off = C::UPDATES == Updates::FromArrays && rows > FEW && !columns.sent.is_empty();
    // Rows that refer to each other stay in one statement, whatever their number.
    let is_related = columns.has_given_key() && E::table().refers_to_itself();
    let fits = pays_off && !is_related && fit_arrays::<E, C>(executor, columns.sent.iter());
    fits.then(|| StatementLimit::of_arrays(ROWS, executor.connection))
}

/// The maximum number of rows of a statement: as many as a stream of new rows holds in memory.
const ROWS: usize = 1_000;

/// One column of the rows.
struct Column<'a, E, DB> {
    column: usize,
    rows: &'a [E],
    backend: PhantomData<fn() -> DB>,
}

impl<E, DB> SealedValues for Column<'_, E, DB> {}

impl<E: Columns<DB>, DB: Backend> Values<DB> for Column<'_, E, DB> {
    fn len(&self) -> usize {
        self.rows.len()
    }

    fn write<'b>(&'b self, index: usize, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        E::column(self.column, Write { row: &self.rows[index], out })
    }
}

/// Shows the values, for the echo.
impl<E: Columns<DB>, DB: Backend> fmt::Debug for Column<'_, E, DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list = f.debug_list();
        for row in self.rows {
            E::column(self.column, Show { row, list: &mut list });
        }
        list.finish()
    }
}

/// The statement for many rows, without a RETURNING clause.
pub(super) struct InsertFromArrays<'a, E: Entity, C: EngineConnection> {
    arrays: Vec<ArrayOf<Column<'a, E, C::Backend>>>,
}

impl<'a, E: Entity, C: EngineConnection> InsertFromArrays<'a, E, C> {
    /// Sends these columns of the rows.
    pub(super) fn new(rows: &'a [E], columns: ColumnSet) -> Self {
        let array = |column| ArrayOf(Column { column, rows, backend: PhantomData });
        Self { arrays: columns.iter().map(array).collect() }
    }
}

impl<E: Columns<C::Backend>, C: EngineConnection> QueryFragment<C::Backend> for InsertFromArrays<'_, E, C> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, C::Backend>) -> QueryResult<()> {
        out.push_sql("INSERT INTO ");
        E::table_name(out.reborrow())?;
        for (number, array) in self.arrays.iter().enumerate() {
            out.push_sql(if number > 0 { ", " } else { " (" });
            out.push_identifier(E::table().columns[array.0.column].name)?;
        }
        out.push_sql(") SELECT * FROM unnest(");
        for (number, array) in self.arrays.iter().enumerate() {
            if number > 0 {
                out.push_sql(", ");
            }
            E::column(array.0.column, Push::<C, _> { values: array, out: &mut out })?;
        }
        out.push_sql(")");
        Ok(())
    }
}
