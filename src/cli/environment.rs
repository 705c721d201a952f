//! Where the database is, as far as the command line does not say: the environment, `.env`, the default.

use std::env;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;

use anyhow::anyhow;

use super::dotenv;
use super::exit::Usage;
use super::text_input::bounded;
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
    if let Some(bytes) = read_file(Path::new(FILE))? {
        for name in NAMES {
            if let Some(text) = dotenv::value(&shown(), &bytes, name)? {
                return Ok((text, format!("{name} in {}", shown())));
            }
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
