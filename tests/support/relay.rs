//! A line to a server that breaks when it is told to: it carries bytes from a port of its own to the server's and back.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// When the line breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Break {
    /// Before the server hears of it.
    Before,
    /// When the server has answered, and before the client hears that.
    After,
}

pub struct Relay {
    port: u16,
    ends_at: Arc<Mutex<Option<(String, Break)>>>,
}

impl Relay {
    /// Listens on a free port of `host`; fails where this machine has no such address.
    pub fn new(host: &str, server: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((host, 0))?;
        let port = listener.local_addr()?.port();
        let ends_at = Arc::new(Mutex::new(None));
        let shared = Arc::clone(&ends_at);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if let Ok(server) = TcpStream::connect(("127.0.0.1", server)) {
                    carry(client, server, Arc::clone(&shared));
                }
            }
        });
        Ok(Self { port, ends_at })
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Breaks the first line on which a client sends `text` from now on.
    pub fn break_at(&self, text: &str, when: Break) {
        *self.ends_at.lock().unwrap() = Some((text.to_owned(), when));
    }
}

fn carry(mut client: TcpStream, mut server: TcpStream, ends_at: Arc<Mutex<Option<(String, Break)>>>) {
    let (mut back, mut answers) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let last = Arc::new(AtomicBool::new(false));
    let at_its_last = Arc::clone(&last);
    thread::spawn(move || {
        pump(&mut answers, &mut back, |_| !at_its_last.load(Ordering::SeqCst));
    });
    thread::spawn(move || {
        pump(&mut client, &mut server, |sent| {
            let mut ends_at = ends_at.lock().unwrap();
            let holds = |text: &str| sent.windows(text.len()).any(|window| window == text.as_bytes());
            match ends_at.take_if(|(text, _)| holds(text)) {
                Some((_, Break::Before)) => return false,
                Some((_, Break::After)) => last.store(true, Ordering::SeqCst),
                None => {}
            }
            true
        });
    });
}

/// Carries what comes while `goes_on`; then nothing goes either way any more.
fn pump(from: &mut TcpStream, to: &mut TcpStream, mut goes_on: impl FnMut(&[u8]) -> bool) {
    let mut buffer = [0; 16_384];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        if !goes_on(&buffer[..read]) || to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    for end in [from, to] {
        // The other direction may have ended it already.
        let _ = end.shutdown(Shutdown::Both);
    }
}
