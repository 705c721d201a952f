//! The program on a terminal: a pseudo-terminal on which the test types, and from which it reads the screen.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, OptionalActions, OutputModes, Winsize, tcgetattr, tcsetattr, tcsetwinsize};

use crate::home::{Home, Ran};

/// A terminal with the program running on it.
pub struct Terminal {
    program: Child,
    keys: File,
    screen: Vec<u8>,
}

impl Terminal {
    /// Starts the program on a terminal of this width, without colours. Input is not echoed, and line ends are not
    /// translated.
    pub fn start(home: &Home, columns: u16, arguments: &[&str]) -> Self {
        let mut command = home.command(arguments);
        command.env("NO_COLOR", "1");
        Self::running(command, columns)
    }

    /// Like [`start`](Self::start), with a command that is prepared already, and with colours unless it says otherwise.
    pub fn running(command: Command, columns: u16) -> Self {
        Self::running_as(command, columns, "xterm")
    }

    /// Like [`running`](Self::running), on a terminal of this kind.
    pub fn running_as(mut command: Command, columns: u16, kind: &str) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let slave = File::options().read(true).write(true).open(name).unwrap();
        let mut modes = tcgetattr(&slave).unwrap();
        modes.local_modes.remove(LocalModes::ECHO);
        modes.output_modes.remove(OutputModes::ONLCR);
        tcsetattr(&slave, OptionalActions::Now, &modes).unwrap();
        tcsetwinsize(&slave, Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let end = || slave.try_clone().unwrap();
        command.env("TERM", kind);
        let program = command.stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
        Self { program, keys: File::from(master), screen: Vec::new() }
    }

    /// Waits until this text is on the screen.
    #[cfg(feature = "sqlite")]
    pub fn wait_for(&mut self, text: &str) {
        while !String::from_utf8_lossy(&self.screen).contains(text) {
            assert!(self.read(), "{text:?} never came: {}", String::from_utf8_lossy(&self.screen));
        }
    }

    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until the program has exited, and returns its code and everything on the screen.
    pub fn end(mut self) -> Ran {
        while self.read() {}
        let code = self.program.wait().unwrap().code();
        Ran { code, out: String::from_utf8(self.screen).unwrap(), err: String::new() }
    }

    /// Reads more; false if no process has the terminal open any more, which Linux reports as an error.
    fn read(&mut self) -> bool {
        let mut bytes = [0; 4096];
        let read = self.keys.read(&mut bytes).unwrap_or(0);
        self.screen.extend(&bytes[..read]);
        read > 0
    }
}

/// Runs the program on a terminal of this width, with this input typed in advance.
pub fn run_on_a_terminal(home: &Home, columns: u16, arguments: &[&str], typed: &str) -> Ran {
    let mut terminal = Terminal::start(home, columns, arguments);
    terminal.press(typed);
    terminal.end()
}

/// Runs the program on a terminal that shows colours.
pub fn run_in_colours(home: &Home, columns: u16, arguments: &[&str]) -> Ran {
    Terminal::running(home.command(arguments), columns).end()
}
