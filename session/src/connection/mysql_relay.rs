//! Connecting to a MySQL or MariaDB server: which URLs demand TLS, and the relay that the client library connects
//! through.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use diesel::{Connection as _, ConnectionError, MysqlConnection};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, percent_encode};

use super::endpoint::Endpoint;
use super::frames::Protocol;
use super::relay::{ProtocolHooks, Refusal, Relay};
use super::server::Waits;
use super::stream::{Probes, ServerAddress};
use super::{ReadLimit, packet, tls_gate};

/// Whether the URL demands TLS.
pub(super) fn demands_tls(url: &str) -> bool {
    let parameters = || url.split_once('?').map_or("", |(_, parameters)| parameters).split('&');
    let optional = parameters().any(|parameter| ["ssl_mode=disabled", "ssl_mode=preferred"].contains(&parameter));
    let asked = |parameter: &str| parameter.starts_with("ssl_");
    !optional && parameters().any(asked)
}

/// Splits a URL without a database into the login with its `@`, the server's address and the parameters. `None` where
/// the URL leaves the address to the client library, which has a default socket.
fn parse_url(url: &str) -> Option<(&str, ServerAddress, Vec<&str>)> {
    let (authority, rest) = url.strip_prefix("mysql://")?.split_once('/')?;
    let split = authority.rfind('@').map_or(0, |at| at + 1);
    let (login, host) = authority.split_at(split);
    let is_socket = |parameter: &&str| parameter.starts_with("unix_socket=");
    let parameters = || rest.trim_start_matches('?').split('&').filter(|parameter| !parameter.is_empty());
    let server = match parameters().find(is_socket).and_then(|parameter| parameter.split_once('=')) {
        Some((_, path)) => {
            ServerAddress::Socket(percent_decode_str(&path.replace('+', " ")).decode_utf8_lossy().into_owned())
        }
        None => {
            let (name, port) = match host.rsplit_once(':') {
                Some((name, port)) if !port.ends_with(']') && !port.is_empty() => (name, port.parse().ok()?),
                Some((name, "")) => (name, 3306),
                _ => (host, 3306),
            };
            if ["", "localhost"].contains(&name) {
                return None;
            }
            ServerAddress::Host(name.trim_start_matches('[').trim_end_matches(']').to_owned(), port)
        }
    };
    Some((login, server, parameters().filter(|parameter| !is_socket(parameter)).collect()))
}

/// Connects in a separate thread, because the client library would wait forever for a server that accepts a connection
/// and sends nothing. The returned limit is `waits.connect`; the caller sets the one for statements.
pub(super) fn establish(url: String, waits: Waits) -> Result<(MysqlConnection, ReadLimit), String> {
    let (done, result) = mpsc::sync_channel(1);
    let connecting = thread::Builder::new().name("session-connect".to_owned()).spawn(move || {
        let _given_up = done.send(connect(&url, waits));
    });
    connecting.map_err(|error| error.to_string())?;
    result.recv_timeout(waits.connect).unwrap_or_else(|_| Err(silent(waits.connect)))
}

fn silent(wait: Duration) -> String {
    format!("the server did not answer within {wait:?}")
}

/// Connects through a relay, unless none is needed or the URL leaves the server's address to the client library.
fn connect(url: &str, waits: Waits) -> Result<(MysqlConnection, ReadLimit), String> {
    let limit = ReadLimit::new(waits.connect);
    let gated = demands_tls(url);
    let (login, server, mut parameters) = match parse_url(url) {
        Some(parts) if gated || !waits.read.is_zero() => parts,
        None if gated => return Err("the URL names no host".to_owned()),
        _ => return log_in(url).map(|connection| (connection, limit)),
    };
    let hooks = ProtocolHooks {
        admit: if gated { tls_gate::admit } else { |_, _, _| Ok(()) },
        server_speaks_first: !gated,
        needs_no_answer: packet::needs_no_answer,
        protocol: Protocol::Mysql,
    };
    let relay = Relay::open(server, "mysql.sock", waits.connect, probes(waits.connect), limit.clone(), hooks);
    let relay = relay.map_err(|error| format!("no relay to the server can be made: {error}"))?;
    let (host, socket) = match relay.endpoint() {
        Endpoint::Tcp(address) => (address.to_string(), None),
        #[cfg(unix)]
        Endpoint::Unix(path) => ("localhost".to_owned(), Some(format!("unix_socket={}", escaped(path)))),
    };
    parameters.extend(socket.as_deref());
    match log_in(&format!("mysql://{login}{host}/?{}", parameters.join("&"))) {
        Ok(connection) => Ok((connection, limit)),
        Err(problem) => Err(match relay.refusal() {
            Some(Refusal::Dial(error)) => error.to_string(),
            Some(Refusal::Message(told)) => told,
            Some(Refusal::Unanswered(wait)) => silent(wait),
            Some(Refusal::Lost) | None => problem,
        }),
    }
}

fn log_in(url: &str) -> Result<MysqlConnection, String> {
    MysqlConnection::establish(url).map_err(|error| match error {
        ConnectionError::InvalidConnectionUrl(problem) | ConnectionError::BadConnection(problem) => problem,
        error => error.to_string(),
    })
}

/// Probes by which a host that vanished is detected within about twice the connect timeout.
fn probes(wait: Duration) -> Probes {
    let wait = wait.max(Duration::from_secs(1));
    Probes {
        idle: Some(wait),
        interval: Some((wait / 5).max(Duration::from_secs(1))),
        count: Some(5),
        unacknowledged: Some(wait),
    }
}

/// A path, escaped for a URL's parameter.
#[cfg(unix)]
fn escaped(path: &std::path::Path) -> String {
    use std::os::unix::ffi::OsStrExt as _;
    percent_encode(path.as_os_str().as_bytes(), NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_relay_goes_where_the_url_says_and_everything_else_in_it_stays() {
        let host = |name: &str, port| ServerAddress::Host(name.to_owned(), port);
        for (url, login, server) in [
            ("mysql://u:p%40@h:1/?ssl_ca=a.pem", "u:p%40@", host("h", 1)),
            ("mysql://[::1]/?ssl_ca=a.pem", "", host("::1", 3306)),
            ("mysql://u@[::1]:2/?ssl_ca=a.pem", "u@", host("::1", 2)),
            ("mysql://u@h:/?ssl_ca=a.pem", "u@", host("h", 3306)),
            (
                "mysql://u@localhost/?unix_socket=/a%20b/s&ssl_ca=a.pem",
                "u@",
                ServerAddress::Socket("/a b/s".to_owned()),
            ),
        ] {
            assert_eq!(parse_url(url), Some((login, server, vec!["ssl_ca=a.pem"])), "{url}");
        }
        for url in ["mysql:///?ssl_ca=a.pem", "mysql://u@localhost/", "mysql://u@localhost:/"] {
            assert_eq!(parse_url(url), None, "{url}");
        }
    }

    #[test]
    fn tls_that_is_asked_for_is_demanded_unless_the_url_says_otherwise() {
        for (url, demanded) in [
            ("mysql://h/db", false),
            ("mysql://h/db?unix_socket=/run/s", false),
            ("mysql://h/db?ssl_mode=required", true),
            ("mysql://h/db?unix_socket=/run/s&ssl_mode=verify_ca&ssl_ca=a.pem", true),
            ("mysql://h/db?ssl_ca=a.pem", true),
            ("mysql://h/db?ssl_ca=a.pem&ssl_mode=preferred", false),
            ("mysql://h/db?ssl_mode=disabled", false),
        ] {
            assert_eq!(demands_tls(url), demanded, "{url}");
        }
    }
}
