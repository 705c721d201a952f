//! Tests of reading GitHub's records.

use super::*;

fn whole(text: &[u8]) -> Result<Vec<GithubRecord>> {
    GithubReader::new("in", text).map(|record| record.map(|located| located.value)).collect()
}

/// The records without their details.
fn read(text: &[u8]) -> Result<Vec<GithubRecord>> {
    let mut records = whole(text)?;
    for record in &mut records {
        match record {
            GithubRecord::Account(account) => account.details = AccountDetails::default(),
            GithubRecord::Repository(repository) => repository.details = RepositoryDetails::default(),
            GithubRecord::NamedRepository(repository) => repository.details = RepositoryDetails::default(),
        }
    }
    Ok(records)
}

fn problem(text: &str) -> String {
    read(text.as_bytes()).expect_err("a problem").to_string()
}

fn only_account(text: &str) -> Account {
    match read(text.as_bytes()).expect("records").as_slice() {
        [GithubRecord::Account(account)] => account.clone(),
        other => panic!("expected one account, got {other:?}"),
    }
}

fn only_repository(text: &str) -> Repository {
    match read(text.as_bytes()).expect("records").as_slice() {
        [GithubRecord::Repository(repository)] => repository.clone(),
        other => panic!("expected one repository, got {other:?}"),
    }
}

