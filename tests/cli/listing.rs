//! Lists that answer questions: restricted, sorted, counted, with the columns and in the format that are asked for.

use serde_json::{Value, json};

use crate::home::Home;

/// An organization with three repositories, of which GitHub tells more than the name, and a user's known by name.
fn home() -> Home {
    let home = Home::with_users(module_path!());
    let repository = |number: u32, name: &str, more: &str| {
        format!(
            r#"{{"id": {number}, "full_name": "acme/{name}", "owner": {{"id": 77, "login": "acme"}}, {more},
                "html_url": "https://github.com/acme/{name}"}}"#
        )
    };
    let records = [
        r#"{"id": 77, "login": "acme", "type": "Organization", "name": "Acme Ltd", "location": "Oslo", "company": null,
            "html_url": "https://github.com/acme"}"#
            .to_owned(),
        repository(
            1,
            "anvil",
            r#""visibility": "public", "private": false, "description": "=Heavy, \"hard\" | _metal_",
                "language": "Rust", "topics": ["cli", "iron"], "stargazers_count": 5, "forks_count": 1, "archived": false, "fork": false,
                "pushed_at": "2026-01-02T03:04:05Z", "created_at": "2020-01-02T03:04:05Z""#,
        ),
        repository(
            2,
            "rocket",
            r#""visibility": "internal", "private": true, "description": "100% up", "language": "C",
                "topics": ["cli-tools"], "stargazers_count": 50, "archived": true, "fork": true"#,
        ),
        repository(3, "Skates", r#""private": false, "language": "rust", "topics": ["iron"], "stargazers_count": 7"#),
    ];
    home.file("acme.json", format!("[{}]", records.join(",\n")));
    home.done(&["import", "acme.json"]);
    home.done(&["repo", "add", "engine", "--login", "ada"]);
    home
}

/// The names of the repositories that a list contains.
fn names(home: &Home, options: &[&str]) -> Vec<String> {
    home.column(0, &[&["repo", "list", "--columns", "name"], options].concat())
}

#[test]
fn restrictions_combine() {
    let home = home();
    for (options, expected) in [
        (&["--language", "RUST"][..], &["anvil", "Skates"][..]),
        (&["--topic", "iron"], &["anvil", "Skates"]),
        (&["--topic", "cli"], &["anvil"]),
        (&["--topic", "iron", "--topic", "cli"], &["anvil"]),
        (&["--topic", "iron", "--language", "C"], &[]),
        (&["--status", "private"], &["rocket"]),
        (&["--like", "ROCK"], &["rocket"]),
        (&["--like", "heavy"], &["anvil"]),
        (&["--like", "100%"], &["rocket"]),
        (&["--like", "0% UP"], &["rocket"]),
        (&["--like", "%"], &["rocket"]),
        (&["--like", "_m"], &["anvil"]),
        (&["--like", "!"], &[]),
        (&["--like", "e", "--login", "ada"], &["engine"]),
        (&["--since", "1h"], &["anvil", "rocket", "Skates", "engine"]),
        (&["--since", "2999-01-01"], &[]),
        (&["--updated-before", "1h"], &[]),
        (&["--updated-before", "2999-01-01T00:00", "--since", "@0", "--like", "roc"], &["rocket"]),
    ] {
        assert_eq!(names(&home, options), expected, "{options:?}");
        let count = home.done(&[&["repo", "list", "--count"], options].concat());
        assert_eq!(count, format!("{}\n", expected.len()), "{options:?}");
    }
    assert_eq!(home.column(2, &["user", "list", "--kind", "organization"]), ["acme"]);
    assert_eq!(home.column(2, &["user", "list", "--like", "acme ltd"]), ["acme"]);
    assert_eq!(home.column(2, &["user", "list", "--like", "EXAMPLE.ORG"]), ["octocat"]);
    home.done(&["note", "add", "To do", "--login", "ada"]);
    home.done(&["resume", "add", "Analyst", "--login", "ada"]);
    assert_eq!(home.done(&["note", "list", "--like", "to D", "--since", "today", "--count"]), "1\n");
    assert_eq!(home.done(&["resume", "list", "--like", "x", "--count"]), "0\n");
    assert_eq!(home.column(2, &["resume", "list", "--like", "LYS", "--sort", "vacancy"]), ["Analyst"]);
}

