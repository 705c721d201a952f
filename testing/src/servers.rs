//! Private, throw-away servers: each is started at most once per test binary, on a free loopback port, in its own
//! folder, and ends with the binary, however that ends.
//!
//! A static is never dropped, so a shell guards the server: it starts it, waits for the end of its input, which the
//! operating system closes with the test process, and then stops the server and removes the folder.

use std::hash::{BuildHasher as _, RandomState};
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use super::engine::TestEngine;

/// Root starts the servers as another user; anyone else starts them as themselves. If nobody reads any more that they
/// are ready, the write must not kill the guard. A `find_…` sets the user and the folder of an engine's programs.
pub(super) const PROLOGUE: &str = r#"
trap '' INT TERM HUP PIPE
D=$(mktemp -d) && chmod 755 "$D" || exit 1
stop() { :; }
fail() { echo "$1" "$(tail -n 5 "$D/log" 2>/dev/null | tr '\n' ' ')"; stop; rm -rf "$D"; exit 1; }
as() {
    if [ "$(id -u)" = 0 ]; then chown "$U" "$D"; setpriv --reuid="$U" --regid="$U" --init-groups env HOME=/tmp "$@"
    else env HOME=/tmp "$@"; fi
}
: >"$D/log"; chmod 666 "$D/log"
find_postgres() {
    U=postgres
    B=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
    [ -n "$B" ] || B=$(dirname "$(command -v initdb || echo /none/initdb)")
    [ -x "$B/initdb" ] || fail "PostgreSQL's server is not installed (Debian: postgresql; '.ci/servers' installs it)"
}
find_mariadb() {
    U=mysql
    command -v mariadbd >/dev/null || fail "MariaDB's server is not installed (Debian: mariadb-server; '.ci/servers' installs it)"
}
find_mysql() {
    U=mysql
    if [ "$(id -u)" = 0 ]; then M=/var/cache/folio/mysql; else M=${XDG_CACHE_HOME:-$HOME/.cache}/folio/mysql; U=$(id -un); fi
    [ -x "$M/mysqld" ] || fail "MySQL's server is not in $M ('.ci/servers' installs it)"
}
"#;

const POSTGRES: &str = r#"
find_postgres
as "$B/initdb" -D "$D/data" -U app -A trust --no-sync --locale=C.UTF-8 -E UTF8 >"$D/log" 2>&1 || fail 'initdb:'
# Only members of this role need a password.
sed -i '1i host all +guarded all scram-sha-256' "$D/data/pg_hba.conf"
as "$B/pg_ctl" -D "$D/data" -l "$D/log" -w -o "-c listen_addresses=127.0.0.1 -p $PORT -k $D -c fsync=off \
    -c full_page_writes=off -c max_connections=200 -c shared_buffers=64MB" start >/dev/null 2>&1 || fail 'PostgreSQL:'
as "$B/psql" -h "$D" -p "$PORT" -U app -d postgres -c 'CREATE ROLE guarded' >"$D/log" 2>&1 || fail 'PostgreSQL:'
echo ready
read -r _
as "$B/pg_ctl" -D "$D/data" -m immediate stop >/dev/null 2>&1
rm -rf "$D"
"#;

const MARIADB: &str = r#"
find_mariadb
[ "$(id -u)" = 0 ] && chown mysql "$D" || U=$(id -un)
mariadb-install-db --no-defaults --user="$U" --datadir="$D/data" --skip-test-db --auth-root-authentication-method=normal \
    --innodb-log-file-size=4M >"$D/log" 2>&1 || fail 'mariadb-install-db:'
mariadbd --no-defaults --user="$U" --datadir="$D/data" --tmpdir="$D" --socket="$D/s.sock" --port="$PORT" \
    --bind-address=127.0.0.1 --pid-file="$D/m.pid" --skip-log-bin --skip-name-resolve --innodb-buffer-pool-size=64M \
    --innodb-log-file-size=4M --innodb-flush-log-at-trx-commit=0 --performance-schema=OFF --max-connections=200 \
    >"$D/log" 2>&1 &
SERVER=$!
stop() { kill -9 "$SERVER" 2>/dev/null; wait "$SERVER"; }
until mariadb-admin --no-defaults -S "$D/s.sock" -uroot ping >/dev/null 2>&1; do
    kill -0 "$SERVER" 2>/dev/null || fail 'MariaDB:'
    sleep 0.05
