//! `folio note`: notes.

use clap::{Args, Subcommand};

use super::globals::Globals;
use super::list::{self, ABOUT_LISTS, ListArgs};
use super::output::with_columns;
use super::owner::{OWNER_OPTIONS, OwnerArgs};
use super::text_input::Body;
use super::{editor, stderr, values};
use folio::models::Note;
use folio::services::notes::{self, Edit as Changes, Filter, Text};
use folio::services::repositories::{self, RepositorySelector};
use folio::services::users;
use folio::types::{Id, Text256};

const ADD: &str = "\
Examples:
  folio note add 'To do' --login ada --body 'call back on Monday'
  folio note add Review --user 3 --repo octocat/hello-world --body-file review.md
  date | folio note add Today --user 3 --body-file -

Prints the new record, without its body.
Columns: {columns}.";

const GET: &str = "\
Examples:
  folio note get 5
  folio note get 5 > note.md
  folio note get 5 --format json | jq '.[0]'

Prints the record with its body on a terminal, and in a pipe the body alone, exactly as it is
stored. With --format the record: in JSON with its body, otherwise without it.
Columns: {columns}.";

const LIST: &str = "\
Examples:
  folio note list
  folio note list --login ada --repo octocat/hello-world
  folio note list --since 7d --sort updated:desc --format csv --header

Prints the records in the order of their ids; the bodies in JSON only.
Columns: {columns}.
More, by --columns: {more}.

";

const EDIT: &str = "\
Examples:
  folio note edit 5                               open the body in your editor
  folio note edit 5 --name Done --no-repo
  folio note edit 5 --body-file note.md

The editor is named by VISUAL, then EDITOR; the default is vi. If someone else changes the note
while you edit, nothing is overwritten: your text is kept in a file that is named; exit code 1. A
text that you empty there is not saved, exit code 1; --body '' saves an empty one.
Prints the record after the change, without its body.
Columns: {columns}.";

const REMOVE: &str = "\
Examples:
  folio note remove 5

Prints nothing on standard output; reports on standard error what was removed.";

#[derive(Debug, Subcommand)]
pub(super) enum NoteCommand {
    /// Record a note of a user
    #[command(after_help = with_columns::<Note>(ADD))]
    Add(Add),
    /// Show one note
    #[command(after_help = with_columns::<Note>(GET))]
    Get(Get),
    /// List notes
    #[command(after_help = with_columns::<Note>(LIST) + ABOUT_LISTS)]
    List(List),
    /// Change a note; without options, edit its body
    #[command(after_help = with_columns::<Note>(EDIT))]
    Edit(Edit),
    /// Remove a note
    #[command(after_help = REMOVE)]
    Remove(Remove),
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("owner").args(OWNER_OPTIONS).required(true))]
pub(super) struct Add {
    /// Its name: 1 to 256 characters
    #[arg(value_parser = values::note_name)]
    name: Text256,
    #[command(flatten)]
    owner: OwnerArgs,
    /// The repository that it is about
    #[arg(long, value_name = "ID|OWNER/NAME", value_parser = values::repository)]
    repo: Option<RepositorySelector>,
    #[command(flatten)]
    body: Body,
}

#[derive(Debug, Args)]
pub(super) struct Get {
    /// The note's id
    #[arg(value_parser = values::note_id::<Note>)]
    id: Id<Note>,
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    owner: OwnerArgs,
    /// Only those about this repository
    #[arg(long, value_name = "ID|OWNER/NAME", value_parser = values::repository)]
    repo: Option<RepositorySelector>,
    /// Only those of this name
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    list: ListArgs,
}

#[derive(Debug, Args)]
pub(super) struct Edit {
    /// The note's id
    #[arg(value_parser = values::note_id::<Note>)]
    id: Id<Note>,
    /// Its new name
    #[arg(long, value_parser = values::note_name)]
    name: Option<Text256>,
    /// The repository that it is about
    #[arg(long, value_name = "ID|OWNER/NAME", value_parser = values::repository)]
    repo: Option<RepositorySelector>,
    /// It is about no repository any more
    #[arg(long, conflicts_with = "repo")]
    no_repo: bool,
    #[command(flatten)]
    body: Body,
}

