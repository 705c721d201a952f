//! Where migrations are read from, and the errors of reading them. No database is needed.

use std::fs;

use diesel_migrate::{Error, Migrations, include_dir};
use diesel_migrations::{EmbeddedMigrations, FileBasedMigrations, embed_migrations};
use diesel_session::connection::Engine;

use crate::support::{Scripts, folder, shop, write};

const TAGS: Scripts<'_> = ("2026-01-31-120000_create_tags", "CREATE TABLE tags (id INT)", "DROP TABLE tags");

static EXAMPLE: include_dir::Dir<'_> = include_dir::include_dir!("$CARGO_MANIFEST_DIR/docs/example");
const EMBEDDED: EmbeddedMigrations = embed_migrations!("docs/example");

fn problem(migrations: &Migrations) -> String {
    let refused = migrations.list(Engine::Sqlite).unwrap_err();
    assert!(matches!(refused, Error::Source { .. }), "{refused:?}");
    refused.to_string()
}

#[test]
fn every_source_gives_the_same_migrations() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example");
    for migrations in [
        Migrations::embedded("shop", &EXAMPLE),
        Migrations::folder("shop", path),
        Migrations::diesel("shop", EMBEDDED),
        Migrations::diesel("shop", FileBasedMigrations::from_path(path).unwrap()),
        Migrations::diesel_by_engine("shop", |_| EMBEDDED),
    ] {
        for engine in Engine::ALL {
            let found = migrations.list(*engine).unwrap();
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].name, "2026-01-31-120000_create_tags");
            assert_eq!(found[0].version, "20260131120000");
        }
    }
}

#[test]
fn migrations_are_ordered_by_version_and_other_files_are_left_out() {
    let folder = folder(&[("2_b", "SELECT 1", ""), ("10_c", "SELECT 1", ""), ("1_a", "SELECT 1", "")]);
    fs::write(folder.path().join("README.md"), "about").unwrap();
    fs::create_dir(folder.path().join(".git")).unwrap();
    let names: Vec<_> = shop(&folder).list(Engine::Sqlite).unwrap().into_iter().map(|found| found.name).collect();
    assert_eq!(names, ["1_a", "10_c", "2_b"], "as Diesel orders them, as text");
}

#[test]
fn a_folder_per_engine_holds_the_migrations_of_that_engine() {
    let folder = folder(&[]);
    write(&folder.path().join("sqlite"), TAGS);
    write(&folder.path().join("postgres"), ("2026-01-31-120000_create_tags", "CREATE TABLE tags (id INT8)", ""));
    let migrations = shop(&folder);
    assert_eq!(migrations.list(Engine::Sqlite).unwrap(), migrations.list(Engine::Postgres).unwrap());
    let refused = migrations.list(Engine::Mysql).unwrap_err().to_string();
    assert!(refused.ends_with("it has no folder named mysql for MySQL and MariaDB"), "{refused}");
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let said = problem(&Migrations::folder("shop", "/nowhere/at/all"));
    assert!(said.starts_with("/nowhere/at/all: "), "{said}");
}

#[test]
fn a_migration_without_an_up_script_is_named() {
    let folder = folder(&[TAGS]);
    fs::create_dir(folder.path().join("2026-02-01-120000_empty")).unwrap();
    let said = problem(&shop(&folder));
    assert!(said.ends_with("2026-02-01-120000_empty: there is no up.sql in it"), "{said}");
}

#[test]
fn two_migrations_of_one_version_are_named() {
    let folder = folder(&[TAGS, ("20260131120000_other", "SELECT 1", "")]);
    let said = problem(&shop(&folder));
    assert_eq!(
        said,
        "the migrations of shop: 2026-01-31-120000_create_tags and 20260131120000_other have the same version"
    );
}

#[test]
fn a_script_that_is_not_utf8_is_named_with_the_place_in_it() {
    let folder = folder(&[TAGS]);
    fs::write(folder.path().join(TAGS.0).join("up.sql"), b"SELECT '\xff'").unwrap();
    let said = problem(&shop(&folder));
    assert!(said.ends_with("up.sql: it is not UTF-8, from byte 9 on"), "{said}");
}

#[test]
fn metadata_that_is_not_toml_or_has_a_misspelt_key_is_named() {
    for (metadata, named) in
        [("run_in_transaction = maybe", "metadata.toml: "), ("in_transaction = false", "`in_transaction`")]
    {
        let folder = folder(&[TAGS]);
        fs::write(folder.path().join(TAGS.0).join("metadata.toml"), metadata).unwrap();
        let said = problem(&shop(&folder));
        assert!(said.contains("metadata.toml: ") && said.contains(named), "{said}");
    }
}
