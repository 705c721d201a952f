//! A gate in front of a MySQL or MariaDB server: nothing but a request for TLS leaves the process before TLS stands.
//!
//! MariaDB's client library logs in without TLS where the server's greeting offers none, whatever it was told. So a
//! connection that must have TLS passes through this gate, over loopback. It reads the greeting, turns back where that
//! offers no TLS, and lets the client's first packet pass only if it asks for TLS and carries no login. From then on it
//! carries the encrypted bytes of that same stream, in which the client library checks the server's certificate.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream, ToSocketAddrs as _};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

/// The flag of either side that can do TLS.
const CLIENT_SSL: u16 = 0x0800;

/// How long a packet before TLS can be: a greeting is about a hundred bytes, an error some more.
const LONGEST: usize = 4_096;

/// A request for TLS: flags, packet size, character set, and nothing of the login.
const REQUEST: usize = 32;

/// Where the server is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    Host(String, u16),
    /// A Unix socket's path.
    Socket(String),
}

/// A stream to the server.
trait Line: Read + Write + Send + Sized + 'static {
    fn again(&self) -> io::Result<Self>;
    fn patience(&self, wait: Option<Duration>) -> io::Result<()>;
    fn hang_up(&self);
}

macro_rules! line {
    ($stream:ty) => {
        impl Line for $stream {
            fn again(&self) -> io::Result<Self> {
                self.try_clone()
            }

            fn patience(&self, wait: Option<Duration>) -> io::Result<()> {
                self.set_read_timeout(wait)
            }

            /// Fails only where the other end did so before.
            fn hang_up(&self) {
                let _ended = self.shutdown(Shutdown::Both);
            }
        }
    };
}

line!(TcpStream);
#[cfg(unix)]
line!(UnixStream);

/// Connects to the server and gives the port on 127.0.0.1 where one client can reach it, within `wait`.
pub(super) fn open(place: &Place, wait: Duration) -> Result<u16, String> {
    match place {
        Place::Host(host, port) => guard(dial(host, *port, wait)?, wait),
        #[cfg(unix)]
        Place::Socket(path) => {
            let line = UnixStream::connect(path).map_err(|error| format!("Can't connect to {path}: {error}"))?;
            guard(line, wait)
        }
        #[cfg(not(unix))]
        Place::Socket(_) => Err("this system has no such sockets".to_owned()),
    }
}

fn dial(host: &str, port: u16, wait: Duration) -> Result<TcpStream, String> {
    let addresses = (host, port).to_socket_addrs().map_err(|error| format!("Unknown server host '{host}': {error}"))?;
    let mut failed = format!("Unknown server host '{host}'");
    for address in addresses {
        match TcpStream::connect_timeout(&address, wait) {
            Ok(line) => {
                let _slower = line.set_nodelay(true);
                return Ok(line);
            }
            Err(error) => failed = format!("Can't connect to {address}: {error}"),
        }
    }
    Err(failed)
}

/// Reads the greeting, and opens the gate where it offers TLS.
fn guard(mut server: impl Line, wait: Duration) -> Result<u16, String> {
    let lost = |error: io::Error| format!("Lost connection while the server greeted: {error}");
    server.patience(Some(wait)).map_err(lost)?;
    let greeting = packet(&mut server).map_err(lost)?;
    if !offers_tls(&greeting[4..]) {
        return Err("the URL demands TLS, and the server offers none; turn it on there (ssl_cert, ssl_key)".to_owned());
    }
    server.patience(None).map_err(lost)?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| error.to_string())?;
    let port = listener.local_addr().map_err(|error| error.to_string())?.port();
    thread::Builder::new()
        .name("folio-tls-gate".to_owned())
        .spawn(move || {
            // Ends with the client, which sees it as a lost connection and says why itself.
            let _ended = client(&listener, wait).and_then(|client| admit(client, server, &greeting, wait));
        })
        .map_err(|error| error.to_string())?;
    Ok(port)
}

/// The client, which comes at once: its own process opened the gate for it.
fn client(listener: &TcpListener, wait: Duration) -> io::Result<TcpStream> {
    listener.set_nonblocking(true)?;
    let until = Instant::now() + wait;
    loop {
        match listener.accept() {
            Ok((client, _)) => {
                client.set_nonblocking(false)?;
                client.set_nodelay(true)?;
                return Ok(client);
            }
            Err(error) if error.kind() != io::ErrorKind::WouldBlock || Instant::now() > until => return Err(error),
            Err(_) => thread::sleep(Duration::from_millis(1)),
        }
    }
}

/// Hands the greeting on, waits for the request for TLS, and carries what follows both ways until one side ends.
fn admit(mut client: TcpStream, mut server: impl Line, greeting: &[u8], wait: Duration) -> io::Result<()> {
    client.set_read_timeout(Some(wait))?;
    client.write_all(greeting)?;
    let request = packet(&mut client)?;
    if !asks_for_tls(&request[4..]) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    client.set_read_timeout(None)?;
    server.write_all(&request)?;
    let (mut from_client, mut to_server) = (client.try_clone()?, server.again()?);
    let there = thread::Builder::new().name("folio-tls-gate".to_owned()).spawn(move || {
        let _ended = io::copy(&mut from_client, &mut to_server);
        to_server.hang_up();
    });
    if there.is_ok() {
        let _ended = io::copy(&mut server, &mut client);
    }
    server.hang_up();
    client.hang_up();
    there.map(drop)
}

/// One packet with its header: three bytes of length, one that counts.
fn packet(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut packet = vec![0; 4];
    stream.read_exact(&mut packet)?;
    let length = usize::from(packet[0]) | usize::from(packet[1]) << 8 | usize::from(packet[2]) << 16;
    if length > LONGEST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "this is no MySQL server"));
    }
    packet.resize(4 + length, 0);
    stream.read_exact(&mut packet[4..])?;
    Ok(packet)
}

/// Whether a greeting offers TLS: after version, thread, salt and a zero come the server's flags. An error instead of a
/// greeting passes too, because the client answers it with nothing.
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
