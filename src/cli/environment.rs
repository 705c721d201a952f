//! Where the database is, as far as the command line does not say: the environment, `.env`, the default.

use std::env;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;

use anyhow::anyhow;

use super::body::bounded;
use super::exit::Usage;
use crate::database::DatabaseUrl;
use crate::error::Error;

/// The variables that may name the database; the first beats the second.
const NAMES: [&str; 2] = ["FOLIO_DATABASE_URL", "DATABASE_URL"];

/// The file that may set them, in the current folder and in no other.
const FILE: &str = ".env";

/// The most bytes that are read of it.
const MAX: usize = 1024 * 1024;

/// What is opened where nothing names a database.
const DEFAULT: &str = "sqlite://folio.db";

/// The database's URL: the option beats the environment, which beats `.env`, which beats the default. It is in the text
/// form that opens it, so it may hold a password; what is wrong with it is said without one.
pub(super) fn database_url(option: Option<&str>) -> anyhow::Result<(String, DatabaseUrl)> {
    let (text, origin) = match option {
        Some(text) => (text.to_owned(), "--database-url".to_owned()),
        None => from_environment()?,
    };
    match option {
        Some(_) => given_url(&text, &origin).map(|url| (text, url)),
        None => DatabaseUrl::parse(&text).map(|url| (text, url)).map_err(|error| anyhow!("{origin}: {error}")),
    }
}

/// Reads a URL that stands on the command line, as the argument that is called `origin`.
pub(super) fn given_url(text: &str, origin: &str) -> anyhow::Result<DatabaseUrl> {
    DatabaseUrl::parse(text).map_err(|error| match error {
        Error::Url { .. } => Usage(format!("{origin}: {error}")).into(),
        error => anyhow!("{origin}: {error}"),
    })
}

/// The URL that stands in the environment or in `.env`, or the default, and what to call its origin.
fn from_environment() -> anyhow::Result<(String, String)> {
    for name in NAMES {
        match env::var(name) {
            Ok(text) => return Ok((text, name.to_owned())),
            Err(env::VarError::NotPresent) => {}
            Err(env::VarError::NotUnicode(_)) => return Err(anyhow!("{name}: its value is not UTF-8 text")),
        }
    }
    let variables = match read_file(Path::new(FILE))? {
        Some(bytes) => variables(&bytes)?,
        None => Vec::new(),
    };
    for name in NAMES {
        // Of several the first stands, as for a shell that reads only what is not yet set.
        if let Some((_, text)) = variables.iter().find(|(key, _)| key == name) {
            return Ok((text.clone(), format!("{name} in {}", shown())));
        }
    }
    Ok((DEFAULT.to_owned(), "the default".to_owned()))
}

/// What is in the file, if there is one. A pipe of this name is not opened: nobody may ever write to it.
fn read_file(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    let in_file = |error| Error::io(shown(), error);
    match fs::metadata(path) {
        Ok(found) if found.is_file() => bounded(File::open(path).map_err(in_file)?, MAX, &shown()).map(Some),
        Ok(_) => {
            let problem = "not a regular file; remove it, or name the database with --database-url".to_owned();
            Err(Error::Input { place: shown(), problem })
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(in_file(error)),
    }
}

/// The file's absolute path, for messages.
fn shown() -> String {
    std::path::absolute(FILE).map_or_else(|_| FILE.to_owned(), |path| path.display().to_string())
}

/// Reads the file's variables, in their order.
fn variables(bytes: &[u8]) -> anyhow::Result<Vec<(String, String)>> {
    let refused = |place: String, problem: &str| Error::Input {
        place: format!("{}{place}", shown()),
        problem: problem.to_owned(),
    };
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
        refused(format!(", line {line}"), "it is not UTF-8 text")
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // Neither the parser's words nor the line are shown: it may hold a password.
    let parse = |text: &str| dotenvy::from_read_iter(text.as_bytes()).collect::<Result<Vec<_>, _>>();
    parse(text).map_err(|_| {
        // The parser tells no line. The one that it stumbles over follows the longest beginning that it takes.
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let taken = (0..lines.len()).rev().find(|taken| parse(&lines[..*taken].concat()).is_ok());
        let place = format!(", line {}", taken.unwrap_or(0) + 1);
        refused(place, "this is not NAME=value; put a value with spaces into quotes").into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_that_is_wrong_is_named() {
        for (text, line) in [
            ("oops", 1),
            ("A=1\n# oops\noops\nB=2\n", 3),
            ("A='two\nlines'\r\nB=a b\r\n", 3),
            ("\u{feff}A=1\n\n  spaced out\n", 3),
            ("A=1\nB='never closed\nC=3\n", 2),
        ] {
            let refused = variables(text.as_bytes()).unwrap_err().to_string();
            assert!(refused.contains(&format!(".env, line {line}: ")), "{text:?}: {refused}");
        }
        let refused = variables(b"A=1\nB=\xff\n").unwrap_err().to_string();
        assert!(refused.contains(".env, line 2: it is not UTF-8"), "{refused}");
    }

    #[test]
    fn a_refused_line_is_not_repeated() {
        let refused = variables(b"DATABASE_URL=postgres://u:SECRET word@h/db\n").unwrap_err();
        assert!(!format!("{refused} {refused:?}").contains("SECRET"), "{refused:?}");
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_a_name() {
        let read = variables("\u{feff}DATABASE_URL=folio.db # here\n".as_bytes()).unwrap();
        assert_eq!(read, [("DATABASE_URL".to_owned(), "folio.db".to_owned())]);
    }
}
