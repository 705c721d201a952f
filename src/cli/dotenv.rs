//! Reads variables from a `.env` file, which may contain lines for other programs.

use folio::error::{Error, Result};

/// The value of a variable in the file at `path`, whose content is `bytes`; of several lines the first counts, as in a
/// shell that sets only unset variables. Lines of other variables never cause an error: unreadable ones are skipped.
///
/// A value that begins with a quote may span several lines, if the quote is closed at the end of one of them.
///
/// # Errors
///
/// [`Error::Input`], with the line's number but not its content, when the variable's own line cannot be read.
pub(super) fn value(path: &str, bytes: &[u8], name: &str) -> Result<Option<String>> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        let problem = "it is UTF-16 text; save it as UTF-8".to_owned();
        return Err(Error::Input { place: path.to_owned(), problem });
    }
    let lines: Vec<&[u8]> =
        bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).split_inclusive(|b| *b == b'\n').collect();
    // The entries before the variable, for substitution in its value.
    let mut before = String::new();
    let mut at = 0;
    while at < lines.len() {
        let own = is_of(lines[at], name);
        match entry(&lines[at..]) {
            Some((text, _)) if own => {
                let variables = parsed(&(before + &text));
                return Ok(variables.and_then(|variables| variables.into_iter().next_back()).map(|(_, value)| value));
            }
            Some((text, length)) => {
                before.push_str(&text);
                at += length;
            }
            None if own => {
                let problem = if std::str::from_utf8(lines[at]).is_err() {
                    "it is not UTF-8 text"
                } else {
                    "this is not NAME=value; put a value with spaces into quotes"
                };
                let place = format!("{path}, line {}", at + 1);
                return Err(Error::Input { place, problem: problem.to_owned() });
            }
            None => at += 1,
        }
    }
    Ok(None)
}

/// Whether a line sets the variable: its name comes first, or after `export`.
fn is_of(line: &[u8], name: &str) -> bool {
    let line = String::from_utf8_lossy(line);
    let line = line.trim_start();
    let line = line.strip_prefix("export").filter(|rest| rest.starts_with([' ', '\t'])).unwrap_or(line).trim_start();
    line.strip_prefix(name)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['=', ':']) || rest.starts_with(char::is_whitespace))
}

/// The text of the entry that starts on the first of these lines, and its number of lines; `None` if it is not an
/// entry.
fn entry(lines: &[&[u8]]) -> Option<(String, usize)> {
    let first = std::str::from_utf8(lines.first()?).ok()?;
    let value = first.split_once('=').map_or("", |(_, value)| value.trim_start());
    let most = if value.starts_with(['"', '\'']) { lines.len() } else { 1 };
    let mut text = String::new();
    for (count, line) in lines[..most].iter().enumerate() {
        text.push_str(std::str::from_utf8(line).ok()?);
        if !text.ends_with('\n') {
            text.push('\n');
        }
        let ends = count == 0 || text.split_once('=').is_some_and(|(_, value)| is_quoted(value.trim()));
        if ends && parsed(&text).is_some_and(|variables| variables.len() <= 1) {
            return Some((text, count + 1));
        }
    }
    None
}

/// Whether the quote that opens the value is closed, and followed at most by a comment.
fn is_quoted(value: &str) -> bool {
    let mut characters = value.char_indices();
    let Some((_, quote)) = characters.next() else { return false };
    let mut escaped = false;
    let closing = characters.find(|(_, character)| {
        let closes = *character == quote && !escaped;
        escaped = *character == '\\' && !escaped;
        closes
    });
    closing.is_some_and(|(at, _)| matches!(value[at + 1..].trim_start().chars().next(), None | Some('#')))
}

/// The variables of a text, if all of it can be parsed.
fn parsed(text: &str) -> Option<Vec<(String, String)>> {
    dotenvy::from_read_iter(text.as_bytes()).collect::<Result<Vec<_>, _>>().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: impl AsRef<[u8]>) -> Result<Option<String>> {
        value(".env", text.as_ref(), "DATABASE_URL")
    }

    #[test]
    fn lines_of_other_programs_do_not_hide_a_good_one() {
        for other in [
            "MSG=it's",
            "MY-KEY=1",
            r"W=C:\Users\me",
            r#"J={"a": 1}"#,
            "oops",
            "A=two words",
            "Q=\"never closed",
            "Q='never closed",
            "Q='never-closed",
            "MSG=it's\nTHAT=that's",
            "# it's",
            "A=1 ",
            "=",
            "1=2",
            "[section]",
            "\u{0}",
            "DATABASE_URL_OLD=a b",
            "MY_DATABASE_URL=a b",
            "DATABASE_URL-OLD=a b",
            "K=\"-----BEGIN-----\nDATABASE_URL=inside\n-----END-----\"",
            "K='first\n  second'  # twice",
        ] {
            for text in [
                format!("{other}\nDATABASE_URL=a.db\n"),
                format!("{other}\r\nexport DATABASE_URL='a.db' # here\r\n{other}"),
            ] {
                assert_eq!(read(&text).unwrap().as_deref(), Some("a.db"), "{text:?}");
            }
        }
        assert_eq!(read(b"# caf\xe9\nA=\xff\nDATABASE_URL=a.db").unwrap().as_deref(), Some("a.db"));
    }

    #[test]
    fn the_first_line_of_a_variable_counts_and_others_may_stand_in_its_value() {
        assert_eq!(read("DATABASE_URL=a\nDATABASE_URL=b c\n").unwrap().as_deref(), Some("a"));
        assert_eq!(read("\u{feff}NAME=x\nMSG=it's\nDATABASE_URL=${NAME}.db \n").unwrap().as_deref(), Some("x.db"));
        assert_eq!(read("DATABASE_URL=\n").unwrap().as_deref(), Some(""));
        assert_eq!(read("DATABASE_URL='a\nb'").unwrap().as_deref(), Some("a\nb"));
        assert_eq!(read("A=1\n").unwrap(), None);
        assert_eq!(read("#DATABASE_URL=a\n").unwrap(), None);
    }

    #[test]
    fn a_bad_line_of_the_variable_itself_is_named_and_not_repeated() {
        for (text, line) in [
            (&b"DATABASE_URL=postgres://u:SECRET word@h/db\n"[..], 1),
            (b"A=1\nMSG=it's\nDATABASE_URL='SECRET\nB=2\n", 3),
            (b"A='two\nlines'\r\nexport DATABASE_URL SECRET\r\n", 3),
            (b"\xef\xbb\xbfoops\nDATABASE_URL: SECRET\n", 2),
            (b"A=1\nDATABASE_URL=SECRET\xff\n", 2),
            (b"DATABASE_URL", 1),
        ] {
            let refused = read(text).unwrap_err();
            assert!(refused.to_string().starts_with(&format!(".env, line {line}: ")), "{refused}");
            assert!(!format!("{refused} {refused:?}").contains("SECRET"), "{refused:?}");
        }
        assert!(read(b"\xff\xfeD\0").unwrap_err().to_string().contains("UTF-16"));
    }
}
