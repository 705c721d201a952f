//! Splits a stream of JSON into records, one in memory at a time.
//!
//! A record is an object at the top level or in a top-level list. Several values may follow each other with or without
//! white space (`[…][…]`, as a client prints page after page; one object per line) or the separators of RFC 7464, and a
//! list may contain lists of records (pages collected in one list). The stream is split by brackets and quotes alone;
//! everything between them is left to the parser of the record.

use std::io::{self, BufRead, BufReader, Read};

use serde::de::IgnoredAny;

use super::place::{Fault, Flaw, Position};

/// Maximum size of a record in bytes: 128 MiB.
pub const MAX_RECORD: usize = 128 * 1024 * 1024;

/// Maximum nesting depth of objects and lists in a record.
pub const MAX_DEPTH: usize = 128;

/// Maximum number of lists around a record: a page, and a list of pages.
const MAX_LISTS: usize = 2;

const BUFFER: usize = 64 * 1024;

pub(super) const BOM: [u8; 3] = [0xEF, 0xBB, 0xBF];

/// The separator that RFC 7464 writes before each value of a sequence.
pub(super) const SEPARATOR: u8 = 0x1E;

/// The tokens that may come next between records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    /// A value or the end of the input.
    Top,
    /// A value or the end of the list that was just opened.
    FirstOrEnd,
    /// A value: there was a comma.
    Value,
    /// A comma or the end of the list.
    CommaOrEnd,
}

/// The raw text of a record.
#[derive(Debug)]
pub(super) struct RawRecord<'a> {
    /// Its number in the stream, from 1.
    pub number: u64,
    /// Where it begins.
    pub start: Position,
    /// Its text: begins with `{`, is balanced and valid UTF-8, and is otherwise unchecked.
    pub text: &'a str,
}

/// The records of a stream; see the module's documentation.
#[derive(Debug)]
pub(super) struct Values<R> {
    input: BufReader<R>,
    /// The position of the next byte.
    position: Position,
    started: bool,
    expect: Expect,
    lists: usize,
    /// The number of records begun.
    count: u64,
    /// The latest record.
    text: String,
    /// The result of `peek` that `next` has not yet returned.
    peeked: Option<Result<Option<Position>, Fault>>,
    max_record: usize,
}

impl<R: Read> Values<R> {
    /// The records of `reader`, none longer than `max_record` bytes. Reads are buffered.
    pub fn new(reader: R, max_record: usize) -> Self {
        Self {
            input: BufReader::with_capacity(BUFFER, reader),
            position: Position::START,
            started: false,
            expect: Expect::Top,
            lists: 0,
            count: 0,
            text: String::new(),
            peeked: None,
            max_record,
        }
    }

    /// The records of a part of an input; the part begins at `start`.
    pub fn inside(reader: R, start: Position, max_record: usize) -> Self {
        Self { position: start, started: true, ..Self::new(reader, max_record) }
    }

