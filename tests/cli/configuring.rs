//! The user's settings: where they are, what comes before them, and what they cannot break.

use std::fs;

use crate::home::{Home, Ran, run};

/// Runs the program with a home of the user's in the folder of the test.
fn folio(home: &Home, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
    let mut command = home.folio(arguments);
    run(command.env("HOME", home.path()).envs(variables.iter().copied()))
}

fn done(home: &Home, arguments: &[&str]) -> String {
    let ran = folio(home, arguments, &[]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{arguments:?}: {ran:?}");
    ran.out
}

/// Writes the file of the settings.
fn settings(home: &Home, text: &str) {
    fs::create_dir_all(home.path().join(".config/folio")).unwrap();
    home.file(".config/folio/config.toml", text);
}

fn config(home: &Home) -> String {
    home.path().join(".config/folio/config.toml").display().to_string()
}

#[test]
fn what_is_set_is_kept_and_is_what_the_commands_use() {
    let home = Home::new(module_path!());
    home.done(&["user", "add", "ada", "--database-url", "other.db"]);
    assert_eq!(done(&home, &["config", "path"]), format!("{}\n", config(&home)));
    assert_eq!(done(&home, &["config", "set", "database-url", "other.db"]), "");
    // A path is kept as an absolute one: the settings apply in every folder.
    let other = home.path().join("other.db").display().to_string();
    assert_eq!(done(&home, &["config", "get", "database-url"]), format!("{other}\n"));
    fs::create_dir(home.path().join("below")).unwrap();
    let mut list = home.folio(&["user", "list"]);
    let ran = run(list.env("HOME", home.path()).current_dir(home.path().join("below")));
    assert!(ran.out.starts_with("1\t-1\tada\t"), "{ran:?}");

    done(&home, &["config", "set", "pager", "less -S"]);
    done(&home, &["config", "set", "color", "never"]);
    done(&home, &["config", "unset", "database-url"]);
    assert_eq!(fs::read_to_string(config(&home)).unwrap(), "pager = \"less -S\"\ncolor = \"never\"\n");
    assert_eq!(done(&home, &["config", "get", "database-url"]), "sqlite://folio.db\n");
    // What is not set can be unset.
    done(&home, &["config", "unset", "format"]);
}

#[cfg(unix)]
#[test]
fn the_file_can_be_read_by_its_owner_alone_and_a_link_to_it_stays_one() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    let home = Home::new(module_path!());
    // SQLite's URLs have no password.
    let (url, shown_as) = if cfg!(feature = "postgres") {
        ("postgres://u:SECRET@h/db", "postgres://u:***@h/db")
    } else if cfg!(feature = "mysql") {
        ("mysql://u:SECRET@h/db", "mysql://u:***@h/db")
    } else {
        ("other.db", "other.db")
    };
    done(&home, &["config", "set", "database-url", url]);
    assert_eq!(fs::metadata(config(&home)).unwrap().permissions().mode() & 0o777, 0o600);
    for verb in [&["config", "get", "database-url"][..], &["config", "list"], &["config", "list", "--format", "json"]] {
        let shown = done(&home, verb);
        assert!(shown.contains(shown_as) && !shown.contains("SECRET"), "{shown}");
    }
    fs::rename(config(&home), home.path().join("dotfile")).unwrap();
    symlink(home.path().join("dotfile"), config(&home)).unwrap();
    done(&home, &["config", "set", "color", "never"]);
    assert!(fs::symlink_metadata(config(&home)).unwrap().is_symlink());
    assert!(fs::read_to_string(home.path().join("dotfile")).unwrap().ends_with("color = \"never\"\n"));
    assert_eq!(fs::read_dir(home.path().join(".config/folio")).unwrap().count(), 1, "no other file is left");
}

