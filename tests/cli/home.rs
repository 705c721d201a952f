//! An empty folder, and the program run in it with only its database's URL in the environment.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use assert_cmd::Command;
use folio::Database;
use folio::connection::{Access, Engine};
use folio::database::{Options, PooledConnection};
use folio::migrations::MIGRATIONS;
use tempfile::TempDir;

use folio_testing::TestEngine;
use folio_testing::servers;

/// The program.
pub const FOLIO: &str = env!("CARGO_BIN_EXE_folio");

/// The names of the program's migrations, oldest first. They are the same on every engine.
pub fn migrations() -> Vec<String> {
    MIGRATIONS.list(Engine::Sqlite).unwrap().into_iter().map(|migration| migration.name).collect()
}

/// The folder of one test; removed after it.
pub struct Home {
    folder: TempDir,
    /// The database's URL on a server; `None` for the program's default file.
    url: Option<String>,
}

/// The result of a run.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Home {
    /// On the engine that the module is named after, otherwise on SQLite. There is no database yet.
    pub fn new(module: &str) -> Self {
        let url = match TestEngine::of(module) {
            None | Some(TestEngine::Sqlite) => None,
            Some(server) => Some(servers::unmade(server)),
        };
        Self { folder: TempDir::new().unwrap(), url }
    }

    /// With a database that contains the users 1 (octocat, 583231, with an email) and 2 (ada, -1).
    pub fn with_users(module: &str) -> Self {
        let home = Self::new(module);
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

    /// The names of the folder's entries.
    pub fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path()).unwrap();
        let mut files: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        files.sort();
        files
    }

    /// The database's name in messages.
    pub fn place(&self) -> String {
        match &self.url {
            Some(url) => folio::database::redact(url),
            None => self.path().join("folio.db").display().to_string(),
        }
    }

    /// Another client's connection to the database. It does not wait for locks, and creates a missing database.
    pub fn connect(&self) -> PooledConnection {
        let file = self.path().join("folio.db").display().to_string();
        let options = Options::new().access(Access::Create).busy_timeout(Duration::ZERO);
        Database::open_with(self.url.as_deref().unwrap_or(&file), options).unwrap().connection().unwrap()
    }

    /// The program with these arguments, in this folder; temporary files are also created in it.
    pub fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = std::process::Command::new(FOLIO);
        command.current_dir(self.path()).env_clear().env("TMPDIR", self.path()).args(arguments);
        command.envs(self.url.as_ref().map(|url| ("FOLIO_DATABASE_URL", url)));
        for kept in ["PATH", "LLVM_PROFILE_FILE"] {
            command.envs(std::env::var_os(kept).map(|value| (kept, value)));
        }
        command
    }

    pub fn folio(&self, arguments: &[&str]) -> Command {
        Command::from_std(self.command(arguments))
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        run(&mut self.folio(arguments))
    }

    /// Runs it with this standard output, and returns its standard error.
    pub fn run_into(&self, out: impl Into<Stdio>, arguments: &[&str]) -> Ran {
        let mut command = self.command(arguments);
        let output = command.stdout(out).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
        Ran { code: output.status.code(), out: String::new(), err: String::from_utf8(output.stderr).unwrap() }
    }

    /// A standard output without a reader.
    pub fn closed_pipe() -> Stdio {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        writer.into()
    }

    /// Runs a command that must succeed, and returns its output.
    pub fn done(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}: {ran:?}");
        ran.out
    }

    /// Runs a command that must fail with this code, print nothing, and report one line; returns that line without its
    /// prefix.
    pub fn fails(&self, code: i32, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.out, "", "{arguments:?}");
        ran.refused(code)
    }

    /// The cells of a command's output, which must be one row.
    pub fn row(&self, arguments: &[&str]) -> Vec<String> {
        let out = self.done(arguments);
        assert_eq!(out.lines().count(), 1, "{out}");
        out.trim_end_matches('\n').split('\t').map(str::to_owned).collect()
    }

    /// One column of a command's output.
    pub fn column(&self, at: usize, arguments: &[&str]) -> Vec<String> {
        self.done(arguments).lines().map(|line| line.split('\t').nth(at).unwrap().to_owned()).collect()
    }
}

impl Ran {
    /// Asserts the code and one line on standard error; returns it without its prefix.
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