#[test]
fn an_account_has_number_login_and_perhaps_an_email() {
    let account = only_account(r#"{"login": "octocat", "id": 9223372036854775807, "email": "o@example.org"}"#);
    let (login, email) = ("octocat".into(), Some("o@example.org".into()));
    assert_eq!(account, Account { number: i64::MAX, login, email, details: AccountDetails::default() });
    for none in ["null", "\"\""] {
        assert_eq!(only_account(&format!(r#"{{"login": "a", "id": 1, "email": {none}}}"#)).email, None);
    }
    assert_eq!(only_account(r#"{"login": "a", "id": 1}"#).email, None);
}

#[test]
fn a_repository_mentions_its_owner() {
    let text =
        r#"{"id": 7, "name": "b", "full_name": "x/y", "owner": {"id": 1, "login": "dep[bot]"}, "private": false}"#;
    let owner = Owner { number: 1, login: "dep[bot]".into() };
    let details = RepositoryDetails::default();
    assert_eq!(only_repository(text), Repository { number: 7, name: "b".into(), owner, private: false, details });
    let text = r#"{"id": 7, "full_name": "x/y", "owner": {"id": 1, "login": "a"}}"#;
    assert_eq!(only_repository(text).name, "y", "the full name will do");
}

#[test]
fn a_repository_is_private_if_anything_says_so_or_nothing_says_otherwise() {
    for (said, private) in [
        (r#", "private": false, "visibility": "public""#, false),
        (r#", "private": false"#, false),
        (r#", "visibility": "public""#, false),
        (r#", "private": null, "visibility": "public""#, false),
        (r#", "private": true, "visibility": "public""#, true),
        (r#", "private": false, "visibility": "private""#, true),
        (r#", "private": false, "visibility": "internal""#, true),
        (r#", "private": true"#, true),
        ("", true),
    ] {
        let text = format!(r#"{{"id": 7, "full_name": "a/b", "name": "b", "owner": {{"id": 1, "login": "a"}}{said}}}"#);
        assert_eq!(only_repository(&text).private, private, "{said}");
    }
}

#[test]
fn a_list_may_mix_kinds_and_each_record_knows_its_place() {
    let text = "[{\"login\": \"a\", \"id\": 1},\n  {\"id\": 7, \"full_name\": \"a/b\", \"owner\": {\"id\": 1, \"login\": \"a\"}}]";
    let records: Vec<_> = GithubReader::new("in", text.as_bytes()).map(|record| record.expect("a record")).collect();
    assert!(matches!(records[0].value, GithubRecord::Account(_)));
    assert!(matches!(records[1].value, GithubRecord::Repository(_)));
    assert_eq!(records[1].place.to_string(), "in, record 2 (line 2, column 3)");
}

#[test]
fn what_is_wrong_is_named_with_record_field_and_place() {
    for (text, expected) in [
        (r#"{"id": "12", "login": "a"}"#, "(line 1, column 8): `id` must be a whole number, not the text \"12\""),
        (r#"{"id": 1.5, "login": "a"}"#, "(line 1, column 8): `id` must be a whole number, not the number 1.5"),
        (r#"{"id": 1e3, "login": "a"}"#, "(line 1, column 8): `id` must be a whole number, not the number 1e3"),
        (
            r#"{"id": 9223372036854775808, "login": "a"}"#,
            "(line 1, column 8): `id` is outside the range of 64-bit integers: 9223372036854775808",
        ),
        (r#"{"id": -3, "login": "a"}"#, "(line 1, column 8): `id` must not be negative, and is -3"),
        (r#"{"id": null, "login": "a"}"#, "(line 1, column 1): `id` is missing"),
        (r#"{"id": 1, "login": ["a"]}"#, "(line 1, column 20): `login` must be a text, not a list"),
        (r#"{"id": 1, "login": "a", "email": 5}"#, "(line 1, column 34): `email` must be a text, not the number 5"),
        (r#"{"id": 1, "login": "a\u0000b"}"#, "(line 1, column 20): `login` contains a NUL character (\\u0000)"),
        (r#"{"id": 1, "login": "a", "login": "b"}"#, "(line 1, column 31): duplicate field `login`; keep one of them"),
        (r#"{"id": 1, "login": tru}"#, "(line 1, column 23): expected ident"),
        (
            r#"{"id": 1, "full_name": "a/b", "owner": "a"}"#,
            "(line 1, column 40): `owner` must be an object, not the text \"a\"",
        ),
        (r#"{"id": 1, "full_name": "a/b", "owner": {"id": 1}}"#, "(line 1, column 1): `owner.login` is missing"),
        (
            r#"{"id": 1, "full_name": "a/b", "owner": {"id": true, "login": "a"}}"#,
            "(line 1, column 47): `owner.id` must be a whole number, not true",
        ),
        (
            r#"{"id": 1, "name": "b", "owner": {"id": 1, "login": "a"}, "private": "no"}"#,
            "(line 1, column 69): `private` must be true or false, not the text \"no\"",
        ),
        (
            r#"{"id": 1, "name": "b", "owner": {"id": 1, "login": "a"}, "visibility": "secret"}"#,
            "(line 1, column 72): `visibility` must be \"public\", \"private\" or \"internal\", not the text \"secret\"",
        ),
        (
            r#"{"id": 1, "full_name": "b", "owner": {"id": 1, "login": "a"}}"#,
            "(line 1, column 24): `full_name` must be an owner and a name with '/' between them",
        ),
        (
            r#"{"message": "Not Found", "documentation_url": "https://docs.github.com/rest", "status": "404"}"#,
            "(line 1, column 1): an error message where a record was expected: \"Not Found\"; correct the request that \
             printed it",
        ),
        (
            r#"{"data": null, "errors": [{"type": "NOT_FOUND", "message": "Could not resolve"}]}"#,
            "(line 1, column 1): an error message where a record was expected: \"Could not resolve\"; correct the request \
             that printed it",
        ),
        (
            r#"{"sha": "7638417", "node_id": "x", "message": "Fix", "tree": {}, "parents": []}"#,
            "(line 1, column 1): a GitHub commit, which folio does not store; it stores accounts, which have `id` and `login`, \
             and repositories, which have `id`, `full_name` and `owner`",
        ),
        (
            r#"{"message": null}"#,
            "(line 1, column 1): JSON of a kind that folio does not read: a GitHub account has `id` and `login`, a GitHub \
             repository `id`, `full_name` and `owner`; a JSON Resume has `basics` and stands alone in its input",
        ),
    ] {
        assert_eq!(problem(text), format!("in, record 1 {expected}"), "{text}");
    }
}

/// A repository, reduced to the fields that are read.
const HELLO: &str =
    r#"{"id": 7, "full_name": "octocat/hello", "owner": {"id": 1, "login": "octocat"}, "private": false}"#;

fn hello() -> GithubRecord {
    let owner = Owner { number: 1, login: "octocat".into() };
    let details = RepositoryDetails::default();
    GithubRecord::Repository(Repository { number: 7, name: "hello".into(), owner, private: false, details })
}

fn named(number: Option<i64>, private: bool) -> GithubRecord {
    let (name, owner) = ("hello".into(), "octocat".into());
    let details = RepositoryDetails::default();
    GithubRecord::NamedRepository(NamedRepository { number, name, owner, owner_number: None, private, details })
}

#[test]
fn records_of_another_kind_are_refused_by_what_they_are() {
    for (text, kind) in [
        (
            r#"{"id": 7, "slug": "app", "name": "b", "owner": {"id": 1, "login": "a"}, "permissions": {}, "events": []}"#,
            "App",
        ),
        (
            r#"{"id": 7, "name": "b", "package_type": "npm", "visibility": "public", "owner": {"id": 1, "login": "a"}}"#,
            "package",
        ),
        (
            r#"{"id": 7, "name": "b", "owner": {"id": 1, "login": "a"}, "machine": {}, "git_status": {}, "repository": {}}"#,
            "codespace",
        ),
        (r#"{"id": 7, "login": "a", "role": "admin", "inviter": {"id": 1, "login": "b"}}"#, "invitation"),
        (
            r#"{"id": "1", "type": "PushEvent", "actor": {"id": 1, "login": "a"}, "repo": {"id": 7}, "payload": {}}"#,
            "event",
        ),
        (r#"{"id": 7, "name": "b", "node_id": "x", "owner": {"id": 1, "login": "a"}}"#, "record of another kind"),
    ] {
        let said = format!("in, record 1 (line 1, column 1): a GitHub {kind}, which folio does not store; ");
        assert!(problem(text).starts_with(&said), "{text}: {}", problem(text));
    }
}

#[test]
fn a_record_is_found_in_what_stands_around_it() {
    for text in [
        format!(r#"[{{"starred_at": "2024-01-01T00:00:00Z", "repo": {HELLO}}}]"#),
        format!(r#"{{"total_count": 1, "incomplete_results": false, "items": [{HELLO}]}}"#),
        format!(r#"{{"repositories": [{HELLO}]}}"#),
        format!(r#"{{"total_count": 1, "repositories": [{HELLO}]}}"#),
        format!(r#"{{"action": "created", "repository": {HELLO}, "sender": {{"id": 9, "login": "z"}}}}"#),
        format!(r#"{{"ref": "x", "organization": {{"id": 9, "login": "z"}}, "sender": {{}}, "repository": {HELLO}}}"#),
        format!("\u{1E}{HELLO}\n"),
    ] {
        assert_eq!(read(text.as_bytes()).expect(&text), [hello()], "{text}");
    }
    assert_eq!(only_account(r#"{"starred_at": "2024-01-01T00:00:00Z", "user": {"id": 1, "login": "a"}}"#).login, "a");
    let pages = format!(r#"{{"total_count": 2, "items": [{HELLO}, {HELLO}]}}{{"total_count": 0, "items": []}}{HELLO}"#);
    assert_eq!(read(pages.as_bytes()).expect("pages").len(), 3);
    assert_eq!(read(format!("[{pages0}]", pages0 = pages.replace("}{", "},{")).as_bytes()).expect("pages").len(), 3);
}

#[test]
fn what_gh_and_graphql_print_is_known_by_owner_and_name() {
    let gh = r#"{"id": "R_kgDOGQ", "name": "hello", "owner": {"id": "MDQ6VXNlcjE=", "login": "octocat"}, "visibility": "V"}"#;
    for (visibility, private) in [("PUBLIC", false), ("PRIVATE", true), ("INTERNAL", true), ("Public", false)] {
        let text = gh.replace("\"V\"", &format!("{visibility:?}"));
        assert_eq!(read(text.as_bytes()).expect(&text), [named(None, private)], "{text}");
    }
    for (text, expected) in [
        (r#"{"nameWithOwner": "octocat/hello", "isPrivate": false}"#, named(None, false)),
        (r#"{"fullName": "octocat/hello", "isPrivate": true, "visibility": "private"}"#, named(None, true)),
        (r#"{"nameWithOwner": "octocat/hello", "databaseId": 7, "visibility": "PUBLIC"}"#, named(Some(7), false)),
        (r#"{"id": "R_x", "name": "hello", "owner": {"login": "octocat"}}"#, named(None, true)),
        (r#"{"id": 7, "full_name": "octocat/hello", "private": false}"#, named(Some(7), false)),
        (
            r#"{"databaseId": 7, "name": "hello", "isPrivate": false, "owner": {"login": "octocat", "databaseId": 1}}"#,
            hello(),
        ),
    ] {
        assert_eq!(read(text.as_bytes()).expect(text), [expected], "{text}");
    }
}

#[test]
fn the_records_of_a_graphql_answer_are_found_under_any_name() {
    let node = r#"{"id": "R_x", "nameWithOwner": "octocat/hello", "isPrivate": false, "stargazers": {"nodes": []}}"#;
    let edges = format!(r#"{{"edges": [{{"node": {node}, "cursor": "x"}}], "pageInfo": {{"hasNextPage": false}}}}"#);
    for (text, count) in [
        (format!(r#"{{"data": {{"viewer": {{"repositories": {{"nodes": [{node}, {node}]}}}}}}}}"#), 2),
        (format!(r#"{{"data": {{"mine": {{"repositories": {edges}}}, "theirs": {{"repositories": {edges}}}}}}}"#), 2),
        (format!(r#"{{"data": {{"repository": {node}}}}}"#), 1),
    ] {
        let records = read(text.as_bytes()).expect(&text);
        assert!(records.len() == count && records.iter().all(|record| *record == named(None, false)), "{records:?}");
    }
    let viewer =
        format!(r#"{{"data": {{"viewer": {{"login": "octocat", "databaseId": 1, "repositories": {edges}}}}}}}"#);
    let records = read(viewer.as_bytes()).expect("records");
    let account = Account { number: 1, login: "octocat".into(), email: None, details: AccountDetails::default() };
    assert_eq!(records, [GithubRecord::Account(account), named(None, false)]);
    assert_eq!(
        problem(r#"{"login": "a", "id": "U_kgDOA"}"#),
        "in, record 1 (line 1, column 22): `id` is not the account's number; ask GraphQL for `databaseId` as well"
    );
}

#[test]
fn a_record_inside_a_page_is_named_with_its_own_place() {
    let text = "{}\n".replace("{}", HELLO)
        + "{\"total_count\": 2, \"items\": [\n{\"id\": 1, \"login\": \"a\"},\n {\"id\": \"2\", \"login\": \"b\"}]}";
    assert_eq!(problem(&text), "in, record 2 (line 4, column 9): `id` must be a whole number, not the text \"2\"");
    assert_eq!(
        problem(r#"{"total_count": 1, "items": [1]}"#),
        "in, record 1 (line 1, column 30): expected a JSON object, found a number"
    );
}

#[test]
fn the_place_is_the_field_s_in_a_record_of_many_lines() {
    let text = "[\n  {\"id\": 1, \"login\": \"a\"},\n  {\n    \"login\": \"b\",\n    \"id\": \"2\"\n  }\n]";
    assert_eq!(problem(text), "in, record 2 (line 5, column 11): `id` must be a whole number, not the text \"2\"");
}

#[test]
fn fields_that_nobody_asked_for_may_hold_anything() {
    let text =
        r#"{"id": 1, "login": "a", "name": null, "owner": 4, "x": [{"y": "\u0000"}], "private": "?", "plan": {}}"#;
    assert_eq!(only_account(text).login, "a");
}

#[test]
fn nothing_follows_an_error() {
    let mut records = GithubReader::new("in", &br#"[{"id": 1, "login": "a"}, {}, {"id": 2, "login": "b"}]"#[..]);
    assert!(records.next().expect("a record").is_ok());
    assert!(records.next().expect("an error").is_err());
    assert!(records.next().is_none());
}

#[test]
fn every_cut_of_a_file_is_a_clean_error() {
    let text = "[{\"login\": \"octocät\", \"id\": 1, \"email\": null},\n \
                {\"id\": 7, \"name\": \"b\\u00e9\", \"owner\": {\"id\": 1, \"login\": \"a\"}, \"private\": true}]"
        .as_bytes();
    assert_eq!(read(text).expect("whole").len(), 2);
    for end in 1..text.len() {
        let error = read(&text[..end]).expect_err("cut").to_string();
        assert!(error.starts_with("in") && error.contains("ends in"), "cut at {end}: {error}");
    }
}

#[test]
fn every_changed_byte_is_read_or_refused_without_a_panic() {
    let text = br#"[{"login":"o","id":1,"email":"e"},{"id":7,"name":"b","owner":{"id":1,"login":"a"},"private":true}]"#;
    for at in 0..text.len() {
        for byte in [b'"', b'{', b'}', b'[', b']', b',', b'\\', b'0', b' ', 0, 0xFF] {
            let mut changed = *text;
            changed[at] = byte;
            // Either outcome is correct for some of these; the test is that there is one.
            let _ = read(&changed);
        }
    }
}
