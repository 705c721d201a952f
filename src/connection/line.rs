//! `Line`: a stream to a server or from its client, over TCP or a Unix socket; and the way to a server.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs as _};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};

/// Where a server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// A name or an address, and a port.
    Host(String, u16),
    /// A Unix socket's path.
    Socket(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(host, port) => write!(f, "{host}:{port}"),
            Self::Socket(path) => f.write_str(path),
        }
    }
}

/// How the system finds out that the other end of a TCP connection is gone without a word; `None` leaves it to the system.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Probes {
    /// How long nothing comes before the first probe.
    pub idle: Option<Duration>,
    /// How long between two probes.
    pub interval: Option<Duration>,
    /// How many go without an answer.
    pub count: Option<u32>,
    /// How long what was sent may go unacknowledged, where the system can limit that.
    pub unacknowledged: Option<Duration>,
}

/// A stream that two threads may use at once, one for each direction.
#[derive(Debug)]
pub(super) enum Line {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

/// Runs an expression on the stream in a [`Line`].
macro_rules! on_stream {
    ($line:expr, $stream:ident => $run:expr) => {
        match $line {
            Line::Tcp($stream) => $run,
            #[cfg(unix)]
            Line::Unix($stream) => $run,
        }
    };
}

/// Why there is no line to a server.
#[derive(Debug)]
pub(super) enum DialError {
    /// The host, whose name has no address.
    UnknownHost(String, io::Error),
    /// The last address that was tried, as messages name it, and what came of it.
    Unreachable(String, io::Error),
}

/// In the words of MariaDB's client library.
impl fmt::Display for DialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownHost(host, error) => write!(f, "Unknown server host '{host}': {error}"),
            Self::Unreachable(place, error) => write!(f, "Can't connect to {place}: {error}"),
        }
    }
}

impl Line {
    /// Connects to the server; each address of its name has `wait` to answer.
    pub fn dial(place: &Place, wait: Duration, probes: Probes) -> Result<Self, DialError> {
        match place {
            Place::Host(host, port) => {
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
            Place::Socket(path) => {
                UnixStream::connect(path).map(Self::Unix).map_err(|error| DialError::Unreachable(path.clone(), error))
            }
            #[cfg(not(unix))]
            Place::Socket(path) => Err(DialError::Unreachable(path.clone(), io::ErrorKind::Unsupported.into())),
        }
    }

    /// A TCP connection that sends at once. Where the system lacks a setting it works without.
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

    /// How long the stream waits for something to come and, with `None`, that it waits forever.
    pub fn set_read_timeout(&self, wait: Option<Duration>) -> io::Result<()> {
        on_stream!(self, stream => stream.set_read_timeout(wait))
    }

    /// As [`set_read_timeout`](Self::set_read_timeout), until the other end takes something.
    pub fn set_write_timeout(&self, wait: Option<Duration>) -> io::Result<()> {
        on_stream!(self, stream => stream.set_write_timeout(wait))
    }

    /// Ends both directions; whoever reads or writes meanwhile is told.
    pub fn hang_up(&self) {
        // Fails only where the other end did so before.
        let _ended = on_stream!(self, stream => stream.shutdown(Shutdown::Both));
    }
}

impl Read for &Line {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        on_stream!(self, stream => { let mut stream = stream; stream.read(buffer) })
    }
}

impl Write for &Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        on_stream!(self, stream => { let mut stream = stream; stream.write(bytes) })
    }

    fn flush(&mut self) -> io::Result<()> {
        on_stream!(self, stream => { let mut stream = stream; stream.flush() })
    }
}

/// Whether reading or writing ended because the time that it was given was over.
pub(super) fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}
