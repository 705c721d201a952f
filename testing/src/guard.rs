//! `Guard`: a shell that runs servers and executes commands on them, one per line, and answers each with a line.
//!
//! It kills only processes that it started itself, by their ids.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::servers::{PROLOGUE, free_ports};

/// The shell that runs the servers; they end when its input does.
#[derive(Debug)]
pub(super) struct Guard {
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    _shell: Child,
}

impl Guard {
    /// Starts the servers of a script on as many free ports as it needs; another program may take one of them first, so
    /// it tries twice, on different ports.
    pub(super) fn start<const N: usize>(script: &str) -> (Self, [u16; N]) {
        let mut problem = String::new();
        for _ in 0..2 {
            let ports = free_ports();
            let (guard, said) = Self::on(script, &ports);
            if said == "ready" {
                return (guard, ports);
            }
            assert!(!said.contains(".ci/servers"), "NOT RUN: {said}");
            problem = said;
        }
        panic!("NOT RUN: {problem}");
    }

    fn on(script: &str, ports: &[u16]) -> (Self, String) {
        let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
        let mut shell = Command::new("sh")
            .args(["-c", &format!("{PROLOGUE}{script}")])
            .env("PORTS", ports.join(" "))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (orders, answers) = (shell.stdin.take().unwrap(), BufReader::new(shell.stdout.take().unwrap()));
        let mut guard = Self { orders, answers, _shell: shell };
        let said = guard.hear();
        (guard, said)
    }

    fn hear(&mut self) -> String {
        let mut said = String::new();
        self.answers.read_line(&mut said).unwrap();
        said.trim().to_owned()
    }

    pub(super) fn tell(&mut self, order: &str) {
        writeln!(self.orders, "{order}").unwrap();
        assert_eq!(self.hear(), "done");
    }
}
