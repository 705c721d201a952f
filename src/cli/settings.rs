//! The user's own settings: a small TOML file that every command reads.

use std::env;
use std::fmt;
use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use toml_edit::{Document, DocumentMut, Item, Value};

use super::exit::Usage;
use super::output::{Color, Format};
use super::suggest::nearest;
use super::text_input::bounded;
use folio::database::DatabaseUrl;
use folio::error::{Error, Result};

/// Maximum size of the file.
const MAX: usize = 1024 * 1024;

/// What is wrong where the environment names no folder.
pub(super) const NOWHERE: &str = "there is no folder for settings; set HOME, or name a file in FOLIO_CONFIG";

/// A setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    /// When output has colours.
    Color,
    /// The database.
    DatabaseUrl,
    /// How a terminal gets records.
    Format,
    /// The program for long output.
    Pager,
}

impl Key {
    pub(super) const ALL: [Self; 4] = [Self::Color, Self::DatabaseUrl, Self::Format, Self::Pager];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Color => "color",
            Self::DatabaseUrl => "database-url",
            Self::Format => "format",
            Self::Pager => "pager",
        }
    }

    /// The value as the file keeps it. A path of an SQLite file becomes absolute, because the file of the settings
    /// applies in every folder.
    fn kept(self, text: &str) -> Result<String> {
        match self {
            Self::Color => named::<Color>(self, text).map(|_| text.to_owned()),
            Self::Format => named::<Format>(self, text).map(|_| text.to_owned()),
            Self::DatabaseUrl => {
                let url = DatabaseUrl::parse(text)?;
                let address = url.address();
                if address.is_remote() || address.is_private() || address.is_immutable() {
                    return Ok(text.to_owned());
                }
                Ok(address.clone().absolute()?.to_string())
            }
            Self::Pager => Ok(text.to_owned()),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Key {
    type Err = Usage;

    fn from_str(text: &str) -> Result<Self, Usage> {
        Self::ALL.into_iter().find(|key| key.name() == text).ok_or_else(|| Usage(unknown(text)))
    }
}

fn unknown(name: &str) -> String {
    let names = Key::ALL.map(Key::name);
    let near = nearest(name, names).map(|near| format!("did you mean {near}? ")).unwrap_or_default();
    format!("there is no setting {name:?}; {near}The settings are {}", names.join(", "))
}

/// One of the values of a setting that has a fixed set.
fn named<T: clap::ValueEnum>(key: Key, text: &str) -> Result<T> {
    T::from_str(text, false).map_err(|_| {
        let values: Vec<_> = T::value_variants().iter().filter_map(T::to_possible_value).collect();
        let names: Vec<&str> = values.iter().map(clap::builder::PossibleValue::get_name).collect();
        let near = nearest(text, names.iter().copied()).map(|near| format!("; did you mean {near}?"));
        Error::value(key.name(), format!("{text:?} is not one of {}{}", names.join(", "), near.unwrap_or_default()))
    })
}

/// The settings in the file; those that are `None` are not set.
#[derive(Debug, Clone, Default)]
pub(super) struct Settings {
    pub color: Option<Color>,
    pub database_url: Option<String>,
    pub format: Option<Format>,
    pub pager: Option<String>,
    /// What is wrong with keys that no command knows. They may be those of a later version.
    unknown: Vec<String>,
}

impl Settings {
    /// Reads the file, if there is one.
    ///
    /// # Errors
    ///
    /// [`Error::Input`] with the line that cannot be understood, but not its content; [`Error::Io`].
    pub(super) fn load() -> Result<Self> {
        let Some(path) = path() else { return Ok(Self::default()) };
        match text_of(&path)? {
            Some(text) => Self::parse(&path, &text),
            None => Ok(Self::default()),
        }
    }

    /// What is wrong with keys that no command knows, a sentence for each.
    pub(super) fn unknown(&self) -> &[String] {
        &self.unknown
    }

    fn parse(path: &Path, text: &str) -> Result<Self> {
        let document = document(path, text)?;
        let mut settings = Self::default();
        for (name, item) in document.iter() {
            let place = || place(path, text, item.span().map_or(0, |span| span.start));
            let Ok(key) = name.parse::<Key>() else {
                settings.unknown.push(format!("{}: {}", place(), unknown(name)));
                continue;
            };
            let refused = |problem: String| Error::Input { place: place(), problem };
            let value = item.as_str().ok_or_else(|| refused(format!("the value of {key} is not a string")))?;
            let read = match key {
                Key::Color => named(key, value).map(|color| settings.color = Some(color)),
                Key::Format => named(key, value).map(|format| settings.format = Some(format)),
                // It is parsed where it is used, and only then.
                Key::DatabaseUrl => {
                    settings.database_url = Some(value.to_owned());
                    Ok(())
                }
                Key::Pager => {
                    settings.pager = Some(value.to_owned());
                    Ok(())
                }
            };
            read.map_err(|error| refused(error.to_string()))?;
        }
        Ok(settings)
    }
}

/// Where the file is: named by `FOLIO_CONFIG`, otherwise `folio/config.toml` in the user's folder for configuration, if
/// there is one. The file need not exist.
pub(super) fn path() -> Option<PathBuf> {
    let named = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(file) = named("FOLIO_CONFIG") {
        return Some(file);
    }
    // The specification of XDG has relative paths ignored.
    let folder = named("XDG_CONFIG_HOME").filter(|folder| folder.is_absolute());
    let folder = folder.or_else(|| if cfg!(windows) { named("APPDATA") } else { Some(named("HOME")?.join(".config")) });
    Some(folder?.join("folio").join("config.toml"))
}

/// Sets a key in the file, or unsets it; everything else in the file stays as it is, comments included. Returns the
/// value as it is kept, and the file.
///
/// # Errors
///
/// A value that the key does not have; a file that cannot be understood or written.
pub(super) fn change(key: Key, value: Option<&str>) -> anyhow::Result<(Option<String>, PathBuf)> {
    let Some(path) = path() else {
        return Err(Usage(NOWHERE.to_owned()).into());
    };
    let value = value.map(|value| key.kept(value)).transpose().map_err(|error| Usage(error.to_string()))?;
    let text = text_of(&path)?.unwrap_or_default();
    let mut document = document(&path, &text)?.into_mut();
    match &value {
        Some(value) => set(&mut document, key, value),
        None => drop(document.remove(key.name())),
    }
    write(&path, &document.to_string()).map_err(|error| Error::io(path.display(), error))?;
    Ok((value, path))
}

/// Sets the key; a comment beside the former value stays there.
fn set(document: &mut DocumentMut, key: Key, value: &str) {
    let mut value = Value::from(value);
    if let Some(former) = document.get(key.name()).and_then(Item::as_value) {
        *value.decor_mut() = former.decor().clone();
    }
    document[key.name()] = Item::Value(value);
}

/// Writes the file as a whole or not at all, readable by the user alone: a database's URL may have a password in it.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    // Where the file is a link, such as one into a folder of dotfiles, its target is replaced.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

fn text_of(path: &Path) -> Result<Option<String>> {
    let shown = path.display();
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(error) => return Err(Error::io(shown, error)),
    };
    let bytes = bounded(file, MAX, &shown.to_string())?;
    let text = String::from_utf8(bytes);
    let not_text = |_| Error::Input { place: shown.to_string(), problem: "it is not UTF-8 text".to_owned() };
    text.map(Some).map_err(not_text)
}

fn document<'t>(path: &Path, text: &'t str) -> Result<Document<&'t str>> {
    Document::parse(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        // Only the message: the error itself shows the line, which may have a password in it.
        let problem = error.message().lines().next().unwrap_or("it is not TOML").to_owned();
        Error::Input { place: place(path, text, start), problem }
    })
}