#[test]
fn an_option_comes_before_the_environment_that_before_the_file_of_the_folder_and_that_before_the_settings() {
    let home = Home::new(module_path!());
    settings(&home, "database-url = 'set.db'\nformat = 'json'\npager = 'most'\ncolor = 'always'\n");
    let listed = |arguments: &[&str], variables: &[(&str, &str)]| -> Vec<Vec<String>> {
        let ran = folio(&home, &[&["config", "list"], arguments].concat(), variables);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        ran.out.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
    };
    let of = |key: &str| format!("{key} in {}", config(&home));
    assert_eq!(
        listed(&[], &[]),
        [
            ["color".to_owned(), "always".to_owned(), of("color")],
            ["database-url".to_owned(), "set.db".to_owned(), of("database-url")],
            ["format".to_owned(), "json".to_owned(), of("format")],
            ["pager".to_owned(), "most".to_owned(), of("pager")],
        ]
    );
    let names = |rows: &[Vec<String>]| -> Vec<String> { rows.iter().map(|row| row[2].clone()).collect() };
    home.file(".env", "DATABASE_URL=file.db\n");
    let file = home.path().join(".env").display().to_string();
    assert_eq!(listed(&[], &[])[1], ["database-url", "file.db", &format!("DATABASE_URL in {file}")]);
    let variables = [("FOLIO_DATABASE_URL", "x.db"), ("PAGER", ""), ("NO_COLOR", "1")];
    assert_eq!(names(&listed(&[], &variables)), ["NO_COLOR", "FOLIO_DATABASE_URL", &of("format"), "PAGER"]);
    let options = ["--database-url", "o.db", "--format", "tsv", "--color=auto"];
    let both = [("FOLIO_PAGER", "less"), ("PAGER", "more"), ("NO_COLOR", "1"), ("DATABASE_URL", "x.db")];
    assert_eq!(names(&listed(&options, &both)), ["--color", "--database-url", "--format", "FOLIO_PAGER"]);
    assert_eq!(listed(&[], &[("NO_COLOR", ""), ("CLICOLOR_FORCE", "1")])[0][1..], ["always", "CLICOLOR_FORCE"]);
    // A file that another variable names, and none at all.
    home.file("mine.toml", "pager = 'more'\n");
    let mine = listed(&[], &[("FOLIO_CONFIG", "mine.toml")]);
    assert_eq!(mine[3], ["pager", "more", "pager in mine.toml"]);
    let none = listed(&[], &[("XDG_CONFIG_HOME", "/nowhere")]);
    assert_eq!(none[3], ["pager", "less", "the default"]);
    assert_eq!(listed(&[], &[("XDG_CONFIG_HOME", "relative/is/ignored")])[3][2], of("pager"));
}

#[cfg(unix)]
#[test]
fn the_format_of_the_settings_is_that_of_a_terminal_and_changes_no_pipe() {
    use crate::terminal::Terminal;

    let home = Home::with_users(module_path!());
    settings(&home, "format = 'ndjson'\n");
    let list = ["user", "list", "--columns", "username"];
    assert_eq!(done(&home, &list), "octocat\nada\n");
    let on_a_terminal = |more: &[&str]| {
        let mut command = home.command(&[&list, more].concat());
        command.env("HOME", home.path()).env("NO_COLOR", "1");
        Terminal::running(command, 80).end().out
    };
    assert_eq!(on_a_terminal(&[]), "{\"username\":\"octocat\"}\n{\"username\":\"ada\"}\n");
    assert_eq!(on_a_terminal(&["--format", "tsv"]), "octocat\nada\n");
}

#[test]
fn a_wrong_setting_is_refused_and_the_nearest_name_is_told() {
    let home = Home::new(module_path!());
    for (arguments, said) in [
        (
            &["set", "colour", "never"][..],
            "there is no setting \"colour\"; did you mean color? The settings are color, ",
        ),
        (&["get", "database"], "there is no setting \"database\"; The settings are "),
        (&["unset", "pgaer"], "there is no setting \"pgaer\"; did you mean pager? "),
        (&["set", "color", "neve"], "color: \"neve\" is not one of auto, always, never; did you mean never?"),
        (&["set", "format", "yaml"], "format: \"yaml\" is not one of table, tsv, csv, json, ndjson, markdown"),
        (&["set", "database-url", "psotgres://h/db"], "'psotgres://h/db' is not a database URL"),
    ] {
        let ran = folio(&home, &[&["config"], arguments].concat(), &[]);
        assert_eq!(ran.out, "");
        assert!(ran.refused(2).starts_with(said), "{ran:?}");
    }
    assert!(home.files().is_empty(), "{:?}", home.files());
    // Without a home there is no folder for it.
    let said = home.fails(2, &["config", "set", "color", "never"]);
    assert_eq!(said, "there is no folder for settings; set HOME, or name a file in FOLIO_CONFIG");
}

#[test]
fn a_broken_file_is_named_with_its_line_and_an_unknown_key_is_a_warning() {
    let home = Home::with_users(module_path!());
    settings(&home, "pager = 'less'\ndatabase-url = 'postgres://u:SECRET@h/db\n");
    let ran = folio(&home, &["user", "list"], &[]);
    let said = ran.refused(1);
    assert!(said.starts_with(&format!("{}, line 2: ", config(&home))) && !said.contains("SECRET"), "{said}");
    // What does not need them still works.
    for verb in [&["config", "path"][..], &["help", "environment"], &["completions", "bash"], &["--help"]] {
        done(&home, verb);
    }
    assert_eq!(folio(&home, &["config", "set", "color", "never"], &[]).code, Some(1));

    settings(&home, "pagr = 'less'\n[later]\nx = 1\n");
    let ran = folio(&home, &["user", "list", "--columns", "username"], &[]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "octocat\nada\n"));
    let file = config(&home);
    let lines: Vec<&str> = ran.err.lines().collect();
    assert_eq!(lines.len(), 2, "{ran:?}");
    assert!(
        lines[0].starts_with(&format!(
            "folio: warning: {file}, line 1: there is no setting \"pagr\"; did you mean pager? "
        ))
    );
    assert!(
        lines[1].starts_with(&format!("folio: warning: {file}, line 2: there is no setting \"later\"; ")),
        "{ran:?}"
    );
}
