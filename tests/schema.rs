//! `schema.rs` says what the migrations made: tables, columns, their order, types and nullability; and every foreign key
//! has an index.

#![cfg(feature = "sqlite")]

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, SqlType, Text, Timestamp, is_nullable};
use folio::connection::{AnyConnection, SqliteAccess, open_sqlite};
use folio::migrations::{self, Existing, Target};
use folio::schema::{notes, repositories, resumes, users};
use folio::types::sql_types::RepositoryStatus;

/// A column's name, its declared type in SQLite, and whether it may be NULL.
#[derive(Debug, PartialEq)]
struct Described {
    name: String,
    declared: &'static str,
    nullable: bool,
}

trait Declared {
    const DECLARED: &'static str;
    const NULLABLE: bool = false;
}

impl Declared for BigInt {
    const DECLARED: &'static str = "BIGINT";
}

impl Declared for Text {
    const DECLARED: &'static str = "TEXT";
}

impl Declared for RepositoryStatus {
    const DECLARED: &'static str = "TEXT";
}

impl Declared for Timestamp {
    const DECLARED: &'static str = "TIMESTAMP";
}

impl<T: Declared + SqlType<IsNull = is_nullable::NotNull>> Declared for Nullable<T> {
    const DECLARED: &'static str = T::DECLARED;
    const NULLABLE: bool = true;
}

/// What Diesel knows of a tuple of columns.
trait Columns {
    fn described() -> Vec<Described>;
}

macro_rules! columns {
    ($($column:ident)+) => {
        impl<$($column: Column<SqlType: Declared>),+> Columns for ($($column,)+) {
            fn described() -> Vec<Described> {
                vec![$(Described {
                    name: $column::NAME.to_owned(),
                    declared: <$column::SqlType as Declared>::DECLARED,
                    nullable: <$column::SqlType as Declared>::NULLABLE,
                }),+]
            }
        }
    };
}
columns!(A B C D E F);
columns!(A B C D E F G);
columns!(A B C D E F G H);
columns!(A B C D E F G H I);

fn in_schema<T: Table<AllColumns: Columns>>(_: T) -> Vec<Described> {
    T::AllColumns::described()
}

fn migrated() -> AnyConnection {
    let mut connection = AnyConnection::Sqlite(open_sqlite(None, SqliteAccess::Create, 0).unwrap());
    migrations::up(&mut connection, Target::All, Existing::Refuse, |_| ()).unwrap();
    connection
}

fn tables(connection: &mut AnyConnection) -> Vec<String> {
    migrations::status(connection).unwrap().tables
}

#[derive(QueryableByName)]
struct ColumnRow {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    declared: String,
    #[diesel(sql_type = Bool)]
    nullable: bool,
    #[diesel(sql_type = Bool)]
    key: bool,
}

fn in_catalogue(connection: &mut AnyConnection, table: &str) -> Vec<ColumnRow> {
    diesel::sql_query(
        "SELECT name, type AS declared, NOT \"notnull\" AS nullable, pk AS key FROM pragma_table_info(?) ORDER BY cid",
    )
    .bind::<Text, _>(table)
    .load(connection)
    .unwrap()
}

#[derive(QueryableByName)]
struct ForeignKeyRow {
    #[diesel(sql_type = Text)]
    from: String,
    #[diesel(sql_type = Text)]
    parent: String,
    #[diesel(sql_type = Text)]
    to: String,
    #[diesel(sql_type = Text)]
    on_update: String,
    #[diesel(sql_type = Text)]
    on_delete: String,
}

fn foreign_keys(connection: &mut AnyConnection, table: &str) -> Vec<ForeignKeyRow> {
    diesel::sql_query(
        "SELECT \"from\", \"table\" AS parent, \"to\", on_update, on_delete FROM pragma_foreign_key_list(?) ORDER BY 1",
    )
    .bind::<Text, _>(table)
    .load(connection)
    .unwrap()
}

/// The first column of each index, partial ones left out.
fn indexed_first(connection: &mut AnyConnection, table: &str) -> Vec<String> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        name: String,
    }
    diesel::sql_query(
        "SELECT info.name FROM pragma_index_list(?) AS list, pragma_index_info(list.name) AS info \
         WHERE info.seqno = 0 AND NOT list.partial",
    )
    .bind::<Text, _>(table)
    .load::<Row>(connection)
    .unwrap()
    .into_iter()
    .map(|row| row.name)
    .collect()
}

#[test]
fn schema_rs_names_every_table_and_no_other() {
    assert_eq!(tables(&mut migrated()), ["notes", "repositories", "resumes", "users"]);
}

