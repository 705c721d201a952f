//! A relay between a client library and its server, inside the process, which closes a connection on which the server
//! does not answer, or stops in the middle of an answer.
//!
//! The client libraries wait for an answer forever, or have no timeout that Diesel lets us set. So they connect to the
//! relay, and the relay to the server, over TCP if the server is reached by TCP and over a Unix socket if it is reached
//! by one: a client library may send a password over a Unix socket that it would not send over TCP. The bytes are
//! forwarded unchanged, so TLS is end to end between the client library and the server.
//!
//! A relay's endpoint is open while its client library connects, and closed when that returns: until then nobody else
//! can take its port and impersonate the server, and any other TCP client gets a separate connection to the server and
//! no part of this one. A Unix socket endpoint is in a folder that only this user can enter, because a server may
//! authenticate anyone who connects through such a socket as this user.

use std::io::{self, Read as _, Write as _};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::endpoint::Endpoint;
use super::frames::{Frames, Protocol};
use super::read_limit::ReadLimit;
use super::stream::{DialError, Probes, ServerAddress, Stream, is_timeout};
use super::unanswered;

/// How many bytes are forwarded at a time.
const BUFFER: usize = 32 * 1024;

/// The protocol-specific part of a relay.
pub(super) struct ProtocolHooks {
    /// Runs before anything is forwarded in either direction; a refusal is reported to the opener of the relay.
    pub admit: fn(&Stream, &Stream, Duration) -> Result<(), Refusal>,
    /// The server sends the first bytes.
    pub server_speaks_first: bool,
    /// Whether what the client has sent at once needs no answer.
    pub needs_no_answer: fn(&[u8]) -> bool,
    /// How the server's answers are framed.
    pub protocol: Protocol,
}

/// What the server owes the client, as far as the bytes show it.
#[derive(Debug, Default)]
struct Answers {
    /// Nothing has come since the client sent something, or more must follow what came.
    due: AtomicBool,
    /// What came is still being written to the client, which does not read it.
    delivering: AtomicBool,
    /// The number of reads in which something came.
    received: AtomicUsize,
}

/// Why a client was not let through.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The server could not be reached.
    Dial(DialError),
    /// The server does not meet a requirement.
    #[cfg(feature = "mysql")]
    Message(String),
    /// Nothing came from the server within this time.
    Unanswered(Duration),
    /// One end was lost, or the client sent something unexpected; the client library reports that itself.
    #[cfg(feature = "mysql")]
    Lost,
}

/// A relay with an open endpoint.
pub(super) struct Relay {
    endpoint: Endpoint,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

struct Shared {
    server: ServerAddress,
    wait: Duration,
    probes: Probes,
    limit: ReadLimit,
    hooks: ProtocolHooks,
    closed: AtomicBool,
    refused: Mutex<Option<Refusal>>,
    /// An established stream to the server, for the first client.
    dialed: Mutex<Option<Stream>>,
}

impl Relay {
    /// Opens the endpoint of a relay to `server`. A client has `wait` to be connected, after which the server has
    /// `limit` for each answer. `name` is the file name of the endpoint if it is a Unix socket.
    pub fn open(
        server: ServerAddress,
        name: &str,
        wait: Duration,
        probes: Probes,
        limit: ReadLimit,
        hooks: ProtocolHooks,
    ) -> io::Result<Self> {
        let (endpoint, listener) = Endpoint::open(&server, name)?;
        let (closed, refused, dialed) = (AtomicBool::new(false), Mutex::new(None), Mutex::new(None));
        let shared = Arc::new(Shared { server, wait, probes, limit, hooks, closed, refused, dialed });
        let (for_acceptor, thread) = (Arc::clone(&shared), thread::Builder::new().name("session-relay".to_owned()));
        let acceptor = thread.spawn(move || {
            while let Ok(client) = listener.accept() {
                if for_acceptor.closed.load(Ordering::SeqCst) {
                    break;
                }
                let (shared, thread) =
                    (Arc::clone(&for_acceptor), thread::Builder::new().name("session-relay".to_owned()));
                // Without a thread the client's connection is dropped.
                let _started = thread.spawn(move || shared.serve(client));
            }
        });
        let mut relay = Self { endpoint, shared, acceptor: None };
        relay.acceptor = Some(acceptor?);
        Ok(relay)
    }

    /// Provides an established stream to the server, for the first client.
    #[cfg(feature = "postgres")]
    pub fn with_stream(self, dialed: Stream) -> Self {
        *self.shared.dialed.lock().unwrap_or_else(PoisonError::into_inner) = Some(dialed);
        self
    }

    /// Where the client library connects.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Whether the endpoint has the server's own port number.
    #[cfg(feature = "postgres")]
    pub fn keeps_port(&self) -> bool {
        match (&self.endpoint, &self.shared.server) {
            (Endpoint::Tcp(endpoint), ServerAddress::Host(_, port)) => endpoint.port() == *port,
            _ => true,
        }
    }

