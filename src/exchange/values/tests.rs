//! Tests of splitting a stream.

use std::io::{self, Read};

use super::*;

/// A reader that returns one byte at a time, and is interrupted by a signal before each.
struct Drip<'a>(&'a [u8], bool);

impl Read for Drip<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.1 = !self.1;
        if self.1 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        self.0.read(&mut buffer[..1])
    }
}

/// Repeats a text endlessly.
struct Forever(&'static [u8], usize);

impl Read for Forever {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let from = &self.0[self.1..];
        let len = from.len().min(buffer.len());
        buffer[..len].copy_from_slice(&from[..len]);
        self.1 = (self.1 + len) % self.0.len();
        Ok(len)
    }
}

/// The records, and the fault that ended the stream, as text.
fn cut(reader: impl Read, max: usize) -> (Vec<String>, Option<String>) {
    let mut values = Values::new(reader, max);
    let mut records = Vec::new();
    loop {
        match values.next() {
            Ok(Some(record)) => {
                let Position { line, column } = record.start;
                records.push(format!("{} {line}:{column} {}", record.number, record.text));
            }
            Ok(None) => return (records, None),
            Err(fault) => return (records, Some(fault.in_input(&"in".into()).to_string())),
        }
    }
}

fn fault(text: &[u8]) -> String {
    cut(text, 1000).1.expect("a fault")
}

#[test]
fn records_are_found_alone_in_lists_in_pages_and_line_by_line() {
    for (text, expected) in [
        ("", vec![]),
        (" \n", vec![]),
        ("[]", vec![]),
        ("[ ] []\n[[], []]", vec![]),
        ("{}", vec!["1 1:1 {}"]),
        ("[{},{\"a\":[1,{}]}]", vec!["1 1:2 {}", "2 1:5 {\"a\":[1,{}]}"]),
        ("[{}][{}]", vec!["1 1:2 {}", "2 1:6 {}"]),
        ("[[{}],[{}]]", vec!["1 1:3 {}", "2 1:8 {}"]),
        ("{}\r\n{}\n\n {}", vec!["1 1:1 {}", "2 2:1 {}", "3 4:2 {}"]),
        ("{}{}", vec!["1 1:1 {}", "2 1:3 {}"]),
        ("\u{FEFF}[{}]", vec!["1 1:2 {}"]),
        ("\u{1E}{}\n\u{1E}[{}]\n", vec!["1 1:2 {}", "2 2:3 {}"]),
    ] {
        assert_eq!(cut(text.as_bytes(), 1000), (expected.iter().map(ToString::to_string).collect(), None), "{text}");
    }
}

