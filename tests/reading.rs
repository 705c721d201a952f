//! Whatever bytes come, reading ends in records or an error, and memory stays that of one record.

use std::alloc::System;
use std::io::{Cursor, Read};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cap::Cap;
use folio::exchange::{self, Format, MAX_RECORD, Record};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

#[global_allocator]
static ALLOCATED: Cap<System> = Cap::new(System, usize::MAX);

/// One test at a time, since they share the allocator.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

const MIB: usize = 1024 * 1024;

/// A beginning, then the same text again and again, then an end; it notes how much is allocated whenever it is read.
struct Generated {
    begins: Cursor<&'static str>,
    /// The same text many times, so that it is copied in large pieces.
    again: Vec<u8>,
    left: usize,
    ends: Cursor<&'static str>,
    most: Arc<AtomicUsize>,
}

impl Read for Generated {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.most.fetch_max(ALLOCATED.allocated(), Ordering::Relaxed);
        let begun = self.begins.read(buffer)?;
        if begun > 0 || self.left == 0 {
            return if begun > 0 { Ok(begun) } else { self.ends.read(buffer) };
        }
        let at = self.left % self.again.len();
        // What is left is a whole number of texts, so the piece that it ends in ends the text.
        let piece = if at == 0 { &self.again[..] } else { &self.again[self.again.len() - at..] };
        let len = buffer.len().min(piece.len());
        buffer[..len].copy_from_slice(&piece[..len]);
        self.left -= len;
        Ok(len)
    }
}

/// Reads all of it, and gives how many records there were, the error, and the most that was allocated meanwhile.
fn read(
    format: Option<Format>,
    begins: &'static str,
    again: &'static str,
    bytes: usize,
    ends: &'static str,
) -> (usize, Option<String>, usize) {
    let before = ALLOCATED.allocated();
    let most = Arc::new(AtomicUsize::new(0));
    let input = Generated {
        begins: Cursor::new(begins),
        again: again.repeat(4_096 / again.len() + 1).into_bytes(),
        left: bytes / again.len() * again.len(),
        ends: Cursor::new(ends),
        most: Arc::clone(&most),
    };
    let (mut count, mut error) = (0, None);
    match exchange::read(input, "in", format) {
        Err(refused) => error = Some(refused.to_string()),
        Ok(records) => {
            for record in records {
                most.fetch_max(ALLOCATED.allocated(), Ordering::Relaxed);
                match record {
                    Ok(_) => count += 1,
                    Err(refused) => error = Some(refused.to_string()),
                }
            }
        }
    }
    (count, error, most.load(Ordering::Relaxed).saturating_sub(before))
}

