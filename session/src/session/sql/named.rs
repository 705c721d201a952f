//! Rows of a query whose columns are known by name alone.

use std::cell::OnceCell;

use diesel::QueryResult;
use diesel::query_builder::QueryFragment;
use diesel::result::Error as DieselError;
use diesel::row::{Field as _, Row as _};

use super::select::read_at;
use crate::connection::{Executor, SessionConnection};
use crate::session::entity::Columns;

/// Reads the rows of a query, which has the columns of `E` in any order and may have others.
pub(crate) fn read_by_name<E, C>(
    executor: &mut Executor<'_, C>,
    query: impl QueryFragment<C::Backend>,
) -> QueryResult<Vec<E>>
where
    C: SessionConnection,
    E: Columns<C::Backend>,
{
    let mut rows = Vec::new();
    let known = OnceCell::new();
    executor.each(query, |row| {
        let positions: &Vec<usize> = match known.get() {
            Some(positions) => positions,
            None => {
                let count = row.field_count();
                let names =
                    (0..count).map(|index| row.get(index).and_then(|field| field.field_name().map(str::to_owned)));
                let names: Vec<String> = names.map(Option::unwrap_or_default).collect();
                let found = positions::<E, C::Backend>(&names);
                let found = found.map_err(|problem| DieselError::DeserializationError(problem.into()))?;
                known.get_or_init(|| found)
            }
        };
        rows.push(read_at(&row, |column| positions[column])?);
        Ok(())
    })?;
    Ok(rows)
}

/// The position of each column of `E` among these names, or what is wrong with the names.
fn positions<E: Columns<DB>, DB: diesel::backend::Backend>(names: &[String]) -> Result<Vec<usize>, String> {
    let (mut positions, mut missing, mut repeated) = (Vec::new(), Vec::new(), Vec::new());
    for column in E::table().columns {
        let mut found = names.iter().enumerate().filter(|(_, name)| *name == column.name).map(|(position, _)| position);
        match (found.next(), found.next()) {
            (Some(position), None) => positions.push(position),
            (None, _) => missing.push(column.name),
            (Some(_), Some(_)) => repeated.push(column.name),
        }
    }
    let has = names.join(", ");
    match (missing.as_slice(), repeated.as_slice()) {
        ([], []) => Ok(positions),
        ([], repeated) => {
            let repeated = repeated.join(", ");
            Err(format!("the query has several columns named {repeated}; select each once (it has: {has})"))
        }
        (missing, _) => Err(format!("the query lacks the columns {} (it has: {has})", missing.join(", "))),
    }
}
