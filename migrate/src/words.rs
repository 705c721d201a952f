//! Numbers in sentences.

/// A number with its noun: "1 row", "3 rows".
pub(crate) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
