//! Where migrations come from: a folder compiled in or on disk, or a source of Diesel's.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use diesel::migration::MigrationSource;
use diesel_session::connection::{Engine, MultiBackend};
use diesel_session::session::Table;
use include_dir::Dir;
use serde::Deserialize;

use crate::error::{Error, Result};
#[cfg(feature = "cli")]
use crate::migration::Direction;
use crate::migration::Migration;
use crate::scripts::{Body, Script, Step};
use crate::settings::Settings;

/// The migrations of one application.
///
/// A folder has a subfolder for each migration, as Diesel's command line makes them: `2026-01-31-120000_create_tags`
/// with `up.sql`, usually `down.sql`, and perhaps `metadata.toml` with `run_in_transaction = false`; comments at the
/// head of a script may contain settings. If the folder has subfolders named `sqlite`, `postgres` or `mysql`, each
/// contains the migrations of that engine.
///
/// The application's name tells its migrations from those of others in the same database. It is recorded with each
/// migration, and must stay the same.
///
/// ```
/// use diesel_migrate::{Migrate as _, Migrations, include_dir};
/// use diesel_session::Database;
///
/// static FOLDER: include_dir::Dir<'_> = include_dir::include_dir!("$CARGO_MANIFEST_DIR/docs/example");
/// static MIGRATIONS: Migrations = Migrations::embedded("my-app", &FOLDER);
///
/// let database = Database::open("sqlite::memory:")?;
/// let applied = database.migrate(&MIGRATIONS)?;
/// assert_eq!(applied[0].name, "2026-01-31-120000_create_tags");
/// # Ok::<(), diesel_migrate::Error>(())
/// ```
#[derive(Clone)]
pub struct Migrations {
    application: Cow<'static, str>,
    source: Source,
    entities: &'static [fn() -> &'static Table],
}

#[derive(Clone)]
enum Source {
    Embedded(&'static Dir<'static>),
    Folder(PathBuf),
    Diesel(Arc<FromDiesel>),
}

type FromDiesel = dyn Fn(Engine) -> diesel::migration::Result<Vec<DieselMigration>> + Send + Sync;
type DieselMigration = Box<dyn diesel::migration::Migration<MultiBackend>>;

impl Migrations {
    /// The migrations of a folder that is compiled in.
    ///
    /// Cargo does not notice a migration that is added to the folder, unless the package has a `build.rs` that prints
    /// `cargo:rerun-if-changed=migrations`.
    #[must_use]
    pub const fn embedded(application: &'static str, folder: &'static Dir<'static>) -> Self {
        Self { application: Cow::Borrowed(application), source: Source::Embedded(folder), entities: &[] }
    }

    /// The migrations of a folder on disk, which is read at each call.
    ///
    /// ```
    /// use diesel_migrate::{Migrate as _, Migrations};
    /// use diesel_session::Database;
    ///
    /// # std::env::set_current_dir(env!("CARGO_MANIFEST_DIR")).unwrap();
    /// let migrations = Migrations::folder("my-app", "docs/example");
    /// let database = Database::open("sqlite::memory:")?;
    /// assert_eq!(database.migrate(&migrations)?.len(), 1);
    /// # Ok::<(), diesel_migrate::Error>(())
    /// ```
    pub fn folder(application: impl Into<Cow<'static, str>>, path: impl Into<PathBuf>) -> Self {
        Self { application: application.into(), source: Source::Folder(path.into()), entities: &[] }
    }

