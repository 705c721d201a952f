//! Values as they are typed: checked while the command line is parsed, so that a mistake costs nothing.

use std::time::Duration;

use crate::error::{Error, Result};
use crate::services::Limit;
use crate::types::{Email, Text256};

pub(super) fn username(text: &str) -> Result<Text256> {
    Text256::named("username", text)
}

pub(super) fn email(text: &str) -> Result<Email> {
    Email::named("email", text)
}

pub(super) fn repository_name(text: &str) -> Result<Text256> {
    Text256::named("repository name", text)
}

pub(super) fn vacancy(text: &str) -> Result<Text256> {
    Text256::named("vacancy", text)
}

pub(super) fn note_name(text: &str) -> Result<Text256> {
    Text256::named("note name", text)
}

/// A number as origins give them out, to accounts and repositories.
pub(super) fn number(text: &str) -> Result<i64> {
    let refused = |_| Error::Value { what: "number", problem: format!("{text:?} is no 64-bit number") };
    text.parse().map_err(refused)
}

pub(super) fn limit(text: &str) -> Result<Limit> {
    let refused = |_| Error::Value { what: "limit", problem: format!("{text:?} is no number of records") };
    text.parse().map(|rows| Limit { rows: Some(rows) }).map_err(refused)
}

pub(super) fn seconds(text: &str) -> Result<Duration> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let refused = || Error::Value { what: "busy timeout", problem: format!("{text:?} is no number of seconds") };
    seconds.ok_or_else(refused)
}
