//! A script as the rules see it: statement by statement, with what the script itself made before and makes later.

use std::collections::BTreeSet;

use diesel_session::connection::Engine;

use crate::migration::Direction;
use crate::scripts::Step;
use crate::statements::line;

use super::allow::{Allow, allows};
use super::change::{Change, Clause};
use super::column::Constraint;
use super::place::Place;
use super::syntax::Name;
use super::tables::Tables;

/// A script that is taken apart.
pub(super) struct Script<'s> {
    pub(super) direction: Direction,
    engine: Engine,
    transaction: bool,
    statements: Vec<Parsed<'s>>,
    pub(super) allows: Vec<Allow>,
}

struct Parsed<'s> {
    /// Without the comments before it.
    sql: &'s str,
    line: usize,
    change: Change<'s>,
}

/// A statement in its surroundings.
pub(super) struct Site<'r, 's> {
    pub(super) engine: Engine,
    pub(super) place: Place,
    /// The statement as it is written.
    pub(super) sql: &'s str,
    pub(super) in_transaction: bool,
    /// The tables before the statement.
    pub(super) tables: &'r Tables,
    /// Whether the script changes the schema anywhere.
    pub(super) defines: bool,
    /// The tables that the script has made so far, and so no program uses yet.
    fresh: &'r BTreeSet<String>,
    /// The last setting of each kind, in lower case.
    settings: &'r [String],
    before: &'r [Parsed<'s>],
    after: &'r [Parsed<'s>],
}

impl<'s> Script<'s> {
    pub(super) fn of(step: &'s Step, direction: Direction, engine: Engine) -> Self {
        let script = step.script(direction).unwrap_or_default();
        let mut statements = Vec::new();
        let (mut starts, mut ends) = (Vec::new(), Vec::new());
        for statement in step.statements(direction, engine) {
            let sql = statement.without_comments();
            let start = statement.first_word();
            starts.push(start);
            ends.push(start + sql.len());
            statements.push(Parsed { sql, line: line(script, start), change: Change::of(sql, engine) });
        }
        let allows = allows(script, engine, &starts, &ends);
        Self { direction, engine, transaction: step.transaction, statements, allows }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    /// Calls `check` for each statement, and then takes over what it does to the tables.
    pub(super) fn each(&self, step: usize, tables: &mut Tables, mut check: impl FnMut(&Site<'_, '_>, &Change<'_>)) {
        let mut fresh = BTreeSet::new();
        let mut settings = Vec::new();
        let mut own_transaction = false;
        let defines = self.statements.iter().any(|parsed| parsed.change.is_definition());
        for (at, Parsed { sql, line, change }) in self.statements.iter().enumerate() {
            let place =
                Place { step, direction: self.direction, line: *line, statement: Some(at), text: (*sql).to_owned() };
            let site = Site {
                engine: self.engine,
                place,
                sql,
                in_transaction: self.transaction || own_transaction,
                tables,
                defines,
                fresh: &fresh,
                settings: &settings,
                before: &self.statements[..at],
                after: &self.statements[at + 1..],
            };
            check(&site, change);
            let (made, place) = (site.made(change), site.place);
            fresh.extend(made);
            tables.apply(change, &place);
            match change {
                Change::Begin => own_transaction = true,
                Change::End => own_transaction = false,
                Change::Pragma { .. } | Change::Other => settings.push(sql.to_lowercase()),
                _ => {}
            }
        }
    }
}

impl Site<'_, '_> {
    /// Whether the table was there before the script, so that programs may use it.
    pub(super) fn is_existing(&self, table: Name<'_>) -> bool {
        !self.fresh.contains(&table.key())
    }

    /// Whether the script makes a table of that name later, as when it rebuilds one.
    pub(super) fn is_made_later(&self, table: Name<'_>) -> bool {
        self.after.iter().flat_map(|parsed| names_of(&parsed.change)).any(|(_, made)| made.key() == table.key())
    }

    /// Whether the script drops the table later.
    pub(super) fn is_dropped_later(&self, table: &str) -> bool {
        self.after.iter().any(|parsed| match &parsed.change {
            Change::DropTables { tables, .. } => tables.iter().any(|dropped| dropped.plain.eq_ignore_ascii_case(table)),
            _ => false,
        })
    }

    /// The keys of the tables that nobody can use yet.
    fn made(&self, change: &Change<'_>) -> Vec<String> {
        let is_fresh =
            |from: &Option<Name<'_>>| from.is_none_or(|from| !self.is_existing(from) || self.is_made_later(from));
        names_of(change).into_iter().filter(|(from, _)| is_fresh(from)).map(|(_, made)| made.key()).collect()
    }

    /// Whether the last statement that names this setting turned it off.
    pub(super) fn is_off(&self, setting: &str) -> bool {
        let last = self.settings.iter().rev().find(|said| said.contains(setting));
        last.is_some_and(|said| said.ends_with('0') || said.ends_with("off") || said.ends_with("false"))
    }

    /// Whether a constraint was added earlier in the script without a check of the rows.
    pub(super) fn added_not_valid(&self, constraint: Name<'_>) -> bool {
        let is_it = |added: &Constraint<'_>| added.name.is_some_and(|name| name.key() == constraint.key());
        self.before.iter().any(|parsed| match &parsed.change {
            Change::AlterTable { clauses, .. } => clauses.iter().any(|clause| match clause {
                Clause::AddConstraint(added) => is_it(added) && added.not_valid,
                _ => false,
            }),
            _ => false,
        })
    }
}

/// The names of tables that a statement gives, each with the name that the table had.
fn names_of<'c>(change: &'c Change<'_>) -> Vec<(Option<Name<'c>>, Name<'c>)> {
    match change {
        Change::CreateTable { table, .. } | Change::CreateView(table) => vec![(None, *table)],
        Change::RenameTables(renamed) => renamed.iter().map(|(from, to)| (Some(*from), *to)).collect(),
        Change::AlterTable { table, clauses } => {
            let renamed = clauses.iter().filter_map(|clause| match clause {
                Clause::RenameTable(to) => Some((Some(*table), *to)),
                _ => None,
            });
            renamed.collect()
        }
        _ => Vec::new(),
    }
}
