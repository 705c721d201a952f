//! `lint`: what the rules find in the scripts.

use clap::Args;
use diesel_session::connection::Engine;
use serde::Serialize;

use super::console::{Column, Row};
use super::context::Context;
use super::failure::Failure;
use super::options::OnEngine;
use crate::lint::Finding;
use crate::migration::Direction;
use crate::target::Target;
use crate::words::counted;

const AFTER: &str = "\
Examples:
  migrate lint                                    for each engine's folder, or the database's
  migrate lint --engine postgres --format json
  migrate lint --since 20261101000002             what comes after this version

Reads the scripts alone, and of the database its URL. Prints each finding with what to write
instead; in rows, columns: engines, migration, script, line, rule, problem. The rules, with an
example of each, are in the documentation (lint.md); a comment in the script silences one:
  -- lint: allow RULE because REASON
Exit code 1 if anything is found.";

/// Find in the scripts what is dangerous on a database in use
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub(super) struct Lint {
    #[command(flatten)]
    engine: OnEngine,
    /// Leave out what is found in this version, or name, and those before it
    #[arg(long, value_name = "VERSION")]
    since: Option<String>,
}

impl Lint {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Failure> {
        let migrations = context.migrations;
        let since = self.since.map_or(Target::All, Target::To);
        let mut findings: Vec<Found> = Vec::new();
        for engine in self.engine.engines(context)? {
            since.check(migrations.application(), &migrations.steps(engine)?)?;
            let found = migrations.lint(engine)?.into_iter();
            for finding in found.filter(|finding| since.includes(Direction::Down, &finding.migration)) {
                // One script may serve several engines.
                match findings.iter_mut().find(|found| found.finding == finding) {
                    Some(found) => found.engines.push(engine),
                    None => findings.push(Found { engines: vec![engine], finding }),
                }
            }
        }
        let rows: Vec<_> = findings.iter().map(Found::listed).collect();
        context.text_or_table(|| findings.iter().map(Found::text).collect(), &rows)?;
        if findings.is_empty() {
            return Ok(());
        }
        Err(Failure::Found(counted(findings.len(), "finding")))
    }
}

/// A finding, and the engines on which it is one.
struct Found {
    engines: Vec<Engine>,
    finding: Finding,
}

impl Found {
    fn engines(&self) -> String {
        self.engines.iter().map(|engine| engine.feature()).collect::<Vec<_>>().join(", ")
    }

    fn text(&self) -> String {
        let Self { finding, .. } = self;
        let indented = |text: &str| text.lines().map(|line| format!("    {line}\n")).collect::<String>();
        let advice = indented(&finding.advice);
        let statement = indented(&finding.statement);
        let instead = if advice.is_empty() { String::new() } else { format!("  instead:\n{advice}") };
        format!("{finding} ({})\n{statement}{instead}\n", self.engines())
    }

    fn listed(&self) -> Listed<'_> {
        let Self { finding, .. } = self;
        Listed {
            engines: self.engines(),
            migration: &finding.migration.name,
            script: format!("{}.sql", finding.direction),
            line: finding.line,
            rule: finding.rule,
            problem: &finding.problem,
            statement: &finding.statement,
            advice: &finding.advice,
        }
    }
}

/// A finding, as listed.
#[derive(Debug, Serialize)]
struct Listed<'f> {
    engines: String,
    migration: &'f str,
    script: String,
    line: usize,
    rule: &'static str,
    problem: &'f str,
    statement: &'f str,
    advice: &'f str,
}

impl Row for Listed<'_> {
    const COLUMNS: &'static [Column] = &[
        Column::text("engines"),
        Column::text("migration"),
        Column::text("script"),
        Column::number("line"),
        Column::text("rule"),
        Column::text("problem"),
    ];

    fn cells(&self) -> Vec<Option<String>> {
        let text = |text: &str| Some(text.to_owned());
        let (script, line) = (Some(self.script.clone()), (self.line > 0).then(|| self.line.to_string()));
        vec![text(&self.engines), text(self.migration), script, line, text(self.rule), text(self.problem)]
    }
}
