//! The tour in `docs/tour.md`: its commands are run, one after the other, on a terminal of 100 columns, and what they
//! print is what it shows. With `TOUR=write` the text is written anew from what they print.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::home::{FOLIO, Home};
use crate::terminal::Terminal;

const BEGIN: &str = "```console\n";
const END: &str = "```\n";

#[test]
fn the_tour_shows_what_its_commands_print() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("docs/tour.md");
    let tour = fs::read_to_string(&path).unwrap();
    let home = Home::new("");
    std::os::unix::fs::symlink(root.join("samples"), home.path().join("samples")).unwrap();
    let mut played = String::new();
    let mut parts = tour.split(BEGIN);
    played.push_str(parts.next().unwrap());
    for part in parts {
        let (session, prose) = part.split_once(END).unwrap();
        played.push_str(BEGIN);
        for command in session.lines().filter_map(|line| line.strip_prefix("$ ")) {
            played.push_str(&format!("$ {command}\n{}", run(&home, command)));
        }
        played.push_str(END);
        played.push_str(prose);
    }
    if std::env::var("TOUR").is_ok_and(|tour| tour == "write") {
        fs::write(&path, &played).unwrap();
    } else {
        assert!(
            played == tour,
            "docs/tour.md is not what its commands print; TOUR=write writes it anew. They print:\n{played}"
        );
    }
}

/// What a shell prints for the command, and then what the command says beside it, at any hour and in any folder.
fn run(home: &Home, command: &str) -> String {
    let mut shell = Command::new("sh");
    let path = format!("{}:/usr/bin:/bin", Path::new(FOLIO).parent().unwrap().display());
    let both = format!("{{ {command}\n}} 2> .said");
    shell
        .current_dir(home.path())
        .env_clear()
        .env("PATH", path)
        .envs([("NO_COLOR", "1"), ("PAGER", "")])
        .args(["-c", &both]);
    let ran = Terminal::running(shell, 100).end();
    let shown = ran.out + &fs::read_to_string(home.path().join(".said")).unwrap();
    assert!(!shown.contains("```"), "{shown}");
    let shown = shown.replace(&home.path().display().to_string(), "/home/ada");
    shown.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}
