//! Résumés and notes are found again by their source file, and a résumé goes to the account that it names.

use std::fs;
use std::path::{Path, PathBuf};

use folio::exchange::{self, Format, Input, Source};
use folio::models::{Note, Resume};
use folio::services::import::{self, Rules, Summary};
use folio::services::users::{self, Account, UserSelector};
use folio::services::{notes, resumes};
use folio::types::{Email, LongText, Text256};
use folio::{Database, Result};
use tempfile::TempDir;

use super::applying::{database, import_input, users as accounts};

/// The address in the schema's own sample, and in templates derived from it.
const TEMPLATE: &str = "https://raw.githubusercontent.com/jsonresume/resume-schema/v1.0.0/sample.resume.json";

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        fs::canonicalize(self.0.path()).unwrap()
    }

    fn file(&self, name: &str, text: &str) -> Input {
        fs::write(self.path().join(name), text).unwrap();
        Input::file(self.path().join(name), None)
    }
}

fn resume(basics: &str) -> String {
    format!(r#"{{"basics": {{{basics}}}, "meta": {{"canonical": "{TEMPLATE}"}}}}"#)
}

fn text(text: &str) -> Text256 {
    text.try_into().unwrap()
}

fn account(db: &Database, number: i64, login: &str, email: Option<&str>) -> UserSelector {
    let email = email.map(|email| Email::try_from(email).unwrap());
    let account = Account { number: Some(number), username: text(login), email };
    UserSelector::Id(db.begin(|session| users::add(session, account)).unwrap().id)
}

/// Source and vacancy of every résumé.
fn resumes(db: &Database) -> Vec<(Option<String>, String)> {
    let all: Vec<Resume> = db.read(|session| session.rows(Resume::all())).unwrap();
    all.into_iter().map(|row| (row.source.map(|source| source.to_string()), row.vacancy.to_string())).collect()
}

fn notes(db: &Database) -> Vec<(Option<String>, String)> {
    let all: Vec<Note> = db.read(|session| session.rows(Note::all())).unwrap();
    all.into_iter().map(|row| (row.source.map(|source| source.to_string()), row.body.to_string())).collect()
}

fn counts(summary: &Summary) -> String {
    summary.total().to_string()
}

fn pipe(db: &Database, text: &str, format: Format, user: Option<UserSelector>) -> Result<Summary> {
    db.begin(|session| {
        let records = exchange::read(std::io::Cursor::new(text.to_owned()), "standard input", Some(format))?;
        import::apply(session, records, &Rules::new(user, None), |_| {})
    })
}

#[test]
fn two_files_with_one_canonical_address_are_two_resumes_and_importing_again_finds_each() -> Result<()> {
    let db = database();
    let folder = Folder::new();
    let person = r#""name": "Ada", "email": "ada@example.org""#;
    let english = folder.file("en.json", &resume(&format!(r#"{person}, "label": "Programmer""#)));
    let french = folder.file("fr.json", &resume(&format!(r#"{person}, "label": "Programmeuse""#)));
    for input in [&english, &french] {
        assert_eq!(import_input(&db, input, None)?.resumes.new, 1);
    }
    for input in [&french, &english] {
        assert_eq!(counts(&import_input(&db, input, None)?), "0 new, 0 changed, 1 unchanged");
    }
    let source = |name: &str| Some(folder.path().join(name).display().to_string());
    assert_eq!(
        resumes(&db),
        [(source("en.json"), "Programmer".to_owned()), (source("fr.json"), "Programmeuse".to_owned())]
    );
    let changed = folder.file("fr.json", &resume(&format!(r#"{person}, "label": "Directrice""#)));
    assert_eq!(import_input(&db, &changed, None)?.resumes.changed, 1);
    assert_eq!(resumes(&db)[0].1, "Programmer");
    Ok(())
}

#[test]
fn a_resume_that_an_earlier_version_kept_under_its_canonical_address_is_found_and_kept_under_its_file() -> Result<()> {
    let db = database();
    let ada = account(&db, 1, "ada", Some("ada@example.org"));
    let folder = Folder::new();
    let person = r#""email": "ada@example.org", "label""#;
    let english = folder.file("en.json", &resume(&format!(r#"{person}: "Programmer""#)));
    let french = folder.file("fr.json", &resume(&format!(r#"{person}: "Programmeuse""#)));
    let body = LongText::try_from(resume(&format!(r#"{person}: "Programmeuse""#)))?;
    let offer = resumes::Offer { vacancy: text("Programmeuse"), body, source: Some(text(TEMPLATE)) };
    let kept = db.begin(|session| resumes::add(session, &ada, offer))?;
    assert_eq!(import_input(&db, &english, None)?.resumes.new, 1);
    assert_eq!(import_input(&db, &french, None)?.resumes.changed, 1);
    let again = db.read(|session| resumes::get(session, kept.id))?;
    assert_eq!(again.source.as_deref(), Some(folder.path().join("fr.json").to_str().unwrap()));
    for input in [&english, &french] {
        assert_eq!(import_input(&db, input, None)?.resumes.unchanged, 1);
    }
    assert_eq!(resumes(&db).len(), 2);
    Ok(())
}

#[test]
fn a_document_without_a_file_is_found_by_its_text() -> Result<()> {
    let db = database();
    let ada = account(&db, 1, "ada", Some("ada@example.org"));
    let resume = |label: &str| resume(&format!(r#""email": "ada@example.org", "label": "{label}""#));
    for (label, expected) in [("One", "1 new, 0 changed, 0 unchanged"), ("Two", "1 new, 0 changed, 0 unchanged")] {
        assert_eq!(counts(&pipe(&db, &resume(label), Format::JsonResume, None)?), expected);
    }
    for label in ["One", "Two"] {
        let again = pipe(&db, &resume(label), Format::JsonResume, None)?;
        assert_eq!(counts(&again), "0 new, 0 changed, 1 unchanged");
    }
    assert_eq!(resumes(&db), [(None, "One".to_owned()), (None, "Two".to_owned())]);
    for expected in ["1 new, 0 changed, 0 unchanged", "0 new, 0 changed, 1 unchanged"] {
        assert_eq!(counts(&pipe(&db, "# To do", Format::Markdown, Some(ada.clone()))?), expected);
    }
    Ok(())
}

#[test]
fn a_resume_goes_to_the_one_account_that_its_github_profile_or_its_email_names() -> Result<()> {
    let profile = |network: &str, username: &str, url: &str| {
        format!(r#""name": "Ada", "profiles": [{{"network": "{network}", "username": "{username}", "url": "{url}"}}]"#)
    };
    for basics in [
        profile("GitHub", "octoada", ""),
        profile("github", "@octoada", ""),
        profile("GITHUB", "OctoAda", ""),
        profile("GitHub", "https://github.com/octoada", ""),
        profile("GitHub", "", "https://www.github.com/octoada/"),
        r#""name": "Ada", "email": "Ada@Example.org""#.to_owned(),
        r#""name": "Ada", "email": "ada@example.org""#.to_owned(),
        // One of the two does not belong to an account.
        format!(r#"{}, "email": "other@example.org""#, profile("GitHub", "octoada", "")),
        format!(r#"{}, "email": "ADA@example.org""#, profile("GitHub", "nobody", "")),
    ] {
        let db = database();
        account(&db, 1, "octoada", Some("ada@example.org"));
        account(&db, 2, "octobob", Some("bob@example.org"));
        let folder = Folder::new();
        let input = folder.file("cv.json", &resume(&basics));
        let summary = import_input(&db, &input, None)?;
        assert_eq!((summary.users.total(), summary.resumes.new), (0, 1), "{basics}");
        let all: Vec<Resume> = db.read(|session| session.rows(Resume::all()))?;
        let ada = db.read(|session| users::get(session, &UserSelector::Number(1)))?;
        assert_eq!(all[0].user_id, ada.id, "{basics}");
        assert_eq!(import_input(&db, &input, None)?.resumes.unchanged, 1, "{basics}");
    }
    Ok(())
}

#[test]
fn a_login_as_it_is_written_goes_before_one_of_another_letter_case() -> Result<()> {
    let db = database();
    account(&db, 1, "OctoAda", None);
    account(&db, 2, "octoada", None);
    let folder = Folder::new();
    let basics = r#""profiles": [{"network": "GitHub", "username": "octoada"}]"#;
    import_input(&db, &folder.file("cv.json", &resume(basics)), None)?;
    let two = db.read(|session| users::get(session, &UserSelector::Number(2)))?;
    let all: Vec<Resume> = db.read(|session| session.rows(Resume::all()))?;
    assert_eq!(all[0].user_id, two.id);
    Ok(())
}

#[test]
fn where_several_accounts_may_be_meant_the_resume_is_refused_with_their_names_and_the_way_to_choose() -> Result<()> {
    let login = r#""profiles": [{"network": "GitHub", "username": "octoada"}]"#;
    let email = r#""email": "ada@example.org""#;
    for (basics, accounts_there) in [
        (login.to_owned(), [("octoada", None), ("octoada", None)]),
        (email.to_owned(), [("one", Some("ada@example.org")), ("two", Some("ada@example.org"))]),
        (format!("{login}, {email}"), [("octoada", None), ("two", Some("ada@example.org"))]),
        (
            r#""profiles": [{"network": "GitHub", "username": "OCTOADA"}]"#.to_owned(),
            [("OctoAda", None), ("octoada", None)],
        ),
    ] {
        let db = database();
        for (number, (login, email)) in (1..).zip(accounts_there) {
            account(&db, number, login, email);
        }
        let folder = Folder::new();
        let input = folder.file("cv.json", &resume(&basics));
        let error = import_input(&db, &input, None).unwrap_err().to_string();
        assert!(error.contains("cv.json: résumé: ") && error.contains("--account N"), "{error}");
        assert!(error.contains("account number 1") && error.contains("account number 2"), "{error}");
        assert_eq!((accounts(&db).len(), resumes(&db).len()), (2, 0), "{basics}");
        // The choice is remembered.
        assert_eq!(import_input(&db, &input, Some(UserSelector::Number(2)))?.resumes.new, 1);
        assert_eq!(import_input(&db, &input, None)?.resumes.unchanged, 1, "{basics}");
    }
    Ok(())
}

#[test]
fn login_and_email_together_tell_one_of_several_accounts() -> Result<()> {
    let db = database();
    account(&db, 1, "octoada", Some("ada@example.org"));
    account(&db, 2, "octoada", None);
    account(&db, 3, "ada-at-work", Some("ada@example.org"));
    let folder = Folder::new();
    let basics = r#""email": "ada@example.org", "profiles": [{"network": "GitHub", "username": "octoada"}]"#;
    import_input(&db, &folder.file("cv.json", &resume(basics)), None)?;
    let all: Vec<Resume> = db.read(|session| session.rows(Resume::all()))?;
    assert_eq!(all[0].user_id, db.read(|session| users::get(session, &UserSelector::Number(1)))?.id);
    Ok(())
}

#[test]
fn a_resume_whose_email_changed_to_an_unknown_one_is_asked_about_and_makes_no_second_account() -> Result<()> {
    let db = database();
    let folder = Folder::new();
    let input = folder.file("cv.json", &resume(r#""name": "Ada", "email": "ada@old.example""#));
    import_input(&db, &input, None)?;
    folder.file("cv.json", &resume(r#""name": "Ada", "email": "ada@new.example""#));
    let error = import_input(&db, &input, None).unwrap_err().to_string();
    assert!(error.contains("one has a résumé from this file") && error.contains("account number -1"), "{error}");
    assert_eq!(accounts(&db).len(), 1);
    assert_eq!(import_input(&db, &input, Some(UserSelector::Number(-1)))?.resumes.changed, 1);
    assert_eq!(import_input(&db, &input, None)?.resumes.unchanged, 1);
    Ok(())
}

#[test]
fn a_resume_that_was_given_to_an_account_stays_there_when_it_is_imported_again() -> Result<()> {
    let db = database();
    account(&db, 1, "ada", Some("ada@example.org"));
    account(&db, 2, "bob", None);
    let folder = Folder::new();
    let input = folder.file("cv.json", &resume(r#""email": "ada@example.org""#));
    assert_eq!(import_input(&db, &input, Some(UserSelector::Number(2)))?.resumes.new, 1);
    assert_eq!(import_input(&db, &input, None)?.resumes.unchanged, 1);
    // Another person's résumé in the same file goes to that person.
    let input = folder.file("cv.json", &resume(r#""email": "Ada@example.org", "label": "Analyst""#));
    assert_eq!(import_input(&db, &input, None)?.resumes.new, 1);
    Ok(())
}

#[cfg(unix)]
#[test]
fn one_file_is_one_note_whatever_path_leads_to_it() -> Result<()> {
    let db = database();
    let ada = account(&db, 1, "ada", None);
    let folder = Folder::new();
    fs::create_dir(folder.path().join("n")).unwrap();
    std::os::unix::fs::symlink("n", folder.path().join("m")).unwrap();
    folder.file("n/c.md", "# C");
    std::os::unix::fs::symlink("n/c.md", folder.path().join("d.md")).unwrap();
    let mut new = 0;
    for path in ["n/c.md", "m/c.md", "n/../m/../n/./c.md", "d.md"] {
        new += import_input(&db, &Input::file(folder.path().join(path), None), Some(ada.clone()))?.notes.new;
    }
    assert_eq!(new, 1);
    assert_eq!(notes(&db), [(Some(folder.path().join("n/c.md").display().to_string()), "# C".to_owned())]);
    Ok(())
}

#[test]
fn a_note_that_an_earlier_version_kept_under_a_relative_path_is_found_and_kept_under_its_file() -> Result<()> {
    let db = database();
    let ada = account(&db, 1, "ada", None);
    let body = fs::read_to_string("samples/notes/tty.md").unwrap();
    let canonical = fs::canonicalize("samples/notes/tty.md").unwrap().display().to_string();
    let add = |source: &str, name: &str, body: &str| {
        let note = notes::Text {
            body: LongText::try_from(body.to_owned())?,
            source: Some(text(source)),
            ..notes::Text::new(name)?
        };
        db.begin(|session| notes::add(session, &ada, note))
    };
    let kept = add("samples/notes/tty.md", "An older title", &body)?;
    for path in [Path::new("./samples/notes/tty.md"), &fs::canonicalize("samples/notes/tty.md").unwrap()] {
        // The row determines the owner.
        let summary = import_input(&db, &Input::file(path, None), None)?;
        assert_eq!((summary.notes.new, summary.remarks.len()), (0, 0));
    }
    assert_eq!(notes(&db), [(Some(canonical), body)]);
    assert_eq!(db.read(|session| notes::get(session, kept.id))?.name, "TTY");

    // A document with another title and text may be from another folder.
    let other = add("samples/notes/url.md", "Another", "Another text")?;
    let summary = import_input(&db, &Input::file("samples/notes/url.md", None), Some(ada.clone()))?;
    assert_eq!(summary.notes.new, 1);
    assert!(matches!(summary.remarks.as_slice(), [remark] if remark.contains("Another")), "{:?}", summary.remarks);
    assert_eq!(db.read(|session| notes::get(session, other.id))?.body, "Another text");
    Ok(())
}

#[test]
fn a_path_longer_than_a_column_takes_is_a_source_too() -> Result<()> {
    let db = database();
    let ada = account(&db, 1, "ada", None);
    let folder = Folder::new();
    let mut path = folder.path();
    for _ in 0..3 {
        path.push("d".repeat(100));
    }
    fs::create_dir_all(&path).unwrap();
    for name in ["a.md", "b.md"] {
        fs::write(path.join(name), "same").unwrap();
        let input = Input::file(path.join(name), None);
        assert_eq!(import_input(&db, &input, Some(ada.clone()))?.notes.new, 1);
        assert_eq!(import_input(&db, &input, None)?.notes.unchanged, 1);
    }
    assert!(notes(&db).iter().all(|(source, _)| source.as_ref().unwrap().contains(":…ddd")), "{:?}", notes(&db));
    Ok(())
}

#[test]
fn a_caller_may_name_a_source_of_its_own() -> Result<()> {
    let db = database();
    let ada = account(&db, 1, "ada", None);
    let import = |body: &str| {
        let rules = Rules::new(Some(ada.clone()), Some(Source::new("https://example.org/a.md")?));
        let body = std::io::Cursor::new(body.to_owned());
        db.begin(|session| {
            let records = exchange::read(body, "a.md", Some(Format::Markdown))?;
            import::apply(session, records, &rules, |_| {})
        })
    };
    assert_eq!(import("# A\n\none")?.notes.new, 1);
    assert_eq!(import("# A\n\ntwo")?.notes.changed, 1);
    assert_eq!(notes(&db), [(Some("https://example.org/a.md".to_owned()), "# A\n\ntwo".to_owned())]);
    Ok(())
}
