//! Tests of reading notes.

use super::*;

fn name(text: &str) -> String {
    read_note("n.md", Some("stem"), text.as_bytes()).expect("a note").value.name
}

#[test]
fn a_note_is_called_by_its_title_then_the_heading_that_opens_it_then_its_file() {
    assert_eq!(name("---\ntitle: Title\n---\n# Heading\n"), "Title");
    assert_eq!(name("+++\ntitle = 'Title'\n+++\n# Heading\n"), "Title");
    assert_eq!(name("---\nauthor: x\n---\n# Heading\n"), "Heading");
    assert_eq!(name("text only\n"), "stem");
    assert_eq!(name(""), "stem");
}

#[test]
fn a_heading_is_plain_text_on_one_line() {
    for (text, expected) in [
        ("# `code` and *emphasis* &amp; [a link](x.md)  #", "code and emphasis & a link"),
        ("Set\next\n===", "Set ext"),
        ("# many   \t spaces", "many spaces"),
        ("# tag <!-- hidden --> end", "tag end"),
        ("# Windows\r\n\r\ntext", "Windows"),
        ("\n\n  # after blank lines", "after blank lines"),
        ("<!-- a\n# comment\n-->\n<!-- another -->\n\n# Heading\n", "Heading"),
    ] {
        assert_eq!(name(text), expected, "{text}");
    }
}

#[test]
fn a_heading_further_down_or_of_another_level_names_nothing() {
    for text in [
        "text\n\n# First level\n",
        "text\n\n###### See also\n",
        "## Second level\n\n# First level\n",
        "Second level\n---\n",
        "- # in a list\n",
        "> # in a quote\n",
        "---\n\n# after a break\n",
        "<p>html</p>\n\n# Heading\n",
        "<!-- comment --> text\n\n# Heading\n",
        "#\n\n# after an empty one\n",
    ] {
        assert_eq!(name(text), "stem", "{text}");
    }
}

#[test]
fn what_is_too_long_for_a_name_is_passed_over() {
    let long = "word ".repeat(60);
    assert_eq!(name(&format!("---\ntitle: {long}\n---\n# Heading\n")), "Heading");
    assert_eq!(name("---\ntitle: \"a\\u0000\"\n---\n# Heading\n"), "Heading");
    assert_eq!(name(&format!("# {long}\n")), "stem");
    assert_eq!(name(&format!("{long}\n===\n")), "stem");
    assert_eq!(name(&format!("{long}\n---\n")), "stem");
    assert_eq!(name(&format!("# {}\n", "x".repeat(256))).len(), 256);
    assert_eq!(name(&format!("# {}\n", "é".repeat(HEAD))), "stem");
}

#[test]
fn what_only_looks_like_a_heading_is_none() {
    for text in ["```sh\n# a comment\n```\n", "    # indented code\n", "#hashtag\n", "<!--\n# hidden\n-->\n", "#\n"] {
        assert_eq!(name(text), "stem", "{text}");
    }
}

#[test]
fn the_body_is_the_text_as_it_is() {
    let text = "---\r\ntitle: x\r\n---\r\nbody  \r\n";
    let note = read_note("n.md", None, format!("\u{FEFF}{text}").as_bytes()).expect("a note").value;
    assert_eq!(note, Note { name: "x".into(), tags: None, body: text.into() });
}

#[test]
fn what_cannot_be_a_note_is_refused_with_its_place() {
    let problem = |text: &[u8]| read_note("n.md", None, text).expect_err("a problem").to_string();
    assert_eq!(
        problem(b"text"),
        "n.md (line 1, column 1): this note has no name: begin it with a line '# NAME', or import it from a file"
    );
    assert_eq!(problem(b"# a\n\0"), "n.md (line 2, column 1): the text contains a NUL byte");
    assert_eq!(problem(b"# a\n\xC3"), "n.md (line 2, column 1): not valid UTF-8");
}
