//! Where a document came from, as a text that does not depend on the current folder: what a résumé or note is found
//! again by.

use std::fs;
use std::path::{Component, Path, PathBuf};

use percent_encoding::{AsciiSet, CONTROLS, percent_encode};

use crate::error::{Error, Result};
use crate::types::Text256;

/// What a column for it takes, in characters.
const LONGEST: usize = 256;

/// What is escaped in a path that is not Unicode, beside every byte that is not ASCII.
const ESCAPED: &AsciiSet = &CONTROLS.add(b'%');

/// Where a document came from.
///
/// Of a file it is the absolute path with every symbolic link followed and `/` between its parts, so that a file has one
/// source however it is named and wherever one stands. A path that is not Unicode is written as a `file://` address with
/// its bytes escaped (`file:///notes/x%FF.md`); of one over 256 characters a hash and its end are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    text: Text256,
    earlier: Vec<Text256>,
}

impl Source {
    /// A source of the caller's own, such as an address.
    ///
    /// # Errors
    ///
    /// [`Error::Value`] when it does not fit: it is empty or longer than 256 characters.
    pub fn new(text: impl Into<String>) -> Result<Self> {
        Ok(Self { text: Text256::named("source", text)?, earlier: Vec::new() })
    }

    /// The source of a file; `None` where the path leads to something that cannot be read again, such as a pipe.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the path cannot be followed.
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

    /// The text that the document's row remembers.
    #[must_use]
    pub fn text(&self) -> &Text256 {
        &self.text
    }

    /// What earlier versions may have called the same file: its path as seen from the current folder.
    pub(crate) fn earlier(&self) -> &[Text256] {
        &self.earlier
    }
}

/// The absolute path of a regular file, links followed; `None` for pipes and devices.
pub(super) fn canonical(path: &Path) -> std::io::Result<Option<PathBuf>> {
    if fs::metadata(path)?.is_file() { fs::canonicalize(path).map(Some) } else { Ok(None) }
}

/// A canonical path as text: two paths never give the same one.
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

/// FNV-1a of 128 bits: it only tells paths apart, and stays the same in every version.
fn hash(bytes: &[u8]) -> u128 {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    bytes.iter().fold(BASIS, |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(PRIME))
}

/// How earlier versions may have written the path: as it was named, and by the way from the current folder. They took
/// no path that is not Unicode.
fn earlier_paths(named: &Path, canonical: &Path, current: Option<&Path>) -> Vec<String> {
    if named.to_str().is_none() || canonical.to_str().is_none() {
        return Vec::new();
    }
    let below = current.and_then(|current| named.strip_prefix(current).ok()).unwrap_or(named);
    let named = joined(below.components().filter(|part| *part != Component::CurDir));
    let way = current.filter(|current| current.to_str().is_some()).map(|current| way(current, canonical));
    [Some(named), way].into_iter().flatten().collect()
}

/// The relative path from a folder to a file.
fn way(folder: &Path, file: &Path) -> String {
    let shared = folder.components().zip(file.components()).take_while(|(one, other)| one == other).count();
    let up = folder.components().skip(shared).map(|_| Component::ParentDir);
    joined(up.chain(file.components().skip(shared)))
}

/// The parts with `/` between them; only for paths that are Unicode.
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
