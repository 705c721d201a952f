//! A relay to a server that breaks or stalls connections on demand: it forwards bytes between its own port and the
//! server's.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
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
    /// In the middle of an answer: after this many bytes of what the server sends from then on.
    Halfway(usize),
    /// As `Halfway`, but nothing is closed: the client waits.
    SilentHalfway(usize),
    /// Not at all: the answer is delayed by [`LATE`].
    Late,
}

/// The delay of a late answer.
pub const LATE: Duration = Duration::from_millis(500);

#[derive(Debug, Default)]
struct State {
    ends_at: Mutex<Option<(String, Break)>>,
    announced: Mutex<Option<Announcement>>,
    /// How often all connections were stalled.
    silences: AtomicUsize,
    /// The number of connections so far.
    lines: AtomicUsize,
}

/// Who is told that a client sends a text, and how long the text is held back after that.
#[derive(Debug)]
struct Announcement {
    text: String,
    to: Sender<()>,
    held: Duration,
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

    /// Tells when a client first sends `text` from now on, which is forwarded after `held`.
    pub fn announce(&self, text: &str, held: Duration) -> Receiver<()> {
        let (to, told) = mpsc::channel();
        *self.state.announced.lock().unwrap() = Some(Announcement { text: text.to_owned(), to, held });
        told
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

/// What to do with received bytes: how many are forwarded, and whether both streams are closed after that.
struct Fate {
    forwarded: usize,
    closes: bool,
}

impl Fate {
    const END: Self = Self { forwarded: 0, closes: true };
    const LOST: Self = Self { forwarded: 0, closes: false };

    fn carried(bytes: &[u8]) -> Self {
        Self { forwarded: bytes.len(), closes: false }
    }
}

/// What is left of an answer that ends halfway.
struct Rest {
    bytes: usize,
    closes: bool,
}

impl Rest {
    fn take(&mut self, received: &[u8]) -> Fate {
        let forwarded = self.bytes.min(received.len());
        self.bytes -= forwarded;
        Fate { forwarded, closes: self.closes && forwarded < received.len() }
    }
}

fn carry(mut client: TcpStream, mut server: TcpStream, state: Arc<State>) {
    let (mut back, mut answers) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let (ends, silent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (ends_too, silent_too) = (Arc::clone(&ends), Arc::clone(&silent));
    let late = Arc::new(AtomicBool::new(false));
    let late_too = Arc::clone(&late);
    let rest: Arc<Mutex<Option<Rest>>> = Arc::default();
    let rest_too = Arc::clone(&rest);
    let before = state.silences.load(Ordering::SeqCst);
    let at_work = Arc::clone(&state);
    let fell_silent = move || at_work.silences.load(Ordering::SeqCst) > before;
    let fell_silent_too = fell_silent.clone();
    thread::spawn(move || {
        pump(&mut answers, &mut back, |said| {
            if ends_too.load(Ordering::SeqCst) {
                return Fate::END;
            }
            if silent_too.load(Ordering::SeqCst) || fell_silent_too() {
                return Fate::LOST;
            }
            if late_too.swap(false, Ordering::SeqCst) {
                thread::sleep(LATE);
            }
            rest_too.lock().unwrap().as_mut().map_or_else(|| Fate::carried(said), |rest| rest.take(said))
        });
    });
    thread::spawn(move || {
        pump(&mut client, &mut server, |sent| {
            let holds = |text: &str| sent.windows(text.len()).any(|window| window == text.as_bytes());
            let announced = state.announced.lock().unwrap().take_if(|announced| holds(&announced.text));
            if let Some(Announcement { to, held, .. }) = announced {
                // Nobody may want to know any more.
                let _ = to.send(());
                thread::sleep(held);
            }
            let mut ends_at = state.ends_at.lock().unwrap();
            match ends_at.take_if(|(text, _)| holds(text)) {
                Some((_, Break::Before)) => return Fate::END,
                Some((_, Break::After)) => ends.store(true, Ordering::SeqCst),
                Some((_, Break::SilentAfter)) => silent.store(true, Ordering::SeqCst),
                Some((_, Break::Late)) => late.store(true, Ordering::SeqCst),
                Some((_, Break::Halfway(bytes))) => *rest.lock().unwrap() = Some(Rest { bytes, closes: true }),
                Some((_, Break::SilentHalfway(bytes))) => *rest.lock().unwrap() = Some(Rest { bytes, closes: false }),
                Some((_, Break::SilentBefore)) => {
                    silent.store(true, Ordering::SeqCst);
                    return Fate::LOST;
                }
                None => {}
            }
            if fell_silent() { Fate::LOST } else { Fate::carried(sent) }
        });
    });
}

/// Forwards bytes until `fate` or an error ends it; then closes both streams.
fn pump(from: &mut TcpStream, to: &mut TcpStream, mut fate: impl FnMut(&[u8]) -> Fate) {
    let mut buffer = [0; 16_384];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        let Fate { forwarded, closes } = fate(&buffer[..read]);
        if to.write_all(&buffer[..forwarded]).is_err() || closes {
            break;
        }
    }
    for end in [from, to] {
        // The other direction may have closed it already.
        let _ = end.shutdown(Shutdown::Both);
    }
}
