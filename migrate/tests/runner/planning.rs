//! Plans, the order of migrations, and records that are written without running anything.

use diesel_migrate::{Planned, Stamp};

use super::*;

fn versions(planned: &[Planned]) -> Vec<(&str, Direction, usize)> {
    planned.iter().map(|plan| (plan.migration.name.as_str(), plan.direction, plan.statements.len())).collect()
}

/// A database with the first migration, and the first statement of a second one.
fn left_half_way() -> (Empty, tempfile::TempDir) {
    let (empty, folder) = (empty(), folder(&[TAGS]));
    empty.db.migrate(&shop(&folder)).unwrap();
    write(folder.path(), (ITEMS.0, "CREATE TABLE items (id BIGINT PRIMARY KEY); SELECT nothing", ITEMS.2));
    without_transaction(folder.path(), ITEMS.0);
    empty.db.migrate(&shop(&folder)).unwrap_err();
    (empty, folder)
}

#[test]
fn a_plan_is_what_up_and_down_then_do_and_writes_nothing() {
    let (empty, folder) = (empty(), folder(&[TAGS, ITEMS, LABELS]));
    let (db, migrations) = (&empty.db, shop(&folder));
    let plan = db.plan_up(&migrations, Target::Steps(2)).unwrap();
    assert_eq!(versions(&plan), [(TAGS.0, Direction::Up, 1), (ITEMS.0, Direction::Up, 2)]);
    assert_eq!(plan[1].statements[1], "INSERT INTO items (id) VALUES (7)");
    assert_eq!(plan[0].transaction, undoes_tables(db));
    assert!(db.migration_status(&migrations).unwrap().tables.is_empty());

    db.migrate(&migrations).unwrap();
    assert!(db.plan_up(&migrations, Target::All).unwrap().is_empty());
    let plan = db.plan_down(&migrations, Target::To("20260101000001".to_owned())).unwrap();
    assert_eq!(versions(&plan), [(LABELS.0, Direction::Down, 1), (ITEMS.0, Direction::Down, 1)]);
    assert_eq!(plan[1].losses, [("items".to_owned(), 1)]);
    assert_eq!(rows(db, "items"), Some(1));
}

#[test]
fn a_plan_counts_the_rows_of_tables_that_going_up_drops_and_not_of_those_that_it_rebuilds() {
    let (empty, folder) = (empty(), folder(&[TAGS, ITEMS, LABELS]));
    let db = &empty.db;
    db.migrate(&shop(&folder)).unwrap();
    let rebuild = "CREATE TABLE new_labels (id BIGINT PRIMARY KEY, name VARCHAR(9)); INSERT INTO new_labels (id) \
                   SELECT id FROM labels; DROP TABLE labels; ALTER TABLE new_labels RENAME TO labels";
    write(folder.path(), ("2026-02-01-000001_rebuild", rebuild, rebuild));
    write(folder.path(), ("2026-02-02-000001_no_items", "DROP TABLE items", ITEMS.1));
    let plan = db.plan_up(&shop(&folder), Target::All).unwrap();
    assert_eq!((&plan[0].losses[..], &plan[1].losses[..]), (&[][..], &[("items".to_owned(), 1)][..]));
    db.migrate(&shop(&folder)).unwrap();
    let plan = db.plan_down(&shop(&folder), Target::Steps(2)).unwrap();
    assert_eq!((plan[0].losses.len(), plan[1].losses.len()), (0, 0), "{plan:?}");
}

#[test]
fn a_plan_begins_where_an_interrupted_script_stopped() {
    let (empty, folder) = left_half_way();
    let (db, migrations) = (&empty.db, shop(&folder));
    let plan = db.plan_up(&migrations, Target::All).unwrap();
    assert_eq!((plan[0].done, plan[0].statements.as_slice()), (1, &["SELECT nothing".to_owned()][..]));
    assert!(!plan[0].transaction);
    assert_eq!(versions(&db.plan_down(&migrations, Target::Steps(1)).unwrap()), [(ITEMS.0, Direction::Down, 1)]);
}

#[test]
fn a_plan_is_refused_as_its_execution_would_be() {
    let (empty, folder) = (empty(), folder(&[TAGS]));
    let (db, migrations) = (&empty.db, shop(&folder));
    db.connection().unwrap().batch_execute("CREATE TABLE orders (id BIGINT PRIMARY KEY)").unwrap();
    let refused = db.plan_up(&migrations, Target::All).unwrap_err();
    assert!(matches!(&refused, Error::Foreign { place, .. } if place == db.place()), "{refused:?}");
    assert_eq!(db.plan_up(&migrations, Up::to(Target::All).into_existing()).unwrap().len(), 1);
    let refused = db.plan_down(&migrations, Target::To("2".to_owned())).unwrap_err();
    assert_eq!(refused.to_string(), "shop has no migration 2");
}

