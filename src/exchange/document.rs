//! Reads an input that is a single record, as text.

use std::io::Read;

use super::place::{Fault, Flaw, Position};
use super::values::size;

const BOM: char = '\u{FEFF}';

/// The whole text of `reader`, at most `max` bytes, without a byte order mark. A NUL is an error with its position:
/// databases cannot store one in text.
pub(super) fn read(reader: impl Read, max: usize) -> Result<String, Fault> {
    let mut bytes = Vec::new();
    reader.take(max as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > max {
        return Err(Flaw::new(
            Position::START.after(&bytes[..max]),
            format!("this document is longer than {}, the limit for one record", size(max)),
        )
        .into());
    }
    let mut text = String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        Flaw::new(Position::START.after(valid), "not valid UTF-8")
    })?;
    if text.starts_with(BOM) {
        text.drain(..BOM.len_utf8());
    }
    match memchr::memchr(0, text.as_bytes()) {
        Some(nul) => {
            Err(Flaw::new(Position::START.after(&text.as_bytes()[..nul]), "the text contains a NUL byte").into())
        }
        None => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flaw(bytes: &[u8], max: usize) -> (String, u64, u64) {
        match read(bytes, max) {
            Err(Fault::Flaw { flaw, .. }) => (flaw.problem, flaw.position.line, flaw.position.column),
            other => panic!("expected a flaw, got {other:?}"),
        }
    }

    #[test]
    fn a_text_is_taken_as_it_is_but_for_the_byte_order_mark() {
        assert_eq!(read(&b"\xEF\xBB\xBFone\r\ntwo  \n"[..], 100).expect("text"), "one\r\ntwo  \n");
        assert_eq!(read(&b""[..], 100).expect("text"), "");
    }

    #[test]
    fn what_no_text_can_hold_is_named_with_its_place() {
        assert_eq!(flaw(b"ab\nc\xFFd", 100), ("not valid UTF-8".to_owned(), 2, 2));
        assert_eq!(flaw(b"ab\0", 100), ("the text contains a NUL byte".to_owned(), 1, 3));
    }

    #[test]
    fn a_text_at_the_limit_is_taken_and_one_byte_more_is_not() {
        assert!(read(&b"12345678"[..], 8).is_ok());
        assert_eq!(flaw(b"123456789", 8).0, "this document is longer than 8 bytes, the limit for one record");
    }

    #[test]
    fn an_input_without_end_is_given_up_at_the_limit() {
        assert!(read(std::io::repeat(b'x'), 1 << 20).is_err());
    }
}
