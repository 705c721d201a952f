//! A second look after the database has refused rows: which row it was, and which value.

use std::fmt::Debug;

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::deserialize::FromSql;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::Error as DieselError;
use diesel::row::Row as _;
use diesel::sql_types::{Bool, Untyped};

use super::Bind;
use super::room::{Room, row_size};
use super::select::{Condition, read_where};
use crate::connection::{EngineConnection, Executor};
use crate::error::Error;
use crate::session::entity::{ColumnSet, Columns, Entity, Reference, Table};

/// With more rows than this, two of them that collide with each other are not searched for.
const MOST_COMPARED: usize = 1_000;

/// Adds to `error` which of the `rows` it is about, where a look at them and at the database tells.
pub(super) fn diagnose<E, C>(executor: &mut Executor<'_, C>, error: Error, rows: &[&E]) -> Error
where
    C: EngineConnection,
    E: Columns<C::Backend>,
    bool: FromSql<Bool, C::Backend>,
{
    let own = E::table().name;
    match error {
        Error::Unique { table, columns, values, hint } if table == own => {
            match violated(executor, &columns, E::table()) {
                Some(set) if values.is_empty() || columns != names(&set, E::table()) => {
                    let found = collision(executor, rows, &set).map(|row| format!(" ({})", shown(row, &set)));
                    Error::Unique { table, columns: names(&set, E::table()), values: found.unwrap_or(values), hint }
                }
                _ => Error::Unique { table, columns, values, hint },
            }
        }
        Error::ForeignKey { table, problem } if table == own => {
            Error::ForeignKey { table, problem: orphan(executor, rows).unwrap_or(problem) }
        }
        Error::NotNull { table, column } if table == own => match nulled(executor, rows, &column) {
            Some((what, value)) => {
                let problem = format!("{table} cannot hold {value} on this engine, which makes NULL of it");
                Error::Value { what, problem }
            }
            None => Error::NotNull { table, column },
        },
        other => other,
    }
}

/// The name of the column and the value in it that is not NULL until the database takes it.
fn nulled<E, C>(executor: &mut Executor<'_, C>, rows: &[&E], column: &str) -> Option<(&'static str, String)>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
    bool: FromSql<Bool, C::Backend>,
{
    let (column, info) = E::table().columns.iter().enumerate().find(|(_, info)| info.name == column)?;
    let value = |row: &E| in_words(row.field(column));
    if rows.iter().any(|row| value(row) == "NULL") {
        return None;
    }
    let row = rows.iter().copied().find(|row| {
        let question = Asked { row: *row, column, reference: None };
        answer(executor, question).is_some_and(|null| null)
    })?;
    Some((info.name, value(row)))
}

/// The columns of the UNIQUE constraint that was violated: those that the entity declares, else those that the database's
/// catalogue has for it. A constraint without a name of its own bears that of its first column alone, for some engines.
fn violated<C: EngineConnection>(
    executor: &mut Executor<'_, C>,
    columns: &str,
    table: &'static Table,
) -> Option<Vec<usize>> {
    let named = unique_set(columns, table);
    if named.as_ref().is_some_and(|set| is_declared(set, table)) {
        return named;
    }
    let listed = executor.connection.unique_columns(table.name, columns).ok().flatten();
    listed.and_then(|columns| unique_set(&columns.join(", "), table)).or(named)
}

fn is_declared(set: &[usize], table: &'static Table) -> bool {
    table.key == set || table.unique.contains(&set)
}

/// The columns that the database means: by their names or, where it tells only the rule's, by what that is made of.
fn unique_set(columns: &str, table: &'static Table) -> Option<Vec<usize>> {
    let place = |name: &str| table.columns.iter().position(|column| column.name == name);
    let named: Option<Vec<usize>> = columns.split(", ").map(place).collect();
    let by_rule = || {
        let rule = |set: &&[usize]| columns == names(set, table).replace(", ", "_");
        let key = (columns == "key").then_some(table.key);
        key.or_else(|| table.unique.iter().copied().find(rule)).map(<[usize]>::to_vec)
    };
    named.or_else(by_rule)
}

fn names(set: &[usize], table: &'static Table) -> String {
    set.iter().map(|column| table.columns[*column].name).collect::<Vec<_>>().join(", ")
}

fn shown<E: Entity>(row: &E, columns: &[usize]) -> String {
    columns.iter().map(|column| in_words(row.field(*column))).collect::<Vec<_>>().join(", ")
}

/// The set of columns of a UNIQUE constraint that the entity does not declare, if the error is about one.
pub(crate) fn undeclared(error: &Error, table: &'static Table) -> Option<ColumnSet> {
    let Error::Unique { table: named, columns, .. } = error else { return None };
    let set = unique_set(columns, table).filter(|_| named == table.name)?;
    (!is_declared(&set, table)).then(|| set.into_iter().fold(ColumnSet::EMPTY, ColumnSet::with))
}

/// A value without the types and quotes around it: `7` for `Some(Id(7))`.
pub(crate) fn in_words(value: &dyn Debug) -> String {
    let shown = format!("{value:?}");
    let mut bare = shown.as_str();
    while let Some((wrapper, within)) = bare.split_once('(')
        && let Some(within) = within.strip_suffix(')')
        && wrapper.chars().all(char::is_alphanumeric)
    {
        bare = within;
    }
    match bare.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(text) => text.replace("\\\"", "\"").replace("\\'", "'"),
        None if bare == "None" => "NULL".to_owned(),
        None => bare.to_owned(),
    }
}

