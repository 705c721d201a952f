//! The hosts of a MySQL or MariaDB URL, and which of them a connection is opened to.
//!
//! Units that write need a host that takes writes. The hosts are tried in the order of the URL, beginning with the one
//! that took writes when a connection was last opened: after a fail-over, only the first connection searches. Reads that
//! may go to a standby try that one last.

use diesel::sql_types::Text;
use diesel::{MysqlConnection, QueryResult, RunQueryDsl as _};

use super::server::Server;
use super::{ReadFrom, advice};
use crate::error::{Error, Result};

/// Why no connection was opened to a host.
pub(super) enum Refused {
    /// Another host may do.
    Host(String),
    /// No other host is tried.
    Final(Error),
}

/// Splits the authority of a URL into its login, with the `@`, and its hosts.
fn split(url: &str) -> (&str, Vec<&str>, &str) {
    let start = url.find("://").map_or(0, |colon| colon + 3);
    let end = url[start..].find(['/', '?']).map_or(url.len(), |length| start + length);
    let hosts = url[start..end].rfind('@').map_or(start, |at| start + at + 1);
    (&url[..hosts], url[hosts..end].split(',').collect(), &url[end..])
}

/// Whether the URL names more than one host.
pub(super) fn are_several(url: &str) -> bool {
    split(url).1.len() > 1
}

/// The first connection that `open` returns, which gets the URL with one host only.
pub(super) fn first<T>(
    server: &Server,
    url: &str,
    mut open: impl FnMut(&str) -> std::result::Result<T, Refused>,
) -> Result<T> {
    let (login, hosts, rest) = split(url);
    let offset = match server.role() {
        ReadFrom::Primary => 0,
        ReadFrom::Standby => 1,
    };
    let mut problems = Vec::new();
    for turn in 0..hosts.len() {
        let index = (server.writer() + offset + turn) % hosts.len();
        match open(&format!("{login}{}{rest}", hosts[index])) {
            Ok(opened) => {
                if server.role() == ReadFrom::Primary {
                    server.set_writer(index);
                }
                return Ok(opened);
            }
            Err(Refused::Final(error)) => return Err(error),
            Err(Refused::Host(problem)) if hosts.len() == 1 => problems.push(problem),
            Err(Refused::Host(problem)) => problems.push(format!("{}: {problem}", hosts[index])),
        }
    }
    Err(Error::Open { place: server.to_string(), problem: advice::mysql(&problems.join("; ")) })
}

/// The variables or states that a SHOW statement returns and that are on.
fn switched_on(connection: &mut MysqlConnection, show: &str) -> QueryResult<Vec<String>> {
    #[derive(diesel::QueryableByName)]
    struct Variable {
        #[diesel(sql_type = Text, column_name = "Variable_name")]
        name: String,
        #[diesel(sql_type = Text, column_name = "Value")]
        value: String,
    }
    let variables = diesel::sql_query(show).load::<Variable>(connection)?;
    Ok(variables.into_iter().filter(|variable| variable.value != "OFF").map(|variable| variable.name).collect())
}

/// Whether the server is a node of a Galera cluster.
pub(super) fn is_galera(connection: &mut MysqlConnection) -> QueryResult<bool> {
    Ok(!switched_on(connection, "SHOW GLOBAL VARIABLES LIKE 'wsrep_on'")?.is_empty())
}

/// Why the server takes no writes; `None` if it does. A privilege to write in spite of `read_only` does not count,
/// because what is written on a replica is not replicated.
pub(super) fn why_not_writable(connection: &mut MysqlConnection) -> QueryResult<Option<&'static str>> {
    let on = switched_on(
        connection,
        "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('read_only', 'super_read_only', 'wsrep_on')",
    )?;
    let is_on = |name: &str| on.iter().any(|other| other == name);
    if is_on("super_read_only") {
        return Ok(Some("it takes no writes (super_read_only)"));
    }
    if is_on("read_only") {
        return Ok(Some("it takes no writes (read_only)"));
    }
    if is_on("wsrep_on") && switched_on(connection, "SHOW GLOBAL STATUS LIKE 'wsrep_ready'")?.is_empty() {
        return Ok(Some("it is not synchronized with its cluster (wsrep_ready)"));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The hosts in the order in which they are tried; `takes` tells which of them is opened.
    fn tried(server: &Server, url: &str, takes: impl Fn(&str) -> bool) -> (Vec<String>, Option<Error>) {
        let mut tried = Vec::new();
        let opened = first(server, url, |url| {
            tried.push(url.to_owned());
            if takes(url) { Ok(()) } else { Err(Refused::Host("down".to_owned())) }
        });
        (tried, opened.err())
    }

    #[test]
    fn hosts_are_tried_from_the_last_writer_on_and_reads_try_that_one_last() {
        let url = "mysql://u:p%2C@a:1,[::1]:2,c/?ssl_ca=x,y";
        let server = Server::new(url, "shown");
        let [a, b, c] = ["a:1", "[::1]:2", "c"].map(|host| format!("mysql://u:p%2C@{host}/?ssl_ca=x,y"));
        assert!(are_several(url) && !are_several("mysql://u:a,b@h/"));
        let (order, error) = tried(&server, url, |url| *url == c);
        assert_eq!((order, error.is_none()), (vec![a.clone(), b.clone(), c.clone()], true));
        assert_eq!(tried(&server.clone(), url, |_| true).0, std::slice::from_ref(&c));
        assert_eq!(tried(&server.on_standby(), url, |_| false).0, [a.clone(), b.clone(), c.clone()]);
        assert_eq!(tried(&server.on_standby(), url, |url| *url == b).0, [a, b]);
        assert_eq!(tried(&server, url, |_| true).0, [c], "a read is no writer");
    }

    #[test]
    fn every_host_is_listed_with_its_reason_if_none_takes_the_connection() {
        let listed = |url: &str| tried(&Server::new(url, "shown"), url, |_| false).1.unwrap().to_string();
        assert_eq!(listed("mysql://u@a,b:2/"), "cannot open the database shown: a: down; b:2: down");
        assert_eq!(listed("mysql://u@a/"), "cannot open the database shown: down");
    }
}
