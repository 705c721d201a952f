//! `folio note tag`, `untag`, `link` and `unlink`, and the tags of front matter.

use crate::home::Home;

fn home() -> Home {
    let home = Home::with_users(module_path!());
    home.done(&["repo", "add", "engine", "--login", "ada"]);
    home.done(&["repo", "add", "loom", "--login", "ada"]);
    home.done(&["note", "add", "To do", "--login", "ada", "--repo", "ada/engine", "--tag", "rust", "--tag", "draft"]);
    home.done(&["note", "add", "Later", "--login", "ada"]);
    home
}

#[test]
fn tags_are_given_and_taken_and_restrict_a_list() {
    let home = home();
    assert_eq!(home.row(&["note", "tag", "2", "rust", "code review"]).last().unwrap(), "code review, rust");
    assert_eq!(home.column(0, &["note", "list", "--tag", "rust"]), ["1", "2"]);
    assert_eq!(home.column(0, &["note", "list", "--tag", "rust", "--tag", "draft"]), ["1"]);
    assert_eq!(home.done(&["note", "list", "--tag", "rust", "--count"]), "2\n");
    assert_eq!(
        home.done(&["note", "list", "--columns", "name,tags"]),
        "To do\tdraft, rust\nLater\tcode review, rust\n"
    );
    assert_eq!(home.row(&["note", "untag", "1", "rust", "absent"]).last().unwrap(), "draft");
    let json: serde_json::Value = serde_json::from_str(&home.done(&["note", "get", "1", "--format", "json"])).unwrap();
    assert_eq!((&json[0]["tags"], &json[0]["name"]), (&serde_json::json!(["draft"]), &"To do".into()));
    assert_eq!(home.fails(2, &["note", "tag", "1", "a,b"]), "tag: \"a,b\" contains a comma or a control character");
    home.fails(4, &["note", "tag", "9", "x"]);
    let refused = home.fails(2, &["note", "list", "--sort", "tags"]);
    assert_eq!(refused, "a list cannot be sorted by tags");
}

#[test]
fn a_note_about_several_repositories_is_listed_for_each() {
    let home = home();
    assert_eq!(home.row(&["note", "link", "1", "ada/loom", "1"]).last().unwrap(), "1 2");
    assert_eq!(home.column(0, &["note", "list", "--repo", "ada/loom"]), ["1"]);
    assert_eq!(
        home.done(&["note", "list", "--repo", "ada/loom", "--json", "id,repositories"]).lines().nth(1).unwrap(),
        "{\"id\":1,\"repositories\":[1,2]}"
    );
    assert_eq!(home.row(&["note", "unlink", "1", "ada/engine"]).last().unwrap(), "2");
    home.fails(4, &["note", "link", "1", "ada/nothing"]);
    let refused = home.fails(2, &["user", "remove", "--login", "ada", "--with-everything"]);
    assert!(refused.contains("2 repositories, 2 notes, 2 tags, 1 link; "), "{refused}");
    home.done(&["user", "remove", "--login", "ada", "--with-everything", "--yes"]);
    assert_eq!(home.done(&["note", "list", "--count"]), "0\n");
}

#[test]
fn the_tags_of_front_matter_are_the_tags_of_the_note() {
    let home = Home::with_users(module_path!());
    let import = || home.done(&["import", "plan.md", "--login", "ada"]);
    let tags = || home.done(&["note", "list", "--columns", "tags"]);
    home.file("plan.md", format!("---\ntitle: Plan\ntags: [rust, \"a, b\", {}, rust]\n---\ntext\n", "x".repeat(65)));
    assert!(import().contains("1 new, 0 changed, 0 unchanged"));
    assert_eq!(tags(), "rust\n", "what cannot be a tag is left out");
    home.done(&["note", "tag", "1", "mine"]);
    assert!(import().contains("0 new, 1 changed, 0 unchanged"), "the file says which tags it has");
    assert!(import().contains("0 new, 0 changed, 1 unchanged"));
    assert_eq!(tags(), "rust\n");
    home.file("plan.md", "---\ntitle: Plan\n---\ntext\n");
    assert!(import().contains("0 new, 1 changed, 0 unchanged"));
    assert_eq!(tags(), "rust\n", "a file without tags says nothing about them");
}
