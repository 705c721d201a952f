//! What is in effect: by an option, the environment, `.env`, the user's settings, or the default, in this order.

use diesel_session::Error as SessionError;
use std::env;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;

use anyhow::anyhow;

use super::dotenv;
use super::exit::Usage;
use super::output::{Color, Format};
use super::settings::{self, Key, Settings};
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

/// The name of the origin of what nothing else names.
const BY_DEFAULT: &str = "the default";

/// The database's URL. The text form is the one to open the database with, so it may contain a password; errors do not
/// repeat it.
pub(super) fn database_url(option: Option<&str>, settings: &Settings) -> anyhow::Result<(String, DatabaseUrl)> {
    let (text, origin) = named_url(option, settings)?;
    match option {
        Some(_) => given_url(&text, &origin).map(|url| (text, url)),
        None => DatabaseUrl::parse(&text).map(|url| (text, url)).map_err(|error| anyhow!("{origin}: {error}")),
    }
}

/// The text of the database's URL, and its origin. The text may contain a password.
pub(super) fn named_url(option: Option<&str>, settings: &Settings) -> anyhow::Result<(String, String)> {
    match option {
        Some(text) => Ok((text.to_owned(), "--database-url".to_owned())),
        None => {
            Ok(from_environment()?.unwrap_or_else(|| set(Key::DatabaseUrl, settings.database_url.clone(), DEFAULT)))
        }
    }
}

/// The value of a setting and where it is set, or the default.
fn set(key: Key, value: Option<String>, default: &str) -> (String, String) {
    match (value, settings::path()) {
        (Some(value), Some(path)) => (value, format!("{key} in {}", path.display())),
        _ => (default.to_owned(), BY_DEFAULT.to_owned()),
    }
}

/// The first of these variables that is set, and its name. One that is set to nothing counts if `empty` does.
fn variable(names: &[&str], empty: bool) -> Option<(String, String)> {
    names.iter().find_map(|name| {
        let value = env::var(name).ok().filter(|value| empty || !value.is_empty())?;
        Some((value, (*name).to_owned()))
    })
}

/// When output has colours, and what says so.
pub(super) fn color(option: Option<Color>, settings: &Settings) -> (Color, String) {
    if let Some(color) = option {
        return (color, "--color".to_owned());
    }
    if let Some((_, name)) = variable(&["NO_COLOR"], false) {
        return (Color::Never, name);
    }
    if let Some((_, name)) = variable(&["CLICOLOR_FORCE"], false).filter(|(value, _)| value != "0") {
        return (Color::Always, name);
    }
    let (_, origin) = set(Key::Color, settings.color.map(|color| color.name().to_owned()), "");
    (settings.color.unwrap_or(Color::Auto), origin)
}

/// How a terminal gets records, and what says so.
pub(super) fn format(option: Option<Format>, settings: &Settings) -> (String, String) {
    match option {
        Some(format) => (format.name(), "--format".to_owned()),
        None => set(Key::Format, settings.format.map(Format::name), &Format::Table.name()),
    }
}

/// The program for output that is longer than the screen, with its arguments, and what names it. It may be empty, for
/// none.
pub(super) fn pager(settings: &Settings) -> (String, String) {
    variable(&["FOLIO_PAGER", "PAGER"], true).unwrap_or_else(|| set(Key::Pager, settings.pager.clone(), "less"))
}

/// Parses a URL from the command line's argument `origin`.
pub(super) fn given_url(text: &str, origin: &str) -> anyhow::Result<DatabaseUrl> {
    DatabaseUrl::parse(text).map_err(|error| match error {
        SessionError::Url { .. } => Usage(format!("{origin}: {error}")).into(),
        error => anyhow!("{origin}: {error}"),
    })
}

/// The URL from the environment or `.env`, with the name of its origin.
fn from_environment() -> anyhow::Result<Option<(String, String)>> {
    for name in NAMES {
        match env::var(name) {
            Ok(text) => return Ok(Some((text, name.to_owned()))),
            Err(env::VarError::NotPresent) => {}
            Err(env::VarError::NotUnicode(_)) => return Err(anyhow!("{name}: its value is not UTF-8 text")),
        }
    }
    if let Some(bytes) = read_file(Path::new(FILE))? {
        for name in NAMES {
            if let Some(text) = dotenv::value(&shown(), &bytes, name)? {
                return Ok(Some((text, format!("{name} in {}", shown()))));
            }
        }
    }
    Ok(None)
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

/// The value of a global option as it is written, for what happens before the command line is parsed.
pub(super) fn written(option: &str) -> Option<String> {
    let mut arguments = env::args_os().map(|argument| argument.to_string_lossy().into_owned());
    let value = |argument: &str| argument.strip_prefix(option)?.strip_prefix('=').map(str::to_owned);
    while let Some(argument) = arguments.next() {
        if argument == option {
            return arguments.next();
        }
        if let Some(value) = value(&argument) {
            return Some(value);
        }
    }
    None
}
