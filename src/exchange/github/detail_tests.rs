//! Tests of reading what records tell besides numbers, names and owners.

use super::*;
use crate::types::{AccountKind, RepositoryVisibility};

fn record(text: &str) -> Result<GithubRecord> {
    GithubReader::new("in", text.as_bytes()).next().expect("a record").map(|located| located.value)
}

fn account(text: &str) -> AccountDetails {
    match record(text).expect(text) {
        GithubRecord::Account(account) => account.details,
        other => panic!("expected an account, got {other:?}"),
    }
}

fn repository(text: &str) -> RepositoryDetails {
    match record(text).expect(text) {
        GithubRecord::Repository(repository) => repository.details,
        GithubRecord::NamedRepository(repository) => repository.details,
        other => panic!("expected a repository, got {other:?}"),
    }
}

/// The details as REST, `gh` and GraphQL print the same repository.
const SAME: [&str; 4] = [
    r#"{"id": 7, "full_name": "a/b", "owner": {"id": 1, "login": "a"}, "visibility": "internal", "private": true,
        "description": "x", "language": "Rust", "topics": ["cli", "db"], "stargazers_count": 3, "forks_count": 2,
        "archived": false, "fork": true, "html_url": "https://github.com/a/b",
        "url": "https://api.github.com/repos/a/b",
        "pushed_at": "2026-01-02T03:04:05Z", "created_at": "2020-01-02T03:04:05Z"}"#,
    r#"{"nameWithOwner": "a/b", "visibility": "INTERNAL", "isPrivate": true, "description": "x",
        "primaryLanguage": {"name": "Rust"}, "repositoryTopics": [{"name": "cli"}, {"name": "db"}], "stargazerCount": 3,
        "forkCount": 2, "isArchived": false, "isFork": true, "url": "https://github.com/a/b",
        "pushedAt": "2026-01-02T03:04:05Z", "createdAt": "2020-01-02T03:04:05Z"}"#,
    r#"{"nameWithOwner": "a/b", "visibility": "INTERNAL", "description": "x", "primaryLanguage": {"name": "Rust"},
        "repositoryTopics": {"nodes": [{"topic": {"name": "cli"}}, {"topic": {"name": "db"}}]}, "stargazerCount": 3,
        "forkCount": 2, "isArchived": false, "isFork": true, "url": "https://github.com/a/b",
        "pushedAt": "2026-01-02T03:04:05Z", "createdAt": "2020-01-02T03:04:05Z"}"#,
    // As in the payload of a push, with times in seconds.
    r#"{"id": 7, "full_name": "a/b", "owner": {"id": 1, "login": "a"}, "visibility": "internal", "description": "x",
        "language": "Rust", "topics": ["cli", "db"], "stargazers_count": 3, "forks_count": 2, "archived": false,
        "fork": true, "url": "https://github.com/a/b", "pushed_at": 1767323045, "created_at": 1577934245}"#,
];

#[test]
fn a_repository_tells_the_same_in_the_words_of_each_api() {
    let expected = RepositoryDetails {
        visibility: Some(RepositoryVisibility::Internal),
        description: Some(Some("x".into())),
        language: Some(Some("Rust".into())),
        topics: Some(vec!["cli".into(), "db".into()]),
        stars: Some(3),
        forks: Some(2),
        archived: Some(false),
        fork: Some(true),
        url: Some("https://github.com/a/b".into()),
        pushed_at: Some(Some("2026-01-02T03:04:05Z".parse().expect("a time"))),
        created_at: Some("2020-01-02T03:04:05Z".parse().expect("a time")),
    };
    for text in SAME {
        assert_eq!(repository(text), expected, "{text}");
    }
}

#[test]
fn what_a_record_does_not_mention_differs_from_what_it_says_is_not_there() {
    let bare = r#"{"id": 7, "full_name": "a/b", "owner": {"id": 1, "login": "a"}}"#;
    assert_eq!(repository(bare), RepositoryDetails::default());
    let empty = r#"{"nameWithOwner": "a/b", "isPrivate": true, "description": "", "primaryLanguage": null,
        "pushedAt": null,
        "repositoryTopics": null, "url": ""}"#;
    let none = RepositoryDetails {
        description: Some(None),
        language: Some(None),
        topics: Some(Vec::new()),
        pushed_at: Some(None),
        ..RepositoryDetails::default()
    };
    assert_eq!(repository(empty), none);
}

#[test]
fn a_visibility_never_says_more_than_the_record() {
    for (said, expected) in [
        (r#""private": false"#, Some(RepositoryVisibility::Public)),
        (r#""private": true"#, None),
        (r#""private": true, "visibility": "public""#, Some(RepositoryVisibility::Private)),
        (r#""private": false, "visibility": "internal""#, Some(RepositoryVisibility::Internal)),
    ] {
        let text = format!(r#"{{"id": 7, "full_name": "a/b", "owner": {{"id": 1, "login": "a"}}, {said}}}"#);
        assert_eq!(repository(&text).visibility, expected, "{said}");
    }
}

#[test]
fn an_account_tells_who_it_is() {
    let rest = r#"{"login": "a", "id": 1, "type": "Organization", "name": "A", "company": null, "location": "Oslo",
        "html_url": "https://github.com/a", "url": "https://api.github.com/orgs/a"}"#;
    let expected = AccountDetails {
        name: Some(Some("A".into())),
        kind: Some(AccountKind::Organization),
        url: Some("https://github.com/a".into()),
        company: Some(None),
        location: Some(Some("Oslo".into())),
    };
    assert_eq!(account(rest), expected);
    let graph = r#"{"login": "a", "databaseId": 1, "__typename": "Organization", "name": "A", "company": null,
        "location": "Oslo", "url": "https://github.com/a"}"#;
    assert_eq!(account(graph), expected);
    for (unknown, url) in [("Mannequin", "https://api.github.com/users/a"), ("", "https://ghe.example.org/api/v3/a")] {
        let text = format!(r#"{{"login": "a", "id": 1, "type": "{unknown}", "url": "{url}"}}"#);
        assert_eq!(account(&text), AccountDetails::default(), "{text}");
    }
}

#[test]
fn a_detail_of_the_wrong_type_is_named_with_its_place() {
    for (field, expected) in [
        (r#""stargazers_count": "3""#, "`stargazers_count` must be a whole number, not the text \"3\""),
        (r#""forkCount": -1"#, "`forks_count` must not be negative, and is -1"),
        (r#""topics": "cli""#, "`topics` must be a list, not the text \"cli\""),
        (r#""repositoryTopics": [7]"#, "`repositoryTopics` must be an object, not the number 7"),
        (r#""primaryLanguage": "Rust""#, "`primaryLanguage` must be an object, not the text \"Rust\""),
        (r#""archived": 1"#, "`archived` must be true or false, not the number 1"),
        (
            r#""pushed_at": "yesterday""#,
            "`pushed_at` must be a time like 2026-01-31T23:59:59Z, not the text \"yesterday\"",
        ),
        (r#""created_at": 1e99"#, "`created_at` must be a time like 2026-01-31T23:59:59Z, not the number 1e99"),
    ] {
        let text = format!(r#"{{"id": 7, "full_name": "a/b", "owner": {{"id": 1, "login": "a"}}, {field}}}"#);
        let said = record(&text).expect_err("a flaw").to_string();
        assert!(said.ends_with(expected), "{said}");
        assert!(said.starts_with("in, record 1 (line 1, column "), "{said}");
    }
}
