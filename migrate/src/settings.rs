//! The settings of a migration: what its `metadata.toml` says, and the comments at the head of its scripts.

use std::fmt;
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
    /// Comments that look like a setting and are none.
    pub(crate) misspelt: Vec<Misspelt>,
}

/// A comment that looks like a setting, and has no effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Misspelt {
    /// Its line in the script, from 1.
    pub(crate) line: usize,
    /// The word before the colon.
    pub(crate) written: String,
    /// The setting that it looks like.
    pub(crate) meant: &'static str,
    /// The value behind the colon.
    pub(crate) value: String,
}

impl fmt::Display for Misspelt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not a setting and has no effect; {} is one", self.written, self.meant)
    }
}

/// The settings there are.
const SETTINGS: [&str; 4] = ["transaction", "lock_timeout", "statement_timeout", "retry"];

impl Default for Settings {
    fn default() -> Self {
        Self { transaction: true, lock_timeout: None, statement_timeout: None, retries: 0, misspelt: Vec::new() }
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
                _ => {
                    if let Some(meant) = meant(&name) {
                        let (line, value) = (at + 1, value.to_owned());
                        settings.misspelt.push(Misspelt { line, written: name, meant, value });
                    }
                }
            }
        }
        Ok(settings)
    }
}

/// The setting that a name of one word looks like, which is not its own: by other separators, in the plural, or with a
/// letter wrong.
fn meant(name: &str) -> Option<&'static str> {
    const OTHER_NAMES: [(&str, &str); 3] =
        [("retries", "retry"), ("lock_wait_timeout", "lock_timeout"), ("query_timeout", "statement_timeout")];
    let plain = name.replace(['-', ' '], "_");
    if let Some((_, meant)) = OTHER_NAMES.iter().find(|(other, _)| *other == plain) {
        return Some(meant);
    }
    let letters = |name: &str| name.replace('_', "");
    let near = |setting: &&&str| {
        let (own, setting) = (letters(&plain), letters(setting));
        distance(&own, &setting) <= (setting.len() / 8).max(1)
    };
    SETTINGS.iter().find(near).copied()
}

/// How many letters must be changed, added, removed or swapped with the next one to make one word of another.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=other.len()).collect()];
    for at in 1..=one.len() {
        let mut row = vec![at];
        for to in 1..=other.len() {
            let changed = usize::from(one[at - 1] != other[to - 1]);
            let mut least = (rows[at - 1][to - 1] + changed).min(rows[at - 1][to] + 1).min(row[to - 1] + 1);
            if at > 1 && to > 1 && one[at - 1] == other[to - 2] && one[at - 2] == other[to - 1] {
                least = least.min(rows[at - 2][to - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[one.len()][other.len()]
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
                retries: 3,
                misspelt: Vec::new()
            })
        );
        assert_eq!(Settings::of_script("CREATE TABLE a (b INT) -- transaction: none"), Ok(Settings::default()));
    }

    #[test]
    fn a_name_that_is_nearly_a_setting_is_told_with_the_one_that_it_looks_like() {
        for (written, meant) in [
            ("lock_timout", "lock_timeout"),
            ("Lock-Timeout", "lock_timeout"),
            ("lock timeout", "lock_timeout"),
            ("statement_timeuot", "statement_timeout"),
            ("transactions", "transaction"),
            ("retries", "retry"),
            ("rerty", "retry"),
        ] {
            let settings = Settings::of_script(&format!("-- why\n-- {written}: 5s\nSELECT 1")).unwrap();
            let [misspelt] = &settings.misspelt[..] else { panic!("{written}: {settings:?}") };
            assert_eq!((misspelt.line, misspelt.meant, &*misspelt.value), (2, meant, "5s"), "{written}");
        }
        for other in ["see", "note", "entry", "translation", "lock", "lint", "in a transaction", "timeout of the lock"]
        {
            let settings = Settings::of_script(&format!("-- {other}: 5s\nSELECT 1")).unwrap();
            assert_eq!(settings, Settings::default(), "{other}");
        }
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
