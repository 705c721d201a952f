//! `Endpoint`: where a client library connects to a relay, a loopback port or a Unix socket, and who can reach it.

use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
#[cfg(unix)]
use std::os::unix::fs::DirBuilderExt as _;
#[cfg(unix)]
use std::os::unix::net::{UnixListener, UnixStream};
#[cfg(unix)]
use std::path::PathBuf;

use super::stream::{Probes, ServerAddress, Stream};

/// Where a client library connects to a relay.
#[derive(Debug, Clone)]
pub(super) enum Endpoint {
    Tcp(SocketAddr),
    #[cfg(unix)]
    Unix(PathBuf),
}

/// Accepts connections at an endpoint.
pub(super) enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener),
}

impl Listener {
    /// The next client that connects.
    pub fn accept(&self) -> io::Result<Stream> {
        match self {
            Self::Tcp(listener) => listener.accept().map(|(client, _)| Stream::tcp(client, Probes::default())),
            #[cfg(unix)]
            Self::Unix(listener) => listener.accept().map(|(client, _)| Stream::Unix(client)),
        }
    }
}

impl Endpoint {
    /// Opens the endpoint of a relay to `server`: TCP for TCP, a Unix socket for a Unix socket, whose file is called
    /// `name`.
    pub fn open(server: &ServerAddress, name: &str) -> io::Result<(Self, Listener)> {
        Ok(match *server {
            ServerAddress::Host(_, port) => {
                let listener = on_loopback(port)?;
                (Endpoint::Tcp(listener.local_addr()?), Listener::Tcp(listener))
            }
            #[cfg(unix)]
            ServerAddress::Socket(_) => {
                let path = private_folder()?.join(name);
                let listener = UnixListener::bind(&path);
                let endpoint = Endpoint::Unix(path);
                match listener {
                    Ok(listener) => (endpoint, Listener::Unix(listener)),
                    Err(error) => {
                        endpoint.remove();
                        return Err(error);
                    }
                }
            }
            #[cfg(not(unix))]
            ServerAddress::Socket(_) => return Err(io::ErrorKind::Unsupported.into()),
        })
    }

    /// Connects as a client, so that a blocked `accept` returns.
    pub fn wake_listener(&self) -> io::Result<()> {
        match self {
            Self::Tcp(address) => TcpStream::connect(address).map(drop),
            #[cfg(unix)]
            Self::Unix(path) => UnixStream::connect(path).map(drop),
        }
    }

    pub fn remove(&self) {
        match self {
            Self::Tcp(_) => {}
            #[cfg(unix)]
            Self::Unix(path) => {
                // What cannot be removed is left as an empty folder in the temporary folder.
                let _left = std::fs::remove_file(path);
                let _left = path.parent().map(std::fs::remove_dir);
            }
        }
    }
}

/// A port on loopback. Where the system has more than one loopback address, it is the server's own port number on one
/// of them, because messages and `~/.pgpass` name it.
fn on_loopback(port: u16) -> io::Result<TcpListener> {
    if cfg!(target_os = "linux") {
        let [a, b, c, ..] = random().to_ne_bytes();
        // Neither the network address, nor 127.0.0.1, which everybody uses, nor the broadcast address.
        let address = Ipv4Addr::new(127, a | 1, b, c.clamp(1, 254));
        if let Ok(listener) = TcpListener::bind((address, port)) {
            return Ok(listener);
        }
    }
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
}

fn random() -> u64 {
    RandomState::new().hash_one(0)
}

/// A new folder that only this user can enter.
#[cfg(unix)]
pub(super) fn private_folder() -> io::Result<PathBuf> {
    let mut attempts = 0..100;
    loop {
        let folder = std::env::temp_dir().join(format!("session-{:016x}", random()));
        match std::fs::DirBuilder::new().mode(0o700).create(&folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempts.next().is_some() => {}
            made => return made.map(|()| folder),
        }
    }
}