#[test]
fn every_column_is_in_schema_rs_with_its_place_type_and_nullability() {
    let mut connection = migrated();
    for (table, expected) in [
        ("notes", in_schema(notes::table)),
        ("repositories", in_schema(repositories::table)),
        ("resumes", in_schema(resumes::table)),
        ("users", in_schema(users::table)),
    ] {
        let found: Vec<_> = in_catalogue(&mut connection, table)
            .into_iter()
            .map(|column| Described {
                name: column.name,
                // SQLite makes a key of its own only in a column that is declared so, and it is 64 bits wide.
                declared: match (&*column.declared, column.key) {
                    ("INTEGER", true) | ("BIGINT", false) => "BIGINT",
                    ("TEXT", false) => "TEXT",
                    ("TIMESTAMP", false) => "TIMESTAMP",
                    other => panic!("{table}: a column declared {other:?}"),
                },
                nullable: column.nullable,
            })
            .collect();
        assert_eq!(found, expected, "{table}");
    }
}

#[test]
fn every_foreign_key_has_an_index() {
    let mut connection = migrated();
    for table in tables(&mut connection) {
        let indexed = indexed_first(&mut connection, &table);
        for key in foreign_keys(&mut connection, &table) {
            assert!(indexed.contains(&key.from), "{table}.{} has no index", key.from);
        }
    }
}

#[test]
fn foreign_keys_do_on_delete_and_on_update_what_the_design_says() {
    let mut connection = migrated();
    let mut found = Vec::new();
    for table in tables(&mut connection) {
        for ForeignKeyRow { from, parent, to, on_update, on_delete } in foreign_keys(&mut connection, &table) {
            found.push(format!("{table}.{from} -> {parent}.{to}, update {on_update}, delete {on_delete}"));
        }
    }
    assert_eq!(
        found,
        [
            "notes.repository_id -> repositories.id, update NO ACTION, delete SET NULL",
            "notes.user_id -> users.id, update NO ACTION, delete CASCADE",
            "repositories.user_id -> users.user_id, update CASCADE, delete NO ACTION",
            "resumes.user_id -> users.id, update NO ACTION, delete NO ACTION",
        ]
    );
}

#[test]
fn a_key_is_never_given_out_twice() {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Integer)]
        tables: i32,
    }
    let counted = diesel::sql_query(
        "SELECT count(*) AS tables FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%PRIMARY KEY AUTOINCREMENT%'",
    )
    .get_result::<Row>(&mut migrated())
    .unwrap();
    assert_eq!(counted.tables, 4);
}

/// A statement that the database must refuse, and the rule that refuses it.
fn refused(connection: &mut AnyConnection, sql: &str, rule: &str) {
    let error = diesel::sql_query(sql).execute(connection).unwrap_err().to_string();
    assert!(error.contains(rule), "{sql}: {error}");
}

#[test]
fn the_database_itself_refuses_values_that_the_types_refuse() {
    let mut connection = migrated();
    let c = &mut connection;
    let user = |username: &str, email: &str| {
        format!("INSERT INTO users (user_id, username, email) VALUES (7, {username}, {email})")
    };
    let long = format!("'{}'", "ж".repeat(257));
    refused(c, &user(&long, "NULL"), "users_username_length");
    refused(c, &user("''", "NULL"), "users_username_length");
    refused(c, &user("'a' || char(0) || 'b'", "NULL"), "users_username_no_nul");
    refused(c, &user("'a'", &format!("'{}'", "x".repeat(321))), "users_email_length");
    refused(c, &user("'a'", "'a' || char(0)"), "users_email_no_nul");
    refused(c, &user("NULL", "NULL"), "NOT NULL");
    diesel::sql_query(user(&format!("'{}'", "ж".repeat(256)), "NULL")).execute(c).unwrap();
    refused(c, &user("'b'", "NULL"), "UNIQUE constraint failed: users.user_id");

    let repository = |user_id: i64, status: &str| {
        format!("INSERT INTO repositories (user_id, repo_name, status) VALUES ({user_id}, 'folio', '{status}')")
    };
    refused(c, &repository(7, "public"), "repositories_status_label");
    refused(c, &repository(8, "Public"), "FOREIGN KEY");
    diesel::sql_query(repository(7, "Private")).execute(c).unwrap();
    refused(c, &repository(7, "Public"), "UNIQUE constraint failed: repositories.user_id, repositories.repo_name");
    refused(c, "DELETE FROM users", "FOREIGN KEY");
}

#[test]
fn the_databases_own_times_are_read_by_diesel_with_their_fractions() {
    let mut connection = migrated();
    diesel::sql_query("INSERT INTO users (user_id, username) VALUES (1, 'step')").execute(&mut connection).unwrap();
    let written: chrono::NaiveDateTime = users::table.select(users::created_at).get_result(&mut connection).unwrap();
    let age = chrono::Utc::now().naive_utc() - written;
    assert!(age.num_seconds().abs() < 60, "{written} is not now in UTC");
}
