//! PostgreSQL with a standby: how far the primary has written, and waiting until a standby has applied that.

use std::time::{Duration, Instant};

use diesel::dsl::sql;
use diesel::sql_types::{Bool, Text};
use diesel::{PgConnection, QueryResult, RunQueryDsl as _};

/// The first pause between two questions whether a standby has come far enough; it doubles up to the longest.
const PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(16);

/// The position in the write-ahead log behind everything that was committed. One SELECT.
pub(super) fn written_up_to(connection: &mut PgConnection) -> QueryResult<String> {
    // The insert position also covers what `synchronous_commit = off` has not yet written.
    diesel::select(sql::<Text>("pg_current_wal_insert_lsn()::text")).get_result(connection)
}

/// Whether the server has applied the log up to `position` within `limit`; a primary has. A SELECT, repeated until it is
/// so: before version 19 the server itself cannot wait.
pub(super) fn has_come_to(connection: &mut PgConnection, position: &str, limit: Duration) -> QueryResult<bool> {
    let (began, mut pause) = (Instant::now(), PAUSE);
    loop {
        let applied = sql::<Bool>("NOT pg_is_in_recovery() OR COALESCE(pg_last_wal_replay_lsn() >= CAST(")
            .bind::<Text, _>(position)
            .sql(" AS pg_lsn), FALSE)");
        if diesel::select(applied).get_result(connection)? {
            return Ok(true);
        }
        let left = limit.saturating_sub(began.elapsed());
        if left.is_zero() {
            return Ok(false);
        }
        std::thread::sleep(pause.min(left));
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
