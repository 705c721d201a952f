//! Editing a body in the user's editor, with small scripts as editors.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use crate::home::{FOLIO, Home, Ran, run};

/// A note with the body `one`.
fn home() -> Home {
    let home = Home::with_users(module_path!());
    home.done(&["note", "add", "To do", "--login", "ada", "--body", "one"]);
    home
}

/// Edits note 1; the editor is a line of shell that finds the file in `$1`.
fn edit(home: &Home, editor: &str) -> Ran {
    let script = home.file("editor.sh", editor);
    run(home.folio(&["note", "edit", "1"]).env("EDITOR", format!("sh '{}'", script.display())))
}

fn body(home: &Home, noun: &str) -> String {
    let json: serde_json::Value = serde_json::from_str(&home.done(&[noun, "get", "1", "--format", "json"])).unwrap();
    json[0]["body"].as_str().unwrap().to_owned()
}

/// The files with typed text that was kept.
fn kept(home: &Home) -> Vec<PathBuf> {
    home.files().iter().filter(|name| name.starts_with("folio-")).map(|name| home.path().join(name)).collect()
}

/// Asserts that the text is kept in the file that the error names, readable by its owner alone.
fn assert_kept(home: &Home, said: &str, text: &str) {
    let [file] = &kept(home)[..] else { panic!("{:?}: {said}", home.files()) };
    assert!(said.ends_with(&format!("; what was typed is kept in {}", file.display())), "{said}");
    assert_eq!(fs::read_to_string(file).unwrap(), text);
    assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn what_was_typed_is_saved_and_no_file_is_left() {
    let home = home();
    let ran = edit(&home, r#"test "$(cat "$1")" = one && test "$(stat -c %a "$1")" = 600 && printf 'two\n' > "$1""#);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.starts_with("1\t2\tTo do\t\t\t2\t"), "{ran:?}");
    assert_eq!(body(&home, "note"), "two\n");
    assert!(kept(&home).is_empty());
}

#[test]
fn an_editor_may_replace_the_file() {
    let home = home();
    let ran = edit(&home, r#"printf two > "$1.new" && mv "$1.new" "$1""#);
    assert_eq!((ran.code, body(&home, "note").as_str()), (Some(0), "two"), "{ran:?}");
}

#[test]
fn visual_beats_editor_and_arguments_may_stand_in_it() {
    let home = home();
    let ran = run(home.folio(&["note", "edit", "1"]).env("VISUAL", "printf two >").env("EDITOR", "false"));
    assert_eq!((ran.code, body(&home, "note").as_str()), (Some(0), "two"), "{ran:?}");
    let ran = run(home.folio(&["note", "edit", "1"]).env("VISUAL", "").env("EDITOR", "printf three >"));
    assert_eq!((ran.code, body(&home, "note").as_str()), (Some(0), "three"), "{ran:?}");
}

#[test]
fn text_that_is_left_as_it_is_is_no_change() {
    let home = home();
    // The second only terminates the last line, as most editors do.
    for editor in ["true", r#"echo >> "$1""#] {
        let ran = edit(&home, editor);
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), "no change\n"), "{editor}");
        assert!(ran.out.starts_with("1\t2\tTo do\t\t\t1\t"), "{ran:?}");
        assert!(kept(&home).is_empty());
    }
    assert_eq!(body(&home, "note"), "one");
}

#[test]
fn a_text_that_is_emptied_is_not_saved_unless_it_is_said_on_the_command_line() {
    let home = home();
    for editor in [r#": > "$1""#, r#"printf ' \n\t\n' > "$1""#] {
        let said = edit(&home, editor).refused(1);
        assert_eq!(said, "the text was emptied, so nothing was saved; --body '' saves an empty one");
        assert_eq!(body(&home, "note"), "one");
        assert!(kept(&home).is_empty());
    }
    assert_eq!(home.row(&["note", "edit", "1", "--body", ""])[5], "2");
    assert_eq!(body(&home, "note"), "");
    // A text that was empty and stays empty is not a change.
    assert_eq!(edit(&home, "true").err, "no change\n");
    home.done(&["resume", "add", "Analyst", "--login", "ada", "--body", "one"]);
    let ran = run(home.folio(&["resume", "edit", "1"]).env("EDITOR", ": >"));
    assert!(ran.refused(1).contains("was emptied"), "{ran:?}");
    assert_eq!(body(&home, "resume"), "one");
}