done
mariadb --no-defaults -S "$D/s.sock" -uroot -e \
    "CREATE USER app@'127.0.0.1' IDENTIFIED BY 'pw'; GRANT ALL ON *.* TO app@'127.0.0.1' WITH GRANT OPTION" \
    >"$D/log" 2>&1 || fail 'MariaDB:'
echo ready
read -r _
stop
rm -rf "$D"
"#;

/// The server that `.ci/mysql-server` fetched, with a data directory to copy, which already has the user `app`. Nothing
/// here must survive a crash, so nothing is flushed to disk.
const MYSQL: &str = r#"
find_mysql
cp -r "$M/data" "$D/data" || fail 'copying the data directory:'
[ "$(id -u)" = 0 ] && chown -R "$U" "$D/data"
as "$M/mysqld" --datadir="$D/data" --tmpdir="$D" --socket="$D/s.sock" --port="$PORT" --bind-address=127.0.0.1 \
    --pid-file="$D/m.pid" --skip-log-bin --skip-name-resolve --performance-schema=OFF --max-connections=200 \
    --innodb-buffer-pool-size=64M --innodb-redo-log-capacity=8M --innodb-flush-log-at-trx-commit=0 \
    --innodb-doublewrite=OFF --innodb-flush-method=nosync --innodb-buffer-pool-load-at-startup=OFF >"$D/log" 2>&1 &
SERVER=$!
stop() { kill -9 "$(cat "$D/m.pid" 2>/dev/null)" 2>/dev/null; wait "$SERVER"; }
until mariadb-admin --no-defaults -S "$D/s.sock" -uroot ping >/dev/null 2>&1; do
    kill -0 "$SERVER" 2>/dev/null || fail 'MySQL:'
    sleep 0.05
done
echo ready
read -r _
stop
rm -rf "$D"
"#;

struct Server {
    port: u16,
    /// The shell, whose input ends with this process.
    _guard: Child,
}

/// The URL of a database of that name on the private server of an engine; it is not created here.
pub fn url(engine: TestEngine, name: &str) -> String {
    static POSTGRES_SERVER: OnceLock<Result<Server, String>> = OnceLock::new();
    static MARIADB_SERVER: OnceLock<Result<Server, String>> = OnceLock::new();
    static MYSQL_SERVER: OnceLock<Result<Server, String>> = OnceLock::new();
    let (running, script, login) = match engine {
        TestEngine::Postgres => (&POSTGRES_SERVER, POSTGRES, "postgres://app"),
        TestEngine::Mariadb => (&MARIADB_SERVER, MARIADB, "mysql://app:pw"),
        TestEngine::Mysql => (&MYSQL_SERVER, MYSQL, "mysql://app:pw"),
        TestEngine::Sqlite => panic!("SQLite needs no server"),
    };
    match running.get_or_init(|| start(script)) {
        Ok(server) => format!("{login}@127.0.0.1:{}/{name}", server.port),
        Err(problem) => panic!("NOT RUN on {engine}: {problem}"),
    }
}

/// The URL of a new database, which is not created yet.
pub fn unmade(engine: TestEngine) -> String {
    static MADE: AtomicU32 = AtomicU32::new(0);
    url(engine, &format!("test_{}", MADE.fetch_add(1, Ordering::Relaxed)))
}

/// Free ports below the system's ephemeral range, so that a killed server finds its port still free.
pub(super) fn free_ports<const N: usize>() -> [u16; N] {
    let mut held = Vec::new();
    let ports = [(); N].map(|()| {
        for attempt in 0.. {
            let port = 12_000 + u16::try_from(RandomState::new().hash_one(attempt) % 20_000).unwrap();
            if let Ok(listener) = TcpListener::bind(("127.0.0.1", port)) {
                held.push(listener);
                return port;
            }
        }
        unreachable!("some port is free");
    });
    drop(held);
    ports
}

/// Another program may take the port first, so it tries twice, on different ports.
fn start(script: &str) -> Result<Server, String> {
    let [one, other] = free_ports();
    start_on(script, one).or_else(|_| start_on(script, other))
}

fn start_on(script: &str, port: u16) -> Result<Server, String> {
    let mut guard = Command::new("sh")
        .args(["-c", &format!("{PROLOGUE}{script}")])
        .env("PORT", port.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| e.to_string())?;
    let mut said = String::new();
    if let Some(output) = guard.stdout.take() {
        BufReader::new(output).read_line(&mut said).map_err(|e| e.to_string())?;
    }
    if said.trim() == "ready" { Ok(Server { port, _guard: guard }) } else { Err(said.trim().to_owned()) }
}
