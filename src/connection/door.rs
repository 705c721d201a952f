//! `Door`: where a client library finds a relay, on loopback or as a Unix socket, and who can come there.

use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
#[cfg(unix)]
use std::os::unix::fs::DirBuilderExt as _;
#[cfg(unix)]
use std::os::unix::net::{UnixListener, UnixStream};
#[cfg(unix)]
use std::path::PathBuf;

use super::line::{Line, Place, Probes};

/// Where a client library finds a relay.
#[derive(Debug, Clone)]
pub(super) enum Door {
    Tcp(SocketAddr),
    #[cfg(unix)]
    Unix(PathBuf),
}

/// Waits behind a door.
pub(super) enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener),
}

impl Listener {
    /// The next client that comes.
    pub fn accept(&self) -> io::Result<Line> {
        match self {
            Self::Tcp(listener) => listener.accept().map(|(client, _)| Line::tcp(client, Probes::default())),
            #[cfg(unix)]
            Self::Unix(listener) => listener.accept().map(|(client, _)| Line::Unix(client)),
        }
    }
}

impl Door {
    /// Opens the door of a relay to the server at `place`, which is of the same kind. `name` is that of a Unix socket.
    pub fn open(place: &Place, name: &str) -> io::Result<(Self, Listener)> {
        Ok(match *place {
            Place::Host(_, port) => {
                let listener = on_loopback(port)?;
                (Door::Tcp(listener.local_addr()?), Listener::Tcp(listener))
            }
            #[cfg(unix)]
            Place::Socket(_) => {
                let path = private_folder()?.join(name);
                let listener = UnixListener::bind(&path);
                let door = Door::Unix(path);
                match listener {
                    Ok(listener) => (door, Listener::Unix(listener)),
                    Err(error) => {
                        door.remove();
                        return Err(error);
                    }
                }
            }
            #[cfg(not(unix))]
            Place::Socket(_) => return Err(io::ErrorKind::Unsupported.into()),
        })
    }

    /// Comes as a client, so that whoever waits for one looks up.
    pub fn knock(&self) -> io::Result<()> {
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
                // What cannot be removed is an empty folder in a folder for such things.
                let _left = std::fs::remove_file(path);
                let _left = path.parent().map(std::fs::remove_dir);
            }
        }
    }
}

/// A port on loopback: where the system has more than one address there, that of the server on one of them, because
/// messages and `~/.pgpass` name it.
fn on_loopback(port: u16) -> io::Result<TcpListener> {
    if cfg!(target_os = "linux") {
        let [a, b, c, ..] = chance().to_ne_bytes();
        // Neither the network's own address, nor the one that everybody uses, nor the one for all.
        let address = Ipv4Addr::new(127, a | 1, b, c.clamp(1, 254));
        if let Ok(listener) = TcpListener::bind((address, port)) {
            return Ok(listener);
        }
    }
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
}

fn chance() -> u64 {
    RandomState::new().hash_one(0)
}

/// A new folder that only this user can enter.
#[cfg(unix)]
pub(super) fn private_folder() -> io::Result<PathBuf> {
    let mut attempts = 0..100;
    loop {
        let folder = std::env::temp_dir().join(format!("folio-{:016x}", chance()));
        match std::fs::DirBuilder::new().mode(0o700).create(&folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempts.next().is_some() => {}
            made => return made.map(|()| folder),
        }
    }
}
