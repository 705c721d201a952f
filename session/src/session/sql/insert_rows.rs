//! An INSERT of some rows in the form that suits their number, with what it returns.

use std::marker::PhantomData;

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::query_builder::{AstPass, QueryFragment};

use super::insert_arrays::InsertFromArrays;
use super::insert_columns::InsertColumns;
use super::insert_values::Insert;
use crate::connection::EngineConnection;
use crate::session::entity::{ColumnSet, Columns, Entity};

/// How rows are written in a statement.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form {
    /// As a list of parameters; `keep` if the text is worth keeping.
    Values { keep: bool },
    /// As one array per column.
    Arrays,
}

/// The statement for some rows.
pub(super) enum InsertRows<'a, E: Entity, C: EngineConnection> {
    Values(Insert<'a, E>),
    Arrays(InsertFromArrays<'a, E, C>),
}

impl<'a, E: Entity, C: EngineConnection> InsertRows<'a, E, C> {
    /// Sends these columns of the rows, and returns nothing.
    pub(super) fn of(rows: &'a [E], columns: ColumnSet, form: Form) -> Self {
        match form {
            Form::Values { keep } => Self::Values(Insert::of::<C>(rows, columns, keep)),
            Form::Arrays => Self::Arrays(InsertFromArrays::new(rows, columns)),
        }
    }

    /// Omits the columns that the database fills, and returns them.
    pub(super) fn returning(rows: &'a [E], columns: InsertColumns, form: Form) -> Returning<Self, E> {
        Returning { insert: Self::of(rows, columns.sent, form), columns, entity: PhantomData }
    }
}

impl<E: Columns<C::Backend>, C: EngineConnection> QueryFragment<C::Backend> for InsertRows<'_, E, C> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, C::Backend>) -> QueryResult<()> {
        match self {
            Self::Values(insert) => insert.walk_ast(out),
            Self::Arrays(insert) => insert.walk_ast(out),
        }
    }
}

/// An INSERT that returns the columns that the database fills, and those that tell the rows apart.
pub(super) struct Returning<I, E> {
    insert: I,
    columns: InsertColumns,
    entity: PhantomData<fn() -> E>,
}

impl<I: QueryFragment<DB>, E: Columns<DB>, DB: Backend> QueryFragment<DB> for Returning<I, E> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.insert.walk_ast(out.reborrow())?;
        for (number, column) in self.columns.returned().enumerate() {
            out.push_sql(if number > 0 { ", " } else { " RETURNING " });
            out.push_identifier(E::table().columns[column].name)?;
        }
        Ok(())
    }
}
