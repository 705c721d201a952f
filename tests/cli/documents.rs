//! Résumés and notes: the sources of their text, and the outputs that show it.

use crate::home::{Home, run};

#[test]
fn a_body_is_given_as_text_as_a_file_or_on_standard_input() {
    let home = Home::with_users(module_path!());
    home.file("cv.md", "# Ada\n");
    home.done(&["resume", "add", "Analyst", "--login", "ada", "--body-file", "cv.md"]);
    home.done(&["resume", "add", "Programmer", "--login", "ada", "--body", "- engines"]);
    let ran = run(home.folio(&["resume", "add", "Writer", "--user", "2", "--body-file", "-"]).write_stdin("Note G"));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    home.done(&["resume", "add", "Countess", "--user", "2"]);
    let json: serde_json::Value = serde_json::from_str(&home.done(&["resume", "list", "--format", "json"])).unwrap();
    let bodies: Vec<_> = json.as_array().unwrap().iter().map(|resume| resume["body"].as_str().unwrap()).collect();
    assert_eq!(bodies, ["# Ada\n", "- engines", "Note G", ""]);
}

#[test]
fn get_shows_the_body_writes_it_alone_in_a_pipe_and_rows_leave_it_out() {
    let home = Home::with_users(module_path!());
    home.done(&["note", "add", "To do", "--login", "ada", "--body", "call\tback\n\u{1b}[2Jthen rest"]);
    assert_eq!(home.done(&["note", "get", "1"]), "call\tback\n\u{1b}[2Jthen rest");
    home.done(&["resume", "add", "Diver", "--login", "ada", "--body", "# Diver\r\n\u{200f}"]);
    assert_eq!(home.done(&["resume", "get", "1"]), "# Diver\r\n\u{200f}");
    assert_eq!(home.row(&["note", "get", "1", "--format", "tsv"])[..6], ["1", "2", "To do", "", "", "1"]);
    let shown = home.done(&["note", "get", "1", "--format", "table"]);
    assert!(shown.contains("name:         To do\n"), "{shown}");
    assert!(shown.ends_with("\n\ncall\tback\n\\u{1b}[2Jthen rest\n"), "{shown}");
}

#[test]
fn options_change_a_note_without_an_editor() {
    let home = Home::with_users(module_path!());
    home.done(&["repo", "add", "one", "--user", "1"]);
    home.done(&["note", "add", "To do", "--login", "ada"]);
    assert_eq!(home.row(&["note", "edit", "1", "--repo", "octocat/one"])[2..6], ["To do", "1", "", "2"]);
    assert_eq!(home.column(0, &["note", "list", "--repo", "octocat/one"]), ["1"]);
    assert_eq!(home.row(&["note", "edit", "1", "--no-repo", "--name", "Done"])[2..6], ["Done", "", "", "3"]);
    assert_eq!(home.row(&["note", "edit", "1", "--body", "all of it"])[5], "4");
    // An unchanged value is not written again.
    assert_eq!(home.row(&["note", "edit", "1", "--body", "all of it"])[5], "4");
    assert_eq!(home.column(0, &["note", "list", "--name", "Done", "--user", "2"]), ["1"]);
    home.done(&["resume", "add", "Analyst", "--login", "ada"]);
    assert_eq!(home.row(&["resume", "edit", "1", "--vacancy", "Countess"])[2], "Countess");
    assert_eq!(home.column(0, &["resume", "list", "--vacancy", "Countess"]), ["1"]);
    for noun in ["note", "resume"] {
        assert_eq!(home.run(&[noun, "remove", "1"]).out, "");
        home.fails(4, &[noun, "get", "1"]);
    }
}

#[test]
fn a_body_that_cannot_be_read_is_named_before_anything_is_made() {
    let home = Home::new(module_path!());
    home.file("latin", b"caf\xe9");
    home.file("nul", "a\0b");
    let add = |file| home.fails(1, &["note", "add", "x", "--user", "1", "--body-file", file]);
    assert_eq!(add("latin"), "latin: it is not UTF-8 text");
    assert_eq!(add("nul"), "nul: contains a NUL character, which databases cannot store");
    assert!(add("none").starts_with("none: No such file"), "{}", add("none"));
    assert_eq!(home.files(), ["latin", "nul"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_body_file_without_end_is_given_up_at_the_limit() {
    let home = Home::with_users(module_path!());
    let said = home.fails(1, &["note", "add", "x", "--user", "1", "--body-file", "/dev/zero"]);
    assert_eq!(said, "/dev/zero: longer than 128 MiB, the limit; shorten it");
}