#[test]
fn every_column_sorts_and_what_is_not_known_comes_last_either_way() {
    let home = home();
    assert_eq!(names(&home, &["--sort", "stars"]), ["anvil", "Skates", "rocket", "engine"]);
    assert_eq!(names(&home, &["--sort", "stars:desc"]), ["rocket", "Skates", "anvil", "engine"]);
    // Byte by byte, by the name of JSON, and those of the same value in the order of their ids.
    assert_eq!(names(&home, &["--sort", "repo_name:asc"]), ["Skates", "anvil", "engine", "rocket"]);
    assert_eq!(names(&home, &["--sort", "archived:desc"]), ["rocket", "anvil", "Skates", "engine"]);
    assert_eq!(names(&home, &["--sort", "owner:desc"]), ["engine", "anvil", "rocket", "Skates"]);
    assert_eq!(names(&home, &["--sort", "stars:desc", "--limit", "2", "--offset", "1"]), ["Skates", "anvil"]);
    assert_eq!(names(&home, &["--offset", "3"]), ["engine"]);
    assert_eq!(names(&home, &["--limit", "0", "--offset", "9"]), [""; 0]);
    home.done(&["note", "add", "To do", "--login", "ada"]);
    home.done(&["resume", "add", "Analyst", "--login", "ada"]);
    for noun in ["user", "repo", "resume", "note"] {
        let page = home.done(&[noun, "list", "--help"]).replace(" (the user's id)", "").replace(" (its id)", "");
        let page = page.split_whitespace().collect::<Vec<_>>().join(" ");
        let listed = |after: &str| page.split_once(after).unwrap().1.split_once('.').unwrap().0.to_owned();
        let all = format!("{}, {}", listed("Columns: "), listed("More, by --columns: "));
        for column in all.split(", ").filter(|column| !["body", "tags", "repositories"].contains(column)) {
            for order in ["", ":desc"] {
                let sorted = home.run(&[
                    noun,
                    "list",
                    "--columns",
                    &all.replace(' ', ""),
                    "--sort",
                    &format!("{column}{order}"),
                ]);
                assert_eq!(sorted.code, Some(0), "{noun} {column}: {sorted:?}");
                assert!(sorted.out.lines().all(|line| line.split('\t').count() == all.split(", ").count()));
            }
        }
    }
}

