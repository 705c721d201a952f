//! The relays to the hosts of a PostgreSQL URL, one per host, and the translation of libpq's messages about them.
//!
//! `hostaddr` and `port` direct libpq to a relay; `host` is unchanged, so that it still decides which certificate is
//! accepted, which password `~/.pgpass` has and which Kerberos service is used. Where a relay would change the result,
//! libpq connects directly, without a read limit: to a host that the URL does not name, and to one whose relay would
//! hide from `~/.pgpass` or `requirepeer` what they match on.
//!
//! libpq continues with the next host when one cannot be reached, but not when one closes the connection. So a relay is
//! opened only for a host that has been reached already, and its first client gets that stream; libpq tries the other
//! hosts itself.

use std::io;
use std::net::IpAddr;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::endpoint::Endpoint;
use super::frames::Protocol;
use super::read_limit::ReadLimit;
use super::relay::{ProtocolHooks, Refusal, Relay};
use super::stream::{Probes, ServerAddress, Stream};

/// Relays with open endpoints, each with its host.
pub(super) struct Relays {
    hosts: Vec<(Host, Option<Relay>)>,
}

/// A host that libpq tries.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Host {
    /// A name, an address, or a folder of Unix sockets.
    name: String,
    /// The address of the name, where the URL gives it.
    address: String,
    port: u16,
}

impl Relays {
    /// Opens the relays for a URL that contains all parameters for libpq.
    pub fn open(url: &str, wait: Duration, limit: &ReadLimit) -> io::Result<Self> {
        let url = Url(url);
        let from_file = url.password_from_file();
        let peer_is_named = url.setting("requirepeer", "PGREQUIREPEER").is_some();
        let hosts = url.hosts();
        let streams = dial(&hosts, wait, url.probes());
        let open = |(host, stream): (Host, Option<Stream>)| {
            let is_socket = matches!(host.server_address(), Some(ServerAddress::Socket(_)));
            let (Some(server), Some(stream)) = (host.server_address(), stream) else { return Ok((host, None)) };
            if is_socket && (from_file || peer_is_named) {
                return Ok((host, None));
            }
            let hooks = ProtocolHooks {
                admit: |_, _, _| Ok(()),
                server_speaks_first: false,
                needs_no_answer: |_| false,
                protocol: Protocol::Postgres,
            };
            let name = format!(".s.PGSQL.{}", host.port);
            let relay = Relay::open(server, &name, wait, url.probes(), limit.clone(), hooks)?.with_stream(stream);
            let relay = Some(relay).filter(|relay| !from_file || relay.keeps_port());
            Ok((host, relay))
        };
        Ok(Self { hosts: hosts.into_iter().zip(streams).map(open).collect::<io::Result<_>>()? })
    }

    /// The parameters that direct libpq to the relays.
    pub fn parameters(&self) -> Vec<(&'static str, String)> {
        if self.hosts.iter().all(|(_, relay)| relay.is_none()) {
            return Vec::new();
        }
        let listed = |part: fn(&Host, Option<&Endpoint>) -> String| {
            let parts = self.hosts.iter().map(|(host, relay)| part(host, relay.as_ref().map(Relay::endpoint)));
            utf8_percent_encode(&parts.collect::<Vec<_>>().join(","), NON_ALPHANUMERIC).to_string()
        };
        vec![
            (
                "host",
                listed(|host, endpoint| match endpoint {
                    #[cfg(unix)]
                    Some(Endpoint::Unix(path)) => folder(path),
                    _ if host.name.is_empty() => host.address.clone(),
                    _ => host.name.clone(),
                }),
            ),
            (
                "hostaddr",
                listed(|host, endpoint| match endpoint {
                    Some(Endpoint::Tcp(endpoint)) => endpoint.ip().to_string(),
                    #[cfg(unix)]
                    Some(Endpoint::Unix(_)) => String::new(),
                    None => host.address.clone(),
                }),
            ),
            (
                "port",
                listed(|host, endpoint| match endpoint {
                    Some(Endpoint::Tcp(endpoint)) => endpoint.port().to_string(),
                    _ => host.port.to_string(),
                }),
            ),
        ]
    }

    /// libpq's message with the hosts in place of their relays.
    pub fn with_host_names(&self, said: &str) -> String {
        let mut told = said.to_owned();
        for (host, relay) in self.hosts.iter().filter_map(|(host, relay)| Some((host, relay.as_ref()?))) {
            let (of_relay, of_host) = match relay.endpoint() {
                Endpoint::Tcp(endpoint) => (
                    format!("connection to server at \"{}\", port {} failed: ", endpoint.ip(), endpoint.port()),
                    format!("connection to server at \"{}\", port {} failed: ", host.shown(), host.port),
                ),
                #[cfg(unix)]
                Endpoint::Unix(path) => (
                    format!("connection to server on socket \"{}\" failed: ", path.display()),
                    format!("connection to server on socket \"{}/.s.PGSQL.{}\" failed: ", host.name, host.port),
                ),
            };
            told = told.replace(&of_relay, &of_host);
            if let Some(Refusal::Unanswered(wait)) = relay.refusal() {
                told = format!("{told}; the server did not answer within {wait:?}");
            }
        }
        told
    }
}

