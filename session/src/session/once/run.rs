//! Running a unit of work under a key: it runs if the key is new, and otherwise its result is known.

use std::time::Duration;

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::query_builder::{AstPass, QueryFragment};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::row::{NewOnceRow, OnceRow, diesel_session_once};
use crate::connection::SessionConnection;
use crate::error::{Error, Result};
use crate::session::Session;
use crate::session::sql::Persist;
use crate::types::{Text256, Timestamp};

const TABLE: &str = "diesel_session_once";

/// Runs `work` in the transaction of `session` unless `key` is remembered, and returns its result or the remembered one.
///
/// The key is inserted first. Another unit with the same key waits there until this one ends: if it commits, the other
/// finds the result.
pub(crate) fn run<C, T, E>(
    session: &mut Session<'static, C>,
    key: &str,
    remembered: Duration,
    work: impl FnOnce(&mut Session<'static, C>) -> Result<T, E>,
) -> Result<T, E>
where
    C: SessionConnection,
    OnceRow: Persist<C>,
    T: Serialize + DeserializeOwned,
    E: From<Error>,
{
    let key = &Text256::named("key of a unit that runs exactly once", key)?;
    if let Some(result) = claim(session, key, remembered)? {
        return Ok(serde_json::from_str(&result).map_err(|error| unreadable(key, &error))?);
    }
    let value = work(session)?;
    let result = serde_json::to_string(&value).map_err(|error| Error::Value {
        what: "result of a unit that runs exactly once",
        problem: error.to_string(),
    })?;
    // The work may have removed the row from the session.
    let row = session.get_one::<OnceRow>(key.clone())?;
    session.edit(row)?.result = Some(result);
    Ok(value)
}

/// The remembered result; `None` if the key is this unit's from now on.
fn claim<C>(session: &mut Session<'static, C>, key: &Text256, remembered: Duration) -> Result<Option<String>>
where
    C: SessionConnection,
    OnceRow: Persist<C>,
{
    let now = Timestamp::now();
    let expires_at = now.after(remembered);
    let new = NewOnceRow { once_key: key.clone(), result: None, expires_at };
    let (row, added) = session.get_or_add(diesel_session_once::once_key, new)?;
    if added {
        return Ok(None);
    }
    let stored = session.row(row)?;
    if stored.expires_at > now {
        return Ok(stored.result.clone());
    }
    // Another unit may have found the expired row too, and be the first to replace it.
    let Some(row) = session.get_for_update::<OnceRow>(key.clone())? else {
        return Err(Error::StaleRow { table: TABLE, key: key.to_string() });
    };
    let stored = session.edit(row)?;
    if stored.expires_at > now {
        return Ok(stored.result.clone());
    }
    stored.result = None;
    stored.expires_at = expires_at;
    Ok(None)
}

fn unreadable(key: &Text256, error: &serde_json::Error) -> Error {
    Error::Unreadable { table: TABLE.to_owned(), problem: format!("the result of '{key}': {error}") }
}

/// Deletes the keys whose results are not remembered any more, and returns their number.
pub(crate) fn forget_expired<C: SessionConnection>(session: &mut Session<'static, C>) -> Result<usize> {
    session.open()?;
    let deleted = session.executor().execute(&ForgetBefore(Timestamp::now()));
    deleted.map_err(|error| session.fail(error, TABLE, "forgetting expired results"))
}

/// `DELETE FROM diesel_session_once WHERE expires_at <= …`.
struct ForgetBefore(Timestamp);

impl<DB: Backend> QueryFragment<DB> for ForgetBefore {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        pass.unsafe_to_cache_prepared();
        let time = self.0.utc().format("%Y-%m-%d %H:%M:%S%.6f");
        pass.push_sql(&format!("DELETE FROM {TABLE} WHERE expires_at <= '{time}'"));
        Ok(())
    }
}
