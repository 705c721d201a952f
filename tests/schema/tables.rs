//! `schema.rs` matches the migrations: tables, columns, their order, types and nullability; every foreign key has an
//! index, and the constraints are the same on every engine.

mod catalogue;

use diesel::dsl::max;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, SqlType, Text, Timestamp, is_nullable};
use diesel_session::session::history::create_table;
use folio::connection::{AnyConnection, Engine};
use folio::migrations::Migrate as _;
use folio::schema::{note_repositories, note_tags, notes, repositories, resumes, users};
use folio::types::sql_types::RepositoryStatus;

use crate::support::{dialect, engine, fixture};
use catalogue::{Described, columns, foreign_keys, indexed_first, unique_keys};

trait Kind {
    const KIND: &'static str;
    const NULLABLE: bool = false;
}

impl Kind for BigInt {
    const KIND: &'static str = "BigInt";
}

impl Kind for Bool {
    const KIND: &'static str = "Bool";
}

impl Kind for Text {
    const KIND: &'static str = "Text";
}

impl Kind for RepositoryStatus {
    const KIND: &'static str = "RepositoryStatus";
}

impl Kind for Timestamp {
    const KIND: &'static str = "Timestamp";
}

impl<T: Kind + SqlType<IsNull = is_nullable::NotNull>> Kind for Nullable<T> {
    const KIND: &'static str = T::KIND;
    const NULLABLE: bool = true;
}

/// Diesel's metadata of a tuple of columns.
trait Columns {
    fn described() -> Vec<Described>;
}

macro_rules! columns {
    ($($column:ident)+) => {
        impl<$($column: Column<SqlType: Kind>),+> Columns for ($($column,)+) {
            fn described() -> Vec<Described> {
                vec![$(Described {
                    name: $column::NAME.to_owned(),
                    kind: <$column::SqlType as Kind>::KIND,
                    nullable: <$column::SqlType as Kind>::NULLABLE,
                }),+]
            }
        }
    };
}
columns!(A B C);
columns!(A B C D E F G H);
columns!(A B C D E F G H I);
columns!(A B C D E F G H I J K);
columns!(A B C D E F G H I J K L M N O P Q R);

fn in_schema<T: Table<AllColumns: Columns>>(_: T) -> Vec<Described> {
    T::AllColumns::described()
}

#[test]
fn schema_rs_names_every_table_and_no_other() {
    let db = fixture(module_path!());
    let mut tables = db.status().unwrap().tables;
    tables.sort_unstable();
    assert_eq!(
        tables,
        ["diesel_session_history", "note_repositories", "note_tags", "notes", "repositories", "resumes", "users"]
    );
}

#[test]
fn the_history_has_the_table_that_the_session_wants() {
    let engine = dialect(engine(module_path!()));
    let folder = format!("{}/migrations/{}", env!("CARGO_MANIFEST_DIR"), engine.feature());
    let up = std::fs::read_to_string(format!("{folder}/2026-11-30-000003_record_changes/up.sql")).unwrap();
    assert!(up.ends_with(create_table(engine)), "{up}");
}

#[test]
fn every_column_is_in_schema_rs_with_its_place_type_and_nullability() {
    let db = fixture(module_path!());
    let mut connection = db.connection().unwrap();
    for (table, expected) in [
        ("note_repositories", in_schema(note_repositories::table)),
        ("note_tags", in_schema(note_tags::table)),
        ("notes", in_schema(notes::table)),
        ("repositories", in_schema(repositories::table)),
        ("resumes", in_schema(resumes::table)),
        ("users", in_schema(users::table)),
    ] {
        assert_eq!(columns(&mut connection, table), expected, "{table}");
    }
}

#[test]
fn every_foreign_key_has_an_index() {
    let db = fixture(module_path!());
    let mut connection = db.connection().unwrap();
    let indexed = indexed_first(&mut connection);
    for key in foreign_keys(&mut connection) {
        let column = key.split(" -> ").next().unwrap();
        assert!(indexed.iter().any(|first| first == column), "{column} has no index");
    }
}

