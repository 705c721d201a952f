//! Migrations as a script for the engine's own client, for a database that this program does not reach.

use diesel::migration::CREATE_MIGRATIONS_TABLE;
use diesel_session::connection::Engine;

use crate::error::{Error, Result};
use crate::limits::Limit;
use crate::migration::Direction;
use crate::quoting::literal;
use crate::scripts::{Body, NO_WAY_DOWN, OWN_TRANSACTION, Step};
use crate::settings::Settings;
use crate::source::Migrations;
use crate::statements::Statement;
use crate::target::Target;
use crate::tokens::{Token, tokens};
use crate::words::counted;
use crate::{history, journal, limits};

/// Why a migration of Diesel's is not written out.
const NO_SQL: &str = "it comes from a source of Diesel's, which does not show its SQL";

impl Migrations {
    /// The migrations of a range as a script for `sqlite3`, `psql` or `mysql` and `mariadb`, without a database: the
    /// statements of the scripts, and what the runner would write into its two tables. The runner continues after it.
    ///
    /// `from` is the newest version that the database has: `None` for an empty database when going up, and for one that
    /// has all migrations when going down. The script stops at the first error. A migration that runs in a transaction
    /// is recorded in it, first of all, so that the script stops before it changes anything if it is played again; any
    /// other, and each on MySQL, is recorded after its last statement. Limits of locks and statements are set as the
    /// scripts say; nothing is tried again.
    ///
    /// ```
    /// use diesel_migrate::{Direction, Migrations, Target};
    /// use diesel_session::connection::Engine;
    ///
    /// # std::env::set_current_dir(env!("CARGO_MANIFEST_DIR")).unwrap();
    /// let migrations = Migrations::folder("my-app", "docs/example");
    /// let script = migrations.sql(Engine::Postgres, Direction::Down, None, &Target::All)?;
    /// assert_eq!(
    ///     script,
    ///     r"-- my-app: 1 migration down, for psql.
    /// \set ON_ERROR_STOP on
    /// SET client_encoding = 'UTF8';
    ///
    /// -- 2026-01-31-120000_create_tags
    /// BEGIN;
    /// DROP TABLE tags;
    /// DELETE FROM __diesel_schema_migrations WHERE version = '20260131120000';
    /// DELETE FROM __diesel_migrate WHERE version = '20260131120000';
    /// COMMIT;
    /// "
    /// );
    /// # Ok::<(), diesel_migrate::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Source`], also for a migration without `down.sql`, for one that only Diesel knows, and for one that
    /// begins or ends a transaction inside the runner's; [`Error::NoVersion`].
    pub fn sql(&self, engine: Engine, direction: Direction, from: Option<&str>, target: &Target) -> Result<String> {
        let steps = self.steps(engine)?;
        target.check(self.application(), &steps)?;
        let from = from.map(|from| Target::To(from.to_owned()));
        let mut chosen: Vec<_> = match &from {
            Some(from) => {
                from.check(self.application(), &steps)?;
                let is_after = |step: &&Step| from.includes(Direction::Down, &step.migration);
                steps.iter().filter(|step| is_after(step) == (direction == Direction::Up)).collect()
            }
            None => steps.iter().collect(),
        };
        chosen.retain(|step| target.includes(direction, &step.migration));
        if direction == Direction::Down {
            chosen.reverse();
        }
        chosen.truncate(target.limit());

        let mut lines = head(self.application(), engine, direction, chosen.len());
        if direction == Direction::Up && !chosen.is_empty() {
            let created = format!("{}\n{};", CREATE_MIGRATIONS_TABLE.trim(), journal::CREATE);
            lines.extend([String::new(), created]);
        }
        for step in chosen {
            lines.extend(Export { application: self.application(), engine, step, direction }.lines()?);
        }
        Ok(lines.join("\n") + "\n")
    }
}

/// What makes a client stop at the first error and read the script as it is meant.
fn head(application: &str, engine: Engine, direction: Direction, count: usize) -> Vec<String> {
    let (client, settings): (_, &[&str]) = match engine {
        Engine::Sqlite => ("sqlite3", &[".bail on", "PRAGMA foreign_keys = ON;"]),
        Engine::Postgres => ("psql", &["\\set ON_ERROR_STOP on", "SET client_encoding = 'UTF8';"]),
        Engine::Mysql => ("mysql or mariadb", &["SET NAMES utf8mb4;"]),
    };
    // The name may come from anywhere, and must not end the comment.
    let application = application.replace(char::is_control, " ");
    let title = format!("-- {application}: {} {direction}, for {client}.", counted(count, "migration"));
    [title].into_iter().chain(settings.iter().map(|setting| (*setting).to_owned())).collect()
}

