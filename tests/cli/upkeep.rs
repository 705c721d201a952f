//! `folio db info`, `check`, `backup`, `vacuum` and `drop`, and `folio stats`.

use diesel::connection::SimpleConnection as _;

use crate::home::Home;
use crate::support::{dialect, engine};
use folio::connection::Engine;

fn home() -> Home {
    let home = Home::with_users(module_path!());
    home.done(&["repo", "add", "engine", "--login", "ada"]);
    home.done(&["repo", "add", "loom", "--login", "ada", "--status", "private"]);
    home.done(&["note", "add", "To do", "--login", "ada", "--body", "it's"]);
    home
}

#[test]
fn info_says_what_the_database_is_and_how_much_it_holds() {
    let home = home();
    let row = home.row(&["db", "info"]);
    assert_eq!(&row[4..], ["up to date", "2", "2", "0", "1"], "{row:?}");
    let name = match dialect(engine(module_path!())) {
        Engine::Sqlite => "SQLite",
        Engine::Postgres => "PostgreSQL",
        Engine::Mysql => "MySQL",
    };
    assert!(row[0].contains(name) && row[1].contains('.'), "{row:?}");
    assert!(row[2].contains(&home.place()), "{row:?}");
    assert!(row[3].parse::<u64>().unwrap() > 10_000, "{row:?}");
    assert!(home.done(&["db", "info", "--format", "json"]).contains("\"repositories\":2"));
    home.done(&["migrate", "down", "--yes"]);
    assert_eq!(&home.row(&["db", "info"])[4..], ["behind", "", "", "", ""]);
}

#[test]
fn numbers_come_as_lines_or_as_bars() {
    let home = home();
    let lines = home.done(&["stats"]);
    for line in [
        "records\tusers\t2",
        "records\tnotes\t1",
        "status\tprivate\t1",
        "status\tpublic\t1",
        "language\t\t2",
        "owner\tada\t2",
    ] {
        assert!(lines.lines().any(|shown| shown == line), "{line}: {lines}");
    }
    let month = lines.lines().find(|line| line.starts_with("notes by month\t")).unwrap();
    let cells: Vec<&str> = month.split('\t').collect();
    assert!(cells[1].len() == 7 && cells[1].as_bytes()[4] == b'-' && cells[2] == "1", "{month}");
    let bars = home.done(&["stats", "--format", "table", "--most", "1"]);
    assert!(bars.starts_with("records\n  users         2  █"), "{bars}");
    assert!(bars.contains("\nlanguage\n  (not known)  2  █"), "{bars}");
    assert!(!bars.contains("résumés by month"), "a section without records is left out: {bars}");
}

#[test]
fn a_sound_database_has_no_problems_and_a_row_that_refers_to_nothing_is_one() {
    let home = home();
    assert_eq!(home.done(&["db", "check"]), "");
    let unchecked = match dialect(engine(module_path!())) {
        Engine::Sqlite => "PRAGMA foreign_keys = OFF; UPDATE notes SET repository_id = 99;",
        Engine::Postgres => {
            "ALTER TABLE notes DROP CONSTRAINT notes_repository_id_fkey; UPDATE notes SET repository_id = 99;"
        }
        Engine::Mysql => "SET SESSION foreign_key_checks = 0; UPDATE notes SET repository_id = 99;",
    };
    home.connect().batch_execute(unchecked).unwrap();
    let ran = home.run(&["db", "check"]);
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.out, "notes 1: its repository_id refers to a row of repositories that is not there\n");
    assert!(ran.err.contains("1 problem in "), "{}", ran.err);
}

#[test]
fn a_backup_is_a_database_of_its_own_and_replaces_nothing() {
    let home = home();
    if dialect(engine(module_path!())) != Engine::Sqlite {
        let said = home.fails(1, &["db", "backup", "copy.db"]);
        assert!(said.contains("dump") && said.contains("folio db copy"), "{said}");
        return;
    }
    // Another connection is in the middle of writing.
    let mut writer = home.connect();
    writer.batch_execute("BEGIN IMMEDIATE; UPDATE users SET username = 'other'").unwrap();
    let bytes: u64 = home.done(&["db", "backup", "it's a copy.db"]).trim().parse().unwrap();
    writer.batch_execute("COMMIT").unwrap();
    assert_eq!(std::fs::metadata(home.path().join("it's a copy.db")).unwrap().len(), bytes);
    assert_eq!(home.column(2, &["user", "list", "--database-url", "it's a copy.db"]), ["octocat", "ada"]);
    assert_eq!(home.column(2, &["user", "list"]), ["other", "other"]);
    assert_eq!(home.done(&["search", "it's", "--database-url", "it's a copy.db"]).lines().count(), 1);

    let said = home.fails(1, &["db", "backup", "it's a copy.db"]);
    assert!(said.contains("it is there already; choose another name"), "{said}");
    home.file("next.db.part", "");
    let said = home.fails(1, &["db", "backup", "next.db"]);
    assert!(said.contains("next.db.part: it is there already; another backup is under way"), "{said}");
    home.fails(1, &["db", "backup", "no/such/folder.db"]);
    let files: Vec<String> = home.files().into_iter().filter(|file| !file.starts_with("folio.db-")).collect();
    assert_eq!(files, ["folio.db", "it's a copy.db", "next.db.part"]);
}

