//! A relay to a server that breaks or stalls connections on demand: it forwards bytes between its own port and the
//! server's.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// When the connection breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Break {
    /// Before the server receives the statement.
    Before,
    /// After the server has answered, before the client receives that.
    After,
    /// As `Before`, but nothing is closed: the client waits.
    SilentBefore,
    /// As `After`, but nothing is closed: the client waits.
    SilentAfter,
    /// Not at all: the answer is delayed by [`LATE`].
    Late,
}

/// The delay of a late answer.
pub const LATE: Duration = Duration::from_millis(500);

#[derive(Debug, Default)]
struct State {
    ends_at: Mutex<Option<(String, Break)>>,
    /// How often all connections were stalled.
    silences: AtomicUsize,
    /// The number of connections so far.
    lines: AtomicUsize,
}

#[derive(Debug)]
pub struct Relay {
    port: u16,
    state: Arc<State>,
}

impl Relay {
    /// Listens on a free port of `host`; fails if this machine has no such address.
    pub fn new(host: &str, server: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((host, 0))?;
        let port = listener.local_addr()?.port();
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if let Ok(server) = TcpStream::connect(("127.0.0.1", server)) {
                    shared.lines.fetch_add(1, Ordering::SeqCst);
                    carry(client, server, Arc::clone(&shared));
                }
            }
        });
        Ok(Self { port, state })
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Breaks the first connection on which a client sends `text` from now on.
    pub fn break_at(&self, text: &str, when: Break) {
        *self.state.ends_at.lock().unwrap() = Some((text.to_owned(), when));
    }

    /// From now on nothing is forwarded on existing connections; later ones work normally.
    pub fn fall_silent(&self) {
        self.state.silences.fetch_add(1, Ordering::SeqCst);
    }

    /// The number of connections so far.
    pub fn lines(&self) -> usize {
        self.state.lines.load(Ordering::SeqCst)
    }
}

/// What to do with received bytes.
enum Fate {
    Carried,
    Lost,
    End,
}

fn carry(mut client: TcpStream, mut server: TcpStream, state: Arc<State>) {
    let (mut back, mut answers) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let (ends, silent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (ends_too, silent_too) = (Arc::clone(&ends), Arc::clone(&silent));
    let late = Arc::new(AtomicBool::new(false));
    let late_too = Arc::clone(&late);
    let before = state.silences.load(Ordering::SeqCst);
    let at_work = Arc::clone(&state);
    let fell_silent = move || at_work.silences.load(Ordering::SeqCst) > before;
    let fell_silent_too = fell_silent.clone();
    thread::spawn(move || {
        pump(&mut answers, &mut back, |_| match () {
            () if ends_too.load(Ordering::SeqCst) => Fate::End,
            () if silent_too.load(Ordering::SeqCst) || fell_silent_too() => Fate::Lost,
            () if late_too.swap(false, Ordering::SeqCst) => {
                thread::sleep(LATE);
                Fate::Carried
            }
            () => Fate::Carried,
        });
    });
    thread::spawn(move || {
        pump(&mut client, &mut server, |sent| {
            let mut ends_at = state.ends_at.lock().unwrap();
            let holds = |text: &str| sent.windows(text.len()).any(|window| window == text.as_bytes());
            match ends_at.take_if(|(text, _)| holds(text)) {
                Some((_, Break::Before)) => return Fate::End,
                Some((_, Break::After)) => ends.store(true, Ordering::SeqCst),
                Some((_, Break::SilentAfter)) => silent.store(true, Ordering::SeqCst),
                Some((_, Break::Late)) => late.store(true, Ordering::SeqCst),
                Some((_, Break::SilentBefore)) => {
                    silent.store(true, Ordering::SeqCst);
                    return Fate::Lost;
                }
                None => {}
            }
            if fell_silent() { Fate::Lost } else { Fate::Carried }
        });
    });
}

/// Forwards bytes until `fate` or an error ends it; then closes both streams.
fn pump(from: &mut TcpStream, to: &mut TcpStream, mut fate: impl FnMut(&[u8]) -> Fate) {
    let mut buffer = [0; 16_384];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        match fate(&buffer[..read]) {
            Fate::Carried if to.write_all(&buffer[..read]).is_ok() => {}
            Fate::Lost => {}
            Fate::Carried | Fate::End => break,
        }
    }
    for end in [from, to] {
        // The other direction may have closed it already.
        let _ = end.shutdown(Shutdown::Both);
    }
}
