//! Indexes that are built under a lock.
//!
//! After squawk's require-concurrent-index-creation and strong_migrations' "adding an index non-concurrently".

use diesel_session::connection::Engine;

use super::{Push, WITHOUT_TRANSACTION};
use crate::lint::change::{Change, Clause, Index};
use crate::lint::column::Kind;
use crate::lint::script::Site;

pub(super) fn check(site: &Site<'_, '_>, change: &Change<'_>, push: &mut Push<'_>) {
    match (change, site.engine) {
        (Change::CreateIndex(index), Engine::Postgres) if !index.concurrently && site.is_existing(index.table) => {
            push(
                "blocking-index",
                format!("Nobody can write to {} while the index is built.", index.table.written),
                format!("{WITHOUT_TRANSACTION}\n{}", concurrently(index)),
            );
        }
        (Change::CreateIndex(index), Engine::Mysql) if index.special && site.is_existing(index.table) => {
            special(index.table.written, site.sql, push);
        }
        (Change::AlterTable { table, clauses }, Engine::Mysql) if site.is_existing(*table) => {
            let is_special = |clause: &Clause<'_>| match clause {
                Clause::AddConstraint(constraint) => matches!(constraint.kind, Kind::SpecialIndex),
                _ => false,
            };
            if clauses.iter().any(is_special) {
                special(table.written, site.sql, push);
            }
        }
        _ => {}
    }
}

fn concurrently(index: &Index<'_>) -> String {
    let unique = if index.unique { "UNIQUE " } else { "" };
    let name = index.name.map(|name| format!("{} ", name.written)).unwrap_or_default();
    format!("CREATE {unique}INDEX CONCURRENTLY {name}{};", index.rest)
}

fn special(table: &str, sql: &str, push: &mut Push<'_>) {
    push(
        "blocking-index",
        format!("Nobody can write to {table} while the index is built."),
        format!(
            "-- There is no other way; while no program writes to {table}:\n\
             -- lint: allow blocking-index because the table is small\n{sql};"
        ),
    );
}
