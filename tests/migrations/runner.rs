//! Folio's migrations on an engine: what they make, that each can be undone with rows in the tables, that Diesel's own
//! runner continues them, and that a program which is killed in the middle does it when it is run again.
//!
//! What the runner itself promises is tested where it is, in `diesel-migrate`.

mod catalogue;
mod interrupted;

use diesel::connection::SimpleConnection as _;
use diesel_migrations::{FileBasedMigrations, MigrationHarness as _};
use folio::Database;
use folio::connection::{Access, Engine};
use folio::database::Options;
use folio::migrations::{MIGRATIONS, Migrate as _, Migration, SchemaState, Target, Up};
use tempfile::TempDir;

use crate::support::{address, engine};
use catalogue::catalogue;

fn dialect() -> Engine {
    crate::support::dialect(engine(module_path!()))
}

fn migrations() -> Vec<Migration> {
    MIGRATIONS.list(dialect()).unwrap()
}

/// The folder from which Diesel's own command line runs the migrations.
fn folder() -> String {
    format!("{}/migrations/{}", env!("CARGO_MANIFEST_DIR"), dialect().feature())
}

fn files() -> FileBasedMigrations {
    FileBasedMigrations::from_path(folder()).unwrap()
}

/// An empty database of its own.
struct Empty {
    db: Database,
    url: String,
    _folder: Option<TempDir>,
}

impl Empty {
    fn new() -> Self {
        let (url, folder) = address(engine(module_path!()));
        let db = Database::open_with(&url, Options::new().access(Access::Create)).unwrap();
        Self { db, url, _folder: folder }
    }

    fn up(&self, steps: usize) -> Vec<Migration> {
        self.db.migrate_up(Target::Steps(steps), |_| ()).unwrap()
    }

    fn down(&self, target: Target) -> Vec<Migration> {
        self.db.migrate_down(target, |_| ()).unwrap()
    }

    fn state(&self) -> SchemaState {
        self.db.schema_state().unwrap()
    }

    fn catalogue(&self) -> Vec<String> {
        catalogue(&mut self.db.connection().unwrap())
    }

    fn execute(&self, sql: &str) {
        self.db.connection().unwrap().batch_execute(sql).unwrap();
    }

    /// Inserts a row into the table that a migration creates, or fills the columns that it adds.
    fn fill(&self, migration: &Migration) {
        self.execute(match migration.name.split_once('_').unwrap().1 {
            "create_users" => "INSERT INTO users (id, user_id, username) VALUES (10001, 1, 'step')",
            "create_repositories" => {
                "INSERT INTO repositories (id, user_id, repo_name, status) VALUES (20001, 1, 'folio', 'Public')"
            }
            "create_resumes" => {
                "INSERT INTO resumes (user_id, vacancy, body) VALUES (10001, 'Junior Rust developer', '')"
            }
            "create_notes" => {
                "INSERT INTO notes (user_id, repository_id, name, body) VALUES (10001, 20001, 'idea', '')"
            }
            "describe_users" => "UPDATE users SET name = 'Step', kind = 'Bot'",
            "describe_repositories" => "UPDATE repositories SET visibility = 'Internal', stars = 3, fork = TRUE",
            "link_notes" => {
                "INSERT INTO note_tags (note_id, tag) SELECT id, 'rust' FROM notes; \
                 INSERT INTO note_repositories (note_id, repository_id) SELECT id, 20001 FROM notes"
            }
            "record_changes" => {
                "INSERT INTO diesel_session_history (unit, changed_at, table_name, row_key, operation) \
                 VALUES ('00', '2026-01-01 00:00:00', 'users', '10001', 'INSERT')"
            }
            "index_texts" => "UPDATE users SET name = 'Searched'",
            other => panic!("say here what {other} is filled with"),
        });
    }
}

#[test]
fn the_program_carries_exactly_the_migrations_of_the_folder() {
    let mut folders: Vec<_> =
        std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    folders.sort();
    let carried: Vec<_> = migrations().into_iter().map(|migration| migration.name).collect();
    assert_eq!(carried, folders);
}

#[test]
fn all_engines_have_the_same_migrations() {
    for engine in Engine::ALL {
        assert_eq!(MIGRATIONS.list(*engine).unwrap(), migrations());
    }
}

#[test]
fn each_migration_can_be_undone_and_redone_with_rows_in_the_tables() {
    let empty = Empty::new();
    for migration in migrations() {
        let before = empty.catalogue();
        assert_eq!(empty.up(1), std::slice::from_ref(&migration));
        let after = empty.catalogue();
        assert_ne!(before, after);
        empty.fill(&migration);

        assert_eq!(empty.down(Target::Steps(1)), std::slice::from_ref(&migration));
        assert_eq!(empty.catalogue(), before, "{migration} down");

        assert_eq!(empty.up(1), std::slice::from_ref(&migration));
        assert_eq!(empty.catalogue(), after, "{migration} up again");
        empty.fill(&migration);
    }
}