    /// The migrations of a source of Diesel's, the same for every engine: `diesel_migrations::embed_migrations!`,
    /// `FileBasedMigrations`, or migrations written in Rust.
    ///
    /// What they do is not known before they are run: [`losses`](Self::losses) lists no tables, and on MySQL a
    /// migration that was interrupted half-way starts again from its beginning.
    ///
    /// ```
    /// use diesel_migrate::{Migrate as _, Migrations};
    /// use diesel_migrations::{EmbeddedMigrations, embed_migrations};
    /// use diesel_session::Database;
    ///
    /// const EMBEDDED: EmbeddedMigrations = embed_migrations!("docs/example");
    ///
    /// let database = Database::open("sqlite::memory:")?;
    /// assert_eq!(database.migrate(&Migrations::diesel("my-app", EMBEDDED))?.len(), 1);
    /// # Ok::<(), diesel_migrate::Error>(())
    /// ```
    pub fn diesel<S>(application: impl Into<Cow<'static, str>>, source: S) -> Self
    where
        S: MigrationSource<MultiBackend> + Send + Sync + 'static,
    {
        let source = Source::Diesel(Arc::new(move |_| source.migrations()));
        Self { application: application.into(), source, entities: &[] }
    }

    /// The migrations of a source of Diesel's for each engine; otherwise as [`diesel`](Self::diesel).
    pub fn diesel_by_engine<S>(
        application: impl Into<Cow<'static, str>>,
        source: impl Fn(Engine) -> S + Send + Sync + 'static,
    ) -> Self
    where
        S: MigrationSource<MultiBackend>,
    {
        let source = move |engine| source(engine).migrations();
        Self { application: application.into(), source: Source::Diesel(Arc::new(source)), entities: &[] }
    }

    /// These migrations, which make the tables of the application's entities: with them, `new --from-entities` and
    /// [`draft`](Self::draft) write the next one.
    ///
    /// ```
    /// use diesel_migrate::{Migrations, include_dir};
    /// use diesel_session::prelude::*;
    ///
    /// diesel::table! { tags (id) { id -> BigInt, name -> Text } }
    ///
    /// #[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
    /// #[diesel(table_name = tags)]
    /// pub struct Tag {
    ///     #[entity(key, given)]
    ///     pub id: i64,
    ///     pub name: String,
    /// }
    ///
    /// static FOLDER: include_dir::Dir<'_> = include_dir::include_dir!("$CARGO_MANIFEST_DIR/docs/example");
    /// static MIGRATIONS: Migrations = Migrations::embedded("my-app", &FOLDER).with_entities(&[Tag::table]);
    /// # assert_eq!(MIGRATIONS.entities().len(), 1);
    /// ```
    #[must_use]
    pub const fn with_entities(mut self, entities: &'static [fn() -> &'static Table]) -> Self {
        self.entities = entities;
        self
    }

