//! The statements of a piece of work, and assertions about them.

use std::fmt;

use crate::connection::record;

/// A statement that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statement {
    /// Its text, as it was sent.
    pub sql: String,
    /// The values of its parameters, as Diesel shows them.
    pub binds: String,
    /// The number of its rows, if it went through a session.
    pub rows: Option<usize>,
    /// The error that it failed with.
    pub error: Option<String>,
}

/// The text as it was sent.
impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.sql)
    }
}

/// Runs `work`, and returns with its result what this thread sent meanwhile on connections with an echo. Inside another
/// `recorded`, its statements are in both.
///
/// ```
/// use diesel_session::prelude::*;
/// use diesel_session::testing::{TestDatabase, recorded};
///
/// let db = TestDatabase::new("sqlite::memory:")?;
/// let (done, sent) = recorded(|| db.begin(|_| diesel_session::Ok(())));
/// done?;
/// assert!(sent.is_empty(), "a unit without work sends nothing");
/// # Ok::<(), diesel_session::Error>(())
/// ```
pub fn recorded<T>(work: impl FnOnce() -> T) -> (T, Vec<Statement>) {
    let recording = Recording::start();
    let value = work();
    (value, recording.statements())
}

/// The texts of the statements about rows, the same for every engine: without quotes around names, with `?` for a
/// parameter, and without what begins and ends transactions and savepoints, asks the catalogue for the source of keys, or
/// reads generated keys back on MySQL.
#[must_use]
pub fn plain(statements: &[Statement]) -> Vec<String> {
    statements.iter().filter(|statement| is_about_rows(&statement.sql)).map(|own| unquoted(&own.sql)).collect()
}

