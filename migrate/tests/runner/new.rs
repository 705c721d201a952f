//! New migrations on disk. No database is needed.

use std::fs;
use std::path::Path;

use chrono::NaiveDateTime;
use diesel_migrate::{Created, Error, Migrations, create};
use diesel_session::connection::Engine;

use crate::support::{folder, shop};

fn at(time: &str) -> NaiveDateTime {
    NaiveDateTime::parse_from_str(time, "%Y-%m-%d %H:%M:%S").unwrap()
}

/// Makes a migration at 15:30:00.
fn made(folder: &Path, name: &str) -> Result<Created, Error> {
    create(folder, name, at("2026-11-29 15:30:00"))
}

#[test]
fn a_new_migration_is_named_as_diesels_command_line_does_and_does_nothing_yet() {
    let folder = folder(&[]);
    let created = made(folder.path(), "create_tags").unwrap();
    assert_eq!(created.migration.name, "2026-11-29-153000_create_tags");
    assert_eq!(created.migration.version, "20261129153000");
    let path = folder.path().join("2026-11-29-153000_create_tags");
    assert_eq!(created.files, [path.join("up.sql"), path.join("down.sql")]);
    assert_eq!(fs::read_to_string(&created.files[0]).unwrap(), "-- What this migration changes.\n");
    assert_eq!(fs::read_to_string(&created.files[1]).unwrap(), "-- What reverts up.sql, last statement first.\n");
    assert_eq!(shop(&folder).list(Engine::Sqlite).unwrap(), [created.migration]);
}

#[test]
fn each_engines_folder_gets_a_new_migration() {
    let folder = folder(&[]);
    for engine in ["sqlite", "mysql"] {
        fs::create_dir(folder.path().join(engine)).unwrap();
    }
    let created = made(folder.path(), "create_tags").unwrap();
    assert_eq!(created.files.len(), 4);
    let migrations = Migrations::folder("shop", folder.path());
    for engine in [Engine::Sqlite, Engine::Mysql] {
        assert_eq!(migrations.list(engine).unwrap(), std::slice::from_ref(&created.migration));
    }
    let up = folder.path().join("sqlite/2026-11-29-153000_create_tags/up.sql");
    assert_eq!(fs::read_to_string(up).unwrap(), "-- What this migration changes on SQLite.\n");
}

#[test]
fn a_new_migration_is_the_newest_of_all_engines() {
    let folder = folder(&[]);
    for old in ["sqlite/2026-01-01-000000_a", "postgres/2026-11-29-153007_b"] {
        fs::create_dir_all(folder.path().join(old)).unwrap();
    }
    let name = |made: Result<Created, Error>| made.unwrap().migration.name;
    assert_eq!(name(made(folder.path(), "c")), "2026-11-29-153008_c");
    assert_eq!(name(made(folder.path(), "c")), "2026-11-29-153009_c");
    assert_eq!(name(create(folder.path(), "c", at("2027-01-01 00:00:00"))), "2027-01-01-000000_c");
    assert_eq!(name(made(folder.path(), "d")), "2027-01-01-000001_d");
}

#[test]
fn a_version_that_is_not_a_time_is_passed_if_it_sorts_before_all_times_and_named_otherwise() {
    let early = folder(&[("0001_a", "SELECT 1", "")]);
    assert!(made(early.path(), "b").is_ok());
    let late = folder(&[("3_a", "SELECT 1", "")]);
    let said = made(late.path(), "b").unwrap_err().to_string();
    assert!(said.contains("3_a is not named after a time") && said.contains("rename it"), "{said}");
    assert_eq!(fs::read_dir(late.path()).unwrap().count(), 1);
}

#[test]
fn odd_names_become_valid_ones_or_are_refused() {
    for (name, valid) in [
        ("Add users, and their e-mail", "add_users_and_their_e_mail"),
        ("../../etc/passwd", "etc_passwd"),
        ("  _x__y_ ", "x_y"),
        ("2fa", "2fa"),
    ] {
        let folder = folder(&[]);
        assert_eq!(made(folder.path(), name).unwrap().migration.name, format!("2026-11-29-153000_{valid}"));
    }
    let folder = folder(&[]);
    for (name, said) in [
        ("", "\"\" cannot name a migration: say in a few words what it changes, such as create_tags"),
        ("?!", "\"?!\" cannot name a migration: say in a few words what it changes, such as create_tags"),
        ("größe", "\"größe\" cannot name a migration: not every file system has 'ö'; write it with the letters a to z"),
    ] {
        let refused = made(folder.path(), name).unwrap_err();
        assert!(matches!(refused, Error::InvalidName { .. }), "{refused:?}");
        assert_eq!(refused.to_string(), said);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_folder_that_is_not_there_is_named_and_not_made() {
    let said = made(Path::new("/nowhere/at/all"), "a").unwrap_err().to_string();
    assert!(said.starts_with("/nowhere/at/all: "), "{said}");
}

#[test]
fn nothing_is_left_of_a_migration_that_could_not_be_written_for_every_engine() {
    let folder = folder(&[]);
    fs::create_dir(folder.path().join("sqlite")).unwrap();
    fs::create_dir(folder.path().join("mysql")).unwrap();
    // A file of that name, which is not a migration and must stay.
    let file = folder.path().join("mysql/2026-11-29-153000_a");
    fs::write(&file, "notes").unwrap();
    let said = made(folder.path(), "a").unwrap_err().to_string();
    assert!(said.starts_with(&file.display().to_string()), "{said}");
    assert_eq!(fs::read_dir(folder.path().join("sqlite")).unwrap().count(), 0);
    assert_eq!(fs::read_to_string(file).unwrap(), "notes");
}
