//! Inserts rows, and updates or leaves those that the table has already, by a set of unique columns.
//!
//! An engine whose INSERT tells which rows it inserted gets one statement ([`native`]). Elsewhere the stored rows are
//! read, and the others inserted and these updated by the statements of a flush, because what `ON DUPLICATE KEY UPDATE`
//! and its like have done to a row cannot be found out, and because MySQL applies it to any unique key, so that it may
//! change a row that was not meant. If another transaction inserts one of the rows in between, the INSERT is refused
//! and undone, and the rows are read again, locked, as they are then.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use diesel::QueryResult;
use diesel::deserialize::FromSql;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel::sql_types::{BigInt, Bool};

use super::by_unique::find;
use super::conflict::{ATTEMPTS, Conflict, Upserted, contended, undecided};
use super::edited::Edited;
use super::insert::insert;
use super::insert_arrays::limit_of_arrays;
use super::insert_columns::InsertColumns;
use super::insert_rows::Form;
use super::limit::{StatementLimit, row_size};
use super::matching::values;
use super::update::update;
use super::upsert_native::native;
use crate::connection::{EngineConnection, Executor};
use crate::session::entity::{ColumnSet, Columns, Entity};

/// Inserts the rows in their order, or updates or leaves the stored ones, as if they were sent one by one; each becomes
/// the row as it is then stored. They give values of the columns `given` that the database would fill otherwise.
pub(super) fn upsert<E, C>(
    executor: &mut Executor<'_, C>,
    rows: &mut [E],
    conflict: &Conflict,
    given: ColumnSet,
) -> QueryResult<Vec<Upserted>>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
    i64: FromSql<BigInt, C::Backend>,
    bool: FromSql<Bool, C::Backend>,
{
    let columns = InsertColumns::of_new::<C>(E::table(), given);
    let sent = columns.sent;
    let mut outcomes = Vec::with_capacity(rows.len());
    for run in runs(rows, conflict.set) {
        let rows = &mut rows[run];
        let arrays = C::INSERTED.and_then(|_| limit_of_arrays::<E, C>(executor, rows.len(), columns));
        let limit = arrays.unwrap_or_else(|| StatementLimit::of(sent.len(), executor.connection));
        let statements: Vec<_> = limit.ranges(rows.len(), |row| row_size::<E, C::Backend>(&rows[row], sent)).collect();
        for (range, keep) in statements {
            let rows = &mut rows[range];
            let form = if arrays.is_some() { Form::Arrays } else { Form::Values { keep } };
            outcomes.extend(match C::INSERTED {
                Some(inserted) => native(executor, rows, (conflict, sent), inserted, form)?,
                None => in_steps(executor, rows, conflict, given)?,
            });
        }
    }
    Ok(outcomes)
}

/// The rows in parts without two rows of the same values in these columns, in order.
fn runs<E: Entity>(rows: &[E], set: &[usize]) -> Vec<Range<usize>> {
    let (mut runs, mut start) = (Vec::new(), 0);
    let mut seen = HashSet::with_capacity(rows.len());
    for (position, row) in rows.iter().enumerate() {
        let own = values(row, set);
        if seen.contains(&own) {
            seen.clear();
            runs.push(start..position);
            start = position;
        }
        seen.insert(own);
    }
    runs.push(start..rows.len());
    runs
}

/// Reads the stored rows, inserts the missing ones, and updates those found.
fn in_steps<E, C>(
    executor: &mut Executor<'_, C>,
    rows: &mut [E],
    conflict: &Conflict,
    given: ColumnSet,
) -> QueryResult<Vec<Upserted>>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
    i64: FromSql<BigInt, C::Backend>,
    bool: FromSql<Bool, C::Backend>,
{
    let is_alone = is_alone(executor.connection);
    let mut outcomes = vec![None; rows.len()];
    // Rows that are not there are not locked at first: a lock on their absence keeps out other rows as well.
    let mut lock = false;
    for attempt in 1..=ATTEMPTS {
        let open = undecided(&outcomes);
        if open.is_empty() {
            break;
        }
        let mut stored = find(executor, rows, &open, conflict.set, lock)?;
        let missing: Vec<usize> = open.into_iter().filter(|position| !stored.contains_key(position)).collect();
        let mut new: Vec<E> = missing.iter().map(|position| rows[*position].clone()).collect();
        match insert_or_undo(executor, &mut new, given) {
            Err(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _))
                if !is_alone && attempt < ATTEMPTS =>
            {
                lock = true;
                continue;
            }
            done => done?,
        }
        for (position, row) in missing.into_iter().zip(new) {
            rows[position] = row;
            outcomes[position] = Some(Upserted::Inserted);
        }
        let Some(columns) = conflict.update else {
            for (position, row) in stored {
                rows[position] = row;
                outcomes[position] = Some(Upserted::Existing);
            }
            continue;
        };
        if !is_alone && !lock && !stored.is_empty() {
            // Now that they are known to be there, they alone are locked, and no other transaction changes them.
            let found: Vec<usize> = undecided(&outcomes);
            stored = find(executor, rows, &found, conflict.set, true)?;
            lock = true;
        }
        for (position, row) in update_stored(executor, rows, stored, columns)? {
            rows[position] = row;
            outcomes[position] = Some(Upserted::Updated);
        }
    }
    outcomes.into_iter().map(|outcome| outcome.ok_or_else(contended::<E>)).collect()
}

