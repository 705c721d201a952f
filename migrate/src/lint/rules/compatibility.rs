//! What breaks the programs that still run with the old schema: columns and tables that are dropped or renamed.
//!
//! After squawk's ban-drop-column, ban-drop-table, renaming-column and renaming-table, and strong_migrations' checks of
//! the same names.

use super::{Push, replaced_column};
use crate::lint::change::{Change, Clause};
use crate::lint::script::Site;
use crate::lint::syntax::Name;

pub(super) fn check(site: &Site<'_, '_>, change: &Change<'_>, push: &mut Push<'_>) {
    match change {
        Change::DropTables { tables, .. } => {
            let lost = |table: &&Name<'_>| site.is_existing(**table) && !site.is_made_later(**table);
            let lost: Vec<_> = tables.iter().filter(lost).map(|table| table.written).collect();
            if !lost.is_empty() {
                let lost = lost.join(", ");
                push(
                    "drop-table",
                    format!("A program that still runs and uses {lost} fails, and the rows are gone."),
                    allowed("drop-table", &lost, &format!("DROP TABLE {lost};")),
                );
            }
        }
        Change::RenameTables(renamed) => renamed.iter().for_each(|(from, to)| renamed_table(site, *from, *to, push)),
        Change::AlterTable { table, clauses } => {
            clauses.iter().for_each(|clause| altered(site, *table, clause, push));
        }
        _ => {}
    }
}

fn altered(site: &Site<'_, '_>, table: Name<'_>, clause: &Clause<'_>, push: &mut Push<'_>) {
    let is_existing = site.is_existing(table);
    match clause {
        Clause::DropColumn { column, .. } if is_existing => {
            let (table, column) = (table.written, column.written);
            push(
                "drop-column",
                format!("A program that still runs and uses {table}.{column} fails."),
                allowed(
                    "drop-column",
                    &format!("{table}.{column}"),
                    &format!("ALTER TABLE {table} DROP COLUMN {column};"),
                ),
            );
        }
        Clause::RenameColumn { from, to } if is_existing => renamed_column(site, table, *from, *to, push),
        Clause::Modify { from, column } if is_existing && from.key() != column.name.key() => {
            renamed_column(site, table, *from, column.name, push);
        }
        Clause::RenameTable(to) => renamed_table(site, table, *to, push),
        _ => {}
    }
}

fn renamed_column(site: &Site<'_, '_>, table: Name<'_>, from: Name<'_>, to: Name<'_>, push: &mut Push<'_>) {
    let kind = site.tables.kind(table, from).unwrap_or("…");
    let (table, from, to) = (table.written, from.written, to.written);
    push(
        "rename-column",
        format!("A program that still runs and uses {table}.{from} fails, and so does a new one before the renaming."),
        replaced_column(table, from, to, kind),
    );
}

fn renamed_table(site: &Site<'_, '_>, from: Name<'_>, to: Name<'_>, push: &mut Push<'_>) {
    if !site.is_existing(from) || site.is_made_later(from) {
        return;
    }
    let (from, to) = (from.written, to.written);
    push(
        "rename-table",
        format!("A program that still runs and uses {from} fails, and so does a new one before the renaming."),
        format!(
            "-- Keep the name, and give the program's own type the new one: #[diesel(table_name = {from})].\n\
             -- Or stop all programs that use {from}, and rename it then:\n\
             -- lint: allow rename-table because no program runs during this migration\n\
             ALTER TABLE {from} RENAME TO {to};"
        ),
    );
}

/// The same statement, once no program needs what it removes.
fn allowed(rule: &str, what: &str, statement: &str) -> String {
    format!(
        "-- Once no running program uses {what}:\n-- lint: allow {rule} because no running program uses it\n{statement}"
    )
}
