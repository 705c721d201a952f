//! `INSERT INTO t (…) VALUES (…), (…)`, as text.

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::query_builder::{AstPass, QueryFragment};

use super::Bind;
use crate::connection::{EngineConnection, TakenKey};
use crate::session::entity::{ColumnSet, Columns, Entity};

/// The statement for some rows.
pub(super) struct Insert<'a, E> {
    rows: &'a [E],
    /// The columns that are sent.
    columns: ColumnSet,
    /// The clause for an INSERT without columns.
    all_defaults: &'static str,
    /// What is done with a row whose key is taken, if that is not an error.
    taken: Option<TakenKey>,
    keep: bool,
}

impl<'a, E: Entity> Insert<'a, E> {
    /// Sends these columns.
    pub(super) fn of<C: EngineConnection>(rows: &'a [E], columns: ColumnSet, keep: bool) -> Self {
        Self { rows, columns, all_defaults: C::ALL_DEFAULTS, taken: None, keep }
    }

    /// Sends every column that the database does not fill, of rows whose keys are not taken.
    pub(super) fn missing<C: EngineConnection>(rows: &'a [E], keep: bool, taken: TakenKey) -> Self {
        Self { taken: Some(taken), ..Self::of::<C>(rows, E::table().given(), keep) }
    }
}

impl<E: Columns<DB>, DB: Backend> QueryFragment<DB> for Insert<'_, E> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let table = E::table();
        if !self.keep {
            out.unsafe_to_cache_prepared();
        }
        out.push_sql("INSERT INTO ");
        E::table_name(out.reborrow())?;
        let sent = self.columns.iter();
        if self.columns.is_empty() {
            out.push_sql(" ");
            out.push_sql(self.all_defaults);
        } else {
            for (number, column) in sent.clone().enumerate() {
                out.push_sql(if number > 0 { ", " } else { " (" });
                out.push_identifier(table.columns[column].name)?;
            }
            out.push_sql(") VALUES ");
            for (number, row) in self.rows.iter().enumerate() {
                out.push_sql(if number > 0 { ", (" } else { "(" });
                for (number, column) in sent.clone().enumerate() {
                    if number > 0 {
                        out.push_sql(", ");
                    }
                    E::column(column, Bind { row, out: &mut out })?;
                }
                out.push_sql(")");
            }
        }
        match self.taken {
            None => {}
            Some(TakenKey::DoNothing) => {
                out.push_sql(" ON CONFLICT ");
                for (number, column) in table.link_columns().iter().enumerate() {
                    out.push_sql(if number > 0 { ", " } else { "(" });
                    out.push_identifier(table.columns[*column].name)?;
                }
                out.push_sql(") DO NOTHING");
            }
            Some(TakenKey::UpdateNothing) => {
                let key = table.columns[table.key[0]].name;
                out.push_sql(" ON DUPLICATE KEY UPDATE ");
                out.push_identifier(key)?;
                out.push_sql(" = ");
                out.push_identifier(key)?;
            }
        }
        Ok(())
    }
}