#[derive(Debug, Args)]
pub(super) struct Remove {
    /// The note's id
    #[arg(value_parser = values::note_id::<Note>)]
    id: Id<Note>,
}

pub(super) fn run(globals: &Globals, command: NoteCommand) -> anyhow::Result<()> {
    match command {
        NoteCommand::Add(arguments) => add(globals, arguments),
        NoteCommand::Get(arguments) => get(globals, &arguments),
        NoteCommand::List(arguments) => list(globals, arguments),
        NoteCommand::Edit(arguments) => edit(globals, arguments),
        NoteCommand::Remove(arguments) => remove(globals, &arguments),
    }
}

/// A line that identifies a note.
fn describe(note: &Note) -> String {
    format!("{} (id {})", note.name, note.id)
}

fn add(globals: &Globals, Add { name, owner, repo, body }: Add) -> anyhow::Result<()> {
    let owner = owner.required()?;
    let text = Text { name, body: body.read()?.unwrap_or_default(), repository: repo, source: None };
    let database = globals.open_to_add()?;
    let note = database.named("note add").begin(|session| notes::add(session, &owner, text))?;
    globals.report(&format!("added note {}", describe(&note)), &note)
}

fn get(globals: &Globals, Get { id }: &Get) -> anyhow::Result<()> {
    let note = globals.open_to_read()?.named("note get").read(|session| notes::get(session, *id))?;
    globals.show_text(&note, &note.body)
}

fn list(globals: &Globals, List { owner, repo, name, list }: List) -> anyhow::Result<()> {
    let owner = owner.selector();
    let mut asked = list.asked::<Note>(globals)?;
    let database = globals.open_to_read()?;
    let mut listing = asked.listing();
    let count = database.named("note list").read(|session| -> anyhow::Result<Option<u64>> {
        let user = owner.map(|selector| users::get(session, &selector)).transpose()?.map(|owner| owner.id);
        let repository = repo.map(|selector| repositories::get(session, &selector)).transpose()?;
        let repository = repository.map(|owned| owned.repository.id);
        let filter = Filter { user, repository, name, criteria: asked.criteria, sort: asked.sort };
        if asked.count {
            return Ok(Some(notes::count(session, &filter)?));
        }
        notes::list(session, &filter, asked.limit, |note| -> anyhow::Result<()> { Ok(listing.push(&note)?) })?;
        Ok(None)
    })?;
    list::finish(listing, count)
}

fn edit(globals: &Globals, Edit { id, name, repo, no_repo, body }: Edit) -> anyhow::Result<()> {
    let body = body.read()?;
    let database = globals.open_to_change()?;
    let read = database.named("note edit").read(|session| notes::get(session, id))?;
    let repository = repo.map(Some).or(no_repo.then_some(None));
    let by_hand = name.is_none() && repository.is_none() && body.is_none();
    let changes = Changes { name, body, repository, ..Changes::default() };
    let save = |changes| database.named("note edit").begin(|session| notes::edit(session, read.clone(), changes));
    let note = if by_hand {
        let save = |body| save(Changes { body: Some(body), ..changes });
        match editor::edit(&format!("note-{id}"), &read.body, save)? {
            Some(note) => note,
            None => {
                stderr::print("no change");
                return globals.print(&read);
            }
        }
    } else {
        save(changes)?
    };
    globals.report(&format!("changed note {}", describe(&note)), &note)
}

fn remove(globals: &Globals, Remove { id }: &Remove) -> anyhow::Result<()> {
    let database = globals.open_to_change()?;
    let removed = database.named("note remove").begin(|session| notes::remove(session, *id))?;
    stderr::print(&format!("removed note {}", describe(&removed)));
    Ok(())
}
