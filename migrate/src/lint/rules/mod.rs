//! The rules: their names, the engines that they are for, and what each looks for.

mod columns;
mod compatibility;
mod constraints;
mod copies;
mod indexes;
mod settings;
mod tables;
mod transactions;
mod types;

use diesel_session::connection::Engine;

use crate::migration::Migration;

use super::Finding;
use super::change::Change;
use super::place::Place;
use super::script::Site;

pub(super) use settings::check_settings;
pub(super) use tables::{check_down_exists, check_tables};

/// A rule of [`Migrations::lint`](crate::Migrations::lint).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rule {
    /// Its name, as it stands in findings and in comments.
    pub name: &'static str,
    /// The engines that it is for.
    pub engines: &'static [Engine],
    /// What it finds, in one sentence.
    pub summary: &'static str,
}

use Engine::{Mysql, Postgres, Sqlite};

const ALL: &[Engine] = &[Sqlite, Postgres, Mysql];
const SERVERS: &[Engine] = &[Postgres, Mysql];

const fn rule(name: &'static str, engines: &'static [Engine], summary: &'static str) -> Rule {
    Rule { name, engines, summary }
}

/// Every rule, by subject: programs that still run, locks, transactions, tables, and the comments that silence rules.
pub const RULES: &[Rule] = &[
    rule("drop-column", ALL, "A column is dropped that a running program may use."),
    rule("drop-table", ALL, "A table is dropped that a running program may use."),
    rule("rename-column", ALL, "A column is renamed that a running program may use."),
    rule("rename-table", ALL, "A table is renamed that a running program may use."),
    rule("required-column", ALL, "A column that must have a value is added to a table that may have rows."),
    rule("set-not-null", &[Postgres], "NOT NULL is checked for all rows while nobody can use the table."),
    rule("change-type", SERVERS, "A change of type copies the table while nobody can write to it."),
    rule("rewrite-table", SERVERS, "Another change copies the table while nobody can write to it."),
    rule("blocking-index", SERVERS, "An index is built while nobody can write to the table."),
    rule("unique-constraint", &[Postgres], "A constraint builds its index while nobody can use the table."),
    rule("validating-constraint", SERVERS, "A foreign key or CHECK is compared with all rows under a lock."),
    rule("concurrently-in-transaction", &[Postgres], "CONCURRENTLY fails inside a transaction."),
    rule("pragma-in-transaction", &[Sqlite], "PRAGMA foreign_keys has no effect inside a transaction."),
    rule("drop-deletes-children", &[Sqlite], "Dropping a table deletes the rows that reference it."),
    rule("cascade", &[Postgres], "CASCADE removes what the script does not name."),
    rule("mixed-script", &[Mysql], "Rows and tables are changed in one script, of which no part can be undone."),
    rule("no-primary-key", ALL, "A table has no primary key."),
    rule("foreign-key-index", &[Sqlite, Postgres], "No index begins with the columns of a foreign key."),
    rule("inline-reference", &[Mysql], "REFERENCES in a column's definition is ignored by MySQL before 9.0."),
    rule("misspelt-setting", ALL, "A comment at the head of a script is nearly a setting, and has no effect."),
    rule("missing-down", ALL, "There is no down.sql, or nothing in it."),
    rule("allow-unknown-rule", ALL, "A comment silences a rule that does not exist."),
    rule("allow-without-reason", ALL, "A comment silences a rule without a reason."),
    rule("allow-unused", ALL, "A comment silences a rule that finds nothing there."),
];

/// What comes before statements that cannot run in a transaction.
const WITHOUT_TRANSACTION: &str = "-- In a migration of its own:\n-- transaction: none";
/// What comes before statements that must not run together with those above.
const LATER: &str = "-- In a later migration:";

/// The way from one column to another that breaks no program: the name or the type changes.
fn replaced_column(table: &str, from: &str, to: &str, kind: &str) -> String {
    format!(
        "ALTER TABLE {table} ADD COLUMN {to} {kind};\n\
         -- Release a program that writes both columns; then copy the rest, some rows at a time:\n\
         {LATER}\n\
         UPDATE {table} SET {to} = {from} WHERE {to} IS NULL;\n\
         -- Release a program that uses {to} alone:\n\
         {LATER}\n\
         -- lint: allow drop-column because no running program uses it\n\
         ALTER TABLE {table} DROP COLUMN {from};"
    )
}

/// A finding on its way.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) place: Place,
    pub(super) rule: &'static str,
    problem: String,
    advice: String,
}

impl Draft {
    pub(super) fn new(place: &Place, rule: &'static str, problem: String, advice: String) -> Self {
        Self { place: place.clone(), rule, problem, advice }
    }

    /// Whether its rule is for the engine.
    pub(super) fn is_for(&self, engine: Engine) -> bool {
        RULES.iter().any(|rule| rule.name == self.rule && rule.engines.contains(&engine))
    }

    pub(super) fn finding(&self, migration: &Migration) -> Finding {
        let Self { place, rule, problem, advice } = self;
        Finding {
            migration: migration.clone(),
            direction: place.direction,
            line: place.line,
            rule,
            statement: shortened(&place.text),
            problem: problem.clone(),
            advice: advice.clone(),
        }
    }
}

/// In one line of a readable length.
fn shortened(text: &str) -> String {
    const LENGTH: usize = 80;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// What a statement of `up.sql` does.
pub(super) fn check_up(site: &Site<'_, '_>, change: &Change<'_>, found: &mut Vec<Draft>) {
    let mut push = |rule, problem, advice| found.push(Draft::new(&site.place, rule, problem, advice));
    compatibility::check(site, change, &mut push);
    columns::check(site, change, &mut push);
    constraints::check(site, change, &mut push);
    indexes::check(site, change, &mut push);
    copies::check(site, change, &mut push);
    tables::check(site, change, &mut push);
    transactions::check(site, change, &mut push);
}

/// What a statement of `down.sql` does, as far as it is looked at: reverting removes what was made.
pub(super) fn check_down(site: &Site<'_, '_>, change: &Change<'_>, found: &mut Vec<Draft>) {
    transactions::check(site, change, &mut |rule, problem, advice| {
        found.push(Draft::new(&site.place, rule, problem, advice));
    });
}

/// Takes a finding: the rule, the problem, the advice.
type Push<'p> = dyn FnMut(&'static str, String, String) + 'p;
