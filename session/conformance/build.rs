//! Writes the macro `suite!`: it names the suite's files by where they lie on this machine, for `#[path]` takes nothing
//! but a literal, and the tests that are in them, for each harness has a test function of its own for every one.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

const MACRO: &str = r#"
/// Puts the suite into a test binary, as a module of tests over the connections of a [`Harness`]: see the
/// [front page](crate).
///
/// Types are named by their path from the crate's root. One binary can take the suite in more than once. Harnesses of one
/// connection type can share it, so that it is compiled once:
///
/// ```ignore
/// diesel_session_conformance::suite! {
///     mod any on diesel_session::connection::AnyConnection {
///         mod postgres on crate::harness::Postgres;
///         mod mariadb on crate::harness::Mariadb;
///     }
/// }
/// ```
#[macro_export]
macro_rules! suite {
    ($(#[$attribute:meta])* mod $name:ident on $harness:ty) => {
        $(#[$attribute])*
        #[cfg(test)]
        #[allow(clippy::duplicate_mod, reason = "each connection type takes the same files in")]
        mod $name {
            /// The connection type under test.
            pub type Connection = <$harness as $crate::Harness>::Connection;

            #[path = {suite}]
            pub mod suite;

            $crate::suite_tests!($harness);
        }
    };
    ($(#[$attribute:meta])* mod $name:ident on $connection:ty {
        $($(#[$of_harness:meta])* mod $by:ident on $harness:ty;)+
    }) => {
        $(#[$attribute])*
        #[cfg(test)]
        #[allow(clippy::duplicate_mod, reason = "each connection type takes the same files in")]
        mod $name {
            /// The connection type under test.
            pub type Connection = $connection;

            #[path = {suite}]
            pub mod suite;

            $(
                $(#[$of_harness])*
                mod $by {
                    use super::suite;

                    $crate::suite_tests!($harness);
                }
            )+
        }
    };
}

/// The suite's tests on one harness, a module for each of its files.
#[doc(hidden)]
#[macro_export]
macro_rules! suite_tests {
    ($harness:ty) => {
{tests}    };
}
"#;

fn main() -> io::Result<()> {
    let folder = |name| env::var(name).map_err(io::Error::other);
    let suite = Path::new(&folder("CARGO_MANIFEST_DIR")?).join("suite");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=suite");
    let mut files: Vec<_> = fs::read_dir(&suite)?.map(|file| Ok(file?.path())).collect::<io::Result<_>>()?;
    files.sort();
    let mut tests = String::new();
    for file in &files {
        let name = file.file_stem().unwrap_or_default().display();
        let text = fs::read_to_string(file)?;
        let found = tests_of(&text).map_err(|problem| io::Error::other(format!("{}: {problem}", file.display())))?;
        if !found.is_empty() {
            add_module(&mut tests, &name.to_string(), &found).map_err(io::Error::other)?;
        }
    }
    let entry = suite.join("mod.rs");
    let entry = entry.to_str().ok_or_else(|| io::Error::other("the path of this crate is not Unicode"))?;
    let text = MACRO.replace("{suite}", &format!("{entry:?}")).replace("{tests}", &tests);
    fs::write(Path::new(&folder("OUT_DIR")?).join("suite.rs"), text)
}

/// The tests in a file of the suite: its public functions whose names begin with the number of a promise. Whatever else
/// looks like a test would not be run, and is refused.
fn tests_of(text: &str) -> Result<Vec<&str>, String> {
    let mut tests = Vec::new();
    for line in text.lines() {
        let name = line.split_once("fn ").and_then(|(_, rest)| rest.split_once('(')).map(|(name, _)| name);
        let numbered = |name: &&str| name.starts_with('b') && name.get(1..4).is_some_and(is_number);
        if let Some(name) = name.filter(numbered) {
            if !line.starts_with("pub fn ") {
                return Err(format!("the test {name} must be a 'pub fn' of its file"));
            }
            tests.push(name);
        } else if line.trim() == "#[test]" {
            return Err("a test of the suite is a 'pub fn' whose name begins with its number, without #[test]".into());
        }
    }
    Ok(tests)
}

fn is_number(digits: &str) -> bool {
    digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// A module of test functions that run those of the suite's file of that name.
fn add_module(text: &mut String, file: &str, tests: &[&str]) -> std::fmt::Result {
    writeln!(text, "        mod {file} {{")?;
    for test in tests {
        writeln!(
            text,
            "            #[test]
            fn {test}() -> ::diesel_session::Result<()> {{
                super::suite::subject::on::<$harness>(super::suite::{file}::{test})
            }}"
        )?;
    }
    writeln!(text, "        }}")
}
