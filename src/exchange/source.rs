//! The source of a document, as a text that does not depend on the current directory. Résumés and notes are found again
//! by it.

use std::fs;
use std::path::{Component, Path, PathBuf};

use percent_encoding::{AsciiSet, CONTROLS, percent_encode};

use crate::error::{Error, Result};
use crate::types::Text256;

/// The length of its column, in characters.
const LONGEST: usize = 256;

/// The ASCII bytes to escape in a path that is not Unicode; other bytes are always escaped.
const ESCAPED: &AsciiSet = &CONTROLS.add(b'%');

/// The source of a document.
///
/// For a file, it is the absolute path with symbolic links resolved and `/` between its components, so that a file has
/// one source whatever its path and the current directory. A path that is not Unicode is written as a `file://` URL
/// with escaped bytes (`file:///notes/x%FF.md`). A path over 256 characters is shortened to a hash and its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    text: Text256,
    earlier: Vec<Text256>,
}

impl Source {
    /// A source chosen by the caller, such as a URL.
    ///
    /// # Errors
    ///
    /// [`Value`](diesel_session::Error::Value) when it is empty or longer than 256 characters.
    pub fn new(text: impl Into<String>) -> Result<Self> {
        Ok(Self { text: Text256::named("source", text)?, earlier: Vec::new() })
    }

    /// The source of a file; `None` if the path leads to something that cannot be read again, such as a pipe.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the path cannot be resolved.
    pub(super) fn of_file(path: &Path) -> Result<Option<Self>> {
        let Some(canonical) = canonical(path).map_err(|error| Error::io(path.display(), error))? else {
            return Ok(None);
        };
        let text = Text256::named("source", text(&canonical))?;
        let current = std::env::current_dir().ok();
        let mut earlier: Vec<Text256> = Vec::new();
        for path in earlier_paths(path, &canonical, current.as_deref()) {
            match Text256::named("source", path) {
                Ok(path) if path != text && !earlier.contains(&path) => earlier.push(path),
                _ => {}
            }
        }
        Ok(Some(Self { text, earlier }))
    }

    /// The text stored in the document's row.
    #[must_use]
    pub fn text(&self) -> &Text256 {
        &self.text
    }

    /// The texts that earlier versions may have stored for the same file: its paths relative to the current directory.
    pub(crate) fn earlier(&self) -> &[Text256] {
        &self.earlier
    }
}

/// The absolute path of a regular file, with links resolved; `None` for pipes and devices.
pub(super) fn canonical(path: &Path) -> std::io::Result<Option<PathBuf>> {
    if fs::metadata(path)?.is_file() { fs::canonicalize(path).map(Some) } else { Ok(None) }
}

/// A canonical path as text, different for every path.
fn text(path: &Path) -> String {
    let text = match path.to_str() {
        Some(_) => joined(path.components()),
        None => format!("file://{}", percent_encode(path.as_os_str().as_encoded_bytes(), ESCAPED)),
    };
    let length = text.chars().count();
    if length <= LONGEST {
        return text;
    }
    let mark = format!("{:032x}:…", hash(text.as_bytes()));
    let end = text.chars().skip(length + mark.chars().count() - LONGEST);
    mark.chars().chain(end).collect()
}

/// 128-bit FNV-1a: it only distinguishes paths, and is the same in every version.
fn hash(bytes: &[u8]) -> u128 {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    bytes.iter().fold(BASIS, |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(PRIME))
}

/// The forms in which earlier versions may have stored the path: as named, and relative to the current directory. They
/// did not accept paths that are not Unicode.
fn earlier_paths(named: &Path, canonical: &Path, current: Option<&Path>) -> Vec<String> {
    if named.to_str().is_none() || canonical.to_str().is_none() {
        return Vec::new();
    }
    let below = current.and_then(|current| named.strip_prefix(current).ok()).unwrap_or(named);
    let named = joined(below.components().filter(|part| *part != Component::CurDir));
    let relative = current.filter(|current| current.to_str().is_some()).map(|current| relative(current, canonical));
    [Some(named), relative].into_iter().flatten().collect()
}

/// The path of a file relative to a folder.
fn relative(folder: &Path, file: &Path) -> String {
    let shared = folder.components().zip(file.components()).take_while(|(one, other)| one == other).count();
    let up = folder.components().skip(shared).map(|_| Component::ParentDir);
    joined(up.chain(file.components().skip(shared)))
}

/// The components with `/` between them; only for Unicode paths.
fn joined<'p>(parts: impl Iterator<Item = Component<'p>>) -> String {
    let mut text = String::new();
    for part in parts {
        if part == Component::RootDir {
            text.push('/');
            continue;
        }
        if !text.is_empty() && !text.ends_with('/') {
            text.push('/');
        }
        text.push_str(&part.as_os_str().to_string_lossy());
    }
    text
}

#[cfg(test)]
mod tests;
