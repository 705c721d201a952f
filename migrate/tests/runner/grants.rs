//! The rights of a role that uses the tables and does not migrate.

use diesel_session::database::Access;

use super::*;

const SERIAL: Scripts<'_> = (
    "2026-01-02-000002_more",
    "CREATE TABLE old_notes (id SERIAL PRIMARY KEY, tag_id BIGINT); ALTER TABLE old_notes RENAME TO notes; \
     CREATE TABLE gone (id BIGINT PRIMARY KEY); DROP TABLE gone; CREATE VIEW tagged AS SELECT id FROM tags",
    "DROP VIEW tagged; DROP TABLE notes",
);

/// A database with its tables, and one of the same under a role that has these grants; `None` where there are no roles.
fn granted(folder: &tempfile::TempDir) -> Option<(Empty, Database)> {
    let (empty, migrations) = (empty(), shop(folder));
    let mut connection = empty.db.connection().unwrap();
    let engine = connection.engine();
    if engine == Engine::Sqlite {
        assert!(migrations.grants(engine, "app").unwrap().starts_with("-- SQLite has no roles"));
        return None;
    }
    empty.db.migrate(&migrations).unwrap();
    // Roles belong to the server, so each database has one of its own.
    let role = format!("user_of_{}", empty.url.rsplit_once('/').unwrap().1);
    let (account, create, user) = match engine {
        Engine::Postgres => (role.clone(), format!("CREATE ROLE {role} LOGIN"), role.clone()),
        _ => (
            format!("{role}@127.0.0.1"),
            format!("CREATE USER '{role}'@'127.0.0.1' IDENTIFIED BY 'pw'"),
            format!("{role}:pw"),
        ),
    };
    connection.batch_execute(&create).unwrap();
    connection.batch_execute(&migrations.grants(engine, &account).unwrap()).unwrap();
    let (scheme, rest) = empty.url.split_once("://").unwrap();
    let url = format!("{scheme}://{user}@{}", rest.split_once('@').unwrap().1);
    drop(connection);
    let db = Database::open_with(&url, Options::new().access(Access::Write)).unwrap();
    Some((empty, db))
}

#[test]
fn a_role_with_the_grants_uses_the_tables_and_reads_the_history_and_changes_nothing_else() {
    let folder = folder(&[TAGS, SERIAL]);
    let Some((owner, db)) = granted(&folder) else { return };
    let migrations = shop(&folder);
    db.require_current(&migrations).unwrap();
    assert_eq!(db.migration_status(&migrations).unwrap().applied.len(), 2);
    let execute = |sql: &str| db.connection().unwrap().batch_execute(sql);
    for allowed in [
        "INSERT INTO tags (id) VALUES (1)",
        "INSERT INTO notes (tag_id) VALUES (1)",
        "UPDATE notes SET tag_id = NULL",
        "DELETE FROM notes",
    ] {
        execute(allowed).unwrap();
    }
    assert_eq!(rows(&db, "tagged"), Some(1));
    for refused in [
        "CREATE TABLE more (id BIGINT PRIMARY KEY)",
        "ALTER TABLE tags ADD COLUMN more BIGINT",
        "DROP TABLE tags",
        "DELETE FROM __diesel_schema_migrations",
        "DELETE FROM __diesel_migrate",
        "UPDATE __diesel_migrate SET checksum = ''",
    ] {
        assert!(execute(refused).is_err(), "{refused}");
    }

    // A program that is older than the database's tables says so; the role cannot migrate.
    write(folder.path(), LABELS);
    assert!(db.require_current(&migrations).unwrap_err().is_pending());
    assert!(db.migrate(&migrations).is_err());
    owner.db.migrate(&migrations).unwrap();
    db.require_current(&migrations).unwrap();
    let later = execute("INSERT INTO labels (id) VALUES (1)");
    assert_eq!(later.is_ok(), owner.db.connection().unwrap().engine() == Engine::Postgres, "default privileges");
}

#[test]
fn an_owner_with_the_rights_that_the_page_names_migrates_and_grants() {
    let (empty, folder) = (empty(), folder(&[TAGS, ITEMS, SERIAL]));
    let migrations = shop(&folder);
    let mut connection = empty.db.connection().unwrap();
    let name = empty.url.rsplit_once('/').unwrap().1.to_owned();
    let (owner, app) = (format!("owner_of_{name}"), format!("app_of_{name}"));
    let (create, user) = match connection.engine() {
        Engine::Sqlite => return,
        Engine::Postgres => (
            format!("CREATE ROLE {owner} LOGIN; CREATE ROLE {app}; GRANT CREATE, USAGE ON SCHEMA public TO {owner}"),
            owner,
        ),
        Engine::Mysql => (
            format!(
                "CREATE USER {owner} IDENTIFIED BY 'pw'; CREATE USER {app}; \
                 GRANT CREATE, ALTER, DROP, INDEX, REFERENCES, SELECT, INSERT, UPDATE, DELETE, CREATE VIEW \
                 ON {name}.* TO {owner} WITH GRANT OPTION"
            ),
            format!("{owner}:pw"),
        ),
    };
    connection.batch_execute(&create).unwrap();
    let (scheme, rest) = empty.url.split_once("://").unwrap();
    let url = format!("{scheme}://{user}@{}", rest.split_once('@').unwrap().1);
    let db = Database::open_with(&url, Options::new().access(Access::Write)).unwrap();
    assert_eq!(db.migrate(&migrations).unwrap().len(), 3);
    let grants = migrations.grants(connection.engine(), &app).unwrap();
    db.connection().unwrap().batch_execute(&grants).unwrap();
    assert_eq!(db.migrate_down(&migrations, Target::All, |_| ()).unwrap().len(), 3);
}