/// The row whose values in `set` another one has already: among the rows themselves, or in the database.
fn collision<'r, E, C>(executor: &mut Executor<'_, C>, rows: &[&'r E], set: &[usize]) -> Option<&'r E>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
{
    let same = |one: &E, other: &E| {
        let differs = one.changed(other);
        !set.iter().any(|column| differs.contains(*column))
    };
    if let [only] = rows {
        return Some(only);
    }
    if rows.len() <= MOST_COMPARED {
        let twin = rows.iter().enumerate().find(|(place, row)| rows[..*place].iter().any(|other| same(row, other)));
        if let Some((_, row)) = twin {
            return Some(row);
        }
    }
    let by_key = E::table().key == set;
    let room = Room::of(set.len(), executor.connection);
    let columns = set.iter().copied().fold(ColumnSet::EMPTY, ColumnSet::with);
    for (rows, _) in room.split(rows, |row| row_size::<E, C::Backend>(row, columns)) {
        let stored: Vec<E> = read_where(executor, Alike { rows, set }).ok()?;
        let taken = |row: &E| stored.iter().any(|other| same(row, other) && (by_key || row.key() != other.key()));
        if let Some(row) = rows.iter().find(|row| taken(row)) {
            return Some(row);
        }
    }
    None
}

/// Rows that are in these columns as one of `rows` is.
struct Alike<'a, E> {
    rows: &'a [&'a E],
    set: &'a [usize],
}

impl<E: Columns<DB>, DB: Backend> Condition<DB> for Alike<'_, E> {
    type Entity = E;

    fn write<'b>(&'b self, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()> {
        for (number, row) in self.rows.iter().copied().enumerate() {
            out.push_sql(if number > 0 { " OR " } else { "" });
            for (place, column) in self.set.iter().copied().enumerate() {
                out.push_sql(if place > 0 { " AND " } else { "" });
                out.push_identifier(E::table().columns[column].name)?;
                out.push_sql(" = ");
                E::column(column, Bind { row, out })?;
            }
        }
        Ok(())
    }
}

/// The foreign key that refers to nothing, in words.
fn orphan<E, C>(executor: &mut Executor<'_, C>, rows: &[&E]) -> Option<String>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
    bool: FromSql<Bool, C::Backend>,
{
    for row in rows.iter().copied() {
        for (column, info) in E::table().columns.iter().enumerate() {
            let Some(reference) = info.references else { continue };
            if answer(executor, Asked { row, column, reference: Some(reference) }) == Some(false) {
                let (parent, value) = ((reference.table)().name, in_words(row.field(column)));
                return Some(format!("{} {value}: there is no such row in {parent}", info.name));
            }
        }
    }
    None
}

/// What the database says to a question, if it says anything.
fn answer<E, C>(executor: &mut Executor<'_, C>, question: Asked<'_, E>) -> Option<bool>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
    bool: FromSql<Bool, C::Backend>,
{
    let mut said = None;
    let asked = executor.each(question, |answer| {
        said = Some(answer.get_value::<Bool, bool, _>(0).map_err(DieselError::DeserializationError)?);
        Ok(())
    });
    asked.ok().and(said)
}

/// Whether the value in a column of a row is NULL for the database, or refers to something where it is a foreign key.
struct Asked<'a, E> {
    row: &'a E,
    column: usize,
    reference: Option<Reference>,
}

impl<E: Columns<DB>, DB: Backend> QueryFragment<DB> for Asked<'_, E> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let Some(reference) = self.reference else {
            // A bind is never NULL for MariaDB until it is used, and only what is NULL does not equal itself.
            out.push_sql("SELECT COALESCE(");
            E::column(self.column, Bind { row: self.row, out: &mut out })?;
            out.push_sql(" = ");
            E::column(self.column, Bind { row: self.row, out: &mut out })?;
            out.push_sql(", 0) = 0");
            return Ok(());
        };
        out.push_sql("SELECT ");
        E::column(self.column, Bind { row: self.row, out: &mut out })?;
        out.push_sql(" IS NULL OR EXISTS (SELECT 1 FROM ");
        out.push_identifier((reference.table)().name)?;
        out.push_sql(" WHERE ");
        out.push_identifier(reference.column)?;
        out.push_sql(" = ");
        E::column(self.column, Bind { row: self.row, out: &mut out })?;
        out.push_sql(")");
        Ok(())
    }
}

impl<E> Query for Asked<'_, E> {
    type SqlType = Untyped;
}

impl<E> QueryId for Asked<'_, E> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_shown_without_the_types_around_it() {
        #[derive(Debug)]
        struct Id(#[expect(dead_code, reason = "it is only shown")] i64);
        let shown: [&dyn Debug; 5] = [&Some(Id(7)), &"f(x)", &None::<i64>, &-3, &"a \"b\"\n"];
        assert_eq!(shown.map(in_words), ["7", "f(x)", "NULL", "-3", "a \"b\"\\n"]);
    }
}
