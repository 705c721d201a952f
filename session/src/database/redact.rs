//! Showing a database URL without its secrets.

use std::ops::Range;

use percent_encoding::percent_decode_str;

use super::scheme::Scheme;

/// `text` without its secrets: a password before the `@`, and the value of every parameter that is not known to be
/// harmless.
///
/// Passwords may contain `@`, `/`, `:` and `?` themselves, so it hides more rather than less: everything between the
/// first colon of the login and the last `@`; the whole text after the scheme, if an `@` follows the start of a secret
/// parameter; everything after the first colon, if a port is not a number.
#[must_use]
pub fn redact(text: &str) -> String {
    let start = login(text);
    let at = text.rfind('@').filter(|at| *at >= start);
    let mut hidden = secrets(text);
    if let Some(at) = at {
        if hidden.first().is_some_and(|secret| secret.start < at) {
            return format!("{}***", &text[..start]);
        }
        if let Some(after) = after_colon(&text[start..at]) {
            hidden.insert(0, start + after..at);
        }
    } else if let Some(password) = password_as_port(text, start) {
        return format!("{}***", &text[..password]);
    }
    let mut shown = String::with_capacity(text.len());
    let mut end = 0;
    for secret in hidden {
        shown.push_str(&text[end..secret.start]);
        shown.push_str("***");
        end = secret.end;
    }
    shown + &text[end..]
}

/// The offset of the login: after the two slashes of a URL, whose scheme may be missing.
fn login(text: &str) -> usize {
    if text.starts_with("//") { 2 } else { text.find("://").map_or(0, |colon| colon + 3) }
}

/// The offset after a login's first colon, which may be percent-encoded.
fn after_colon(login: &str) -> Option<usize> {
    let bare = login.find(':').map(|colon| colon + 1);
    let escaped = ["%3A", "%3a"].iter().filter_map(|escape| login.find(escape)).min().map(|colon| colon + 3);
    bare.into_iter().chain(escaped).min()
}

/// The offset of what should be a server's port but is not a number: the password of a login whose host was forgotten.
fn password_as_port(text: &str, start: usize) -> Option<usize> {
    let scheme = text[..start].strip_suffix("://").and_then(Scheme::named);
    if start == 0 || matches!(scheme, Some(Scheme::Sqlite | Scheme::File)) {
        return None;
    }
    let end = text[start..].find(['/', '?', '#']).map_or(text.len(), |length| start + length);
    let is_port = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit());
    let has_valid_port =
        |host: &str| host.starts_with('[') || host.split_once(':').is_none_or(|(_, after)| is_port(after));
    if text[start..end].split(',').all(has_valid_port) {
        return None;
    }
    text[start..end].find(':').map(|colon| start + colon + 1)
}

/// The ranges of the values of secret parameters, in order.
pub(super) fn secrets(text: &str) -> Vec<Range<usize>> {
    if login(text) > 0 { in_url(text) } else { in_connection_string(text) }
}

/// In a URL: each value ends at `&`; one without a name is hidden entirely.
fn in_url(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let Some(mut start) = text.find(['?', '#']).map(|mark| mark + 1) else { return found };
    for parameter in text[start..].split('&') {
        let end = start + parameter.len();
        let (name, value) = match parameter.split_once('=') {
            Some((name, value)) => (name, end - value.len()),
            None => ("", start),
        };
        if value < end && !is_harmless(name, &text[value..end]) {
            found.push(value..end);
        }
        start = end + 1;
    }
    found
}

/// In `host=h password=p`, libpq's other syntax: a secret extends to the end.
fn in_connection_string(text: &str) -> Vec<Range<usize>> {
    const SEPARATORS: [char; 6] = ['?', '&', ';', ' ', '\t', '\n'];
    let starts = std::iter::once(0).chain(text.match_indices(SEPARATORS).map(|(at, _)| at + 1));
    let secret = starts.filter_map(|start| {
        let (name, _) = text[start..].split_once('=')?;
        (!name.contains(SEPARATORS) && is_secret(name)).then_some(start + name.len() + 1)
    });
    secret.take(1).map(|value| value..text.len()).collect()
}

/// The parameters whose values may be shown.
const HARMLESS: &[&str] = &[
    "application_name",
    "cache",
    "channel_binding",
    "client_encoding",
    "connect_timeout",
    "dbname",
    "gssencmode",
    "host",
    "hostaddr",
    "immutable",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "load_balance_hosts",
    "mode",
    "port",
    "read_from",
    "read_timeout",
    "require_auth",
    "service",
    "ssl_ca",
    "ssl_cert",
    "ssl_key",
    "ssl_mode",
    "sslcert",
    "sslcrl",
    "sslkey",
    "sslmode",
    "sslnegotiation",
    "sslrootcert",
    "sslsni",
    "target_session_attrs",
    "tcp_user_timeout",
    "unix_socket",
    "user",
];

fn is_harmless(name: &str, value: &str) -> bool {
    let simple = |character: char| character.is_alphanumeric() || "-_./%:,[]+~".contains(character);
    HARMLESS.contains(&name) && value.chars().all(simple)
}

fn is_secret(name: &str) -> bool {
    let name = percent_decode_str(name).decode_utf8_lossy().to_lowercase();
    let contains = |word: &&str| name.contains(*word);
    ["pass", "pwd", "secret", "token", "credential"].iter().any(contains)
        || ["pw", "auth", "key", "apikey", "api_key"].contains(&&*name)
}
