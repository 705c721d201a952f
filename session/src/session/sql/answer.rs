//! The values that the database returns for new rows: which columns come back, and how they fill the rows sent.

use std::any::TypeId;

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::deserialize::FromSql;
use diesel::result::Error as DieselError;
use diesel::row::Row;
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, HasSqlType, Integer, SmallInt};

use crate::session::entity::{Columns, Entity, Table, Visitor};
use crate::session::same::same_value;

/// The columns that come back: those that the database fills and, if there are any, some that were sent.
pub(super) fn returned(table: &'static Table) -> impl Iterator<Item = usize> {
    table.generated().chain(witnesses(table))
}

/// The sent columns that identify which row came back: a given key, or else the first column of a unique set or of all.
fn witnesses(table: &'static Table) -> impl Iterator<Item = usize> {
    let sent = |column: &usize| !table.columns[*column].generated;
    let key = table.key.iter().copied().filter(sent);
    let of_all = || table.unique.iter().filter(|set| set.is_of_all_rows() && !set.deferrable);
    let unique = || of_all().filter_map(|set| set.columns.first()).copied().find(sent);
    let other = if table.has_given_key() { None } else { unique().or_else(|| table.sent(false).next()) };
    let any = table.generated().next().is_some();
    key.chain(other).filter(move |_| any)
}

/// Collects the values that the database returns for the rows sent.
pub(super) struct Answer<'a, E: Entity> {
    sent: &'a [E],
    pub(super) given: Returned<E>,
}

/// The values that the database returned, in the order in which they came.
pub(super) struct Returned<E: Entity> {
    /// The keys as they are stored, including those that the program gave.
    pub(super) keys: Vec<E::Key>,
    /// The rows sent, filled with the values that came back, if those are more than the key.
    rows: Vec<E>,
    /// As many rows came back as were sent.
    pub(super) complete: bool,
    /// Every sent value came back at the position of its row.
    pub(super) in_order: bool,
}

impl<'a, E: Entity + Clone> Answer<'a, E> {
    pub(super) fn to(sent: &'a [E]) -> Self {
        let keys = Vec::with_capacity(sent.len());
        Self { sent, given: Returned { keys, rows: Vec::new(), complete: sent.is_empty(), in_order: true } }
    }

    /// Reads a row of the [returned] columns, and compares it with the sent row at its position; the caller decides
    /// whether they are the same row.
    pub(super) fn take<'r, DB: Backend>(&mut self, row: &impl Row<'r, DB>) -> QueryResult<()>
    where
        E: Columns<DB>,
    {
        let (table, given) = (E::table(), &mut self.given);
        let Some(own) = self.sent.get(given.keys.len()) else {
            given.complete = false;
            return Ok(());
        };
        let only_key = table.key.len() == 1 && table.generated().eq(table.key.iter().copied());
        for (column, position) in witnesses(table).zip(table.generated().count()..) {
            given.in_order &= E::column(column, Same { row, position, as_in: own })?;
        }
        let mut key = own.key();
        if only_key {
            E::key_column(0, ReadColumn { row, position: 0, into: &mut key })?;
        } else {
            let mut filled = own.clone();
            for (position, column) in table.generated().enumerate() {
                E::column(column, ReadColumn { row, position, into: &mut filled })?;
            }
            given.rows.push(filled.clone());
            let given_key = witnesses(table).zip(table.generated().count()..);
            for (column, position) in given_key.filter(|(column, _)| table.key.contains(column)) {
                E::column(column, ReadColumn { row, position, into: &mut filled })?;
            }
            key = filled.key();
        }
        given.keys.push(key);
        given.complete = given.keys.len() == self.sent.len();
        Ok(())
    }
}

impl<E: Entity> Returned<E> {
    /// Copies the values into the rows sent, in order.
    pub(super) fn put_on(self, sent: &mut [E]) {
        for (row, filled) in sent.iter_mut().zip(self.rows) {
            *row = filled;
        }
        for (row, key) in sent.iter_mut().zip(self.keys) {
            row.set_key(key);
        }
    }
}

/// With more rows than this, rows are not compared with each other.
const MOST_COMPARED: usize = 1_000;

