//! The numbers of an import as Prometheus reads them. A job that has ended cannot be asked, so it leaves them in a file
//! for the collector of the machine's text files.

use diesel_session::Database;

use super::Report;

/// The metrics after an import.
pub fn metrics(report: &Report, db: &Database) -> String {
    let pool = db.metrics();
    let numbers = [
        ("prices_inserted", report.stored.inserted.to_string()),
        ("prices_updated", report.stored.updated.to_string()),
        ("chunks_imported", report.chunks.to_string()),
        ("chunks_known", report.known.to_string()),
        ("retries", report.retries.to_string()),
        ("pool_checkouts", pool.checkouts.to_string()),
        ("pool_wait_seconds", pool.waited.as_secs_f64().to_string()),
    ];
    let lines =
        numbers.map(|(name, number)| format!("# TYPE price_import_{name} gauge\nprice_import_{name} {number}\n"));
    lines.concat()
}
