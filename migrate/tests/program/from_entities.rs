//! `new --from-entities`: in a program that has entities, and in the one that has none.

use std::io;

use clap::Parser;
use diesel_migrate::command::{self, Console, Context, Failure, Table};
use diesel_migrate::{Migrate as _, Migrations};
use diesel_session::Database;
use diesel_session::prelude::*;
use diesel_session::session::Table as Entities;

use super::Project;

diesel::table! { tags (id) { id -> BigInt, name -> Text } }

/// A tag with a name, which the project's migration does not make.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = tags)]
#[entity(unique(name))]
pub struct Tag {
    #[entity(key)]
    pub id: Id<Tag>,
    pub name: Text256,
}

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: command::Command,
}

/// What a command printed.
#[derive(Debug, Default)]
struct Printed {
    text: String,
    said: String,
}

impl Console for Printed {
    fn table(&mut self, _: &Table) -> io::Result<()> {
        Err(io::Error::other("no rows were expected"))
    }

    fn text(&mut self, text: &str) -> io::Result<()> {
        self.text += text;
        Ok(())
    }

    fn wants_rows(&self) -> bool {
        false
    }

    fn say(&mut self, line: &str) {
        self.said += &format!("{line}\n");
    }

    fn confirm(&mut self, _: &str) -> io::Result<Option<bool>> {
        Ok(None)
    }
}

const ENTITIES: &[fn() -> &'static Entities] = &[Tag::table];

/// Runs the command of a program with these entities, on a database in memory.
fn run(
    project: &Project,
    entities: &'static [fn() -> &'static Entities],
    arguments: &[&str],
) -> Result<Printed, Failure> {
    let migrations = Migrations::folder("my-app", project.path().join("migrations")).with_entities(entities);
    let mut printed = Printed::default();
    let open = |_| Ok(Database::open("sqlite::memory:")?);
    let cli = Cli::try_parse_from(["my-app"].iter().chain(arguments)).unwrap();
    cli.command.run(Context::new(&migrations, &open, &mut printed))?;
    Ok(printed)
}

const NEW: [&str; 3] = ["new", "name tags", "--from-entities"];

#[test]
fn a_draft_is_written_once_and_brings_the_database_to_the_entities() {
    let project = Project::new();
    let printed = run(&project, ENTITIES, &NEW).unwrap();
    let [up, down] = &printed.text.lines().collect::<Vec<_>>()[..] else { panic!("{printed:?}") };
    assert!(up.ends_with("_name_tags/up.sql") && down.ends_with("_name_tags/down.sql"), "{printed:?}");
    let up = std::fs::read_to_string(up).unwrap();
    assert!(up.contains("CREATE UNIQUE INDEX \"tags_name_key\" ON \"tags\" (\"name\");\n"), "{up}");

    let again = run(&project, ENTITIES, &NEW).unwrap();
    assert_eq!(again.said, "the migrations make what the entities need; nothing is written\n");
    assert_eq!(again.text, "");

    let db = Database::open("sqlite::memory:").unwrap();
    db.migrate(&Migrations::folder("my-app", project.path().join("migrations"))).unwrap();
    db.begin(|session| -> Result<()> {
        let tag = session.add(NewTag::new("rust")?);
        session.flush()?;
        assert_eq!(session.key(tag)?, Id::new(1));
        Ok(())
    })
    .unwrap();
}

#[test]
fn each_engines_folder_gets_a_draft_whether_or_not_there_is_a_database_of_it() {
    let project = Project::new();
    for engine in ["sqlite", "postgres", "mysql"] {
        let id = if engine == "sqlite" { "id INTEGER PRIMARY KEY" } else { "id BIGINT PRIMARY KEY" };
        project.write(&format!("migrations/{engine}/1_tags/up.sql"), &format!("CREATE TABLE tags ({id})"));
    }
    std::fs::remove_dir_all(project.path().join("migrations/2026-01-01-000001_create_tags")).unwrap();
    let printed = run(&project, ENTITIES, &NEW).unwrap();
    let drafts: Vec<String> = printed.text.lines().map(|file| std::fs::read_to_string(file).unwrap()).collect();
    let [sqlite, _, postgres, _, mysql, _] = &drafts[..] else { panic!("{printed:?}") };
    // SQLite makes a column NOT NULL by a rebuild alone.
    let head = "-- transaction: none\n-- Drafted from the entities for SQLite. Read it before you apply it.\n\n";
    assert!(sqlite.starts_with(head), "{sqlite}");
    let without =
        "-- Made from SQLite's migrations, without a database of PostgreSQL: check names, types and defaults.\n";
    assert!(postgres.contains(without), "{postgres}");
    assert!(postgres.contains("ALTER TABLE \"tags\" ADD COLUMN \"name\" VARCHAR(256);\n"), "{postgres}");
    assert!(postgres.contains("ADD CONSTRAINT \"tags_name_key\" UNIQUE (\"name\");\n"), "{postgres}");
    assert!(mysql.contains("ALTER TABLE `tags` ADD COLUMN `name` VARCHAR(256) NULL;\n"), "{mysql}");
    assert!(mysql.contains("-- UPDATE `tags` SET `name` = … WHERE `name` IS NULL;\n"), "{mysql}");
}

#[test]
fn without_entities_the_flag_names_the_way_to_them() {
    let project = Project::new();
    let refused = run(&project, &[], &NEW).unwrap_err();
    assert_eq!(refused.exit_code(), 2);
    let said = project.fails(2, &NEW);
    let way = "embed the command in the program that has them, with Migrations::with_entities";
    assert!(said.contains(way) && refused.to_string().contains(way), "{said}");
    let said = project.fails(2, &["new", "a", "--scratch", "b.db"]);
    assert!(said.contains("--from-entities"), "{said}");
}
