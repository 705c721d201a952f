//! The settings of a migration: what its `metadata.toml` says, and the comments at the head of its scripts.

use std::time::Duration;

/// What a script asks of the runner, in comments before its first statement: `-- transaction: none`,
/// `-- lock_timeout: 5s`, `-- statement_timeout: 10min`, `-- retry: 3`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Whether the script may run in a transaction, as all do that do not say otherwise.
    pub(crate) transaction: bool,
    /// How long a statement waits for a lock; otherwise as long as the connection does.
    pub(crate) lock_timeout: Option<Duration>,
    /// How long a statement may run; otherwise as long as the connection lets it.
    pub(crate) statement_timeout: Option<Duration>,
    /// How often it is tried again when a lock cannot be had, or the database has chosen it to end a deadlock.
    pub(crate) retries: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { transaction: true, lock_timeout: None, statement_timeout: None, retries: 0 }
    }
}

impl Settings {
    /// Reads the comments at the head of a script.
    ///
    /// # Errors
    ///
    /// What is wrong with a setting: its line, its value, and what would be right.
    pub(crate) fn of_script(script: &str) -> Result<Self, String> {
        let mut settings = Self::default();
        for (at, line) in script.lines().enumerate() {
            let line = line.trim();
            let Some(comment) = line.strip_prefix("--") else {
                if line.is_empty() {
                    continue;
                }
                break;
            };
            let Some((name, value)) = comment.split_once(':') else { continue };
            let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
            let wrong = |wanted: &str| format!("line {}: {name}: {value} is not {wanted}", at + 1);
            let time = || {
                let parsed = humantime::parse_duration(value).ok().filter(|time| !time.is_zero());
                parsed.ok_or_else(|| wrong("a time, such as 500ms, 5s or 10min"))
            };
            match name.as_str() {
                "transaction" if value == "none" => settings.transaction = false,
                "transaction" => return Err(wrong("'none', the only value that it takes")),
                "lock_timeout" => settings.lock_timeout = Some(time()?),
                "statement_timeout" => settings.statement_timeout = Some(time()?),
                "retry" => settings.retries = value.parse().map_err(|_| wrong("a number of attempts, such as 3"))?,
                _ => {}
            }
        }
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_comments_at_the_head_of_a_script_set_what_they_name() {
        let script = "-- Builds the index without locking the table.\n-- Transaction: none\n\n--lock_timeout: 1500ms\n\
                      -- statement_timeout: 10min\n-- retry: 3\n-- see: the handbook\nCREATE INDEX a ON b (c);\n-- retry: 9\n";
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        assert_eq!(
            Settings::of_script(script),
            Ok(Settings {
                transaction: false,
                lock_timeout: Some(Duration::from_millis(1500)),
                statement_timeout: Some(minutes(10)),
                retries: 3
            })
        );
        assert_eq!(Settings::of_script("CREATE TABLE a (b INT) -- transaction: none"), Ok(Settings::default()));
    }

    #[test]
    fn a_value_that_is_none_is_named_with_its_line() {
        for (script, problem) in [
            ("-- why\n-- transaction: off\n", "line 2: transaction: off is not 'none', the only value that it takes"),
            ("-- lock_timeout: soon", "line 1: lock_timeout: soon is not a time, such as 500ms, 5s or 10min"),
            ("-- statement_timeout: 0s", "line 1: statement_timeout: 0s is not a time, such as 500ms, 5s or 10min"),
            ("-- retry: often", "line 1: retry: often is not a number of attempts, such as 3"),
        ] {
            assert_eq!(Settings::of_script(script), Err(problem.to_owned()));
        }
    }
}
