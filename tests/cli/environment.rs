//! The choice of the database: the option, the environment, `.env`, the default.

use std::fs;

use crate::home::{Home, run};

/// Creates a database of this name with a single user of the same name.
fn database(home: &Home, name: &str) {
    home.done(&["user", "add", name, "--database-url", name]);
}

#[test]
fn the_option_beats_the_environment_which_beats_the_file_which_beats_the_default() {
    let home = Home::new(module_path!());
    for name in ["option", "folio", "database", "file-folio", "file-database"] {
        database(&home, name);
    }
    home.done(&["user", "add", "default"]);
    let asked = |arguments: &[&str], variables: &[(&str, &str)]| {
        let ran = run(home.folio(&["user", "list"]).args(arguments).envs(variables.iter().copied()));
        assert_eq!(ran.code, Some(0), "{ran:?}");
        ran.out.split('\t').nth(2).unwrap().to_owned()
    };
    let (folio, generic) = (("FOLIO_DATABASE_URL", "sqlite://folio"), ("DATABASE_URL", "database"));
    assert_eq!(asked(&[], &[]), "default");
    home.file(".env", "# which one\nDATABASE_URL=file-database\n");
    assert_eq!(asked(&[], &[]), "file-database");
    home.file(".env", "DATABASE_URL=file-database\nexport FOLIO_DATABASE_URL='sqlite://file-folio' # this\n");
    assert_eq!(asked(&[], &[]), "file-folio");
    assert_eq!(asked(&[], &[generic]), "database");
    assert_eq!(asked(&[], &[generic, folio]), "folio");
    assert_eq!(asked(&["--database-url", "option"], &[generic, folio]), "option");
}

