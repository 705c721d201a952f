//! Repositories from records without GitHub's number: found by their owner's login and their name, and never
//! duplicated.

use folio::exchange;
use folio::models::{Repository, User};
use folio::services::import::{self, Rules, Summary};
use folio::services::users::{self, Account};
use folio::types::RepositoryStatus;
use folio::{Database, Result};

use crate::support::{Fixture, fixture};

fn database() -> Fixture {
    fixture(module_path!())
}

fn import(db: &Database, text: &str) -> Result<Summary> {
    db.begin(|session| {
        let records = exchange::read(std::io::Cursor::new(text.to_owned()), "input.json", None)?;
        import::apply(session, records, &Rules::default(), |_| {})
    })
}

fn repositories(db: &Database) -> Vec<(i64, Option<i64>, String, RepositoryStatus)> {
    let all: Vec<Repository> = db.read(|session| session.rows(Repository::all())).unwrap();
    all.into_iter().map(|row| (row.user_id, row.repo_id, row.repo_name.to_string(), row.status)).collect()
}

/// As returned by the REST API.
fn numbered(number: i64, name: &str, private: bool) -> String {
    format!(
        r#"{{"id": {number}, "name": "{name}", "full_name": "ann/{name}", "owner": {{"id": 1, "login": "ann"}}, "private": {private}}}"#
    )
}

/// As printed by `gh repo list --json id,name,owner,visibility`.
fn named(name: &str, visibility: &str) -> String {
    format!(
        r#"{{"id": "R_kgDO{name}", "name": "{name}", "owner": {{"id": "U_kgDOA", "login": "ann"}}, "visibility": "{visibility}"}}"#
    )
}

#[test]
fn a_repository_is_found_by_owner_and_name_and_keeps_its_number() -> Result<()> {
    let db = database();
    import(&db, &numbered(7, "code", true))?;
    let summary = import(&db, &named("code", "PUBLIC"))?;
    assert_eq!(summary.repositories.to_string(), "0 new, 1 changed, 0 unchanged");
    assert_eq!(repositories(&db), [(1, Some(7), "code".to_owned(), RepositoryStatus::Public)]);
    assert_eq!(import(&db, &named("code", "PUBLIC"))?.total().to_string(), "0 new, 0 changed, 1 unchanged");
    Ok(())
}