/// A migration on its way into the script.
struct Export<'e> {
    application: &'e str,
    engine: Engine,
    step: &'e Step,
    direction: Direction,
}

impl Export<'_> {
    fn lines(&self) -> Result<Vec<String>> {
        let Self { engine, step, direction, .. } = *self;
        if step.script(direction).is_none() {
            let of_diesel = matches!(step.body, Body::Diesel(_));
            return Err(self.refused(if of_diesel { NO_SQL } else { NO_WAY_DOWN }));
        }
        let statements = step.statements(direction, engine);
        let transaction = step.transaction && engine.undoes_tables();
        if transaction && statements.iter().any(|statement| statement.controls_transactions()) {
            return Err(self.refused(OWN_TRANSACTION));
        }
        let (limits, resets): (Vec<_>, Vec<_>) = limits(&step.settings(direction), engine).into_iter().unzip();
        let statements: Vec<_> = statements.into_iter().map(|statement| ended(statement, engine)).collect();
        let (begin, commit) = match (transaction, engine) {
            (false, _) => (None, None),
            (true, Engine::Sqlite) => (Some("BEGIN IMMEDIATE;"), Some("COMMIT;")),
            (true, _) => (Some("BEGIN;"), Some("COMMIT;")),
        };
        let rows = self.rows();
        let (before, after) =
            if transaction && direction == Direction::Up { (rows, Vec::new()) } else { (Vec::new(), rows) };

        let mut lines = vec![String::new(), format!("-- {}", step.migration)];
        lines.extend(limits);
        lines.extend(begin.map(str::to_owned));
        lines.extend(before);
        lines.extend(statements);
        lines.extend(after);
        lines.extend(commit.map(str::to_owned));
        lines.extend(resets);
        Ok(lines)
    }

    /// The statements that note in the history and the journal what the script does.
    fn rows(&self) -> Vec<String> {
        let Self { application, engine, step, direction } = *self;
        let (version, application) = (literal(engine, &step.migration.version), literal(engine, application));
        let (history, journal) = (history::NAME, journal::NAME);
        let erase = format!("DELETE FROM {journal} WHERE version = {version};");
        if direction == Direction::Down {
            return vec![format!("DELETE FROM {history} WHERE version = {version};"), erase];
        }
        // The default would be in the time zone of the client.
        let now = match engine {
            Engine::Sqlite => "CURRENT_TIMESTAMP",
            Engine::Postgres => "now() AT TIME ZONE 'UTC'",
            Engine::Mysql => "UTC_TIMESTAMP()",
        };
        let checksum = step.checksum(engine).map_or("NULL".to_owned(), |checksum| literal(engine, &checksum));
        vec![
            format!("INSERT INTO {history} (version, run_on) VALUES ({version}, {now});"),
            erase,
            format!(
                "INSERT INTO {journal} (version, application, checksum, statements, running) \
                 VALUES ({version}, {application}, {checksum}, 0, 0);"
            ),
        ]
    }

    fn refused(&self, problem: &str) -> Error {
        Error::Source { place: format!("{} ({})", self.step.migration, self.direction), problem: problem.to_owned() }
    }
}

/// What sets the limits of a script, and what sets them back.
fn limits(settings: &Settings, engine: Engine) -> Vec<(String, String)> {
    let set = |limit: &Limit| match engine {
        Engine::Mysql => {
            (format!("SET SESSION {} = {}", limit.name, limit.value), format!("SET SESSION {} = DEFAULT", limit.name))
        }
        _ => (format!("SET {} = '{}'", limit.name, limit.value), format!("RESET {}", limit.name)),
    };
    // MySQL skips the comment.
    let ended =
        |sql: String, limit: &Limit| if limit.of_mariadb { format!("/*M! {sql} */;") } else { format!("{sql};") };
    let statements = limits::of(settings, engine).into_iter().map(|limit| {
        let (set, reset) = set(&limit);
        (ended(set, &limit), ended(reset, &limit))
    });
    statements.collect()
}

/// A statement with what ends it for the client.
fn ended(statement: Statement<'_>, engine: Engine) -> String {
    let sql = statement.sql;
    let (mut end, mut inner) = (0, false);
    for (token, range) in tokens(sql, engine) {
        inner |= token == Token::Semicolon;
        end = range.end;
    }
    // A comment may follow.
    let (sql, comment) = sql.split_at(end);
    if engine != Engine::Mysql || !inner {
        return format!("{sql};{comment}");
    }
    // MySQL's clients do not know where the body of a trigger or routine ends.
    let mut delimiter = "$$".to_owned();
    while sql.contains(&delimiter) {
        delimiter.push('$');
    }
    format!("DELIMITER {delimiter}\n{sql}{delimiter}\nDELIMITER ;{}", if comment.is_empty() { "" } else { "\n" })
        + comment.trim_start()
}