    /// Why the last client was refused.
    pub fn refusal(&self) -> Option<Refusal> {
        self.shared.refused.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Closes the endpoint. Established connections continue.
impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::SeqCst);
        if self.endpoint.wake_listener().is_ok()
            && let Some(acceptor) = self.acceptor.take()
        {
            // The thread only accepts; nothing in it can panic.
            let _ended = acceptor.join();
        }
        self.endpoint.remove();
    }
}

impl Shared {
    /// Connects a client to the server and forwards bytes until one of them closes the connection.
    fn serve(&self, client: Stream) {
        let dialed = self.dialed.lock().unwrap_or_else(PoisonError::into_inner).take();
        let stream = dialed.map_or_else(|| Stream::dial(&self.server, self.wait, self.probes), Ok);
        let admitted = stream.map_err(Refusal::Dial).and_then(|server| {
            (self.hooks.admit)(&client, &server, self.wait)?;
            Ok(server)
        });
        match admitted {
            Ok(server) => self.forward(&Arc::new(client), &Arc::new(server)),
            // Before the client is disconnected, because the opener of the relay asks for the refusal right after that.
            Err(refusal) => self.refuse(refusal),
        }
    }

    fn refuse(&self, refusal: Refusal) {
        if let Refusal::Dial(error) = &refusal {
            tracing::debug!(target: "diesel_session::connection", place = %self.server, %error, "no line to the server");
        }
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(refusal);
    }

    /// Forwards the client's bytes in this thread, and the server's in another.
    fn forward(&self, client: &Arc<Stream>, server: &Arc<Stream>) {
        let answers = Arc::new(Answers::default());
        answers.due.store(self.hooks.server_speaks_first, Ordering::SeqCst);
        let (back, to, given) = (Arc::clone(server), Arc::clone(client), Arc::clone(&answers));
        let (frames, thread) =
            (Frames::of(self.hooks.protocol), thread::Builder::new().name("session-relay".to_owned()));
        if thread.spawn(move || forward_answers(&back, &to, frames, &given)).is_err() {
            return;
        }
        if let Some(limit) = self.forward_requests(client, server, &answers) {
            if self.closed.load(Ordering::SeqCst) {
                tracing::warn!(target: "diesel_session::connection", place = %self.server, "{}", unanswered::message(limit));
                unanswered::give_up(limit);
            } else {
                self.refuse(Refusal::Unanswered(limit));
            }
            client.shut_down();
            server.shut_down();
        }
    }

    /// Forwards what the client sends. Returns the limit within which nothing came that was due, if that ended it.
    fn forward_requests(&self, client: &Stream, server: &Stream, answers: &Answers) -> Option<Duration> {
        let (mut client_end, mut server_end) = (client, server);
        let mut buffer = vec![0; BUFFER];
        let (mut armed, mut received) = (None, 0);
        let arm = |armed: &mut Option<Duration>, limit: Option<Duration>| {
            // Fails only if the stream has ended, which the next read reports.
            if *armed != limit && client.set_read_timeout(limit).and(server.set_write_timeout(limit)).is_ok() {
                *armed = limit;
            }
        };
        arm(&mut armed, self.limit.get());
        loop {
            let sent = match client_end.read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => &buffer[..length],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if is_timeout(&error) => {
                    let before = std::mem::replace(&mut received, answers.received.load(Ordering::SeqCst));
                    let is_due = answers.due.load(Ordering::SeqCst) && !answers.delivering.load(Ordering::SeqCst);
                    if is_due && received == before {
                        return armed;
                    }
                    continue;
                }
                Err(_) => break,
            };
            if !(self.hooks.needs_no_answer)(sent) {
                received = answers.received.load(Ordering::SeqCst);
                answers.due.store(true, Ordering::SeqCst);
            }
            arm(&mut armed, self.limit.get());
            match server_end.write_all(sent) {
                Ok(()) => {}
                Err(error) if is_timeout(&error) => return armed,
                // The server's reason for reading no more may be on its way back; the other thread then closes both.
                Err(_) => return None,
            }
        }
        server.shut_down();
        None
    }
}

/// Forwards what the server sends, and closes both streams when the server's ends.
fn forward_answers(server: &Stream, client: &Stream, mut frames: Frames, answers: &Answers) {
    let (mut server_end, mut client_end) = (server, client);
    let mut buffer = vec![0; BUFFER];
    loop {
        match server_end.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(length @ 1..) => {
                frames.take(&buffer[..length]);
                // Before the client gets the answer, because it may send again at once.
                answers.due.store(frames.are_open(), Ordering::SeqCst);
                answers.received.fetch_add(1, Ordering::SeqCst);
                answers.delivering.store(true, Ordering::SeqCst);
                if client_end.write_all(&buffer[..length]).is_err() {
                    break;
                }
                answers.delivering.store(false, Ordering::SeqCst);
            }
            Ok(0) | Err(_) => break,
        }
    }
    client.shut_down();
    server.shut_down();
}

