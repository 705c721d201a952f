//! Advice for a server that cannot be opened, chosen by the client library's own message, which names the problem and
//! seldom the solution.

const LOGIN: &str = "check the user and the password in the URL";
const HOST: &str = "check the host's name in the URL";
const RUNNING: &str = "check the host and the port in the URL, and that the server is running";
const ANSWER: &str = "check that the host and the port in the URL are those of a database server";
const FULL: &str = "try again when others have finished";
#[cfg(feature = "postgres")]
const READY: &str = "try again when it is ready";

/// The message of libpq or PostgreSQL in one line, followed by what to do.
#[cfg(feature = "postgres")]
pub(super) fn postgres(said: &str) -> String {
    // With several hosts there is a line for each, some followed by a question.
    let lines = said.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("Is the server"));
    advised(
        lines.collect::<Vec<_>>().join("; "),
        &[
            ("password authentication failed", LOGIN),
            ("no password supplied", "add the password to the URL, or to PGPASSWORD or ~/.pgpass"),
            ("role \"", LOGIN),
            ("authentication failed", LOGIN),
            ("no pg_hba.conf entry", "the server's pg_hba.conf must let this user in from here"),
            ("could not translate host name", HOST),
            ("Connection refused", RUNNING),
            ("No such file or directory", RUNNING),
            ("timeout expired", ANSWER),
            ("server closed the connection unexpectedly", ANSWER),
            ("the database system is ", READY),
            ("server does not support SSL", "enable TLS on the server (ssl = on)"),
            ("too many connections", FULL),
            ("remaining connection slots", FULL),
            ("too many clients", FULL),
            ("permission denied to create database", "an administrator can create it, or grant this user CREATEDB"),
            ("permission denied for database", "an administrator can GRANT CONNECT on it to this user"),
            ("invalid URI query parameter", "the parameters are those of libpq"),
        ],
    )
}

/// The message of MariaDB's client library or the server, followed by what to do.
#[cfg(feature = "mysql")]
pub(super) fn mysql(said: &str) -> String {
    advised(
        said.to_owned(),
        &[
            ("(using password: NO)", "add the password to the URL"),
            ("(using password", LOGIN),
            (
                "to database",
                "it does not exist, or this user has no rights on it: an administrator can create it and grant them",
            ),
            ("Unknown server host", HOST),
            ("Can't connect to", RUNNING),
            ("did not answer", ANSWER),
            ("Lost connection", ANSWER),
            ("is not allowed to connect", "an administrator can let this user in from here"),
            ("Too many connections", FULL),
            ("TLS/SSL error", "check ssl_ca, ssl_cert and ssl_key, and the server's certificate"),
        ],
    )
}

/// Appends the first advice whose pattern occurs in the message.
fn advised(said: String, known: &[(&str, &str)]) -> String {
    match known.iter().find(|(pattern, _)| said.contains(pattern)) {
        Some((_, advice)) => format!("{said}; {advice}"),
        None => said,
    }
}

#[cfg(test)]
mod tests {
    #[allow(unused_imports, reason = "some engines have no test here")]
    use super::*;

    #[cfg(feature = "postgres")]
    #[test]
    fn several_lines_from_libpq_become_one_with_advice() {
        let said = "connection to server at \"h1\", port 1 failed: Connection refused\n\tIs the server running on that \
                    host and accepting TCP/IP connections?\nconnection to server at \"h2\", port 1 failed: timeout expired";
        let told = postgres(said);
        assert_eq!(told.lines().count(), 1);
        assert!(told.contains("\"h1\"") && told.contains("\"h2\"") && told.ends_with(RUNNING), "{told}");
        assert_eq!(postgres("something new\n"), "something new");
    }

    #[cfg(feature = "mysql")]
    #[test]
    fn the_first_pattern_decides() {
        let said = "Access denied for user 'a'@'b' (using password: NO)";
        assert_eq!(mysql(said), format!("{said}; add the password to the URL"));
        assert_eq!(mysql("something new"), "something new");
    }
}
