//! Commands that are printed for a person to paste: quoted for a shell, and about the database that is meant.

use std::borrow::Cow;

use super::output::printable;
use super::stderr;
use crate::database::{DatabaseUrl, redact};
use crate::error::Error;

/// The word as a POSIX shell takes it: bare where nothing in it means something to a shell, else in single quotes; with
/// control characters, as what `printf` makes of their numbers, because none of them reaches a screen.
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

/// Warns where a URL on the command line, in the argument called `origin`, holds a secret, which the list of processes
/// shows; `instead` says where else it may stand.
pub(super) fn warn_of_password(url: &str, origin: &str, instead: Option<&str>) {
    if redact(url) == url {
        return;
    }
    let way_out = instead.map(|place| format!("; put it into {place} instead")).unwrap_or_default();
    stderr::complain(&format!(
        "warning: {origin} contains a password, which other users of this machine can see in the list \
             of processes{way_out}"
    ));
}

/// The command with the option that names its database, where `url`, as it was typed, is not what commands take by
/// themselves.
pub(super) fn command(words: &str, url: Option<&str>) -> String {
    match url {
        Some(url) => format!("{words} --database-url {}", quoted(&redact(url))),
        None => words.to_owned(),
    }
}

/// The error with its database named in the command that it advises: typed as it stands, the command is about that one.
/// With its option it stands at the end and in no quotes, so that its own are those of a shell.
pub(super) fn about(error: anyhow::Error, url: Option<&str>) -> anyhow::Error {
    let Some(url) = url else { return error };
    let (advised, purpose) = match error.downcast_ref() {
        Some(Error::NoDatabase { .. }) => ("folio db create", "to create one"),
        Some(Error::MigrationsPending { .. }) => ("folio migrate up", "to bring it up to date"),
        Some(Error::NotFolio { .. }) => ("folio migrate up --into-existing", "to add Folio's tables beside them"),
        _ => return error,
    };
    let said = error.to_string();
    // What it advises without a database's name is its last clause.
    let fact = said.rsplit_once("; ").filter(|(_, advice)| advice.contains(advised)).map_or(&*said, |(fact, _)| fact);
    let said = format!("{fact}; {purpose}: {}", command(advised, Some(to_write(url))));
    error.context(said)
}

/// The URL in a form that a command that writes can open.
fn to_write(url: &str) -> &str {
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
    fn a_command_shows_no_password() {
        assert_eq!(
            command("folio db create", Some("postgres://u:SECRET@h/db")),
            "folio db create --database-url 'postgres://u:***@h/db'"
        );
    }
}
