//! `folio note`: notes.

use clap::{Args, Subcommand};

use super::globals::Globals;
use super::list::{self, ABOUT_LISTS, ListArgs};
use super::output::with_columns;
use super::owner::{OWNER_OPTIONS, OwnerArgs};
use super::text_input::Body;
use super::{author, editor, exit, stderr, values};
use folio::models::Note;
use folio::services::Linked;
use folio::services::notes::{self, Edit as Changes, Filter, Text};
use folio::services::repositories::{self, RepositorySelector};
use folio::services::users;
use folio::types::{Id, Tag, Text256};

const ADD: &str = "\
Examples:
  folio note add 'To do' --login ada --body 'call back on Monday'
  folio note add Review --user 3 --repo octocat/hello-world --body-file review.md
  folio note add 'Read later' --user 3 --tag rust --tag cli
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
Columns: {columns}.
On a terminal and in JSON also: {more}.";

const LIST: &str = "\
Examples:
  folio note list
  folio note list --login ada --repo octocat/hello-world
  folio note list --tag rust --tag draft --columns name,tags     those with both tags
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

const TAG: &str = "\
Examples:
  folio note tag 5 rust 'code review'
  folio note list --tag rust

A tag has 1 to 64 characters, no commas, and is compared in its own letter case. Tags that the note
has already stay. Prints the record with its tags.
Columns: {columns}, tags.";

const UNTAG: &str = "\
Examples:
  folio note untag 5 draft

Tags that the note does not have are passed over. Prints the record with the tags that are left.
Columns: {columns}, tags.";

const LINK: &str = "\
Examples:
  folio note link 5 octocat/hello-world jquery/jquery
  folio note list --repo jquery/jquery

A note is about the repository of its --repo, and about those that it is linked with; 'note list
--repo' finds it by each. Prints the record with the ids of them all.
Columns: {columns}, repositories.";

const UNLINK: &str = "\
Examples:
  folio note unlink 5 jquery/jquery

Repositories that the note is not about are passed over. Prints the record with the ids of
those that are left.
Columns: {columns}, repositories.";

const REMOVE: &str = "\
Examples:
  folio note remove 5

Prints nothing on standard output; reports on standard error what was removed.";

#[derive(Debug, Subcommand)]
pub(super) enum NoteCommand {
    /// Record a note of a user
    #[command(after_help = with_columns::<Linked>(ADD))]
    Add(Add),
    /// Show one note
    #[command(after_help = with_columns::<Linked>(GET))]
    Get(Get),
    /// List notes
    #[command(after_help = with_columns::<Linked>(LIST) + ABOUT_LISTS)]
    List(List),
    /// Change a note; without options, edit its body
    #[command(after_help = with_columns::<Linked>(EDIT))]
    Edit(Edit),
    /// Give a note tags
    #[command(after_help = with_columns::<Linked>(TAG))]
    Tag(Tags),
    /// Take tags from a note
    #[command(after_help = with_columns::<Linked>(UNTAG))]
    Untag(Tags),
    /// Make a note about more repositories
    #[command(after_help = with_columns::<Linked>(LINK))]
    Link(Repositories),
    /// Make a note about fewer repositories
    #[command(after_help = with_columns::<Linked>(UNLINK))]
    Unlink(Repositories),
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
    /// A tag; several times for several
    #[arg(long = "tag", value_name = "TAG", value_parser = values::tag)]
    tags: Vec<Tag>,
    #[command(flatten)]
    body: Body,
}

#[derive(Debug, Args)]
pub(super) struct Tags {
    /// The note's id
    #[arg(value_parser = values::note_id::<Note>)]
    id: Id<Note>,
    /// The tags
    #[arg(value_name = "TAG", required = true, value_parser = values::tag)]
    tags: Vec<Tag>,
}

#[derive(Debug, Args)]
pub(super) struct Repositories {
    /// The note's id
    #[arg(value_parser = values::note_id::<Note>)]
    id: Id<Note>,
    /// The repositories
    #[arg(value_name = "ID|OWNER/NAME", required = true, value_parser = values::repository)]
    repositories: Vec<RepositorySelector>,
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
    /// Only those about this repository, alone or among others
    #[arg(long, value_name = "ID|OWNER/NAME", value_parser = values::repository)]
    repo: Option<RepositorySelector>,
    /// Only those with this tag; several times for those with all of them
    #[arg(long = "tag", value_name = "TAG", value_parser = values::tag)]
    tags: Vec<Tag>,
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
        NoteCommand::Tag(arguments) => tag(globals, &arguments, true),
        NoteCommand::Untag(arguments) => tag(globals, &arguments, false),
        NoteCommand::Link(arguments) => link(globals, &arguments, true),
        NoteCommand::Unlink(arguments) => link(globals, &arguments, false),
        NoteCommand::Remove(arguments) => remove(globals, &arguments),
    }
}

