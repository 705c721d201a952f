//! `folio resume`: résumés.

use clap::{Args, Subcommand};

use super::globals::Globals;
use super::list::{self, ABOUT_LISTS, ListArgs};
use super::output::with_columns;
use super::owner::{OWNER_OPTIONS, OwnerArgs};
use super::text_input::Body;
use super::{author, editor, stderr, values};
use folio::models::Resume;
use folio::services::resumes::{self, Edit as Changes, Filter, Offer};
use folio::services::users;
use folio::types::{Id, Text256};

const ADD: &str = "\
Examples:
  folio resume add 'Rust developer' --login ada --body-file cv.md
  pandoc cv.docx -t markdown | folio resume add 'Rust developer' --user 3 --body-file -

Prints the new record, without its body.
Columns: {columns}.";

const GET: &str = "\
Examples:
  folio resume get 4
  folio resume get 4 > resume.md
  folio resume get 4 --format json | jq '.[0]'

Prints the record with its body on a terminal, and in a pipe the body alone, exactly as it is
stored. With --format the record: in JSON with its body, otherwise without it.
Columns: {columns}.";

const LIST: &str = "\
Examples:
  folio resume list
  folio resume list --login ada --format json

Prints the records in the order of their ids; the bodies in JSON only.
Columns: {columns}.
More, by --columns: {more}.

";

const EDIT: &str = "\
Examples:
  folio resume edit 4                             open the body in your editor
  folio resume edit 4 --vacancy 'Senior Rust developer'
  folio resume edit 4 --body-file cv.md

The editor is named by VISUAL, then EDITOR; the default is vi. If someone else changes the résumé
while you edit, nothing is overwritten: your text is kept in a file that is named; exit code 1. A
text that you empty there is not saved, exit code 1; --body '' saves an empty one.
Prints the record after the change, without its body.
Columns: {columns}.";

const REMOVE: &str = "\
Examples:
  folio resume remove 4

Prints nothing on standard output; reports on standard error what was removed.";

#[derive(Debug, Subcommand)]
pub(super) enum ResumeCommand {
    /// Record a résumé of a user
    #[command(after_help = with_columns::<Resume>(ADD))]
    Add(Add),
    /// Show one résumé
    #[command(after_help = with_columns::<Resume>(GET))]
    Get(Get),
    /// List résumés
    #[command(after_help = with_columns::<Resume>(LIST) + ABOUT_LISTS)]
    List(List),
    /// Change a résumé; without options, edit its body
    #[command(after_help = with_columns::<Resume>(EDIT))]
    Edit(Edit),
    /// Remove a résumé
    #[command(after_help = REMOVE)]
    Remove(Remove),
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("owner").args(OWNER_OPTIONS).required(true))]
pub(super) struct Add {
    /// What it is for: 1 to 256 characters
    #[arg(value_parser = values::vacancy)]
    vacancy: Text256,
    #[command(flatten)]
    owner: OwnerArgs,
    #[command(flatten)]
    body: Body,
}

#[derive(Debug, Args)]
pub(super) struct Get {
    /// The résumé's id
    #[arg(value_parser = values::resume_id::<Resume>)]
    id: Id<Resume>,
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    owner: OwnerArgs,
    /// Only those for this vacancy
    #[arg(long)]
    vacancy: Option<String>,
    #[command(flatten)]
    list: ListArgs,
}

#[derive(Debug, Args)]
pub(super) struct Edit {
    /// The résumé's id
    #[arg(value_parser = values::resume_id::<Resume>)]
    id: Id<Resume>,
    /// What it is for now
    #[arg(long, value_parser = values::vacancy)]
    vacancy: Option<Text256>,
    #[command(flatten)]
    body: Body,
}

#[derive(Debug, Args)]
pub(super) struct Remove {
    /// The résumé's id
    #[arg(value_parser = values::resume_id::<Resume>)]
    id: Id<Resume>,
}

pub(super) fn run(globals: &Globals, command: ResumeCommand) -> anyhow::Result<()> {
    match command {
        ResumeCommand::Add(arguments) => add(globals, arguments),
        ResumeCommand::Get(arguments) => get(globals, &arguments),
        ResumeCommand::List(arguments) => list(globals, arguments),
        ResumeCommand::Edit(arguments) => edit(globals, arguments),
        ResumeCommand::Remove(arguments) => remove(globals, &arguments),
    }
}

/// A line that identifies a résumé.
fn describe(resume: &Resume) -> String {
    format!("{} (id {})", resume.vacancy, resume.id)
}

fn add(globals: &Globals, Add { vacancy, owner, body }: Add) -> anyhow::Result<()> {
    let owner = owner.required()?;
    let offer = Offer { vacancy, body: body.read()?.unwrap_or_default(), source: None };
    let database = globals.open_to_add()?;
    let resume = author::unit(&database, "resume add").begin(|session| resumes::add(session, &owner, offer))?;
    globals.report(&format!("added résumé {}", describe(&resume)), &resume)
}

fn get(globals: &Globals, Get { id }: &Get) -> anyhow::Result<()> {
    let resume = globals.open_to_read()?.named("resume get").read(|session| resumes::get(session, *id))?;
    globals.show_text(&resume, &resume.body)
}

fn list(globals: &Globals, List { owner, vacancy, list }: List) -> anyhow::Result<()> {
    let owner = owner.selector();
    let mut asked = list.asked::<Resume>(globals)?;
    let database = globals.open_to_read()?;
    let mut listing = asked.listing();
    let count = database.named("resume list").read(|session| -> anyhow::Result<Option<u64>> {
        let user = owner.map(|selector| users::get(session, &selector)).transpose()?.map(|owner| owner.id);
        let filter = Filter { user, vacancy, criteria: asked.criteria, sort: asked.sort };
        if asked.count {
            return Ok(Some(resumes::count(session, &filter)?));
        }
        resumes::list(session, &filter, asked.limit, |resume| -> anyhow::Result<()> { Ok(listing.push(&resume)?) })?;
        Ok(None)
    })?;
    list::finish(listing, count)
}

fn edit(globals: &Globals, Edit { id, vacancy, body }: Edit) -> anyhow::Result<()> {
    let body = body.read()?;
    let database = globals.open_to_change()?;
    let read = database.named("resume edit").read(|session| resumes::get(session, id))?;
    let by_hand = vacancy.is_none() && body.is_none();
    let changes = Changes { vacancy, body, ..Changes::default() };
    let save =
        |changes| author::unit(&database, "resume edit").begin(|session| resumes::edit(session, read.clone(), changes));
    let resume = if by_hand {
        let save = |body| save(Changes { body: Some(body), ..changes });
        match editor::edit(&format!("resume-{id}"), &read.body, save)? {
            Some(resume) => resume,
            None => {
                stderr::print("no change");
                return globals.print(&read);
            }
        }
    } else {
        save(changes)?
    };
    globals.report(&format!("changed résumé {}", describe(&resume)), &resume)
}

fn remove(globals: &Globals, Remove { id }: &Remove) -> anyhow::Result<()> {
    let database = globals.open_to_change()?;
    let removed = author::unit(&database, "resume remove").begin(|session| resumes::remove(session, *id))?;
    stderr::print(&format!("removed résumé {}", describe(&removed)));
    Ok(())
}
