//! The program against a server that refuses it: one line with a way out, the documented exit code, and no password,
//! whatever is asked to be shown.

use std::process::Command;

use super::opening::{Place, administer, make_user};
use crate::support::{engine, fixture};

const SECRET: &str = "tell-nobody";

/// Runs the program; gives its exit code and all that it wrote, but for the warning of the password in its arguments.
fn folio(url: &str, arguments: &[&str]) -> (i32, String) {
    let folder = tempfile::tempdir().unwrap();
    let mut folio = Command::new(env!("CARGO_BIN_EXE_folio"));
    folio.current_dir(folder.path()).env_clear().env("RUST_BACKTRACE", "1").args(arguments);
    let output = folio.args(["--database-url", url]).output().unwrap();
    let written = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    let warning = |line: &&str| line.starts_with("folio: warning: --database-url contains a password");
    let said = written.split_inclusive('\n').filter(|line| !warning(line)).collect();
    (output.status.code().unwrap(), said)
}

/// Asserts that each command ends with `code` and one line that holds `words`.
fn refused(url: &str, commands: &[&[&str]], code: i32, words: &str) {
    for command in commands {
        let (ended, said) = folio(url, command);
        assert_eq!(ended, code, "{command:?}: {said}");
        let one_line = said.starts_with("folio: ") && said.lines().count() == 1;
        assert!(one_line && said.contains(words) && !said.contains(SECRET), "{command:?}: {said}");
    }
}

const ALL: &[&[&str]] = &[&["user", "list"], &["user", "add", "x"], &["db", "create"], &["migrate", "status"]];
const LOOKING: &[&[&str]] =
    &[&["user", "list"], &["user", "remove", "1"], &["migrate", "down", "--yes"], &["migrate", "status"]];

#[test]
fn a_server_that_cannot_be_opened_is_exit_code_1_and_a_url_that_cannot_be_read_2() {
    let place = Place::new();
    let user = format!("asked for {}", place.database);
    make_user(&user, "right");
    refused(&place.url(&user, SECRET), ALL, 1, "check the user and the password");
    let login = format!("app:{SECRET}");
    refused(&place.at(&format!("{login}@127.0.0.1:1")), ALL, 1, "that the server is running");
    refused(&place.at(&format!("{login}@no-such-host.invalid")), ALL, 1, "the host");
    refused(&place.at(&format!("{login}@127.0.0.1:port")), ALL, 2, "a number from 1 to 65535");
    refused(&place.at(&format!("{login}%zz@127.0.0.1")), ALL, 2, "as %25");
    refused(&place.at(&format!("{login}@{SECRET}@127.0.0.1")), ALL, 2, "@ as %40");
    refused(&place.at(&format!("{login}@127.0.0.1")).replace("://", "x://"), ALL, 2, "its scheme is unknown");
}

#[test]
fn a_database_that_is_not_there_is_offered_to_be_made() {
    let place = Place::new();
    let url = place.through("127.0.0.1", place.port);
    refused(&url, LOOKING, 1, "to create one: folio db create --database-url ");
    assert_eq!(folio(&url, &["db", "create"]).0, 0);
    assert_eq!(folio(&url, &["user", "list"]), (0, String::new()));
}

#[test]
fn a_right_that_is_missing_is_named() {
    let db = fixture(module_path!());
    let place = Place::of(db.url());
    let user = format!("looker at {}", place.database);
    make_user(&user, SECRET);
    match super::dialect() {
        folio::connection::Engine::Postgres => {
            let grant = format!("GRANT SELECT ON ALL TABLES IN SCHEMA public TO \"{user}\"");
            diesel::connection::SimpleConnection::batch_execute(&mut *db.connection().unwrap(), &grant).unwrap();
        }
        _ => administer(&format!("GRANT SELECT ON {}.* TO `{user}`@'127.0.0.1'", place.database)),
    }
    let url = place.url(&user, SECRET);
    refused(&url, &[&["user", "add", "x"]], 1, "an administrator can grant this user the right");
    refused(&url, &[&["migrate", "down", "--yes"]], 1, "the right to make and drop tables");
    assert_eq!(folio(&url, &["user", "list"]), (0, String::new()));
}

#[test]
fn the_echo_of_everything_shows_no_password() {
    let db = fixture(module_path!());
    let place = Place::of(db.url());
    let user = format!("owner of {}", place.database);
    make_user(&user, SECRET);
    match super::dialect() {
        folio::connection::Engine::Postgres => administer(&format!("ALTER ROLE \"{user}\" SUPERUSER")),
        _ => administer(&format!("GRANT ALL ON *.* TO `{user}`@'127.0.0.1'")),
    }
    let url = format!("{}_made", place.url(&user, SECRET));
    for command in
        [&["user", "add", "ada", "--echo"][..], &["user", "list", "--echo"], &["migrate", "status", "--echo"]]
    {
        let (ended, said) = folio(&url, command);
        assert_eq!(ended, 0, "{said}");
        assert!(said.contains("SELECT") && !said.contains(SECRET), "{said}");
    }
}

#[test]
fn a_connection_that_is_lost_half_way_is_said_in_one_line() {
    let db = fixture(module_path!());
    let cut = match super::dialect() {
        folio::connection::Engine::Postgres => {
            "CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$; \
             CREATE TRIGGER cut BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION cut()"
        }
        _ => "CREATE TRIGGER cut BEFORE INSERT ON users FOR EACH ROW KILL CONNECTION_ID()",
    };
    diesel::connection::SimpleConnection::batch_execute(&mut *db.connection().unwrap(), cut).unwrap();
    // MySQL names what it did to the statement, and hangs up after that.
    let words = if engine(module_path!()).names_the_killed_statement() { "interrupted" } else { "the connection" };
    refused(db.url(), &[&["user", "add", "x"]], 1, words);
}
