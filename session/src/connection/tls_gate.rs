//! A gate in the relay to a MySQL or MariaDB server: only a request for TLS leaves the process before TLS is
//! established.
//!
//! MariaDB's client library logs in without TLS if the server's greeting does not offer it, whatever its settings. So
//! where a connection must have TLS, the relay reads the greeting, refuses one that does not offer TLS, and lets the
//! client's first packet pass only if it requests TLS and contains no login. From then on it forwards the encrypted
//! bytes of that same stream, in which the client library checks the server's certificate.

use std::io::{self, Read, Write as _};
use std::time::Duration;

use super::relay::Refusal;
use super::stream::{Stream, is_timeout};

/// The capability flag by which either side offers TLS.
const CLIENT_SSL: u16 = 0x0800;

/// The longest packet before TLS: a greeting is about a hundred bytes, an error somewhat more.
const LONGEST: usize = 4_096;

/// The message where TLS is required and the server does not offer it.
pub(super) const NOT_OFFERED: &str =
    "the URL requires TLS, and the server does not offer it; enable it there (ssl_cert, ssl_key)";

/// The length of a request for TLS: flags, packet size, character set, and nothing of the login.
const REQUEST: usize = 32;

/// Reads the greeting, forwards it if it offers TLS, and forwards the client's request for TLS; everything else is
/// forwarded after that.
pub(super) fn admit(client: &Stream, server: &Stream, wait: Duration) -> Result<(), Refusal> {
    let (mut client_end, mut server_end) = (client, server);
    let lost = |error: io::Error| match error {
        error if is_timeout(&error) => Refusal::Unanswered(wait),
        error => Refusal::Message(format!("Lost connection while the server greeted: {error}")),
    };
    server.set_read_timeout(Some(wait)).map_err(lost)?;
    let greeting = packet(&mut server_end).map_err(lost)?;
    server.set_read_timeout(None).map_err(lost)?;
    if !offers_tls(&greeting[4..]) {
        return Err(Refusal::Message(NOT_OFFERED.to_owned()));
    }
    // If the client disconnects now, it reports why itself.
    let ended = |_| Refusal::Lost;
    client_end.write_all(&greeting).map_err(ended)?;
    client.set_read_timeout(Some(wait)).map_err(ended)?;
    let request = packet(&mut client_end).map_err(ended)?;
    if !asks_for_tls(&request[4..]) {
        return Err(Refusal::Lost);
    }
    client.set_read_timeout(None).map_err(ended)?;
    server_end.write_all(&request).map_err(ended)
}

/// One packet with its header: three bytes of length and a sequence number.
fn packet(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut packet = vec![0; 4];
    stream.read_exact(&mut packet)?;
    let length = usize::from(packet[0]) | usize::from(packet[1]) << 8 | usize::from(packet[2]) << 16;
    if length > LONGEST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "this is not a MySQL server"));
    }
    packet.resize(4 + length, 0);
    stream.read_exact(&mut packet[4..])?;
    Ok(packet)
}

/// Whether a greeting offers TLS: after version, thread, salt and a zero come the server's flags. An error instead of a
/// greeting passes too, because the client sends nothing in reply.
fn offers_tls(greeting: &[u8]) -> bool {
    const BEFORE_FLAGS: usize = 4 + 8 + 1;
    match greeting {
        [0xff, ..] => true,
        [10, rest @ ..] => {
            let flags = rest.iter().position(|byte| *byte == 0).and_then(|end| rest.get(end + 1 + BEFORE_FLAGS..));
            matches!(flags, Some([low, high, ..]) if u16::from_le_bytes([*low, *high]) & CLIENT_SSL != 0)
        }
        _ => false,
    }
}

fn asks_for_tls(packet: &[u8]) -> bool {
    packet.len() == REQUEST && u16::from_le_bytes([packet[0], packet[1]]) & CLIENT_SSL != 0
}
