//! What several verbs print.

/// A list of tables that are lost: "notes (3 rows), resumes (1 row)".
pub(super) fn lost(tables: &[(String, u64)]) -> String {
    let lost = tables.iter().map(|(table, rows)| match rows {
        1 => format!("{table} (1 row)"),
        rows => format!("{table} ({rows} rows)"),
    });
    lost.collect::<Vec<_>>().join(", ")
}
