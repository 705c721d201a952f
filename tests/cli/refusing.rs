//! Invalid input and databases in an unusable state: one line with the reason, the right exit code, nothing
//! half-written.

use diesel::connection::SimpleConnection as _;

use crate::home::{Home, migrations};

#[test]
fn values_that_do_not_fit_are_refused_before_a_database_is_made() {
    let home = Home::new(module_path!());
    let long = "x".repeat(257);
    let email = format!("{}@example.org", "x".repeat(10_000));
    for (arguments, said) in [
        (&["user", "add", &long][..], "username: 257 characters, more than the limit of 256"),
        (&["user", "add", ""], "username: it is empty"),
        (&["user", "add", "ada", "--email", &email], "email: 10012 characters, more than the limit of 320"),
        (&["user", "edit", "1", "--username", &long], "username: 257 characters, more than the limit of 256"),
        (&["repo", "add", &long, "--user", "1"], "repository name: 257 characters, more than the limit of 256"),
        (
            &["repo", "add", "x", "--user", "1", "--status", "secret"],
            r#"repository status: "secret" is not one of Public, Private"#,
        ),
        (&["resume", "add", "", "--user", "1"], "vacancy: it is empty"),
        (&["note", "add", &long, "--user", "1"], "note name: 257 characters, more than the limit of 256"),
    ] {
        assert_eq!(home.fails(2, arguments), said);
    }
    assert!(home.files().is_empty());
}

#[test]
fn what_stands_against_a_record_is_named_and_nothing_is_added() {
    let home = Home::with_users(module_path!());
    home.done(&["repo", "add", "one", "--user", "1", "--number", "9"]);
    let taken = "an account with number 583231 already exists: \
                 id 1: octocat (account number 583231, octocat@example.org)";
    assert_eq!(home.fails(1, &["user", "add", "x", "--number", "583231"]), taken);
    assert_eq!(home.fails(1, &["user", "edit", "2", "--number", "583231"]), taken);
    assert_eq!(home.fails(4, &["repo", "add", "x", "--account", "7"]), "there is no user with account number 7");
    assert_eq!(home.fails(1, &["repo", "add", "one", "--user", "1"]), "a repository octocat/one already exists: id 1");
    assert_eq!(
        home.fails(1, &["repo", "add", "two", "--user", "1", "--number", "9"]),
        "a repository with number 9 already exists: id 1: one"
    );
    assert_eq!(home.column(0, &["user", "list"]), ["1", "2"]);
    assert_eq!(home.column(0, &["repo", "list"]), ["1"]);
}

#[test]
fn another_application_s_database_is_left_alone_unless_told() {
    let home = Home::new(module_path!());
    home.connect().batch_execute("CREATE TABLE orders (id INTEGER PRIMARY KEY)").unwrap();
    for verb in [&["user", "list"][..], &["user", "add", "x"], &["db", "create"], &["migrate", "up"]] {
        let said = home.fails(1, verb);
        assert!(
            said.contains("tables that folio did not create (orders)") && said.contains("--into-existing"),
            "{said}"
        );
    }
    let status = home.run(&["migrate", "status"]);
    assert!(status.refused(1).contains("orders"));
    assert_eq!(status.out.matches("pending").count(), migrations().len());
    home.done(&["migrate", "up", "--into-existing"]);
    home.done(&["user", "add", "ada"]);
    home.connect().batch_execute("SELECT id FROM orders").unwrap();
}

#[test]
fn a_newer_folio_s_database_is_refused() {
    let home = Home::with_users(module_path!());
    home.connect().batch_execute(&folio_testing::recorded("20990101000001", "folio")).unwrap();
    for verb in [
        &["user", "list"][..],
        &["user", "add", "x"],
        &["user", "remove", "1"],
        &["migrate", "up"],
        &["migrate", "down", "--yes"],
        &["db", "create"],
    ] {
        let said = home.fails(1, verb);
        assert!(said.contains("newer version of folio (unknown migrations: 20990101000001)"), "{said}");
    }
    let status = home.run(&["migrate", "status"]);
    assert!(status.refused(1).contains("20990101000001"));
    assert!(status.out.lines().last().unwrap().starts_with("20990101000001\t\tunknown\t2"), "{status:?}");
}

#[test]
fn data_in_a_message_cannot_drive_the_screen() {
    let home = Home::with_users(module_path!());
    home.done(&["user", "edit", "2", "--username", "a\u{1b}[2J\u{202e}b"]);
    let ran = home.run(&["user", "remove", "2"]);
    assert_eq!(ran.err, "removed user id 2: a\\u{1b}[2J\\u{202e}b (account number -1)\n");
}
