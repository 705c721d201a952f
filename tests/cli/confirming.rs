//! Commands that remove more than the record they name: they list it and ask on a terminal.

use crate::home::Home;
use crate::terminal::{Terminal, run_on_a_terminal};

/// Octocat has a repository, a résumé and two notes; ada has nothing.
fn home() -> Home {
    let home = Home::with_users(module_path!());
    home.done(&["repo", "add", "one", "--user", "1"]);
    home.done(&["resume", "add", "Cat", "--user", "1"]);
    home.done(&["note", "add", "To do", "--user", "1"]);
    home.done(&["note", "add", "Done", "--user", "1"]);
    home
}

fn rows(home: &Home, noun: &str) -> usize {
    home.done(&[noun, "list"]).lines().count()
}

const EVERYTHING: [&str; 4] = ["user", "remove", "1", "--with-everything"];
const OCTOCAT: &str =
    "user id 1: octocat (account number 583231, octocat@example.org), 1 repository, 1 résumé, 2 notes";

#[test]
fn removing_a_user_with_everything_asks_on_a_terminal() {
    for yes in ["y\n", "Y\n", "yes\n", " yes \n"] {
        let home = home();
        let ran = run_on_a_terminal(&home, 80, &EVERYTHING, yes);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert_eq!(ran.out, format!("This removes {OCTOCAT}.\nContinue? [y/N] removed {OCTOCAT}\n"));
        assert_eq!((rows(&home, "user"), rows(&home, "note")), (1, 0));
    }
    let home = home();
    // The last is Ctrl-D: end of input.
    for no in ["\n", "n\n", "no\n", "yn\n", "j\n", "\u{4}"] {
        let ran = run_on_a_terminal(&home, 80, &EVERYTHING, no);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.out.ends_with("Continue? [y/N] folio: nothing was removed\n"), "{ran:?}");
        assert_eq!((rows(&home, "user"), rows(&home, "note")), (2, 2));
    }
    let ran = run_on_a_terminal(&home, 80, &[&EVERYTHING[..], &["--yes"]].concat(), "");
    assert_eq!(ran.out, format!("removed {OCTOCAT}\n"));
}

#[test]
fn reverting_migrations_asks_on_a_terminal() {
    let home = home();
    let asked = format!(
        "what 2026-11-29-000002_describe_repositories made, \
         what 2026-11-29-000001_describe_users made, notes (2 rows), resumes (1 row), repositories (1 row), \
         users (2 rows) from {}.\n\
         Continue? [y/N] folio: nothing was changed\n",
        home.place()
    );
    let ran = run_on_a_terminal(&home, 80, &["migrate", "down", "--all"], "n\n");
    assert!(ran.code == Some(1) && ran.out.starts_with("This would remove ") && ran.out.ends_with(&asked), "{ran:?}");
    assert_eq!(rows(&home, "note"), 2);
    let ran = run_on_a_terminal(&home, 80, &["migrate", "down", "--to", "20261101000003"], "y\n");
    assert!(ran.code == Some(0) && ran.out.contains(" made, notes (2 rows) from "), "{ran:?}");
    assert_eq!(home.run(&["user", "list"]).code, Some(3));
    // There is nothing left to confirm.
    home.done(&["migrate", "down", "--all", "--yes"]);
    let ran = run_on_a_terminal(&home, 80, &["migrate", "down"], "");
    assert!(ran.code == Some(0) && ran.out.starts_with("nothing to do: "), "{ran:?}");
}

#[test]
fn without_a_terminal_nothing_is_removed_unless_the_command_says_yes() {
    let home = home();
    for (command, removed) in [
        (&EVERYTHING[..], OCTOCAT.to_owned()),
        (&["user", "remove", "--login", "ada", "--with-everything"], "user id 2: ada (account number -1)".to_owned()),
        (
            &["migrate", "down", "--to", "20261101000002"],
            format!("notes (2 rows), resumes (1 row) from {}", home.place()),
        ),
    ] {
        let way_out = if command[0] == "migrate" { "do so" } else { "remove it" };
        let refusal = format!("{removed}; add --yes to {way_out} without being asked");
        let refused = home.fails(2, command);
        assert!(refused.starts_with("this would remove ") && refused.ends_with(&refusal), "{refused}");
        // An answer is not read from a pipe either.
        let ran = crate::home::run(home.folio(command).write_stdin("y\ny\n"));
        assert_eq!(ran.refused(2), refused);
    }
    assert_eq!((rows(&home, "user"), rows(&home, "note"), rows(&home, "resume")), (2, 2, 1));
    assert_eq!(home.run(&[&EVERYTHING[..], &["--yes"]].concat()).err, format!("removed {OCTOCAT}\n"));
    home.done(&["migrate", "down", "--yes"]);
}

#[test]
fn a_user_whose_notes_go_too_is_asked_about_and_one_without_is_not() {
    let home = home();
    home.done(&["note", "add", "Engine", "--user", "2"]);
    let refusal = home.fails(2, &["user", "remove", "2"]);
    assert!(refusal.starts_with("this would remove user id 2: ada (account number -1), 1 note; "), "{refusal}");
    let ran = run_on_a_terminal(&home, 80, &["user", "remove", "2"], "n\n");
    assert!(ran.code == Some(1) && ran.out.contains("ada (account number -1), 1 note.\n"), "{ran:?}");
    home.done(&["note", "remove", "3"]);
    assert_eq!(home.run(&["user", "remove", "2"]).err, "removed user id 2: ada (account number -1)\n");
    // Errors take precedence over the missing --yes.
    assert!(home.fails(1, &["user", "remove", "1"]).contains("1 repository and 1 résumé"));
    home.fails(4, &["user", "remove", "99", "--with-everything"]);
}

#[test]
fn what_was_added_while_the_question_stood_is_not_removed_unseen() {
    let home = home();
    let mut terminal = Terminal::start(&home, 80, &EVERYTHING);
    terminal.wait_for("[y/N] ");
    home.done(&["note", "add", "Late", "--user", "1"]);
    terminal.press("y\n");
    let ran = terminal.end();
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.out.contains("folio: nothing was removed: it would now be user id 1: octocat"), "{ran:?}");
    assert!(ran.out.ends_with("3 notes; run it again\n"), "{ran:?}");
    assert_eq!((rows(&home, "user"), rows(&home, "note")), (2, 3));
}