/// A line that identifies a note.
fn describe(note: &Note) -> String {
    format!("{} (id {})", note.name, note.id)
}

fn add(globals: &Globals, Add { name, owner, repo, tags, body }: Add) -> anyhow::Result<()> {
    let owner = owner.required()?;
    let text = Text { name, body: body.read()?.unwrap_or_default(), repository: repo, source: None, tags };
    let database = globals.open_to_add()?;
    let added = author::unit(&database, "note add").begin(|session| {
        let note = notes::add(session, &owner, text)?;
        notes::linked(session, note)
    })?;
    globals.report(&format!("added note {}", describe(&added.note)), &added)
}

/// Gives tags to a note, or takes them.
fn tag(globals: &Globals, Tags { id, tags }: &Tags, gives: bool) -> anyhow::Result<()> {
    let database = globals.open_to_change()?;
    let unit = author::unit(&database, if gives { "note tag" } else { "note untag" });
    let changed = unit.begin(|session| match gives {
        true => notes::tag(session, *id, tags),
        false => notes::untag(session, *id, tags),
    })?;
    report_with(globals, &changed, "tags")
}

/// Links a note with repositories, or removes such links.
fn link(globals: &Globals, Repositories { id, repositories }: &Repositories, links: bool) -> anyhow::Result<()> {
    let database = globals.open_to_change()?;
    let unit = author::unit(&database, if links { "note link" } else { "note unlink" });
    let changed = unit.begin(|session| match links {
        true => notes::link(session, *id, repositories),
        false => notes::unlink(session, *id, repositories),
    })?;
    report_with(globals, &changed, "repositories")
}

/// Reports the change of a note, and prints it with one more column.
fn report_with(globals: &Globals, changed: &Linked, column: &str) -> anyhow::Result<()> {
    let done = format!("changed note {}", describe(&changed.note));
    stderr::print_on_terminal(&done);
    let mut listing = globals.listing_with(column);
    let printed = listing.push(changed).and_then(|()| listing.finish());
    printed.map_err(|error| exit::after(&done, error.into()))
}

fn get(globals: &Globals, Get { id }: &Get) -> anyhow::Result<()> {
    let linked = globals.open_to_read()?.named("note get").read(|session| {
        let note = notes::get(session, *id)?;
        notes::linked(session, note)
    })?;
    globals.show_text(&linked, &linked.note.body)
}

fn list(globals: &Globals, List { owner, repo, tags, name, list }: List) -> anyhow::Result<()> {
    let owner = owner.selector();
    let mut asked = list.asked::<Linked>(globals)?;
    let database = globals.open_to_read()?;
    let mut listing = asked.listing();
    let count = database.named("note list").read(|session| -> anyhow::Result<Option<u64>> {
        let user = owner.map(|selector| users::get(session, &selector)).transpose()?.map(|owner| owner.id);
        let repository = repo.map(|selector| repositories::get(session, &selector)).transpose()?;
        let repository = repository.map(|owned| owned.repository.id);
        let filter = Filter { user, repository, tags, name, criteria: asked.criteria, sort: asked.sort };
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
    let read = database.named("note edit").read(|session| {
        let note = notes::get(session, id)?;
        notes::linked(session, note)
    })?;
    let repository = repo.map(Some).or(no_repo.then_some(None));
    let by_hand = name.is_none() && repository.is_none() && body.is_none();
    let changes = Changes { name, body, repository, ..Changes::default() };
    let save = |changes| {
        author::unit(&database, "note edit").begin(|session| {
            let note = notes::edit(session, read.note.clone(), changes)?;
            notes::linked(session, note)
        })
    };
    let changed = if by_hand {
        let save = |body| save(Changes { body: Some(body), ..changes });
        match editor::edit(&format!("note-{id}"), &read.note.body, save)? {
            Some(changed) => changed,
            None => {
                stderr::print("no change");
                return globals.print(&read);
            }
        }
    } else {
        save(changes)?
    };
    globals.report(&format!("changed note {}", describe(&changed.note)), &changed)
}

fn remove(globals: &Globals, Remove { id }: &Remove) -> anyhow::Result<()> {
    let database = globals.open_to_change()?;
    let removed = author::unit(&database, "note remove").begin(|session| notes::remove(session, *id))?;
    stderr::print(&format!("removed note {}", describe(&removed)));
    Ok(())
}
