//! `SELECT EXISTS (SELECT 1 FROM parent WHERE c = ? AND c = ?)`: whether the database treats two values as equal, under
//! the collation of the column that a key refers to. For a table named with its schema, whose parent may be in any
//! schema, the key's own column is used.

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::deserialize::FromSql;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::result::Error as DieselError;
use diesel::row::Row as _;
use diesel::sql_types::Bool;

use super::{Bind, name_in_sql};
use crate::connection::{EngineConnection, Executor};
use crate::session::entity::{Columns, Entity, Table};

/// Whether a row has, in the column that the keys refer to, a value equal to both keys' values at this position.
pub(super) fn is_alike<E, C>(
    executor: &mut Executor<'_, C>,
    position: usize,
    origin: (&'static Table, usize),
    keys: (&E::Key, &E::Key),
) -> QueryResult<bool>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
    bool: FromSql<Bool, C::Backend>,
{
    let read = |row: &<C as diesel::connection::LoadConnection>::Row<'_, '_>| {
        row.get_value::<Bool, bool, _>(0).map_err(DieselError::DeserializationError)
    };
    let name = name_in_sql::<E, C>()?;
    let origin = if name.contains("\".\"") || name.contains("`.`") { None } else { Some(origin) };
    let alike = executor.first(Alike::<E> { position, origin, keys }, |row| read(row))?;
    Ok(alike.unwrap_or(false))
}

struct Alike<'a, E: Entity> {
    position: usize,
    origin: Option<(&'static Table, usize)>,
    keys: (&'a E::Key, &'a E::Key),
}

impl<E: Columns<DB>, DB: Backend> QueryFragment<DB> for Alike<'_, E> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("SELECT EXISTS (SELECT 1 FROM ");
        let (table, column) = match self.origin {
            Some((table, column)) => {
                out.push_identifier(table.name)?;
                (table, column)
            }
            None => {
                E::table_name(out.reborrow())?;
                (E::table(), E::table().key[self.position])
            }
        };
        for (key, and) in [(self.keys.0, " WHERE "), (self.keys.1, " AND ")] {
            out.push_sql(and);
            out.push_identifier(table.columns[column].name)?;
            out.push_sql(" = ");
            E::key_column(self.position, Bind { row: key, out: &mut out })?;
        }
        out.push_sql(")");
        Ok(())
    }
}