impl Host {
    /// The host's address, unless only libpq knows it.
    fn server_address(&self) -> Option<ServerAddress> {
        Some(match (&*self.address, &*self.name) {
            ("", folder) if folder.starts_with('/') => {
                ServerAddress::Socket(format!("{folder}/.s.PGSQL.{}", self.port))
            }
            ("", "") => return None,
            ("", name) if name.starts_with('@') => return None,
            ("", name) => ServerAddress::Host(name.to_owned(), self.port),
            (address, _) => ServerAddress::Host(address.to_owned(), self.port),
        })
    }

    /// The host as libpq's messages show it.
    fn shown(&self) -> &str {
        if self.address.is_empty() { &self.name } else { &self.address }
    }
}

/// The folder of a socket.
#[cfg(unix)]
fn folder(socket: &std::path::Path) -> String {
    socket.parent().unwrap_or(socket).display().to_string()
}

/// How long a host may take to be reached before it is left to libpq.
const REACHED_WITHIN: Duration = Duration::from_secs(2);

/// Streams to the reachable hosts, all dialed at once.
fn dial(hosts: &[Host], wait: Duration, probes: Probes) -> Vec<Option<Stream>> {
    let (done, reached) = mpsc::channel();
    let mut open = 0;
    for (index, host) in hosts.iter().enumerate() {
        let (Some(server), done) = (host.server_address(), done.clone()) else { continue };
        let thread = thread::Builder::new().name("session-connect".to_owned());
        let dialing = thread.spawn(move || {
            // A late one has no receiver any more.
            let _late = done.send((index, Stream::dial(&server, wait, probes).ok()));
        });
        open += usize::from(dialing.is_ok());
    }
    let mut streams: Vec<Option<Stream>> = hosts.iter().map(|_| None).collect();
    let until = Instant::now() + wait.min(REACHED_WITHIN);
    while open > 0 {
        let Ok((index, stream)) = reached.recv_timeout(until.saturating_duration_since(Instant::now())) else { break };
        streams[index] = stream;
        open -= 1;
    }
    streams
}

/// The number of hosts that libpq tries; 0 if it takes them from its service file.
pub(super) fn count_hosts(url: &str) -> usize {
    Url(url).hosts().len()
}

/// A URL as libpq reads it.
#[derive(Clone, Copy)]
struct Url<'u>(&'u str);

