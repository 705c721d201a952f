//! The verbs at the size of a grown application: sixty tables, or the migrations of a real project.

use std::time::Instant;

use diesel_migrate::schema::Schema;
use folio_testing::TestEngine;

use super::*;
use crate::many_tables::{table, version, write_tables};

const TABLES: usize = 60;

/// A folder with a migration for each table.
fn tables() -> tempfile::TempDir {
    let folder = folder(&[]);
    write_tables(folder.path(), engine(module_path!()), TABLES);
    folder
}

#[test]
fn sixty_tables_go_up_and_down_with_what_is_lost_by_it() {
    let (empty, folder) = (empty(), tables());
    let (db, migrations) = (&empty.db, shop(&folder));
    let plan = db.plan_up(&migrations, Target::All).unwrap();
    assert_eq!(plan.len(), TABLES);
    assert!(plan.iter().all(|planned| planned.statements.len() == plan[0].statements.len()));

    assert_eq!(db.migrate_up(&migrations, Target::Steps(25), |_| ()).unwrap().len(), 25);
    assert_eq!(db.schema_state(&migrations).unwrap(), SchemaState::Behind(TABLES - 25));
    assert_eq!(db.migrate(&migrations).unwrap().len(), TABLES - 25);
    let status = db.migration_status(&migrations).unwrap();
    assert_eq!((status.applied.len(), status.tables.len()), (TABLES, TABLES));
    assert_eq!(status.applied.iter().filter(|applied| applied.edited).count(), 0);

    let lost: Vec<_> = db.migration_losses(&migrations, Target::All).unwrap();
    let lost: Vec<_> = lost.into_iter().flat_map(|loss| loss.tables).collect();
    assert_eq!(lost, (0..TABLES).rev().map(|number| (table(number), 1)).collect::<Vec<_>>());
    assert_eq!(db.migrate_down(&migrations, Target::To(version(39)), |_| ()).unwrap().len(), TABLES - 40);
    assert_eq!((rows(db, &table(39)), rows(db, &table(40))), (Some(1), None));
    assert_eq!(db.migrate_down(&migrations, Target::All, |_| ()).unwrap().len(), 40);
    assert!(db.migration_status(&migrations).unwrap().tables.is_empty());
}

#[test]
fn sixty_migrations_are_stamped_forth_and_back() {
    let (empty, folder) = (empty(), tables());
    let (db, migrations) = (&empty.db, shop(&folder));
    assert_eq!(db.stamp(&migrations, &Target::All).unwrap().recorded.len(), TABLES);
    assert_eq!(db.schema_state(&migrations).unwrap(), SchemaState::Current);
    assert!(db.plan_stamp(&migrations, &Target::All).unwrap().is_empty());
    let back = db.stamp(&migrations, &Target::To(version(9))).unwrap();
    assert_eq!((back.recorded.len(), back.removed.len()), (0, TABLES - 10));
    assert_eq!(db.schema_state(&migrations).unwrap(), SchemaState::Behind(TABLES - 10));
}

#[test]
fn sixty_tables_are_compared_written_out_drawn_and_looked_at() {
    let (empty, folder) = (empty(), tables());
    let (db, migrations) = (&empty.db, shop(&folder));
    db.migrate(&migrations).unwrap();
    assert!(db.drift(&migrations).unwrap().is_empty());
    let mut connection = db.connection().unwrap();
    let engine = connection.engine();
    connection.batch_execute("CREATE INDEX late ON part_31 (made)").unwrap();
    drop(connection);
    let drift = db.drift(&migrations).unwrap();
    let [extra] = &*drift else { panic!("{drift:?}") };
    assert!(extra.to_string().starts_with("table part_31: the index late on "), "{extra}");

    let schema = Schema::read(&mut db.connection().unwrap()).unwrap();
    assert_eq!(schema.tables.len(), TABLES);
    assert!(schema.mermaid().lines().count() > TABLES * 6);
    assert_eq!(schema.svg().matches("part_17</text>").count(), 1);
    assert!(migrations.lint(engine).unwrap().is_empty(), "{:?}", migrations.lint(engine).unwrap().first());
    let script = migrations.sql(engine, Direction::Up, None, &Target::All).unwrap();
    assert_eq!(script.matches("CREATE TABLE part_").count(), TABLES);
}

/// The variable that names a real project's folder of migrations for an engine.
fn variable(engine: TestEngine) -> &'static str {
    match engine {
        TestEngine::Sqlite => "DIESEL_MIGRATE_FOREIGN_SQLITE",
        TestEngine::Postgres => "DIESEL_MIGRATE_FOREIGN_POSTGRES",
        TestEngine::Mariadb => "DIESEL_MIGRATE_FOREIGN_MARIADB",
        TestEngine::Mysql => "DIESEL_MIGRATE_FOREIGN_MYSQL",
    }
}

#[test]
#[ignore = "needs DIESEL_MIGRATE_FOREIGN_{SQLITE,POSTGRES,MARIADB,MYSQL}: a real project's folder of migrations"]
fn the_migrations_of_a_real_project_are_planned_applied_and_current() {
    let Some(path) = std::env::var_os(variable(engine(module_path!()))) else { return };
    let (empty, migrations) = (empty(), Migrations::folder("real", &path));
    let db = &empty.db;
    let planned = db.plan_up(&migrations, Target::All).unwrap();
    let start = Instant::now();
    let applied = db.migrate(&migrations).unwrap();
    let took = start.elapsed();
    assert_eq!(names(&applied), planned.iter().map(|planned| planned.migration.name.as_str()).collect::<Vec<_>>());
    let status = db.migration_status(&migrations).unwrap();
    assert_eq!((status.schema_state(), status.pending.len()), (SchemaState::Current, 0));
    assert!(db.migrate(&migrations).unwrap().is_empty());
    println!("{}: {} migrations, {} tables, {took:?}", path.display(), applied.len(), status.tables.len());
}
