//! Talk on standard error: for people, never for programs. Where nobody listens any more, nothing is lost.

use std::io::{self, IsTerminal, Write as _};

use super::output::printable;

/// Says something, line by line, data in it made safe to look at.
pub(super) fn say(text: &str) {
    let mut said = String::with_capacity(text.len() + 1);
    for line in text.lines() {
        said.push_str(&printable(line));
        said.push('\n');
    }
    let _ = io::stderr().lock().write_all(said.as_bytes());
}

/// Says something that a script need not hear.
pub(super) fn say_to_a_person(text: &str) {
    if listens() {
        say(text);
    }
}

/// Says what went wrong: one line, unless the error has more.
pub(super) fn complain(problem: &str) {
    say(&format!("folio: {}", problem.trim_end()));
}

/// Whether a person is at the other end.
pub(super) fn listens() -> bool {
    io::stderr().is_terminal()
}