impl Url<'_> {
    /// The part between the two slashes and the path, split at its `@`.
    fn authority(self) -> (String, String) {
        let after = self.0.split_once("://").map_or(self.0, |(_, after)| after);
        let authority = &after[..after.find(['/', '?']).unwrap_or(after.len())];
        let (login, hosts) = authority.split_once('@').unwrap_or(("", authority));
        (login.to_owned(), hosts.to_owned())
    }

    /// A parameter; if it is repeated, the last one counts.
    fn parameter(self, name: &str) -> Option<String> {
        let (_, parameters) = self.0.split_once('?')?;
        let mut named = parameters.split('&').filter_map(|parameter| parameter.split_once('='));
        let (_, value) = named.rfind(|(own, _)| *own == name)?;
        Some(percent_decode_str(value).decode_utf8_lossy().into_owned())
    }

    /// A parameter, or its value from the environment; an empty one counts as unset.
    fn setting(self, name: &str, variable: &str) -> Option<String> {
        self.parameter(name).or_else(|| std::env::var(variable).ok()).filter(|value| !value.is_empty())
    }

    /// The hosts in order; none if libpq takes them from its service file.
    fn hosts(self) -> Vec<Host> {
        if self.setting("service", "PGSERVICE").is_some() {
            return Vec::new();
        }
        let (_, authority) = self.authority();
        let (mut names, mut ports) = (Vec::new(), Vec::new());
        for host in authority.split(',') {
            let (name, port) = match host.strip_prefix('[').and_then(|host| host.split_once(']')) {
                Some((name, port)) => (name, port.strip_prefix(':').unwrap_or("")),
                None => host.split_once(':').unwrap_or((host, "")),
            };
            names.push(percent_decode_str(name).decode_utf8_lossy().into_owned());
            ports.push(port.to_owned());
        }
        let list = |text: String| text.split(',').map(|part| part.trim().to_owned()).collect::<Vec<_>>();
        let is_empty = |parts: &[String]| parts.iter().all(String::is_empty);
        let names = match self.parameter("host") {
            Some(given) => list(given),
            None if is_empty(&names) => std::env::var("PGHOST").map_or(names, list),
            None => names,
        };
        let ports = match self.parameter("port") {
            Some(given) => list(given),
            None if is_empty(&ports) => std::env::var("PGPORT").map_or(ports, list),
            None => ports,
        };
        let addresses = self.setting("hostaddr", "PGHOSTADDR").map(list).unwrap_or_default();
        let count = names.len().max(addresses.len());
        let name = |index: usize| names.get(index).cloned().unwrap_or_default();
        let address = |index: usize| addresses.get(index).cloned().unwrap_or_default();
        // A single port applies to all hosts; one that cannot be parsed is left to libpq, which reports it.
        let port = |index: usize| match if ports.len() == 1 { ports.first() } else { ports.get(index) } {
            Some(port) if !port.is_empty() => port.parse().ok(),
            Some(_) => Some(5432),
            None => None,
        };
        let hosts =
            (0..count).map(|index| Some(Host { name: name(index), address: address(index), port: port(index)? }));
        let hosts: Option<Vec<Host>> = hosts.collect();
        let readable = |host: &Host| host.address.is_empty() || host.address.parse::<IpAddr>().is_ok();
        hosts.filter(|hosts| hosts.iter().all(readable)).unwrap_or_default()
    }

    /// Whether libpq may look for the password in a file, by the names of host and port.
    fn password_from_file(self) -> bool {
        let (login, _) = self.authority();
        if login.contains(':') || self.setting("password", "PGPASSWORD").is_some() {
            return false;
        }
        let named = self.setting("passfile", "PGPASSFILE").map(std::path::PathBuf::from);
        named.or_else(|| Some(std::env::home_dir()?.join(".pgpass"))).is_some_and(|file| file.exists())
    }

    /// The keepalive settings that detect a vanished host, which libpq would set on its own connection.
    fn probes(self) -> Probes {
        let number = |name: &str| self.parameter(name).and_then(|value| value.parse::<u32>().ok()).filter(|n| *n > 0);
        let seconds = |name: &str| number(name).map(|n| Duration::from_secs(n.into()));
        if self.parameter("keepalives").as_deref() == Some("0") {
            return Probes::default();
        }
        Probes {
            idle: seconds("keepalives_idle"),
            interval: seconds("keepalives_interval"),
            count: number("keepalives_count"),
            unacknowledged: number("tcp_user_timeout").map(|n| Duration::from_millis(n.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(name: &str, address: &str, port: u16) -> Host {
        Host { name: name.to_owned(), address: address.to_owned(), port }
    }

    #[test]
    fn hosts_are_read_as_libpq_reads_them() {
        for (url, hosts) in [
            ("postgresql://u:p@h:1/db", vec![host("h", "", 1)]),
            (
                "postgresql://u@h1,h2:2,[::1]:3/db?x=y",
                vec![host("h1", "", 5432), host("h2", "", 2), host("::1", "", 3)],
            ),
            ("postgresql://%2Frun%2Fpg/db", vec![host("/run/pg", "", 5432)]),
            ("postgresql:///db?host=/run/pg&port=6", vec![host("/run/pg", "", 6)]),
            ("postgresql://h1,h2/db?port=7", vec![host("h1", "", 7), host("h2", "", 7)]),
            (
                "postgresql:///db?hostaddr=10.0.0.1,10.0.0.2",
                vec![host("", "10.0.0.1", 5432), host("", "10.0.0.2", 5432)],
            ),
            ("postgresql://h/db?hostaddr=10.0.0.1&dbname=a&port=8&port=9", vec![host("h", "10.0.0.1", 9)]),
            ("postgresql://h1,h2/db?port=7,8,9", vec![host("h1", "", 7), host("h2", "", 8)]),
            ("postgresql://h/db?hostaddr=not-an-address", vec![]),
            ("postgresql://h/db?service=s", vec![]),
        ] {
            assert_eq!(Url(url).hosts(), hosts, "{url}");
        }
    }

    #[test]
    fn a_host_that_is_gone_is_noticed_as_the_url_says() {
        let probes = Url("postgresql://h/db?keepalives_idle=10&keepalives_count=0&tcp_user_timeout=300").probes();
        assert_eq!(probes.idle, Some(Duration::from_secs(10)));
        assert_eq!((probes.interval, probes.count), (None, None));
        assert_eq!(probes.unacknowledged, Some(Duration::from_millis(300)));
        assert_eq!(Url("postgresql://h/db?keepalives=0&keepalives_idle=10").probes(), Probes::default());
    }
}
