//! `folio user`: accounts.

use anyhow::anyhow;
use clap::builder::ArgGroup;
use clap::{Args, Subcommand};

use super::confirm::Confirm;
use super::globals::Globals;
use super::list::{self, ABOUT_LISTS, ListArgs};
use super::output::with_columns;
use super::owner::user_selector;
use super::{author, stderr, values};
use folio::database::Retry;
use folio::models::User;
use folio::services::counted;
use folio::services::users::{self, Account, Cascade, Edit as Changes, Filter, Removed};
use folio::types::{AccountKind, Email, Id, Text256};

const ADD: &str = "\
Examples:
  folio user add octocat --number 583231 --email octocat@example.org
  folio user add ada                              known by name only: gets a number below zero
  id=$(folio user add ada | cut -f1)

Prints the new record. Columns: {columns}.";

const GET: &str = "\
Examples:
  folio user get 3
  folio user get --account 583231
  folio user get --login octocat --format json

Prints the record. Columns: {columns}.
If several users have the username or email, they are listed on standard error; exit code 1.";

const LIST: &str = "\
Examples:
  folio user list
  folio user list --login octocat
  folio user list --kind organization --sort username --columns username,name,location
  folio user list --limit 10 --format json

Prints the records in the order of their ids.
Columns: {columns}.
More, by --columns: {more}.

";

const EDIT: &str = "\
Examples:
  folio user edit 3 --username ada
  folio user edit --login ada --email ada@example.org
  folio user edit --account -1 --number 583231    its number is known now; its repositories follow

Prints the record after the change. Columns: {columns}.";

const REMOVE: &str = "\
Examples:
  folio user remove 3
  folio user remove --login octocat --with-everything
  folio user remove 3 --with-everything --yes     in a script

A user's notes are removed too. A user with repositories or résumés is not removed, unless
--with-everything removes those too. On a terminal it says what will be removed, with counts, and
asks, unless that is a user without notes; elsewhere it needs --yes, exit code 2 without it.
Prints nothing on standard output; reports on standard error what was removed.";

/// A group of arguments; exactly one of them is required.
fn one_of(arguments: &[&'static str]) -> ArgGroup {
    ArgGroup::new("one").args(arguments.iter().copied()).required(true)
}

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Record an account
    #[command(after_help = with_columns::<User>(ADD))]
    Add(Add),
    /// Show one account
    #[command(after_help = with_columns::<User>(GET))]
    Get(Get),
    /// List accounts
    #[command(after_help = with_columns::<User>(LIST) + ABOUT_LISTS)]
    List(List),
    /// Change an account
    #[command(after_help = with_columns::<User>(EDIT))]
    Edit(Edit),
    /// Remove an account and its notes
    #[command(after_help = REMOVE)]
    Remove(Remove),
}

#[derive(Debug, Args)]
pub(super) struct Add {
    /// The username: 1 to 256 characters
    #[arg(value_parser = values::username)]
    username: Text256,
    /// The account's number where it comes from, such as GitHub's
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = values::number)]
    number: Option<i64>,
    /// The email: at most 320 characters
    #[arg(long, value_parser = values::email)]
    email: Option<Email>,
}

#[derive(Debug, Args)]
#[command(group = one_of(&["id", "account", "login", "email"]))]
pub(super) struct Get {
    /// The user's id
    #[arg(value_parser = values::user_id::<User>)]
    id: Option<Id<User>>,
    /// The account number instead of the id
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = values::account)]
    account: Option<i64>,
    /// The username instead of the id
    #[arg(long, value_name = "NAME")]
    login: Option<String>,
    /// The email instead of the id
    #[arg(long)]
    email: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// Only those with this username
    #[arg(long, value_name = "NAME")]
    login: Option<String>,
    /// Only those with this email
    #[arg(long)]
    email: Option<String>,
    /// Only those of this kind: 'user', 'organization' or 'bot'
    #[arg(long, value_parser = values::KIND, hide_possible_values = true)]
    kind: Option<AccountKind>,
    #[command(flatten)]
    list: ListArgs,
}

#[derive(Debug, Args)]
#[command(group = one_of(&["id", "account", "login"]))]
pub(super) struct Edit {
    /// The user's id
    #[arg(value_parser = values::owner_id::<User>)]
    id: Option<Id<User>>,
    /// The account number instead of the id
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = values::account)]
    account: Option<i64>,
    /// The username instead of the id
    #[arg(long, value_name = "NAME")]
    login: Option<String>,
    #[command(flatten)]
    changes: NewValues,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
#[command(next_help_heading = "Changes")]
struct NewValues {
    /// The new username
    #[arg(long, value_parser = values::username)]
    username: Option<Text256>,
    /// The new email
    #[arg(long, value_parser = values::email)]
    email: Option<Email>,
    /// Take the email away
    #[arg(long, conflicts_with = "email")]
    no_email: bool,
    /// The new account number
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = values::number)]
    number: Option<i64>,
}

