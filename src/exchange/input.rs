//! From the paths that a person names to the inputs that are read: files, folders, standard input.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use super::detect::{Head, Likeness};
use super::format::{Extension, Format};
use super::reader::{Naming, Reader};
use super::source::{self, Source};
use crate::error::{Error, Result};

/// Something to read records from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    origin: Origin,
    format: Option<Format>,
    from_folder: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Origin {
    Stdin,
    File(PathBuf),
}

/// What a list of paths came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gathered {
    /// What is to be read, in the order of the paths, and by name within a folder. No file is in it twice, whatever paths
    /// lead to it.
    pub inputs: Vec<Input>,
    /// What a folder held besides, in the same order, and then other paths to files that are read.
    pub skipped: Vec<Skipped>,
}

/// A file in a folder that is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The file.
    pub path: PathBuf,
    /// Why not, in a few words.
    pub reason: &'static str,
}

/// Finds what `paths` name: files, folders with everything in them, and `-` for standard input.
///
/// Of a folder, files are taken whose name and content show a format: `.json`, `.ndjson`, `.jsonl`, `.md` and
/// `.markdown`; with a `format` given, every file whose name may be of it. Hidden files and folders are passed over
/// without a word, links to folders are not followed, and the rest is listed as skipped. What a folder holds and cannot
/// be looked into is taken, so that opening it says why. A file that is named itself is taken whatever it is, and not
/// looked into before it is read, so that it may be a pipe.
///
/// # Errors
///
/// [`Error::Io`] names the path that does not exist or the folder that cannot be read. Nothing has been read for good by
/// then, so a mistyped path costs nothing.
pub fn gather<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>, format: Option<Format>) -> Result<Gathered> {
    let mut gathered = Gathered::default();
    for path in paths {
        let path = path.as_ref();
        if path == Path::new("-") {
            gathered.inputs.push(Input::stdin(format));
        } else if fs::metadata(path).map_err(|error| Error::io(path.display(), error))?.is_dir() {
            gather_folder(path, format, &mut gathered)?;
        } else {
            gathered.inputs.push(Input::file(path, format));
        }
    }
    let mut seen = HashSet::new();
    let Gathered { inputs, skipped } = &mut gathered;
    inputs.retain(|input| {
        let is_new = seen.insert(input.identity());
        if let (false, true, Origin::File(path)) = (is_new, input.from_folder, &input.origin) {
            skipped.push(Skipped { path: path.clone(), reason: "another path to a file that is read" });
        }
        is_new
    });
    Ok(gathered)
}

fn gather_folder(folder: &Path, format: Option<Format>, gathered: &mut Gathered) -> Result<()> {
    let entries = WalkDir::new(folder).sort_by_file_name().into_iter();
    for entry in entries.filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry.file_name())) {
        let found = |path, format| Input { origin: Origin::File(path), format, from_folder: true };
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) if error.depth() == 0 => return Err(walk_error(folder, error)),
            Err(error) => {
                gathered.inputs.extend(error.path().map(|path| found(path.to_owned(), None)));
                continue;
            }
        };
        if entry.file_type().is_dir() {
            continue;
        }
        match choose(&entry, format) {
            Ok(Ok(format)) => gathered.inputs.push(found(entry.into_path(), Some(format))),
            Ok(Err(reason)) => gathered.skipped.push(Skipped { path: entry.into_path(), reason }),
            Err(_) => gathered.inputs.push(found(entry.into_path(), None)),
        }
    }
    Ok(())
}

