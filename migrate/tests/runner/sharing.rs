//! Several applications in one database, and several versions of one application.

use folio_testing::recorded;

use super::*;

#[test]
fn a_database_of_others_is_left_alone_unless_told() {
    let (empty, folder) = (empty(), folder(&[TAGS]));
    let (db, migrations) = (&empty.db, shop(&folder));
    db.connection().unwrap().batch_execute("CREATE TABLE orders (id BIGINT PRIMARY KEY)").unwrap();
    assert_eq!(db.schema_state(&migrations).unwrap(), SchemaState::Foreign(vec!["orders".to_owned()]));
    let refused = db.migrate(&migrations).unwrap_err();
    assert!(
        matches!(&refused, Error::Foreign { place, application, tables }
            if place == db.place() && application == "shop" && *tables == ["orders"]),
        "{refused:?}"
    );
    assert!(db.require_current(&migrations).is_err());
    assert!(db.migrate_down(&migrations, Target::All, |_| ()).unwrap().is_empty());
    assert_eq!(rows(db, "tags"), None);

    db.migrate_up(&migrations, Up::to(Target::All).into_existing(), |_| ()).unwrap();
    assert_eq!(db.schema_state(&migrations).unwrap(), SchemaState::Current);
    assert_eq!(db.migrate_down(&migrations, Target::All, |_| ()).unwrap().len(), 1);
    assert_eq!(rows(db, "orders"), Some(0));
}

#[test]
fn two_applications_keep_their_own_migrations_in_one_database_and_one_history() {
    let (empty, folder, others) = (empty(), folder(&[TAGS]), folder(&[LABELS]));
    let (db, shop) = (&empty.db, shop(&folder));
    let forum = Migrations::folder("forum", others.path());
    db.migrate(&shop).unwrap();
    assert!(matches!(db.migrate(&forum).unwrap_err(), Error::Foreign { .. }));
    db.migrate_up(&forum, Up::to(Target::All).into_existing(), |_| ()).unwrap();
    for migrations in [&shop, &forum] {
        assert_eq!(db.schema_state(migrations).unwrap(), SchemaState::Current);
        db.require_current(migrations).unwrap();
    }
    let unknown = db.migration_status(&shop).unwrap().unknown;
    assert_eq!(unknown.len(), 1);
    assert_eq!(unknown[0].version, "20260103000001", "a later version");
    assert_eq!(unknown[0].application.as_deref(), Some("forum"));

    write(folder.path(), ITEMS);
    assert_eq!(names(&db.migrate(&shop).unwrap()), [ITEMS.0]);
    assert_eq!(db.migrate_down(&shop, Target::All, |_| ()).unwrap().len(), 2);
    assert_eq!(db.schema_state(&forum).unwrap(), SchemaState::Current);
    assert_eq!(rows(db, "labels"), Some(0));
}

#[test]
fn versions_that_diesels_own_runner_applied_for_somebody_lock_nobody_out() {
    let (empty, folder, others) = (empty(), folder(&[TAGS]), folder(&[LABELS]));
    let (db, migrations) = (&empty.db, shop(&folder));
    db.migrate(&migrations).unwrap();
    let files = FileBasedMigrations::from_path(others.path()).unwrap();
    db.connection().unwrap().run_pending_migrations(files).unwrap();
    assert_eq!(db.schema_state(&migrations).unwrap(), SchemaState::Current);
    assert_eq!(db.migration_status(&migrations).unwrap().unknown[0].application, None);
}

#[test]
fn a_database_that_a_newer_version_of_the_application_migrated_is_refused() {
    let (empty, folder) = (empty(), folder(&[TAGS]));
    let (db, migrations) = (&empty.db, shop(&folder));
    db.migrate(&migrations).unwrap();
    db.connection().unwrap().batch_execute(&recorded("20991231000000", "shop")).unwrap();
    assert_eq!(db.schema_state(&migrations).unwrap(), SchemaState::Newer(vec!["20991231000000".to_owned()]));
    write(folder.path(), ITEMS);
    for refused in [
        db.migrate(&migrations).map(drop),
        db.migrate_down(&migrations, Target::All, |_| ()).map(drop),
        db.migration_losses(&migrations, Target::All).map(drop),
        db.require_current(&migrations),
    ] {
        assert_eq!(
            refused.unwrap_err().to_string(),
            format!(
                "{} was migrated by a newer version of shop (unknown migrations: 20991231000000); use that version",
                db.place()
            )
        );
    }
    assert_eq!((rows(db, "tags"), rows(db, "items")), (Some(0), None));
}

