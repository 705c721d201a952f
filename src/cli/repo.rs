//! `folio repo`: code repositories.

use clap::{Args, Subcommand};

use super::globals::Globals;
use super::list::{self, ABOUT_LISTS, ListArgs};
use super::output::with_columns;
use super::owner::{OWNER_OPTIONS, OwnerArgs};
use super::{author, stderr, values};
use folio::services::repositories::{self, Edit as Changes, Filter, Owned, Project, RepositorySelector};
use folio::services::users;
use folio::types::{RepositoryStatus, Text256, Topics};

const ADD: &str = "\
Examples:
  folio repo add hello-world --login octocat
  folio repo add secrets --account 583231 --status private --number 1296269

Prints the new record.
Columns: {columns}.";

const GET: &str = "\
Examples:
  folio repo get 7
  folio repo get octocat/hello-world --format json

Prints the record. Columns: {columns}.
If several users have the owner's username, their repositories of that name are listed on
standard error; exit code 1.";

const LIST: &str = "\
Examples:
  folio repo list
  folio repo list --login octocat --status public
  folio repo list --language rust --topic cli --sort stars:desc --columns owner,name,stars
  folio repo list --updated-before 1y --count
  folio repo list --json name,stars | jq -r '.[].repo_name'

Prints the records in the order of their ids.
Columns: {columns}.
More, by --columns: {more}.

";

const EDIT: &str = "\
Examples:
  folio repo edit 7 --status private
  folio repo edit octocat/hello-world --name hello
  folio repo edit 7 --login ada                   give it to another user

Prints the record after the change.
Columns: {columns}.";

const REMOVE: &str = "\
Examples:
  folio repo remove 7
  folio repo remove octocat/hello-world

Notes about it stay, without a repository. Prints nothing on standard
output; reports on standard error what was removed.";

#[derive(Debug, Subcommand)]
pub(super) enum RepoCommand {
    /// Record a repository of an account
    #[command(after_help = with_columns::<Owned>(ADD))]
    Add(Add),
    /// Show one repository
    #[command(after_help = with_columns::<Owned>(GET))]
    Get(Get),
    /// List repositories
    #[command(after_help = with_columns::<Owned>(LIST) + ABOUT_LISTS)]
    List(List),
    /// Change a repository
    #[command(after_help = with_columns::<Owned>(EDIT))]
    Edit(Edit),
    /// Remove a repository
    #[command(after_help = REMOVE)]
    Remove(Remove),
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("owner").args(OWNER_OPTIONS).required(true))]
pub(super) struct Add {
    /// The repository's name, without the owner's: 1 to 256 characters
    #[arg(value_parser = values::repository_name)]
    name: Text256,
    #[command(flatten)]
    owner: OwnerArgs,
    /// The repository's number where it comes from, such as GitHub's
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = values::number)]
    number: Option<i64>,
    /// Who may see it: 'public' or 'private'
    #[arg(long, default_value = "public", value_parser = values::STATUS, hide_possible_values = true)]
    status: RepositoryStatus,
}

#[derive(Debug, Args)]
pub(super) struct Get {
    /// The repository: its id, or owner/name
    #[arg(value_name = "ID|OWNER/NAME", value_parser = values::repository)]
    which: RepositorySelector,
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    owner: OwnerArgs,
    /// Only those of this name
    #[arg(long)]
    name: Option<String>,
    /// Only those of this status: 'public' or 'private'
    #[arg(long, value_parser = values::STATUS, hide_possible_values = true)]
    status: Option<RepositoryStatus>,
    /// Only those with most of their code in this language, in any letter case
    #[arg(long)]
    language: Option<String>,
    /// Only those with this topic; given several times, with all of them
    #[arg(long = "topic", value_name = "TOPIC", value_parser = values::topic)]
    topics: Vec<String>,
    #[command(flatten)]
    list: ListArgs,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("change").args(OWNER_OPTIONS).args(["name", "status", "number"]).required(true).multiple(true))]
