//! Turns the paths that a user names into the inputs to read: files, folders, standard input.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use super::detect::{Head, Likeness};
use super::format::{Extension, Format, uncompressed};
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

/// The inputs found under a list of paths.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gathered {
    /// The inputs to read, in the order of the paths, and by name within a folder. Each file is listed once, even if
    /// several paths lead to it.
    pub inputs: Vec<Input>,
    /// The other files of folders, in the same order, followed by further paths to files that are read.
    pub skipped: Vec<Skipped>,
}

/// A file in a folder that is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The file.
    pub path: PathBuf,
    /// The reason, in a few words.
    pub reason: &'static str,
}

/// Finds the inputs under `paths`: files, folders with everything in them, and `-` for standard input.
///
/// From a folder, it takes the files with the name and content of a known format: `.json`, `.ndjson`, `.jsonl`, `.md`,
/// `.markdown`, `.csv` and `.tsv`, and each of them with `.gz` after it; with a `format`, every file with an extension of that format.
/// Hidden files and folders are ignored silently, links to folders are not followed, and all other files are listed as
/// skipped. An entry of a folder that
/// cannot be inspected is included, so that opening it reports the error. A file that is named itself is always
/// included, and not opened before it is read, so that it may be a pipe.
///
/// # Errors
///
/// [`Error::Io`] names the path that does not exist or the folder that cannot be read. No input has been consumed by
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

/// The format of a file in a folder, or the reason to skip it.
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
        (Extension::Csv, None) => Ok(Format::Csv),
        (Extension::Tsv, None) => Ok(Format::Tsv),
        (Extension::Other, None) => Err("its file name belongs to no known format"),
        (Extension::Json, None) => match detect(entry.path())? {
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

fn detect(path: &Path) -> Result<Likeness> {
    let read = || Ok(Head::open(Box::new(File::open(path)?))?.detect()?.likeness);
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

    /// One file; without a format, it is detected from the name and the content.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>, format: Option<Format>) -> Self {
        Self { origin: Origin::File(path.into()), format, from_folder: false }
    }

    /// Its name in errors: the path as it was given, quoted and escaped if it is not Unicode, or `standard input`.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.origin {
            Origin::Stdin => "standard input".to_owned(),
            Origin::File(path) => path.to_str().map_or_else(|| format!("{path:?}"), str::to_owned),
        }
    }

    /// The source by which its documents are found again; `None` for standard input and pipes, which have no lasting
    /// name.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if its path cannot be resolved.
    pub fn source(&self) -> Result<Option<Source>> {
        match &self.origin {
            Origin::Stdin => Ok(None),
            Origin::File(path) => Source::of_file(path),
        }
    }

    /// The file that its path resolves to, through links; the path itself if it is not a regular file.
    fn identity(&self) -> Option<PathBuf> {
        match &self.origin {
            Origin::Stdin => None,
            Origin::File(path) => Some(source::canonical(path).ok().flatten().unwrap_or_else(|| path.clone())),
        }
    }

    /// Whether it was found in a folder rather than named itself.
    #[must_use]
    pub fn is_from_folder(&self) -> bool {
        self.from_folder
    }

    /// Its size in bytes; `None` for a pipe or standard input.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        match &self.origin {
            Origin::Stdin => None,
            Origin::File(path) => fs::metadata(path).ok().filter(fs::Metadata::is_file).map(|metadata| metadata.len()),
        }
    }

    /// Whether it can be read again with the same content: true for a file, false for a pipe and standard input.
    #[must_use]
    pub fn can_be_read_again(&self) -> bool {
        self.size().is_some()
    }

    /// Opens it and detects its format, unless that was given.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if it cannot be opened; [`Error::Input`] if its format cannot be detected.
    pub fn open(&self) -> Result<Reader> {
        let input = self.name().into();
        match &self.origin {
            Origin::Stdin => {
                let naming = Naming { input, stem: None, extension: Extension::Other, text_is_markdown: true };
                Reader::new(io::stdin(), naming, self.format, None)
            }
            Origin::File(path) => {
                let file = File::open(path).map_err(|error| Error::io(self.name(), error))?;
                let stem = uncompressed(path).file_stem().map(|stem| stem.to_string_lossy().into_owned());
                let naming = Naming { input, stem, extension: Extension::of(path), text_is_markdown: false };
                Reader::new(file, naming, self.format, self.size())
            }
        }
    }
}

#[cfg(test)]
mod tests;
