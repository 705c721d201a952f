//! `INSERT INTO t (…) VALUES (…), (…) RETURNING …`: many rows, every generated key on its own row.

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::deserialize::FromSql;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::Error as DieselError;
use diesel::row::Row;
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, HasSqlType, Untyped};

use super::{Bind, chunks, related_rows_per_statement, rows_per_statement};
use crate::connection::{Engine, Link};
use crate::session::entity::{Columns, Entity, Table, Visitor};
use crate::session::sql::read_back::read_back;
use crate::session::sql::select::select;

/// The statement for some rows.
struct Insert<'a, E> {
    rows: &'a [E],
    /// What stands where no column is sent.
    all_defaults: &'static str,
    /// Whether the columns that the database fills are sent too.
    whole: bool,
    /// Whether what the database fills shall come back.
    answered: bool,
    keep: bool,
}

impl<E: Columns<DB>, DB: Backend> QueryFragment<DB> for Insert<'_, E> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let table = E::table();
        if !self.keep {
            out.unsafe_to_cache_prepared();
        }
        out.push_sql("INSERT INTO ");
        E::table_name(out.reborrow())?;
        let sent = table.sent(self.whole);
        if sent.clone().next().is_none() {
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
        for (number, column) in returned(table).filter(|_| self.answered).enumerate() {
            out.push_sql(if number > 0 { ", " } else { " RETURNING " });
            out.push_identifier(table.columns[column].name)?;
        }
        Ok(())
    }
}

impl<E> Query for Insert<'_, E> {
    type SqlType = Untyped;
}

impl<E> QueryId for Insert<'_, E> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

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

/// How many rows one INSERT takes that sends so many columns of each. Rows with given keys may refer to each other in a
/// circle.
fn rows_of_one<E: Entity, C: Engine>(sent: usize, connection: &C) -> usize {
    match sent {
        0 => 1,
        sent if E::table().has_given_key() => related_rows_per_statement(E::table(), sent, connection),
        sent => rows_per_statement(sent, connection.max_binds()),
    }
}

/// Inserts the rows, in their order, and fills the columns that the database made.
pub(super) fn insert<E, C>(link: &mut Link<'_, C>, rows: &mut [E]) -> QueryResult<()>
where
    C: Engine,
    E: Columns<C::Backend>,
    i64: FromSql<BigInt, C::Backend>,
{
    let table = E::table();
    let sent = table.sent(false).count();
    let size = rows_of_one::<E, C>(sent, link.connection);
    for chunk in rows.chunks_mut(size) {
        let keep = chunks(chunk, size).all(|(_, keep)| keep);
        let insert =
            Insert { rows: &*chunk, all_defaults: C::ALL_DEFAULTS, whole: false, answered: C::RETURNING, keep };
        if returned(table).next().is_none() {
            link.execute(&insert)?;
        } else if C::RETURNING {
            let mut answer = Answer::to(chunk);
            link.each(insert, |row| answer.take(&row))?;
            let given = answer.given;
            place(link, chunk, given)?;
        } else {
            link.execute(&insert)?;
            read_back(link, chunk, keep)?;
        }
    }
    Ok(())
}

/// Inserts the rows, in their order, and asks for nothing back; `whole` with the columns that the database else fills.
pub(super) fn insert_only<E, C>(link: &mut Link<'_, C>, rows: &[E], whole: bool) -> QueryResult<()>
where
    C: Engine,
    E: Columns<C::Backend>,
{
    let sent = E::table().sent(whole).count();
    let size = rows_of_one::<E, C>(sent, link.connection);
    for (rows, keep) in chunks(rows, size) {
        link.execute(&Insert { rows, all_defaults: C::ALL_DEFAULTS, whole, answered: false, keep })?;
    }
    Ok(())
}

/// What the database gives for rows that were sent, while it comes in.
pub(super) struct Answer<'a, E: Entity> {
    sent: &'a [E],
    pub(super) given: Given<E>,
}

/// What the database gave, in the order in which it came.
pub(super) struct Given<E: Entity> {
    pub(super) keys: Vec<E::Key>,
    /// The rows sent with what came back, where that is more than the key.
    rows: Vec<E>,
    /// All that was sent came back at the place it was sent from.
    pub(super) in_order: bool,
}

impl<'a, E: Entity> Answer<'a, E> {
    pub(super) fn to(sent: &'a [E]) -> Self {
        Self { sent, given: Given { keys: Vec::with_capacity(sent.len()), rows: Vec::new(), in_order: true } }
    }

    /// Reads a row of the columns that come [back](returned), and holds it against the row at its place; whoever asked
    /// decides whether it is that row's.
    pub(super) fn take<'r, DB: Backend>(&mut self, row: &impl Row<'r, DB>) -> QueryResult<()>
    where
        E: Columns<DB>,
    {
        let (table, given) = (E::table(), &mut self.given);
        let only_key = table.key.len() == 1 && table.generated().eq(table.key.iter().copied());
        let own = self.sent.get(given.keys.len());
        let own = own.ok_or_else(|| unplaced::<E>("more rows came back than were sent"))?;
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
            key = filled.key();
            given.rows.push(filled);
        }
        given.keys.push(key);
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

/// Puts what came back on the rows it belongs to.
///
/// No database promises the order of RETURNING. Two signs together show that it was the order of the rows sent: what
/// was sent came back at its place, and generated keys ascend. Otherwise the rows are read back by their keys and
/// matched by value; rows that are equal in all that was sent are interchangeable.
fn place<E, C>(link: &mut Link<'_, C>, sent: &mut [E], given: Given<E>) -> QueryResult<()>
where
    C: Engine,
    E: Columns<C::Backend>,
{
    if given.keys.len() < sent.len() {
        return Err(unplaced::<E>("fewer rows came back than were sent"));
    }
    let ascending = || given.keys.is_sorted_by(|one, next| one < next);
    if sent.len() == 1 || (given.in_order && (E::table().has_given_key() || ascending())) {
        given.put_on(sent);
        return Ok(());
    }
    let keys = given.keys;
    let mut stored = select::<E, C>(link, &keys)?;
    stored.sort_by_key(E::key);
    for row in sent {
        let same = stored.iter().position(|other| same(other, row));
        let same =
            same.ok_or_else(|| unplaced::<E>("the database changed what was sent; add such rows one a flush"))?;
        *row = stored.remove(same);
    }
    Ok(())
}

/// Whether two rows are equal in all that is sent.
pub(super) fn same<E: Entity>(one: &E, other: &E) -> bool {
    let changed = one.changed(other);
    E::table().sent(false).all(|column| !changed.contains(column))
}

pub(super) fn unplaced<E: Entity>(why: &str) -> DieselError {
    let table = E::table().name;
    DieselError::DeserializationError(format!("the keys of new rows of {table} cannot be matched: {why}").into())
}

/// Reads one returned column into a row, or into a key.
struct Read<'a, R, T> {
    row: &'a R,
    position: usize,
    into: &'a mut T,
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
        let value: T = self.row.get_value::<ST, T, _>(self.position).map_err(DieselError::DeserializationError)?;
        Ok(&value == get(self.as_in))
    }
}
