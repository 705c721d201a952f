//! One of the inputs of an import: how its records are imported, and what its failure means for the others.

use diesel_session::Error as SessionError;

use super::progress::InputProgress;
use folio::error::{Error, Result};
use folio::exchange::{Format, Input, Reader};
use folio::services::import::Rules;

/// Whether the records are not found by the file that they are in: there may be many of them in it.
pub(super) fn is_known_by_number(records: &Reader) -> bool {
    !matches!(records.format(), Format::JsonResume | Format::Markdown)
}

/// The rules for an input, by which its documents are found again by their file, and its progress.
pub(super) fn begin(input: &Input, records: &Reader, rules: &Rules) -> Result<(Rules, InputProgress)> {
    let source = if is_known_by_number(records) { None } else { input.source()? };
    Ok((rules.clone().from_source(source), InputProgress::new(&input.name(), records.progress())))
}

/// Whether the next input is imported after this error of an input.
pub(super) fn continues_after(error: &Error, input: &Input, inputs: &[Input], keep_going: bool) -> bool {
    inputs.len() > 1 && (keep_going || input.is_from_folder()) && is_about_the_input(error)
}

/// Whether the input itself caused the error, so that the next input can be imported.
fn is_about_the_input(error: &Error) -> bool {
    match error {
        Error::Session(cause) => matches!(cause.root(), SessionError::Value { .. } | SessionError::Violation(_)),
        _ => matches!(
            error,
            Error::Input { .. }
                | Error::Io { .. }
                | Error::NotFound { .. }
                | Error::Ambiguous { .. }
                | Error::Exists { .. }
        ),
    }
}
