//! Galera: detecting a transaction that a node rolled back without an error.
//!
//! When a conflict with another node rolls a transaction back, the next command should return the error. If the
//! rollback comes while a prepared statement is being closed, which has no answer, or just as a SELECT ends, the node
//! reports nothing and continues as if the transaction had just been committed. Statements sent after that would be
//! committed one by one, and COMMIT would succeed. So on a cluster a unit that writes sets a savepoint at its beginning
//! and checks for it before its COMMIT, with autocommit off in between.

use std::sync::atomic::{AtomicBool, Ordering};

use diesel::connection::{AnsiTransactionManager, SimpleConnection as _, TransactionManager as _};
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel::sql_types::Text;
use diesel::{MysqlConnection, QueryResult, RunQueryDsl as _};

/// Whether this process has opened a node of a cluster. Diesel's connection has no field to store that, and on a single
/// server the savepoint does no harm.
static IS_CLUSTER: AtomicBool = AtomicBool::new(false);

/// Begins a unit of work that writes.
pub(super) const BEGIN: &str = "SET autocommit = 0; BEGIN; SAVEPOINT diesel_session_unit";

/// Detects whether the server is a node of a cluster.
pub(super) fn detect(connection: &mut MysqlConnection) -> QueryResult<()> {
    #[derive(diesel::QueryableByName)]
    struct Variable {
        #[diesel(sql_type = Text, column_name = "Value")]
        value: String,
    }
    let found = diesel::sql_query("SHOW VARIABLES LIKE 'wsrep_on'").load::<Variable>(connection)?;
    if found.iter().any(|variable| variable.value == "ON") {
        IS_CLUSTER.store(true, Ordering::SeqCst);
    }
    Ok(())
}

/// Whether a transaction may be rolled back without an error.
pub(super) fn is_cluster() -> bool {
    IS_CLUSTER.load(Ordering::SeqCst)
}

/// Commits the transaction, if it is still the one that [`BEGIN`] began.
pub(super) fn commit(connection: &mut MysqlConnection) -> QueryResult<()> {
    if let Err(error) = connection.batch_execute("RELEASE SAVEPOINT diesel_session_unit") {
        let is_gone = error.to_string().contains("diesel_session_unit does not exist");
        // If that fails too, the connection is broken, and Diesel has recorded that.
        let _rolled_back = roll_back(connection);
        return Err(if is_gone { undone() } else { error });
    }
    AnsiTransactionManager::commit_transaction(connection)?;
    restore_autocommit(connection);
    Ok(())
}

/// Rolls the transaction back.
pub(super) fn roll_back(connection: &mut MysqlConnection) -> QueryResult<()> {
    AnsiTransactionManager::rollback_transaction(connection)?;
    restore_autocommit(connection);
    Ok(())
}

fn restore_autocommit(connection: &mut MysqlConnection) {
    // Fails only if the connection is lost: the pool detects that, and the transaction has ended already.
    let _lost = connection.batch_execute("SET autocommit = 1");
}

fn undone() -> DieselError {
    let said = "the node had ended the transaction before its COMMIT without saying so, as after a conflict, or a statement \
                such as CREATE TABLE that commits by itself";
    DieselError::DatabaseError(DatabaseErrorKind::SerializationFailure, Box::new(said.to_owned()))
}
