//! What the reading of notes promises.

use super::*;

fn name(text: &str) -> String {
    read_note("n.md", Some("stem"), text.as_bytes()).expect("a note").value.name
}

#[test]
fn a_note_is_called_by_its_title_then_its_heading_then_its_file() {
    assert_eq!(name("---\ntitle: Title\n---\n# Heading\n"), "Title");
    assert_eq!(name("+++\ntitle = 'Title'\n+++\n# Heading\n"), "Title");
    assert_eq!(name("---\nauthor: x\n---\n# Heading\n"), "Heading");
    assert_eq!(name("text\n\n## Second level\n\n# First level\n"), "Second level");
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
        ("#\n\n# second is the first that says something", "second is the first that says something"),
    ] {
        assert_eq!(name(text), expected, "{text}");
    }
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
    assert_eq!(note, Note { name: "x".into(), body: text.into() });
}

#[test]
fn a_name_is_not_cut() {
    assert_eq!(name(&format!("# {}", "x".repeat(300))).len(), 300);
}

#[test]
fn what_cannot_be_a_note_is_refused_with_its_place() {
    let problem = |text: &[u8]| read_note("n.md", None, text).expect_err("a problem").to_string();
    assert_eq!(
        problem(b"text"),
        "n.md (line 1, column 1): nothing gives this note a name: it has no title and no heading"
    );
    assert_eq!(problem(b"# a\n\0"), "n.md (line 2, column 1): a NUL byte stands in the text");
    assert_eq!(problem(b"# a\n\xC3"), "n.md (line 2, column 1): not valid UTF-8");
    assert_eq!(
        problem(b"---\ntitle: \"a\\u0000\"\n---\n"),
        "n.md (line 1, column 1): the title has a NUL character in it"
    );
}
