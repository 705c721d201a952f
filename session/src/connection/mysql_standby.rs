//! MySQL with replicas and Galera with several nodes: what the primary has committed, and waiting until another server has
//! that.

use std::time::Duration;

use diesel::dsl::sql;
use diesel::sql_types::{BigInt, Double, Text};
use diesel::{MysqlConnection, QueryResult, RunQueryDsl as _};

/// The position on a Galera cluster, where `wsrep_sync_wait` of the reading connection does the waiting.
const OF_GALERA: &str = "wsrep";

/// What was committed: the executed set on MySQL. `None` if the server keeps none, as MySQL without `gtid_mode` and a
/// MariaDB server that is not in a Galera cluster. One SELECT, of which MariaDB runs the first comment and MySQL the
/// second.
pub(super) fn written_up_to(connection: &mut MysqlConnection) -> QueryResult<Option<String>> {
    let position = sql::<Text>(&format!(
        "CONCAT('' /*M! , IF(@@GLOBAL.wsrep_on, '{OF_GALERA}', '') */ /*!80000 , @@GLOBAL.gtid_executed */)"
    ));
    let position: String = diesel::select(position).get_result(connection)?;
    Ok(Some(position).filter(|position| !position.is_empty()))
}

/// Whether the server has applied everything up to `position` within `limit`. One SELECT, which waits; on Galera it only
/// shows that the connection is there.
pub(super) fn has_come_to(connection: &mut MysqlConnection, position: &str, limit: Duration) -> QueryResult<bool> {
    if position == OF_GALERA {
        return diesel::select(sql::<BigInt>("1")).get_result(connection).map(|one: i64| one == 1);
    }
    // The server takes 0 for no limit.
    let seconds = limit.max(Duration::from_millis(1)).as_secs_f64();
    let waited = sql::<BigInt>("WAIT_FOR_EXECUTED_GTID_SET(")
        .bind::<Text, _>(position)
        .sql(", ")
        .bind::<Double, _>(seconds)
        .sql(")");
    diesel::select(waited).get_result(connection).map(|timed_out: i64| timed_out == 0)
}
