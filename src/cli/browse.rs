//! `folio open`: the page about a record, where it comes from.

use std::env;
use std::process::{Command, Stdio};

use anyhow::anyhow;
use clap::Args;

use super::globals::Globals;
use super::hint::quoted;
use super::output::{self, Place};
use folio::error::Result;
use folio::services::repositories::{self, RepositorySelector};
use folio::services::users::{self, UserSelector};

const OPEN: &str = "\
Examples:
  folio open octocat/hello-world
  folio open octocat --print

On a terminal it opens the page in the browser that BROWSER names, or the system's own. In a pipe,
and with --print, it prints the URL. It is the one that the record was imported with; exit code 4
if there is no such record, 1 if it has no URL.";

#[derive(Debug, Args)]
#[command(after_help = OPEN)]
pub(super) struct Open {
    /// The user's login, or owner/name of a repository
    #[arg(value_name = "LOGIN|OWNER/NAME")]
    which: String,
    /// Print the URL, on a terminal too
    #[arg(long)]
    print: bool,
}

pub(super) fn run(globals: &Globals, Open { which, print }: &Open) -> anyhow::Result<()> {
    let database = globals.open_to_read()?;
    let url = database.named("open").read(|session| -> Result<_> {
        Ok(match which.split_once('/') {
            Some((owner, name)) => {
                let path = RepositorySelector::Path { owner: owner.to_owned(), name: name.to_owned() };
                repositories::get(session, &path)?.repository.url
            }
            None => users::get(session, &UserSelector::Login(which.clone()))?.url,
        })
    })?;
    let Some(url) = url else {
        let api = if which.contains('/') { "repos" } else { "users" };
        let advice = format!("gh api {} | folio import -", quoted(&format!("{api}/{which}")));
        return Err(anyhow!("{which:?} has no URL; a record of its own tells it: {advice}"));
    };
    if *print || Place::of_stdout() == Place::Pipe {
        return Ok(output::write(&format!("{}\n", &*url))?);
    }
    open(&url)
}

/// Opens the page. A URL is data from elsewhere: only one of the web is passed to another program.
fn open(url: &str) -> anyhow::Result<()> {
    let scheme = url.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    if !matches!(scheme.as_deref(), Some("http" | "https"))
        || url.contains(|c: char| c.is_control() || c.is_whitespace())
    {
        return Err(anyhow!("{url:?} is not an address of the web; --print prints it"));
    }
    let named = env::var_os("BROWSER").filter(|browser| !browser.is_empty());
    let browser = named.unwrap_or_else(|| if cfg!(target_os = "macos") { "open" } else { "xdg-open" }.into());
    let ended = Command::new(&browser).arg(url).stdin(Stdio::null()).status();
    match ended {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(anyhow!("{} failed ({status}); the page is {url}", browser.display())),
        Err(error) => {
            Err(anyhow!("cannot run {}: {error}; name a browser in BROWSER; the page is {url}", browser.display()))
        }
    }
}
