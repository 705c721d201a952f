//! The part of a server's URL after the scheme: refused where a client library would misread it, silently ignore a part
//! of it, or put half of a password into its message.

use std::time::Duration;

use percent_encoding::percent_decode_str;

use crate::connection::{ReadFrom, Server};

/// Returns the part after the scheme as the client libraries read it.
pub(super) fn checked(rest: &str) -> Result<String, &'static str> {
    if rest.contains(char::is_control) {
        return Err("it contains a control character, such as a line break");
    }
    escapes(rest)?;
    let Some(rest) = rest.strip_prefix("//") else { return Err("two slashes must follow its scheme") };
    let (login, after) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if login.matches('@').count() > 1 || after.contains('@') || after.contains('#') {
        return Err(
            "write @ as %40, / as %2F, ? as %3F and # as %23 in the user's name, the password and the parameters",
        );
    }
    // libpq would repeat such a parameter in its message, and it may be part of a password that contains a question
    // mark.
    let parameters = after.split_once('?').map_or("", |(_, parameters)| parameters);
    if parameters.split('&').any(|parameter| !parameter.is_empty() && !parameter.contains('=')) {
        return Err("write its parameters as name=value, and a question mark in a password as %3F");
    }
    let (user, hosts) = login.split_once('@').unwrap_or(("", login));
    if user.matches(':').count() > 1 {
        return Err("write : as %3A in the password");
    }
    if !user.contains(':') && user.to_ascii_lowercase().contains("%3a") {
        return Err(
            "write the : between the user's name and the password as it is; after a name that holds %3A and has no \
             password, write : too",
        );
    }
    hosts.split(',').try_for_each(host)?;
    Ok(format!("//{}", rest.replace(' ', "%20")))
}

/// Checks the percent escapes: libpq would repeat a word with an invalid one in its message.
fn escapes(rest: &str) -> Result<(), &'static str> {
    let is_code = |code: &str| code != "00" && code.bytes().all(|digit| digit.is_ascii_hexdigit());
    if !rest.split('%').skip(1).all(|after| after.get(..2).is_some_and(is_code)) {
        return Err("a percent sign starts an escape of two hexadecimal digits, %00 excepted; write % itself as %25");
    }
    percent_decode_str(rest).decode_utf8().map(drop).map_err(|_| "its %-escapes are not UTF-8")
}

fn host(host: &str) -> Result<(), &'static str> {
    let after = match host.strip_prefix('[').map(|host| host.split_once(']')) {
        None => host,
        Some(Some((_, after))) => after,
        Some(None) => return Err("the bracket before its host is not closed"),
    };
    match after.split_once(':') {
        None => Ok(()),
        Some((_, port)) if port.contains(':') => Err("write an IPv6 address in brackets, as in [::1]"),
        Some((_, port)) if port.is_empty() || port.parse::<u16>().is_ok_and(|port| port > 0) => Ok(()),
        Some(_) => Err("the port, which follows the host and a colon, is a number from 1 to 65535"),
    }
}

/// The parameters of a server's URL that no client library knows.
#[derive(Debug, Default)]
pub(super) struct Own {
    read_timeout: Option<Duration>,
    read_from: Option<ReadFrom>,
}

impl Own {
    /// The address with these parameters.
    pub(super) fn add_to(self, server: Server) -> Server {
        server.with_read_timeout(self.read_timeout).with_read_from(self.read_from)
    }
}

/// Removes the parameters that no client library knows from a checked URL; returns the rest and those.
pub(super) fn own(rest: &str) -> Result<(String, Own), &'static str> {
    let (rest, read_timeout) = without(rest, "read_timeout")?;
    let (rest, read_from) = without(&rest, "read_from")?;
    let seconds = |value: String| {
        let seconds = value.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        seconds.ok_or("read_timeout is a number of seconds, such as 30 or 0.5; 0 waits forever")
    };
    let host = |value: String| match &*value {
        "primary" => Ok(ReadFrom::Primary),
        "standby" => Ok(ReadFrom::Standby),
        _ => Err("read_from is primary or standby"),
    };
    let own = Own { read_timeout: read_timeout.map(seconds).transpose()?, read_from: read_from.map(host).transpose()? };
    Ok((rest, own))
}

