//! Names the kinds of GitHub records that Folio does not store, so that none is mistaken for an account or a
//! repository.

use crate::exchange::fields::Known;

/// A kind, and a combination of fields that only its records have.
type Kind = (&'static str, &'static [&'static str]);

/// More specific kinds come first.
const KINDS: &[Kind] = &[
    ("package", &["package_type"]),
    ("codespace", &["machine", "git_status"]),
    ("codespace", &["environment_id", "billable_owner"]),
    ("App", &["slug", "permissions", "events"]),
    ("App's installation", &["app_slug", "account"]),
    ("team", &["slug", "members_url"]),
    ("invitation", &["inviter"]),
    ("gist", &["git_pull_url", "files"]),
    ("event", &["actor", "payload"]),
    ("commit", &["sha", "commit"]),
    ("commit", &["sha", "tree", "parents"]),
    ("pull request", &["diff_url", "base", "head"]),
    ("issue", &["labels_url", "comments_url", "number"]),
    ("release", &["tag_name", "assets_url"]),
    ("workflow run", &["run_number", "workflow_id"]),
    ("list of workflow runs", &["total_count", "workflow_runs"]),
    ("notification", &["subject", "unread"]),
    // An unknown kind with GitHub's fields.
    ("record of another kind", &["node_id"]),
    ("record of another kind", &["url"]),
];

/// The names in [`KINDS`].
const NAMES: &[&str] = &[
    "account",
    "actor",
    "app_slug",
    "assets_url",
    "base",
    "billable_owner",
    "comments_url",
    "commit",
    "diff_url",
    "environment_id",
    "events",
    "files",
    "git_pull_url",
    "git_status",
    "head",
    "inviter",
    "labels_url",
    "machine",
    "members_url",
    "node_id",
    "number",
    "package_type",
    "parents",
    "payload",
    "permissions",
    "run_number",
    "sha",
    "slug",
    "subject",
    "tag_name",
    "total_count",
    "tree",
    "unread",
    "url",
    "workflow_id",
    "workflow_runs",
];

/// The kind of a GitHub record that is neither an account nor a repository; `None` for JSON that is not GitHub's.
pub(in crate::exchange) fn kind(text: &str) -> Option<&'static str> {
    let known = Known::read(text, NAMES)?;
    let is_of = |(_, fields): &&Kind| match fields {
        // Many tools have a `url`; this matches the API's, also on a GitHub Enterprise server.
        ["url"] => known
            .get("url")
            .is_some_and(|url| ["\"https://api.github.com/", "/api/v3/"].iter().any(|part| url.get().contains(part))),
        fields => known.has(fields),
    };
    KINDS.iter().find(is_of).map(|(kind, _)| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_that_tells_a_kind_is_looked_for() {
        for (kind, fields) in KINDS {
            assert!(fields.iter().all(|field| NAMES.contains(field)), "{kind}");
        }
    }

    #[test]
    fn what_github_calls_its_records_is_found_by_their_fields() {
        for (text, expected) in [
            (r#"{"id": 1, "slug": "octoapp", "owner": {}, "permissions": {}, "events": []}"#, Some("App")),
            (r#"{"id": 1, "name": "hello", "package_type": "npm", "owner": {}}"#, Some("package")),
            (r#"{"id": 1, "name": "x", "machine": {}, "git_status": {}, "owner": {}}"#, Some("codespace")),
            (r#"{"sha": "7638417", "commit": {"message": "Fix"}}"#, Some("commit")),
            (r#"{"sha": "7638417", "message": "Fix", "tree": {}, "parents": []}"#, Some("commit")),
            (r#"{"id": 3, "url": "https://api.github.com/x"}"#, Some("record of another kind")),
            (r#"{"id": 3, "url": "https://ghe.example.org/api/v3/x"}"#, Some("record of another kind")),
            (r#"{"id": 3, "url": "https://example.org/x"}"#, None),
            (r#"{"slug": "x", "slug": "y"}"#, None),
            (r#"{"package_type": null}"#, None),
            ("[]", None),
            ("{", None),
        ] {
            assert_eq!(kind(text), expected, "{text}");
        }
    }
}