#[test]
fn what_stands_before_and_between_records_takes_no_memory() {
    let _alone = alone();
    let record = r#"{"login": "octocat", "id": 583231}"#;
    for format in [None, Some(Format::Github)] {
        for (again, ends) in [
            ("\n", ""),
            (" \t\r\n", record),
            ("[]", ""),
            ("[]\n", record),
            ("\u{1E}", record),
            ("[[], []]", record),
            (r#"{"login": "octocat", "id": 583231} "#, ""),
            (r#"{"total_count": 0, "items": []}"#, record),
        ] {
            let (count, error, most) = read(format, "", again, 4 * MIB, ends);
            assert!(error.is_none(), "{again:?}: {error:?}");
            assert!(count > 0 || ends.is_empty(), "{again:?}");
            assert!(most < MIB, "{again:?}: {most} bytes");
        }
        let (_, error, most) = read(format, "[", "[], ", 4 * MIB, "1]");
        assert!(error.expect("an error").contains("expected a JSON object, found a number"));
        assert!(most < MIB, "{most} bytes");
        let (_, error, most) = read(format, "", "[", 4 * MIB, "");
        assert!(error.expect("an error").contains("lists inside lists inside a list hold no records"));
        assert!(most < MIB, "{most} bytes");
    }
}

#[test]
fn a_record_is_bounded_whatever_it_is_made_of() {
    let _alone = alone();
    for (begins, again) in [(r#"{"login": ""#, "x"), (r#"{"work": ["#, "1,")] {
        for format in [None, Some(Format::Markdown)] {
            let (count, error, most) = read(format, begins, again, MAX_RECORD + MIB, "");
            assert_eq!(count, 0, "{begins}");
            let error = error.expect("an error");
            assert!(error.contains("longer than 128 MiB, the limit for one record"), "{begins}: {error}");
            assert!(most < 3 * MAX_RECORD, "{begins} as {format:?}: {most} bytes");
        }
    }
}

#[test]
fn what_a_large_record_holds_takes_no_more_than_the_record() {
    const LARGE: usize = 4 * MIB;
    let _alone = alone();
    for (format, begins, again, ends) in [
        (None, r#"{"basics": {}, "work": ["#, "1,", "1]}"),
        (None, r#"{"basics": {}, "basics": ["#, "1,", "1]}"),
        (None, r#"{"basics": {"profiles": ["#, "{},", "{}]}}"),
        (None, r#"{"$schema": ["#, "1,", "1]}"),
        (None, r#"{"total_count": 1, "items": ["#, r#"{"login":"a","id":1},"#, r#"{"login":"a","id":1}]}"#),
        (None, r#"{"data": {"x": {"nodes": ["#, r#"{"nameWithOwner":"a/b"},"#, r#"{"nameWithOwner":"a/b"}]}}}"#),
        (None, r#"{"data": {"#, r#""a":{},"#, r#""b": 1}}"#),
        (None, r#"{"errors": ["#, "1,", "1]}"),
        (None, "{", r#""x":1,"#, r#""x": 2}"#),
        (Some(Format::Markdown), "---\n", "[", "\n---\n"),
        (Some(Format::Markdown), "---\n", "a: [b\n", "\n---\n"),
        (Some(Format::Markdown), "", "[", "\n"),
        (Some(Format::Markdown), "# ", "*x_", "\n"),
        (Some(Format::Markdown), "", "> ", "\n"),
    ] {
        let (_, _, most) = read(format, begins, again, LARGE, ends);
        assert!(most < 4 * LARGE, "{begins}: {most} bytes");
    }
}

/// Pieces that the formats are made of, so that what comes out is nearly right.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\",
        "\n",
        " ",
        "\r\n",
        "\u{1E}",
        "\u{FEFF}",
        "\0",
        "é",
        "1",
        "-",
        "null",
        "---\n",
        "+++\n",
        ";;;\n",
        "...\n",
        "title:",
        "title =",
        "\"title\":",
        ">-\n",
        "|\n",
        "'",
        "\"\"\"",
        "&a ",
        "*a",
        "!x ",
        "? ",
        "- ",
        "# ",
        "===\n",
        "<!--",
        "-->",
        "<p>",
        "\t",
        "%",
        "@",
        "`",
        "x",
        "\"id\":1",
        "\"id\":\"R_x\"",
        "\"login\":\"a\"",
        "\"name\":\"b\"",
        "\"owner\":{\"login\":\"a\",\"id\":1}",
        "\"full_name\":\"a/b\"",
        "\"nameWithOwner\":\"a/b\"",
        "\"private\":true",
        "\"visibility\":\"PUBLIC\"",
        "\"items\":[",
        "\"total_count\":1",
        "\"data\":{",
        "\"nodes\":[",
        "\"edges\":[",
        "\"node\":{",
        "\"repository\":{",
        "\"sender\":{}",
        "\"starred_at\":1",
        "\"repo\":{",
        "\"repositories\":[",
        "\"message\":\"x\"",
        "\"errors\":[",
        "\"basics\":{",
        "\"profiles\":[",
        "\"work\":[",
        "\"$schema\":",
        "\"skills\":[{\"level\":1}]",
    ]);
    let piece = piece.prop_map(|piece| piece.as_bytes().to_vec());
    let any = prop::collection::vec(any::<u8>(), 1..4);
    prop::collection::vec(prop_oneof![20 => piece, 1 => any], 0..60).prop_map(|pieces| pieces.concat())
}

#[test]
fn any_bytes_become_records_or_one_error() {
    let _alone = alone();
    let formats = [None, Some(Format::Github), Some(Format::JsonResume), Some(Format::Markdown)];
    let inputs = prop_oneof![pieces(), prop::collection::vec(any::<u8>(), 0..300)];
    let mut runner = TestRunner::new(Config { cases: 3_000, failure_persistence: None, ..Config::default() });
    let checked = runner.run(&(inputs, prop::sample::select(formats.to_vec())), |(bytes, format)| {
        let Ok(records) = exchange::read(Cursor::new(bytes.clone()), "in", format) else { return Ok(()) };
        let mut ended = false;
        for record in records {
            prop_assert!(!ended, "nothing follows an error");
            match record {
                Err(error) => {
                    ended = true;
                    prop_assert!(error.to_string().starts_with("in"), "{error}");
                }
                Ok(located) => match located.value {
                    Record::Note(note) => {
                        let length = note.name.chars().count();
                        prop_assert!((1..=256).contains(&length) && !note.name.contains(['\n', '\0']), "{note:?}");
                    }
                    Record::Repository(repository) => prop_assert!(repository.number >= 0),
                    _ => {}
                },
            }
        }
        Ok(())
    });
    if let Err(failed) = checked {
        panic!("{failed}");
    }
}
