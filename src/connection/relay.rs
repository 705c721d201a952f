//! A relay between a client library and its server, inside the process: it ends a connection on which the server does not
//! answer.
//!
//! The client libraries wait for an answer forever, or have no setting for it that Diesel hands on. So they connect to
//! the relay, and the relay to the server, over TCP where the server is reached by TCP and over a Unix socket where it is
//! reached by one: a client library may send a password over a Unix socket that it would not send over TCP. The bytes go
//! through as they are, so TLS is between the client library and the server.
//!
//! The door of a relay is open while its client library connects, and shut when that returns: until then nobody else
//! can take its port and play the server, and what else comes to it over TCP gets a connection of its own to the server
//! and no part of this one. A Unix socket's door stands in a folder that only this user can enter, because a server may
//! take whoever comes through such a socket for this user.

use std::io::{self, Read as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::door::Door;
use super::line::{DialError, Line, Place, Probes, is_timeout};
use super::read_limit::ReadLimit;
use super::unanswered;

/// How much is carried at a time.
const BUFFER: usize = 32 * 1024;

/// What a relay does beside carrying bytes, which depends on the protocol.
pub(super) struct Duties {
    /// What must have happened before anything else goes either way; a refusal is told to whoever opened the relay.
    pub admit: fn(&Line, &Line, Duration) -> Result<(), Refusal>,
    /// The server speaks first.
    pub greets: bool,
    /// What the client has sent in one go needs no answer.
    pub needs_no_answer: fn(&[u8]) -> bool,
}

/// Why a client was not let through.
#[derive(Debug)]
pub(super) enum Refusal {
    /// There is no line to the server.
    Dial(DialError),
    /// The server is not what it must be.
    #[cfg(feature = "mysql")]
    Told(String),
    /// Nothing came from the server within this time.
    Unanswered(Duration),
    /// One end was lost, or the client asked for something else; the client library itself tells what it saw.
    #[cfg(feature = "mysql")]
    Lost,
}

/// A relay whose door is open.
pub(super) struct Relay {
    door: Door,
    shared: Arc<Shared>,
    porter: Option<JoinHandle<()>>,
}

struct Shared {
    place: Place,
    wait: Duration,
    probes: Probes,
    limit: ReadLimit,
    duties: Duties,
    shut: AtomicBool,
    refused: Mutex<Option<Refusal>>,
    /// A line to the server that is there already, for the first client.
    dialed: Mutex<Option<Line>>,
}

impl Relay {
    /// Opens the door of a relay to the server at `place`. A client that comes has `wait` to be connected, after which
    /// the server has `limit` for each answer. `name` is that of the door where it is a Unix socket.
    pub fn open(
        place: Place,
        name: &str,
        wait: Duration,
        probes: Probes,
        limit: ReadLimit,
        duties: Duties,
    ) -> io::Result<Self> {
        let (door, listener) = Door::open(&place, name)?;
        let (shut, refused, dialed) = (AtomicBool::new(false), Mutex::new(None), Mutex::new(None));
        let shared = Arc::new(Shared { place, wait, probes, limit, duties, shut, refused, dialed });
        let (to_porter, thread) = (Arc::clone(&shared), thread::Builder::new().name("folio-relay".to_owned()));
        let porter = thread.spawn(move || {
            while let Ok(client) = listener.accept() {
                if to_porter.shut.load(Ordering::SeqCst) {
                    break;
                }
                let (shared, thread) = (Arc::clone(&to_porter), thread::Builder::new().name("folio-relay".to_owned()));
                // Without a thread the client is hung up on.
                let _started = thread.spawn(move || shared.serve(client));
            }
        });
        let mut relay = Self { door, shared, porter: None };
        relay.porter = Some(porter?);
        Ok(relay)
    }

    /// Gives it a line to the server that is there already, for the first client that comes.
    #[cfg(feature = "postgres")]
    pub fn with_line(self, dialed: Line) -> Self {
        *self.shared.dialed.lock().unwrap_or_else(PoisonError::into_inner) = Some(dialed);
        self
    }

    /// Where the client library finds it.
    pub fn door(&self) -> &Door {
        &self.door
    }

    /// Whether the client library finds it at the port that the server has.
    #[cfg(feature = "postgres")]
    pub fn keeps_port(&self) -> bool {
        match (&self.door, &self.shared.place) {
            (Door::Tcp(door), Place::Host(_, port)) => door.port() == *port,
            _ => true,
        }
    }

    /// Why the last client that came was not let through.
    pub fn refusal(&self) -> Option<Refusal> {
        self.shared.refused.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Shuts the door. The connections that came through it go on.
impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.shut.store(true, Ordering::SeqCst);
        if self.door.knock().is_ok()
            && let Some(porter) = self.porter.take()
        {
            // It only opens; nothing in it can panic.
            let _ended = porter.join();
        }
        self.door.remove();
    }
}

impl Shared {
    /// Connects a client to the server and carries what they say, until one of them ends it.
    fn serve(&self, client: Line) {
        let dialed = self.dialed.lock().unwrap_or_else(PoisonError::into_inner).take();
        let line = dialed.map_or_else(|| Line::dial(&self.place, self.wait, self.probes), Ok);
        let admitted = line.map_err(Refusal::Dial).and_then(|server| {
            (self.duties.admit)(&client, &server, self.wait)?;
            Ok(server)
        });
        match admitted {
            Ok(server) => self.carry(&Arc::new(client), &Arc::new(server)),
            // While the client is still connected: whoever opened the relay asks as soon as it is not.
            Err(refusal) => self.refuse(refusal),
        }
    }

    fn refuse(&self, refusal: Refusal) {
        if let Refusal::Dial(error) = &refusal {
            tracing::debug!(target: "folio::connection", place = %self.place, %error, "no line to the server");
        }
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(refusal);
    }

    /// Carries what the client says here, and what the server says in a thread of its own.
    fn carry(&self, client: &Arc<Line>, server: &Arc<Line>) {
        let asked = Arc::new(AtomicBool::new(self.duties.greets));
        let (back, to, answered) = (Arc::clone(server), Arc::clone(client), Arc::clone(&asked));
        let thread = thread::Builder::new().name("folio-relay".to_owned());
        if thread.spawn(move || bring_answers(&back, &to, &answered)).is_err() {
            return;
        }
        if let Some(limit) = self.take_questions(client, server, &asked) {
            if self.shut.load(Ordering::SeqCst) {
                tracing::warn!(target: "folio::connection", place = %self.place, "{}", unanswered::words(limit));
                unanswered::give_up(limit);
            } else {
                self.refuse(Refusal::Unanswered(limit));
            }
            client.hang_up();
            server.hang_up();
        }
    }

    /// Carries what the client sends. Gives the limit within which nothing came back, where that ends it.
    fn take_questions(&self, client: &Line, server: &Line, asked: &AtomicBool) -> Option<Duration> {
        let (mut client_end, mut server_end) = (client, server);
        let mut buffer = vec![0; BUFFER];
        let mut armed = None;
        let arm = |armed: &mut Option<Duration>, limit: Option<Duration>| {
            // Fails only where the stream has ended, which the next read tells.
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
                    if asked.load(Ordering::SeqCst) {
                        return armed;
                    }
                    // Nobody waits for anything until the client speaks again.
                    arm(&mut armed, None);
                    continue;
                }
                Err(_) => break,
            };
            if !(self.duties.needs_no_answer)(sent) {
                asked.store(true, Ordering::SeqCst);
            }
            arm(&mut armed, self.limit.get());
            match server_end.write_all(sent) {
                Ok(()) => {}
                Err(error) if is_timeout(&error) => return armed,
                // Why the server takes no more may be on its way back, which ends both.
                Err(_) => return None,
            }
        }
        server.hang_up();
        None
    }
}

