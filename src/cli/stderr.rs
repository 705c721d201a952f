//! Messages on standard error, for people, not for programs. Write errors are ignored. Everything except progress bars
//! is printed through here, a line at a time: characters that would end a line or control a terminal are escaped,
//! wherever they come from, and passwords in URLs are hidden.

use std::io::{self, IsTerminal, Write as _};

use clap::error::ContextValue;

use super::output::{Signal, printable, styled};
use folio::database::redact;

/// Prints a message on one line, with unsafe characters escaped and passwords in URLs hidden.
pub(super) fn print(text: &str) {
    write(&(safe(text) + "\n"));
}

/// Prints a message with lines below it, each like [`print()`].
pub(super) fn print_list(text: &str, lines: &[String]) {
    let below: String = lines.iter().map(|line| format!("  {}\n", safe(line))).collect();
    write(&format!("{}\n{below}", safe(text)));
}

/// Prints a question like [`print()`], without a line end, so that the answer is typed after it.
pub(super) fn ask(question: &str) {
    write(&safe(question));
}

fn write(safe: &str) {
    let _ = io::stderr().lock().write_all(safe.as_bytes());
}

/// A text on one line, safe to display: without characters that control a terminal, and without passwords in URLs.
pub(super) fn safe(text: &str) -> String {
    printable(&without_passwords(text)).into_owned()
}

/// Prints a message on a terminal only, since scripts do not need it.
pub(super) fn print_on_terminal(text: &str) {
    if is_terminal() {
        print(text);
    }
}

/// Prints an error or a warning, after the program's name in red or yellow where colours are wanted.
pub(super) fn report(problem: &str) {
    let signal = if problem.starts_with("warning: ") { Signal::Attention } else { Signal::Bad };
    let wants_styles = anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never;
    let name = if wants_styles { styled("folio:", signal.style()) } else { "folio:".to_owned() };
    write(&format!("{name} {}\n", safe(problem.trim_end())));
}

/// Prints clap's error about a command line: in clap's colours, unless an argument contains something unsafe to
/// display.
pub(super) fn report_clap(mut error: clap::Error) {
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
    // Clap's suggestions also repeat arguments, between its own colour codes.
    let arguments: Vec<String> = std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect();
    if arguments.iter().all(|argument| safe(argument) == *argument) {
        let _ = error.print();
        return;
    }
    let mut rendered = error.render().to_string();
    for argument in arguments.iter().filter(|argument| argument.contains('\n')) {
        rendered = rendered.replace(argument, &safe(argument));
    }
    rendered.trim_end().lines().for_each(print);
}

/// The text with the password of every URL in it hidden: URLs may be in unexpected arguments, and be repeated in
/// messages. A URL may lack its scheme or the colon after it.
///
/// A URL ends at white space; punctuation that closes a sentence or a quotation around it is not part of it.
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

/// Whether standard error is a terminal.
pub(super) fn is_terminal() -> bool {
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
