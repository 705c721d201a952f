//! `COPY t (a, b) FROM STDIN`: new rows as one stream, which the server reads without parameters and without a plan.
//!
//! COPY stores values as they are sent, where an INSERT converts them to the column's type, and some tables do not take
//! it. So the catalogue is asked first, once in a transaction.

use std::any::TypeId;
use std::marker::PhantomData;

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::deserialize::FromSql;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::serialize::ToSql;
use diesel::sql_types::HasSqlType;

use super::limit::StatementLimit;
use super::{Bind, name_in_sql};
use crate::connection::{CopiedColumn, CopiedInto, EngineConnection, Executor, SealedValues};
use crate::session::entity::{ColumnSet, Columns, Entity, Visitor};

/// From this number of rows on, COPY takes less time than an INSERT, with the look at the catalogue before it.
const MANY: usize = 500;

/// The maximum number of rows of a COPY.
const ROWS: usize = 10_000;

/// The columns that are copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Copied {
    /// Those that the database does not fill.
    New,
    /// All that can be written.
    Whole,
}

impl Copied {
    fn columns<E: Entity>(self) -> ColumnSet {
        match self {
            Self::New => E::table().given(),
            Self::Whole => E::table().writable(),
        }
    }
}

/// Copies the rows in their order, and returns the number of rows that the table has taken; `None` if they have to be
/// inserted, because they are few, or COPY could store something else, or they give some of the values that the database
/// would fill.
pub(super) fn copy<E, C>(
    executor: &mut Executor<'_, C>,
    rows: &[E],
    columns: ColumnSet,
    size: impl FnMut(&E) -> usize,
) -> QueryResult<Option<usize>>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
{
    let known = [Copied::New, Copied::Whole].into_iter().find(|copied| copied.columns::<E>() == columns);
    let Some(copied) = known.filter(|_| rows.len() >= MANY && !columns.is_empty()) else { return Ok(None) };
    if !takes_copies::<E, C>(executor, copied)? {
        return Ok(None);
    }
    let mut inserted = 0;
    for (rows, _) in StatementLimit::of_arrays(ROWS, executor.connection).split(rows, size) {
        let values = RowValues { columns, rows };
        inserted += executor.run(
            |connection| match copied {
                Copied::New => connection.copy::<Target<E, false>>(columns.len(), &values),
                Copied::Whole => connection.copy::<Target<E, true>>(columns.len(), &values),
            },
            |inserted| *inserted,
        )?;
    }
    Ok(Some(inserted))
}

/// Whether COPY stores these columns as an INSERT does.
fn takes_copies<E, C>(executor: &mut Executor<'_, C>, copied: Copied) -> QueryResult<bool>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
{
    let Some(copies) = executor.copies else { return Ok(false) };
    let entity = (TypeId::of::<E>(), copied == Copied::Whole);
    if let Some(known) = copies.get(entity.0, entity.1) {
        return Ok(known);
    }
    let stored = executor.connection.copied_columns(&name_in_sql::<E, C>()?)?;
    let takes = copied.columns::<E>().iter().all(|column| {
        let name = E::table().columns[column].name;
        let found = stored.iter().find(|stored| stored.name == name);
        found.is_some_and(|stored| E::column(column, FitsColumn { connection: &mut *executor.connection, stored }))
    });
    copies.set(entity.0, entity.1, takes);
    Ok(takes)
}

/// Asks the engine whether the values of a column can be copied into a column of the table.
struct FitsColumn<'c, C> {
    connection: &'c mut C,
    stored: &'c CopiedColumn,
}

impl<R, C: EngineConnection> Visitor<C::Backend, R> for FitsColumn<'_, C> {
    type Output = bool;

    fn visit<ST, T>(self, _: fn(&R) -> &T, _: fn(&mut R, T)) -> bool
    where
        C::Backend: HasSqlType<ST>,
        T: ToSql<ST, C::Backend> + FromSql<ST, C::Backend> + PartialEq + 'static,
    {
        self.connection.fits_column::<ST>(self.stored)
    }
}

/// The table of an entity with the columns of new rows, or of `WHOLE` ones.
struct Target<E, const WHOLE: bool>(PhantomData<fn() -> E>);

impl<E, const WHOLE: bool> SealedValues for Target<E, WHOLE> {}

impl<E: Columns<DB>, DB: Backend, const WHOLE: bool> CopiedInto<DB> for Target<E, WHOLE> {
    fn walk_target(mut out: AstPass<'_, '_, DB>) -> QueryResult<()> {
        E::table_name(out.reborrow())?;
        let copied = if WHOLE { Copied::Whole } else { Copied::New };
        for (number, column) in copied.columns::<E>().iter().enumerate() {
            out.push_sql(if number > 0 { ", " } else { " (" });
            out.push_identifier(E::table().columns[column].name)?;
        }
        out.push_sql(")");
        Ok(())
    }
}

/// The values of these columns, row by row.
struct RowValues<'a, E> {
    columns: ColumnSet,
    rows: &'a [E],
}

impl<E: Columns<DB>, DB: Backend> QueryFragment<DB> for RowValues<'_, E> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        for row in self.rows {
            self.columns.iter().try_for_each(|column| E::column(column, Bind { row, out: &mut out }))?;
        }
        Ok(())
    }
}
