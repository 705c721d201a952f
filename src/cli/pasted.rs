//! Commands that are printed for a person to paste: quoted for a shell, and about the database that is meant.

use std::borrow::Cow;

use crate::database::redact;
use crate::error::Error;

/// The word as a POSIX shell takes it: bare where nothing in it means something to a shell, else in single quotes.
pub(super) fn quoted(word: &str) -> Cow<'_, str> {
    let is_plain = |character: char| character.is_alphanumeric() || "_-./:@%+=,".contains(character);
    if !word.is_empty() && word.chars().all(is_plain) {
        return Cow::Borrowed(word);
    }
    Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")))
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
pub(super) fn about(error: anyhow::Error, url: Option<&str>) -> anyhow::Error {
    let advised = match error.downcast_ref() {
        Some(Error::NoDatabase { .. }) => "folio db create",
        Some(Error::MigrationsPending { .. }) => "folio migrate up",
        Some(Error::NotFolio { .. }) => "folio migrate up --into-existing",
        _ => return error,
    };
    let said = error.to_string().replace(&format!("'{advised}'"), &format!("'{}'", command(advised, url)));
    error.context(said)
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
