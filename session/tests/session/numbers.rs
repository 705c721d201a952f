//! Every number of `docs/session.md` has a paragraph there and a test here.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The contract of SQLAlchemy's session; the numbers after it are of what is offered beyond.
const CONTRACT: u32 = 116;

#[test]
fn every_number_has_a_paragraph_and_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = fs::read_to_string(root.join("docs/session.md")).unwrap();
    let paragraphs: Vec<u32> =
        page.lines().filter_map(|line| line.strip_prefix("**")?.split_once(".**")?.0.parse().ok()).collect();
    let all: BTreeSet<u32> = (1..=CONTRACT).chain(paragraphs.iter().copied()).collect();
    assert_eq!(paragraphs, all.iter().copied().collect::<Vec<_>>(), "the paragraphs of docs/session.md, in order");

    let mut tested = BTreeSet::new();
    let number = |name: &str| name.strip_prefix('b')?.get(..3)?.parse::<u32>().ok();
    let tests = ["session", "columns", "production"].map(|tests| format!("session/tests/{tests}"));
    let elsewhere = ["session/conformance/suite", "tests/session", "tests/cluster"];
    for folder in tests.iter().map(String::as_str).chain(elsewhere) {
        for file in fs::read_dir(root.join(folder)).unwrap() {
            let text = fs::read_to_string(file.unwrap().path()).unwrap();
            tested.extend(text.lines().filter_map(|line| number(line.trim_start_matches("pub ").strip_prefix("fn ")?)));
        }
    }
    for file in fs::read_dir(root.join("session/tests/compile_fail")).unwrap() {
        tested.extend(number(&file.unwrap().file_name().to_string_lossy()));
    }
    assert_eq!(tested, all, "the numbers under test");
}
