//! The rules of the services: what they accept, refuse, and change along with a record.

use folio::models::{Note, Resume};
use folio::prelude::*;
use folio::services::repositories::{self, Project, RepositorySelector};
use folio::services::users::{self, Account, Cascade, UserSelector};
use folio::services::{Limit, notes, resumes};

use crate::support::{Fixture, fixture};

fn database() -> Fixture {
    fixture(module_path!())
}

fn add_user(db: &Database, number: Option<i64>, login: &str) -> User {
    db.begin(|session| users::add(session, Account { number, ..Account::new(login)? })).unwrap()
}

fn add_repository(db: &Database, owner: i64, name: &str) -> Repository {
    db.begin(|session| repositories::add(session, Project::new(owner, name)?)).unwrap()
}

fn add_note(db: &Database, user: &User, text: notes::Text) -> Note {
    db.begin(|session| notes::add(session, &UserSelector::Id(user.id), text)).unwrap()
}

fn add_resume(db: &Database, user: &User, vacancy: &str) -> Resume {
    db.begin(|session| resumes::add(session, &UserSelector::Id(user.id), resumes::Offer::new(vacancy)?)).unwrap()
}

fn logins(db: &Database, filter: &users::Filter, limit: Option<u64>) -> Vec<String> {
    let mut logins = Vec::new();
    db.read(|session| {
        users::list(session, filter, Limit { rows: limit, offset: 0 }, |user| -> Result<()> {
            logins.push(user.username.to_string());
            Ok(())
        })
    })
    .unwrap();
    logins
}

#[test]
fn an_account_without_a_number_gets_the_next_one_below_zero() {
    let db = database();
    add_user(&db, Some(7), "known");
    assert_eq!(add_user(&db, None, "first").user_id, -1);
    assert_eq!(add_user(&db, None, "second").user_id, -2);
}

#[test]
fn a_new_record_was_last_changed_when_it_was_made() {
    let db = database();
    let ann = add_user(&db, Some(7), "ann");
    assert_eq!(ann.created_at, ann.updated_at);
    let ann = db.begin(|session| users::rename(session, &UserSelector::Id(ann.id), "anna")).unwrap();
    assert!(ann.created_at < ann.updated_at);
}

#[test]
fn a_number_that_is_taken_is_refused_with_the_account_that_has_it() {
    let db = database();
    add_user(&db, Some(7), "ann");
    let error =
        db.begin(|session| users::add(session, Account { number: Some(7), ..Account::new("bob")? })).unwrap_err();
    assert_eq!(error.to_string(), "an account with number 7 already exists: id 1: ann (account number 7)");
}

#[test]
fn a_login_that_several_accounts_have_is_answered_with_all_of_them() {
    let db = database();
    add_user(&db, Some(1), "octocat");
    add_user(&db, Some(2), "octocat");
    let who = UserSelector::Login("octocat".to_owned());
    let error = db.read(|session| users::get(session, &who)).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, Error::Ambiguous { .. }));
    assert!(text.contains("id 1: octocat (account number 1); id 2: octocat (account number 2)"), "{text}");
}

