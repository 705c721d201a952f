//! `new`: a new migration on disk, empty or drafted from the entities.

use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};
use diesel_session::Database;
use diesel_session::Error as SessionError;
use diesel_session::connection::{Access, Engine, SessionConnection as _};
use diesel_session::database::Options;
use diesel_session::types::Timestamp;

use super::context::Context;
use super::failure::Failure;
use crate::create::{create, create_with, places};
use crate::draft::Draft;
use crate::error::Error;
use crate::schema::Schema;
use crate::scratch::Scratch;
use crate::source::Migrations;

const AFTER: &str = "\
Examples:
  migrate new create_tags
  migrate new 'add names to tags' --in db/migrations
  migrate new add_colors --from-entities
  migrate new add_colors --from-entities --scratch postgres://app@localhost/empty

Makes up.sql and down.sql in a subfolder named after the time in UTC, newer than all others; in each
of the subfolders sqlite, postgres and mysql, where there are such. Overwrites nothing.
Prints the paths of the files.

With --from-entities the scripts are drafts: the difference between the tables that the program's
entities need and those that the migrations in the folder make. These are played in a scratch
database: for SQLite in memory; for the engine of the database beside it; for another engine in the
empty database that a --scratch names, and without one the draft is made from another engine's, and
says so. What is not drafted is told on standard error. Nothing is written if nothing differs.";

const NO_ENTITIES: &str = "--from-entities needs the entities of a program, and none are known here: embed the command in the \
                           program that has them, with Migrations::with_entities";

/// Make a new migration
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub(super) struct New {
    /// What it changes, in a few words
    name: String,
    /// The folder of the migrations [default: the one that the migrations are read from, or 'migrations']
    #[arg(long = "in", value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    folder: Option<PathBuf>,
    /// Draft the scripts from the program's entities
    #[arg(long)]
    from_entities: bool,
    /// An empty database to try the migrations of its engine in; once for each engine
    #[arg(long = "scratch", value_name = "URL", requires = "from_entities")]
    scratches: Vec<String>,
}

impl New {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Failure> {
        let read_from = || context.migrations.path().map(ToOwned::to_owned);
        let folder = self.folder.or_else(read_from).unwrap_or_else(|| PathBuf::from("migrations"));
        let now = Timestamp::now().utc().naive_utc();
        let created = if self.from_entities {
            let drafts = drafts(context, &folder, &self.scratches)?;
            let mut notes: Vec<&String> = drafts.iter().flat_map(|draft| &draft.notes).collect();
            notes.sort();
            notes.dedup();
            notes.into_iter().for_each(|note| context.warn(note));
            if drafts.iter().all(Draft::is_empty) {
                context.say("the migrations make what the entities need; nothing is written");
                return Ok(());
            }
            create_with(&folder, &self.name, now, &|engine| scripts(&drafts, engine))?
        } else {
            create(folder, &self.name, now)?
        };
        context.text(&created.files.iter().map(|file| format!("{}\n", file.display())).collect::<String>())
    }
}

/// The two scripts for an engine; the only ones there are in a folder for all.
fn scripts(drafts: &[Draft], engine: Option<Engine>) -> [String; 2] {
    let draft = drafts.iter().find(|draft| engine.is_none_or(|engine| draft.engine == engine));
    match draft.filter(|draft| !draft.is_empty()) {
        Some(draft) => [draft.up.clone(), draft.down.clone()],
        None => {
            let nothing = "-- The migrations for this engine make what the entities need.\n".to_owned();
            [nothing.clone(), nothing]
        }
    }
}

/// A draft for each engine that has a folder; for the database's, if the folder is for all.
fn drafts(context: &mut Context<'_>, folder: &Path, scratches: &[String]) -> Result<Vec<Draft>, Failure> {
    if context.migrations.entities().is_empty() {
        return Err(Failure::Usage(NO_ENTITIES.to_owned()));
    }
    // The scripts on disk, to which the new one is added: those that are compiled in may be older.
    let migrations = Migrations::folder(context.migrations.application().to_owned(), folder)
        .with_entities(context.migrations.entities());
    let places: Vec<Engine> = places(folder)?.into_iter().filter_map(|(_, engine)| engine).collect();
    let mut given = Vec::new();
    for url in scratches {
        let database = Database::open_with(url, Options::new().access(Access::Write))?;
        let engine = database.connection()?.engine();
        given.push((engine, database));
    }
    // SQLite's alone need no database.
    let (live, own) = match places[..] {
        [Engine::Sqlite] => (Ok(Database::open("sqlite::memory:")?), Some(Engine::Sqlite)),
        _ => match context.open_or_empty() {
            Ok(database) => {
                let engine = database.connection()?.engine();
                (Ok(database), Some(engine))
            }
            Err(Failure::Migrate(Error::Session(SessionError::NoDatabase { place }))) => {
                let engine = context.engine_at(&place);
                (Err(Failure::from(SessionError::NoDatabase { place })), engine)
            }
            Err(other) => return Err(other),
        },
    };
    let engines = if places.is_empty() { own.into_iter().collect() } else { places };
    let mut played: Vec<(Draft, Schema)> = Vec::new();
    for engine in &engines {
        let scratch = match (given.iter().find(|(of, _)| of == engine), &live) {
            (Some((_, database)), _) => Scratch::given(database)?,
            (None, Ok(live)) if Some(*engine) == own => Scratch::beside(live)?,
            (None, _) if *engine == Engine::Sqlite && cfg!(feature = "sqlite") => {
                Scratch::beside(&Database::open("sqlite::memory:")?)?
            }
            // There is nothing to play.
            (None, _) if migrations.list(*engine)?.is_empty() => {
                played.push((migrations.first_draft(*engine), Schema::default()));
                continue;
            }
            _ => continue,
        };
        played.push(migrations.draft_from(scratch)?);
    }
    let nearest = played.iter().find(|(draft, _)| Some(draft.engine) == own).or(played.first());
    let Some((nearest, schema)) = nearest else {
        live?;
        let names: Vec<&str> = engines.iter().map(|engine| engine.feature()).collect();
        let wanted = names.join(" or ");
        return Err(Failure::Usage(format!(
            "the folder has migrations for {wanted}, and the database is of another engine; name an empty database of \
             one of them with --scratch"
        )));
    };
    let translated: Vec<Draft> = engines
        .iter()
        .filter(|engine| !played.iter().any(|(draft, _)| draft.engine == **engine))
        .map(|engine| migrations.draft_by_translation(*engine, schema, nearest.engine))
        .collect();
    Ok(played.into_iter().map(|(draft, _)| draft).chain(translated).collect())
}
