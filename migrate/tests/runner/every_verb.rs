//! Every verb of the command at the size of a grown application: the railway's sixty tables.

use std::io;

use clap::Parser;
use diesel_migrate::command::{self, Console, Context, Failure, Table};
use diesel_migrate::schema::Schema;
use diesel_migrate::{Outcome, entities};
use folio_testing::TestEngine;
use tempfile::TempDir;

use super::*;
use crate::railway;

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: command::Command,
}

/// What a verb printed, and its exit code.
#[derive(Debug, Default)]
struct Printed {
    text: String,
    rows: Vec<serde_json::Value>,
    said: String,
    code: u8,
    wants_rows: bool,
}

impl Console for Printed {
    fn table(&mut self, table: &Table) -> io::Result<()> {
        self.rows.extend(table.json.iter().cloned());
        Ok(())
    }

    fn text(&mut self, text: &str) -> io::Result<()> {
        self.text += text;
        Ok(())
    }

    fn wants_rows(&self) -> bool {
        self.wants_rows
    }

    fn say(&mut self, line: &str) {
        self.said += &format!("{line}\n");
    }

    fn confirm(&mut self, _: &str) -> io::Result<Option<bool>> {
        Ok(None)
    }
}

/// The railway, and the command of its program.
struct Railway {
    empty: Empty,
    folder: TempDir,
    migrations: Migrations,
}

impl Railway {
    fn new() -> Self {
        let folder = railway::migrations(engine(module_path!()));
        let migrations = Migrations::folder("railway", folder.path());
        Self { empty: empty(), folder, migrations }
    }

    fn run(&self, arguments: &[&str]) -> Printed {
        self.with(Printed::default(), arguments)
    }

    /// The rows of a listing.
    fn rows(&self, arguments: &[&str]) -> Vec<serde_json::Value> {
        self.with(Printed { wants_rows: true, ..Printed::default() }, arguments).rows
    }

    fn with(&self, mut printed: Printed, arguments: &[&str]) -> Printed {
        let open = |_| Ok(self.empty.db.clone());
        let engine = self.empty.db.connection().unwrap().engine();
        let cli = Cli::try_parse_from(["railway"].iter().chain(arguments)).unwrap();
        let context = Context::new(&self.migrations, &open, &mut printed).for_engine(engine);
        let done: Result<(), Failure> = cli.command.run(context);
        if let Err(failure) = done {
            printed.code = failure.exit_code();
            printed.said += &format!("{failure}\n");
        }
        printed
    }

    #[track_caller]
    fn done(&self, arguments: &[&str]) -> Printed {
        let printed = self.run(arguments);
        assert_eq!(printed.code, 0, "{arguments:?}: {} {}", printed.text, printed.said);
        printed
    }

    fn schema(&self) -> Schema {
        Schema::read(&mut self.empty.db.connection().unwrap()).unwrap()
    }
}

#[test]
fn a_grown_schema_goes_up_is_current_without_differences_and_goes_down_to_nothing() {
    let railway = Railway::new();
    let engine = railway.empty.db.connection().unwrap().engine();
    let plan = railway.rows(&["plan"]);
    assert_eq!(plan.len(), 12);
    assert_eq!(railway.run(&["check"]).code, 3);
    assert_eq!(railway.run(&["status"]).code, 3);
    railway.done(&["up", "-n", "5"]);
    let states: Vec<_> = railway.rows(&["status"]).into_iter().map(|row| row["state"].clone()).collect();
    assert_eq!((&states[4], &states[5], states.len()), (&"applied".into(), &"pending".into(), 12));
    let up = railway.done(&["up"]);
    assert_eq!(up.said.matches("applied ").count(), 7, "{}", up.said);
    assert!(railway.done(&["check", "--drift"]).text.ends_with("is up to date: 12 migrations\n"));
    let diff = railway.done(&["diff"]);
    assert_eq!(diff.text, "");
    assert_eq!(railway.schema().tables.len(), railway::COUNT);

    // What went up is what `sql` writes, statement by statement.
    let written = railway.done(&["sql", "--engine", engine.feature()]).text;
    for statement in plan.iter().flat_map(|planned| planned["statements"].as_array().unwrap()) {
        let first = statement.as_str().unwrap().lines().next().unwrap();
        assert!(written.contains(first), "{first}");
    }
    let down = railway.rows(&["plan", "--down", "--all"]);
    let lost: usize = down.iter().map(|planned| planned["losses"].as_array().unwrap().len()).sum();
    assert!(lost >= railway::COUNT, "{lost}");
    assert_eq!(railway.run(&["down", "--all"]).code, 2);
    railway.done(&["redo", "-n", "4", "--yes"]);
    railway.done(&["diff"]);
    railway.done(&["down", "--all", "--yes"]);
    assert_eq!(railway.schema(), Schema::default());
    assert_eq!(railway.empty.db.schema_state(&railway.migrations).unwrap(), SchemaState::Empty);
}

