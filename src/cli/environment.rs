//! The database's URL if the command line has none: from the environment, `.env`, or the default.

use diesel_session::Error as SessionError;
use std::env;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;

use anyhow::anyhow;

use super::dotenv;
use super::exit::Usage;
use super::text_input::bounded;
use folio::database::DatabaseUrl;
use folio::error::Error;

/// The variables that may name the database; the first takes precedence.
const NAMES: [&str; 2] = ["FOLIO_DATABASE_URL", "DATABASE_URL"];

/// The file that may set them, in the current directory only.
const FILE: &str = ".env";

/// Maximum size of that file.
const MAX: usize = 1024 * 1024;

/// The database if none is named.
const DEFAULT: &str = "sqlite://folio.db";

/// The database's URL, in order of precedence: the option, the environment, `.env`, the default. The text form is the
/// one to open the database with, so it may contain a password; errors do not repeat it.
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

/// Parses a URL from the command line's argument `origin`.
pub(super) fn given_url(text: &str, origin: &str) -> anyhow::Result<DatabaseUrl> {
    DatabaseUrl::parse(text).map_err(|error| match error {
        SessionError::Url { .. } => Usage(format!("{origin}: {error}")).into(),
        error => anyhow!("{origin}: {error}"),
    })
}

/// The URL from the environment or `.env`, or the default, with the name of its origin.
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

/// The content of the file, if it exists. A pipe of this name is not opened: it may never get a writer.
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
