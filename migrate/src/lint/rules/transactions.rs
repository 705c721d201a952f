//! What a transaction makes fail, or have no effect; and what lacks one.
//!
//! After squawk's ban-concurrent-index-creation-in-transaction, and what SQLite's documentation says of PRAGMA
//! foreign_keys.

use super::{Push, WITHOUT_TRANSACTION};
use crate::lint::change::Change;
use crate::lint::script::Site;

pub(super) fn check(site: &Site<'_, '_>, change: &Change<'_>, push: &mut Push<'_>) {
    match change {
        Change::CreateIndex(index) if index.concurrently && site.in_transaction => concurrently(site, push),
        Change::OtherConcurrent if site.in_transaction => concurrently(site, push),
        Change::Pragma { name, value } if site.in_transaction && name.key() == "foreign_keys" && !value.is_empty() => {
            push(
                "pragma-in-transaction",
                "SQLite ignores it inside a transaction, without an error.".to_owned(),
                format!("{WITHOUT_TRANSACTION}\n{};", site.sql),
            );
        }
        Change::Rows(Some(table)) if site.defines && site.is_existing(*table) => push(
            "mixed-script",
            format!(
                "If the script fails, the rows of {} are changed and the rest of the script is not done, or the \
                 reverse.",
                table.written
            ),
            format!("-- In a migration of its own:\n{};", site.sql),
        ),
        _ => {}
    }
}

fn concurrently(site: &Site<'_, '_>, push: &mut Push<'_>) {
    push(
        "concurrently-in-transaction",
        "PostgreSQL refuses CONCURRENTLY inside a transaction.".to_owned(),
        format!("{WITHOUT_TRANSACTION}\n{};", site.sql),
    );
}
