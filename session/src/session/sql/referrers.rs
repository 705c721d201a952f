//! Diagnoses a DELETE that the database has refused: which rows still refer to the rows to delete, and how many.

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::deserialize::FromSql;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::result::Error as DieselError;
use diesel::row::Row as _;
use diesel::sql_types::BigInt;

use super::limit::{StatementLimit, key_size};
use super::{Found, RowToDelete, push_found};
use crate::connection::{EngineConnection, Executor, Referrer};
use crate::error::{Error, Violation, ViolationKind};
use crate::session::entity::{Columns, Entity};

/// Adds to `error` which rows still refer to the rows to delete, if the engine did not report them and they can be
/// found.
pub(super) fn diagnose_delete<E, C>(executor: &mut Executor<'_, C>, error: Error, rows: &[RowToDelete<'_, E>]) -> Error
where
    C: EngineConnection,
    E: Columns<C::Backend>,
    i64: FromSql<BigInt, C::Backend>,
{
    let violation = match error {
        Error::Violation(violation) if violation.is_foreign_key() => *violation,
        other => return other,
    };
    let referrers = executor.connection.unnamed_referrers(E::table().name).unwrap_or_default();
    let counted = referrers.iter().find_map(|referrer| {
        let rows = count(executor, rows, referrer).ok().and_then(|count| u64::try_from(count).ok())?;
        let (child, column) = (referrer.table.clone(), Some(referrer.column.clone()));
        (rows > 0).then_some(ViolationKind::StillReferenced { child, column, rows: Some(rows) })
    });
    match counted {
        Some(kind) => Violation::new(kind, violation.table).into(),
        None => violation.into(),
    }
}

fn count<E, C>(executor: &mut Executor<'_, C>, rows: &[RowToDelete<'_, E>], referrer: &Referrer) -> QueryResult<i64>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
    i64: FromSql<BigInt, C::Backend>,
{
    let lists_rows = executor.connection.engine().lists_rows();
    let mut all = 0;
    let limit = StatementLimit::of(E::table().key.len(), executor.connection);
    for (rows, _) in limit.split(rows, |row| key_size::<E, C::Backend>(&row.key)) {
        executor.each(Referring { rows, referrer, lists_rows }, |row| {
            all += row.get_value::<BigInt, i64, _>(0).map_err(DieselError::DeserializationError)?;
            Ok(())
        })?;
    }
    Ok(all)
}

/// `SELECT COUNT(*) FROM child WHERE column IN (SELECT to FROM parent WHERE key IN (…))`.
struct Referring<'a, E: Entity> {
    rows: &'a [RowToDelete<'a, E>],
    referrer: &'a Referrer,
    lists_rows: bool,
}

impl<E: Columns<DB>, DB: Backend> QueryFragment<DB> for Referring<'_, E> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        out.push_sql("SELECT COUNT(*) FROM ");
        out.push_identifier(&self.referrer.table)?;
        out.push_sql(" WHERE ");
        out.push_identifier(&self.referrer.column)?;
        out.push_sql(" IN (SELECT ");
        let key = E::table().columns[E::table().key[0]].name;
        out.push_identifier(self.referrer.to.as_deref().unwrap_or(key))?;
        out.push_sql(" FROM ");
        E::table_name(out.reborrow())?;
        out.push_sql(" WHERE ");
        push_found::<E, DB>(self.rows.iter().map(|row| Found::by(&row.key)), self.lists_rows, &mut out)?;
        out.push_sql(")");
        Ok(())
    }
}
