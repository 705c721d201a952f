//! Accounts that were recorded before their number was known: one that is certainly the same gets it, and one that may
//! be the same is reported.

use folio::models::{Note, User};
use folio::services::notes::{self, Text};
use folio::services::repositories::{self, Project};
use folio::services::users::{self, Account, UserSelector};
use folio::types::{Id, RepositoryStatus};
use folio::{Database, Result};

use super::applying::{database, import, users};

const OCTOCAT: &str = r#"{"id": 583231, "login": "octocat", "email": "octo@example.org"}"#;

/// A résumé with these fields of `basics`.
fn resume(basics: &str) -> String {
    format!(r#"{{"basics": {{"label": "Diver", {basics}}}}}"#)
}

/// As added by hand.
fn by_hand(db: &Database, login: &str) -> Result<Id<User>> {
    db.begin(|session| Ok(users::add(session, Account::new(login)?)?.id))
}

#[test]
fn the_account_of_a_resume_that_names_a_login_or_has_an_email_is_the_one_that_comes_with_it() -> Result<()> {
    for (basics, why) in [
        (r#""profiles": [{"network": "GitHub", "username": "Octocat"}]"#, "its résumé names that login"),
        (r#""name": "Octo Cat", "email": "Octo@example.org""#, "its résumé has that email"),
    ] {
        let db = database();
        import(&db, &resume(basics))?;
        assert!(users(&db)[0].0 < 0);
        let summary = import(&db, OCTOCAT)?;
        assert_eq!((summary.users.new, summary.users.changed), (0, 1), "{why}");
        assert!(summary.remarks.len() == 1 && summary.remarks[0].ends_with(why), "{:?}", summary.remarks);
        assert_eq!(users(&db), [(583_231, "octocat".to_owned(), Some("octo@example.org".to_owned()))]);
        assert_eq!(import(&db, &resume(basics))?.total().to_string(), "0 new, 0 changed, 1 unchanged");
        assert_eq!(import(&db, OCTOCAT)?.users.to_string(), "0 new, 0 changed, 1 unchanged");
    }
    Ok(())
}

#[test]
fn the_owner_of_a_repository_is_the_account_of_a_resume_that_names_it() -> Result<()> {
    let db = database();
    import(&db, &resume(r#""profiles": [{"network": "GitHub", "username": "octocat"}]"#))?;
    let summary = import(
        &db,
        r#"{"id": 7, "full_name": "octocat/hello", "owner": {"id": 583231, "login": "octocat"}, "private": false}"#,
    )?;
    assert_eq!(summary.users.to_string(), "0 new, 1 changed, 0 unchanged");
    assert_eq!(users(&db).len(), 1);
    Ok(())
}

#[test]
fn an_account_that_is_only_called_the_same_is_left_alone_and_told_of_once() -> Result<()> {
    let db = database();
    let id = by_hand(&db, "octocat")?;
    db.begin(|session| {
        let text = Text { body: "b".try_into()?, ..Text::new("n")? };
        notes::add(session, &UserSelector::Id(id), text)
    })?;
    let summary = import(&db, OCTOCAT)?;
    assert_eq!(summary.users.to_string(), "1 new, 0 changed, 0 unchanged");
    let told = summary.remarks.join("");
    assert!(
        told.contains("may be the new account with number 583231")
            && told.contains("'folio user remove --account 583231 --with-everything'")
            && told.contains(&format!("'folio user edit {id} --number 583231'")),
        "{told}"
    );
    assert_eq!(import(&db, OCTOCAT)?.remarks, Vec::<String>::new());
    // Its advice works.
    db.begin(|session| users::remove(session, &UserSelector::Number(583_231), users::Cascade::Everything))?;
    let edit = users::Edit { number: Some(583_231), ..users::Edit::default() };
    db.begin(|session| users::edit(session, &UserSelector::Id(id), edit))?;
    assert_eq!(import(&db, OCTOCAT)?.users.to_string(), "0 new, 1 changed, 0 unchanged");
    assert_eq!((users(&db).len(), db.read(|session| session.rows::<Note, _>(Note::all()))?.len()), (1, 1));
    Ok(())
}

#[test]
fn a_resume_that_names_another_login_or_two_accounts_that_it_may_be_are_no_certainty() -> Result<()> {
    let db = database();
    import(&db, &resume(r#""email": "octo@example.org", "profiles": [{"network": "GitHub", "username": "other"}]"#))?;
    let summary = import(&db, OCTOCAT)?;
    assert_eq!((summary.users.new, summary.remarks.len()), (1, 1));

    let db = database();
    import(&db, &resume(r#""name": "Octo", "email": "octo@example.org""#))?;
    let by_login = by_hand(&db, "OctoCat")?;
    db.begin(|session| {
        let owner = users::get(session, &UserSelector::Id(by_login))?.user_id;
        let (name, status) = ("code".try_into()?, RepositoryStatus::Public);
        repositories::add(session, Project { owner, number: None, name, status })
    })?;
    let summary = import(&db, OCTOCAT)?;
    assert_eq!((summary.users.new, summary.users.changed, summary.remarks.len()), (1, 0, 2));
    assert_eq!(users(&db).iter().filter(|(number, ..)| *number < 0).count(), 2);
    Ok(())
}

#[test]
fn of_two_accounts_with_the_email_of_a_resume_the_one_that_it_names_is_meant_and_no_other_is_told_of() -> Result<()> {
    for order in [["other", "octocat"], ["octocat", "other"]] {
        let db = database();
        import(
            &db,
            &resume(r#""email": "octo@example.org", "profiles": [{"network": "GitHub", "username": "octocat"}]"#),
        )?;
        let records = order.map(|login| {
            let number = if login == "octocat" { 583_231 } else { 7 };
            format!(r#"{{"id": {number}, "login": "{login}", "email": "octo@example.org"}}"#)
        });
        let summary = import(&db, &format!("[{}]", records.join(",")))?;
        assert_eq!(
            (summary.users.new, summary.users.changed, summary.remarks.len()),
            (1, 1, 1),
            "{:?}",
            summary.remarks
        );
        assert!(users(&db).iter().all(|(number, ..)| *number > 0));
    }
    Ok(())
}