    /// The entities that [`with_entities`](Self::with_entities) gave.
    #[must_use]
    pub const fn entities(&self) -> &'static [fn() -> &'static Table] {
        self.entities
    }

    /// The application's name.
    #[must_use]
    pub fn application(&self) -> &str {
        &self.application
    }

    /// The folder on disk that they are read from; `None` where they are compiled in or come from a source of Diesel's.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match &self.source {
            Source::Folder(path) => Some(path),
            Source::Embedded(_) | Source::Diesel(_) => None,
        }
    }

    /// The engines that there are migrations for: those with a subfolder, or all if there are no such subfolders.
    ///
    /// # Errors
    ///
    /// [`Error::Source`] if the folder cannot be read.
    pub fn engines(&self) -> Result<Vec<Engine>> {
        let engines = self.engine_folders()?;
        Ok(if engines.is_empty() { Engine::ALL.to_vec() } else { engines })
    }

    /// Whether there are subfolders for engines.
    #[cfg(feature = "cli")]
    pub(crate) fn has_engine_folders(&self) -> Result<bool> {
        Ok(!self.engine_folders()?.is_empty())
    }

    /// The engines that have a subfolder.
    fn engine_folders(&self) -> Result<Vec<Engine>> {
        let names = match &self.source {
            Source::Embedded(folder) => folder.dirs().map(|dir| name_of(dir.path())).collect(),
            Source::Folder(folder) => subfolders(folder)?,
            Source::Diesel(_) => Vec::new(),
        };
        let has_folder = |engine: &Engine| names.iter().any(|name| name == engine.feature());
        Ok(Engine::ALL.iter().copied().filter(has_folder).collect())
    }

    /// The migrations for an engine, oldest first.
    ///
    /// # Errors
    ///
    /// [`Error::Source`] if they cannot be read: no such folder, none for the engine, a migration without `up.sql`, a
    /// file that is not UTF-8, two migrations of one version.
    pub fn list(&self, engine: Engine) -> Result<Vec<Migration>> {
        Ok(self.steps(engine)?.into_iter().map(|step| step.migration).collect())
    }

    /// Whether anything looks wrong in the scripts for any engine and has no effect. Scripts that cannot be read are an
    /// error where they are executed.
    #[cfg(feature = "cli")]
    pub(crate) fn has_warnings(&self, direction: Direction) -> Result<bool> {
        let warns = |engine: &Engine| {
            let steps = self.steps(*engine).unwrap_or_default();
            steps.iter().any(|step| !step.warnings(direction).is_empty())
        };
        Ok(self.engines()?.iter().any(warns))
    }

    pub(crate) fn steps(&self, engine: Engine) -> Result<Vec<Step>> {
        let mut steps = match &self.source {
            Source::Embedded(folder) => embedded(folder, engine)?,
            Source::Folder(folder) => on_disk(folder, engine)?,
            Source::Diesel(source) => {
                let failed = |error: Box<dyn std::error::Error + Send + Sync>| Error::Source {
                    place: format!("the migrations of {}", self.application),
                    problem: error.to_string(),
                };
                source(engine).map_err(failed)?.into_iter().map(of_diesel).collect()
            }
        };
        steps.sort_by(|one, other| one.migration.cmp(&other.migration));
        let twins = steps.windows(2).find(|pair| pair[0].migration.version == pair[1].migration.version);
        if let Some([one, other]) = twins {
            let place = format!("the migrations of {}", self.application);
            let problem = format!("{} and {} have the same version", one.migration, other.migration);
            return Err(Error::Source { place, problem });
        }
        Ok(steps)
    }
}

impl fmt::Debug for Migrations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Migrations").field("application", &self.application).finish_non_exhaustive()
    }
}

fn of_diesel(migration: DieselMigration) -> Step {
    let name = migration.name().to_string();
    let version = migration.name().version().to_string();
    let transaction = migration.metadata().run_in_transaction();
    Step { migration: Migration { version, name }, transaction, body: Body::Diesel(migration) }
}

/// The content of `metadata.toml`. A misspelt key would otherwise have no effect.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Metadata {
    #[serde(default = "in_transaction")]
    run_in_transaction: bool,
}

fn in_transaction() -> bool {
    true
}

/// The files of a migration's folder, as far as they exist.
struct Files {
    up: Option<Cow<'static, [u8]>>,
    down: Option<Cow<'static, [u8]>>,
    metadata: Option<Cow<'static, [u8]>>,
}

impl Files {
    /// The migration that they make, in the folder of that name.
    fn step(self, folder: &Path, name: &str) -> Result<Step> {
        let migration = Migration::of_folder(name);
        if migration.version.is_empty() {
            return Err(source_error(
                folder,
                "a migration's folder is named after its version: 2026-01-31-120000_name",
            ));
        }
        let up = self.up.ok_or_else(|| source_error(folder, "there is no up.sql in it"))?;
        let up = script(up, &folder.join("up.sql"))?;
        let down = self.down.map(|down| script(down, &folder.join("down.sql"))).transpose()?;
        let transaction = match self.metadata {
            None => true,
            Some(metadata) => {
                let file = folder.join("metadata.toml");
                let metadata = toml::from_str::<Metadata>(&text(metadata, &file)?);
                metadata.map_err(|error| source_error(&file, error.message()))?.run_in_transaction
            }
        };
        let transaction =
            transaction && [Some(&up), down.as_ref()].into_iter().flatten().all(|it| it.settings.transaction);
        Ok(Step { migration, transaction, body: Body::Scripts { up, down } })
    }
}

