//! Users and repositories: the effect and the output of each verb.

use crate::home::Home;

#[test]
fn add_prints_the_new_record_and_its_id_comes_first() {
    let home = Home::new(module_path!());
    let row = home.row(&["user", "add", "octocat", "--number", "583231", "--email", "octocat@example.org"]);
    assert_eq!(row[..4], ["1", "583231", "octocat", "octocat@example.org"]);
    // Known by name only, so its number is below zero.
    assert_eq!(home.row(&["user", "add", "ada"])[..4], ["2", "-1", "ada", ""]);
    assert_eq!(home.row(&["user", "add", "bob"])[..4], ["3", "-2", "bob", ""]);
    let row = home.row(&["repo", "add", "hello-world", "--login", "octocat", "--number", "1296269"]);
    assert_eq!(row[..6], ["1", "octocat", "hello-world", "Public", "1296269", "583231"]);
}

#[test]
fn a_user_is_named_by_id_account_login_or_email() {
    let home = Home::with_users(module_path!());
    for named in [&["1"][..], &["--account", "583231"], &["--login", "octocat"], &["--email", "octocat@example.org"]] {
        assert_eq!(home.row(&[&["user", "get"], named].concat())[..3], ["1", "583231", "octocat"]);
    }
    assert_eq!(home.row(&["user", "get", "--account", "-1"])[2], "ada");
}

#[test]
fn a_login_of_several_users_lists_them_and_changes_nothing() {
    let home = Home::with_users(module_path!());
    home.done(&["user", "add", "ada", "--number", "7", "--email", "ada@example.org"]);
    for verb in [
        &["user", "get", "--login", "ada"][..],
        &["user", "edit", "--login", "ada", "--username", "x"],
        &["user", "remove", "--login", "ada"],
        &["repo", "add", "x", "--login", "ada"],
        &["note", "add", "x", "--login", "ada"],
        &["resume", "list", "--login", "ada"],
    ] {
        let ran = home.run(verb);
        assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{verb:?}");
        assert_eq!(
            ran.err,
            "folio: user with login \"ada\" matches several records: id 2: ada (account number -1); id 3: ada \
             (account number 7, ada@example.org)\n"
        );
    }
    assert_eq!(home.column(2, &["user", "list"]), ["octocat", "ada", "ada"]);
    home.done(&["repo", "add", "x", "--user", "2"]);
    home.done(&["repo", "add", "x", "--user", "3"]);
    let ran = home.run(&["repo", "get", "ada/x"]);
    assert_eq!((ran.code, ran.err.lines().count()), (Some(1), 1), "{ran:?}");
}

#[test]
fn edit_changes_what_it_is_told_and_nothing_else() {
    let home = Home::with_users(module_path!());
    assert_eq!(
        home.row(&["user", "edit", "1", "--username", "cat"])[..4],
        ["1", "583231", "cat", "octocat@example.org"]
    );
    assert_eq!(home.row(&["user", "edit", "--login", "cat", "--no-email"])[..4], ["1", "583231", "cat", ""]);
    assert_eq!(home.row(&["user", "edit", "--account", "-1", "--email", "a@b.c"])[..4], ["2", "-1", "ada", "a@b.c"]);
    home.done(&["repo", "add", "engine", "--login", "ada"]);
    // The account's number becomes known: its repositories follow.
    assert_eq!(home.row(&["user", "edit", "2", "--number", "1815"])[..3], ["2", "1815", "ada"]);
    assert_eq!(home.row(&["repo", "get", "ada/engine"])[..6], ["1", "ada", "engine", "Public", "", "1815"]);
    let row = home.row(&["repo", "edit", "ada/engine", "--name", "machine", "--status", "PRIVATE", "--number", "9"]);
    assert_eq!(row[..6], ["1", "ada", "machine", "Private", "9", "1815"]);
    assert_eq!(home.row(&["repo", "edit", "1", "--account", "583231"])[..3], ["1", "cat", "machine"]);
    // An edit without changes is a usage error.
    for verb in [&["user", "edit", "1"][..], &["repo", "edit", "1"]] {
        assert_eq!(home.run(verb).code, Some(2), "{verb:?}");
    }
}

#[test]
fn a_user_with_dependents_is_removed_only_with_everything() {
    let home = Home::with_users(module_path!());
    for repository in ["one", "two"] {
        home.done(&["repo", "add", repository, "--user", "1"]);
    }
    home.done(&["resume", "add", "Cat", "--user", "1"]);
    home.done(&["note", "add", "To do", "--user", "1"]);
    home.done(&["note", "add", "Kept", "--user", "2", "--repo", "octocat/one"]);
    let refused = home.fails(1, &["user", "remove", "1"]);
    assert!(refused.contains("2 repositories and 1 résumé") && refused.contains("--with-everything"), "{refused}");
    assert_eq!(home.column(0, &["repo", "list"]).len(), 2);
    let refused = home.fails(2, &["user", "remove", "1", "--with-everything"]);
    assert!(refused.contains("2 repositories, 1 résumé, 1 note; add --yes"), "{refused}");
    assert_eq!(home.column(0, &["repo", "list"]).len(), 2);
    let removed = home.run(&["user", "remove", "1", "--with-everything", "--yes"]);
    assert_eq!((removed.code, removed.out.as_str()), (Some(0), ""));
    assert_eq!(
        removed.err,
        "removed user id 1: octocat (account number 583231, octocat@example.org), 2 repositories, 1 résumé, 1 note\n"
    );
    for (noun, left) in [("user", 1), ("repo", 0), ("resume", 0), ("note", 1)] {
        assert_eq!(home.column(0, &[noun, "list"]).len(), left, "{noun}");
    }
    // The note outlives its repository.
    assert_eq!(home.row(&["note", "get", "2", "--format", "tsv"])[2..4], ["Kept", ""]);
}