#[test]
fn foreign_keys_do_on_delete_and_on_update_what_the_design_says() {
    let db = fixture(module_path!());
    assert_eq!(
        foreign_keys(&mut db.connection().unwrap()),
        [
            "note_repositories.note_id -> notes.id, update NO ACTION, delete CASCADE",
            "note_repositories.repository_id -> repositories.id, update NO ACTION, delete CASCADE",
            "note_tags.note_id -> notes.id, update NO ACTION, delete CASCADE",
            "notes.repository_id -> repositories.id, update NO ACTION, delete SET NULL",
            "notes.user_id -> users.id, update NO ACTION, delete CASCADE",
            "repositories.user_id -> users.user_id, update CASCADE, delete NO ACTION",
            "resumes.user_id -> users.id, update NO ACTION, delete NO ACTION",
        ]
    );
}

#[test]
fn what_is_unique_is_unique_on_every_engine() {
    let db = fixture(module_path!());
    let mut unique = unique_keys(&mut db.connection().unwrap());
    unique.retain(|key| !key.starts_with("__diesel"));
    assert_eq!(
        unique,
        [
            "notes: user_id, source",
            "repositories: repo_id",
            "repositories: user_id, repo_name",
            "resumes: user_id, source",
            "users: user_id",
        ]
    );
}

#[test]
fn a_key_is_never_given_out_twice() {
    let db = fixture(module_path!());
    let mut connection = db.connection().unwrap();
    let mut last = 0;
    for number in 1..=3 {
        let add = format!("INSERT INTO users (user_id, username) VALUES ({number}, 'step')");
        diesel::sql_query(add).execute(&mut *connection).unwrap();
        let key: Option<i64> = users::table.select(max(users::id)).get_result(&mut *connection).unwrap();
        assert!(key > Some(last), "{key:?} after {last}");
        last = key.unwrap();
        diesel::delete(users::table).execute(&mut *connection).unwrap();
    }
}

/// A statement that the database must refuse, and the constraint that it violates.
fn refused(connection: &mut AnyConnection, sql: &str, rules: &[&str]) {
    let error = diesel::sql_query(sql).execute(connection).unwrap_err().to_string();
    assert!(rules.iter().any(|rule| error.contains(rule)), "{sql}: {error}");
}

