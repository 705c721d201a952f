//! `sql`: migrations as a script for the database's own client.

use clap::Args;

use super::context::Context;
use super::failure::Failure;
use super::options::OneEngine;
use crate::migration::Direction;
use crate::target::Target;

const AFTER: &str = "\
Examples:
  migrate sql --engine postgres > up.sql && psql --file up.sql
  migrate sql --engine mysql 20261101000002..     what comes after this version
  migrate sql --engine sqlite ..20261101000002    up to this version
  migrate sql --engine postgres --down 20261101000004..20261101000002
  migrate sql --engine postgres --grants app      the rights of a role that does not migrate

For an administrator who runs what a program may not. Needs no database, at most its URL, which
names the engine where --engine does not. The script writes the history too, is in transactions
where the migrations are, and stops at the first error.
Prints the script.";

/// Print the migrations as a script for sqlite3, psql or mysql
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub(super) struct Sql {
    /// FROM..TO: the version that the database has, and the one that it gets; without FROM, an empty database
    #[arg(value_name = "FROM..TO")]
    range: Option<String>,
    #[command(flatten)]
    engine: OneEngine,
    /// The scripts that revert, newest first; without FROM, from a database that has all
    #[arg(long)]
    down: bool,
    /// Instead, the GRANT statements for this role, which reads and writes rows and does not migrate
    #[arg(long, value_name = "ROLE", conflicts_with_all = ["range", "down"])]
    grants: Option<String>,
}

impl Sql {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Failure> {
        let (migrations, engine) = (context.migrations, self.engine.engine(context)?);
        let script = match &self.grants {
            Some(role) => migrations.grants(engine, role),
            None => {
                let range = self.range.as_deref().unwrap_or("..");
                let Some((from, to)) = range.split_once("..") else {
                    let problem = format!("{range} is not a range of versions: write {range}.. or ..{range}");
                    return Err(Failure::Usage(problem));
                };
                let from = Some(from).filter(|from| !from.is_empty());
                let target = if to.is_empty() { Target::All } else { Target::To(to.to_owned()) };
                let direction = if self.down { Direction::Down } else { Direction::Up };
                migrations.sql(engine, direction, from, &target)
            }
        };
        context.text(&script?)
    }
}
