//! `folio search`: what is printed of what was found, and the mistakes in what is asked.

use crate::home::Home;
#[cfg(unix)]
use crate::terminal::Terminal;

fn home() -> Home {
    let home = Home::with_users(module_path!());
    home.done(&["repo", "add", "rolodex", "--login", "ada"]);
    home.done(&["note", "add", "To do", "--login", "ada", "--body", "Call back on Monday about the rolodex"]);
    home.done(&["note", "add", "=Sum", "--login", "octocat", "--body", "of every\nrolodex"]);
    home
}

#[test]
fn what_is_found_comes_out_in_every_format() {
    let home = home();
    let shown = |more: &[&str]| home.done(&[&["search", "Monday"], more].concat());
    assert_eq!(shown(&[]), "note\t1\tada\tTo do\tCall back on Monday about the rolodex\n");
    assert_eq!(shown(&["--header"]).lines().next(), Some("kind\tid\tlogin\tname\tsnippet"));
    assert_eq!(
        shown(&["--format", "ndjson"]),
        "{\"kind\":\"note\",\"id\":1,\"login\":\"ada\",\"name\":\"To do\",\
         \"snippet\":\"Call back on Monday about the rolodex\"}\n"
    );
    assert_eq!(shown(&["--kind", "repo"]), "");
    assert_eq!(shown(&["--kind", "repo", "--format", "json"]), "[]\n");
    let csv = home.done(&["search", "sum", "--format", "csv"]);
    assert_eq!(csv, "note,2,octocat,'=Sum,of every rolodex\r\n");
    let mut all: Vec<String> = home.done(&["search", "rolodex"]).lines().map(str::to_owned).collect();
    all.sort();
    assert_eq!(all.len(), 3, "{all:?}");
    assert_eq!(all[2], "repo\t1\tada\trolodex\t");
    assert_eq!(home.done(&["search", "rolodex", "--limit", "1"]).lines().count(), 1);
    assert_eq!(home.done(&["search", "rolodex", "--login", "octocat"]), "note\t2\toctocat\t=Sum\tof every rolodex\n");
    // Several arguments are one search.
    assert_eq!(home.done(&["search", "call", "mon*"]), home.done(&["search", "call mon*"]));
    assert_eq!(home.done(&["search", "--", "-call", "every"]).lines().count(), 1);
}

#[cfg(unix)]
#[test]
fn a_terminal_shows_the_words_in_bold_unless_no_color_is_set() {
    let home = home();
    let shown = |variables: &[(&str, &str)]| {
        let mut command = home.command(&["search", "monday", "--kind", "note"]);
        command.env("TERM", "xterm").envs(variables.iter().copied());
        Terminal::running(command, 100).end().out
    };
    let marked = "Call back on \u{1b}[1mMonday\u{1b}[0m about the rolodex";
    assert!(shown(&[]).contains(marked), "{}", shown(&[]));
    let plain = shown(&[("NO_COLOR", "1")]);
    assert!(plain.contains("Call back on Monday about") && !plain.contains('\u{1b}'), "{plain}");
}

#[test]
fn a_search_without_a_word_is_a_usage_error_that_says_so() {
    let home = home();
    for words in ["", "*", "\"", "( ' ) :^"] {
        let said = home.fails(2, &["search", words]);
        assert!(said.contains("there is no word in it: letters or digits"), "{said}");
    }
    // The operators of an engine's own syntax are words like any other.
    for words in ["AND OR NOT", "NEAR(monday back)", "body:monday", "+monday >back", "monday & (back | !x)"] {
        home.done(&["search", words]);
    }
    let said = home.fails(2, &["search", "--", "-monday"]);
    assert!(said.contains("it only leaves out words; name one to look for"), "{said}");
    assert_eq!(home.run(&["search"]).code, Some(2));
    assert_eq!(home.run(&["search", "monday", "--kind", "dog"]).code, Some(2));
    home.fails(4, &["search", "monday", "--login", "nobody"]);
}
