//! `UPDATE t SET a = new.a FROM unnest($1, $2) AS new (…) WHERE …`: many rows from one array per column, so that the
//! text is the same for any number of rows.

use std::fmt;
use std::marker::PhantomData;

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::serialize::{self, Output};

use super::arrays::{Push, Show, Write};
use super::edited::Edited;
use crate::connection::{ArrayOf, EngineConnection, SealedValues, Values};
use crate::session::entity::{ColumnSet, Columns, Entity};

/// The values that an array holds.
#[derive(Debug, Clone, Copy)]
enum ArrayColumn {
    /// The key's column at this position, as it was read.
    Key(usize),
    /// The version column, as it was read.
    Version(usize),
    /// This column, with its new values.
    New(usize),
}

impl ArrayColumn {
    /// Its name in `AS new (…)`.
    fn name(self) -> String {
        match self {
            Self::Key(position) => format!("key{position}"),
            Self::Version(_) => "read_version".to_owned(),
            Self::New(column) => format!("column{column}"),
        }
    }
}

/// One array.
struct Sent<'a, E: Entity, DB> {
    content: ArrayColumn,
    rows: &'a [Edited<'a, E>],
    keys: &'a [E::Key],
    backend: PhantomData<fn() -> DB>,
}

impl<E: Entity, DB> SealedValues for Sent<'_, E, DB> {}

impl<E: Columns<DB>, DB: Backend> Values<DB> for Sent<'_, E, DB> {
    fn len(&self) -> usize {
        self.rows.len()
    }

    fn write<'b>(&'b self, index: usize, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        match self.content {
            ArrayColumn::Key(position) => E::key_column(position, Write { row: &self.keys[index], out }),
            ArrayColumn::Version(column) => E::column(column, Write { row: self.rows[index].before, out }),
            ArrayColumn::New(column) => E::column(column, Write { row: self.rows[index].row, out }),
        }
    }
}

/// Shows the values, for the echo.
impl<E: Columns<DB>, DB: Backend> fmt::Debug for Sent<'_, E, DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list = f.debug_list();
        for (edited, key) in self.rows.iter().zip(self.keys) {
            match self.content {
                ArrayColumn::Key(position) => E::key_column(position, Show { row: key, list: &mut list }),
                ArrayColumn::Version(column) => E::column(column, Show { row: edited.before, list: &mut list }),
                ArrayColumn::New(column) => E::column(column, Show { row: edited.row, list: &mut list }),
            }
        }
        list.finish()
    }
}

/// The statement for several rows.
pub(super) struct UpdateFromArrays<'a, E: Entity, C: EngineConnection> {
    arrays: Vec<ArrayOf<Sent<'a, E, C::Backend>>>,
    columns: ColumnSet,
}

impl<'a, E: Columns<C::Backend>, C: EngineConnection> UpdateFromArrays<'a, E, C> {
    /// Updates `columns` of the rows, whose keys as they were read are `keys`.
    pub(super) fn new(rows: &'a [Edited<'a, E>], keys: &'a [E::Key], columns: ColumnSet) -> Self {
        let table = E::table();
        let read = (0..table.key.len()).map(ArrayColumn::Key).chain(table.version.map(ArrayColumn::Version));
        let contents = read.chain(columns.iter().map(ArrayColumn::New));
        let arrays = contents.map(|content| ArrayOf(Sent { content, rows, keys, backend: PhantomData })).collect();
        Self { arrays, columns }
    }
}

impl<E: Columns<C::Backend>, C: EngineConnection> QueryFragment<C::Backend> for UpdateFromArrays<'_, E, C> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, C::Backend>) -> QueryResult<()> {
        let table = E::table();
        out.push_sql("UPDATE ");
        E::table_name(out.reborrow())?;
        for (number, column) in self.columns.iter().enumerate() {
            out.push_sql(if number > 0 { ", " } else { " SET " });
            out.push_identifier(table.columns[column].name)?;
            out.push_sql(&format!(" = new.{}", ArrayColumn::New(column).name()));
        }
        out.push_sql(" FROM unnest(");
        for (number, array) in self.arrays.iter().enumerate() {
            if number > 0 {
                out.push_sql(", ");
            }
            let push = Push::<C, _> { values: array, out: &mut out };
            match array.0.content {
                ArrayColumn::Key(position) => E::key_column(position, push),
                ArrayColumn::Version(column) | ArrayColumn::New(column) => E::column(column, push),
            }?;
        }
        out.push_sql(") AS new (");
        let names: Vec<String> = self.arrays.iter().map(|array| array.0.content.name()).collect();
        out.push_sql(&names.join(", "));
        out.push_sql(")");
        let read = self.arrays.iter().map(|array| array.0.content).filter_map(|content| match content {
            ArrayColumn::Key(position) => Some((table.key[position], content)),
            ArrayColumn::Version(column) => Some((column, content)),
            ArrayColumn::New(_) => None,
        });
        for (number, (column, content)) in read.enumerate() {
            out.push_sql(if number > 0 { " AND " } else { " WHERE " });
            E::table_name(out.reborrow())?;
            out.push_sql(".");
            out.push_identifier(table.columns[column].name)?;
            out.push_sql(&format!(" = new.{}", content.name()));
        }
        Ok(())
    }
}