/// The file and the line of an offset in its text.
fn place(path: &Path, text: &str, offset: usize) -> String {
    let before = text.as_bytes().iter().take(offset);
    format!("{}, line {}", path.display(), before.filter(|byte| **byte == b'\n').count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Settings> {
        Settings::parse(Path::new("config.toml"), text)
    }

    #[test]
    fn every_key_is_read_and_an_unknown_one_is_told_with_the_nearest() {
        let settings = read("color = 'never'\nformat = \"json\" # here\npager = ''\ndatabase-url = 'a.db'\n").unwrap();
        assert_eq!((settings.color, settings.format), (Some(Color::Never), Some(Format::Json)));
        assert_eq!((settings.pager.as_deref(), settings.database_url.as_deref()), (Some(""), Some("a.db")));
        assert!(settings.unknown().is_empty());
        let settings = read("# mine\npagr = 'less'\n").unwrap();
        assert_eq!(
            settings.unknown(),
            ["config.toml, line 2: there is no setting \"pagr\"; did you mean pager? \
              The settings are color, database-url, format, pager"]
        );
    }

    #[test]
    fn a_line_that_cannot_be_read_is_named_and_not_repeated() {
        for (text, said) in [
            ("\n\ncolor = 'neve'", "line 3: color: \"neve\" is not one of auto, always, never; did you mean never?"),
            ("format = 3", "line 1: the value of format is not a string"),
            ("pager = 'x'\ndatabase-url = 'postgres://u:SECRET@h", "line 2: "),
            ("pager = 'x'\npager = 'y'", "line 2: "),
        ] {
            let refused = read(text).unwrap_err().to_string();
            assert!(refused.starts_with(&format!("config.toml, {said}")), "{refused}");
            assert!(!refused.contains("SECRET"), "{refused}");
        }
    }

    #[test]
    fn a_change_leaves_everything_else_as_it_is() {
        let text = "# mine\ncolor  =  'never' # really\n\n# the rest\n[other]\na = 1\n";
        let mut document = document(Path::new("x"), text).unwrap().into_mut();
        set(&mut document, Key::Color, "always");
        assert_eq!(document.to_string(), text.replace("'never'", "\"always\""));
        set(&mut document, Key::Pager, "most");
        let changed = document.to_string();
        assert!(changed.contains("pager = \"most\"\n\n# the rest\n[other]"), "{changed}");
        assert_eq!(read(&changed).unwrap().pager.as_deref(), Some("most"));
    }
}