#[test]
fn a_vacuum_gives_space_back_and_keeps_every_record() {
    let home = home();
    let body = "word ".repeat(100_000);
    home.file("long.txt", &body);
    for _ in 0..4 {
        let id = home.row(&["note", "add", "long", "--login", "ada", "--body-file", "long.txt"])[0].clone();
        home.done(&["note", "remove", &id]);
    }
    // Until then the history has them, so that their removal can be undone.
    home.done(&["db", "forget", "--before", "now", "--yes"]);
    let row = home.row(&["db", "vacuum"]);
    let [before, after] = [0, 1].map(|at| row[at].parse::<u64>().unwrap());
    if dialect(engine(module_path!())) == Engine::Sqlite {
        assert!(after + 500_000 < before, "{before} {after}");
        let file = std::fs::metadata(home.path().join("folio.db")).unwrap().len();
        assert_eq!(file, after);
    }
    assert!(after > 10_000, "{after}");
    assert_eq!(home.column(2, &["user", "list"]), ["octocat", "ada"]);
    assert_eq!(home.done(&["search", "it's"]).lines().count(), 1);
    assert_eq!(home.done(&["db", "check"]), "");
}

#[test]
fn a_database_is_dropped_by_its_name_or_by_the_option_alone() {
    let home = home();
    let said = home.fails(2, &["db", "drop"]);
    assert!(
        said.starts_with("this would drop ") && said.ends_with("; add --yes to drop it without being asked"),
        "{said}"
    );
    assert!(
        said.contains(&home.place()) && said.contains("which holds 2 users, 2 repositories, 0 résumés, 1 note"),
        "{said}"
    );
    #[cfg(unix)]
    {
        use crate::terminal::run_on_a_terminal;

        for wrong in ["y\n", "yes\n", "\n"] {
            let ran = run_on_a_terminal(&home, 200, &["db", "drop"], wrong);
            assert!(ran.code == Some(1) && ran.out.ends_with("folio: nothing was dropped\n"), "{ran:?}");
        }
        assert_eq!(home.done(&["user", "list"]).lines().count(), 2);
        let asked = run_on_a_terminal(&home, 200, &["db", "drop"], "\n").out;
        let (_, asked) = asked.split_once("type its name, ").unwrap();
        let (name, _) = asked.split_once(": ").unwrap();
        assert!(home.place().ends_with(name), "{name}");
        let ran = run_on_a_terminal(&home, 200, &["db", "drop"], &format!("{name}\n"));
        assert!(ran.code == Some(0) && ran.out.contains("dropped "), "{ran:?}");
        assert!(home.fails(1, &["user", "list"]).starts_with("there is no database at "));
        home.done(&["user", "add", "ada"]);
    }
    let ran = home.run(&["db", "drop", "--yes"]);
    assert_eq!((ran.code, ran.out.as_str(), ran.err), (Some(0), "", format!("dropped {}\n", home.place())));
    assert!(!home.files().iter().any(|file| file.starts_with("folio.db")), "{:?}", home.files());
    assert!(home.fails(1, &["db", "drop", "--yes"]).starts_with("there is no database at "));
}

#[test]
fn a_database_of_others_is_not_dropped() {
    let home = Home::new(module_path!());
    home.connect().batch_execute("CREATE TABLE orders (id INTEGER PRIMARY KEY)").unwrap();
    let said = home.fails(1, &["db", "drop", "--yes"]);
    assert!(said.ends_with(" is not a database of Folio's; nothing was dropped"), "{said}");
    home.connect().batch_execute("SELECT id FROM orders").unwrap();
    assert!(home.fails(2, &["db", "drop", "--database-url", "sqlite::memory:"]).contains("in memory"));
}

#[test]
fn numbers_come_as_a_picture_too_and_nothing_else_does() {
    let home = home();
    home.done(&["user", "add", "<b>&", "--number", "7"]);
    home.done(&["repo", "add", "x", "--account", "7"]);
    let drawn = home.done(&["stats", "--format", "svg"]);
    assert!(drawn.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 760 "), "{drawn}");
    assert!(
        drawn.ends_with("</svg>\n") && drawn.contains(">&lt;b&gt;&amp;</text>") && !drawn.contains("<b>"),
        "{drawn}"
    );
    assert_eq!(drawn.matches("<rect ").count(), home.done(&["stats"]).lines().count(), "a bar for each number");
    for verb in [&["user", "list"][..], &["db", "info"], &["sql", "SELECT 1"]] {
        assert_eq!(home.fails(2, &[verb, &["--format", "svg"]].concat()), "svg is a format of 'folio stats' alone");
    }
}
