//! Edits a text in the user's own editor, and never loses what was typed.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;
use std::process::{Command, ExitStatus};

use anyhow::anyhow;
use tempfile::TempPath;

use super::exit::Usage;
#[cfg(unix)]
use super::interrupt::Ignored;
use super::text_input::{checked, read_file};
use folio::error::{Error, Result};
use folio::types::LongText;

/// The variables that name the editor; the first takes precedence.
const NAMES: [&str; 2] = ["VISUAL", "EDITOR"];

/// The editor if none is named.
const DEFAULT: &str = "vi";

/// Lets the user edit `text` in a file named after `name`, readable by the user alone, and passes the edited text to
/// `save`; `None` if they leave it unchanged.
///
/// No transaction is open meanwhile. An emptied text is not saved. If the editor fails, or the text cannot be saved,
/// the error names the file in which it is kept.
pub(super) fn edit<T>(name: &str, text: &str, save: impl FnOnce(LongText) -> Result<T>) -> anyhow::Result<Option<T>> {
    let Some((edited, file)) = edited(name, text)? else { return Ok(None) };
    save(edited).map(Some).map_err(|error| {
        let why = if error.is_stale() {
            "it was changed or removed by someone else meanwhile, so nothing was overwritten".to_owned()
        } else {
            error.to_string()
        };
        keep(file, &why)
    })
}

/// The edited text, and the file that contains it until it is saved elsewhere.
fn edited(name: &str, text: &str) -> anyhow::Result<Option<(LongText, TempPath)>> {
    let editor = editor()?;
    let in_temporary = |e| Error::io(env::temp_dir().display(), e);
    let mut file =
        tempfile::Builder::new().prefix(&format!("folio-{name}-")).suffix(".md").tempfile().map_err(in_temporary)?;
    file.write_all(text.as_bytes()).and_then(|()| file.flush()).map_err(in_temporary)?;
    // Closed before the editor opens it, since the editor may replace the file.
    let file = file.into_temp_path();

    let ended = open(&editor, &file);
    let left = read_file(&file);
    // Most editors terminate the last line; that is not a change.
    let is_as_it_was = |left: &Vec<u8>| left == text.as_bytes() || left == format!("{text}\n").as_bytes();
    // An unreadable file may contain typed text; a file that the editor removed does not.
    let changed = left.as_ref().map_or(file.exists(), |left| !is_as_it_was(left));
    let failed = match ended {
        Ok(status) if status.success() => None,
        Ok(status) => Some(format!("the editor '{}' ended with {status}", editor.display())),
        Err(error) => Some(format!("the editor '{}' cannot be started: {error}", editor.display())),
    };
    match failed {
        Some(failed) if changed => Err(keep(file, &format!("{failed}, so nothing was saved"))),
        Some(failed) => Err(anyhow!("{failed}, so nothing was saved")),
        None if !changed => left.map(|_| None).map_err(Into::into),
        None => match left.and_then(|left| checked("the text".to_owned(), left)) {
            // Users empty the file to cancel an edit, as with a commit message.
            Ok(text) if text.trim().is_empty() => {
                Err(anyhow!("the text was emptied, so nothing was saved; --body '' saves an empty one"))
            }
            Ok(text) => Ok(Some((text, file))),
            Err(error) => Err(keep(file, &error.to_string())),
        },
    }
}

/// The editor's command: from the environment, otherwise the default one if there is a terminal.
fn editor() -> Result<OsString, Usage> {
    let named = NAMES.into_iter().filter_map(env::var_os).find(|editor| !editor.is_empty());
    if named.is_none() && !io::stdin().is_terminal() {
        let problem =
            "there is no terminal to edit the text in; give it by --body or --body-file, or name an editor in EDITOR";
        return Err(Usage(problem.to_owned()));
    }
    Ok(named.unwrap_or_else(|| DEFAULT.into()))
}

/// Runs the editor through the shell, since its variable may contain arguments: `code --wait`.
#[cfg(unix)]
fn open(editor: &OsString, file: &Path) -> io::Result<ExitStatus> {
    let _ignored = Ignored::until_dropped()?;
    let mut command = editor.clone();
    command.push(" \"$@\"");
    Command::new("sh").arg("-c").arg(command).arg(editor).arg(file).status()
}

#[cfg(not(unix))]
fn open(editor: &OsString, file: &Path) -> io::Result<ExitStatus> {
    let command = editor.to_string_lossy();
    let mut words = command.split_whitespace();
    Command::new(words.next().unwrap_or(DEFAULT)).args(words).arg(file).status()
}

/// Keeps the file, and appends its path to `why`.
fn keep(file: TempPath, why: &str) -> anyhow::Error {
    let path = match file.keep() {
        Ok(path) => path,
        Err(tempfile::PathPersistError { error, path }) => {
            let shown = path.display().to_string();
            return anyhow!("{why}; what was typed should be in {shown}, but cannot be kept there: {error}");
        }
    };
    // An editor that replaced the file may have widened its permissions.
    #[cfg(unix)]
    let _ = fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600));
    anyhow!("{why}; what was typed is kept in {}", path.display())
}