#[test]
fn a_dollar_sign_in_the_file_is_kept_in_single_quotes_and_else_begins_a_variable() {
    let home = Home::new(module_path!());
    for (value, file) in [
        ("'a$x123.db'", "a$x123.db"),
        ("a$x123.db", "a.db"),
        (r#""b$x123.db""#, "b.db"),
        ("'sqlite://$HOME.db'", "$HOME.db"),
    ] {
        home.file(".env", format!("FOLIO_DATABASE_URL={value}\n"));
        home.done(&["db", "create"]);
        assert!(home.path().join(file).exists(), "{value}: {:?}", home.files());
    }
}

#[test]
fn only_the_current_folder_s_file_is_read() {
    let home = Home::new(module_path!());
    home.file(".env", "DATABASE_URL=above.db\n");
    fs::create_dir(home.path().join("below")).unwrap();
    let ran = run(home.folio(&["user", "list"]).current_dir(home.path().join("below")));
    let below = home.path().join("below/folio.db");
    assert!(ran.refused(1).contains(below.to_str().unwrap()), "{ran:?}");
}

#[test]
fn a_file_that_cannot_be_understood_is_named_with_its_line() {
    let home = Home::new(module_path!());
    home.file(".env", "A=1\nDATABASE_URL=postgres://u:SECRET word@h/db\n");
    let path = home.path().join(".env").display().to_string();
    let said = home.fails(1, &["user", "list"]);
    assert!(said.starts_with(&format!("{path}, line 2: ")) && !said.contains("SECRET"), "{said}");
    // The file is not needed if the database is named otherwise.
    home.done(&["db", "create", "--database-url", "folio.db"]);
    assert_eq!(run(home.folio(&["user", "list"]).env("DATABASE_URL", "folio.db")).code, Some(0));
    fs::remove_file(home.path().join(".env")).unwrap();
    fs::create_dir(home.path().join(".env")).unwrap();
    assert!(home.fails(1, &["user", "list"]).starts_with(&format!("{path}: ")));
}

#[test]
fn lines_of_other_programs_in_the_file_do_not_stop_a_command() {
    let home = Home::new(module_path!());
    home.done(&["user", "add", "ada", "--database-url", "good.db"]);
    for other in ["MSG=it's", "MY-KEY=1", r"W=C:\Users\me", r#"J={"a": 1}"#] {
        for file in [format!("{other}\nDATABASE_URL=good.db\n"), format!("FOLIO_DATABASE_URL=good.db\n{other}\n")] {
            home.file(".env", &file);
            assert_eq!(home.row(&["user", "list"])[2], "ada", "{file}");
        }
        // Without a line for folio, the program uses the same default as without the file.
        home.file(".env", other);
        assert!(home.fails(1, &["user", "list"]).contains("folio.db; 'folio db create'"), "{other}");
    }
    // Only the line that is used must be valid.
    home.file(".env", "DATABASE_URL=two words\nFOLIO_DATABASE_URL=good.db\n");
    home.done(&["user", "list"]);
}

#[test]
fn no_password_is_shown_wherever_the_url_comes_from() {
    let home = Home::new(module_path!());
    for url in ["postgres://u:SECRET@h/db", "psotgres://u:SECRET@h/db", "u:SECRET@h/db"] {
        home.file(".env", format!("DATABASE_URL={url}\n"));
        for ran in [
            home.run(&["user", "list", "--echo", "--database-url", url]),
            home.run(&["user", "list"]),
            run(home.folio(&["user", "add", "x"]).env("FOLIO_DATABASE_URL", url)),
        ] {
            assert!(!ran.err.contains("SECRET") && ran.out.is_empty(), "{ran:?}");
            assert!(matches!(ran.code, Some(1 | 2)), "{ran:?}");
        }
    }
    home.file(".env", "DATABASE_URL=psotgres://h/db\n");
    let said = home.fails(1, &["user", "list"]);
    assert!(said.starts_with("DATABASE_URL in ") && said.contains(".env: 'psotgres://h/db' is not a"), "{said}");
    let said = home.fails(2, &["user", "list", "--database-url", "psotgres://h/db"]);
    assert!(said.starts_with("--database-url: 'psotgres://h/db' is not a database URL"), "{said}");
    let said = run(home.folio(&["user", "list"]).env("DATABASE_URL", "")).refused(1);
    assert!(said.starts_with("DATABASE_URL: ") && said.contains("it is empty"), "{said}");
}

#[test]
fn echo_shows_every_statement_with_values_rows_and_time() {
    let home = Home::with_users(module_path!());
    let ran = home.run(&["user", "edit", "2", "--username", "lovelace", "--echo"]);
    assert!(ran.out.starts_with("2\t-1\tlovelace"), "{ran:?}");
    let sent: Vec<_> = ran.err.lines().collect();
    assert!(sent.iter().all(|line| line.starts_with("sql: ") && line.ends_with(" ms)")), "{sent:#?}");
    let begins = |with: &str| sent.iter().any(|line| line.starts_with(with));
    assert!(begins("sql: BEGIN IMMEDIATE (") && begins("sql: COMMIT ("), "{sent:#?}");
    let update = sent.iter().find(|line| line.starts_with("sql: UPDATE `users` SET `username` = ?")).unwrap();
    assert!(update.contains(r#" -- ["lovelace", "#) && update.contains(" (1 row, "), "{update}");
    // Without it, nothing is printed.
    assert_eq!(home.run(&["user", "edit", "2", "--username", "ada"]).err, "");
}

#[cfg(unix)]
#[test]
fn a_pipe_or_an_endless_file_of_that_name_stops_no_command_for_ever() {
    let home = Home::new(module_path!());
    let path = home.path().join(".env");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let said = home.fails(1, &["user", "list"]);
    assert!(said.ends_with(".env: not a regular file; remove it, or name the database with --database-url"), "{said}");
    home.done(&["db", "create", "--database-url", "folio.db"]);
    fs::remove_file(&path).unwrap();
    fs::File::create(&path).unwrap().set_len(2 * 1024 * 1024).unwrap();
    let said = home.fails(1, &["user", "list"]);
    assert!(said.ends_with(".env: longer than 1 MiB, the limit; shorten it"), "{said}");
}