#[test]
fn a_migration_older_than_the_newest_applied_is_refused_unless_told() {
    let (empty, folder) = (empty(), folder(&[TAGS, LABELS]));
    let (db, migrations) = (&empty.db, shop(&folder));
    db.migrate(&migrations).unwrap();
    write(folder.path(), ITEMS);
    let refused = db.migrate(&migrations).unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!(
            "{} has {}, which is newer than what is to be applied ({}): give it a later version, or allow migrations out of \
             order",
            db.place(),
            LABELS.0,
            ITEMS.0
        )
    );
    assert!(db.require_current(&migrations).unwrap_err().is_pending());
    assert_eq!(rows(db, "items"), None);
    let applied = db.migrate_up(&migrations, Up::to(Target::All).out_of_order(), |_| ()).unwrap();
    assert_eq!(names(&applied), [ITEMS.0]);
    assert_eq!(names(&db.migrate_down(&migrations, Target::Steps(2), |_| ()).unwrap()), [LABELS.0, ITEMS.0]);
}

#[test]
fn an_older_migration_that_was_begun_is_finished_without_being_told() {
    let (empty, folder) = (empty(), folder(&[TAGS, LABELS]));
    let (db, migrations) = (&empty.db, shop(&folder));
    db.migrate(&migrations).unwrap();
    write(folder.path(), (ITEMS.0, "CREATE TABLE items (id BIGINT PRIMARY KEY); SELECT nothing", ITEMS.2));
    without_transaction(folder.path(), ITEMS.0);
    db.migrate_up(&migrations, Up::to(Target::All).out_of_order(), |_| ()).unwrap_err();
    write(
        folder.path(),
        (ITEMS.0, "CREATE TABLE items (id BIGINT PRIMARY KEY); INSERT INTO items VALUES (7)", ITEMS.2),
    );
    assert_eq!(names(&db.migrate(&migrations).unwrap()), [ITEMS.0]);
}

#[test]
fn stamping_records_and_removes_without_running_anything() {
    let (empty, folder) = (empty(), folder(&[TAGS, ITEMS, LABELS]));
    let (db, migrations) = (&empty.db, shop(&folder));
    db.connection().unwrap().batch_execute("CREATE TABLE tags (id BIGINT PRIMARY KEY)").unwrap();
    let to = |version: &str| Target::To(version.to_owned());
    let planned = db.plan_stamp(&migrations, &to("20260102000001")).unwrap();
    assert_eq!((names_of(&planned.recorded), planned.removed.len()), (vec![TAGS.0.to_owned(), ITEMS.0.to_owned()], 0));
    assert_eq!(db.migration_status(&migrations).unwrap().tables, ["tags"], "planning creates no table");
    assert_eq!(db.stamp(&migrations, &to("20260102000001")).unwrap(), planned);
    assert_eq!(rows(db, "items"), None);
    let status = db.migration_status(&migrations).unwrap();
    assert_eq!(status.schema_state(), SchemaState::Behind(1));
    assert!(status.applied.iter().all(|applied| !applied.edited));

    let moved = db.stamp(&migrations, &to(TAGS.0)).unwrap();
    assert_eq!((moved.recorded.len(), names_of(&moved.removed)), (0, vec![ITEMS.0.to_owned()]));
    assert_eq!(names(&db.migrate(&migrations).unwrap()), [ITEMS.0, LABELS.0]);
    assert_eq!(db.stamp(&migrations, &Target::All).unwrap(), Stamp::default());
    let refused = db.stamp(&migrations, &to("2")).unwrap_err();
    assert_eq!(refused.to_string(), "shop has no migration 2");
}

#[test]
fn stamping_takes_an_edited_script_for_the_one_that_was_applied() {
    let (empty, folder) = (empty(), folder(&[TAGS, ITEMS]));
    let (db, migrations) = (&empty.db, shop(&folder));
    db.migrate(&migrations).unwrap();
    write(folder.path(), (TAGS.0, "CREATE TABLE tags (id BIGINT PRIMARY KEY, name TEXT)", TAGS.2));
    let planned = db.plan_stamp(&migrations, &Target::All).unwrap();
    assert_eq!((names_of(&planned.recorded), planned.removed.len()), (vec![TAGS.0.to_owned()], 0));
    assert_eq!(db.stamp(&migrations, &Target::All).unwrap(), planned);
    assert!(db.migration_status(&migrations).unwrap().applied.iter().all(|applied| !applied.edited));
    assert_eq!(db.stamp(&migrations, &Target::All).unwrap(), Stamp::default());
}

#[test]
fn stamping_counts_what_was_left_half_way_as_finished() {
    let (empty, folder) = left_half_way();
    let (db, migrations) = (&empty.db, shop(&folder));
    assert_eq!(names(&db.stamp(&migrations, &Target::All).unwrap().recorded), [ITEMS.0]);
    assert_eq!(db.schema_state(&migrations).unwrap(), SchemaState::Current);
    assert!(db.migration_status(&migrations).unwrap().unfinished.is_empty());
}
