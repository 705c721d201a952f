//! Words that several verbs print.

/// A number with its noun: "1 row", "3 rows".
pub(super) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// A list of tables that are lost: "notes (3 rows), resumes (1 row)".
pub(super) fn lost(tables: &[(String, u64)]) -> String {
    let lost = tables.iter().map(|(table, rows)| match rows {
        1 => format!("{table} (1 row)"),
        rows => format!("{table} ({rows} rows)"),
    });
    lost.collect::<Vec<_>>().join(", ")
}