#[test]
fn down_to_nothing_leaves_nothing_even_with_rows_in_every_table() {
    let empty = Empty::new();
    for migration in empty.up(usize::MAX) {
        empty.fill(&migration);
    }
    let mut newest_first = migrations();
    newest_first.reverse();
    assert_eq!(empty.down(Target::All), newest_first);
    assert!(empty.catalogue().is_empty());
    assert_eq!(empty.state(), SchemaState::Empty);
    assert!(empty.down(Target::All).is_empty());
}

#[test]
fn diesel_takes_over_what_folio_applied() {
    let empty = Empty::new();
    empty.up(5);
    let mut connection = empty.db.connection().unwrap();
    let applied = connection.run_pending_migrations(files()).unwrap();
    let applied: Vec<String> = applied.iter().map(ToString::to_string).collect();
    assert_eq!(applied, migrations()[5..].iter().map(|migration| migration.version.clone()).collect::<Vec<_>>());
    assert_eq!(empty.state(), SchemaState::Current);
    assert_eq!(connection.revert_all_migrations(files()).unwrap().len(), migrations().len());
    assert_eq!(empty.state(), SchemaState::Empty);
}

#[test]
fn folio_takes_over_what_diesel_applied() {
    let empty = Empty::new();
    empty.db.connection().unwrap().run_pending_migrations(files()).unwrap();
    assert_eq!(empty.state(), SchemaState::Current);
    assert!(empty.db.migrate().unwrap().is_empty());
    assert_eq!(empty.down(Target::All).len(), migrations().len());
}

#[test]
fn the_embedded_migrations_are_a_source_for_diesels_own_harness() {
    let empty = Empty::new();
    let mut connection = empty.db.connection().unwrap();
    connection.run_pending_migrations(MIGRATIONS.for_diesel(dialect()).unwrap()).unwrap();
    assert_eq!(empty.state(), SchemaState::Current);
    connection.revert_last_migration(MIGRATIONS.for_diesel(dialect()).unwrap()).unwrap();
    assert_eq!(empty.state(), SchemaState::Behind(1));
}

#[test]
fn every_way_down_is_proven_and_a_new_database_has_no_drift() {
    let empty = Empty::new();
    empty.db.migrate().unwrap();
    assert_eq!(diesel_migrate::Migrate::drift(&empty.db, &MIGRATIONS).unwrap(), []);
    let proofs = diesel_migrate::Migrate::prove_migrations(&empty.db, &MIGRATIONS).unwrap();
    assert_eq!(proofs.len(), migrations().len());
    for proof in proofs {
        assert!(proof.is_proven() && proof.losses.is_empty() && proof.unfilled.is_empty(), "{proof:#?}");
    }
    assert_eq!(empty.state(), SchemaState::Current);
}

#[test]
fn tables_that_have_the_names_of_folios_are_named_before_anything_is_done() {
    let empty = Empty::new();
    // Migrations alter some of these tables later.
    empty.execute("CREATE TABLE notes (id BIGINT); CREATE TABLE users (id BIGINT); CREATE TABLE orders (id BIGINT)");
    let before = empty.catalogue();
    for up in [Up::to(Target::All), Up::to(Target::All).into_existing()] {
        let said = empty.db.migrate_up(up, |_| ()).unwrap_err().to_string();
        assert!(said.contains("(notes, users)") && said.contains("give folio a database of its own"), "{said}");
        assert!(!said.contains("--into-existing"), "{said}");
    }
    assert_eq!(empty.catalogue(), before);
}

#[test]
fn a_migration_that_fails_is_done_when_what_stood_against_it_is_gone() {
    for before in [0, 1] {
        let empty = Empty::new();
        empty.up(before);
        empty.execute("CREATE VIEW resumes AS SELECT 1 AS one");
        let said = empty.db.migrate().unwrap_err().to_string();
        assert!(said.starts_with("migration 2026-11-01-000003_create_resumes failed going up: "), "{said}");
        assert!(said.contains("resumes") && said.contains("already exists"), "{said}");
        let left = if before == 0 { SchemaState::Empty } else { SchemaState::Behind(migrations().len() - 2) };
        assert_eq!(empty.state(), left);
        empty.execute("DROP VIEW resumes");
        empty.db.migrate().unwrap();
        assert_eq!(empty.state(), SchemaState::Current);
        let whole = Empty::new();
        whole.db.migrate().unwrap();
        assert_eq!(empty.catalogue(), whole.catalogue());
    }
}

#[test]
fn a_way_down_that_fails_leaves_the_migration_applied() {
    let empty = Empty::new();
    empty.db.migrate().unwrap();
    empty.execute("INSERT INTO users (user_id, username) VALUES (1, 'step')");
    empty.execute(
        "CREATE TABLE orders (user_id BIGINT NOT NULL, FOREIGN KEY (user_id) REFERENCES users (user_id)); \
         INSERT INTO orders VALUES (1)",
    );
    let failed = empty.db.migrate_down(Target::All, |_| ()).unwrap_err();
    assert!(failed.to_string().starts_with("migration 2026-11-01-000001_create_users failed going down: "), "{failed}");
    assert!(matches!(empty.state(), SchemaState::Behind(_)));
    empty.execute("DROP TABLE orders");
    assert_eq!(empty.down(Target::All).len(), 1);
    assert!(empty.catalogue().iter().all(|line| !line.contains("users")));
}
