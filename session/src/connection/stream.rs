//! `Stream`: a connection to a server or from its client, over TCP or a Unix socket; and dialing a server.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs as _};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};

/// The address of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ServerAddress {
    /// A name or an address, and a port.
    Host(String, u16),
    /// A Unix socket's path.
    Socket(String),
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(host, port) => write!(f, "{host}:{port}"),
            Self::Socket(path) => f.write_str(path),
        }
    }
}

/// How the system detects that the other end of a TCP connection vanished without closing it; `None` leaves that to the
/// system.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Probes {
    /// The idle time before the first probe.
    pub idle: Option<Duration>,
    /// The time between two probes.
    pub interval: Option<Duration>,
    /// How many unanswered probes end the connection.
    pub count: Option<u32>,
    /// How long sent data may remain unacknowledged, where the system can limit that.
    pub unacknowledged: Option<Duration>,
}

/// A stream that two threads may use at once, one for each direction.
#[derive(Debug)]
pub(super) enum Stream {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

/// Runs an expression on the concrete stream in a [`Stream`].
macro_rules! on_stream {
    ($either:expr, $stream:ident => $run:expr) => {
        match $either {
            Stream::Tcp($stream) => $run,
            #[cfg(unix)]
            Stream::Unix($stream) => $run,
        }
    };
}

/// Why a server could not be reached.
#[derive(Debug)]
pub(super) enum DialError {
    /// The host name has no address.
    UnknownHost(String, io::Error),
    /// The last address that was tried, as messages show it, and the error.
    Unreachable(String, io::Error),
}

/// Worded as MariaDB's client library does.
impl fmt::Display for DialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownHost(host, error) => write!(f, "Unknown server host '{host}': {error}"),
            Self::Unreachable(address, error) => write!(f, "Can't connect to {address}: {error}"),
        }
    }
}

impl Stream {
    /// Connects to the server; each address that its name resolves to has `wait` to answer.
    pub fn dial(server: &ServerAddress, wait: Duration, probes: Probes) -> Result<Self, DialError> {
        match server {
            ServerAddress::Host(host, port) => {
                let unknown = |error| DialError::UnknownHost(host.clone(), error);
                let addresses = (&**host, *port).to_socket_addrs().map_err(unknown)?;
                let mut failed = unknown(io::ErrorKind::NotFound.into());
                for address in addresses {
                    match TcpStream::connect_timeout(&address, wait) {
                        Ok(stream) => return Ok(Self::tcp(stream, probes)),
                        Err(error) => failed = DialError::Unreachable(address.to_string(), error),
                    }
                }
                Err(failed)
            }
            #[cfg(unix)]
            ServerAddress::Socket(path) => {
                UnixStream::connect(path).map(Self::Unix).map_err(|error| DialError::Unreachable(path.clone(), error))
            }
            #[cfg(not(unix))]
            ServerAddress::Socket(path) => Err(DialError::Unreachable(path.clone(), io::ErrorKind::Unsupported.into())),
        }
    }

    /// A TCP connection without Nagle's delay. It works without the settings that the system lacks.
    pub fn tcp(stream: TcpStream, probes: Probes) -> Self {
        let socket = SockRef::from(&stream);
        let _slower = socket.set_tcp_nodelay(true);
        if let Some(idle) = probes.idle {
            let mut keepalive = TcpKeepalive::new().with_time(idle);
            #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple", target_os = "freebsd"))]
            {
                keepalive = probes.interval.map_or(keepalive.clone(), |interval| keepalive.with_interval(interval));
                keepalive = probes.count.map_or(keepalive.clone(), |count| keepalive.with_retries(count));
            }
            let _system_s_own = socket.set_tcp_keepalive(&keepalive);
        }
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if probes.unacknowledged.is_some() {
            let _system_s_own = socket.set_tcp_user_timeout(probes.unacknowledged);
        }
        Self::Tcp(stream)
    }

    /// Sets how long a read waits; with `None`, forever.
    pub fn set_read_timeout(&self, wait: Option<Duration>) -> io::Result<()> {
        on_stream!(self, stream => stream.set_read_timeout(wait))
    }

    /// Sets how long a write waits for the other end; with `None`, forever.
    pub fn set_write_timeout(&self, wait: Option<Duration>) -> io::Result<()> {
        on_stream!(self, stream => stream.set_write_timeout(wait))
    }

    /// Ends both directions, which also ends concurrent reads and writes.
    pub fn shut_down(&self) {
        // Fails only where the other end has done so already.
        let _ended = on_stream!(self, stream => stream.shutdown(Shutdown::Both));
    }
}

impl Read for &Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        on_stream!(self, stream => { let mut stream = stream; stream.read(buffer) })
    }
}

impl Write for &Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        on_stream!(self, stream => { let mut stream = stream; stream.write(bytes) })
    }

    fn flush(&mut self) -> io::Result<()> {
        on_stream!(self, stream => { let mut stream = stream; stream.flush() })
    }
}

/// Whether a read or write ended because it timed out.
pub(super) fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}
