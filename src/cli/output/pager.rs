//! Standard output by way of the user's pager, where it is a terminal and the output is longer than the screen.

use std::io::{self, BufWriter, StdoutLock, Write};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{self, SyncSender};
use std::thread::{self, JoinHandle};

use terminal_size::{Height, Width, terminal_size_of};
use unicode_width::UnicodeWidthStr as _;

use crate::cli::interrupt::Ignored;

/// The pager's words: a program and its arguments.
static PAGER: OnceLock<Vec<String>> = OnceLock::new();

/// Has this command show output that is longer than the screen from now on. The empty command and `cat` are no pagers,
/// and a terminal that cannot move its cursor has none.
pub fn page_with(command: &str) {
    let words = shlex::split(command).unwrap_or_default();
    let is_dumb = std::env::var("TERM").map_or(cfg!(unix), |term| term == "dumb");
    if !is_dumb && words.first().is_some_and(|program| program != "cat") {
        // The program sets it once.
        let _ = PAGER.set(words);
    }
}

/// Standard output, buffered. What is written is shown when it is flushed or dropped; the latter waits until the user
/// leaves the pager.
pub struct Output(State);

enum State {
    Direct(BufWriter<StdoutLock<'static>>),
    /// Held until it is longer than the screen, or complete.
    Held {
        text: Vec<u8>,
        screen: Screen,
        pager: &'static [String],
    },
    Paged(Paged),
}

impl Output {
    pub(super) fn new() -> Self {
        match (PAGER.get(), Screen::of_stdout()) {
            (Some(pager), Some(screen)) => Self(State::Held { text: Vec::new(), screen, pager }),
            _ => Self(direct()),
        }
    }

    /// Shows what is held: on the screen itself, or in the pager if there is one. A pager that cannot be started is no
    /// failure.
    fn show(&mut self, in_pager: bool) -> io::Result<()> {
        if let State::Held { text, pager, .. } = &mut self.0 {
            let text = std::mem::take(text);
            let paged = if in_pager { Paged::start(pager).ok() } else { None };
            self.0 = paged.map_or_else(direct, State::Paged);
            self.write_all(&text)?;
            if let State::Paged(paged) = &mut self.0 {
                // The first screen does not wait for the next.
                paged.flush()?;
            }
        }
        Ok(())
    }
}

fn direct() -> State {
    State::Direct(BufWriter::with_capacity(64 * 1024, io::stdout().lock()))
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            State::Direct(out) => out.write(bytes),
            State::Paged(paged) => paged.write(bytes),
            State::Held { text, screen, .. } => {
                text.extend_from_slice(bytes);
                if screen.is_filled_by(bytes) {
                    self.show(true)?;
                }
                Ok(bytes.len())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.show(false)?;
        match &mut self.0 {
            State::Direct(out) => out.flush(),
            State::Paged(paged) => paged.flush(),
            State::Held { .. } => Ok(()),
        }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // What was written before a failure is shown; a failure of that itself is not reported beside the first.
        let _ = self.show(false);
    }
}

/// How much room is left on the screen.
struct Screen {
    columns: usize,
    rows: usize,
    /// The width of the line that has not ended.
    line: usize,
}

impl Screen {
    /// The screen of standard output, but for the line of the shell's prompt; none if it is not a terminal, or one that
    /// does not tell its size.
    fn of_stdout() -> Option<Self> {
        let (Width(columns), Height(rows)) = terminal_size_of(io::stdout())?;
        (columns > 0 && rows > 1).then(|| Self { columns: columns.into(), rows: usize::from(rows) - 1, line: 0 })
    }

    /// Takes the room that a text needs, and tells whether that was more than there was.
    fn is_filled_by(&mut self, bytes: &[u8]) -> bool {
        let text = String::from_utf8_lossy(bytes);
        let plain = anstream::adapter::strip_str(&text).to_string();
        for (position, part) in plain.split('\n').enumerate() {
            if position > 0 {
                let taken = self.line.div_ceil(self.columns).max(1);
                let Some(left) = self.rows.checked_sub(taken) else { return true };
                (self.rows, self.line) = (left, 0);
            }
            self.line += part.width();
        }
        self.line.div_ceil(self.columns) > self.rows
    }
}

/// The number of buffers, of 8 KiB, that wait for the user to read on: 64 MiB.
const WAITING: usize = 8 * 1024;

/// A pager that runs. A thread feeds it from memory, so that no transaction stays open while the user reads, unless there
/// is more to read than memory should hold.
struct Paged {
    /// `None` once everything is written.
    feed: Option<BufWriter<Feed>>,
    feeding: Option<JoinHandle<()>>,
    pager: Child,
    _ignored: Ignored,
}

struct Feed(SyncSender<Vec<u8>>);

impl Write for Feed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // The thread has ended because the user has left the pager.
        self.0.send(bytes.to_vec()).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Paged {
    fn start(words: &[String]) -> io::Result<Self> {
        let [program, arguments @ ..] = words else { return Err(io::ErrorKind::InvalidInput.into()) };
        let mut pager = Command::new(program);
        pager.args(arguments).stdin(Stdio::piped());
        // As git has it: colours, no clearing of the screen, and no waiting for a key if it fits all the same. The output
        // is UTF-8 whatever the locale is.
        for (variable, value) in [("LESS", "FRX"), ("LESSCHARSET", "utf-8")] {
            if std::env::var_os(variable).is_none() {
                pager.env(variable, value);
            }
        }
        // Ctrl-C reaches every program on the terminal; the pager knows what to do with it.
        let ignored = Ignored::until_dropped()?;
        let mut pager = pager.spawn()?;
        let (feed, chunks) = mpsc::sync_channel::<Vec<u8>>(WAITING);
        let input = pager.stdin.take();
        let feeding = thread::spawn(move || {
            let Some(mut input) = input else { return };
            for chunk in chunks {
                if input.write_all(&chunk).is_err() {
                    return;
                }
            }
        });
        let feed = Some(BufWriter::new(Feed(feed)));
        Ok(Self { feed, feeding: Some(feeding), pager, _ignored: ignored })
    }

    fn feed(&mut self) -> io::Result<&mut BufWriter<Feed>> {
        self.feed.as_mut().ok_or_else(|| io::ErrorKind::BrokenPipe.into())
    }
}

impl Write for Paged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.feed()?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.feed()?.flush()
    }
}

impl Drop for Paged {
    fn drop(&mut self) {
        // The end of its input; then until the user has left. A pager that failed has said so itself.
        drop(self.feed.take());
        if let Some(feeding) = self.feeding.take() {
            let _ = feeding.join();
        }
        let _ = self.pager.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_screen_is_filled_by_rows_that_lines_take_on_it() {
        let screen = || Screen { columns: 10, rows: 3, line: 0 };
        for fits in
            ["a\nb\nc\n", "a\nb\nc", "0123456789\nb\nc\n", "\u{1b}[1m0123456789\u{1b}[0m\n\n\n", "漢字漢字漢\n\n\n"]
        {
            assert!(!screen().is_filled_by(fits.as_bytes()), "{fits:?}");
        }
        for longer in ["a\nb\nc\nd", "a\nb\nc\n\n", "0123456789x\nb\nc\n", "漢字漢字漢字\nb\nc\n", &"x".repeat(31)]
        {
            assert!(screen().is_filled_by(longer.as_bytes()), "{longer:?}");
        }
        let mut screen = screen();
        assert!(
            !screen.is_filled_by(b"01234567") && !screen.is_filled_by(b"89\nb\nc\n") && screen.is_filled_by(b"d\n")
        );
    }
}
