//! Output on a terminal: nothing in an argument, a file name or a record can control it.

use crate::home::{FOLIO, Home};
use crate::secrets::LINES;
use crate::terminal::run_in_colours;

/// Writes to the clipboard, clears the screen in two ways, reverses text, hides it.
const HOSTILE: [&str; 6] = [
    "\u{1b}]52;c;aGk=\u{7}",
    "--\u{1b}]52;c;aGk=\u{7}",
    "-\u{1b}[2J",
    "\u{9b}2J\u{85}x",
    "\u{202e}txt\u{2066}.exe",
    "--a\u{200b}b\u{e0041}=\u{feff}\u{8}\u{7f}",
];

fn is_safe(shown: &str) -> bool {
    let drives = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{200b}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
    };
    !shown.contains(drives)
}

/// The text without colour codes.
fn without_colours(shown: &str) -> String {
    let mut parts = shown.split("\u{1b}[");
    let mut left = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once('m') {
            Some((code, rest)) if code.chars().all(|c| c.is_ascii_digit() || c == ';') => left.push_str(rest),
            _ => left.push_str(&format!("\u{1b}[{part}")),
        }
    }
    left
}

#[test]
fn no_argument_drives_a_terminal_by_way_of_an_error() {
    let home = Home::with_users(module_path!());
    for hostile in HOSTILE {
        for line in LINES {
            let arguments: Vec<String> = line.split(' ').map(|word| word.replace('U', hostile)).collect();
            let ran = home.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
            assert!(is_safe(&ran.out) && is_safe(&ran.err), "{line}: {ran:?}");
        }
        for line in [&["import", hostile][..], &["user", hostile], &["user", "list", hostile], &[hostile]] {
            let ran = run_in_colours(&home, 80, line);
            assert!(is_safe(&without_colours(&ran.out)), "{line:?}: {ran:?}");
        }
    }
    let said = home.run(&["import", "--\u{1b}]52;c;aGk=\u{7}"]).err;
    assert!(said.starts_with("error: unexpected argument '--\\u{1b}]52;c;aGk' found\n"), "{said}");
}

#[test]
fn a_slip_that_holds_nothing_hostile_keeps_its_colours_on_a_terminal() {
    let home = Home::new(module_path!());
    let ran = run_in_colours(&home, 80, &["user", "lst"]);
    assert!(ran.code == Some(2) && ran.out.contains("\u{1b}["), "{ran:?}");
}

#[test]
fn the_name_under_which_the_program_is_called_is_not_shown() {
    use std::os::unix::process::CommandExt as _;

    let output = std::process::Command::new(FOLIO).arg0("\u{1b}]52;c;aGk=\u{7}").arg("--help").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    assert!(is_safe(&help) && help.contains("Usage: folio "), "{help}");
}

#[test]
fn records_drive_no_terminal_though_a_pipe_lies_between() {
    let home = Home::with_users(module_path!());
    for hostile in HOSTILE {
        home.done(&["note", "add", &format!("x{hostile}"), "--user", "1", "--body", hostile]);
    }
    for format in ["table", "tsv", "json"] {
        for verb in [&["note", "list"][..], &["note", "get", "1"]] {
            let shown = home.done(&[verb, &["--format", format]].concat());
            assert!(is_safe(&shown), "{shown:?}");
        }
    }
    assert_eq!(home.column(2, &["note", "list"])[0], "x\\u{1b}]52;c;aGk=\\u{7}");
    // The same text in JSON.
    let json: serde_json::Value = serde_json::from_str(&home.done(&["note", "list", "--format", "json"])).unwrap();
    assert_eq!(json[0]["name"], format!("x{}", HOSTILE[0]));
}

#[test]
fn a_line_end_in_a_name_begins_no_line_of_a_message() {
    let home = Home::with_users(module_path!());
    let hostile = "x\nfolio: done\r\u{2028}.json";
    std::fs::create_dir(home.path().join("in")).unwrap();
    home.file(&format!("in/{hostile}"), "[{");
    home.file("in/y\nz.png", "");
    home.file("in/z.json", r#"[{"login": "octocat", "id": 583231}]"#);
    let none = format!("none{hostile}");
    for (code, arguments) in [
        (1, &["import", &*none][..]),
        (1, &["user", "get", "--login", hostile]),
        (1, &["user", "list", "--database-url", hostile]),
        (1, &["db", "copy", &none, "there.db"]),
        (1, &["note", "add", "x", "--user", "1", "--body-file", &none]),
    ] {
        let ran = home.run(arguments);
        assert_eq!(ran.err.lines().count(), 1, "{arguments:?}: {ran:?}");
        assert!(ran.code == Some(code) || ran.code == Some(4), "{arguments:?}: {ran:?}");
        assert!(ran.err.starts_with("folio: ") && is_safe(&ran.err), "{arguments:?}: {ran:?}");
    }
    // One line per failure, one per skipped file, and one for the whole import.
    let ran = home.run(&["import", "in"]);
    let lines: Vec<_> = ran.err.lines().collect();
    assert_eq!(lines.len(), 3, "{ran:?}");
    assert!(lines[0].starts_with("skipped in/y\\nz.png: "), "{ran:?}");
    assert!(lines[1].starts_with("failed: in/x\\nfolio: done\\r\\u{2028}.json"), "{ran:?}");
    // Clap's messages have their own lines, which an argument cannot add to.
    for arguments in [&[hostile][..], &["user", "list", hostile], &["import", "--x\nfolio: done"]] {
        let ran = home.run(arguments);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(!ran.err.contains("\nfolio: done"), "{ran:?}");
    }
}

#[test]
fn names_of_files_drive_no_terminal() {
    let home = Home::with_users(module_path!());
    std::fs::create_dir(home.path().join("in")).unwrap();
    home.file("in/\u{1b}]52;c;aGk=\u{7}.png", "");
    home.file("in/\u{1b}]52;c;aGk=\u{7}.json", "[{");
    for arguments in [&["import", "in"][..], &["import", "in/\u{1b}]52;c;aGk=\u{7}.json"]] {
        for said in [home.run(arguments).err, without_colours(&run_in_colours(&home, 80, arguments).out)] {
            assert!(!said.contains("\u{1b}]") && said.contains("\\u{1b}]52"), "{said:?}");
        }
    }
}