#[test]
fn a_database_of_the_applications_own_other_migrations_is_not_taken_for_somebody_elses() {
    let (empty, folder, others) = (empty(), folder(&[TAGS]), folder(&[LABELS]));
    let db = &empty.db;
    db.migrate(&shop(&folder)).unwrap();
    let other = shop(&others);
    assert_eq!(db.schema_state(&other).unwrap(), SchemaState::Newer(vec!["20260101000001".to_owned()]));
    let refused = db.migrate_up(&other, Up::to(Target::All).into_existing(), |_| ()).unwrap_err();
    assert!(matches!(refused, Error::Newer { .. }), "{refused:?}");
}

#[test]
fn a_table_of_somebody_elses_under_a_name_of_the_runners_is_named() {
    for table in ["__diesel_schema_migrations", "__diesel_migrate"] {
        let (empty, folder) = (empty(), folder(&[TAGS]));
        let (db, migrations) = (&empty.db, shop(&folder));
        db.connection().unwrap().batch_execute(&format!("CREATE TABLE {table} (id BIGINT)")).unwrap();
        for refused in [db.migrate(&migrations).map(drop), db.require_current(&migrations)] {
            let said = refused.unwrap_err().to_string();
            assert!(said.starts_with(&format!("{} has a table {table} that cannot be read", db.place())), "{said}");
        }
        assert_eq!(rows(db, "tags"), None);
    }
}

#[test]
fn a_version_that_another_application_has_applied_is_not_taken_for_ones_own() {
    let (empty, folder) = (empty(), folder(&[TAGS]));
    let (db, shop) = (&empty.db, shop(&folder));
    db.migrate(&shop).unwrap();
    let forum = Migrations::folder("forum", folder.path());
    assert!(matches!(db.schema_state(&forum).unwrap(), SchemaState::Foreign(_)));
    let refused = db.migrate_up(&forum, Up::to(Target::All).into_existing(), |_| ()).unwrap_err();
    assert!(
        matches!(&refused, Error::VersionTaken { version, other, .. }
            if version == "20260101000001" && other == "shop"),
        "{refused:?}"
    );
    assert!(db.migrate_down(&forum, Target::All, |_| ()).unwrap().is_empty());
    assert_eq!(db.schema_state(&shop).unwrap(), SchemaState::Current);
}

#[test]
fn tables_of_others_under_the_names_of_ones_own_are_named_before_anything_is_done() {
    let (empty, folder) = (empty(), folder(&[TAGS, LABELS]));
    let (db, migrations) = (&empty.db, shop(&folder));
    db.connection().unwrap().batch_execute("CREATE TABLE labels (id BIGINT); CREATE TABLE orders (id BIGINT)").unwrap();
    for up in [Up::to(Target::All), Up::to(Target::All).into_existing()] {
        let said = db.migrate_up(&migrations, up, |_| ()).unwrap_err().to_string();
        assert!(said.contains("(labels)") && said.contains("give shop a database of its own"), "{said}");
    }
    assert_eq!(rows(db, "tags"), None);
}

#[test]
fn a_table_that_a_script_creates_only_if_it_does_not_exist_is_not_refused() {
    let (empty, folder) = (empty(), folder(&[TAGS]));
    let (db, migrations) = (&empty.db, shop(&folder));
    db.migrate(&migrations).unwrap();
    db.connection().unwrap().batch_execute(LABELS.1).unwrap();
    write(folder.path(), (LABELS.0, &LABELS.1.replace("TABLE", "TABLE IF NOT EXISTS"), LABELS.2));
    assert_eq!(db.migrate(&migrations).unwrap().len(), 1);
}

#[test]
fn a_table_that_a_pending_migration_rebuilds_is_not_taken_for_somebody_elses() {
    let (empty, folder) = (empty(), folder(&[TAGS]));
    let (db, migrations) = (&empty.db, shop(&folder));
    db.migrate(&migrations).unwrap();
    let rebuild = "ALTER TABLE tags RENAME TO old_tags; CREATE TABLE tags (id BIGINT PRIMARY KEY, name VARCHAR(9)); \
                   INSERT INTO tags (id) SELECT id FROM old_tags; DROP TABLE old_tags";
    write(folder.path(), ("2026-02-01-000001_rebuild", rebuild, "ALTER TABLE tags DROP COLUMN name"));
    assert_eq!(db.migrate(&migrations).unwrap().len(), 1);
}