    /// The next record, or `None` at a valid end. Do not call it again after an error.
    pub fn next(&mut self) -> Result<Option<RawRecord<'_>>, Fault> {
        let found = match self.peeked.take() {
            Some(found) => found?,
            None => self.advance()?,
        };
        Ok(found.map(|start| RawRecord { number: self.count, start, text: &self.text }))
    }

    /// The text of the next record without consuming it; `None` at the end and if it cannot be read (then `next`
    /// returns the error).
    pub fn peek(&mut self) -> io::Result<Option<&str>> {
        let found = match self.peeked.take() {
            Some(found) => found,
            None => self.advance(),
        };
        if let Err(Fault::Io(error)) = found {
            return Err(error);
        }
        let peeked = self.peeked.insert(found);
        Ok(matches!(peeked, Ok(Some(_))).then_some(self.text.as_str()))
    }

    /// The reader; buffered bytes are lost.
    pub fn into_reader(self) -> R {
        self.input.into_inner()
    }

    /// Moves the text of the latest record out.
    pub fn take_text(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    /// A peeked record that was not yet returned, followed by the rest of the input.
    pub fn into_rest(self) -> impl Read + use<R> {
        let peeked = if self.peeked.is_some() { self.text } else { String::new() };
        io::Cursor::new(peeked).chain(self.input)
    }

    /// Reads the next record into `text` and returns its start.
    fn advance(&mut self) -> Result<Option<Position>, Fault> {
        if !self.started {
            self.skip_bom()?;
            self.started = true;
        }
        loop {
            let Some(byte) = self.peek_past_space()? else {
                if self.expect == Expect::Top {
                    return Ok(None);
                }
                return Err(self.fault(format!("the input ends inside a list; records before that: {}", self.count)));
            };
            match (byte, self.expect) {
                (b'{', Expect::Top | Expect::FirstOrEnd | Expect::Value) => return self.take_record().map(Some),
                (b'[', Expect::Top | Expect::FirstOrEnd | Expect::Value) => {
                    if self.lists == MAX_LISTS {
                        return Err(self.fault("lists inside lists inside a list hold no records"));
                    }
                    self.lists += 1;
                    self.expect = Expect::FirstOrEnd;
                }
                (b']', Expect::FirstOrEnd | Expect::CommaOrEnd) => {
                    self.lists -= 1;
                    self.expect = self.after_value();
                }
                (b',', Expect::CommaOrEnd) => self.expect = Expect::Value,
                (_, expect) => return Err(self.unexpected(byte, expect)),
            }
            self.consume(1);
        }
    }

    /// The position of the next byte.
    pub fn position(&self) -> Position {
        self.position
    }

    /// Reads the record that begins at the next byte, and returns its start.
    fn take_record(&mut self) -> Result<Position, Fault> {
        self.count += 1;
        let mut record = std::mem::take(&mut self.text).into_bytes();
        record.clear();
        let start = self.position;
        let mut brackets = Brackets::default();
        loop {
            let buffer = fill(&mut self.input)?;
            if buffer.is_empty() {
                let Position { line, column } = start;
                let problem =
                    format!("the input ends in the middle of this record, which began at line {line}, column {column}");
                return Err(self.truncated(&record, start, problem));
            }
            let scan = brackets.scan(buffer);
            let taken = scan.len();
            if record.len() + taken > self.max_record {
                let problem = format!("this record is longer than {}, the limit for one record", size(self.max_record));
                return Err(self.truncated(&record, start, problem));
            }
            grow(&mut record, taken, self.max_record);
            record.extend_from_slice(&buffer[..taken]);
            self.consume(taken);
            match scan {
                Scan::Open(_) => {}
                Scan::TooDeep(_) => {
                    let problem =
                        format!("more than {MAX_DEPTH} objects and lists inside each other, the limit for one record");
                    return Err(self.fault_in_record(self.position, problem));
                }
                Scan::Closed(_) => break,
            }
        }
        self.expect = self.after_value();
        match String::from_utf8(record) {
            Ok(text) => {
                self.text = text;
                Ok(start)
            }
            Err(error) => {
                let at = start.after(&error.as_bytes()[..error.utf8_error().valid_up_to()]);
                Err(self.fault_in_record(at, "not valid UTF-8"))
            }
        }
    }

    /// The fault of a record without a proper end. A syntax error *inside* the record is reported instead if there is
    /// one, because it is more precise (a missing quote swallows everything up to the end of the input).
    fn truncated(&self, record: &[u8], start: Position, problem: String) -> Fault {
        match serde_json::from_slice::<IgnoredAny>(record) {
            Err(error) if error.is_syntax() => Fault::Flaw { record: Some(self.count), flaw: Flaw::of(start, &error) },
            _ => self.fault_in_record(self.position, problem),
        }
    }

    fn after_value(&self) -> Expect {
        if self.lists == 0 { Expect::Top } else { Expect::CommaOrEnd }
    }

    fn unexpected(&self, byte: u8, expect: Expect) -> Fault {
        let found = match byte {
            b'"' => "a text".to_owned(),
            b'-' | b'0'..=b'9' => "a number".to_owned(),
            0x21..=0x7E => format!("'{}'", char::from(byte)),
            _ => format!("byte 0x{byte:02X}"),
        };
        let next = self.count + 1;
        match expect {
            Expect::Top => self.fault(format!("expected a JSON object or list, found {found}")),
            Expect::CommaOrEnd => self.fault(format!("expected ',' or ']' after record {}, found {found}", self.count)),
            Expect::FirstOrEnd | Expect::Value => Fault::Flaw {
                record: Some(next),
                flaw: Flaw::new(self.position, format!("expected a JSON object, found {found}")),
            },
        }
    }

    /// A fault between records, at the next byte.
    fn fault(&self, problem: impl Into<String>) -> Fault {
        Flaw::new(self.position, problem).into()
    }

    fn fault_in_record(&self, position: Position, problem: impl Into<String>) -> Fault {
        Fault::Flaw { record: Some(self.count), flaw: Flaw::new(position, problem) }
    }

    /// The next byte that is not white space; it is not consumed.
    fn peek_past_space(&mut self) -> io::Result<Option<u8>> {
        loop {
            let buffer = fill(&mut self.input)?;
            if buffer.is_empty() {
                return Ok(None);
            }
            let between = self.expect == Expect::Top;
            let is_space = |byte: u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n') || (between && byte == SEPARATOR);
            let found = buffer.iter().position(|byte| !is_space(*byte));
            let byte = found.map(|at| buffer[at]);
            let skipped = found.unwrap_or(buffer.len());
            self.consume(skipped);
            if byte.is_some() {
                return Ok(byte);
            }
        }
    }

    /// Skips a byte order mark, which is not part of the text and not counted as a column.
    fn skip_bom(&mut self) -> Result<(), Fault> {
        for (seen, expected) in BOM.into_iter().enumerate() {
            match fill(&mut self.input)?.first() {
                Some(&byte) if byte == expected => self.input.consume(1),
                _ if seen == 0 => break,
                _ => return Err(self.fault("expected JSON, found a broken byte order mark")),
            }
        }
        Ok(())
    }

    fn consume(&mut self, count: usize) {
        self.position = self.position.after(&self.input.buffer()[..count]);
        self.input.consume(count);
    }
}

