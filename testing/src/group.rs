//! A private MySQL Group Replication of three servers, of which one takes writes, and which a test may kill one by one.

use super::guard::Guard;

/// Every server has a copy of the data directory that `.ci/mysql-server` made, with an identity of its own. Commits must
/// outlive a killed process and not the machine, so that they are written to files and not flushed to disk.
const GROUP: &str = r#"
find_mysql
PLUGINS=$(dirname "$(find "$M/root" -name group_replication.so | head -n 1)")
set -- $PORTS
SEEDS=127.0.0.1:$4,127.0.0.1:$5,127.0.0.1:$6
for I in 1 2 3; do eval "PORT$I=\$$I GROUP$I=\$$((I + 3))"; done
pid() { cat "$D/n$1/m.pid" 2>/dev/null; }
stop() { for I in 1 2 3; do kill -9 $(pid $I) 2>/dev/null; done; wait; }
sql() { mariadb --no-defaults -S "$D/n$1/s.sock" -uroot -BNe "$2" 2>>"$D/log"; }
# A member that was killed is expelled as soon as it is suspected, after about five seconds.
launch() {
    eval "PORT=\$PORT$1 GROUP=\$GROUP$1"
    as "$M/mysqld" --datadir="$D/n$1/data" --tmpdir="$D/n$1" --socket="$D/n$1/s.sock" --pid-file="$D/n$1/m.pid" --port="$PORT" \
        --bind-address=127.0.0.1 --report-host=127.0.0.1 --server-id="$1" --gtid-mode=ON --enforce-gtid-consistency=ON \
        --skip-name-resolve --max-connections=200 --innodb-buffer-pool-size=64M --innodb-redo-log-capacity=8M \
        --innodb-flush-log-at-trx-commit=2 --sync-binlog=0 --innodb-doublewrite=OFF --innodb-flush-method=nosync \
        --plugin-dir="$PLUGINS" --plugin-load-add=group_replication.so \
        --loose-group-replication-group-name=aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa --loose-group-replication-start-on-boot=OFF \
        --loose-group-replication-local-address="127.0.0.1:$GROUP" --loose-group-replication-group-seeds="$SEEDS" \
        --loose-group-replication-member-expel-timeout=0 --loose-group-replication-recovery-get-public-key=ON >>"$D/log" 2>&1 &
    TRIES=0
    until mariadb-admin --no-defaults -S "$D/n$1/s.sock" -uroot ping >/dev/null 2>&1; do
        TRIES=$((TRIES + 1)); [ "$TRIES" -lt 1200 ] || return 1
        sleep 0.05
    done
}
online() {
    TRIES=0
    until [ "$(sql "$1" "SELECT MEMBER_STATE FROM performance_schema.replication_group_members WHERE MEMBER_ID = @@server_uuid")" = ONLINE ]
    do
        TRIES=$((TRIES + 1)); [ "$TRIES" -lt 600 ] || return 1
        sleep 0.1
    done
}
for I in 1 2 3; do
    mkdir "$D/n$I" && cp -r "$M/data" "$D/n$I/data" && rm -f "$D/n$I/data/auto.cnf" "$D/n$I/data/"binlog.* || fail 'copying the data directory:'
    [ "$(id -u)" = 0 ] && chown -R "$U" "$D/n$I"
done
for I in 1 2 3; do launch $I || fail "MySQL, server $I:"; done
for I in 1 2 3; do
    sql $I "SET SQL_LOG_BIN = 0; CREATE USER repl@'127.0.0.1' IDENTIFIED BY 'repl';
        GRANT REPLICATION SLAVE, BACKUP_ADMIN, CONNECTION_ADMIN, GROUP_REPLICATION_STREAM ON *.* TO repl@'127.0.0.1';
        SET SQL_LOG_BIN = 1;
        CHANGE REPLICATION SOURCE TO SOURCE_USER = 'repl', SOURCE_PASSWORD = 'repl' FOR CHANNEL 'group_replication_recovery'" ||
        fail "MySQL, server $I:"
done
sql 1 'SET GLOBAL group_replication_bootstrap_group = ON; START GROUP_REPLICATION; SET GLOBAL group_replication_bootstrap_group = OFF' ||
    fail 'the group:'
for I in 2 3; do sql $I 'START GROUP_REPLICATION' || fail "joining the group, server $I:"; done
for I in 1 2 3; do online $I || fail "the group, server $I:"; done
echo ready
while read -r ORDER NUMBER; do
    case $ORDER in
    # The removed file prevents a later stop by an old id.
    kill) kill -9 "$(pid "$NUMBER")" && rm "$D/n$NUMBER/m.pid" ;;
    start) launch "$NUMBER" && sql "$NUMBER" 'START GROUP_REPLICATION' && online "$NUMBER" ;;
    elect)
        sql "$NUMBER" "SELECT group_replication_set_as_primary(@@server_uuid)" >/dev/null ;;
    *) false ;;
    esac && echo done || echo "failed: $ORDER $NUMBER" "$(tail -n 5 "$D/log" | tr '\n' ' ')"
done
stop
rm -rf "$D"
"#;

/// Three servers, numbered from 1, of which the first takes writes at the start.
#[derive(Debug)]
pub struct Group {
    guard: Guard,
    ports: [u16; 6],
}

impl Group {
    pub fn start() -> Self {
        let (guard, ports) = Guard::start(GROUP);
        Self { guard, ports }
    }

    /// A URL with all servers, the first of them last.
    pub fn url(&self, name: &str) -> String {
        let [one, two, three, ..] = self.ports;
        format!("mysql://app:pw@127.0.0.1:{three},127.0.0.1:{two},127.0.0.1:{one}/{name}")
    }

    /// A URL of one server alone.
    pub fn url_of(&self, server: usize, name: &str) -> String {
        format!("mysql://app:pw@127.0.0.1:{}/{name}", self.ports[server - 1])
    }

    /// Kills a server, which cannot notify the others.
    pub fn kill(&mut self, server: usize) {
        self.guard.tell(&format!("kill {server}"));
    }

    /// Restarts a server and waits until it has caught up.
    pub fn restart(&mut self, server: usize) {
        self.guard.tell(&format!("start {server}"));
    }

    /// Has the group let this server take the writes, while all are up and their connections stay open.
    pub fn elect(&mut self, server: usize) {
        self.guard.tell(&format!("elect {server}"));
    }
}
