//! Commands printed for the user to paste: quoted for a shell, and naming the right database.

use std::borrow::Cow;

use super::exit;
use super::output::printable;
use super::stderr;
use diesel_migrate::Error as MigrateError;
use diesel_session::Error as SessionError;
use folio::database::{DatabaseUrl, redact};
use folio::error::Error;

/// The word, quoted for a POSIX shell: bare if it contains nothing special to a shell, otherwise in single quotes.
/// Control characters are written as octal escapes for `printf`, so that they never reach a terminal.
pub(super) fn quoted(word: &str) -> Cow<'_, str> {
    let is_plain = |character: char| character.is_alphanumeric() || "_-./:@%+=,".contains(character);
    if !word.is_empty() && word.chars().all(is_plain) {
        return Cow::Borrowed(word);
    }
    if printable(word) == word {
        return Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")));
    }
    let mut format = String::new();
    for character in word.chars() {
        match character {
            '%' => format.push_str("%%"),
            '\\' => format.push_str(r"\\"),
            '\'' => format.push_str(r"\047"),
            other if printable(&other.to_string()) == other.to_string() => format.push(other),
            other => other.to_string().bytes().for_each(|byte| format.push_str(&format!("\\{byte:03o}"))),
        }
    }
    Cow::Owned(format!("\"$(printf '{format}')\""))
}

/// Warns if a URL on the command line, in the argument `origin`, contains a secret, which is visible in the list of
/// processes; `instead` names a safer place for it.
pub(super) fn warn_of_password(url: &str, origin: &str, instead: Option<&str>) {
    if redact(url) == url {
        return;
    }
    let way_out = instead.map(|place| format!("; put it into {place} instead")).unwrap_or_default();
    stderr::report(&format!(
        "warning: {origin} contains a password, which other users of this machine can see in the list \
             of processes{way_out}"
    ));
}

/// The command, with the option that names its database if the user typed a `url`, so that it is not the default.
pub(super) fn command(words: &str, url: Option<&str>) -> String {
    match url {
        Some(url) => format!("{words} --database-url {}", quoted(&redact(url))),
        None => words.to_owned(),
    }
}

/// The commands to use the database at this URL permanently, and once.
pub(super) fn how_to_use(url: &str) -> [String; 2] {
    [format!("export FOLIO_DATABASE_URL={}", quoted(&redact(url))), command("folio user list", Some(url))]
}

/// A command that helps against an error.
struct Advice {
    command: &'static str,
    /// What the command is for, before a command that names its database.
    purpose: &'static str,
    /// The same as a clause around the quoted command alone.
    clause: &'static str,
}

/// The error, with the command that helps against it, if there is one. The command names the database if the user typed
/// its `url`, so that it can be pasted as it is; it is then at the end of the message and unquoted, since quotes in it
/// are for the shell.
pub(super) fn with_advice(error: anyhow::Error, url: Option<&str>) -> anyhow::Error {
    let Some(Advice { command: advised, purpose, clause }) = advice(&error) else { return error };
    let advice = match url {
        Some(url) => format!("{purpose}: {}", command(advised, Some(writable(url)))),
        None => clause.replace("{}", &format!("'{advised}'")),
    };
    let said = format!("{error}; {advice}");
    error.context(said)
}

fn advice(error: &anyhow::Error) -> Option<Advice> {
    let missing = exit::session_error(error).filter(|cause| matches!(cause, SessionError::NoDatabase { .. }));
    let (cause, advice) = match (missing, error.downcast_ref()) {
        (Some(cause), _) => (
            cause.to_string(),
            Advice { command: "folio db create", purpose: "to create one", clause: "{} creates one" },
        ),
        (None, Some(cause @ Error::Migrate(MigrateError::Pending { .. }))) => (
            cause.to_string(),
            Advice { command: "folio migrate up", purpose: "to bring it up to date", clause: "run {}" },
        ),
        (None, Some(cause @ Error::Migrate(MigrateError::Foreign { .. }))) => (
            cause.to_string(),
            Advice {
                command: "folio migrate up --into-existing",
                purpose: "to add Folio's tables beside them",
                clause: "{} adds Folio's tables beside them",
            },
        ),
        (None, Some(cause @ Error::Migrate(MigrateError::OutOfOrder { .. }))) => (
            cause.to_string(),
            Advice {
                command: "folio migrate up --out-of-order",
                purpose: "to apply them all the same",
                clause: "{} applies them all the same",
            },
        ),
        _ => return None,
    };
    // A command that has reworded the error, or advised already, has said enough.
    (cause == error.to_string()).then_some(advice)
}

/// The URL in a form that can be opened for writing.
fn writable(url: &str) -> &str {
    let immutable = DatabaseUrl::parse(url).is_ok_and(|url| url.address().is_immutable());
    if immutable { url.trim_end_matches("?immutable=1") } else { url }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_word_stays_bare_and_any_other_is_quoted_for_a_shell() {
        for word in ["folio.db", "/srv/a-b_c/ж.db", "postgres://u@h:1,h2/db", "sqlite::memory:", "a%20b"] {
            assert_eq!(quoted(word), word);
        }
        for (word, shown) in [
            ("", "''"),
            ("a b.db", "'a b.db'"),
            ("postgres://u@h/db?x=1&y=2", "'postgres://u@h/db?x=1&y=2'"),
            ("it's.db", r"'it'\''s.db'"),
            ("~/$HOME", "'~/$HOME'"),
            ("a\nb", r#""$(printf 'a\012b')""#),
            ("it's\u{1b}[1m 5%\\\u{9b}", r#""$(printf 'it\047s\033[1m 5%%\\\302\233')""#),
        ] {
            assert_eq!(quoted(word), shown);
        }
    }

    #[test]
    fn the_commands_to_use_a_database_are_quoted_for_a_shell() {
        assert_eq!(
            how_to_use("it's.db"),
            ["export FOLIO_DATABASE_URL='it'\\''s.db'", "folio user list --database-url 'it'\\''s.db'"]
        );
        assert_eq!(how_to_use("there.db")[0], "export FOLIO_DATABASE_URL=there.db");
        assert!(!how_to_use("postgres://u:SECRET@h/db").concat().contains("SECRET"));
    }

    #[test]
    fn a_command_shows_no_password() {
        assert_eq!(
            command("folio db create", Some("postgres://u:SECRET@h/db")),
            "folio db create --database-url 'postgres://u:***@h/db'"
        );
    }
}
