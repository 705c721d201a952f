//! `folio log`, `diff`, `undo` and `db forget`.

use serde_json::Value;

use crate::home::Home;

/// With a note, which was edited by someone who has a name.
fn home() -> Home {
    let home = Home::with_users(module_path!());
    home.done(&["note", "add", "To do", "--login", "ada", "--tag", "rust", "--body", "one\ntwo\nthree\n"]);
    let mut edit = home.folio(&["note", "edit", "1", "--name", "Done", "--body", "one\n2\nthree\n"]);
    assert_eq!(crate::home::run(edit.env("FOLIO_AUTHOR", " Ada L. ")).code, Some(0));
    home
}

#[test]
fn the_log_has_what_each_command_changed_and_on_whose_behalf() {
    let home = home();
    let shown = |column| home.column(column, &["log"]);
    assert_eq!(shown(3), ["note edit", "note add", "user add", "user add"]);
    assert_eq!(shown(2), ["Ada L.", "", "", ""]);
    assert_eq!(shown(4), ["1 note changed", "1 note added, 1 tag added", "1 user added", "1 user added"]);
    assert_eq!(home.column(3, &["log", "user", "2"]), ["user add"]);
    assert_eq!(home.column(3, &["log", "note", "1", "--limit", "1"]), ["note edit"]);
    let json: Value = serde_json::from_str(&home.done(&["log", "--format", "json"])).unwrap();
    assert_eq!(
        json[1]["changes"],
        serde_json::json!([
        {"kind": "note", "done": "added", "count": 1}, {"kind": "tag", "done": "added", "count": 1}])
    );
    let csv = home.done(&["log", "--format", "csv", "--header"]);
    assert!(csv.starts_with("number,at,author,command,changes\r\n"), "{csv}");
    assert_eq!(home.run(&["log", "note"]).code, Some(2));
    // What only looks is not in it.
    home.done(&["note", "list"]);
    assert_eq!(shown(3).len(), 4);
}

#[test]
fn a_diff_shows_texts_line_by_line_and_values_on_request() {
    let home = home();
    let patch = home.done(&["diff"]);
    let (title, lines) = patch.split_once('\n').unwrap();
    assert!(title.starts_with("unit 5: note edit by Ada L., 2") && title.ends_with(": 1 note changed"), "{title}");
    assert!(lines.starts_with("--- note 1\n+++ note 1\n@@ "), "{lines}");
    for line in ["-name: To do", "+name: Done", " one", "-two", "+2", " three", " body:"] {
        assert!(lines.lines().any(|found| found == line), "{line}: {lines}");
    }
    assert!(!lines.contains("updated_at") && !lines.contains("version"), "{lines}");
    assert_eq!(home.done(&["diff", "note", "1"]), patch);
    assert_eq!(home.done(&["diff", "5"]), patch);
    assert_eq!(
        home.done(&["diff", "--format", "tsv"]),
        "note 1\tbody\tone\\ntwo\\nthree\\n\tone\\n2\\nthree\\n\nnote 1\tname\tTo do\tDone\n"
    );
    let added = home.done(&["diff", "3"]);
    assert!(added.contains("--- (none)\n+++ note 1\n") && added.contains("+++ tag \"rust\" of note 1\n"), "{added}");
    assert_eq!(home.fails(4, &["diff", "99"]), "there is no unit 99 in the history");
    assert_eq!(home.fails(4, &["diff", "note", "9"]), "there is no change of note 9 in the history");
    assert!(home.fails(2, &["diff", "note"]).starts_with("\"note\" is not the number of a unit"));
    assert!(home.fails(2, &["diff", "dog", "1"]).contains("one of user, repo, resume, note"));
}

#[test]
fn an_undo_wants_a_yes_and_takes_back_what_one_command_changed() {
    let home = home();
    let refused = home.fails(2, &["undo"]);
    assert!(refused.starts_with("this would undo unit 5 (note edit by Ada L., 2"), "{refused}");
    assert!(refused.ends_with("): 1 note changed; add --yes to undo it without being asked"), "{refused}");
    let ran = home.run(&["undo", "--yes"]);
    assert!(ran.code == Some(0) && ran.out.is_empty() && ran.err.starts_with("undone: unit 5 ("), "{ran:?}");
    let json: Value = serde_json::from_str(&home.done(&["note", "get", "1", "--format", "json"])).unwrap();
    assert_eq!((&json[0]["name"], &json[0]["body"]), (&"To do".into(), &"one\ntwo\nthree\n".into()));
    assert_eq!(home.column(3, &["log", "--limit", "1"]), ["undo 5"]);
    // Removed, with everything that belongs to it, and back.
    home.done(&["user", "remove", "--login", "ada", "--with-everything", "--yes"]);
    home.done(&["undo", "--yes"]);
    assert_eq!(home.done(&["note", "list", "--columns", "id,name,tags"]), "1\tTo do\trust\n");
    home.done(&["note", "edit", "1", "--name", "Later"]);
    let said = home.fails(1, &["undo", "3", "--yes"]);
    assert!(said.contains("notes") && said.contains("note edit"), "{said}");
    home.fails(4, &["undo", "99", "--yes"]);
}

#[test]
fn an_import_is_one_unit_for_each_file_and_is_undone_as_one() {
    let home = Home::with_users(module_path!());
    home.file("in.json", r#"[{"id": 7, "login": "x"}, {"id": 8, "login": "y"}, {"id": 583231, "login": "renamed"}]"#);
    home.done(&["import", "in.json"]);
    assert_eq!(home.column(4, &["log", "--limit", "1"]), ["2 users added, 1 user changed"]);
    home.done(&["undo", "--yes"]);
    assert_eq!(home.column(2, &["user", "list"]), ["octocat", "ada"]);
}

#[test]
fn old_changes_are_forgotten_on_request_and_the_records_stay() {
    let home = home();
    assert_eq!(home.done(&["db", "forget", "--before", "2020-01-01"]), "0\n");
    let refused = home.fails(2, &["db", "forget", "--before", "@9999999999"]);
    assert!(refused.starts_with("this would remove 5 changes from the history; add --yes"), "{refused}");
    assert_eq!(home.done(&["db", "forget", "--before", "@9999999999", "--yes"]), "5\n");
    assert_eq!((home.done(&["log"]), home.done(&["note", "list", "--count"])), (String::new(), "1\n".to_owned()));
    assert_eq!(home.fails(4, &["undo", "--yes"]), "there is no change in the history");
    assert_eq!(home.run(&["db", "forget"]).code, Some(2));
}
