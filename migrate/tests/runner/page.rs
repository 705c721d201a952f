//! The rules as docs/lint.md shows them: what each finds and what to write instead, by engine.

use diesel_migrate::{Finding, Migrations};
use diesel_session::connection::Engine;
use tempfile::TempDir;

use crate::support::{Scripts, folder, write};

const PAGE: &str = include_str!("../../../docs/lint.md");

/// A rule's section of the page.
pub struct Section {
    pub rule: &'static str,
    /// What is found and what is not, and the engines that both are for; `None` for all of the rule's.
    pub examples: Vec<Example>,
}

pub struct Example {
    engines: Option<&'static str>,
    pub bad: &'static str,
    pub good: &'static str,
}

impl Example {
    pub fn is_for(&self, engine: Engine) -> bool {
        self.engines.is_none_or(|engines| engines.split(", ").any(|name| name == title(engine)))
    }
}

/// The engine's name in the page.
pub fn title(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "SQLite",
        Engine::Postgres => "PostgreSQL",
        Engine::Mysql => "MySQL",
    }
}

/// The lines of the table of rules: the name, the engines, what is found.
pub fn table() -> Vec<[&'static str; 3]> {
    let rows = PAGE.lines().filter(|line| line.starts_with("| [`"));
    rows.map(|row| {
        let cells: Vec<_> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        [cells[0].split('`').nth(1).unwrap(), cells[1], cells[2]]
    })
    .collect()
}

pub fn sections() -> Vec<Section> {
    PAGE.split("\n### ").skip(1).map(section).collect()
}

fn section(text: &'static str) -> Section {
    let (rule, text) = text.split_once('\n').unwrap();
    let (mut engines, mut blocks) = (None, Vec::new());
    let mut pieces = text.split("```sql\n");
    let mut before = pieces.next().unwrap();
    for piece in pieces {
        if let Some(named) =
            before.lines().filter_map(|line| line.strip_prefix("On ")).find(|named| named.ends_with(':'))
        {
            engines = Some(named.trim_end_matches(':'));
        }
        let (block, after) = piece.split_once("```").unwrap();
        blocks.push((engines, block, before.contains("\nInstead")));
        before = after;
    }
    let mut examples: Vec<Example> = Vec::new();
    for (at, (engines, bad, is_good)) in blocks.iter().enumerate() {
        if !is_good {
            let (_, good, _) = blocks[at..].iter().find(|(_, _, is_good)| *is_good).unwrap();
            examples.push(Example { engines: *engines, bad, good });
        }
    }
    Section { rule, examples }
}

/// A folder with the migrations of a block, after the one that makes the tables of the examples.
pub fn written(block: &str) -> TempDir {
    const NAMES: [&str; 4] =
        ["2026-01-02-000001_a", "2026-01-03-000001_b", "2026-01-04-000001_c", "2026-01-05-000001_d"];
    let tables = PAGE.split("```sql\n").nth(1).unwrap();
    let tables = ("2026-01-01-000001_tables", tables.split_once("```").unwrap().0, "DROP TABLE comments");
    let folder = folder(&[tables]);
    let mut scripts = vec![String::new()];
    for line in block.lines() {
        match line {
            "-- In a later migration:" | "-- In a migration of its own:" => scripts.push(String::new()),
            line => *scripts.last_mut().unwrap() += &format!("{line}\n"),
        }
    }
    scripts.retain(|script| !script.is_empty());
    for (script, name) in scripts.iter().zip(NAMES) {
        let migration: Scripts<'_> = (name, script, "DROP TABLE nothing");
        write(folder.path(), migration);
    }
    folder
}

/// What is found in a block.
pub fn findings(block: &str, engine: Engine) -> Vec<Finding> {
    let folder = written(block);
    Migrations::folder("shop", folder.path()).lint(engine).unwrap()
}

/// The names of the rules that find something.
pub fn rules(block: &str, engine: Engine) -> Vec<&'static str> {
    findings(block, engine).into_iter().map(|finding| finding.rule).collect()
}

/// Asserts what is found in scripts.
pub fn check(engine: Engine, cases: &[(&str, &[&str])]) {
    for (script, expected) in cases {
        assert_eq!(rules(script, engine), *expected, "{engine}:\n{script}");
    }
}
