//! Files as they are on disk, real ones and hand-made awkward ones, become records or one clear line.

use folio::exchange::{Format, Input, Owner, Record, gather};

/// All records of a file below the package, or its first error.
fn records(path: &str, format: Option<Format>) -> folio::Result<Vec<Record>> {
    Input::file(path, format).open()?.map(|record| Ok(record?.value)).collect()
}

fn problem(path: &str) -> String {
    records(path, None).expect_err("a problem").to_string()
}

#[test]
fn the_samples_are_all_recognised_and_read() {
    let found = gather(["samples"], None).expect("gathered");
    let mut kinds = [0; 4];
    for input in &found.inputs {
        for record in input.open().expect("opened") {
            let kind = match record.expect("a record").value {
                Record::Account(_) => 0,
                Record::Repository(_) => 1,
                Record::Resume(_) => 2,
                Record::Note(_) => 3,
                other => panic!("a kind that this test does not know: {other:?}"),
            };
            kinds[kind] += 1;
        }
    }
    // The folder's own README is a note too.
    assert_eq!(kinds, [28, 29, 2, 8 + 1]);
    assert!(found.skipped.iter().all(|skipped| skipped.path.starts_with("samples/licences")), "{:?}", found.skipped);
}

#[test]
fn a_sample_resume_says_whose_it_is() {
    let records = records("samples/jsonresume/sample.resume.json", None).expect("a résumé");
    let [Record::Resume(resume)] = records.as_slice() else { panic!("expected one résumé, got {records:?}") };
    assert_eq!(resume.name.as_deref(), Some("Richard Hendriks"));
    assert_eq!(resume.label.as_deref(), Some("Programmer"));
    assert!(resume.canonical.as_deref().is_some_and(|address| address.ends_with("/sample.resume.json")));
    let text = std::fs::read_to_string("samples/jsonresume/sample.resume.json").expect("the sample");
    assert_eq!(resume.document, text);
}

#[test]
fn a_sample_note_is_called_by_its_heading() {
    let records = records("samples/notes/tty.md", None).expect("a note");
    assert!(matches!(records.as_slice(), [Record::Note(note)] if note.name == "TTY"));
}

#[test]
fn odd_accounts_are_taken_as_they_are() {
    let records = records("tests/data/github/odd-accounts.json", None).expect("accounts");
    let accounts: Vec<_> = records
        .iter()
        .map(|record| match record {
            Record::Account(account) => (account.number, account.login.as_str(), account.email.as_deref()),
            other => panic!("expected an account, got {other:?}"),
        })
        .collect();
    assert_eq!(
        accounts,
        [
            (101, "Ada", None),
            (102, "ada", None),
            (49_699_333, "dependabot[bot]", None),
            (103, "ada", Some("ada@example.org")),
            (9_007_199_254_740_993, "far-out", None),
        ]
    );
}

#[test]
fn odd_repositories_are_private_in_doubt() {
    let records = records("tests/data/github/odd-repositories.json", None).expect("repositories");
    let private: Vec<_> = records
        .iter()
        .map(|record| match record {
            Record::Repository(repository) => (repository.name.as_str(), repository.private),
            other => panic!("expected a repository, got {other:?}"),
        })
        .collect();
    assert_eq!(
        private,
        [
            ("says-public-is-private", true),
            ("says-private-is-public", true),
            ("internal", true),
            ("open", false),
            ("says-nothing", true),
        ]
    );
}

#[test]
fn pages_and_lines_are_read_through() {
    assert_eq!(records("tests/data/github/pages.json", None).expect("accounts").len(), 3);
    let records = records("tests/data/github/lines.ndjson", None).expect("records");
    let owner = Owner { number: 1, login: "one".into() };
    let Record::Repository(found) = &records[1] else { panic!("expected a repository, got {:?}", records[1]) };
    assert_eq!((found.number, &*found.name, &found.owner, found.private), (11, "first", &owner, false));
}

#[test]
fn bad_input_is_one_line_with_file_record_place_and_reason() {
    for (file, expected) in [
        ("wrong-type", ", record 2 (line 3, column 26): `id` must be a whole number, not the text \"2\""),
        (
            "beyond-64-bits",
            ", record 1 (line 1, column 25): `id` is outside the range of 64-bit integers: 18446744073709551616",
        ),
        ("nul-character", ", record 1 (line 1, column 12): `login` contains a NUL character (\\u0000)"),
        ("not-utf8", ", record 1 (line 1, column 14): not valid UTF-8"),
        (
            "cut",
            ", record 2 (line 1, column 42): the input ends in the middle of this record, \
             which began at line 1, column 29",
        ),
        (
            "deep",
            ", record 1 (line 1, column 163): more than 128 objects and lists inside each other, \
             the limit for one record",
        ),
        (
            "unknown-status",
            ", record 1 (line 1, column 79): \
             `visibility` must be \"public\", \"private\" or \"internal\", not the text \"secret\"",
        ),
        (
            "neither",
            ", record 1 (line 1, column 1): an error message where a record was expected: \"Not Found\"; correct the request \
             that printed it",
        ),
    ] {
        let path = format!("tests/data/github/{file}.json");
        assert_eq!(problem(&path), format!("{path}{expected}"));
    }
    let path = "tests/data/jsonresume/wrong-type.resume.json";
    assert_eq!(problem(path), format!("{path} (line 2, column 38): `basics.email` must be a text, not the number 5"));
    assert!(problem("tests/data/github").contains("tests/data/github: "), "a folder is no file");
}

#[test]
fn resumes_that_say_nothing_say_nothing() {
    let forced = records("tests/data/jsonresume/empty.resume.json", Some(Format::JsonResume)).expect("a résumé");
    assert!(
        matches!(forced.as_slice(), [Record::Resume(resume)] if resume.name.is_none() && resume.document == "{}\n")
    );
    let blank = records("tests/data/jsonresume/blank.resume.json", None).expect("a résumé");
    let [Record::Resume(resume)] = blank.as_slice() else { panic!("expected one résumé, got {blank:?}") };
    assert_eq!((resume.name.as_deref(), &resume.email, &resume.label), (Some("Ada"), &None, &None));
}

#[test]
fn notes_are_called_by_what_names_them() {
    for (file, expected) in [("front-matter", "Plans: the \"big\" ones"), ("no-heading", "no-heading")] {
        let records = records(&format!("tests/data/notes/{file}.md"), None).expect("a note");
        assert!(matches!(records.as_slice(), [Record::Note(note)] if note.name == expected), "{records:?}");
    }
}