#[cfg(test)]
mod tests {
    use std::net::{SocketAddr, TcpListener, TcpStream};
    #[cfg(unix)]
    use std::os::unix::net::{UnixListener, UnixStream};

    use super::*;

    const WAIT: Duration = Duration::from_secs(10);

    #[cfg(feature = "postgres")]
    const PROTOCOL: Protocol = Protocol::Postgres;
    #[cfg(not(feature = "postgres"))]
    const PROTOCOL: Protocol = Protocol::Mysql;

    fn relay_to(server: ServerAddress, limit: Duration) -> Relay {
        let hooks = ProtocolHooks {
            admit: |_, _, _| Ok(()),
            server_speaks_first: false,
            needs_no_answer: |_| false,
            protocol: PROTOCOL,
        };
        Relay::open(server, "s", WAIT, Probes::default(), ReadLimit::new(limit), hooks).unwrap()
    }

    fn tcp(relay: &Relay) -> SocketAddr {
        match relay.endpoint() {
            Endpoint::Tcp(address) => *address,
            #[cfg(unix)]
            Endpoint::Unix(path) => panic!("{path:?}"),
        }
    }

    /// An echo server.
    fn echo_server() -> ServerAddress {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                thread::spawn(move || io::copy(&mut &client, &mut &client));
            }
        });
        ServerAddress::Host("127.0.0.1".to_owned(), port)
    }

    fn echoes(mut client: &TcpStream, said: &[u8]) -> bool {
        let mut back = vec![0; said.len()];
        client.write_all(said).and_then(|()| client.read_exact(&mut back)).is_ok_and(|()| back == said)
    }

    #[test]
    fn the_endpoint_is_closed_when_the_relay_is_dropped_and_earlier_clients_go_on() {
        let relay = relay_to(echo_server(), WAIT);
        let endpoint = tcp(&relay);
        assert!(endpoint.ip().is_loopback());
        let client = TcpStream::connect(endpoint).unwrap();
        assert!(echoes(&client, b"one"));
        drop(relay);
        assert!(TcpStream::connect(endpoint).is_err());
        assert!(echoes(&client, b"two"));
    }

    #[test]
    fn the_first_client_keeps_nobody_out_and_receives_nothing_of_the_others() {
        let relay = relay_to(echo_server(), WAIT);
        let [stranger, own] = [(); 2].map(|()| TcpStream::connect(tcp(&relay)).unwrap());
        assert!(echoes(&own, b"secret"));
        assert!(echoes(&stranger, b"other"));
    }

    #[test]
    fn everything_ends_with_the_client() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let relay = relay_to(ServerAddress::Host("127.0.0.1".to_owned(), listener.local_addr().unwrap().port()), WAIT);
        drop(TcpStream::connect(tcp(&relay)).unwrap());
        let (mut server, _) = listener.accept().unwrap();
        assert_eq!(server.read(&mut [0; 1]).unwrap(), 0);
    }

    #[test]
    fn a_server_that_takes_nothing_more_is_given_up_too() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = ServerAddress::Host("127.0.0.1".to_owned(), listener.local_addr().unwrap().port());
        let relay = relay_to(server, Duration::from_millis(200));
        let mut client = TcpStream::connect(tcp(&relay)).unwrap();
        let _never_read = listener.accept().unwrap();
        // More than the system's buffers hold.
        let ended = (0..10_000).any(|_| client.write_all(&[0; 65_536]).is_err());
        assert!(ended && matches!(relay.refusal(), Some(Refusal::Unanswered(_))));
    }

    #[test]
    fn a_server_that_is_not_there_is_reported_to_the_opener_of_the_relay() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let relay = relay_to(ServerAddress::Host("127.0.0.1".to_owned(), free), WAIT);
        let mut client = TcpStream::connect(tcp(&relay)).unwrap();
        assert!(matches!(client.read(&mut [0; 1]), Ok(0) | Err(_)));
        assert!(matches!(relay.refusal(), Some(Refusal::Dial(DialError::Unreachable(..)))));
    }

    #[cfg(unix)]
    #[test]
    fn a_socket_is_accessible_to_this_user_alone_and_leaves_nothing_behind() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = crate::connection::endpoint::private_folder().unwrap();
        let path = folder.join("server");
        let server = UnixListener::bind(&path).unwrap();
        let relay = relay_to(ServerAddress::Socket(path.display().to_string()), WAIT);
        let Endpoint::Unix(endpoint) = relay.endpoint().clone() else { panic!("{:?}", relay.endpoint()) };
        let private = endpoint.parent().unwrap().to_owned();
        assert_eq!(private.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        let mut client = UnixStream::connect(&endpoint).unwrap();
        let (mut there, _) = server.accept().unwrap();
        drop(relay);
        assert!(!private.exists());
        there.write_all(b"one").unwrap();
        let mut said = [0; 3];
        client.read_exact(&mut said).unwrap();
        assert_eq!(&said, b"one");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