pub(super) struct Edit {
    /// The repository: its id, or owner/name
    #[arg(value_name = "ID|OWNER/NAME", value_parser = values::repository)]
    which: RepositorySelector,
    /// The new name
    #[arg(long, value_parser = values::repository_name)]
    name: Option<Text256>,
    /// The new status: 'public' or 'private'
    #[arg(long, value_parser = values::STATUS, hide_possible_values = true)]
    status: Option<RepositoryStatus>,
    /// The repository's number where it comes from
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = values::number)]
    number: Option<i64>,
    #[command(flatten, next_help_heading = "New owner")]
    owner: OwnerArgs,
}

#[derive(Debug, Args)]
pub(super) struct Remove {
    /// The repository: its id, or owner/name
    #[arg(value_name = "ID|OWNER/NAME", value_parser = values::repository)]
    which: RepositorySelector,
}

pub(super) fn run(globals: &Globals, command: RepoCommand) -> anyhow::Result<()> {
    match command {
        RepoCommand::Add(arguments) => add(globals, arguments),
        RepoCommand::Get(arguments) => get(globals, &arguments),
        RepoCommand::List(arguments) => list(globals, arguments),
        RepoCommand::Edit(arguments) => edit(globals, arguments),
        RepoCommand::Remove(arguments) => remove(globals, &arguments),
    }
}

/// A line that identifies a repository.
fn describe(Owned { repository, owner, .. }: &Owned) -> String {
    format!("{}/{} (id {})", owner.username, repository.repo_name, repository.id)
}

fn add(globals: &Globals, Add { name, owner, number, status }: Add) -> anyhow::Result<()> {
    let owner = owner.required()?;
    let database = globals.open_to_add()?;
    let added = author::unit(&database, "repo add").begin(|session| {
        let owner = users::get(session, &owner)?.user_id;
        let repository = repositories::add(session, Project { owner, number, name, status })?;
        repositories::get(session, &RepositorySelector::Id(repository.id))
    })?;
    globals.report(&format!("added repository {}", describe(&added)), &added)
}

fn get(globals: &Globals, Get { which }: &Get) -> anyhow::Result<()> {
    let database = globals.open_to_read()?;
    let owned = database.named("repo get").read(|session| repositories::get(session, which))?;
    globals.show(&owned, None)
}

fn list(globals: &Globals, List { owner, name, status, language, topics, list }: List) -> anyhow::Result<()> {
    let owner = owner.selector();
    let topics = Topics::new(topics)?;
    let mut asked = list.asked::<Owned>(globals)?;
    let database = globals.open_to_read()?;
    let mut listing = asked.listing();
    let count = database.named("repo list").read(|session| -> anyhow::Result<Option<u64>> {
        let owner = owner.map(|selector| users::get(session, &selector)).transpose()?.map(|owner| owner.user_id);
        let (criteria, sort) = (asked.criteria, asked.sort);
        let filter = Filter { owner, name, status, language, topics, criteria, sort };
        if asked.count {
            return Ok(Some(repositories::count(session, &filter)?));
        }
        repositories::list(session, &filter, asked.limit, |owned| -> anyhow::Result<()> { Ok(listing.push(&owned)?) })?;
        Ok(None)
    })?;
    list::finish(listing, count)
}

fn edit(globals: &Globals, Edit { which, name, status, number, owner }: Edit) -> anyhow::Result<()> {
    let owner = owner.selector();
    let database = globals.open_to_change()?;
    let changed = author::unit(&database, "repo edit").begin(|session| {
        let owner = owner.map(|selector| users::get(session, &selector)).transpose()?.map(|owner| owner.user_id);
        repositories::edit(session, &which, Changes { name, status, owner, number })
    })?;
    globals.report(&format!("changed repository {}", describe(&changed)), &changed)
}

fn remove(globals: &Globals, Remove { which }: &Remove) -> anyhow::Result<()> {
    let database = globals.open_to_change()?;
    let removed = author::unit(&database, "repo remove").begin(|session| repositories::remove(session, which))?;
    stderr::print(&format!("removed repository {}", describe(&removed)));
    Ok(())
}
