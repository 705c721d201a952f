//! Importing: the rows made from records, in any order, and that unchanged records send no UPDATE.

use folio::exchange::{self, Input, gather};
use folio::models::{Note, Repository, Resume, User};
use folio::services::import::{self, Rules, Summary};
use folio::services::users::{self, Account, UserSelector};
use folio::types::RepositoryStatus;
use folio::{Database, Error, Result};

use crate::support::{Fixture, engine, fixture};
use diesel_session_conformance::Recorder;

pub(super) fn database() -> Fixture {
    Recorder::install(crate::support::dialect(engine(module_path!())));
    fixture(module_path!())
}

pub(super) fn import(db: &Database, text: &str) -> Result<Summary> {
    db.begin(|session| {
        let records = exchange::read(std::io::Cursor::new(text.to_owned()), "input.json", None)?;
        import::apply(session, records, &Rules::default(), |_| {})
    })
}

pub(super) fn import_input(db: &Database, input: &Input, user: Option<UserSelector>) -> Result<Summary> {
    let rules = Rules::new(user, input.source()?);
    db.begin(|session| import::apply(session, input.open()?, &rules, |_| {}))
}

pub(super) fn users(db: &Database) -> Vec<(i64, String, Option<String>)> {
    let users: Vec<User> = db.read(|session| session.rows(User::all())).unwrap();
    users
        .into_iter()
        .map(|user| (user.user_id, user.username.to_string(), user.email.map(|email| email.to_string())))
        .collect()
}

pub(super) fn repositories(db: &Database) -> Vec<(i64, Option<i64>, String, RepositoryStatus)> {
    let all: Vec<Repository> = db.read(|session| session.rows(Repository::all())).unwrap();
    all.into_iter().map(|row| (row.user_id, row.repo_id, row.repo_name.to_string(), row.status)).collect()
}

pub(super) fn repository(number: i64, owner: i64, name: &str) -> String {
    format!(
        r#"{{"id": {number}, "name": "{name}", "owner": {{"id": {owner}, "login": "user{owner}"}}, "private": false}}"#
    )
}

pub(super) fn sorted<T: Ord>(mut rows: Vec<T>) -> Vec<T> {
    rows.sort();
    rows
}

#[test]
fn the_samples_become_accounts_and_repositories() -> Result<()> {
    let db = database();
    let mut summary = Summary::default();
    for input in gather(["samples/github"], None)?.inputs {
        summary.add(import_input(&db, &input, None)?);
    }
    assert_eq!(summary.repositories.to_string(), "29 new, 0 changed, 0 unchanged");
    assert_eq!(summary.users.new, users(&db).len() as u64);
    assert!(users(&db).contains(&(1, "github".to_owned(), Some("octocat@github.com".to_owned()))));
    assert!(repositories(&db).contains(&(872_147, Some(3_081_286), "Tetris".to_owned(), RepositoryStatus::Private)));
    Ok(())
}

#[test]
fn the_order_of_the_files_does_not_matter() -> Result<()> {
    let (one, two) = (database(), database());
    let inputs = gather(["samples/github"], None)?.inputs;
    for input in &inputs {
        import_input(&one, input, None)?;
    }
    for input in inputs.iter().rev() {
        import_input(&two, input, None)?;
    }
    assert_eq!(sorted(users(&one)), sorted(users(&two)));
    let rows = |db: &Database| sorted(repositories(db).into_iter().map(|row| (row.0, row.1, row.2)).collect());
    assert_eq!(rows(&one), rows(&two));
    Ok(())
}

#[test]
fn importing_again_finds_everything_unchanged_and_sends_no_write() -> Result<()> {
    let db = database();
    let inputs = gather(["samples/github"], None)?.inputs;
    for input in inputs.iter().chain(&inputs) {
        import_input(&db, input, None)?;
    }
    let recorder = Recorder::start();
    for input in &inputs {
        let summary = import_input(&db, input, None)?;
        assert_eq!((summary.total().new, summary.total().changed), (0, 0), "{summary:?}");
    }
    let writes: Vec<String> = recorder
        .sql()
        .into_iter()
        .filter(|sql| ["INSERT", "UPDATE", "DELETE"].iter().any(|verb| sql.starts_with(verb)))
        .collect();
    assert!(writes.is_empty(), "{writes:?}");
    Ok(())
}