#[test]
fn brackets_and_quotes_inside_texts_do_not_count() {
    let text = r#"[{"a": "}]\"{", "b\\": "\\"}, {"c": "\\\""}]"#;
    let (records, fault) = cut(text.as_bytes(), 1000);
    assert_eq!(fault, None);
    assert_eq!(records, [r#"1 1:2 {"a": "}]\"{", "b\\": "\\"}"#, r#"2 1:31 {"c": "\\\""}"#]);
}

#[test]
fn it_does_not_matter_how_the_bytes_arrive() {
    let text = "\u{FEFF}[{\"a\": \"\\\"}\\\\\"},\r\n {\"é\": [[]]}] {\"b\": null}".as_bytes();
    assert_eq!(cut(Drip(text, false), 1000), cut(text, 1000));
    assert_eq!(cut(text, 1000).0.len(), 3);
}

#[test]
fn an_input_that_ends_early_is_told_wherever_it_is_cut() {
    let text = b"[{\"a\": \"b\\\"c\"}, {\"d\": [1, {}]}]";
    for end in 1..text.len() {
        let (records, fault) = cut(&text[..end], 1000);
        let fault = fault.unwrap_or_else(|| panic!("cut at {end}: {records:?}"));
        assert!(fault.contains("ends in"), "cut at {end}: {fault}");
    }
    assert_eq!(
        fault(b"[{},\n{\"a\": "),
        "in, record 2 (line 2, column 7): the input ends in the middle of this record, which began at line 2, column 1"
    );
    assert_eq!(fault(b"[{}, "), "in (line 1, column 6): the input ends inside a list; records before that: 1");
}

#[test]
fn what_swallows_the_rest_is_named_rather_than_the_end() {
    assert_eq!(
        fault(b"[{\"login: \"octocat\", \"id\": 1},\n{\"login\": \"x\"}]"),
        "in, record 1 (line 1, column 12): expected `:`"
    );
}

#[test]
fn what_stands_between_records_must_belong_there() {
    for (text, expected) in [
        ("[{} {}]", "in (line 1, column 5): expected ',' or ']' after record 1, found '{'"),
        ("[{},]", "in, record 2 (line 1, column 5): expected a JSON object, found ']'"),
        ("[,", "in, record 1 (line 1, column 2): expected a JSON object, found ','"),
        ("[{}, 12]", "in, record 2 (line 1, column 6): expected a JSON object, found a number"),
        ("[\"a\"]", "in, record 1 (line 1, column 2): expected a JSON object, found a text"),
        ("{},{}", "in (line 1, column 3): expected a JSON object or list, found ','"),
        ("[{}]]", "in (line 1, column 5): expected a JSON object or list, found ']'"),
        ("hello", "in (line 1, column 1): expected a JSON object or list, found 'h'"),
        ("{}\0", "in (line 1, column 3): expected a JSON object or list, found byte 0x00"),
        ("[[[{}]]]", "in (line 1, column 3): lists inside lists inside a list hold no records"),
    ] {
        assert_eq!(fault(text.as_bytes()), expected, "{text}");
    }
    assert_eq!(fault(b"\xEF\xBB{}"), "in (line 1, column 1): expected JSON, found a broken byte order mark");
}

#[test]
fn a_record_at_the_limit_is_taken_and_one_byte_more_is_not() {
    let text = br#"[{"a": "1234"}, {"a": "12345"}, {}]"#;
    let (records, fault) = cut(&text[..], 13);
    assert_eq!(records, [r#"1 1:2 {"a": "1234"}"#]);
    let fault = fault.expect("too long");
    assert!(fault.ends_with("this record is longer than 13 bytes, the limit for one record"), "{fault}");
}

#[test]
fn a_record_without_end_is_given_up_at_the_limit() {
    let endless = (&b"[{\"a\": \""[..]).chain(io::repeat(b'x'));
    let (_, fault) = cut(endless, 1024 * 1024);
    let fault = fault.expect("too long");
    assert!(fault.ends_with("this record is longer than 1 MiB, the limit for one record"), "{fault}");
}

#[test]
fn the_limit_is_128_mib_and_is_called_so() {
    assert_eq!(MAX_RECORD, 134_217_728);
    assert_eq!(size(MAX_RECORD), "128 MiB");
}

#[test]
fn nesting_is_taken_to_the_limit_and_no_deeper_whatever_its_length() {
    let nested = |levels: usize| format!("{{\"a\": {}{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1));
    assert_eq!(cut(nested(MAX_DEPTH).as_bytes(), 1000).1, None);
    let text = nested(MAX_DEPTH + 1);
    assert_eq!(
        fault(text.as_bytes()),
        "in, record 1 (line 1, column 134): more than 128 objects and lists inside each other, the limit for one record"
    );
    assert!(cut(Forever(b"{\"a\":", 0), usize::MAX).1.expect("too deep").contains("more than 128"));
}

#[test]
fn text_that_is_not_utf_8_is_refused_where_it_stands() {
    assert_eq!(fault(b"[{},\n{\"a\": \"\xFF\"}]"), "in, record 2 (line 2, column 8): not valid UTF-8");
}

#[test]
fn memory_is_that_of_one_record_however_many_there_are() {
    const RECORDS: u64 = 100_000;
    let record =
        br#"{"login": "octocat", "id": 583231, "bio": "A text with \"quotes\", to be read over and forgotten."}"#;
    let stream = Forever(record, 0).take(RECORDS * record.len() as u64);
    let mut values = Values::new(stream, MAX_RECORD);
    let mut count = 0;
    while let Some(record) = values.next().expect("well formed") {
        count = record.number;
    }
    assert_eq!(count, RECORDS);
    assert_eq!(values.position().column, 1 + RECORDS * record.len() as u64, "all of it was one line");
    assert!(values.text.capacity() < 4 * record.len(), "holds {} bytes", values.text.capacity());
}

#[test]
fn a_reader_s_own_error_is_passed_on() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is on fire"))
        }
    }
    assert_eq!(cut((&b"[{}, {"[..]).chain(Broken), 1000).1.expect("broken"), "in: the disk is on fire");
}