/// The URL without the parameter of this name, and its value.
fn without(rest: &str, name: &str) -> Result<(String, Option<String>), &'static str> {
    let Some((address, parameters)) = rest.split_once('?') else { return Ok((rest.to_owned(), None)) };
    let is_named = |parameter: &&str| parameter.split_once('=').is_some_and(|(own, _)| own == name);
    let (named, others): (Vec<&str>, Vec<&str>) = parameters.split('&').partition(is_named);
    let value = match named[..] {
        [] => None,
        [parameter] => parameter.split_once('=').map(|(_, value)| value.to_owned()),
        _ => return Err("one of its parameters is given twice"),
    };
    let rest = if others.is_empty() { address.to_owned() } else { format!("{address}?{}", others.join("&")) };
    Ok((rest, value))
}

/// Refuses mistakes that are specific to a MySQL URL. Diesel ignores unknown parameters, and MariaDB's client library
/// ignores `ssl_mode`: a request for more security than there is must be an error.
#[cfg(feature = "mysql")]
pub(super) fn mysql(rest: &str) -> Result<(), &'static str> {
    let login = rest.trim_start_matches('/').split(['/', '?']).next().unwrap_or("");
    let host = login.rsplit_once('@').map_or(login, |(_, host)| host);
    let several = host.contains(',');
    if several && host.split(',').any(|host| host.is_empty() || host.starts_with(':')) {
        return Err("one of its hosts has no name; write mysql://USER@HOST1:PORT,HOST2:PORT/DATABASE");
    }
    let local = host.split(',').any(|host| ["", "localhost"].contains(&host));
    if host.split(',').any(|host| matches!(host.split_once(':'), Some(("localhost", port)) if !port.is_empty())) {
        return Err("the client library uses the default socket for localhost and ignores the port; \
             write 127.0.0.1 for TCP, or unix_socket=… for a socket");
    }
    let (address, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    if address.trim_start_matches('/').split_once('/').is_none_or(|(_, name)| name.is_empty()) {
        return Err("it names no database; write mysql://USER@HOST/DATABASE");
    }
    let (mut authority, mut demanded, mut optional, mut socket) = (false, false, false, false);
    let mut seen = Vec::new();
    for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        if seen.contains(&name) {
            return Err("one of its parameters is given twice");
        }
        seen.push(name);
        match (name, value) {
            ("ssl_mode", "disabled" | "preferred") => optional = true,
            ("ssl_mode", "required" | "verify_ca") => demanded = true,
            ("ssl_mode", "verify_identity") => {
                return Err("MariaDB's client library does not compare a server's name with its certificate; write \
                     ssl_mode=verify_ca, and name in ssl_ca an authority that signs for this server alone");
            }
            ("ssl_mode", _) => return Err("ssl_mode is disabled, preferred, required or verify_ca"),
            ("ssl_ca", _) => authority = true,
            ("unix_socket", _) => socket = true,
            ("ssl_cert" | "ssl_key", _) => {}
            _ => {
                return Err(
                    "the parameters of a mysql URL are read_timeout, read_from, unix_socket, ssl_mode, ssl_ca, ssl_cert \
                     and ssl_key",
                );
            }
        }
    }
    if several && socket {
        return Err("unix_socket names one server; leave it out, or name one host");
    }
    if demanded && !authority {
        return Err(
            "MariaDB's client library uses TLS only if ssl_ca names the file of the server's certificate authority",
        );
    }
    let asked = seen.iter().any(|name| name.starts_with("ssl_"));
    if asked && !optional && local && !socket {
        return Err(
            "TLS over the default socket cannot be demanded; write unix_socket=… to name the socket, or 127.0.0.1 \
             for TCP",
        );
    }
    Ok(())
}
