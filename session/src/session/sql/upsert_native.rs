//! `INSERT … ON CONFLICT (…) DO UPDATE SET … RETURNING …`: an upsert by one statement, on an engine that tells which
//! of the returned rows it inserted.

use std::collections::HashSet;

use diesel::QueryResult;
use diesel::deserialize::FromSql;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::result::Error as DieselError;
use diesel::row::Row as _;
use diesel::sql_types::Bool;

use super::answer::unmatched;
use super::by_unique::{assign, find};
use super::conflict::{ATTEMPTS, Conflict, Upserted, contended, undecided};
use super::insert_rows::{Form, InsertRows};
use super::kept_back;
use crate::connection::{EngineConnection, Executor};
use crate::session::entity::{ColumnSet, Columns, Entity};

/// The statement for some rows.
struct Upsert<'a, E: Entity, C: EngineConnection> {
    insert: InsertRows<'a, E, C>,
    conflict: &'a Conflict,
    /// What is true of a returned row that was inserted.
    inserted: &'static str,
}

impl<E: Columns<C::Backend>, C: EngineConnection> QueryFragment<C::Backend> for Upsert<'_, E, C> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, C::Backend>) -> QueryResult<()> {
        let table = E::table();
        self.insert.walk_ast(out.reborrow())?;
        out.push_sql(" ON CONFLICT (");
        for (number, column) in self.conflict.set.iter().enumerate() {
            out.push_sql(if number > 0 { ", " } else { "" });
            out.push_identifier(table.columns[*column].name)?;
        }
        out.push_sql(") DO ");
        match self.conflict.update {
            None => out.push_sql("NOTHING"),
            Some(columns) => {
                for (number, column) in columns.iter().enumerate() {
                    out.push_sql(if number > 0 { ", " } else { "UPDATE SET " });
                    out.push_identifier(table.columns[column].name)?;
                    out.push_sql(" = excluded.");
                    out.push_identifier(table.columns[column].name)?;
                }
                if let Some(version) = table.counted_version() {
                    out.push_sql(", ");
                    out.push_identifier(table.columns[version].name)?;
                    out.push_sql(" = ");
                    E::table_name(out.reborrow())?;
                    out.push_sql(".");
                    out.push_identifier(table.columns[version].name)?;
                    out.push_sql(" + 1");
                }
            }
        }
        for (number, column) in table.columns.iter().enumerate() {
            out.push_sql(if number > 0 { ", " } else { " RETURNING " });
            out.push_identifier(column.name)?;
        }
        out.push_sql(", ");
        out.push_sql(self.inserted);
        Ok(())
    }
}

/// Inserts these columns of the rows, no two of which conflict with each other, or updates or leaves the stored ones.
pub(super) fn native<E, C>(
    executor: &mut Executor<'_, C>,
    rows: &mut [E],
    (conflict, columns): (&Conflict, ColumnSet),
    inserted: &'static str,
    form: Form,
) -> QueryResult<Vec<Upserted>>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
    bool: FromSql<Bool, C::Backend>,
{
    let mut outcomes = vec![None; rows.len()];
    if conflict.reads_first {
        leave_stored(executor, rows, conflict, &mut outcomes)?;
    }
    for _ in 0..ATTEMPTS {
        let open = undecided(&outcomes);
        if open.is_empty() {
            break;
        }
        if open.len() == rows.len() {
            send(executor, rows, (conflict, columns), inserted, form, &mut outcomes)?;
        } else {
            let form = match form {
                Form::Values { .. } => Form::Values { keep: open.len() == 1 },
                Form::Arrays => Form::Arrays,
            };
            let mut some: Vec<E> = open.iter().map(|position| rows[*position].clone()).collect();
            let mut decided = vec![None; some.len()];
            send(executor, &mut some, (conflict, columns), inserted, form, &mut decided)?;
            for ((position, row), outcome) in open.into_iter().zip(some).zip(decided) {
                rows[position] = row;
                outcomes[position] = outcome;
            }
        }
        if conflict.update.is_none() {
            leave_stored(executor, rows, conflict, &mut outcomes)?;
        }
    }
    outcomes.into_iter().map(|outcome| outcome.ok_or_else(contended::<E>)).collect()
}

/// Reads the rows without an outcome that are stored.
fn leave_stored<E, C>(
    executor: &mut Executor<'_, C>,
    rows: &mut [E],
    conflict: &Conflict,
    outcomes: &mut [Option<Upserted>],
) -> QueryResult<()>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
{
    let open = undecided(outcomes);
    if open.is_empty() {
        return Ok(());
    }
    for (position, row) in find(executor, rows, &open, conflict.set, false)? {
        rows[position] = row;
        outcomes[position] = Some(Upserted::Existing);
    }
    Ok(())
}

/// Sends the rows by one statement, and assigns the returned rows to those sent.
fn send<E, C>(
    executor: &mut Executor<'_, C>,
    rows: &mut [E],
    (conflict, columns): (&Conflict, ColumnSet),
    inserted: &'static str,
    form: Form,
    outcomes: &mut [Option<Upserted>],
) -> QueryResult<()>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
    bool: FromSql<Bool, C::Backend>,
{
    let (mut stored, mut new) = (Vec::with_capacity(rows.len()), HashSet::new());
    let statement = Upsert { insert: InsertRows::<E, C>::of(rows, columns, form), conflict, inserted };
    let width = E::table().columns.len();
    let returned = executor.each(statement, |row| {
        let read = E::read(&row, |column| column).map_err(DieselError::DeserializationError)?;
        if row.get_value::<Bool, bool, _>(width).map_err(DieselError::DeserializationError)? {
            new.insert(read.key());
        }
        stored.push(read);
        Ok(())
    })?;
    if conflict.update.is_some() && returned < rows.len() {
        return Err(kept_back::<E>(returned, rows.len()));
    }
    let all: Vec<usize> = (0..rows.len()).collect();
    let assigned = assign(executor, rows, &all, conflict.set, stored)?;
    if assigned.len() < returned {
        return Err(unmatched::<E>("the database stores other values in the unique columns than were sent"));
    }
    for (position, row) in assigned {
        outcomes[position] = Some(if new.contains(&row.key()) { Upserted::Inserted } else { Upserted::Updated });
        rows[position] = row;
    }
    Ok(())
}
