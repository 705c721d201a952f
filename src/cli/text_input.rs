//! The text of a résumé or note, from the command line.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};

use folio::error::{Error, Result};
use folio::exchange::MAX_RECORD;
use folio::types::LongText;

/// The options for a text.
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
    /// The text, if there is one.
    pub(super) fn read(self) -> Result<Option<LongText>> {
        match (self.body, self.body_file) {
            (Some(text), _) => Ok(Some(LongText::named("body", text)?)),
            (None, Some(path)) if path == Path::new("-") => {
                let place = "standard input";
                let bytes = bounded(io::stdin().lock(), MAX_RECORD, place)?;
                checked(place.to_owned(), bytes).map(Some)
            }
            (None, Some(path)) => {
                let bytes = read_file(&path)?;
                checked(path.display().to_string(), bytes).map(Some)
            }
            (None, None) => Ok(None),
        }
    }
}

const MIB: usize = 1024 * 1024;

/// The content of a file or pipe, up to the limit for a text.
pub(super) fn read_file(path: &Path) -> Result<Vec<u8>> {
    let place = path.display().to_string();
    let file = File::open(path).map_err(|e| Error::io(&place, e))?;
    bounded(file, MAX_RECORD, &place)
}

/// All of `reader`, or an error if it is longer than `max` bytes: an endless input must not exhaust memory.
pub(super) fn bounded(reader: impl Read, max: usize, place: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(max as u64 + 1).read_to_end(&mut bytes).map_err(|e| Error::io(place, e))?;
    if bytes.len() > max {
        let problem = format!("longer than {} MiB, the limit; shorten it", max / MIB);
        return Err(Error::Input { place: place.to_owned(), problem });
    }
    Ok(bytes)
}

/// Validates a text that was read from `place`.
pub(super) fn checked(place: String, bytes: Vec<u8>) -> Result<LongText> {
    let refused = |problem: String| Error::Input { place: place.clone(), problem };
    let text = String::from_utf8(bytes).map_err(|_| refused("it is not UTF-8 text".to_owned()))?;
    LongText::try_from(text).map_err(|error| match error {
        diesel_session::Error::Value { problem, .. } => refused(problem),
        other => other.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_to_the_limit_and_no_further() {
        assert_eq!(bounded(io::repeat(b'x').take(MIB as u64), MIB, "here").unwrap().len(), MIB);
        let refused = bounded(io::repeat(b'x'), MIB, "here").unwrap_err().to_string();
        assert_eq!(refused, "here: longer than 1 MiB, the limit; shorten it");
    }
}