/// Whether a transaction that may write excludes all other writers.
fn is_alone<C: EngineConnection>(connection: &C) -> bool {
    connection.engine().row_lock().is_empty()
}

/// Inserts the rows. If the engine has other writers, one of them may have inserted a row meanwhile: then none stays
/// inserted, and the transaction goes on.
fn insert_or_undo<E, C>(executor: &mut Executor<'_, C>, rows: &mut [E], given: ColumnSet) -> QueryResult<()>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
    i64: FromSql<BigInt, C::Backend>,
    bool: FromSql<Bool, C::Backend>,
{
    /// Not one of Diesel's savepoints: a deadlock ends the transaction with this one, and leaves nothing to roll back.
    const NAME: &str = "diesel_session_upsert";
    if rows.is_empty() || is_alone(executor.connection) {
        return insert(executor, rows, given);
    }
    executor.connection.batch_execute(&format!("SAVEPOINT {NAME}"))?;
    let inserted = insert(executor, rows, given);
    match &inserted {
        Ok(()) => executor.connection.batch_execute(&format!("RELEASE SAVEPOINT {NAME}"))?,
        Err(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => {
            executor.connection.batch_execute(&format!("ROLLBACK TO SAVEPOINT {NAME}"))?;
        }
        Err(_) => {}
    }
    inserted
}

/// Updates `columns` of the stored rows to the values of the given ones; returns the rows as they are then.
fn update_stored<E, C>(
    executor: &mut Executor<'_, C>,
    rows: &[E],
    stored: HashMap<usize, E>,
    columns: ColumnSet,
) -> QueryResult<Vec<(usize, E)>>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
{
    let mut stored: Vec<(usize, E)> = stored.into_iter().collect();
    stored.sort_by_key(|(_, row)| row.key());
    let mut updated: Vec<(usize, E)> = stored
        .iter()
        .map(|(position, before)| {
            let mut row = before.clone();
            row.copy(columns, &rows[*position]);
            if let (Some(_), Some(version)) = (E::table().counted_version(), before.version()) {
                row.set_version(version + 1);
            }
            (*position, row)
        })
        .collect();
    let edited: Vec<Edited<'_, E>> =
        updated.iter().zip(&stored).map(|((_, row), (_, before))| Edited { row, before }).collect();
    let columns = E::table().counted_version().map_or(columns, |version| columns.with(version));
    let outcome = update(executor, &edited, columns)?;
    if outcome.stale.is_some() {
        return Err(contended::<E>());
    }
    for ((_, row), computed) in updated.iter_mut().zip(&outcome.computed) {
        row.copy(E::table().computed, computed);
    }
    Ok(updated)
}

#[cfg(test)]
mod tests {
    use super::*;

    diesel::table! { pairs (id) { id -> BigInt, a -> BigInt, b -> Nullable<BigInt> } }

    #[derive(Debug, Clone, PartialEq, Entity)]
    #[diesel(table_name = pairs)]
    #[entity(crate = crate)]
    pub struct Pair {
        #[entity(key)]
        pub id: i64,
        pub a: i64,
        pub b: Option<i64>,
    }

    #[test]
    fn a_repeated_value_begins_a_new_run() {
        let pairs = |values: &[(i64, Option<i64>)]| -> Vec<Pair> {
            values.iter().map(|(a, b)| Pair { id: 0, a: *a, b: *b }).collect()
        };
        let rows = pairs(&[(1, None), (2, None), (1, Some(1)), (2, None), (1, None)]);
        assert_eq!(runs(&rows, &[1, 2]), [0..3, 3..5]);
        assert_eq!(runs(&rows, &[1]), [0..2, 2..4, 4..5]);
        assert_eq!(runs(&pairs(&[(1, None)]), &[1]).as_slice(), std::slice::from_ref(&(0..1)));
    }
}