/// Carries what the server sends, and ends both when it ends.
fn bring_answers(server: &Line, client: &Line, asked: &AtomicBool) {
    let (mut server_end, mut client_end) = (server, client);
    let mut buffer = vec![0; BUFFER];
    loop {
        match server_end.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(length @ 1..) => {
                // Before the client hears it, because that may ask again at once.
                asked.store(false, Ordering::SeqCst);
                if client_end.write_all(&buffer[..length]).is_err() {
                    break;
                }
            }
            Ok(0) | Err(_) => break,
        }
    }
    client.hang_up();
    server.hang_up();
}

#[cfg(test)]
mod tests {
    use std::net::{SocketAddr, TcpListener, TcpStream};
    #[cfg(unix)]
    use std::os::unix::net::{UnixListener, UnixStream};

    use super::*;

    const WAIT: Duration = Duration::from_secs(10);

    fn relay_to(place: Place, limit: Duration) -> Relay {
        let duties = Duties { admit: |_, _, _| Ok(()), greets: false, needs_no_answer: |_| false };
        Relay::open(place, "s", WAIT, Probes::default(), ReadLimit::new(limit), duties).unwrap()
    }

    fn tcp(relay: &Relay) -> SocketAddr {
        match relay.door() {
            Door::Tcp(address) => *address,
            #[cfg(unix)]
            Door::Unix(path) => panic!("{path:?}"),
        }
    }