/// Whether the witness columns distinguish all rows.
pub(super) fn distinguished<E: Columns<DB>, DB: Backend>(rows: &[E]) -> bool {
    if rows.len() > MOST_COMPARED {
        return false;
    }
    let alike = |one: &E, other: &E| witnesses(E::table()).all(|column| E::column(column, Equal { one, other }));
    rows.iter().enumerate().all(|(position, one)| rows[..position].iter().all(|other| !alike(one, other)))
}

/// Whether every generated part of the key is an integer, as counters make them.
pub(super) fn may_be_counted<E: Columns<DB>, DB: Backend>() -> bool {
    let table = E::table();
    table.key.iter().filter(|column| table.columns[**column].generated).all(|column| E::column(*column, IsInteger))
}

/// Whether integers, which are stored as they are sent, distinguish all rows.
pub(super) fn distinguished_by_integers<E: Columns<DB>, DB: Backend>(rows: &[E]) -> bool {
    witnesses(E::table()).all(|column| E::column(column, IsInteger)) && distinguished(rows)
}

/// Whether a column is of an integer type.
pub(crate) fn is_integer<E: Columns<DB>, DB: Backend>(column: usize) -> bool {
    E::column(column, IsInteger)
}

pub(super) fn unmatched<E: Entity>(why: &str) -> DieselError {
    let table = E::table().name;
    DieselError::DeserializationError(format!("the keys of new rows of {table} cannot be matched: {why}").into())
}

/// Reads one returned column into a row, or into a key.
pub(super) struct ReadColumn<'a, R, T> {
    pub(super) row: &'a R,
    pub(super) position: usize,
    pub(super) into: &'a mut T,
}

impl<'r, DB: Backend, E, R: Row<'r, DB>> Visitor<DB, E> for ReadColumn<'_, R, E> {
    type Output = QueryResult<()>;

    fn visit<ST, T>(self, _: fn(&E) -> &T, set: fn(&mut E, T)) -> QueryResult<()>
    where
        DB: HasSqlType<ST>,
        T: ToSql<ST, DB> + FromSql<ST, DB> + PartialEq + 'static,
    {
        set(self.into, self.row.get_value::<ST, T, _>(self.position).map_err(DieselError::DeserializationError)?);
        Ok(())
    }
}

/// Whether one returned column equals that of the row.
struct Same<'a, R, E> {
    row: &'a R,
    position: usize,
    as_in: &'a E,
}

impl<'r, DB: Backend, E, R: Row<'r, DB>> Visitor<DB, E> for Same<'_, R, E> {
    type Output = QueryResult<bool>;

    fn visit<ST, T>(self, get: fn(&E) -> &T, _: fn(&mut E, T)) -> QueryResult<bool>
    where
        DB: HasSqlType<ST>,
        T: ToSql<ST, DB> + FromSql<ST, DB> + PartialEq + 'static,
    {
        // A value that cannot be read as the field's type did not come back as it was sent.
        let value = self.row.get_value::<ST, T, _>(self.position);
        Ok(value.is_ok_and(|value| same_value(&value, get(self.as_in))))
    }
}

/// Whether two rows have the same value in a column.
struct Equal<'a, E> {
    one: &'a E,
    other: &'a E,
}

impl<DB: Backend, E> Visitor<DB, E> for Equal<'_, E> {
    type Output = bool;

    fn visit<ST, T>(self, get: fn(&E) -> &T, _: fn(&mut E, T)) -> bool
    where
        DB: HasSqlType<ST>,
        T: ToSql<ST, DB> + FromSql<ST, DB> + PartialEq + 'static,
    {
        same_value(get(self.one), get(self.other))
    }
}

/// Whether a column is of an integer type.
struct IsInteger;

impl<DB: Backend, E> Visitor<DB, E> for IsInteger {
    type Output = bool;

    fn visit<ST: 'static, T>(self, _: fn(&E) -> &T, _: fn(&mut E, T)) -> bool
    where
        DB: HasSqlType<ST>,
        T: ToSql<ST, DB> + FromSql<ST, DB> + PartialEq + 'static,
    {
        [TypeId::of::<SmallInt>(), TypeId::of::<Integer>(), TypeId::of::<BigInt>()].contains(&TypeId::of::<ST>())
    }
}
