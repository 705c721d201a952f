//! Galera: a transaction that a node undid and did not say so.
//!
//! When a conflict with another node undoes a transaction, the next command is to meet the error. A node that meets it while
//! a prepared statement is closed, which has no answer, or just as a SELECT ends, tells nobody: it goes on as if the
//! transaction had just been committed. What is sent after that would be committed by itself, statement by statement, and
//! COMMIT would succeed. So on a cluster a unit that writes leaves a savepoint at its beginning and asks for it before its
//! COMMIT, and what is sent in between is never committed by itself.

use std::sync::atomic::{AtomicBool, Ordering};

use diesel::connection::{AnsiTransactionManager, SimpleConnection as _, TransactionManager as _};
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel::sql_types::Text;
use diesel::{MysqlConnection, QueryResult, RunQueryDsl as _};

/// Whether this process has opened a node of a cluster. Diesel's connection has no place to keep whose it is, and on a
/// server alone a savepoint is as good.
static MET: AtomicBool = AtomicBool::new(false);

/// Begins a unit that writes.
pub(super) const BEGIN: &str = "SET autocommit = 0; BEGIN; SAVEPOINT folio_unit";

/// Asks whether the server is a node of a cluster.
pub(super) fn learn(connection: &mut MysqlConnection) -> QueryResult<()> {
    #[derive(diesel::QueryableByName)]
    struct Variable {
        #[diesel(sql_type = Text, column_name = "Value")]
        value: String,
    }
    let found = diesel::sql_query("SHOW VARIABLES LIKE 'wsrep_on'").load::<Variable>(connection)?;
    if found.iter().any(|variable| variable.value == "ON") {
        MET.store(true, Ordering::SeqCst);
    }
    Ok(())
}

/// Whether a transaction may be undone without an error.
pub(super) fn is_met() -> bool {
    MET.load(Ordering::SeqCst)
}

/// Commits the transaction, if it is still the one that [`BEGIN`] began.
pub(super) fn commit(connection: &mut MysqlConnection) -> QueryResult<()> {
    if let Err(error) = connection.batch_execute("RELEASE SAVEPOINT folio_unit") {
        let is_gone = error.to_string().contains("folio_unit does not exist");
        // Where that fails too, the connection is broken, and Diesel has noted it.
        let _rolled_back = roll_back(connection);
        return Err(if is_gone { undone() } else { error });
    }
    AnsiTransactionManager::commit_transaction(connection)?;
    commit_by_itself_again(connection);
    Ok(())
}

/// Rolls the transaction back.
pub(super) fn roll_back(connection: &mut MysqlConnection) -> QueryResult<()> {
    AnsiTransactionManager::rollback_transaction(connection)?;
    commit_by_itself_again(connection);
    Ok(())
}

fn commit_by_itself_again(connection: &mut MysqlConnection) {
    // Fails only where the connection is lost: then the pool finds that out, and the transaction has ended well.
    let _lost = connection.batch_execute("SET autocommit = 1");
}

fn undone() -> DieselError {
    let said = "the node had ended the transaction before its COMMIT without saying so, as after a conflict, or a statement \
                such as CREATE TABLE that commits by itself";
    DieselError::DatabaseError(DatabaseErrorKind::SerializationFailure, Box::new(said.to_owned()))
}
