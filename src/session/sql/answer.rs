//! What the database gives for new rows: which columns come back, and how they are read onto the rows that were sent.

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

/// The columns that come back: those that the database fills and, where there are such, some that were sent.
pub(super) fn returned(table: &'static Table) -> impl Iterator<Item = usize> {
    table.generated().chain(witnesses(table))
}

/// The sent columns that show which row came back: a given key, else the first column of a unique set or of all.
fn witnesses(table: &'static Table) -> impl Iterator<Item = usize> {
    let sent = |column: &usize| !table.columns[*column].generated;
    let key = table.key.iter().copied().filter(sent);
    let unique = || table.unique.iter().filter_map(|set| set.first()).copied().find(sent);
    let other = if table.has_given_key() { None } else { unique().or_else(|| table.sent(false).next()) };
    let any = table.generated().next().is_some();
    key.chain(other).filter(move |_| any)
}

/// What the database gives for rows that were sent, while it comes in.
pub(super) struct Answer<'a, E: Entity> {
    sent: &'a [E],
    pub(super) given: Given<E>,
}

/// What the database gave, in the order in which it came.
pub(super) struct Given<E: Entity> {
    /// The keys as they are stored, those that were given too.
    pub(super) keys: Vec<E::Key>,
    /// The rows sent with what came back, where that is more than the key.
    rows: Vec<E>,
    /// As many rows came back as were sent.
    pub(super) complete: bool,
    /// All that was sent came back at the place it was sent from.
    pub(super) in_order: bool,
}

impl<'a, E: Entity> Answer<'a, E> {
    pub(super) fn to(sent: &'a [E]) -> Self {
        let keys = Vec::with_capacity(sent.len());
        Self { sent, given: Given { keys, rows: Vec::new(), complete: sent.is_empty(), in_order: true } }
    }

    /// Reads a row of the columns that come [back](returned), and holds it against the row at its place; whoever asked
    /// decides whether it is that row's.
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
            E::key_column(0, Read { row, position: 0, into: &mut key })?;
        } else {
            let mut filled = own.clone();
            for (position, column) in table.generated().enumerate() {
                E::column(column, Read { row, position, into: &mut filled })?;
            }
            given.rows.push(filled.clone());
            let given_key = witnesses(table).zip(table.generated().count()..);
            for (column, position) in given_key.filter(|(column, _)| table.key.contains(column)) {
                E::column(column, Read { row, position, into: &mut filled })?;
            }
            key = filled.key();
        }
        given.keys.push(key);
        given.complete = given.keys.len() == self.sent.len();
        Ok(())
    }
}

impl<E: Entity> Given<E> {
    /// Puts it on the rows sent, one after the other.
    pub(super) fn put_on(self, sent: &mut [E]) {
        for (row, filled) in sent.iter_mut().zip(self.rows) {
            *row = filled;
        }
        for (row, key) in sent.iter_mut().zip(self.keys) {
            row.set_key(key);
        }
    }
}

/// With more rows than this, none is compared with every other.
const MOST_COMPARED: usize = 1_000;

/// Whether no two rows are alike in the columns that bear witness.
pub(super) fn told_apart<E: Columns<DB>, DB: Backend>(rows: &[E]) -> bool {
    if rows.len() > MOST_COMPARED {
        return false;
    }
    let alike = |one: &E, other: &E| witnesses(E::table()).all(|column| E::column(column, Alike { one, other }));
    rows.iter().enumerate().all(|(place, one)| rows[..place].iter().all(|other| !alike(one, other)))
}

/// Whether every part of the key that the database makes is an integer, as counters make them.
pub(super) fn may_be_counted<E: Columns<DB>, DB: Backend>() -> bool {
    let table = E::table();
    table.key.iter().filter(|column| table.columns[**column].generated).all(|column| E::column(*column, IsInteger))
}

/// Whether integers tell the rows apart, which are stored as they are sent.
pub(super) fn told_apart_by_integers<E: Columns<DB>, DB: Backend>(rows: &[E]) -> bool {
    witnesses(E::table()).all(|column| E::column(column, IsInteger)) && told_apart(rows)
}

/// Whether a column is of an integer type.
pub(crate) fn is_integer<E: Columns<DB>, DB: Backend>(column: usize) -> bool {
    E::column(column, IsInteger)
}

pub(super) fn unplaced<E: Entity>(why: &str) -> DieselError {
    let table = E::table().name;
    DieselError::DeserializationError(format!("the keys of new rows of {table} cannot be matched: {why}").into())
}

/// Reads one returned column into a row, or into a key.
pub(super) struct Read<'a, R, T> {
    pub(super) row: &'a R,
    pub(super) position: usize,
    pub(super) into: &'a mut T,
}

impl<'r, DB: Backend, E, R: Row<'r, DB>> Visitor<DB, E> for Read<'_, R, E> {
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

/// Says whether one returned column is what the row has.
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
        // What cannot be read back as the field's type did not come back as it was sent.
        let value = self.row.get_value::<ST, T, _>(self.position);
        Ok(value.is_ok_and(|value| same_value(&value, get(self.as_in))))
    }
}

/// Says whether two rows have the same value in a column.
struct Alike<'a, E> {
    one: &'a E,
    other: &'a E,
}

impl<DB: Backend, E> Visitor<DB, E> for Alike<'_, E> {
    type Output = bool;

    fn visit<ST, T>(self, get: fn(&E) -> &T, _: fn(&mut E, T)) -> bool
    where
        DB: HasSqlType<ST>,
        T: ToSql<ST, DB> + FromSql<ST, DB> + PartialEq + 'static,
    {
        same_value(get(self.one), get(self.other))
    }
}

/// Says whether a column is of an integer type.
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