#[test]
fn the_database_itself_refuses_values_that_the_types_refuse() {
    let db = fixture(module_path!());
    let c = &mut *db.connection().unwrap();
    let user = |username: &str, email: &str| {
        format!("INSERT INTO users (user_id, username, email) VALUES (7, {username}, {email})")
    };
    let nul = match dialect(engine(module_path!())) {
        Engine::Sqlite => "char(0)",
        Engine::Postgres => "chr(0)",
        _ => "CHAR(0 USING utf8mb4)",
    };
    let too_long = "Data too long for column";
    let no_nul = "null character not permitted";
    let long = format!("'{}'", "ж".repeat(257));
    refused(c, &user(&long, "NULL"), &["users_username_length", too_long]);
    refused(c, &user("''", "NULL"), &["users_username_length"]);
    refused(c, &user(nul, "NULL"), &["users_username_no_nul", "users_username_length", no_nul]);
    refused(c, &user("'a'", &format!("'{}'", "x".repeat(321))), &["users_email_length", too_long]);
    refused(c, &user("'a'", nul), &["users_email_no_nul", "users_email_length", no_nul]);
    refused(c, &user("NULL", "NULL"), &["NOT NULL", "not-null", "cannot be null"]);
    diesel::sql_query(user(&format!("'{}'", "ж".repeat(256)), "NULL")).execute(c).unwrap();
    refused(c, &user("'b'", "NULL"), &["users.user_id", "users_user_id_key"]);

    let repository = |user_id: i64, status: &str| {
        format!("INSERT INTO repositories (user_id, repo_name, status) VALUES ({user_id}, 'folio', '{status}')")
    };
    for label in ["public", "Secret", ""] {
        refused(c, &repository(7, label), &["repositories_status_label", "repository_status", "'status'"]);
    }
    refused(c, &repository(8, "Public"), &["FOREIGN KEY", "repositories_user_id_fkey"]);
    diesel::sql_query(repository(7, "Private")).execute(c).unwrap();
    refused(c, &repository(7, "Public"), &["repositories.user_id, repositories.repo_name", "user_id_repo_name_key"]);
    refused(c, "DELETE FROM users", &["FOREIGN KEY", "repositories_user_id_fkey"]);

    for (table, column, value, rules) in [
        ("users", "kind", "'user'", &["users_kind_label"][..]),
        ("users", "name", "''", &["users_name_length"]),
        ("users", "location", nul, &["users_location_no_nul", "users_location_length", no_nul][..]),
        ("repositories", "visibility", "'Secret'", &["repositories_visibility_label"]),
        ("repositories", "description", nul, &["repositories_description_no_nul", no_nul]),
        ("repositories", "language", "''", &["repositories_language_length"]),
        ("repositories", "stars", "-1", &["repositories_stars_count"]),
        ("repositories", "forks", "-1", &["repositories_forks_count"]),
        ("repositories", "url", "''", &["repositories_url_length"]),
    ] {
        refused(c, &format!("UPDATE {table} SET {column} = {value}"), rules);
    }

    diesel::sql_query("INSERT INTO notes (id, user_id, name, body) SELECT 1, id, 'a', '' FROM users WHERE user_id = 7")
        .execute(c)
        .unwrap();
    let tag = |tag: &str| format!("INSERT INTO note_tags (note_id, tag) VALUES (1, {tag})");
    refused(c, &tag("''"), &["note_tags_tag_length"]);
    refused(c, &tag(nul), &["note_tags_tag_no_nul", "note_tags_tag_length", no_nul]);
    refused(c, &tag(&format!("'{}'", "ж".repeat(65))), &["note_tags_tag_length", too_long]);
}

#[test]
fn texts_compare_byte_by_byte() {
    let db = fixture(module_path!());
    let mut connection = db.connection().unwrap();
    for (number, name) in (1..).zip(["a", "A", "a ", "ä", "B", "b"]) {
        let row = (users::user_id.eq(number), users::username.eq(name));
        diesel::insert_into(users::table).values(row).execute(&mut *connection).unwrap();
    }
    let sorted: Vec<String> =
        users::table.select(users::username).order(users::username).load(&mut *connection).unwrap();
    assert_eq!(sorted, ["A", "B", "a", "a ", "b", "ä"]);
    for name in ["a", "A", "a ", "ä"] {
        let like = users::table.filter(users::username.eq(name)).count();
        assert_eq!(like.get_result(&mut *connection), Ok(1_i64), "{name:?}");
    }
}

#[test]
fn the_databases_own_times_are_read_by_diesel_with_their_fractions() {
    let db = fixture(module_path!());
    let mut connection = db.connection().unwrap();
    diesel::sql_query("INSERT INTO users (user_id, username) VALUES (1, 'step')").execute(&mut *connection).unwrap();
    let written: chrono::NaiveDateTime = users::table.select(users::created_at).get_result(&mut *connection).unwrap();
    let age = folio::types::Timestamp::now().utc().naive_utc() - written;
    assert!(age.num_seconds().abs() < 60, "{written} is not now in UTC");
}

// The runner drafts with the feature of the command.
#[cfg(feature = "cli")]
#[test]
fn the_migrations_make_what_the_entities_need() {
    let db = fixture(module_path!());
    let migrations = folio::migrations::MIGRATIONS.clone().with_entities(folio::services::tables::ENTITIES);
    let draft = migrations.draft(&db).unwrap();
    assert!(draft.is_empty(), "{}", draft.up);
}
