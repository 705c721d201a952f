//! On whose behalf a command changes records, for the history.

use std::env;
use std::sync::LazyLock;

use folio::database::{Database, Unit};

/// The variable that names the author, and those in which systems name the account.
const VARIABLES: [&str; 4] = ["FOLIO_AUTHOR", "USER", "LOGNAME", "USERNAME"];

/// The longest name that every engine's history takes, in characters.
const LONGEST: usize = 255;

static AUTHOR: LazyLock<Option<String>> = LazyLock::new(|| {
    let named =
        VARIABLES.into_iter().filter_map(|variable| env::var(variable).ok()).find(|name| !name.trim().is_empty());
    named.map(|name| name.trim().chars().filter(|character| *character != '\0').take(LONGEST).collect())
});

/// The unit of work of a command that changes records: in the history, under the command's name and with its author.
pub(super) fn unit<'d>(database: &'d Database, command: &'d str) -> Unit<'d> {
    let unit = database.named(command).recording();
    AUTHOR.as_deref().map_or(unit, |author| unit.by(author))
}
