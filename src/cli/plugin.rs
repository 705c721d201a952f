//! Programs of others as commands: the program `folio-NAME` on the PATH is run for `folio NAME`.

use std::collections::BTreeSet;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::anyhow;

use super::globals::Globals;

const PREFIX: &str = "folio-";

/// The folders of the PATH. An empty entry, which stands for the current folder, is not followed: what lies there is not
/// always the user's own.
fn folders() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).filter(|folder| folder.is_absolute()).collect()
}

/// The program for a command of this name.
pub(super) fn find(name: &OsStr) -> Option<PathBuf> {
    let mut file = OsString::from(PREFIX);
    file.push(name);
    file.push(env::consts::EXE_SUFFIX);
    // Only a name: no path that leads out of the folder.
    if Path::new(&file).components().count() != 1 {
        return None;
    }
    folders().into_iter().map(|folder| folder.join(&file)).find(|program| is_executable(program))
}

/// The names of all such commands, in their order.
pub(super) fn names() -> BTreeSet<String> {
    let entries = folders().into_iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten();
    let name = |file: &str| Some(file.strip_prefix(PREFIX)?.strip_suffix(env::consts::EXE_SUFFIX)?.to_owned());
    let of_plugins = entries.filter_map(|entry| {
        let name = name(entry.file_name().to_str()?)?;
        is_executable(&entry.path()).then_some(name)
    });
    of_plugins.filter(|name| !name.is_empty()).collect()
}

#[cfg(unix)]
fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;

    fs::metadata(file).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(file: &Path) -> bool {
    file.is_file()
}

/// Runs the command `name` with its arguments, in place of this program. It finds the database that an option names in
/// `FOLIO_DATABASE_URL`, and this program in `FOLIO`.
pub(super) fn run(globals: &Globals, name: &OsStr, arguments: &[OsString]) -> anyhow::Result<()> {
    let Some(program) = find(name) else { return Err(anyhow!("there is no program {PREFIX}{}", name.display())) };
    let mut command = Command::new(&program);
    command.args(arguments);
    if let Some(url) = &globals.database_url {
        command.env("FOLIO_DATABASE_URL", url);
    }
    if let Ok(folio) = env::current_exe() {
        command.env("FOLIO", folio);
    }
    let error = replace(command);
    Err(anyhow!("cannot run {}: {error}", program.display()))
}

/// Runs the command in place of this program, with its exit code. Returns only if it cannot be run.
#[cfg(unix)]
fn replace(mut command: Command) -> std::io::Error {
    std::os::unix::process::CommandExt::exec(&mut command)
}

#[cfg(not(unix))]
fn replace(mut command: Command) -> std::io::Error {
    match command.status() {
        Ok(status) => std::process::exit(status.code().unwrap_or(1)),
        Err(error) => error,
    }
}
