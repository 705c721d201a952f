//! `folio open`: a record's page.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::home::{Home, run};
use crate::terminal::Terminal;

fn home(url: &str) -> Home {
    let home = Home::with_users(module_path!());
    let record = format!(
        r#"{{"id": 7, "full_name": "acme/anvil", "owner": {{"id": 77, "login": "acme"}}, "html_url": "{url}"}}"#
    );
    home.file("in.json", record);
    home.done(&["import", "in.json"]);
    home.file("browser", "#!/bin/sh\nprintf '%s\\n' \"$#\" \"$1\" > opened\n");
    fs::set_permissions(home.path().join("browser"), fs::Permissions::from_mode(0o755)).unwrap();
    home
}

#[test]
fn a_pipe_gets_the_url_and_a_terminal_the_page() {
    let home = home("https://github.com/acme/anvil?a=b&c='d'");
    assert_eq!(home.done(&["open", "acme/anvil"]), "https://github.com/acme/anvil?a=b&c='d'\n");
    assert!(!home.path().join("opened").exists());
    let mut command = home.folio(&["open", "acme/anvil"]);
    command.env("BROWSER", "./browser");
    assert_eq!(run(&mut command).out, "https://github.com/acme/anvil?a=b&c='d'\n");

    let mut command = home.command(&["open", "acme/anvil"]);
    command.env("BROWSER", "./browser");
    let ran = Terminal::running(command, 80).end();
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""));
    let opened = fs::read_to_string(home.path().join("opened")).unwrap();
    assert_eq!(opened, "1\nhttps://github.com/acme/anvil?a=b&c='d'\n");

    let mut command = home.command(&["open", "acme/anvil", "--print"]);
    command.env("BROWSER", "./nothing");
    assert_eq!(Terminal::running(command, 80).end().out, "https://github.com/acme/anvil?a=b&c='d'\n");
    let mut command = home.command(&["open", "acme/anvil"]);
    command.env("BROWSER", "./nothing");
    let ran = Terminal::running(command, 200).end();
    assert!(
        ran.code == Some(1) && ran.out.contains("cannot run ./nothing: ") && ran.out.contains("/acme/anvil"),
        "{ran:?}"
    );
}

#[test]
fn what_is_no_page_of_the_web_is_never_opened() {
    for url in ["file:///etc/passwd", "javascript:alert(1)", "--help", "https://a b"] {
        let home = home(url);
        let mut command = home.command(&["open", "acme/anvil"]);
        command.env("BROWSER", "./browser");
        let ran = Terminal::running(command, 200).end();
        assert!(ran.code == Some(1) && ran.out.contains("is not an address of the web"), "{ran:?}");
        assert!(!home.path().join("opened").exists());
        assert_eq!(home.done(&["open", "acme/anvil"]), format!("{url}\n"));
    }
}

#[test]
fn a_record_without_a_url_and_one_that_is_not_there_are_told_apart() {
    let home = home("https://github.com/acme/anvil");
    let said = home.fails(1, &["open", "ada"]);
    assert_eq!(said, "\"ada\" has no URL; a record of its own tells it: gh api users/ada | folio import -");
    assert!(home.fails(1, &["open", "acme"]).ends_with("gh api users/acme | folio import -"));
    home.fails(4, &["open", "nobody"]);
    home.fails(4, &["open", "acme/nothing"]);
    home.done(&["user", "add", "ada", "--number", "8"]);
    assert!(home.fails(1, &["open", "ada"]).contains("account number 8"));
}
