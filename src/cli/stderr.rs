//! Talk on standard error: for people, never for programs. Where nobody listens any more, nothing is lost. All that is
//! said, but for how far long work has come, goes through here a line at a time: what would end a line or drive a terminal
//! is escaped, wherever it came from, and the passwords of URLs stay here.

use std::io::{self, IsTerminal, Write as _};

use clap::error::ContextValue;

use super::output::printable;
use crate::database::redact;

/// Says something on one line, data in it made safe to look at and the passwords of URLs hidden.
pub(super) fn say(text: &str) {
    write(&(safe(text) + "\n"));
}

/// Says something with lines below it, each of them as [`say`] does.
pub(super) fn say_above(text: &str, lines: &[String]) {
    let below: String = lines.iter().map(|line| format!("  {}\n", safe(line))).collect();
    write(&format!("{}\n{below}", safe(text)));
}

/// Asks something: as [`say`], and the answer is typed behind it.
pub(super) fn ask(question: &str) {
    write(&safe(question));
}

fn write(safe: &str) {
    let _ = io::stderr().lock().write_all(safe.as_bytes());
}

/// Text on one line as a person may see it: nothing in it drives a terminal, and no URL shows its password.
pub(super) fn safe(text: &str) -> String {
    printable(&without_passwords(text)).into_owned()
}

/// Says something that a script need not hear.
pub(super) fn say_to_a_person(text: &str) {
    if listens() {
        say(text);
    }
}

/// Says what went wrong.
pub(super) fn complain(problem: &str) {
    say(&format!("folio: {}", problem.trim_end()));
}

/// Says what clap has against a command line: in its colours, unless an argument holds what must not reach a screen.
pub(super) fn refuse(mut error: clap::Error) {
    let contexts: Vec<_> = error
        .context()
        .filter_map(|(kind, value)| match value {
            ContextValue::String(text) => Some((kind, ContextValue::String(safe(text)))),
            ContextValue::Strings(texts) => {
                Some((kind, ContextValue::Strings(texts.iter().map(|text| safe(text)).collect())))
            }
            _ => None,
        })
        .collect();
    for (kind, value) in contexts {
        error.insert(kind, value);
    }
    // Its suggestions repeat arguments too, between codes of its own.
    let arguments: Vec<String> = std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect();
    if arguments.iter().all(|argument| safe(argument) == *argument) {
        let _ = error.print();
        return;
    }
    let mut rendered = error.render().to_string();
    for argument in arguments.iter().filter(|argument| argument.contains('\n')) {
        rendered = rendered.replace(argument, &safe(argument));
    }
    rendered.trim_end().lines().for_each(say);
}

/// The text with the password of every URL in it hidden: a URL may stand where none is expected, and be repeated. One
/// may lack its scheme or the colon after it.
///
/// One ends at white space; what closes a sentence or a quotation around it does not belong to it.
fn without_passwords(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(slashes) = rest.find("//") {
        let is_of_scheme = |character: char| character.is_ascii_alphanumeric() || "+-.".contains(character);
        let scheme = rest[..slashes].strip_suffix(':').unwrap_or(&rest[..slashes]);
        let start = scheme.trim_end_matches(is_of_scheme).len();
        let end = rest[slashes..].find(char::is_whitespace).map_or(rest.len(), |length| slashes + length);
        let url = rest[start..end].trim_end_matches(['\'', '"', '`', ')', ']', '}', ':', ';', ',', '.']);
        shown.push_str(&rest[..start]);
        shown.push_str(&redact(url));
        rest = &rest[start + url.len()..];
    }
    shown + rest
}

/// Whether a person is at the other end.
pub(super) fn listens() -> bool {
    io::stderr().is_terminal()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_of_a_url_is_hidden_wherever_it_stands_in_a_sentence() {
        for (text, shown) in [
            ("no 'postgres://u:SECRET@h/a' here", "no 'postgres://u:***@h/a' here"),
            ("--x=mysql://u:SECRET@h/a: a@b", "--x=mysql://u:***@h/a: a@b"),
            ("(redis://:SECRET'\"@SECRET@h)", "(redis://:***@h)"),
            ("a postgres://h/a?password=SECRET, b", "a postgres://h/a?password=***, b"),
            ("'postgres://u:SECRET'", "'postgres://u:***'"),
            ("//u:SECRET@h/x: No such file", "//u:***@h/x: No such file"),
            ("see https://example.org/a?b=SECRET.", "see https://example.org/a?b=***."),
            ("'postgres//u:SECRET@h/a'", "'postgres//u:***@h/a'"),
            ("'postgres://h/a?SECRET' and", "'postgres://h/a?***' and"),
            ("x://a:SECRET@h\nx://b:SECRET@h y://", "x://a:***@h\nx://b:***@h y://"),
        ] {
            assert_eq!(without_passwords(text), shown);
        }
    }

    #[test]
    fn a_text_without_a_password_stays_as_it_is() {
        for text in [
            "",
            "a://",
            "ada@example.org and b:c@d",
            "cannot reach postgres://127.0.0.1:1: refused",
            "see https://example.org/a:b (or http://[::1]:80).",
            "/srv//notes/a.md: // and //",
            "'sqlite://a:b.db' is not here",
        ] {
            assert_eq!(without_passwords(text), text);
        }
    }
}
