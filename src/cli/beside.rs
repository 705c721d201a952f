//! Files and folders that appear under their names only when they are complete: they are written beside, then renamed.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use folio::error::Error;

/// Begins the names of what is not complete yet.
const PREFIX: &str = ".folio-export-";

/// Writes a file by `fill`, and replaces the one at `path` by it. What is not a regular file, such as a pipe, is written
/// to as it is.
pub(super) fn file<T>(path: &Path, fill: impl FnOnce(&mut BufWriter<&File>) -> anyhow::Result<T>) -> anyhow::Result<T> {
    let failed = |error| Error::io(path.display(), error);
    let filled = |file: &File| -> anyhow::Result<T> {
        let mut out = BufWriter::with_capacity(64 * 1024, file);
        let filled = fill(&mut out)?;
        out.flush().map_err(failed)?;
        Ok(filled)
    };
    let present = match fs::metadata(path) {
        Ok(metadata) => Some(metadata),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(failed(error).into()),
    };
    if present.as_ref().is_some_and(|metadata| !metadata.is_file()) {
        return filled(&File::options().write(true).open(path).map_err(failed)?);
    }
    // A link stays, and leads to the new file.
    let target = if present.is_some() { fs::canonicalize(path).map_err(failed)? } else { path.to_owned() };
    let part = new().tempfile_in(parent(&target)).map_err(failed)?;
    let written = filled(part.as_file())?;
    if let Some(present) = present {
        part.as_file().set_permissions(present.permissions()).map_err(failed)?;
    }
    part.as_file().sync_all().map_err(failed)?;
    part.persist(&target).map_err(|error| failed(error.error))?;
    Ok(written)
}

/// Makes a folder by `fill`, under a name that is not taken.
pub(super) fn folder<T>(path: &Path, fill: impl FnOnce(&Path) -> anyhow::Result<T>) -> anyhow::Result<T> {
    let failed = |error| Error::io(path.display(), error);
    let is_taken = match fs::read_dir(path) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    };
    if is_taken {
        let problem = "it is there already; choose another name".to_owned();
        return Err(Error::Input { place: path.display().to_string(), problem }.into());
    }
    let mut builder = new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
    let part = builder.tempdir_in(parent(path)).map_err(failed)?;
    let filled = fill(part.path())?;
    // Of two at once, the second finds a folder that is not empty.
    fs::rename(part.path(), path).map_err(failed)?;
    // There is nothing left to remove.
    drop(part.keep());
    Ok(filled)
}

fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// A builder for something new that others may read as far as they may read any new file here.
fn new() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder
}
