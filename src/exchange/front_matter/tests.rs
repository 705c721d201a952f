//! Tests of reading front matter.

use super::*;

fn title(text: &str) -> Option<String> {
    split(text).0.title
}

#[test]
fn a_yaml_title_is_read_in_each_of_its_spellings() {
    for (line, expected) in [
        ("title: Plain words", "Plain words"),
        ("title: C# in depth # a comment", "C# in depth"),
        ("title: \"In \\\"quotes\\\" # here\" # a comment", "In \"quotes\" # here"),
        ("title: \"caf\\u00e9\"", "café"),
        ("title: \"caf\\xe9\"", "café"),
        ("title: 'it''s'", "it's"),
        ("\"title\": quoted key", "quoted key"),
        ("title: 2024", "2024"),
        ("title: >-\n  folded\n  words", "folded words"),
        ("title: |-\n  kept\n  lines", "kept\nlines"),
        ("title: >\n\n  after a blank line\n", "\nafter a blank line\n"),
        ("title: \"over\n  two lines\"", "over two lines"),
        ("title: 'over\n  two lines'", "over two lines"),
        ("title: plain over\n  two lines", "plain over two lines"),
        ("title:\n  on the next line", "on the next line"),
        ("title: &anchor anchored", "anchored"),
        ("? title\n: explicit", "explicit"),
    ] {
        let text = format!("---\nauthor: {{name: x, title: nested}}\n{line}\ntags: [a]\n---\n# Heading\n");
        assert_eq!(title(&text).as_deref(), Some(expected), "{line}");
    }
    assert_eq!(title("---\n{author: x, title: in braces}\n---\n").as_deref(), Some("in braces"));
}

#[test]
fn a_yaml_title_that_yaml_refuses_is_taken_as_it_stands() {
    for (line, expected) in [
        ("title:   Plain: with a colon  ", "Plain: with a colon"),
        ("title: [Draft] Plans", "[Draft] Plans"),
        ("title: @home", "@home"),
        ("title: \"a \\q b\"", "a \\q b"),
        ("title: \"quoted\" and more", "\"quoted\" and more"),
        ("title: plain\n\tbroken: [", "plain"),
    ] {
        let text = format!("---\nauthor: x\n{line}\ntags: [a]\n---\n# Heading\n");
        assert_eq!(title(&text).as_deref(), Some(expected), "{line}");
    }
}

#[test]
fn a_toml_title_is_read_unless_it_is_in_a_table() {
    for (block, expected) in [
        ("title = \"Words\"", Some("Words")),
        ("  title='Words'", Some("Words")),
        ("date = 2024-01-01\ntitle = \"\"\"\nOver\ntwo lines\"\"\"\nx = 1", Some("Over\ntwo lines")),
        ("title = '''literal'''", Some("literal")),
        ("title = \"with = and # inside\" # a comment", Some("with = and # inside")),
        ("[extra]\ntitle = \"Words\"", None),
        ("title = 5", None),
        ("title = no quotes", None),
    ] {
        assert_eq!(title(&format!("+++\n{block}\n+++\ntext")).as_deref(), expected, "{block}");
    }
}

#[test]
fn a_json_title_is_read_between_fences_and_from_an_object_that_stands_alone() {
    for (text, expected) in [
        (
            "{\n  \"author\": {\"title\": \"Dr\"},\n  \"title\": \"Words \\u00e9\"\n}\n# Heading\n",
            (Some("Words é"), "# Heading\n"),
        ),
        ("{\"title\": \"Words\"}", (Some("Words"), "")),
        ("{\"author\": \"x\"}\ntext", (None, "text")),
        ("{\"title\": 5}\r\ntext", (None, "text")),
        (";;;\n\"title\": \"Words\"\n;;;\ntext", (Some("Words"), "text")),
        (";;;\n{\"title\": \"Words\"}\n;;;\ntext", (Some("Words"), "text")),
        // No front matter.
        ("{\"title\": \"Words\"} and more", (None, "{\"title\": \"Words\"} and more")),
        ("{% liquid %}\n", (None, "{% liquid %}\n")),
        ("{", (None, "{")),
    ] {
        let (front, rest) = split(text);
        assert_eq!((front.title.as_deref(), rest), expected, "{text}");
    }
}

#[test]
fn no_title_is_found_where_none_is() {
    for text in [
        "---\ntitle:\n---\n",
        "---\ntitle: ~\n---\n",
        "---\ntitle: [a, list]\n---\n",
        "---\ntitle: {a: mapping}\nx: title\n---\n",
        "---\na: &x b\ntitle: *x\n---\n",
        "---\nsubtitle: x\nnested:\n  title: nested\ntitles: y\n---\n",
        "---\n- title: in a list\n---\n",
        "---\nx: title\ny: z\n---\n",
        "---\ntitle: never closed\n",
        "text\n---\ntitle: too late\n---\n",
        "---",
        "",
    ] {
        assert_eq!(title(text), None, "{text:?}");
    }
}

#[test]
fn the_text_goes_on_after_the_block() {
    let split = |text| {
        let (front, rest) = super::split(text);
        (front.title, rest)
    };
    assert_eq!(split("---\r\ntitle: x\r\n---\r\nbody\r\n"), (Some("x".to_owned()), "body\r\n"));
    assert_eq!(split("---\ntitle: x\n---"), (Some("x".to_owned()), ""));
    assert_eq!(split("---\nnot: [yaml\n---\nbody"), (None, "body"), "a block that its parser refuses is still one");
    assert_eq!(split("---\nnever closed\n"), (None, "---\nnever closed\n"));
}

#[test]
fn tags_are_a_list_or_one_text_in_each_notation() {
    for (text, expected) in [
        ("---\ntitle: x\ntags: [rust, \"code review\"]\n---\n", Some(&["rust", "code review"][..])),
        ("---\ntags:\n  - rust\n  - 2024\n  -\ntitle: x\n---\n", Some(&["rust", "2024"])),
        ("---\ntags: rust, code review\n---\n", Some(&["rust", " code review"])),
        ("---\ntags: rust cli\n---\n", Some(&["rust", "cli"])),
        ("---\ntags: []\n---\n", Some(&[])),
        ("---\ntags:\n---\n", Some(&[])),
        ("---\ntags: {a: b}\n---\n", None),
        ("---\nlinks: [a, b]\nnested: {tags: [c]}\n---\n", None),
        ("---\nlist: [a]\nx: tags\n---\n", None),
        ("+++\ntitle = \"x\"\ntags = [\"rust\", \"cli\"]\n+++\n", Some(&["rust", "cli"])),
        ("+++\ntags = \"rust, cli\"\n+++\n", Some(&["rust", " cli"])),
        (";;;\n\"tags\": [\"rust\"]\n;;;\n", Some(&["rust"])),
        ("{\"tags\": \"rust cli\"}\n", Some(&["rust", "cli"])),
        ("{\"tags\": 5}\n", None),
        ("text\n", None),
    ] {
        let tags = split(text).0.tags;
        assert_eq!(tags, expected.map(|tags| tags.iter().map(ToString::to_string).collect()), "{text}");
    }
    // What is broken after the title is passed over.
    let (front, _) = split("---\ntags: [a]\ntitle: x\nbroken: [\n---\n");
    assert_eq!((front.title.as_deref(), front.tags), (Some("x"), Some(vec!["a".to_owned()])));
}