/// `fill_buf` that retries when a signal interrupts it, as `read_to_end` does.
fn fill<R: Read>(input: &mut BufReader<R>) -> io::Result<&[u8]> {
    while input.buffer().is_empty() {
        match input.fill_buf() {
            Ok(_) => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(input.buffer())
}

/// Grows the buffer of a record: doubles it, but never beyond the limit of a record.
fn grow(record: &mut Vec<u8>, more: usize, max: usize) {
    let needed = record.len() + more;
    if needed > record.capacity() {
        let capacity = needed.saturating_mul(2).min(max).max(needed);
        record.reserve_exact(capacity - record.len());
    }
}

/// A limit in words: `128 MiB`, or in bytes if it is not a multiple of 1 MiB.
pub(super) fn size(bytes: usize) -> String {
    const MIB: usize = 1024 * 1024;
    if bytes >= MIB && bytes.is_multiple_of(MIB) { format!("{} MiB", bytes / MIB) } else { format!("{bytes} bytes") }
}

/// How a chunk of a record ends, with the number of its bytes that belong to the record.
enum Scan {
    Open(usize),
    Closed(usize),
    TooDeep(usize),
}

impl Scan {
    fn len(&self) -> usize {
        let (Self::Open(len) | Self::Closed(len) | Self::TooDeep(len)) = *self;
        len
    }
}

/// The state of a scan within a record, kept between chunks.
#[derive(Debug, Default)]
struct Brackets {
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Brackets {
    fn scan(&mut self, bytes: &[u8]) -> Scan {
        let mut at = 0;
        while at < bytes.len() {
            if self.escaped {
                self.escaped = false;
                at += 1;
                continue;
            }
            let rest = &bytes[at..];
            let found = if self.in_string {
                memchr::memchr2(b'"', b'\\', rest)
            } else {
                rest.iter().position(|byte| matches!(byte, b'"' | b'{' | b'[' | b'}' | b']'))
            };
            let Some(found) = found else { break };
            at += found + 1;
            match rest[found] {
                b'"' => self.in_string = !self.in_string,
                b'\\' => self.escaped = true,
                b'{' | b'[' if self.depth == MAX_DEPTH => return Scan::TooDeep(at - 1),
                b'{' | b'[' => self.depth += 1,
                _ if self.depth == 1 => return Scan::Closed(at),
                _ => self.depth -= 1,
            }
        }
        Scan::Open(bytes.len())
    }
}

#[cfg(test)]
mod tests;
