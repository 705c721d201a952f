//! The options that several verbs share.

use clap::Args;
use diesel_session::connection::Engine;

use super::context::Context;
use super::failure::Failure;
use crate::target::Target;

/// How far to go up.
#[derive(Debug, Clone, Args)]
pub(super) struct HowFarUp {
    /// Maximum number of migrations
    #[arg(short = 'n', long, value_name = "N", value_parser = steps)]
    steps: Option<usize>,
    /// The version, or the name, of the last one to apply
    #[arg(long, value_name = "VERSION", conflicts_with = "steps")]
    to: Option<String>,
}

impl HowFarUp {
    pub(super) fn target(self) -> Target {
        self.steps.map(Target::Steps).or(self.to.map(Target::To)).unwrap_or(Target::All)
    }
}

/// How far to go down.
#[derive(Debug, Clone, Args)]
pub(super) struct HowFarDown {
    /// Maximum number of migrations
    #[arg(short = 'n', long, value_name = "N", value_parser = steps, default_value_t = 1)]
    steps: usize,
    /// The version, or the name, of the newest one to keep
    #[arg(long, value_name = "VERSION", conflicts_with = "steps")]
    to: Option<String>,
    /// All of them
    #[arg(long, conflicts_with_all = ["steps", "to"])]
    all: bool,
}

impl HowFarDown {
    pub(super) fn target(self) -> Target {
        if self.all { Target::All } else { self.to.map_or(Target::Steps(self.steps), Target::To) }
    }
}

/// The answer to a question in advance.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Yes {
    /// Do not ask for confirmation; required where there is no terminal to ask on
    #[arg(long)]
    pub(super) yes: bool,
}

/// The engine that scripts are for.
#[derive(Debug, Clone, Args)]
pub(super) struct OneEngine {
    /// The engine: 'sqlite', 'postgres', or 'mysql' for MySQL and MariaDB [default: the database's]
    #[arg(long, value_name = "ENGINE", value_parser = engine)]
    engine: Option<Engine>,
}

impl OneEngine {
    /// The engine of the option, or of the database's URL.
    pub(super) fn engine(&self, context: &Context<'_>) -> Result<Engine, Failure> {
        let no_engine = || "say which engine the script is for: --engine sqlite, postgres or mysql".to_owned();
        self.engine.or(context.engine).ok_or_else(|| Failure::Usage(no_engine()))
    }
}

/// The engines that scripts are looked at for.
#[derive(Debug, Clone, Args)]
pub(super) struct OnEngine {
    /// The engine: 'sqlite', 'postgres', or 'mysql' for MySQL and MariaDB [default: all that have a folder; of a folder
    /// without, the database's]
    #[arg(long, value_name = "ENGINE", value_parser = engine)]
    engine: Option<Engine>,
}

impl OnEngine {
    /// The engines; says which, where neither the option nor a folder does.
    pub(super) fn engines(&self, context: &mut Context<'_>) -> Result<Vec<Engine>, Failure> {
        let migrations = context.migrations;
        if let Some(engine) = self.engine {
            return Ok(vec![engine]);
        }
        match (migrations.has_engine_folders()?, context.engine) {
            (true, _) => Ok(migrations.engines()?),
            (false, Some(engine)) => {
                context.say(&format!("for {engine}, as the database; --engine names another"));
                Ok(vec![engine])
            }
            (false, None) => {
                context.say("for every engine; --engine names one");
                Ok(migrations.engines()?)
            }
        }
    }
}

fn engine(name: &str) -> Result<Engine, String> {
    let named = Engine::ALL.iter().copied().find(|engine| engine.feature() == name);
    named.ok_or_else(|| "it is one of sqlite, postgres and mysql".to_owned())
}

/// A number of migrations: none at all would do nothing, without a word.
pub(super) fn steps(number: &str) -> Result<usize, String> {
    number.parse().ok().filter(|number| *number > 0).ok_or_else(|| "it is a number of migrations, such as 1".to_owned())
}
