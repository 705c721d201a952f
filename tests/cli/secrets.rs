//! A URL where none is expected: messages about it never contain its password.

use crate::home::Home;

/// Command lines with a placeholder, `U`, wherever a user may type anything.
pub const LINES: &[&str] = &[
    "db copy folio.db there.db U",
    "db copy U there.db",
    "db copy folio.db U",
    "db create U",
    "migrate up U",
    "migrate up --steps U",
    "migrate down --steps=U",
    "user list U",
    "user U",
    "U user list",
    "U",
    "help U",
    "help user U",
    "--url:U user list",
    "--url=U user list",
    "user list --format U",
    "user list --echo=U",
    "user list --limit U",
    "user list --busy-timeout U",
    "user list --database-url U",
    "user list --database-url=xU",
    "completions U",
    "user get U",
    "user get --account U",
    "user get --login U",
    "user get --email U",
    "user add x --number U",
    "user edit 1 --username x --with U",
    "repo get U",
    "repo edit U --name x",
    "repo list --login U",
    "repo list --status U",
    "repo add x --user 1 --status U",
    "resume get U",
    "resume add x --user 1 --body-file U",
    "note add x --user U",
    "note add x --account U",
    "note add x --login U",
    "note add x --user 1 --repo U",
    "note list --repo U",
    "note list --columns U",
    "note list --json U",
    "note list --sort U",
    "note list --since U",
    "user list --kind U",
    "sql U",
    "open U",
    "import U",
    "import folio.db U",
    "import --as U",
    "import x --as U",
];

const URLS: [&str; 9] = [
    "postgres://u:SECRET@h/a",
    "mysql://u:SECRET'\"@SECRET@h/a",
    "mysql://u%3ASECRET@h/x",
    "sqlite://u:SECRET@h/x",
    "postgres://h/a?user=u&password=SECRET",
    "redis://:SECRET@h",
    "//u:SECRET@h/x",
    "postgres://u@h/a?pw=SECRET",
    "postgres://u@h/a?SECRET",
];

#[test]
fn no_password_is_shown_wherever_on_the_command_line_a_url_stands() {
    let home = Home::with_users(module_path!());
    for url in URLS {
        for line in LINES {
            let arguments: Vec<String> = line.split(' ').map(|word| word.replace('U', url)).collect();
            let ran = home.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
            assert!(ran.code != Some(0) && !ran.err.is_empty(), "{line}: {ran:?}");
            assert!(!ran.out.contains("SECRET") && !ran.err.contains("SECRET"), "{line}: {ran:?}");
        }
    }
}

#[test]
fn what_is_said_of_a_record_shows_no_password_either() {
    let home = Home::new(module_path!());
    let said = home.run(&["user", "add", "postgres://u:SECRET@h/a", "--echo"]);
    assert!(said.code == Some(0) && !said.err.contains("SECRET"), "{said:?}");
    assert!(said.err.contains("postgres://u:***@h/a"), "{said:?}");
    let said = home.run(&["user", "remove", "1"]);
    assert!(said.err.starts_with("removed user id 1: postgres://u:***@h/a ("), "{said:?}");
}

#[test]
fn a_slip_that_repeats_no_password_is_told_in_clap_s_words() {
    let home = Home::new(module_path!());
    let said = home.run(&["user", "list", "https://example.org"]).err;
    assert!(said.starts_with("error: unexpected argument 'https://example.org' found\n"), "{said}");
}

#[test]
fn a_password_on_the_command_line_is_warned_of_once_with_a_place_to_put_it() {
    let home = Home::new(module_path!());
    let warned = |arguments: &[&str]| {
        let ran = home.run(arguments);
        let lines = ran.err.lines().filter(|line| line.starts_with("folio: warning: ")).map(str::to_owned);
        assert!(!ran.err.contains("SECRET"), "{ran:?}");
        lines.collect::<Vec<_>>()
    };
    let url = "postgres://u:SECRET@127.0.0.1:1/a";
    if folio::connection::Engine::Postgres.is_compiled_in() {
        let said = "folio: warning: --database-url contains a password, which other users of this machine can see in \
                    the list of processes; put it into FOLIO_DATABASE_URL instead";
        assert_eq!(warned(&["user", "list", "--database-url", url]), [said]);
        let said = warned(&["db", "copy", url, "there.db"]);
        assert!(
            said.len() == 1 && said[0].contains(": FROM_URL contains") && said[0].contains("PGPASSWORD"),
            "{said:?}"
        );
        assert_eq!(warned(&["db", "copy", "none.db", url]).len(), 1);
    }
    assert!(warned(&["db", "create", "--database-url", "folio.db"]).is_empty());
    let ran = crate::home::run(home.folio(&["user", "list"]).env("FOLIO_DATABASE_URL", url));
    assert!(!ran.err.contains("warning"), "{ran:?}");
}
