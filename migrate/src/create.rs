//! Makes a new migration in a folder on disk.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use chrono::{NaiveDateTime, TimeDelta};
use diesel_session::connection::Engine;

use crate::error::{Error, Result};
use crate::migration::Migration;
use crate::source::{source_error, subfolders};

/// How Diesel's command line writes a time into the name of a migration.
const TIME: &str = "%Y-%m-%d-%H%M%S";
/// The same time as a version.
const VERSION: &str = "%Y%m%d%H%M%S";
const VERSION_LENGTH: usize = 14;

/// A migration that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Created {
    /// The migration.
    pub migration: Migration,
    /// Its scripts, in the order in which they were made.
    pub files: Vec<PathBuf>,
}

/// Makes a migration with `up.sql` and `down.sql`, each with a comment, named after the time `now` in UTC as Diesel's
/// command line does: `2026-01-31-120000_create_tags`. If the folder has subfolders named `sqlite`, `postgres` or
/// `mysql`, each of them gets the migration.
///
/// It is the newest: if there is one of this second or a later one already, it is named after the second that follows.
/// In `name`, what is not a letter or a digit becomes an underscore, and letters are written small. Nothing is
/// overwritten; if a file cannot be written, those before it are removed.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let folder = folder.path();
/// let now = chrono::DateTime::from_timestamp(1_769_860_800, 0).unwrap().naive_utc();
/// let created = diesel_migrate::create(folder, "Create tags", now)?;
/// assert_eq!(created.migration.name, "2026-01-31-120000_create_tags");
/// assert!(folder.join("2026-01-31-120000_create_tags/up.sql").exists());
/// # Ok::<(), diesel_migrate::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::InvalidName`]; [`Error::Source`] if the folder does not exist, a file cannot be written, or the newest
/// migration is not named after a time and so has no next one.
pub fn create(folder: impl AsRef<Path>, name: &str, now: NaiveDateTime) -> Result<Created> {
    create_with(folder.as_ref(), name, now, &|engine| {
        let on = engine.map(|engine| format!(" on {engine}")).unwrap_or_default();
        let up = format!("-- What this migration changes{on}.\n");
        [up, format!("-- What reverts up.sql{on}, last statement first.\n")]
    })
}

/// Makes a migration with the scripts, up and down, that `scripts` gives for an engine, or for all.
pub(crate) fn create_with(
    folder: &Path,
    name: &str,
    now: NaiveDateTime,
    scripts: &dyn Fn(Option<Engine>) -> [String; 2],
) -> Result<Created> {
    let name = valid_name(name)?;
    let places = places(folder)?;
    let mut newest = None;
    for (place, _) in &places {
        newest = newest.max(subfolders(place)?.into_iter().map(|name| Migration::of_folder(&name)).max());
    }
    let time = match newest {
        Some(newest) if newest.version >= now.format(VERSION).to_string() => after(folder, &newest)?,
        _ => now,
    };
    let migration = Migration::of_folder(&format!("{}_{name}", time.format(TIME)));
    let folders: Vec<_> = places.into_iter().map(|(place, engine)| (place.join(&migration.name), engine)).collect();
    let mut made = Vec::new();
    let files = write(&folders, scripts, &mut made).inspect_err(|_| {
        // The first cause matters more than a folder that stays.
        made.iter().for_each(|folder| drop(fs::remove_dir_all(folder)));
    })?;
    Ok(Created { migration, files })
}

/// The folders that get the migration: the engines', with their names, or the folder itself.
pub(crate) fn places(folder: &Path) -> Result<Vec<(PathBuf, Option<Engine>)>> {
    let names = subfolders(folder)?;
    let engines = Engine::ALL.iter().filter(|engine| names.iter().any(|name| name == engine.feature()));
    let places: Vec<_> = engines.map(|engine| (folder.join(engine.feature()), Some(*engine))).collect();
    Ok(if places.is_empty() { vec![(folder.to_owned(), None)] } else { places })
}

/// The second after the newest migration's.
fn after(folder: &Path, newest: &Migration) -> Result<NaiveDateTime> {
    let time = newest.version.get(..VERSION_LENGTH).and_then(|time| NaiveDateTime::parse_from_str(time, VERSION).ok());
    let next = time.and_then(|time| time.checked_add_signed(TimeDelta::seconds(1)));
    next.ok_or_else(|| {
        let problem = format!(
            "{newest} is not named after a time and sorts after all times; rename it, or make a folder \
                               whose name sorts after it"
        );
        source_error(folder, problem)
    })
}

/// Writes the scripts into folders that do not exist yet, and notes which were made.
fn write(
    folders: &[(PathBuf, Option<Engine>)],
    scripts: &dyn Fn(Option<Engine>) -> [String; 2],
    made: &mut Vec<PathBuf>,
) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for (folder, engine) in folders {
        fs::create_dir(folder).map_err(|error| source_error(folder, error.to_string()))?;
        made.push(folder.clone());
        for (file, text) in ["up.sql", "down.sql"].into_iter().zip(scripts(*engine)) {
            let file = folder.join(file);
            let written = fs::File::create_new(&file).and_then(|mut new| new.write_all(text.as_bytes()));
            written.map_err(|error| source_error(&file, error.to_string()))?;
            files.push(file);
        }
    }
    Ok(files)
}

/// The name with small letters, digits and single underscores.
fn valid_name(name: &str) -> Result<String> {
    let invalid = |problem: &str| Error::InvalidName { name: name.to_owned(), problem: problem.to_owned() };
    if let Some(character) = name.chars().find(|character| character.is_alphanumeric() && !character.is_ascii()) {
        return Err(invalid(&format!("not every file system has {character:?}; write it with the letters a to z")));
    }
    let words = name.split(|character: char| !character.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let valid = words.collect::<Vec<_>>().join("_").to_ascii_lowercase();
    if valid.is_empty() { Err(invalid("say in a few words what it changes, such as create_tags")) } else { Ok(valid) }
}
