//! Tests of reading résumés.

use super::*;

fn problem(text: &[u8]) -> String {
    read_resume("cv.json", text).expect_err("a problem").to_string()
}

fn resume(text: &str) -> Resume {
    read_resume("cv.json", text.as_bytes()).expect("a résumé").value
}

#[test]
fn a_resume_says_whose_it_is_and_keeps_its_text() {
    let text = " {\"basics\": {\"name\": \" Ada \", \"label\": \"Analyst\", \"email\": \"ada@example.org\",\r\n \
                \"profiles\": [{\"network\": \"X\", \"username\": \"x\"}, {\"network\": \"github\", \"username\": \"ada\"}]}, \
                \"meta\": {\"canonical\": \"https://example.org/cv.json\"}, \"work\": [], \"x\": 1}\n";
    let resume = resume(text);
    assert_eq!(resume.name.as_deref(), Some("Ada"));
    assert_eq!(resume.label.as_deref(), Some("Analyst"));
    assert_eq!(resume.email.as_deref(), Some("ada@example.org"));
    assert_eq!(resume.canonical.as_deref(), Some("https://example.org/cv.json"));
    assert_eq!(resume.github_login(), Some("ada"));
    assert_eq!(resume.document, text);
}

#[test]
fn nothing_is_required_and_empty_counts_as_absent() {
    for text in [
        "{}",
        r#"{"basics": null}"#,
        r#"{"basics": {"name": "", "email": " ", "label": null, "profiles": []}, "meta": {"canonical": ""}}"#,
    ] {
        let resume = resume(text);
        assert_eq!((resume.name, resume.email, resume.label, resume.canonical), (None, None, None, None), "{text}");
        assert_eq!(resume.profiles, []);
    }
}

#[test]
fn a_byte_order_mark_is_not_part_of_the_document() {
    assert_eq!(resume("\u{FEFF}{}").document, "{}");
}

#[test]
fn what_breaks_the_standard_is_named() {
    for (text, expected) in [
        (r#"{"basics": []}"#, " (line 1, column 12): `basics` must be an object, not a list"),
        (r#"{"basics": {"email": 5}}"#, " (line 1, column 22): `basics.email` must be a text, not the number 5"),
        (r#"{"basics": {"label": {}}}"#, " (line 1, column 22): `basics.label` must be a text, not an object"),
        (
            r#"{"basics": {"name": "a\u0000"}}"#,
            " (line 1, column 21): `basics.name` contains a NUL character (\\u0000)",
        ),
        (
            "{\"basics\": {\"profiles\": [\n{\"username\": false}]}}",
            " (line 2, column 14): `basics.profiles[0].username` must be a text, not false",
        ),
        (r#"{"work": {"name": "x"}}"#, " (line 1, column 10): `work` must be a list, not an object"),
        (r#"{"meta": {"canonical": 1}}"#, " (line 1, column 24): `meta.canonical` must be a text, not the number 1"),
        (r#"{"basics": {}, "basics": {}}"#, " (line 1, column 23): duplicate field `basics`; keep one of them"),
        (r#"[{"basics": {}}]"#, " (line 1, column 2): a résumé is one object, not a list"),
        (r#"{"basics": {}} {}"#, " (line 1, column 16): a second object: one file holds one résumé"),
        (r#"{"basics": {}} x"#, " (line 1, column 16): expected a JSON object or list, found 'x'"),
        ("", " (line 1, column 1): it contains no JSON object, so no résumé"),
    ] {
        assert_eq!(problem(text.as_bytes()), format!("cv.json{expected}"), "{text}");
    }
}

#[test]
fn every_cut_of_a_resume_is_a_clean_error() {
    let text = "{\"basics\": {\"name\": \"Adä\", \"profiles\": [{\"network\": \"x\"}]}, \"work\": []}".as_bytes();
    assert!(read_resume("cv.json", text).is_ok());
    for end in 0..text.len() {
        let error = problem(&text[..end]);
        assert!(error.starts_with("cv.json (line 1, column "), "cut at {end}: {error}");
    }
}

#[test]
fn nesting_beyond_the_limit_is_refused() {
    let text = format!("{{\"x\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(problem(text.as_bytes()).contains("more than 128 objects and lists inside each other"));
}

#[test]
fn more_profiles_than_anyone_has_are_refused() {
    let text = |count| format!("{{\"basics\": {{\"profiles\": [{}{{}}]}}}}", "{}, ".repeat(count - 1));
    assert_eq!(resume(&text(MAX_PROFILES)).profiles.len(), MAX_PROFILES);
    let said = problem(text(MAX_PROFILES + 1).as_bytes());
    assert!(said.ends_with("`basics.profiles` has more than 1000 entries, the limit"), "{said}");
}
