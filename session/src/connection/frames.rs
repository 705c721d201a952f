//! The frames of a server's answers: PostgreSQL's messages, MySQL's packets, and TLS's records around either. An answer that
//! stops inside one is not complete, whatever it says. Between two of them only PostgreSQL shows whether more must come,
//! because it ends every answer by a message of its own.

/// The protocol that a server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// A message is a letter and a length that counts itself.
    #[cfg(feature = "postgres")]
    Postgres,
    /// A packet is a length of three bytes, low to high, and a number.
    #[cfg(feature = "mysql")]
    Mysql,
}

impl Protocol {
    /// Whether a request for TLS is answered by one letter.
    fn answers_by_letter(self) -> bool {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres => true,
            #[cfg(feature = "mysql")]
            Self::Mysql => false,
        }
    }
}

/// The longest header: that of a PostgreSQL message, and that of a TLS record.
const LONGEST_HEADER: usize = 5;

#[cfg(feature = "postgres")]
const READY_FOR_QUERY: u8 = b'Z';
#[cfg(feature = "postgres")]
const AUTHENTICATION: u8 = b'R';
#[cfg(feature = "postgres")]
const COPY_IN: u8 = b'G';
#[cfg(feature = "postgres")]
const COPY_BOTH: u8 = b'W';
#[cfg(feature = "postgres")]
const NOTICE: u8 = b'N';
#[cfg(feature = "postgres")]
const NOTIFICATION: u8 = b'A';
#[cfg(feature = "postgres")]
const PARAMETER_STATUS: u8 = b'S';

/// Follows the answers of one connection, frame by frame.
#[derive(Debug)]
pub(super) struct Frames {
    protocol: Protocol,
    /// TLS has begun.
    sealed: bool,
    /// The number of frames that have begun, as far as it matters.
    begun: u8,
    header: [u8; LONGEST_HEADER],
    /// The number of bytes of the header that came.
    known: usize,
    /// The number of bytes of the frame after its header that are missing.
    missing: usize,
    /// The last message was not the end of an answer.
    unfinished: bool,
}

impl Frames {
    pub(super) fn of(protocol: Protocol) -> Self {
        Self { protocol, sealed: false, begun: 0, header: [0; LONGEST_HEADER], known: 0, missing: 0, unfinished: false }
    }

    /// Whether more must come, as far as the bytes so far show it.
    pub(super) fn are_open(&self) -> bool {
        self.known > 0 || self.missing > 0 || self.unfinished
    }

    /// Takes the next bytes.
    pub(super) fn take(&mut self, mut bytes: &[u8]) {
        if self.is_answer_to_request_for_tls(bytes) {
            return;
        }
        while let Some((first, rest)) = bytes.split_first() {
            if self.missing > 0 {
                let skipped = self.missing.min(bytes.len());
                self.missing -= skipped;
                bytes = &bytes[skipped..];
                continue;
            }
            self.header[self.known] = *first;
            self.known += 1;
            bytes = rest;
            self.sealed |= self.begins_tls();
            if self.known == self.header_length() {
                self.known = 0;
                self.begun = self.begun.saturating_add(1);
                self.missing = self.length();
                self.unfinished = self.is_unfinished();
            }
        }
    }

    /// PostgreSQL answers a request for encryption with one letter, before any message.
    fn is_answer_to_request_for_tls(&self, bytes: &[u8]) -> bool {
        self.protocol.answers_by_letter() && self.begun == 0 && matches!(bytes, [b'S' | b'N' | b'G'])
    }

    /// Whether the header so far is that of TLS's first record, a handshake, which follows a greeting or nothing. No
    /// message of PostgreSQL has this letter, and a packet of MySQL's that began so would be longer than any at this point.
    fn begins_tls(&self) -> bool {
        const HANDSHAKE: u8 = 22;
        self.begun <= 1 && self.known == 3 && self.header[..2] == [HANDSHAKE, 3] && (1..=4).contains(&self.header[2])
    }

    fn header_length(&self) -> usize {
        match self.protocol {
            _ if self.sealed => 5,
            #[cfg(feature = "postgres")]
            Protocol::Postgres => 5,
            #[cfg(feature = "mysql")]
            Protocol::Mysql => 4,
        }
    }

    /// Whether more messages must follow that with this header. After some the client has its turn; others come at any
    /// time, and change nothing.
    fn is_unfinished(&self) -> bool {
        match self.protocol {
            _ if self.sealed => false,
            #[cfg(feature = "postgres")]
            Protocol::Postgres => match self.header[0] {
                READY_FOR_QUERY | AUTHENTICATION | COPY_IN | COPY_BOTH => false,
                NOTICE | NOTIFICATION | PARAMETER_STATUS => self.unfinished,
                _ => true,
            },
            #[cfg(feature = "mysql")]
            Protocol::Mysql => false,
        }
    }

