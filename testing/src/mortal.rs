//! Private servers, one of each engine, that a test kills and starts again; what they acknowledged outlives that.

use std::sync::Mutex;

use super::TestEngine;
use super::guard::Guard;

const POSTGRES: &str = r#"
find_postgres
prepare() { as "$B/initdb" -D "$D/data" -U app -A trust --no-sync --locale=C.UTF-8 -E UTF8 >"$D/log" 2>&1; }
launch() {
    as "$B/pg_ctl" -D "$D/data" -l "$D/log" -w -t 120 -o "-c listen_addresses=127.0.0.1 -p $PORTS -c unix_socket_directories= \
        -c fsync=off -c shared_buffers=64MB" start >/dev/null 2>&1
}
# Stopped first, so that nothing forks while the children's ids are read; the removed file prevents a later stop by an old id.
destroy() {
    P=$(head -n 1 "$D/data/postmaster.pid") && kill -STOP "$P" && kill -9 "$P" $(cat "/proc/$P/task/$P/children") &&
        rm "$D/data/postmaster.pid"
}
stop() { as "$B/pg_ctl" -D "$D/data" -m immediate stop >/dev/null 2>&1; }
"#;

/// Both write each commit to the log file before they acknowledge it, where it outlives the process.
const MARIADB: &str = r#"
find_mariadb
prepare() {
    [ "$(id -u)" = 0 ] && chown mysql "$D" || U=$(id -un)
    mariadb-install-db --no-defaults --user="$U" --datadir="$D/data" --skip-test-db --auth-root-authentication-method=normal \
        --innodb-log-file-size=4M >"$D/log" 2>&1
}
launch() {
    as mariadbd --no-defaults --datadir="$D/data" --tmpdir="$D" --socket="$D/s.sock" --port="$PORTS" --bind-address=127.0.0.1 \
        --pid-file="$D/m.pid" --skip-log-bin --skip-name-resolve --innodb-buffer-pool-size=64M --innodb-log-file-size=4M \
        --innodb-flush-log-at-trx-commit=2 --performance-schema=OFF >>"$D/log" 2>&1 &
    answers
}
"#;

const MYSQL: &str = r#"
find_mysql
prepare() { cp -r "$M/data" "$D/data" && { [ "$(id -u)" != 0 ] || chown -R "$U" "$D/data"; }; }
launch() {
    as "$M/mysqld" --datadir="$D/data" --tmpdir="$D" --socket="$D/s.sock" --port="$PORTS" --bind-address=127.0.0.1 \
        --pid-file="$D/m.pid" --skip-log-bin --skip-name-resolve --performance-schema=OFF --innodb-buffer-pool-size=64M \
        --innodb-redo-log-capacity=8M --innodb-flush-log-at-trx-commit=2 --innodb-flush-method=nosync \
        --innodb-buffer-pool-load-at-startup=OFF >>"$D/log" 2>&1 &
    answers
}
"#;

/// What MariaDB and MySQL have in common.
const MYSQL_ALIKE: &str = r#"
answers() {
    TRIES=0
    until mariadb-admin --no-defaults -S "$D/s.sock" -uroot ping >/dev/null 2>&1; do
        TRIES=$((TRIES + 1)); [ "$TRIES" -lt 3000 ] || return 1
        sleep 0.02
    done
    mariadb --no-defaults -S "$D/s.sock" -uroot -e \
        "CREATE USER IF NOT EXISTS app@'127.0.0.1' IDENTIFIED BY 'pw'; GRANT ALL ON *.* TO app@'127.0.0.1'" >>"$D/log" 2>&1
}
# The removed file prevents a later stop by an old id.
destroy() { P=$(cat "$D/m.pid") && kill -9 "$P" && rm "$D/m.pid" && rm -f "$D/s.sock"; }
stop() { kill -9 "$(cat "$D/m.pid" 2>/dev/null)" 2>/dev/null; wait; }
"#;

const ORDERS: &str = r#"
prepare && launch || fail 'the server:'
echo ready
while read -r ORDER; do
    case $ORDER in
    kill) destroy ;;
    start) launch ;;
    *) false ;;
    esac && echo done || echo "failed: $ORDER" "$(tail -n 5 "$D/log" | tr '\n' ' ')"
done
stop
rm -rf "$D"
"#;

/// A server of its own for one test.
#[derive(Debug)]
pub struct Mortal {
    guard: Mutex<Guard>,
    port: u16,
    login: &'static str,
}

impl Mortal {
    /// Starts a server of the engine.
    ///
    /// # Panics
    ///
    /// If it cannot be started.
    #[must_use]
    pub fn start(engine: TestEngine) -> Self {
        let (script, login) = match engine {
            TestEngine::Postgres => (POSTGRES.to_owned(), "postgres://app"),
            TestEngine::Mariadb => (format!("{MARIADB}{MYSQL_ALIKE}"), "mysql://app:pw"),
            TestEngine::Mysql => (format!("{MYSQL}{MYSQL_ALIKE}"), "mysql://app:pw"),
            TestEngine::Sqlite => panic!("SQLite has no server"),
        };
        let (guard, [port]) = Guard::start(&format!("{script}{ORDERS}"));
        Self { guard: Mutex::new(guard), port, login }
    }

    /// The port that it listens on, also after it was started again.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The URL of a database on it, as reached by this port.
    #[must_use]
    pub fn url(&self, port: u16, name: &str) -> String {
        format!("{}@127.0.0.1:{port}/{name}", self.login)
    }

    /// Kills every process of the server at once.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn kill(&self) {
        self.guard.lock().unwrap().tell("kill");
    }

    /// Starts it again on the same port, with what it had committed, and returns when it accepts connections.
    ///
    /// # Panics
    ///
    /// If it does not come back.
    pub fn restart(&self) {
        self.guard.lock().unwrap().tell("start");
    }
}
