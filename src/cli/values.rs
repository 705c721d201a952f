//! Values on the command line, validated during parsing, so that a mistake has no effects.

use std::marker::PhantomData;
use std::str::FromStr;
use std::time::Duration;

use clap::builder::{PossibleValue, TypedValueParser};

use super::hint::quoted;
use diesel_session::Error as SessionError;
use folio::error::{Error, Result};
use folio::services::repositories::RepositorySelector;
use folio::types::{Email, Id, Tag, Text256, Topics};

/// An account number. A name instead gets the option to use for it.
pub(super) fn account(text: &str) -> Result<i64> {
    number(text).map_err(|error| with_suggestion(error, text, "--login"))
}

/// A user's id. A name or an email instead gets the option to use for it.
pub(super) fn user_id<E>(text: &str) -> Result<Id<E>> {
    text.parse().map_err(|error| with_suggestion(error, text, if text.contains('@') { "--email" } else { "--login" }))
}

/// The id of an owner, or of a user to change; neither can be named by email.
pub(super) fn owner_id<E>(text: &str) -> Result<Id<E>> {
    text.parse().map_err(|error| with_suggestion(error, text, "--login"))
}

/// A résumé's id. Anything else gets the command to look it up with.
pub(super) fn resume_id<E>(text: &str) -> Result<Id<E>> {
    text.parse().map_err(|error| with_suggestion(error, text, "folio resume list --vacancy"))
}

/// A note's id. Anything else gets the command to look it up with.
pub(super) fn note_id<E>(text: &str) -> Result<Id<E>> {
    text.parse().map_err(|error| with_suggestion(error, text, "folio note list --name"))
}

/// A repository's id, or its owner and name. Anything else gets the command to look it up with.
pub(super) fn repository(text: &str) -> Result<RepositorySelector> {
    text.parse().map_err(|error| with_suggestion(error, text, "folio repo list --name"))
}

/// The error, with a suggestion to use the same value in.
fn with_suggestion(error: impl Into<Error>, text: &str, words: &str) -> Error {
    const LONGEST: usize = 64;
    let is_name = text.contains(|character: char| !character.is_ascii_digit() && character != '-');
    match error.into() {
        Error::Session(SessionError::Value { what, problem }) if is_name && text.chars().count() <= LONGEST => {
            let hint = if words.starts_with("folio") { "to look it up by name:" } else { "for a name write" };
            Error::value(what, format!("{problem}; {hint} {words} {}", quoted(text)))
        }
        other => other,
    }
}

/// Parses a value by its `FromStr`, and lists the possible values for completions.
#[derive(Debug)]
pub(super) struct OneOf<T>(pub &'static [&'static str], pub PhantomData<fn() -> T>);

impl<T> Clone for OneOf<T> {
    fn clone(&self) -> Self {
        Self(self.0, PhantomData)
    }
}

impl<T: FromStr<Err: Into<Error>> + Clone + Send + Sync + 'static> TypedValueParser for OneOf<T> {
    type Value = T;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<T, clap::Error> {
        let read = |text: &str| text.parse::<T>().map_err(Into::<Error>::into);
        read.parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.0.iter().copied().map(PossibleValue::new)))
    }
}

/// The statuses of repositories on the command line.
pub(super) const STATUS: OneOf<folio::types::RepositoryStatus> = OneOf(&["public", "private"], PhantomData);

/// The kinds of accounts on the command line.
pub(super) const KIND: OneOf<folio::types::AccountKind> = OneOf(&["user", "organization", "bot"], PhantomData);

/// The kinds of records that are searched, on the command line.
pub(super) const SEARCHED: OneOf<folio::services::search::Kind> =
    OneOf(&["user", "repo", "resume", "note"], PhantomData);

/// The nouns on the command line of an export, in the order of their tables.
pub(super) const EXPORTED: [&str; 4] = ["users", "repos", "resumes", "notes"];

/// The formats that can be imported, on the command line.
pub(super) const IMPORT_FORMAT: OneOf<folio::exchange::Format> =
    OneOf(&["folio", "github", "jsonresume", "markdown", "csv", "tsv"], PhantomData);

pub(super) fn username(text: &str) -> Result<Text256> {
    Ok(Text256::named("username", text)?)
}

pub(super) fn email(text: &str) -> Result<Email> {
    Ok(Email::named("email", text)?)
}

pub(super) fn repository_name(text: &str) -> Result<Text256> {
    Ok(Text256::named("repository name", text)?)
}

pub(super) fn vacancy(text: &str) -> Result<Text256> {
    Ok(Text256::named("vacancy", text)?)
}

pub(super) fn note_name(text: &str) -> Result<Text256> {
    Ok(Text256::named("note name", text)?)
}

/// The number of an account or repository where it comes from.
pub(super) fn number(text: &str) -> Result<i64> {
    let refused = |_| Error::value("number", format!("{text:?} is not a 64-bit integer"));
    text.parse().map_err(refused)
}

pub(super) fn limit(text: &str) -> Result<u64> {
    records("limit", text)
}

pub(super) fn offset(text: &str) -> Result<u64> {
    records("offset", text)
}

fn records(what: &'static str, text: &str) -> Result<u64> {
    text.parse().map_err(|_| Error::value(what, format!("{text:?} is not a number of records")))
}

/// A topic of a repository.
pub(super) fn topic(text: &str) -> Result<String> {
    Topics::new([text])?;
    Ok(text.to_owned())
}

/// A tag of a note.
pub(super) fn tag(text: &str) -> Result<Tag> {
    text.parse()
}

pub(super) fn seconds(text: &str) -> Result<Duration> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let refused = || Error::value("busy timeout", format!("{text:?} is not a number of seconds"));
    seconds.ok_or_else(refused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use folio::exchange::Format;
    use folio::models::User;
    use folio::types::RepositoryStatus;

    #[test]
    fn every_value_that_completions_offer_can_be_read() {
        assert!(STATUS.0.iter().all(|status| status.parse::<RepositoryStatus>().is_ok()));
        assert!(KIND.0.iter().all(|kind| kind.parse::<folio::types::AccountKind>().is_ok()));
        assert!(SEARCHED.0.iter().all(|kind| kind.parse::<folio::services::search::Kind>().is_ok()));
        assert!(IMPORT_FORMAT.0.iter().all(|format| format.parse::<Format>().is_ok()));
    }

    #[test]
    fn every_kind_of_record_can_be_exported() {
        let kinds = folio::services::tables::KINDS.iter().map(|kind| format!("{kind}s"));
        assert!(kinds.eq(EXPORTED));
    }

    #[test]
    fn a_name_in_place_of_an_id_is_told_where_it_goes_unless_it_is_long() {
        let said = |text: &str| user_id::<User>(text).unwrap_err().to_string();
        assert!(said("ada").ends_with("; for a name write --login ada"));
        assert!(said("it's").ends_with(r"; for a name write --login 'it'\''s'"));
        assert!(said("ada@example.org").ends_with("write --email ada@example.org"));
        assert!(!said(&"x".repeat(65)).contains("--login") && !said("").contains("--login"));
    }
}