/// Whether a statement is neither about transactions nor about the catalogue, nor reads generated keys back, which other
/// engines return with the INSERT.
fn is_about_rows(sql: &str) -> bool {
    const TRANSACTIONS: [&str; 7] =
        ["BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "START TRANSACTION", "SET TRANSACTION"];
    const CATALOGUE: [&str; 5] =
        ["SHOW COLUMNS FROM", "information_schema.", "pragma_table_list", "pg_attribute", "pg_trigger"];
    let reads_keys = sql.starts_with("SELECT ") && sql.contains("LAST_INSERT_ID()");
    !TRANSACTIONS.iter().any(|words| sql.starts_with(words))
        && !CATALOGUE.iter().any(|words| sql.contains(words))
        && !reads_keys
}

/// A statement without quotes around names, and with `?` for `$1`; texts in it stay as they are.
fn unquoted(sql: &str) -> String {
    let mut plain = String::with_capacity(sql.len());
    let mut characters = sql.chars().peekable();
    let mut is_text = false;
    while let Some(character) = characters.next() {
        match character {
            '\'' => {
                is_text = !is_text;
                plain.push(character);
            }
            _ if is_text => plain.push(character),
            '"' | '`' => {}
            '$' if characters.peek().is_some_and(char::is_ascii_digit) => {
                while characters.next_if(char::is_ascii_digit).is_some() {}
                plain.push('?');
            }
            other => plain.push(other),
        }
    }
    plain
}

/// Whether a statement is the expected one; one that ends in `…` is compared up to there.
#[doc(hidden)]
#[must_use]
pub fn is_expected(sent: &str, expected: &str) -> bool {
    expected.strip_suffix('…').map_or(sent == expected, |start| sent.starts_with(start))
}

/// Statements, one a line, for the message of an assertion.
#[doc(hidden)]
#[must_use]
pub fn listed<S: AsRef<str>>(statements: &[S]) -> String {
    if statements.is_empty() {
        return "\n    none".to_owned();
    }
    statements.iter().map(|statement| format!("\n    {}", statement.as_ref())).collect()
}

/// Asserts the statements about rows that a piece of work sends, and returns its value.
///
/// They are compared as [`plain`](crate::testing::plain) writes them, so that one test serves every engine; an expected
/// statement that ends in `…` is compared up to there. Statements are seen on connections with an echo, of this thread.
///
/// ```
/// use diesel_session::prelude::*;
/// use diesel_session::testing::{TestDatabase, assert_statements};
///
/// let db = TestDatabase::new("sqlite::memory:")?;
/// let one = diesel::dsl::sql::<diesel::sql_types::Integer>("1");
/// let rows: Vec<i32> = assert_statements!(
///     db.read(|session| session.rows(diesel::select(one)))?,
///     ["SELECT …"]
/// );
/// assert_eq!(rows, [1]);
/// # Ok::<(), diesel_session::Error>(())
/// ```
///
/// # Panics
///
/// If the work sends other statements; the message lists both.
#[macro_export]
macro_rules! assert_statements {
    ($work:expr, [$($expected:expr),* $(,)?] $(,)?) => {{
        // Not in a closure, from which `?` could not return.
        let recording = $crate::testing::Recording::start();
        let value = $work;
        let sent = recording.end();
        let expected: &[&str] = &[$($expected),*];
        let is_expected = sent.len() == expected.len()
            && sent.iter().zip(expected).all(|(sent, expected)| $crate::testing::is_expected(sent, expected));
        assert!(
            is_expected,
            "the work sent other statements:{}\nand not:{}",
            $crate::testing::listed(&sent),
            $crate::testing::listed(expected),
        );
        value
    }};
}

/// Asserts the number of statements about rows that a piece of work sends, as a range such as `..=3`, and returns its
/// value. What counts as one is as in [`assert_statements!`](crate::assert_statements).
///
/// ```
/// use diesel_session::prelude::*;
/// use diesel_session::testing::{TestDatabase, assert_statement_count};
///
/// let db = TestDatabase::new("sqlite::memory:")?;
/// let one = diesel::dsl::sql::<diesel::sql_types::Integer>("1");
/// let rows: Vec<i32> = assert_statement_count!(..=1, db.read(|session| session.rows(diesel::select(one)))?);
/// assert_eq!(rows, [1]);
/// # Ok::<(), diesel_session::Error>(())
/// ```
///
/// # Panics
///
/// If the work sends more or fewer; the message lists them.
#[macro_export]
macro_rules! assert_statement_count {
    ($range:expr, $work:expr $(,)?) => {{
        let recording = $crate::testing::Recording::start();
        let value = $work;
        let sent = recording.end();
        let range = $range;
        assert!(
            ::core::ops::RangeBounds::contains(&range, &sent.len()),
            "the work sent {} statements, and not {range:?}:{}",
            sent.len(),
            $crate::testing::listed(&sent),
        );
        value
    }};
}

/// A recording of this thread's statements, for the macros.
#[doc(hidden)]
#[derive(Debug)]
pub struct Recording {
    before: Option<record::Before>,
}

impl Recording {
    /// Starts it.
    #[must_use]
    pub fn start() -> Self {
        Self { before: Some(record::start()) }
    }

    /// Ends it: the statements about rows.
    #[must_use]
    pub fn end(self) -> Vec<String> {
        plain(&self.statements())
    }

    fn statements(mut self) -> Vec<Statement> {
        let sent = self.before.take().map(record::end).unwrap_or_default();
        let statement = |record::Sent { sql, binds, rows, error }| Statement { sql, binds, rows, error };
        sent.into_iter().map(statement).collect()
    }
}

/// Work that left early, by `?` or a panic, ends the recording too.
impl Drop for Recording {
    fn drop(&mut self) {
        if let Some(before) = self.before.take() {
            record::end(before);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_their_quotes_and_texts_keep_theirs() {
        let sql = "UPDATE \"tags\" SET `name` = 'a \"b\" $1 it''s' WHERE id = $12 AND x = $a";
        assert_eq!(unquoted(sql), "UPDATE tags SET name = 'a \"b\" $1 it''s' WHERE id = ? AND x = $a");
    }

    #[test]
    fn an_expected_statement_may_end_early() {
        assert!(is_expected("SELECT 1", "SELECT 1") && is_expected("SELECT 1", "SELECT …"));
        assert!(!is_expected("SELECT 12", "SELECT 1") && !is_expected("SELECT 1", "INSERT …"));
    }
}
