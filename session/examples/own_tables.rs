//! Two tables of one's own, from their migrations to two people who edit the same row. On SQLite in memory, or on the
//! database whose URL is given:
//!
//! ```sh
//! cargo run --example own_tables
//! cargo run --example own_tables --features postgres -- postgres://app@localhost/projects
//! ```

use diesel::prelude::*;
use diesel_migrate::{Migrate as _, Migrations, include_dir};
use diesel_session::prelude::*;

// The scripts that create the tables, one folder per engine, compiled in.
static SCRIPTS: include_dir::Dir<'_> = include_dir::include_dir!("$CARGO_MANIFEST_DIR/examples/migrations");
static MIGRATIONS: Migrations = Migrations::embedded("projects", &SCRIPTS);

// As `diesel print-schema` prints them.
diesel::table! {
    projects (id) { id -> BigInt, name -> Text }
}
diesel::table! {
    tasks (id) { id -> BigInt, project_id -> BigInt, title -> Text, done -> Bool, version -> BigInt }
}

// One struct for each table; the derive writes `NewProject` and `NewTask` beside them.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = projects)]
pub struct Project {
    #[entity(key)]
    pub id: Id<Project>,
    pub name: Text256,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = tasks)]
pub struct Task {
    #[entity(key)]
    pub id: Id<Task>,
    #[entity(references = projects::id)]
    pub project_id: Id<Project>,
    pub title: Text256,
    #[entity(default = bool::default)]
    pub done: bool,
    #[entity(version)]
    pub version: i64,
}

fn main() -> diesel_migrate::Result<()> {
    run(&std::env::args().nth(1).unwrap_or_else(|| "sqlite::memory:".to_owned()))
}

pub fn run(url: &str) -> diesel_migrate::Result<()> {
    let db = Database::open_with(url, Options::default().access(Access::Create))?;
    db.migrate(&MIGRATIONS)?;

    // A unit of work: rows are added in memory, and the commit sends them, the project first.
    let task = db.begin(|session| -> Result<Task> {
        let project = session.add(NewProject::new("Website")?);
        session.add(NewTask::new(project, "Choose a name")?);
        let task = session.add(NewTask::new(project, "Write the front page")?);
        assert_eq!(session.plan()?.to_string(), "INSERT projects (1 row)\nINSERT tasks (2 rows)");
        session.detach(task) // flushes, and gives the row as a plain value
    })?;
    assert_eq!((task.id, task.done, task.version), (Id::new(2), false, 1));

    // A query is Diesel's; the rows that it finds are edited in place, and only what changed is sent.
    db.begin(|session| -> Result<()> {
        let open = session.query(Task::query().filter(tasks::done.eq(false)).order(tasks::id)).all()?;
        session.edit(open[1])?.done = true; // UPDATE tasks SET done, version
        Ok(())
    })?;

    // Someone saves a value that was read before that edit: the version tells, and nothing is overwritten.
    let late = Task { title: "Write the first page".try_into()?, ..task };
    let refused = db.begin(|session| session.attach(late));
    assert!(refused.is_err_and(|error| error.is_stale()));

    // Several rows by their foreign key, in one SELECT.
    db.read(|session| -> Result<()> {
        let website = session.query(Project::query()).one()?;
        let tasks = session.children(tasks::project_id, &[website])?.concat();
        for (task, done) in tasks.into_iter().zip([false, true]) {
            let task = session.row(task)?;
            assert_eq!(task.done, done);
            println!("{} {}", if done { "[x]" } else { "[ ]" }, task.title);
        }
        Ok(())
    })?;
    Ok(())
}
