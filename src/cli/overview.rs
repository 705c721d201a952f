//! `folio` alone: where it is, what the database holds, and what to do next.

use diesel_session::Error as SessionError;

use super::exit;
use super::globals::Globals;
use super::output;
use folio::database::Access;
use folio::migrations::Migrate as _;
use folio::services::counted;
use folio::services::tables::{self, Counts};

const EMPTY: &str = "  folio import FILE…           accounts and repositories from GitHub, résumés, notes
  folio user add LOGIN         an account of your own
  folio --help                 all commands, with examples";

const FILLED: &str = "  folio search WORDS           records by the words in them
  folio repo list              a list of records; --help says how to restrict and sort it
  folio --help                 all commands, with examples";

const BEHIND: &str = "  folio migrate plan           what its migrations would do
  folio migrate up             bring it up to date
  folio --help                 all commands, with examples";

/// The numbers of records of each kind, on one line.
pub(super) fn held(counts: &Counts) -> String {
    counts.records().map(|count| counted(count.rows, count.one, count.many)).collect::<Vec<_>>().join(", ")
}

pub(super) fn run(globals: &Globals) -> anyhow::Result<()> {
    let (_, url) = globals.url()?;
    let place = url.to_string();
    let (state, next) = match globals.open(Access::Read) {
        Err(error) if matches!(exit::session_error(&error), Some(SessionError::NoDatabase { .. })) => {
            ("no database there yet".to_owned(), EMPTY)
        }
        Err(error) => return Err(error),
        Ok(database) => match database.require_current() {
            Err(error) if error.is_migrations_pending() => (error.to_string(), BEHIND),
            Err(error) => return Err(error.into()),
            Ok(()) => {
                let counts = database.named("overview").read(tables::counts)?;
                (held(&counts), if counts.total() == 0 { EMPTY } else { FILLED })
            }
        },
    };
    let version = env!("CARGO_PKG_VERSION");
    Ok(output::write(&format!("folio {version}, a record of developers\n{place}: {state}\n\nNext:\n{next}\n"))?)
}
