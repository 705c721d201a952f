//! Finds in the scripts of migrations what goes wrong on a database in use: locks, lost rows, programs that break.

mod allow;
mod change;
mod column;
mod made;
mod place;
mod rules;
mod script;
mod syntax;
mod tables;

use diesel_session::connection::Engine;
use serde::Serialize;

use crate::error::Result;
use crate::migration::{Direction, Migration};
use crate::scripts::Body;
use crate::source::Migrations;

use allow::Allow;
use place::Place;
use rules::Draft;
use script::Script;
use tables::Tables;

pub(crate) use made::{made, schema};
pub use rules::{RULES, Rule};

/// What one of the [`RULES`] finds in a script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// The migration.
    pub migration: Migration,
    /// Which of its scripts.
    pub direction: Direction,
    /// The line in the script, from 1; 0 if the finding is that there is no such script.
    pub line: usize,
    /// The name of the rule, which stays the same.
    pub rule: &'static str,
    /// The statement in one line, shortened; empty if the finding is about the whole script.
    pub statement: String,
    /// What goes wrong.
    pub problem: String,
    /// What to write instead: SQL, perhaps in several migrations.
    pub advice: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { migration, direction, line, rule, problem, .. } = self;
        match line {
            0 => write!(f, "{migration}: {rule}: {problem}"),
            line => write!(f, "{migration}/{direction}.sql:{line}: {rule}: {problem}"),
        }
    }
}

impl Migrations {
    /// What the rules for an engine find in the scripts of all migrations, in their order. No database is needed.
    ///
    /// A table that a script itself creates may be changed freely in it. Of `down.sql`, only what fails or does nothing
    /// is found, because reverting removes what was made. Migrations from a source of Diesel's have no scripts to look
    /// at. A comment `-- lint: allow rule because reason` silences a rule, for the statement that it is before or in,
    /// or at the top for the whole script. `docs/lint.md` shows each rule.
    ///
    /// ```
    /// use diesel_migrate::Migrations;
    /// use diesel_session::connection::Engine;
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let migration = folder.path().join("2026-02-01-120000_find_tags");
    /// # std::fs::create_dir(&migration).unwrap();
    /// std::fs::write(migration.join("up.sql"), "CREATE INDEX tags_name_idx ON tags (name);").unwrap();
    /// std::fs::write(migration.join("down.sql"), "DROP INDEX tags_name_idx;").unwrap();
    ///
    /// let findings = Migrations::folder("my-app", folder.path()).lint(Engine::Postgres)?;
    /// assert_eq!(findings[0].rule, "blocking-index");
    /// assert_eq!(
    ///     findings[0].advice,
    ///     "-- In a migration of its own:\n-- transaction: none\n\
    ///      CREATE INDEX CONCURRENTLY tags_name_idx ON tags (name);"
    /// );
    /// # Ok::<(), diesel_migrate::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`list`](Self::list).
    pub fn lint(&self, engine: Engine) -> Result<Vec<Finding>> {
        let steps = self.steps(engine)?;
        let mut tables = Tables::default();
        let (mut drafts, mut allows) = (Vec::new(), Vec::new());
        for (number, step) in steps.iter().enumerate().filter(|(_, step)| matches!(step.body, Body::Scripts { .. })) {
            let up = Script::of(step, Direction::Up, engine);
            let down = Script::of(step, Direction::Down, engine);
            let mut found: Vec<Draft> = Vec::new();
            up.each(number, &mut tables, |site, change| rules::check_up(site, change, &mut found));
            down.each(number, &mut Tables::default(), |site, change| rules::check_down(site, change, &mut found));
            rules::check_settings(number, step, &mut found);
            rules::check_down_exists(number, step, &down, &mut found);
            drafts.extend(found);
            for script in [up, down] {
                allows.extend(script.allows.into_iter().map(|allow| (number, script.direction, allow)));
            }
        }
        rules::check_tables(&tables, engine, &mut drafts);
        drafts.retain(|draft| draft.is_for(engine));

        let found: Vec<_> = drafts.iter().filter(|draft| !allows.iter().any(|allow| silences(allow, draft))).collect();
        let judged: Vec<_> = allows.iter().flat_map(|allow| judged(allow, &drafts, engine)).collect();
        let mut found: Vec<_> = found.into_iter().chain(&judged).collect();
        found.sort_by_key(|draft| draft.place.order());
        Ok(found.into_iter().map(|draft| draft.finding(&steps[draft.place.step].migration)).collect())
    }
}

type Placed = (usize, Direction, Allow);

/// Whether a comment is about what was found. One in either script may explain the absence of a way down.
fn silences((step, direction, allow): &Placed, draft: &Draft) -> bool {
    let Draft { place, rule, .. } = draft;
    let in_script = *step == place.step && (*direction == place.direction || place.statement.is_none());
    let of_statement = allow.statement.is_none() || allow.statement == place.statement;
    in_script && of_statement && allow.has_reason && allow.rules.iter().any(|allowed| allowed == rule)
}

/// What is wrong with a comment itself.
fn judged(placed: &Placed, drafts: &[Draft], engine: Engine) -> Vec<Draft> {
    let (step, direction, allow) = placed;
    let place = Place {
        step: *step,
        direction: *direction,
        line: allow.line,
        statement: allow.statement,
        text: allow.text.clone(),
    };
    let mut wrong = Vec::new();
    let mut push =
        |rule, problem: String, advice: &str| wrong.push(Draft::new(&place, rule, problem, advice.to_owned()));
    let form = "-- lint: allow rename-column because no running program uses it";
    if allow.rules.is_empty() {
        push("allow-unknown-rule", "The comment names no rule.".to_owned(), form);
    }
    for name in &allow.rules {
        match RULES.iter().find(|rule| rule.name == name) {
            None => push("allow-unknown-rule", format!("There is no rule {name}."), form),
            Some(_) if !allow.has_reason => {
                let advice = format!("-- lint: allow {name} because …");
                push(
                    "allow-without-reason",
                    format!("The comment does not say why {name} is no problem here."),
                    &advice,
                );
            }
            Some(rule) => {
                let only = Allow { rules: vec![name.clone()], text: String::new(), ..*allow };
                let only = (*step, *direction, only);
                if rule.engines.contains(&engine) && !drafts.iter().any(|draft| silences(&only, draft)) {
                    push("allow-unused", format!("{name} finds nothing here."), "-- Remove the comment.");
                }
            }
        }
    }
    wrong
}
