//! The GitHub accounts listed in a résumé: `octoada`, `@octoada` or the URL of the account's page.

use super::json_resume::{Profile, Resume};

const HOST: &str = "github.com";

impl Resume {
    /// The person's GitHub login, if a profile contains one: the first of [`github_logins`](Self::github_logins).
    #[must_use]
    pub fn github_login(&self) -> Option<&str> {
        self.github_logins().next()
    }

    /// The logins of all GitHub profiles. Networks are compared case-insensitively. A login may have `@` before it or
    /// be the URL of the account's page; a URL also counts in a profile without a network.
    pub fn github_logins(&self) -> impl Iterator<Item = &str> {
        self.profiles.iter().filter_map(login)
    }
}

fn login(profile: &Profile) -> Option<&str> {
    let texts = || [&profile.username, &profile.url].into_iter().flatten();
    let in_address = || texts().find_map(|text| in_address(text));
    match profile.network.as_deref() {
        Some(network) if network.eq_ignore_ascii_case("github") || network.eq_ignore_ascii_case(HOST) => {
            in_address().or_else(|| bare(profile.username.as_deref()?))
        }
        Some(_) => None,
        None => in_address(),
    }
}

/// The login in the URL of an account's page, with or without `https://` and `www.`.
fn in_address(text: &str) -> Option<&str> {
    let lower = text.to_ascii_lowercase();
    let host = lower.trim_start_matches("https://").trim_start_matches("http://").trim_start_matches("www.");
    let path = host.strip_prefix(HOST)?.strip_prefix('/')?;
    bare(text[text.len() - path.len()..].split(['/', '?', '#']).next()?)
}

fn bare(login: &str) -> Option<&str> {
    let login = login.trim().trim_start_matches('@');
    (!login.is_empty()).then_some(login)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_told_by_network_and_name_or_by_the_address_of_its_page() {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        for (network, username, url, expected) in [
            ("GitHub", "octoada", "", Some("octoada")),
            ("github", "@OctoAda", "", Some("OctoAda")),
            ("GITHUB.com", "octoada", "https://octoada.github.io", Some("octoada")),
            ("GitHub", "https://github.com/octoada", "", Some("octoada")),
            ("GitHub", "", "http://www.GitHub.com/octoada/?tab=repositories", Some("octoada")),
            ("", "", "github.com/octoada#top", Some("octoada")),
            ("", "octoada", "", None),
            ("GitLab", "octoada", "https://github.com/octoada", None),
            ("GitHub", "", "https://notgithub.com/octoada", None),
            ("GitHub", "@", "https://github.com/", None),
        ] {
            let profile = Profile { network: text(network), username: text(username), url: text(url) };
            assert_eq!(login(&profile), expected, "{profile:?}");
        }
    }
}
