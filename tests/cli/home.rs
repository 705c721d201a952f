//! A folder with nothing in it, and the program run there with nothing in its environment.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use assert_cmd::Command;
use folio::connection::{AnyConnection, SqliteAccess, open_sqlite};
use tempfile::TempDir;

/// The program.
pub const FOLIO: &str = env!("CARGO_BIN_EXE_folio");

/// Where one test works; it goes with the test.
pub struct Home {
    folder: TempDir,
}

/// How a run ended.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Home {
    pub fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    /// With a database, and in it the users 1 (octocat, 583231, with an email) and 2 (ada, -1).
    pub fn with_users() -> Self {
        let home = Self::new();
        home.done(&["user", "add", "octocat", "--number", "583231", "--email", "octocat@example.org"]);
        home.done(&["user", "add", "ada"]);
        home
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn file(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// The names of what is in the folder.
    pub fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path()).unwrap();
        let mut files: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        files.sort();
        files
    }

    /// A connection of somebody else's to `folio.db`, who waits for no lock.
    pub fn connect(&self) -> AnyConnection {
        let path = self.path().join("folio.db");
        AnyConnection::Sqlite(open_sqlite(Some(&path), SqliteAccess::Create, 0).unwrap())
    }

    /// The program with these arguments, in this folder; temporary files are made in it too.
    pub fn folio(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(FOLIO);
        command.current_dir(self.path()).env_clear().env("TMPDIR", self.path()).args(arguments);
        for kept in ["PATH", "LLVM_PROFILE_FILE"] {
            command.envs(std::env::var_os(kept).map(|value| (kept, value)));
        }
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        run(&mut self.folio(arguments))
    }

    /// Runs it with its standard output going there, and gives what it said on the other.
    pub fn run_into(&self, out: impl Into<Stdio>, arguments: &[&str]) -> Ran {
        let mut command = std::process::Command::new(FOLIO);
        command.current_dir(self.path()).env_clear().args(arguments).stdout(out).stderr(Stdio::piped());
        let output = command.spawn().unwrap().wait_with_output().unwrap();
        Ran { code: output.status.code(), out: String::new(), err: String::from_utf8(output.stderr).unwrap() }
    }

    /// A standard output whose reader went away.
    pub fn closed_pipe() -> Stdio {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        writer.into()
    }

    /// Runs what must succeed, and gives what it printed.
    pub fn done(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}: {ran:?}");
        ran.out
    }

    /// Runs what must fail with this code, print nothing, and say one line why; gives that line without its beginning.
    pub fn fails(&self, code: i32, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.out, "", "{arguments:?}");
        ran.refused(code)
    }

    /// The cells of what must print one row.
    pub fn row(&self, arguments: &[&str]) -> Vec<String> {
        let out = self.done(arguments);
        assert_eq!(out.lines().count(), 1, "{out}");
        out.trim_end_matches('\n').split('\t').map(str::to_owned).collect()
    }

    /// One column of what it prints.
    pub fn column(&self, at: usize, arguments: &[&str]) -> Vec<String> {
        self.done(arguments).lines().map(|line| line.split('\t').nth(at).unwrap().to_owned()).collect()
    }
}

impl Ran {
    /// Asserts the code and one line on standard error; gives it without its beginning.
    pub fn refused(&self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert_eq!(self.err.lines().count(), 1, "{self:?}");
        self.err.strip_prefix("folio: ").unwrap_or_else(|| panic!("{self:?}")).trim_end().to_owned()
    }
}

pub fn run(command: &mut Command) -> Ran {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}