#[test]
fn a_new_repository_gets_its_number_when_a_record_gives_one() -> Result<()> {
    let db = database();
    import(&db, r#"{"id": 1, "login": "ann"}"#)?;
    let summary = import(&db, &format!("[{}, {}]", named("code", "PUBLIC"), named("docs", "INTERNAL")))?;
    assert_eq!(summary.repositories.to_string(), "2 new, 0 changed, 0 unchanged");
    import(&db, &numbered(7, "code", false))?;
    assert_eq!(
        repositories(&db),
        [
            (1, Some(7), "code".to_owned(), RepositoryStatus::Public),
            (1, None, "docs".to_owned(), RepositoryStatus::Private),
        ]
    );
    Ok(())
}

#[test]
fn a_number_that_graphql_was_asked_for_finds_a_renamed_repository() -> Result<()> {
    let db = database();
    import(&db, &numbered(7, "old", false))?;
    let summary = import(
        &db,
        r#"{"data": {"viewer": {"repositories": {"nodes": [{"nameWithOwner": "ann/new", "databaseId": 7, "isPrivate": false}]}}}}"#,
    )?;
    assert_eq!(summary.repositories.to_string(), "0 new, 1 changed, 0 unchanged");
    assert_eq!(repositories(&db), [(1, Some(7), "new".to_owned(), RepositoryStatus::Public)]);
    Ok(())
}

#[test]
fn records_of_both_kinds_in_one_file_are_about_one_repository() -> Result<()> {
    for (order, last) in [([0, 1], RepositoryStatus::Private), ([1, 0], RepositoryStatus::Public)] {
        let db = database();
        import(&db, r#"{"id": 1, "login": "ann"}"#)?;
        let records = [numbered(7, "code", false), named("code", "PRIVATE")];
        let text = order.map(|at| records[at].as_str()).join("\n");
        let summary = import(&db, &text)?;
        assert_eq!(summary.repositories.to_string(), "1 new, 1 changed, 0 unchanged");
        assert_eq!(repositories(&db), [(1, Some(7), "code".to_owned(), last)]);
    }
    Ok(())
}

#[test]
fn the_same_name_twice_ends_as_its_last_record_says() -> Result<()> {
    let db = database();
    import(&db, r#"{"id": 1, "login": "ann"}"#)?;
    let summary = import(&db, &format!("[{}, {}]", named("code", "PUBLIC"), named("code", "PRIVATE")))?;
    assert_eq!(summary.repositories.to_string(), "1 new, 1 changed, 0 unchanged");
    assert_eq!(repositories(&db)[0].3, RepositoryStatus::Private);
    Ok(())
}

#[test]
fn an_owner_that_is_not_there_is_added_by_login_and_gets_its_number_from_the_first_record_that_gives_it() -> Result<()>
{
    let (own, mention) =
        (r#"{"id": 1, "login": "Ann", "email": "ann@example.org"}"#.to_owned(), numbered(7, "code", false));
    for (record, login) in [(own, "Ann"), (mention, "ann")] {
        let db = database();
        let summary = import(&db, &format!("[{}, {}]", named("code", "PUBLIC"), named("docs", "PUBLIC")))?;
        assert_eq!((summary.users.new, summary.repositories.new), (1, 2));
        assert_eq!(
            summary.remarks,
            [
                "account \"ann\" is known by its login alone; a record of its own gives one its number: gh api users/ann | \
              folio import -"
            ]
        );
        let again = import(&db, &format!("[{}, {}]", named("code", "PUBLIC"), named("docs", "PUBLIC")))?;
        assert_eq!((again.total().to_string(), again.remarks.len()), ("0 new, 0 changed, 2 unchanged".to_owned(), 0));
        let summary = import(&db, &record)?;
        assert_eq!((summary.users.new, summary.users.changed), (0, 1));
        assert!(summary.remarks[0].ends_with("its repositories are known by that login"), "{:?}", summary.remarks);
        let users: Vec<User> = db.read(|session| session.rows(User::all()))?;
        assert_eq!(users.len(), 1);
        assert_eq!((users[0].user_id, &*users[0].username), (1, login));
        let owned = repositories(&db);
        assert!(owned.len() == 2 && owned.iter().all(|(owner, ..)| *owner == 1), "{owned:?}");
        assert_eq!(import(&db, &record)?.total().changed, 0);
    }
    Ok(())
}

#[test]
fn an_owners_number_that_a_record_gives_makes_the_account() -> Result<()> {
    let db = database();
    let record = r#"{"name": "code", "owner": {"databaseId": 1, "login": "ann"}, "isPrivate": false}"#;
    let summary = import(&db, record)?;
    assert_eq!((summary.users.new, summary.repositories.new, summary.remarks.len()), (1, 1, 0));
    assert_eq!(repositories(&db), [(1, None, "code".to_owned(), RepositoryStatus::Public)]);
    assert_eq!(import(&db, record)?.total().to_string(), "0 new, 0 changed, 1 unchanged");
    Ok(())
}

#[test]
fn an_owner_is_found_in_any_letter_case_and_of_several_the_one_that_is_meant_is_asked_for() -> Result<()> {
    let db = database();
    let add = |number, login: &str| {
        db.begin(|session| users::add(session, Account { number: Some(number), ..Account::new(login)? }))
    };
    add(1, "Ann")?;
    import(&db, &named("code", "PUBLIC"))?;
    add(2, "ann")?;
    import(&db, &named("docs", "PUBLIC"))?;
    assert_eq!(repositories(&db).iter().map(|row| row.0).collect::<Vec<_>>(), [1, 2]);
    add(3, "ann")?;
    let refused = import(&db, &named("more", "PUBLIC")).unwrap_err().to_string();
    assert!(
        refused.contains("several accounts have the login \"ann\"") && refused.contains("gh api repos/"),
        "{refused}"
    );
    let users: Vec<User> = db.read(|session| session.rows(User::all()))?;
    assert_eq!((users.len(), repositories(&db).len()), (3, 2));
    Ok(())
}

#[test]
fn of_many_owners_that_get_their_numbers_the_first_are_told_of_one_by_one() -> Result<()> {
    let db = database();
    let named: String =
        (0..25).map(|n| format!(r#"{{"nameWithOwner": "user{n}/code", "isPrivate": false}}"#)).collect();
    assert_eq!(import(&db, &named)?.remarks.len(), 1);
    let own: String = (0..25).map(|n| format!(r#"{{"id": {n}, "login": "user{n}"}}"#)).collect();
    let summary = import(&db, &own)?;
    assert_eq!((summary.users.changed, summary.remarks.len()), (25, 21));
    assert_eq!(summary.remarks[20], "5 more accounts get their numbers likewise");
    Ok(())
}