/// The format of a file in a folder, or why it is skipped.
fn choose(entry: &DirEntry, format: Option<Format>) -> Result<Result<Format, &'static str>> {
    if entry.path_is_symlink() && !fs::metadata(entry.path()).is_ok_and(|target| target.is_file()) {
        return Ok(Err("a broken symbolic link"));
    }
    if !entry.path_is_symlink() && !entry.file_type().is_file() {
        return Ok(Err("not a regular file"));
    }
    let extension = Extension::of(entry.path());
    Ok(match (extension, format) {
        (_, Some(format)) if extension.may_be(format) => Ok(format),
        (_, Some(_)) => Err("its file name belongs to another format"),
        (Extension::Markdown, None) => Ok(Format::Markdown),
        (Extension::Other, None) => Err("its file name belongs to no known format"),
        (Extension::Json, None) => match look(entry.path())? {
            Likeness::Is(format) => Ok(format),
            Likeness::Empty => Err("it is empty"),
            Likeness::Utf16 => Err("UTF-16; save it as UTF-8"),
            Likeness::OtherGithub => Err("a GitHub record of another kind"),
            Likeness::OtherJson => Err("JSON of another kind"),
            Likeness::Html => Err("an HTML page"),
            Likeness::Headers => Err("HTTP headers before the JSON"),
            Likeness::NoJson => Err("no JSON"),
        },
    })
}

fn look(path: &Path) -> Result<Likeness> {
    let read = || Ok(Head::read(File::open(path)?)?.look()?.likeness);
    read().map_err(|error: io::Error| Error::io(path.display(), error))
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

fn walk_error(folder: &Path, error: walkdir::Error) -> Error {
    let path = error.path().unwrap_or(folder).to_owned();
    Error::io(path.display(), error.into_io_error().unwrap_or_else(|| io::Error::other("cannot be walked")))
}

impl Input {
    /// Standard input.
    #[must_use]
    pub fn stdin(format: Option<Format>) -> Self {
        Self { origin: Origin::Stdin, format, from_folder: false }
    }

    /// One file; without a format its name and content must show it.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>, format: Option<Format>) -> Self {
        Self { origin: Origin::File(path.into()), format, from_folder: false }
    }

    /// What errors call it: the path as it was given, in quotes and with escapes where it is not Unicode, or
    /// `standard input`.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.origin {
            Origin::Stdin => "standard input".to_owned(),
            Origin::File(path) => path.to_str().map_or_else(|| format!("{path:?}"), str::to_owned),
        }
    }

    /// What its documents are found again by; `None` for standard input and pipes, which have nothing of their own to be
    /// known by.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if its path cannot be followed to a file.
    pub fn source(&self) -> Result<Option<Source>> {
        match &self.origin {
            Origin::Stdin => Ok(None),
            Origin::File(path) => Source::of_file(path),
        }
    }

    /// The file that its path leads to, links followed; the path itself where it leads to no file.
    fn identity(&self) -> Option<PathBuf> {
        match &self.origin {
            Origin::Stdin => None,
            Origin::File(path) => Some(source::canonical(path).ok().flatten().unwrap_or_else(|| path.clone())),
        }
    }

    /// Whether it was found in a folder, rather than named itself.
    #[must_use]
    pub fn is_from_folder(&self) -> bool {
        self.from_folder
    }

    /// Its size in bytes, where there is one to know: not of a pipe.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        match &self.origin {
            Origin::Stdin => None,
            Origin::File(path) => fs::metadata(path).ok().filter(fs::Metadata::is_file).map(|metadata| metadata.len()),
        }
    }

    /// Whether it can be opened again and says the same: a file, but neither a pipe nor standard input.
    #[must_use]
    pub fn can_be_read_again(&self) -> bool {
        self.size().is_some()
    }

    /// Opens it and recognises its format, unless that was given.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if it cannot be opened; [`Error::Input`] if nothing shows its format.
    pub fn open(&self) -> Result<Reader> {
        let input = self.name().into();
        match &self.origin {
            Origin::Stdin => {
                let naming = Naming { input, stem: None, extension: Extension::Other, text_is_markdown: true };
                Reader::new(io::stdin(), naming, self.format, None)
            }
            Origin::File(path) => {
                let file = File::open(path).map_err(|error| Error::io(self.name(), error))?;
                let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
                let naming = Naming { input, stem, extension: Extension::of(path), text_is_markdown: false };
                Reader::new(file, naming, self.format, self.size())
            }
        }
    }
}

#[cfg(test)]
mod tests;