fn script(bytes: Cow<'static, [u8]>, file: &Path) -> Result<Script> {
    let text = text(bytes, file)?;
    let settings = Settings::of_script(&text).map_err(|problem| source_error(file, problem))?;
    Ok(Script { text, settings })
}

/// A file's text, without a byte order mark.
fn text(bytes: Cow<'static, [u8]>, file: &Path) -> Result<Cow<'static, str>> {
    let not_utf8 = |at: usize| source_error(file, format!("it is not UTF-8, from byte {} on", at + 1));
    const MARK: char = '\u{feff}';
    match bytes {
        Cow::Borrowed(bytes) => {
            let text = std::str::from_utf8(bytes).map_err(|error| not_utf8(error.valid_up_to()))?;
            Ok(Cow::Borrowed(text.trim_start_matches(MARK)))
        }
        Cow::Owned(bytes) => {
            let text = String::from_utf8(bytes).map_err(|error| not_utf8(error.utf8_error().valid_up_to()))?;
            Ok(Cow::Owned(text.trim_start_matches(MARK).to_owned()))
        }
    }
}

pub(crate) fn source_error(place: &Path, problem: impl Into<String>) -> Error {
    Error::Source { place: place.display().to_string(), problem: problem.into() }
}

/// Which of a folder's subfolders has the engine's migrations; `None` if they are in the folder itself.
fn by_engine(folder: &Path, subfolders: &[String], engine: Engine) -> Result<Option<&'static str>> {
    let named = |engine: &Engine| subfolders.iter().any(|name| name == engine.feature());
    if named(&engine) {
        return Ok(Some(engine.feature()));
    }
    if Engine::ALL.iter().any(named) {
        let problem = format!("it has no folder named {} for {engine}", engine.feature());
        return Err(source_error(folder, problem));
    }
    Ok(None)
}

fn embedded(folder: &'static Dir<'static>, engine: Engine) -> Result<Vec<Step>> {
    let names: Vec<_> = folder.dirs().map(|dir| name_of(dir.path())).collect();
    let folder = match by_engine(folder.path(), &names, engine)? {
        Some(name) => folder.dirs().find(|dir| name_of(dir.path()) == name).unwrap_or(folder),
        None => folder,
    };
    let visible = folder.dirs().filter(|dir| !name_of(dir.path()).starts_with('.'));
    let steps = visible.map(|dir| {
        let file = |name: &str| {
            let file = dir.files().find(|file| name_of(file.path()) == name);
            file.map(|file| Cow::Borrowed(file.contents()))
        };
        let files = Files { up: file("up.sql"), down: file("down.sql"), metadata: file("metadata.toml") };
        files.step(dir.path(), &name_of(dir.path()))
    });
    steps.collect()
}

fn on_disk(folder: &Path, engine: Engine) -> Result<Vec<Step>> {
    let names = subfolders(folder)?;
    let (folder, names) = match by_engine(folder, &names, engine)? {
        Some(name) => {
            let folder = folder.join(name);
            let names = subfolders(&folder)?;
            (folder, names)
        }
        None => (folder.to_owned(), names),
    };
    let steps = names.iter().map(|name| {
        let path = folder.join(name);
        let file = |name: &str| match std::fs::read(path.join(name)) {
            Ok(content) => Ok(Some(Cow::Owned(content))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(source_error(&path.join(name), error.to_string())),
        };
        Files { up: file("up.sql")?, down: file("down.sql")?, metadata: file("metadata.toml")? }.step(&path, name)
    });
    steps.collect()
}

/// The names of a folder's subfolders that are not hidden.
pub(crate) fn subfolders(folder: &Path) -> Result<Vec<String>> {
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => source_error(folder, "there is no such folder of migrations"),
        _ => source_error(folder, error.to_string()),
    };
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = name_of(&path);
        if path.is_dir() && !name.starts_with('.') {
            names.push(name);
        }
    }
    Ok(names)
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
