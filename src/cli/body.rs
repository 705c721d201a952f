//! The text of a résumé or note, as a command line gives it.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};

use crate::error::{Error, Result};
use crate::types::LongText;

/// The options that give a text.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(super) struct Body {
    /// The text itself
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    body: Option<String>,
    /// A file with the text; '-' is standard input
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    body_file: Option<PathBuf>,
}

impl Body {
    /// The text, if one is given.
    pub(super) fn read(self) -> Result<Option<LongText>> {
        match (self.body, self.body_file) {
            (Some(text), _) => LongText::named("body", text).map(Some),
            (None, Some(path)) if path == Path::new("-") => {
                let mut bytes = Vec::new();
                io::stdin().lock().read_to_end(&mut bytes).map_err(|e| Error::io("standard input", e))?;
                checked("standard input".to_owned(), bytes).map(Some)
            }
            (None, Some(path)) => {
                let place = path.display().to_string();
                let bytes = fs::read(&path).map_err(|e| Error::io(&place, e))?;
                checked(place, bytes).map(Some)
            }
            (None, None) => Ok(None),
        }
    }
}

/// A text as it was read from `place`.
pub(super) fn checked(place: String, bytes: Vec<u8>) -> Result<LongText> {
    let refused = |problem: String| Error::Input { place: place.clone(), problem };
    let text = String::from_utf8(bytes).map_err(|_| refused("it is not UTF-8 text".to_owned()))?;
    LongText::try_from(text).map_err(|error| match error {
        Error::Value { problem, .. } => refused(problem),
        other => other,
    })
}