#[test]
fn a_long_list_that_is_sorted_comes_whole_and_in_order() {
    let home = Home::new(module_path!());
    let records = (0..2_500).map(|number| {
        // Neither the order of the numbers nor that of the names is that of the ids.
        format!(r#"{{"id": {}, "login": "u{:04}"}}"#, (number * 7_919) % 10_007, (number * 1_237) % 2_500)
    });
    home.file("users.json", format!("[{}]", records.collect::<Vec<_>>().join(",")));
    home.done(&["import", "users.json"]);
    let expected: Vec<String> = (0..2_500).rev().map(|number| format!("u{number:04}")).collect();
    assert_eq!(home.column(2, &["user", "list", "--sort", "username:desc"]), expected);
    assert_eq!(home.column(2, &["user", "list", "--sort", "username:desc", "--offset", "2400"]), expected[2_400..]);
    assert_eq!(home.column(2, &["user", "list", "--sort", "account", "--limit", "1700"]).len(), 1_700);
}

#[test]
fn columns_are_those_asked_for_in_any_format() {
    let home = home();
    let list = |format: &[&str]| {
        let options = ["repo", "list", "--login", "acme", "--like", "e", "--columns", "name,stars,description"];
        home.done(&[&options[..], format].concat())
    };
    assert_eq!(list(&[]), "anvil\t5\t=Heavy, \"hard\" | _metal_\nrocket\t50\t100% up\nSkates\t7\t\n");
    assert_eq!(list(&["--header", "--format", "tsv"]).lines().next(), Some("name\tstars\tdescription"));
    assert_eq!(
        list(&["--format", "csv"]),
        "anvil,5,\"'=Heavy, \"\"hard\"\" | _metal_\"\r\nrocket,50,100% up\r\nSkates,7,\r\n"
    );
    let plain = list(&["--format", "csv", "--header", "--plain-formulas"]);
    assert!(plain.starts_with("name,stars,description\r\nanvil,5,\"=Heavy, "), "{plain}");
    assert_eq!(
        list(&["--format", "markdown"]),
        "| name | stars | description |\n| --- | ---: | --- |\n\
         | anvil | 5 | =Heavy, \"hard\" \\| \\_metal\\_ |\n| rocket | 50 | 100% up |\n| Skates | 7 |  |\n"
    );
    let anvil = r#"{"repo_name":"anvil","stars":5,"description":"=Heavy, \"hard\" | _metal_"}"#;
    assert_eq!(list(&["--format", "ndjson"]).lines().next(), Some(anvil));
    assert_eq!(list(&["--format", "json"]).lines().nth(1), Some(format!("{anvil},").as_str()));
    assert_eq!(list(&["--format", "table"]).lines().next().unwrap().split_whitespace().count(), 3);
}

#[test]
fn json_has_the_fields_asked_for_and_all_without_names() {
    let home = home();
    let read = |options: &[&str]| -> Value {
        serde_json::from_str(&home.done(&[&["repo", "list", "--like", "anvil"], options].concat())).unwrap()
    };
    assert_eq!(
        read(&["--json", "name,topics,archived"]),
        json!([{"repo_name": "anvil", "topics": ["cli", "iron"], "archived": false}])
    );
    let all = read(&["--json"]);
    assert_eq!(all, read(&["--format", "json"]));
    assert_eq!(all[0]["visibility"], "Public");
    assert_eq!(all[0]["pushed_at"], "2026-01-02T03:04:05Z");
    assert_eq!(all[0]["repo_created_at"], "2020-01-02T03:04:05Z");
    assert_eq!(all[0]["owner"]["location"], "Oslo");
    assert_eq!(all[0]["owner"]["company"], Value::Null);
    let lines =
        home.done(&["repo", "list", "--json", "name", "--format", "ndjson", "--sort", "id:desc", "--limit", "1"]);
    assert_eq!(lines, "{\"repo_name\":\"engine\"}\n");
}

#[test]
fn what_a_list_does_not_know_is_named_with_a_near_miss() {
    let home = home();
    let all = "The columns are id, owner, name, status, number, account, created, updated, visibility, description, \
               language, topics, stars, forks, archived, fork, url, pushed, began";
    for (options, said) in [
        (&["--columns", "name,sars"][..], format!("there is no column \"sars\"; did you mean stars? {all}")),
        (&["--json", "repo_mame"], format!("there is no column \"repo_mame\"; did you mean repo_name? {all}")),
        (&["--sort", "xyzzy:desc"], format!("there is no column \"xyzzy\"; {all}")),
        (&["--columns", "name,repo_name"], "column repo_name is named twice".to_owned()),
        (
            &["--sort", "stars:down"],
            "--sort \"stars:down\" has no order; write COLUMN, COLUMN:desc or COLUMN:asc".to_owned(),
        ),
        (
            &["--json", "name", "--format", "csv"],
            "--json is a format of its own: leave out --format, or make it json or ndjson".to_owned(),
        ),
    ] {
        assert_eq!(home.fails(2, &[&["repo", "list"], options].concat()), said);
    }
    assert_eq!(home.fails(2, &["note", "list", "--sort", "body"]), "a list cannot be sorted by body");
    assert!(
        home.fails(2, &["repo", "list", "--since", "last week"]).starts_with("time: \"last week\" is not one: write")
    );
    assert!(
        home.fails(2, &["repo", "list", "--topic", "a b"]).starts_with("topic: \"a b\" is empty, or contains a space")
    );
    assert_eq!(home.run(&["repo", "list", "--count", "--sort", "id"]).code, Some(2));
}

#[test]
fn a_second_import_fills_what_an_earlier_version_did_not_keep_and_takes_back_what_is_gone() {
    let home = Home::new(module_path!());
    let repository =
        |more: &str| format!(r#"{{"id": 1, "full_name": "a/b", "owner": {{"id": 7, "login": "a"}}{more}}}"#);
    home.file("in.json", repository(r#", "private": false, "description": "old", "language": "C""#));
    home.done(&["import", "in.json"]);
    // As they are in a database from before the columns.
    home.done(&["migrate", "down", "--to", "20261129000001", "--yes"]);
    home.done(&["migrate", "up"]);
    let read = || -> Value { serde_json::from_str(&home.done(&["repo", "list", "--json"])).unwrap() };
    assert_eq!((&read()[0]["description"], &read()[0]["status"]), (&Value::Null, &json!("Public")));
    let said = home.done(&["import", "in.json"]);
    assert!(said.contains("0 new, 1 changed, 0 unchanged"), "{said}");
    assert_eq!(read()[0]["description"], "old");
    assert!(home.done(&["import", "in.json"]).contains("0 new, 0 changed, 1 unchanged"));
    // Not mentioned: kept. Null: taken away. A status set by hand corrects the visibility.
    home.file(
        "in.json",
        repository(r#", "private": true, "visibility": "internal", "language": null, "topics": ["x"]"#),
    );
    home.done(&["import", "in.json"]);
    let now = read();
    assert_eq!((&now[0]["description"], &now[0]["language"]), (&json!("old"), &Value::Null));
    assert_eq!((&now[0]["status"], &now[0]["visibility"]), (&json!("Private"), &json!("Internal")));
    home.done(&["repo", "edit", "a/b", "--status", "public"]);
    assert_eq!(read()[0]["visibility"], "Public");
    home.file("in.json", repository(&format!(r#", "html_url": "https://example.org/{}""#, "x".repeat(2_048))));
    assert!(home.fails(1, &["import", "in.json"]).contains("url: 2068 characters, more than the limit of 2048"));
}