#[derive(Debug, Args)]
#[command(group = one_of(&["id", "account", "login", "email"]))]
pub(super) struct Remove {
    /// The user's id
    #[arg(value_parser = values::user_id::<User>)]
    id: Option<Id<User>>,
    /// The account number instead of the id
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = values::account)]
    account: Option<i64>,
    /// The username instead of the id
    #[arg(long, value_name = "NAME")]
    login: Option<String>,
    /// The email instead of the id
    #[arg(long)]
    email: Option<String>,
    /// Remove the user's repositories and résumés too
    #[arg(long)]
    with_everything: bool,
    #[command(flatten)]
    confirm: Confirm,
}

pub(super) fn run(globals: &Globals, command: UserCommand) -> anyhow::Result<()> {
    match command {
        UserCommand::Add(arguments) => add(globals, arguments),
        UserCommand::Get(arguments) => get(globals, arguments),
        UserCommand::List(arguments) => list(globals, arguments),
        UserCommand::Edit(arguments) => edit(globals, arguments),
        UserCommand::Remove(arguments) => remove(globals, arguments),
    }
}

fn add(globals: &Globals, Add { username, number, email }: Add) -> anyhow::Result<()> {
    let account = Account { number, username, email };
    let database = globals.open_to_add()?;
    // A lock timeout is not retried: `--busy-timeout` sets how long to wait for a lock.
    let retry = Retry::default().only_after(|failure| matches!(failure.root(), diesel_session::Error::Conflict { .. }));
    let user = author::unit(&database, "user add").retrying(retry, |session| users::add(session, account.clone()))?;
    globals.report(&format!("added user {}", users::describe(&user)), &user)
}

fn get(globals: &Globals, Get { id, account, login, email }: Get) -> anyhow::Result<()> {
    let selector = user_selector(id, account, login, email)?;
    let user = globals.open_to_read()?.named("user get").read(|session| users::get(session, &selector))?;
    globals.show(&user, None)
}

fn list(globals: &Globals, List { login, email, kind, list }: List) -> anyhow::Result<()> {
    let mut asked = list.asked::<User>(globals)?;
    let database = globals.open_to_read()?;
    let mut listing = asked.listing();
    let count = database.named("user list").read(|session| -> anyhow::Result<Option<u64>> {
        let filter = Filter { login, email, kind, criteria: asked.criteria, sort: asked.sort };
        if asked.count {
            return Ok(Some(users::count(session, &filter)?));
        }
        users::list(session, &filter, asked.limit, |user| -> anyhow::Result<()> { Ok(listing.push(&user)?) })?;
        Ok(None)
    })?;
    list::finish(listing, count)
}

fn edit(globals: &Globals, Edit { id, account, login, changes }: Edit) -> anyhow::Result<()> {
    let selector = user_selector(id, account, login, None)?;
    let NewValues { username, email, no_email, number } = changes;
    let changes = Changes { username, email: email.map(Some).or(no_email.then_some(None)), number };
    let database = globals.open_to_change()?;
    let user = author::unit(&database, "user edit").begin(|session| users::edit(session, &selector, changes))?;
    globals.report(&format!("changed user {}", users::describe(&user)), &user)
}

fn remove(globals: &Globals, arguments: Remove) -> anyhow::Result<()> {
    let Remove { id, account, login, email, with_everything, confirm } = arguments;
    let selector = user_selector(id, account, login, email)?;
    let cascade = if with_everything { Cascade::Everything } else { Cascade::Nothing };
    let database = globals.open_to_change()?;
    // Read for the question. No transaction stays open while the user decides.
    let shown = database.named("user remove").read(|session| users::removal(session, &selector, cascade))?;
    if with_everything || shown.dependents() > 0 {
        confirm.ask(&described(&shown))?;
    }
    let removed = author::unit(&database, "user remove").begin(|session| -> anyhow::Result<_> {
        let removed = users::remove(session, &selector, cascade)?;
        if !confirm.yes && removed != shown {
            return Err(anyhow!("nothing was removed: it would now be {}; run it again", described(&removed)));
        }
        Ok(removed)
    })?;
    stderr::print(&format!("removed {}", described(&removed)));
    Ok(())
}

/// The records of a removal, on one line.
fn described(Removed { user, repositories, resumes, notes, tags, links, .. }: &Removed) -> String {
    let dependents = [
        (*repositories, "repository", "repositories"),
        (*resumes, "résumé", "résumés"),
        (*notes, "note", "notes"),
        (*tags, "tag", "tags"),
        (*links, "link", "links"),
    ];
    let dependents = dependents.into_iter().filter(|(count, ..)| *count > 0);
    let dependents = dependents.map(|(count, one, many)| counted(count, one, many));
    std::iter::once(format!("user {}", users::describe(user))).chain(dependents).collect::<Vec<_>>().join(", ")
}
