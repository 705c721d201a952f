//! Reads single values of a row, to find the row and the column of a stored value that cannot be read.

use std::any::Any;
use std::marker::PhantomData;

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::deserialize::FromSql;
use diesel::result::Error as DieselError;
use diesel::row::{Field as _, Row};
use diesel::serialize::ToSql;
use diesel::sql_types::HasSqlType;

use crate::session::entity::{Columns, Visitor};

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// The cause, preceded by the row's key and the column's name as far as they can be found.
pub(super) fn named<'a, E: Columns<DB>, DB: Backend>(
    row: &impl Row<'a, DB>,
    at: impl Fn(usize) -> usize,
    cause: Cause,
) -> Cause {
    let table = E::table();
    let key = match table.key {
        [column] => E::key_column(0, Read::new(row, at(*column))).ok().and_then(|key| key.downcast::<E::Key>().ok()),
        _ => None,
    };
    let column = (0..table.columns.len()).find(|column| E::column(*column, Read::new(row, at(*column))).is_err());
    let column = column.map(|column| table.columns[column].name.to_owned());
    let location: Vec<String> = key.map(|key| E::key_in_words(&key)).into_iter().chain(column).collect();
    if location.is_empty() { cause } else { format!("{}: {cause}", location.join(", ")).into() }
}

/// Reads a value of one column of `E`, at a position of a row.
pub(super) fn read_column<'a, E: Columns<DB>, DB: Backend>(
    row: &impl Row<'a, DB>,
    column: usize,
    position: usize,
) -> QueryResult<Box<dyn Any>> {
    E::column(column, Read::new(row, position)).map_err(DieselError::DeserializationError)
}

/// Reads one value of a row.
struct Read<'r, 'a, R> {
    row: &'r R,
    column: usize,
    of: PhantomData<&'a ()>,
}

impl<'r, R> Read<'r, '_, R> {
    fn new(row: &'r R, column: usize) -> Self {
        Self { row, column, of: PhantomData }
    }
}

impl<'a, DB: Backend, E, R: Row<'a, DB>> Visitor<DB, E> for Read<'_, 'a, R> {
    type Output = Result<Box<dyn Any>, Cause>;

    fn visit<ST, T>(self, _: fn(&E) -> &T, _: fn(&mut E, T)) -> Self::Output
    where
        DB: HasSqlType<ST>,
        T: ToSql<ST, DB> + FromSql<ST, DB> + PartialEq + 'static,
    {
        let field = self.row.get(self.column).ok_or("there is no such column")?;
        let value: T = FromSql::from_nullable_sql(field.value())?;
        Ok(Box::new(value))
    }
}