#[test]
fn a_note_that_someone_else_changed_meanwhile_is_not_overwritten_and_the_text_is_kept() {
    let home = home();
    let ran = edit(&home, &format!("'{FOLIO}' note edit 1 --body theirs >/dev/null && printf mine > \"$1\""));
    assert_eq!(ran.out, "");
    let said = ran.refused(1);
    assert!(
        said.starts_with("it was changed or removed by someone else meanwhile, so nothing was overwritten"),
        "{said}"
    );
    assert_kept(&home, &said, "mine");
    assert_eq!(body(&home, "note"), "theirs");
}

#[test]
fn a_resume_that_someone_else_changed_meanwhile_is_not_overwritten_either() {
    let home = Home::with_users(module_path!());
    home.done(&["resume", "add", "Analyst", "--login", "ada", "--body", "one"]);
    let script =
        home.file("editor.sh", format!("'{FOLIO}' resume edit 1 --vacancy Countess >/dev/null\nprintf mine > $1"));
    let ran = run(home.folio(&["resume", "edit", "1"]).env("EDITOR", format!("sh {}", script.display())));
    assert_kept(&home, &ran.refused(1), "mine");
    assert_eq!(body(&home, "resume"), "one");
}

#[test]
fn a_note_that_someone_else_removed_meanwhile_keeps_the_text() {
    let home = home();
    let ran = edit(&home, &format!("'{FOLIO}' note remove 1 2>/dev/null && printf mine > \"$1\""));
    assert_kept(&home, &ran.refused(1), "mine");
}

#[test]
fn a_database_that_went_meanwhile_keeps_the_text() {
    let home = home();
    let ran = edit(&home, &format!("'{FOLIO}' migrate down --all --yes 2>/dev/null && printf mine > \"$1\""));
    assert_kept(&home, &ran.refused(1), "mine");
}

#[test]
fn an_editor_that_fails_saves_nothing_and_loses_nothing() {
    let home = home();
    let said = edit(&home, "exit 3").refused(1);
    assert!(said.ends_with("ended with exit status: 3, so nothing was saved"), "{said}");
    assert!(kept(&home).is_empty());
    assert_kept(&home, &edit(&home, r#"printf mine > "$1"; exit 3"#).refused(1), "mine");
    assert_eq!(body(&home, "note"), "one");
}

#[test]
fn an_interrupt_is_the_editor_s_own() {
    let home = home();
    // Evaluated by the shell that the program starts; the program is the shell's parent.
    let ran = run(home.folio(&["note", "edit", "1"]).env("EDITOR", "kill -INT $PPID; printf two >"));
    assert_eq!((ran.code, body(&home, "note").as_str()), (Some(0), "two"), "{ran:?}");
}

#[test]
fn an_editor_that_takes_the_file_away_saves_nothing() {
    let home = home();
    let said = edit(&home, r#"rm "$1""#).refused(1);
    assert!(said.contains("No such file"), "{said}");
    assert_eq!(body(&home, "note"), "one");
}

#[test]
fn a_text_that_no_database_takes_is_kept() {
    let home = home();
    let said = edit(&home, r#"printf 'a\000b' > "$1""#).refused(1);
    assert!(said.starts_with("the text: contains a NUL character"), "{said}");
    assert_kept(&home, &said, "a\0b");
}

#[test]
fn without_a_terminal_and_an_editor_the_options_are_named() {
    let home = home();
    let said = home.fails(2, &["note", "edit", "1"]);
    assert!(said.contains("--body or --body-file"), "{said}");
}

#[test]
fn a_text_that_is_longer_than_the_limit_is_kept() {
    let home = home();
    let ran = edit(&home, "truncate -s 129M \"$1\"");
    assert!(ran.code == Some(1) && ran.err.contains("longer than 128 MiB, the limit"), "{ran:?}");
    let [file] = &kept(&home)[..] else { panic!("{ran:?}") };
    assert!(ran.err.contains(file.to_str().unwrap()), "{ran:?}");
}
