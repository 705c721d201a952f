//! Diagnoses a violation after the database has refused rows: which row caused it, and which value.

use std::fmt::Debug;

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::deserialize::FromSql;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::result::Error as DieselError;
use diesel::row::Row as _;
use diesel::sql_types::Bool;

use super::Bind;
use super::limit::{StatementLimit, row_size};
use super::select::{Condition, read_where};
use super::taken::is_taken_by;
use crate::connection::{EngineConnection, Executor};
use crate::error::{Error, Violation, ViolationKind};
use crate::session::entity::{ColumnSet, Columns, Entity, ForeignKey, Table, UniqueSet};

/// With more rows than this, the rows are not searched for two that collide with each other.
const MOST_COMPARED: usize = 1_000;

/// Adds to `error` which of the `rows` caused it, if that can be found from them and the database.
pub(super) fn diagnose<E, C>(executor: &mut Executor<'_, C>, error: Error, rows: &[&E]) -> Error
where
    C: EngineConnection,
    E: Columns<C::Backend>,
    bool: FromSql<Bool, C::Backend>,
{
    let own = E::table().name;
    let violation = match error {
        Error::Violation(violation) if violation.table == own => *violation,
        other => return other,
    };
    match violation.kind {
        ViolationKind::Unique { .. } => match violated(executor, &violation, E::table()) {
            Some(set) if violation.values.is_empty() || violation.columns != names(&set, E::table()) => {
                let found = collision(executor, rows, &set).map(|row| shown(row, &set));
                let values = found.unwrap_or_else(|| violation.values.clone());
                violation.on(names(&set, E::table()), values).into()
            }
            _ => violation.into(),
        },
        ViolationKind::NotNull => match nulled(executor, rows, &violation.columns) {
            Some((what, value)) => {
                let problem = format!("{own} cannot hold {value} on this engine, which makes NULL of it");
                Error::Value { what, problem }
            }
            None => violation.into(),
        },
        _ if violation.is_foreign_key() => orphan(executor, rows).unwrap_or(violation).into(),
        _ => violation.into(),
    }
}

/// The name of the column, and the value in it that becomes NULL only in the database.
fn nulled<E, C>(executor: &mut Executor<'_, C>, rows: &[&E], columns: &[String]) -> Option<(&'static str, String)>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
    bool: FromSql<Bool, C::Backend>,
{
    let (column, info) =
        E::table().columns.iter().enumerate().find(|(_, info)| columns.iter().any(|name| name == info.name))?;
    let value = |row: &E| in_words(row.field(column));
    if rows.iter().any(|row| value(row) == "NULL") {
        return None;
    }
    let row = rows.iter().copied().find(|row| {
        let question = Question { row: *row, asked: Asked::IsNull(column) };
        answer(executor, question).is_some_and(|null| null)
    })?;
    Some((info.name, value(row)))
}

/// The columns of the UNIQUE constraint that was violated: those that the entity declares, or else those in the
/// database's catalogue. On some engines an unnamed constraint is named after its first column only.
fn violated<C: EngineConnection>(
    executor: &mut Executor<'_, C>,
    violation: &Violation,
    table: &'static Table,
) -> Option<Vec<usize>> {
    let named = unique_set(violation, table);
    if named.as_ref().is_some_and(|set| is_declared(set, table)) {
        return named;
    }
    let listed = executor.connection.unique_columns(table.name, &reported(violation)).ok().flatten();
    listed.and_then(|columns| positions(&columns, table)).or(named)
}

fn is_declared(set: &[usize], table: &'static Table) -> bool {
    table.key == set || declared(set, table).is_some()
}

fn declared(set: &[usize], table: &'static Table) -> Option<&'static UniqueSet> {
    table.unique.iter().find(|declared| declared.columns == set)
}

/// The columns that the database reports: by their names or, if it reports only the constraint's name, by the names it
/// is made of.
fn unique_set(violation: &Violation, table: &'static Table) -> Option<Vec<usize>> {
    let by_constraint = || {
        let reported = reported(violation);
        let named = |set: &&[usize]| reported == names(set, table).join("_");
        let key = (reported == "key").then_some(table.key);
        key.or_else(|| table.unique.iter().map(|set| set.columns).find(named)).map(<[usize]>::to_vec)
    };
    positions(&violation.columns, table).or_else(by_constraint)
}

/// The name that the database reports for the constraint, or its columns as one.
fn reported(violation: &Violation) -> String {
    match &violation.constraint {
        Some(constraint) if violation.columns.is_empty() => constraint.clone(),
        _ => violation.columns.join(", "),
    }
}

/// The positions of the columns with these names; `None` if there are none, or one of them is not the entity's.
fn positions(names: &[String], table: &'static Table) -> Option<Vec<usize>> {
    let position = |name: &String| table.columns.iter().position(|column| column.name == name);
    names.iter().map(position).collect::<Option<Vec<_>>>().filter(|positions| !positions.is_empty())
}

fn names(set: &[usize], table: &'static Table) -> Vec<String> {
    set.iter().map(|column| table.columns[*column].name.to_owned()).collect()
}

fn shown<E: Entity>(row: &E, columns: &[usize]) -> Vec<String> {
    columns.iter().map(|column| in_words(row.field(*column))).collect()
}

/// The columns of the UNIQUE constraint that the error is about, if the entity does not declare it.
pub(crate) fn undeclared(error: &Error, table: &'static Table) -> Option<ColumnSet> {
    let Error::Violation(violation) = error else { return None };
    let is_unique = matches!(violation.kind, ViolationKind::Unique { .. }) && violation.table == table.name;
    let set = is_unique.then(|| unique_set(violation, table)).flatten()?;
    (!is_declared(&set, table)).then(|| set.into_iter().fold(ColumnSet::EMPTY, ColumnSet::with))
}

/// A value without the types and quotes around it: `7` for `Some(Id(7))`. The derive shows keys by it.
#[must_use]
pub fn in_words(value: &dyn Debug) -> String {
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

/// The row whose values in `set` another row already has: among the rows themselves, or in the database.
fn collision<'r, E, C>(executor: &mut Executor<'_, C>, rows: &[&'r E], set: &[usize]) -> Option<&'r E>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
{
    let takes = |row: &E| declared(set, E::table()).is_none_or(|set| is_taken_by(set, row));
    let same = |one: &E, other: &E| {
        let differs = one.changed(other);
        !set.iter().any(|column| differs.contains(*column)) && takes(one) && takes(other)
    };
    if let [only] = rows {
        return Some(only);
    }
    if rows.len() <= MOST_COMPARED {
        let twin =
            rows.iter().enumerate().find(|(position, row)| rows[..*position].iter().any(|other| same(row, other)));
        if let Some((_, row)) = twin {
            return Some(row);
        }
    }
    let by_key = E::table().key == set;
    let limit = StatementLimit::of(set.len(), executor.connection);
    let columns = set.iter().copied().fold(ColumnSet::EMPTY, ColumnSet::with);
    for (rows, _) in limit.split(rows, |row| row_size::<E, C::Backend>(row, columns)) {
        let stored: Vec<E> = read_where(executor, SameValues { rows, set }).ok()?;
        let taken = |row: &E| stored.iter().any(|other| same(row, other) && (by_key || row.key() != other.key()));
        if let Some(row) = rows.iter().find(|row| taken(row)) {
            return Some(row);
        }
    }
    None
}

/// Rows that have the values of one of `rows` in these columns.
struct SameValues<'a, E> {
    rows: &'a [&'a E],
    set: &'a [usize],
}

impl<E: Columns<DB>, DB: Backend> Condition<DB> for SameValues<'_, E> {
    type Entity = E;

    fn write<'b>(&'b self, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()> {
        for (number, row) in self.rows.iter().copied().enumerate() {
            out.push_sql(if number > 0 { " OR " } else { "" });
            for (position, column) in self.set.iter().copied().enumerate() {
                out.push_sql(if position > 0 { " AND " } else { "" });
                out.push_identifier(E::table().columns[column].name)?;
                out.push_sql(" = ");
                E::column(column, Bind { row, out })?;
            }
        }
        Ok(())
    }
}

/// The violation by a foreign key of the rows that refers to nothing.
fn orphan<E, C>(executor: &mut Executor<'_, C>, rows: &[&E]) -> Option<Violation>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
    bool: FromSql<Bool, C::Backend>,
{
    for row in rows.iter().copied() {
        for key in E::table().foreign_keys {
            if answer(executor, Question { row, asked: Asked::HasParent(key) }) == Some(false) {
                let parent = key.table().name.to_owned();
                let violation = Violation::new(ViolationKind::MissingParent { parent }, E::table().name);
                let columns = key.columns.iter().map(|column| E::table().columns[*column].name.to_owned());
                let values = key.columns.iter().map(|column| in_words(row.field(*column)));
                return Some(violation.on(columns.collect(), values.collect()));
            }
        }
    }
    None
}

/// The database's answer to a question, if the question succeeds.
fn answer<E, C>(executor: &mut Executor<'_, C>, question: Question<'_, E>) -> Option<bool>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
    bool: FromSql<Bool, C::Backend>,
{
    let mut result = None;
    let asked = executor.each(question, |answer| {
        result = Some(answer.get_value::<Bool, bool, _>(0).map_err(DieselError::DeserializationError)?);
        Ok(())
    });
    asked.ok().and(result)
}

/// A question to the database about a row.
struct Question<'a, E> {
    row: &'a E,
    asked: Asked,
}

enum Asked {
    /// Whether the value in a column is NULL in the database.
    IsNull(usize),
    /// Whether a foreign key is NULL or refers to an existing row.
    HasParent(&'static ForeignKey),
}

impl<E: Columns<DB>, DB: Backend> QueryFragment<DB> for Question<'_, E> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let key = match self.asked {
            Asked::HasParent(key) => key,
            Asked::IsNull(column) => {
                // MariaDB does not treat a parameter as NULL until it is used, and only NULL does not equal itself.
                out.push_sql("SELECT COALESCE(");
                E::column(column, Bind { row: self.row, out: &mut out })?;
                out.push_sql(" = ");
                E::column(column, Bind { row: self.row, out: &mut out })?;
                out.push_sql(", 0) = 0");
                return Ok(());
            }
        };
        out.push_sql("SELECT ");
        for column in key.columns {
            E::column(*column, Bind { row: self.row, out: &mut out })?;
            out.push_sql(" IS NULL OR ");
        }
        out.push_sql("EXISTS (SELECT 1 FROM ");
        out.push_identifier(key.table().name)?;
        for (position, (column, reference)) in key.columns.iter().zip(key.references).enumerate() {
            out.push_sql(if position > 0 { " AND " } else { " WHERE " });
            out.push_identifier(reference.column)?;
            out.push_sql(" = ");
            E::column(*column, Bind { row: self.row, out: &mut out })?;
        }
        out.push_sql(")");
        Ok(())
    }
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