#[test]
fn someone_who_is_not_there_is_named_as_they_were_asked_for() {
    let db = database();
    for (who, text) in [
        (UserSelector::Id(Id::new(9)), "there is no user with id 9"),
        (UserSelector::Number(9), "there is no user with account number 9"),
        (UserSelector::Login("ann".to_owned()), r#"there is no user with login "ann""#),
        (UserSelector::Email("a@b".to_owned()), r#"there is no user with email "a@b""#),
    ] {
        let error = db.read(|session| users::get(session, &who)).unwrap_err();
        assert!(error.is_not_found());
        assert_eq!(error.to_string(), text);
    }
}

#[test]
fn a_listing_gives_all_rows_in_order_and_at_most_as_many_as_asked() {
    let db = database();
    db.begin(|session| -> Result<()> {
        for number in 0..2_500 {
            session.add(NewUser::new(number, format!("user{number}"))?);
        }
        Ok(())
    })
    .unwrap();
    let all = logins(&db, &users::Filter::default(), None);
    assert_eq!(all.len(), 2_500);
    assert_eq!((all[0].as_str(), all[2_499].as_str()), ("user0", "user2499"));
    assert_eq!(logins(&db, &users::Filter::default(), Some(1_001)).len(), 1_001);
    assert!(logins(&db, &users::Filter::default(), Some(0)).is_empty());
    let named = users::Filter { login: Some("user7".to_owned()), ..Default::default() };
    assert_eq!(logins(&db, &named, None), ["user7"]);
}

#[test]
fn an_account_that_gets_another_number_takes_its_repositories_along() {
    let db = database();
    let ann = add_user(&db, None, "ann");
    let code = add_repository(&db, ann.user_id, "code");
    let edit = users::Edit { number: Some(583_231), ..Default::default() };
    let ann = db.begin(|session| users::edit(session, &UserSelector::Id(ann.id), edit)).unwrap();
    assert_eq!(ann.user_id, 583_231);
    let owned = db.read(|session| repositories::get(session, &RepositorySelector::Id(code.id))).unwrap();
    assert_eq!((owned.repository.user_id, owned.owner.id), (583_231, ann.id));
}

#[test]
fn an_account_with_repositories_or_resumes_is_kept_and_they_are_counted() {
    let db = database();
    let ann = add_user(&db, Some(1), "ann");
    add_repository(&db, 1, "one");
    add_repository(&db, 1, "two");
    add_resume(&db, &ann, "gardener");
    add_note(&db, &ann, notes::Text::new("to do").unwrap());
    let error = db.begin(|session| users::remove(session, &UserSelector::Id(ann.id), Cascade::Nothing)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "user ann (id 1) still has 2 repositories and 1 résumé; \
         remove them first, or remove the user with everything ('--with-everything')"
    );
    let removed = db.begin(|session| users::remove(session, &UserSelector::Id(ann.id), Cascade::Everything)).unwrap();
    assert_eq!((removed.repositories, removed.resumes, removed.notes), (2, 1, 1));
    let left: Vec<i64> = db
        .read(|session| {
            session.rows(diesel::dsl::sql::<diesel::sql_types::BigInt>(
                "SELECT (SELECT count(*) FROM users) + (SELECT count(*) FROM repositories) \
                 + (SELECT count(*) FROM resumes) + (SELECT count(*) FROM notes)",
            ))
        })
        .unwrap();
    assert_eq!(left, [0]);
}

#[test]
fn a_removed_accounts_key_is_never_given_to_another() {
    let db = database();
    let ann = add_user(&db, None, "ann");
    db.begin(|session| users::remove(session, &UserSelector::Id(ann.id), Cascade::Nothing)).unwrap();
    assert_ne!(add_user(&db, None, "bob").id, ann.id);
}

#[test]
fn joining_adds_an_account_with_its_first_repository_and_resume_or_nothing() {
    let db = database();
    let join = |number, repository: &str| {
        db.begin(|session| {
            users::join(
                session,
                Account { number: Some(number), ..Account::new("step")? },
                Text256::try_from(repository)?,
                RepositoryStatus::Private,
                "Junior developer".try_into()?,
                LongText::default(),
            )
        })
    };
    let joined = join(1, "hello-world").unwrap();
    assert_eq!(joined.repository.user_id, joined.user.user_id);
    assert_eq!(joined.resume.user_id, joined.user.id);
    assert!(matches!(join(1, "other").unwrap_err(), Error::Exists { .. }));
    assert_eq!(logins(&db, &users::Filter::default(), None), ["step"]);
}

#[test]
fn a_failed_part_of_a_unit_leaves_the_rest_to_the_caller() {
    let db = database();
    add_user(&db, Some(1), "ann");
    let kept = db.begin(|session| -> Result<bool> {
        users::add(session, Account::new("kept")?)?;
        let failed =
            session.nested(|session| users::add(session, Account { number: Some(1), ..Account::new("twin")? }));
        Ok(failed.is_err())
    });
    assert!(kept.unwrap());
    assert_eq!(logins(&db, &users::Filter::default(), None), ["ann", "kept"]);
}

#[test]
fn a_repository_needs_an_owner_that_is_there_and_a_name_of_its_own() {
    let db = database();
    add_user(&db, Some(1), "ann");
    add_user(&db, Some(2), "bob");
    let error = db.begin(|session| repositories::add(session, Project::new(9, "code")?)).unwrap_err();
    assert_eq!(error.to_string(), "there is no user with account number 9");
    add_repository(&db, 1, "code");
    add_repository(&db, 2, "code");
    let error = db.begin(|session| repositories::add(session, Project::new(1, "code")?)).unwrap_err();
    assert_eq!(error.to_string(), "a repository ann/code already exists: id 1");
    let numbered = |number| Project { number: Some(number), ..Project::new(1, format!("no{number}")).unwrap() };
    db.begin(|session| repositories::add(session, numbered(5))).unwrap();
    let error = db
        .begin(|session| repositories::add(session, Project { name: "else".try_into()?, ..numbered(5) }))
        .unwrap_err();
    assert_eq!(error.to_string(), "a repository with number 5 already exists: id 3: no5");
}

#[test]
fn a_repository_is_found_by_owner_and_name_and_can_be_renamed_hidden_and_given_away() {
    let db = database();
    add_user(&db, Some(1), "ann");
    add_user(&db, Some(2), "bob");
    add_repository(&db, 1, "code");
    let which: RepositorySelector = "ann/code".parse().unwrap();
    let edit = repositories::Edit {
        name: Some("work".try_into().unwrap()),
        status: Some(RepositoryStatus::Private),
        owner: Some(2),
        number: Some(77),
    };
    db.begin(|session| repositories::edit(session, &which, edit)).unwrap();
    let owned = db.read(|session| repositories::get(session, &"bob/work".parse()?)).unwrap();
    assert_eq!((owned.repository.repo_id, owned.repository.status), (Some(77), RepositoryStatus::Private));
    assert!(db.read(|session| repositories::get(session, &which)).unwrap_err().is_not_found());
    assert!("ann/".parse::<RepositorySelector>().is_err());
}

#[test]
fn a_note_outlives_the_repository_that_it_is_about() {
    let db = database();
    let ann = add_user(&db, Some(1), "ann");
    let code = add_repository(&db, 1, "code");
    let text =
        notes::Text { repository: Some(RepositorySelector::Id(code.id)), ..notes::Text::new("about it").unwrap() };
    let note = add_note(&db, &ann, text);
    assert_eq!(note.repository_id, Some(code.id));
    db.begin(|session| repositories::remove(session, &RepositorySelector::Id(code.id))).unwrap();
    let note = db.read(|session| notes::get(session, note.id)).unwrap();
    assert_eq!(note.repository_id, None);
}

#[test]
fn one_persons_documents_from_one_source_are_one() {
    let db = database();
    let ann = add_user(&db, Some(1), "ann");
    let source: Text256 = "notes/a.md".try_into().unwrap();
    let text = || notes::Text { source: Some(source.clone()), ..notes::Text::new("a").unwrap() };
    add_note(&db, &ann, text());
    let error = db.begin(|session| notes::add(session, &UserSelector::Id(ann.id), text())).unwrap_err();
    assert_eq!(error.to_string(), "a note of ann from notes/a.md already exists: id 1: a");
    let offer = || resumes::Offer { source: Some(source.clone()), ..resumes::Offer::new("gardener").unwrap() };
    db.begin(|session| resumes::add(session, &UserSelector::Id(ann.id), offer())).unwrap();
    let error = db.begin(|session| resumes::add(session, &UserSelector::Id(ann.id), offer())).unwrap_err();
    assert!(matches!(error, Error::Exists { .. }), "{error}");
}

#[test]
fn the_second_of_two_who_edit_one_document_is_refused_and_nothing_is_overwritten() {
    let db = database();
    let ann = add_user(&db, Some(1), "ann");
    let read = add_note(&db, &ann, notes::Text::new("plan").unwrap());
    let edit = |body: &str| notes::Edit { body: Some(body.try_into().unwrap()), ..Default::default() };
    let first = db.begin(|session| notes::edit(session, read.clone(), edit("first"))).unwrap();
    assert_eq!((first.body.as_str(), first.version), ("first", 2));
    let error = db.begin(|session| notes::edit(session, read.clone(), edit("second"))).unwrap_err();
    assert!(error.is_stale(), "{error}");
    assert_eq!(db.read(|session| notes::get(session, read.id)).unwrap().body, "first");

    let resume = add_resume(&db, &ann, "gardener");
    let edit = |vacancy: &str| resumes::Edit { vacancy: Some(vacancy.try_into().unwrap()), ..Default::default() };
    db.begin(|session| resumes::edit(session, resume.clone(), edit("cook"))).unwrap();
    assert!(db.begin(|session| resumes::edit(session, resume.clone(), edit("pilot"))).unwrap_err().is_stale());
}

#[test]
fn an_edit_that_changes_nothing_is_no_edit() {
    let db = database();
    let ann = add_user(&db, Some(1), "ann");
    let note = add_note(&db, &ann, notes::Text::new("plan").unwrap());
    let same = db.begin(|session| notes::edit(session, note.clone(), notes::Edit::default())).unwrap();
    assert_eq!(same, note);
}

#[test]
fn refreshing_shows_what_someone_else_saved() {
    let db = database();
    let ann = add_user(&db, Some(1), "ann");
    let mut session = db.session().unwrap();
    let handle = session.get_one::<User>(ann.id).unwrap();
    session.commit().unwrap();
    db.begin(|session| users::rename(session, &UserSelector::Id(ann.id), "anna")).unwrap();
    assert_eq!(session.row(handle).unwrap().username, "ann");
    assert_eq!(users::refresh(&mut session, handle).unwrap().username, "anna");
}