    /// A server that says everything back.
    fn parrot() -> Place {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                thread::spawn(move || io::copy(&mut &client, &mut &client));
            }
        });
        Place::Host("127.0.0.1".to_owned(), port)
    }

    fn says_back(mut client: &TcpStream, said: &[u8]) -> bool {
        let mut back = vec![0; said.len()];
        client.write_all(said).and_then(|()| client.read_exact(&mut back)).is_ok_and(|()| back == said)
    }

    #[test]
    fn the_door_is_shut_when_the_relay_is_dropped_and_who_came_before_goes_on() {
        let relay = relay_to(parrot(), WAIT);
        let door = tcp(&relay);
        assert!(door.ip().is_loopback());
        let client = TcpStream::connect(door).unwrap();
        assert!(says_back(&client, b"one"));
        drop(relay);
        assert!(TcpStream::connect(door).is_err());
        assert!(says_back(&client, b"two"));
    }

    #[test]
    fn who_comes_first_keeps_nobody_out_and_hears_nothing_of_the_others() {
        let relay = relay_to(parrot(), WAIT);
        let [stranger, own] = [(); 2].map(|()| TcpStream::connect(tcp(&relay)).unwrap());
        assert!(says_back(&own, b"secret"));
        assert!(says_back(&stranger, b"other"));
    }

    #[test]
    fn everything_ends_with_the_client() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let relay = relay_to(Place::Host("127.0.0.1".to_owned(), listener.local_addr().unwrap().port()), WAIT);
        drop(TcpStream::connect(tcp(&relay)).unwrap());
        let (mut server, _) = listener.accept().unwrap();
        assert_eq!(server.read(&mut [0; 1]).unwrap(), 0);
    }

    #[test]
    fn a_server_that_takes_nothing_more_is_given_up_too() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let place = Place::Host("127.0.0.1".to_owned(), listener.local_addr().unwrap().port());
        let relay = relay_to(place, Duration::from_millis(200));
        let mut client = TcpStream::connect(tcp(&relay)).unwrap();
        let _never_read = listener.accept().unwrap();
        // More than the buffers of the system hold.
        let ended = (0..10_000).any(|_| client.write_all(&[0; 65_536]).is_err());
        assert!(ended && matches!(relay.refusal(), Some(Refusal::Unanswered(_))));
    }

    #[test]
    fn a_server_that_is_not_there_is_told_to_who_opened_the_relay() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let relay = relay_to(Place::Host("127.0.0.1".to_owned(), free), WAIT);
        let mut client = TcpStream::connect(tcp(&relay)).unwrap();
        assert!(matches!(client.read(&mut [0; 1]), Ok(0) | Err(_)));
        assert!(matches!(relay.refusal(), Some(Refusal::Dial(DialError::Unreachable(..)))));
    }

    #[cfg(unix)]
    #[test]
    fn a_socket_s_door_is_this_user_s_alone_and_leaves_nothing_behind() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = crate::connection::door::private_folder().unwrap();
        let path = folder.join("server");
        let server = UnixListener::bind(&path).unwrap();
        let relay = relay_to(Place::Socket(path.display().to_string()), WAIT);
        let Door::Unix(door) = relay.door().clone() else { panic!("{:?}", relay.door()) };
        let private = door.parent().unwrap().to_owned();
        assert_eq!(private.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        let mut client = UnixStream::connect(&door).unwrap();
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
