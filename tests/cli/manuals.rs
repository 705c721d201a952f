//! Manual pages: of every command, with its examples as they are.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::home::Home;
use crate::terminal::Terminal;

#[test]
fn a_pipe_gets_the_source_of_a_page_with_all_that_the_help_has() {
    let home = Home::new(module_path!());
    let page = home.done(&["man", "user", "list"]);
    for part in [
        ".TH folio-user-list 1 \" \" \"folio ",
        ".SH NAME\nfolio\\-user\\-list \\- List accounts\n",
        "\\fB\\-\\-login\\fR",
        ".SH OUTPUT\n",
        ".SH \"GLOBAL OPTIONS\"\n",
        ".SH EXAMPLES\n.nf\n  folio user list\n",
        ".fi\n.SH NOTES\nPrints the records in the order of their ids.\n",
    ] {
        assert!(page.contains(part), "{part:?}: {page}");
    }
    assert!(home.done(&["man"]).contains(".SH SUBCOMMANDS\n"));
    let said = home.fails(2, &["man", "user", "lst"]);
    assert_eq!(said, "there is no command \"lst\" of 'folio user'; did you mean list?");
}

#[test]
fn a_folder_gets_the_pages_of_all_commands() {
    let home = Home::new(module_path!());
    let printed = home.done(&["man", "--output", "share/man1"]);
    let names: Vec<&str> = printed.lines().collect();
    assert!(
        names.starts_with(&["share/man1/folio.1", "share/man1/folio-user.1", "share/man1/folio-user-add.1"]),
        "{printed}"
    );
    let written = fs::read_dir(home.path().join("share/man1")).unwrap().count();
    assert!(written == names.len() && written > 40, "{printed}");
    assert!(!printed.contains("exit-codes") && !printed.contains("help"), "{printed}");
    // The system's own formatter has nothing to complain about.
    for name in names {
        let mut formatter = std::process::Command::new("groff");
        formatter.args(["-man", "-ww", "-z", "-Tutf8", "-K", "utf8"]).arg(home.path().join(name));
        let Ok(formatted) = formatter.output() else { return };
        let said = String::from_utf8_lossy(&formatted.stderr).into_owned();
        assert!(formatted.status.success() && said.is_empty(), "{name}: {said}");
    }
}

#[test]
fn a_terminal_gets_the_page_in_man_and_without_it_a_way_out() {
    let home = Home::new(module_path!());
    fs::create_dir(home.path().join("bin")).unwrap();
    let man = home.file("bin/man", "#!/bin/sh\nread line < \"$1\"; echo \"$line\"; /bin/grep -c . \"$1\"\n");
    fs::set_permissions(&man, fs::Permissions::from_mode(0o755)).unwrap();
    let on_a_terminal = |path: &str| {
        let mut command = home.command(&["man", "db", "info"]);
        command.env("PATH", home.path().join(path)).env("NO_COLOR", "1");
        Terminal::running(command, 100).end()
    };
    let ran = on_a_terminal("bin");
    assert!(ran.code == Some(0) && ran.out.lines().count() == 2, "{ran:?}");
    let ran = on_a_terminal("none");
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.out.starts_with("folio: cannot run man: ")
            && ran.out.ends_with("; 'folio db info --help' prints the same\n"),
        "{ran:?}"
    );
    assert_eq!(home.files(), ["bin"], "nothing is left");
}