#[test]
fn each_way_down_of_a_grown_schema_is_proven_with_rows_in_every_table() {
    let railway = Railway::new();
    let proofs = railway.empty.db.prove_migrations(&railway.migrations).unwrap();
    for proof in &proofs {
        assert!(matches!(proof.outcome, Outcome::Proven), "{proof}");
        assert_eq!(proof.unfilled, [], "{proof}");
    }
    assert_eq!(railway.done(&["prove"]).text.lines().filter(|line| line.ends_with(": proven")).count(), 12);
}

#[test]
fn the_lint_of_a_grown_schema_finds_the_later_changes_and_nothing_in_the_first_tables() {
    let railway = Railway::new();
    let found = railway.rows(&["lint"]);
    let rules: Vec<String> = found
        .iter()
        .map(|finding| {
            format!("{} {}", &finding["migration"].as_str().unwrap()[..10], finding["rule"].as_str().unwrap())
        })
        .collect();
    let expected: &[&str] = match engine(module_path!()) {
        TestEngine::Sqlite => &["2022-01-01 rename-table", "2022-01-01 rename-column"],
        TestEngine::Postgres => &[
            "2021-01-01 blocking-index",
            "2021-01-01 validating-constraint",
            "2022-01-01 rename-table",
            "2022-01-01 rename-column",
            "2023-01-01 set-not-null",
            "2024-01-01 blocking-index",
        ],
        TestEngine::Mariadb | TestEngine::Mysql => &[
            "2021-01-01 validating-constraint",
            "2022-01-01 rename-table",
            "2022-01-01 rename-column",
            "2022-01-01 mixed-script",
            "2023-01-01 mixed-script",
            "2023-01-01 change-type",
            "2024-01-01 mixed-script",
        ],
    };
    assert_eq!(rules, expected);
}

#[test]
fn a_grown_schema_is_drawn_and_becomes_code_that_stays_as_it_is() {
    let railway = Railway::new();
    railway.done(&["up"]);
    let drawn = railway.done(&["diagram"]).text;
    assert_eq!(drawn, railway.done(&["diagram", "--from-migrations"]).text);
    let schema = railway.schema();
    for table in &schema.tables {
        assert!(drawn.contains(&format!("    {} {{\n", table.name)), "{}", table.name);
    }
    assert_eq!(railway.done(&["diagram", "--svg", "trips", "tickets"]).text.matches("<svg").count(), 1);

    let code = railway.done(&["entities"]).text;
    assert_eq!(code.matches("#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]").count(), railway::COUNT);
    let keys = schema.tables.iter().flat_map(|table| &table.foreign_keys).count();
    assert_eq!(code.matches("references").count(), keys);
    let engine = railway.empty.db.connection().unwrap().engine();
    assert_eq!(entities::update(&code, &schema, engine).unwrap().code, code);
    let file = railway.folder.path().join("tables.rs");
    std::fs::write(&file, &code).unwrap();
    railway.done(&["entities", "--out", file.to_str().unwrap()]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), code);
}

#[test]
fn a_database_that_is_not_there_is_not_taken_for_one_of_another_engine() {
    let (url, _folder) = folio_testing::address(engine(module_path!()));
    let migrations = folder(&[]);
    let run = |arguments: &[&str], entities| {
        let of_folder = Migrations::folder("shop", migrations.path()).with_entities(entities);
        let open = |_| Ok(Database::open(&url)?);
        let mut printed = Printed::default();
        let cli = Cli::try_parse_from(["shop"].iter().chain(arguments)).unwrap();
        let done = cli.command.run(Context::new(&of_folder, &open, &mut printed));
        done.map(|()| printed)
    };
    let own = match engine(module_path!()) {
        TestEngine::Sqlite => "AUTOINCREMENT",
        TestEngine::Postgres => "GENERATED BY DEFAULT AS IDENTITY",
        TestEngine::Mariadb | TestEngine::Mysql => "AUTO_INCREMENT",
    };
    // The first draft needs no database; the next one does on a server, as every plan.
    let made = run(&["new", "first", "--from-entities"], crate::library::first::ENTITIES).unwrap();
    let up = std::fs::read_to_string(made.text.lines().next().unwrap()).unwrap();
    assert!(up.contains(own), "{up}");
    for arguments in [&["plan"][..], &["prove"], &["new", "second", "--from-entities"]] {
        let done = run(arguments, crate::library::second::ENTITIES);
        match engine(module_path!()) {
            TestEngine::Sqlite => drop(done.unwrap()),
            _ => assert!(done.unwrap_err().to_string().contains("there is no database at "), "{arguments:?}"),
        }
    }
}
