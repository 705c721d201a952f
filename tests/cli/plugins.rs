//! Programs of others as commands: `folio-NAME` on the PATH.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::home::{FOLIO, Home, Ran, run};

/// A folder `bin` on the PATH with two plugins, and a file that is none.
fn home() -> Home {
    let home = Home::new(module_path!());
    fs::create_dir(home.path().join("bin")).unwrap();
    let script = "#!/bin/sh\nprintf '%s|' \"$@\" \"$FOLIO_DATABASE_URL\" \"$FOLIO\"\nexit 7\n";
    for (name, mode) in [("folio-hello", 0o755), ("folio-two-words", 0o755), ("folio-data", 0o644)] {
        let path = home.file(&format!("bin/{name}"), script);
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    home
}

fn folio(home: &Home, arguments: &[&str]) -> Ran {
    run(home.folio(arguments).env("PATH", format!("{}:/usr/bin:/bin", home.path().join("bin").display())))
}

#[test]
fn a_program_on_the_path_is_a_command_with_its_own_arguments_and_exit_code() {
    let home = home();
    let ran = folio(&home, &["hello", "--format", "x", "-v", "two words", "--help"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(7), ""));
    assert_eq!(ran.out, format!("--format|x|-v|two words|--help||{FOLIO}|"));
    // It finds the database that an option names.
    let ran = folio(&home, &["--database-url", "a.db", "two-words"]);
    assert_eq!(ran.out, format!("a.db|{FOLIO}|"));
    assert_eq!(home.files(), ["bin"]);
}

#[test]
fn the_first_page_of_the_help_lists_them_and_no_other_does() {
    let home = home();
    let help = folio(&home, &["--help"]).out;
    assert!(
        help.ends_with("\n\nCommands of other programs, folio-NAME on the PATH:\n  folio hello\n  folio two-words\n"),
        "{help}"
    );
    assert!(!folio(&home, &["user", "--help"]).out.contains("folio hello"));
    assert!(!home.done(&["--help"]).contains("Commands of other programs"));
}

#[test]
fn a_near_miss_is_still_told_and_what_is_no_program_is_none() {
    let home = home();
    for (name, said) in [
        ("ntoe", "a similar subcommand exists: 'note'"),
        ("find", "a similar subcommand exists: 'search'"),
        ("data", "unrecognized subcommand 'data'"),
        ("../bin/folio-hello", "unrecognized subcommand"),
        ("/hello", "unrecognized subcommand"),
        ("", "unrecognized subcommand ''"),
    ] {
        let ran = folio(&home, &[name, "x"]);
        assert!(ran.code == Some(2) && ran.out.is_empty() && ran.err.contains(said), "{name}: {ran:?}");
    }
    // A command of Folio's own is not replaced.
    fs::copy(home.path().join("bin/folio-hello"), home.path().join("bin/folio-user")).unwrap();
    assert!(folio(&home, &["user", "list"]).err.contains("there is no database"));
    // Nor is one run that lies in the current folder, unless that is on the PATH by name.
    let here = run(home.folio(&["hello"]).env("PATH", ":bin:.").current_dir(home.path().join("bin")));
    assert_eq!(here.code, Some(2), "{here:?}");
}