#[test]
fn an_accounts_own_record_wins_over_a_mention_whichever_comes_first() -> Result<()> {
    let own = r#"{"id": 1, "login": "ann"}"#;
    let mention = r#"{"id": 7, "name": "code", "owner": {"id": 1, "login": "ann-of-old"}, "private": false}"#;
    for order in [[own, mention], [mention, own]] {
        let db = database();
        for text in order {
            import(&db, text)?;
        }
        assert_eq!(users(&db), [(1, "ann".to_owned(), None)]);
    }
    Ok(())
}

#[test]
fn a_record_without_an_email_takes_none_away() -> Result<()> {
    let db = database();
    import(&db, r#"{"id": 1, "login": "ann", "email": "ann@example.org"}"#)?;
    let summary = import(&db, r#"{"id": 1, "login": "ann", "email": null}"#)?;
    assert_eq!(summary.users.unchanged, 1);
    assert_eq!(users(&db)[0].2.as_deref(), Some("ann@example.org"));
    Ok(())
}

#[test]
fn a_repository_that_was_renamed_or_given_away_is_found_by_its_number() -> Result<()> {
    let db = database();
    import(&db, &repository(7, 1, "old"))?;
    let summary = import(&db, &repository(7, 2, "new"))?;
    assert_eq!(summary.repositories.to_string(), "0 new, 1 changed, 0 unchanged");
    assert_eq!(repositories(&db), [(2, Some(7), "new".to_owned(), RepositoryStatus::Public)]);
    Ok(())
}

#[test]
fn a_repository_without_a_number_is_found_by_owner_and_name() -> Result<()> {
    use folio::services::repositories::{Project, add};
    let db = database();
    import(&db, r#"{"id": 1, "login": "ann"}"#)?;
    db.begin(|session| add(session, Project::new(1, "code")?))?;
    let summary = import(&db, &repository(7, 1, "code"))?;
    assert_eq!(summary.repositories.changed, 1);
    assert_eq!(repositories(&db)[0].1, Some(7));
    Ok(())
}

#[test]
fn repositories_that_swap_their_names_are_both_renamed() -> Result<()> {
    let db = database();
    import(&db, &format!("[{}, {}]", repository(7, 1, "a"), repository(8, 1, "b")))?;
    let summary = import(&db, &format!("[{}, {}]", repository(7, 1, "b"), repository(8, 1, "a")))?;
    assert_eq!(summary.repositories.changed, 2);
    assert!(summary.remarks.is_empty(), "{:?}", summary.remarks);
    let rows: Vec<_> = repositories(&db).into_iter().map(|row| (row.1, row.2)).collect();
    assert_eq!(rows, [(Some(7), "b".to_owned()), (Some(8), "a".to_owned())]);
    Ok(())
}

#[test]
fn a_name_that_another_repository_takes_is_kept_under_a_name_that_says_so_until_its_record_comes() -> Result<()> {
    let db = database();
    import(&db, &format!("[{}, {}]", repository(7, 1, "a"), repository(8, 1, "b")))?;
    let summary = import(&db, &repository(8, 1, "a"))?;
    assert_eq!(repositories(&db)[0].2, "a (formerly, number 7)");
    assert_eq!(
        summary.remarks,
        [r#"repository id 1 is called "a (formerly, number 7)", because number 8 has the name "a" now"#]
    );
    import(&db, &repository(7, 1, "c"))?;
    assert_eq!(repositories(&db)[0].2, "c");
    Ok(())
}

#[test]
fn the_same_repository_twice_in_one_file_ends_as_its_last_record_says() -> Result<()> {
    let db = database();
    let summary = import(&db, &format!("[{}, {}]", repository(7, 1, "a"), repository(7, 1, "b")))?;
    assert_eq!(summary.repositories.to_string(), "1 new, 1 changed, 0 unchanged");
    assert_eq!(repositories(&db)[0].2, "b");
    Ok(())
}

#[test]
fn a_record_that_cannot_be_taken_leaves_the_database_as_it_was_and_is_named() {
    let db = database();
    let many: Vec<String> = (1..2_500).map(|number| format!(r#"{{"id": {number}, "login": "u{number}"}}"#)).collect();
    let long = "x".repeat(257);
    for (last, expected) in [
        (r#"{"id": 9, "login": ""}]"#.to_owned(), "login: it is empty"),
        (format!(r#"{{"id": 9, "login": "{long}"}}]"#), "login: 257 characters, more than the limit of 256"),
        (r#"{"id": 9, "#.to_owned(), "ends"),
    ] {
        let error = import(&db, &format!("[{}, {last}", many.join(","))).unwrap_err();
        assert!(error.to_string().starts_with("input.json, record 2500 (line 1, column "), "{error}");
        assert!(error.to_string().contains(expected), "{error}");
        assert!(users(&db).is_empty());
    }
}

#[test]
fn a_resume_belongs_to_the_one_account_with_its_email() -> Result<()> {
    let db = database();
    let email = r#""email": "richard.hendriks@mail.com""#;
    import(&db, &format!(r#"{{"id": 5, "login": "richard", {email}}}"#))?;
    let input = Input::file("samples/jsonresume/sample.resume.json", None);
    let summary = import_input(&db, &input, None)?;
    assert_eq!((summary.resumes.new, summary.users.total()), (1, 0));
    let again = import_input(&db, &input, None)?;
    assert_eq!(again.resumes.unchanged, 1);
    let all: Vec<Resume> = db.read(|session| session.rows(Resume::all()))?;
    assert_eq!(all[0].vacancy, "Programmer");
    assert!(all[0].body.starts_with('{'));
    import(&db, &format!(r#"{{"id": 6, "login": "richard-too", {email}}}"#))?;
    assert_eq!(import_input(&db, &input, None)?.resumes.unchanged, 1, "whose it is was found out before");
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("sample.resume.json");
    std::fs::copy("samples/jsonresume/sample.resume.json", &copy).unwrap();
    let input = Input::file(copy, None);
    let error = import_input(&db, &input, None).unwrap_err();
    assert!(matches!(error, Error::Input { .. }), "{error:?}");
    assert!(error.to_string().contains("richard-too"), "{error}");
    let summary = import_input(&db, &input, Some(UserSelector::Number(6)))?;
    assert_eq!(summary.resumes.new, 1);
    Ok(())
}

#[test]
fn a_resume_of_nobody_known_brings_a_new_account_with_a_number_below_zero() -> Result<()> {
    let db = database();
    let input = Input::file("samples/jsonresume/sample.resume.json", None);
    let summary = import_input(&db, &input, None)?;
    assert_eq!((summary.resumes.new, summary.users.new), (1, 1));
    assert_eq!(users(&db), [(-1, "Richard Hendriks".to_owned(), Some("richard.hendriks@mail.com".to_owned()))]);
    assert_eq!(import_input(&db, &input, None)?.total().to_string(), "0 new, 0 changed, 1 unchanged");
    Ok(())
}

#[test]
fn a_resume_that_names_nobody_is_refused_unless_someone_says_whose_it_is() -> Result<()> {
    let db = database();
    let read = || exchange::read(&b"{}"[..], "empty.json", Some(exchange::Format::JsonResume));
    let error = db.begin(|session| import::apply(session, read()?, &Rules::default(), |_| {})).unwrap_err();
    assert!(error.to_string().contains("name its user with --user"), "{error}");
    let ann = db.begin(|session| users::add(session, Account::new("ann")?))?;
    let rules = Rules::new(Some(UserSelector::Id(ann.id)), None);
    let summary = db.begin(|session| import::apply(session, read()?, &rules, |_| {}))?;
    assert_eq!(summary.resumes.new, 1);
    Ok(())
}

#[test]
fn notes_are_named_after_their_headings_and_found_again_by_their_paths() -> Result<()> {
    let db = database();
    let ann = db.begin(|session| users::add(session, Account::new("ann")?))?;
    let inputs = gather(["samples/notes"], None)?.inputs;
    let error = import_input(&db, &inputs[0], None).unwrap_err();
    assert!(error.to_string().contains("it names no user"), "{error}");
    for input in &inputs {
        assert_eq!(import_input(&db, input, Some(UserSelector::Id(ann.id)))?.notes.new, 1);
    }
    for input in &inputs {
        assert_eq!(import_input(&db, input, None)?.notes.unchanged, 1);
    }
    let all: Vec<Note> = db.read(|session| session.rows(Note::all()))?;
    let named: Vec<_> = all.iter().map(|note| (note.name.as_str(), note.source.as_deref())).collect();
    let url = std::fs::canonicalize("samples/notes/url.md").unwrap();
    assert!(named.contains(&("URL", url.to_str())), "{named:?}");
    Ok(())
}