    /// The length after the header.
    fn length(&self) -> usize {
        let header = self.header.map(usize::from);
        match self.protocol {
            _ if self.sealed => header[3] << 8 | header[4],
            #[cfg(feature = "postgres")]
            Protocol::Postgres => (header[1] << 24 | header[2] << 16 | header[3] << 8 | header[4]).saturating_sub(4),
            #[cfg(feature = "mysql")]
            Protocol::Mysql => header[0] | header[1] << 8 | header[2] << 16,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether more must come after each beginning of `stream`, whatever the pieces in which it comes.
    fn open(protocol: Protocol, stream: &[u8]) -> Vec<bool> {
        let (mut by_byte, mut ends) = (Frames::of(protocol), Vec::new());
        for end in 1..=stream.len() {
            by_byte.take(&stream[end - 1..end]);
            let mut at_once = Frames::of(protocol);
            at_once.take(&stream[..end]);
            assert_eq!(at_once.are_open(), by_byte.are_open(), "{end}");
            ends.push(by_byte.are_open());
        }
        ends
    }

    /// The lengths of the beginnings after which nothing must come.
    fn ends(protocol: Protocol, stream: &[u8]) -> Vec<usize> {
        (1..).zip(open(protocol, stream)).filter(|(_, open)| !open).map(|(length, _)| length).collect()
    }

    const HANDSHAKE: &[u8] = b"\x16\x03\x03\x00\x02ab";
    const RECORD: &[u8] = b"\x17\x03\x03\x01\x00";

    fn records() -> Vec<u8> {
        [HANDSHAKE, RECORD, &[b'x'; 256], RECORD, &[b'y'; 256]].concat()
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn answers_of_postgresql_end_by_a_message_of_their_own() {
        // Authentication, a parameter, the end; a row and its end; a notice while nothing is asked.
        let parts: [&[u8]; 6] = [
            b"R\0\0\0\x08\0\0\0\0",
            b"S\0\0\0\x06a\0",
            b"Z\0\0\0\x05I",
            b"D\0\0\0\x0a\0\x01\0\0\0\0C\0\0\0\x04",
            b"Z\0\0\0\x05I",
            b"N\0\0\0\x05\0",
        ];
        assert_eq!(ends(Protocol::Postgres, &parts.concat()), [9, 16, 22, 44, 50]);
        // A notice in the middle of an answer does not end it.
        assert_eq!(ends(Protocol::Postgres, b"1\0\0\0\x04N\0\0\0\x05\0Z\0\0\0\x05I"), [17]);
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn tls_begins_after_the_letter_that_accepts_it() {
        let mut frames = Frames::of(Protocol::Postgres);
        frames.take(b"S");
        assert!(!frames.are_open());
        let records = records();
        frames.take(&records[..300]);
        assert!(frames.sealed && frames.are_open());
        frames.take(&records[300..]);
        assert!(!frames.are_open());
        // The same letter later is a message.
        let mut frames = Frames::of(Protocol::Postgres);
        frames.take(b"1\0\0\0\x04S");
        assert!(frames.are_open());
    }

    #[cfg(feature = "mysql")]
    #[test]
    fn packets_of_mysql_end_by_their_length() {
        assert_eq!(ends(Protocol::Mysql, b"\x02\0\0\0ab\0\0\0\x01\x01\0\0\x02c"), [6, 10, 15]);
        let long = [&b"\x16\x03\x01\x02"[..], &[b'z'; 0x0001_0316]].concat();
        let later = [&b"\x01\0\0\0a\x01\0\0\x01b"[..], &long].concat();
        assert_eq!(ends(Protocol::Mysql, &later), [5, 10, later.len()]);
    }

    #[cfg(feature = "mysql")]
    #[test]
    fn tls_begins_after_the_greeting_or_at_once() {
        let records = records();
        let after = |first: usize| {
            [HANDSHAKE.len(), 261, 261].into_iter().scan(first, |end, length| {
                *end += length;
                Some(*end)
            })
        };
        assert_eq!(ends(Protocol::Mysql, &records), after(0).collect::<Vec<_>>());
        let greeted = [&b"\x03\0\0\0\x0aab"[..], &records].concat();
        assert_eq!(ends(Protocol::Mysql, &greeted), [7].into_iter().chain(after(7)).collect::<Vec<_>>());
    }
}