#[test]
fn remove_prints_nothing_and_says_what_went() {
    let home = Home::with_users(module_path!());
    home.done(&["repo", "add", "one", "--user", "1"]);
    let removed = home.run(&["repo", "remove", "octocat/one"]);
    assert_eq!((removed.code, removed.out.as_str()), (Some(0), ""));
    assert_eq!(removed.err, "removed repository octocat/one (id 1)\n");
    // An id is never reused.
    assert_eq!(home.row(&["repo", "add", "two", "--user", "1"])[0], "2");
}

#[test]
fn what_is_not_there_is_exit_code_4() {
    let home = Home::with_users(module_path!());
    for noun in ["user", "repo", "resume", "note"] {
        for verb in ["get", "remove"] {
            let refused = home.fails(4, &[noun, verb, "99"]);
            assert!(refused.starts_with("there is no ") && refused.ends_with(" with id 99"), "{refused}");
        }
    }
    home.fails(4, &["user", "edit", "99", "--username", "x"]);
    home.fails(4, &["repo", "edit", "99", "--name", "x"]);
    home.fails(4, &["resume", "edit", "99", "--vacancy", "x"]);
    home.fails(4, &["note", "edit", "99", "--name", "x"]);
    assert_eq!(home.fails(4, &["repo", "get", "ada/none"]), "there is no repository ada/none");
    assert_eq!(home.fails(4, &["repo", "list", "--login", "none"]), r#"there is no user with login "none""#);
    home.fails(4, &["note", "add", "x", "--user", "1", "--repo", "octocat/none"]);
    assert_eq!(home.done(&["note", "list"]), "");
}

#[test]
fn list_lists_all_unless_limited_and_filters() {
    let home = Home::with_users(module_path!());
    for (name, status, owner) in [("a", "public", "1"), ("b", "private", "1"), ("a", "public", "2")] {
        home.done(&["repo", "add", name, "--status", status, "--user", owner]);
    }
    let ids = |arguments: &[&str]| home.column(0, &[&["repo", "list"], arguments].concat()).join(" ");
    assert_eq!(ids(&[]), "1 2 3");
    assert_eq!(ids(&["--limit", "2"]), "1 2");
    assert_eq!(ids(&["--limit", "0"]), "");
    assert_eq!(ids(&["--login", "octocat"]), "1 2");
    assert_eq!(ids(&["--account", "-1"]), "3");
    assert_eq!(ids(&["--user", "1", "--status", "private"]), "2");
    assert_eq!(ids(&["--name", "a"]), "1 3");
    assert_eq!(home.column(0, &["user", "list", "--login", "ada"]), ["2"]);
    assert_eq!(home.column(0, &["user", "list", "--email", "octocat@example.org"]), ["1"]);
    assert_eq!(home.column(0, &["user", "list", "--login", "none"]).len(), 0);
}

#[test]
fn programs_that_start_together_where_no_database_is_all_find_a_complete_one() {
    use std::process::Stdio;
    let home = Home::new(module_path!());
    let start = |number: i32| {
        let mut add = home.command(&["user", "add", &format!("user{number}")]);
        add.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let started: Vec<_> = (0..8).map(start).collect();
    for child in started {
        let ran = child.wait_with_output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    }
    assert_eq!(home.done(&["user", "list"]).lines().count(), 8);
}

#[test]
fn a_name_where_an_id_goes_is_told_where_it_goes() {
    let home = Home::with_users(module_path!());
    for (arguments, hint) in [
        (&["user", "get", "ada"][..], "for a name write --login ada"),
        (&["user", "remove", "it's"], r"for a name write --login 'it'\''s'"),
        (&["user", "get", "ada@example.org"], "for a name write --email ada@example.org"),
        (&["user", "edit", "ada", "--username", "x"], "for a name write --login ada"),
        (&["user", "get", "--account", "ada"], "for a name write --login ada"),
        (&["repo", "get", "engine"], "to look it up by name: folio repo list --name engine"),
        (&["repo", "remove", "engine"], "to look it up by name: folio repo list --name engine"),
        (&["repo", "list", "--user", "ada"], "for a name write --login ada"),
        (&["resume", "get", "Rust developer"], "to look it up by name: folio resume list --vacancy 'Rust developer'"),
        (&["resume", "edit", "Analyst"], "to look it up by name: folio resume list --vacancy Analyst"),
        (&["note", "remove", "To do"], "to look it up by name: folio note list --name 'To do'"),
        (&["note", "add", "x", "--user", "ada"], "for a name write --login ada"),
        (&["note", "add", "x", "--user", "1", "--repo", "engine"], "by name: folio repo list --name engine"),
    ] {
        let said = home.fails(2, arguments);
        assert!(said.ends_with(&format!("; {hint}")) || said.ends_with(hint), "{said}");
    }
}
