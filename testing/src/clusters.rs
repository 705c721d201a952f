//! Private, throw-away clusters, whose servers a test may kill one by one: a PostgreSQL primary with its standby, and a
//! Galera cluster of three nodes.

use super::guard::Guard;

const PAIR: &str = r#"
find_postgres
set -- $PORTS
start() {
    as "$B/pg_ctl" -D "$D/$1" -l "$D/log" -w -t 120 -o "-c listen_addresses=127.0.0.1 -p $2 -k $D -c fsync=off \
        -c max_connections=100 -c shared_buffers=64MB" start >/dev/null 2>&1 || fail "PostgreSQL, the $1:"
}
stop() {
    kill -CONT $(family standby) 2>/dev/null
    for S in standby primary; do as "$B/pg_ctl" -D "$D/$S" -m immediate stop >/dev/null 2>&1; done
}
family() { P=$(head -n 1 "$D/$1/postmaster.pid") && echo "$P $(cat "/proc/$P/task/$P/children")"; }
as "$B/initdb" -D "$D/primary" -U app -A trust --no-sync --locale=C.UTF-8 -E UTF8 >"$D/log" 2>&1 || fail 'initdb:'
start primary "$1"
as "$B/pg_basebackup" -h 127.0.0.1 -p "$1" -U app -D "$D/standby" -R -c fast --no-sync >"$D/log" 2>&1 || fail 'pg_basebackup:'
echo "synchronous_standby_names = '*'" >>"$D/primary/postgresql.auto.conf"
as "$B/pg_ctl" -D "$D/primary" reload >/dev/null 2>&1
start standby "$2"
TRIES=0
until [ "$(as "$B/psql" -h 127.0.0.1 -p "$1" -U app -d postgres -Atc 'SELECT sync_state FROM pg_stat_replication')" = sync ]; do
    TRIES=$((TRIES + 1)); [ "$TRIES" -lt 600 ] || fail 'the standby does not follow:'
    sleep 0.1
done
echo ready
while read -r ORDER; do
    case $ORDER in
    'freeze standby') kill -STOP $(family standby) ;;
    'thaw standby') kill -CONT $(family standby) ;;
    # Stopped first, so that nothing forks while the children's ids are read; the removed file prevents a later stop by an old id.
    'kill primary')
        kill -STOP "$(head -n 1 "$D/primary/postmaster.pid")" && kill -9 $(family primary) && rm "$D/primary/postmaster.pid" ;;
    'promote standby') as "$B/pg_ctl" -D "$D/standby" -w -t 120 promote >/dev/null 2>&1 ;;
    *) false ;;
    esac && echo done || echo "failed: $ORDER"
done
stop
rm -rf "$D"
"#;

const GALERA: &str = r#"
find_mariadb
LIB=$(ls /usr/lib/galera/libgalera_smm.so /usr/lib/*/galera/libgalera_smm.so 2>/dev/null | head -n 1)
[ -n "$LIB" ] || fail "Galera is not installed (Debian: galera-4; '.ci/servers' installs it)"
for TOOL in rsync lsof ip; do
    command -v "$TOOL" >/dev/null || fail "Galera needs $TOOL (Debian: rsync lsof iproute2; '.ci/servers' installs it)"
done
set -- $PORTS
for I in 1 2 3; do
    mkdir "$D/n$I" "$D/n$I/data" "$D/n$I/tmp"
    eval "PORT$I=$1 GROUP$I=$2 IST$I=$3 SST$I=$4"; shift 4
done
[ "$(id -u)" = 0 ] && chown -R mysql "$D" || U=$(id -un)
stop() { kill -9 $NODE1 $NODE2 $NODE3 2>/dev/null; wait; }
sql() { mariadb --no-defaults -S "$D/n$1/s.sock" -uroot -BNe "$2" 2>/dev/null; }
# MariaDB sometimes does not answer a prepared statement that a conflict ends, and waits for the next one: hence the
# wait-timeout.
launch() {
    I=$1; shift
    eval "PORT=\$PORT$I GROUP=\$GROUP$I IST=\$IST$I SST=\$SST$I"
    mariadbd --no-defaults --user="$U" --datadir="$D/n$I/data" --tmpdir="$D/n$I/tmp" --socket="$D/n$I/s.sock" \
        --pid-file="$D/n$I/m.pid" --port="$PORT" --bind-address=127.0.0.1 --skip-name-resolve --binlog-format=ROW \
        --innodb-autoinc-lock-mode=2 --innodb-buffer-pool-size=64M --innodb-log-file-size=8M \
        --innodb-flush-log-at-trx-commit=0 --performance-schema=OFF --wait-timeout=15 --wsrep-on=ON --wsrep-provider="$LIB" \
        --wsrep-cluster-name=test --wsrep-cluster-address="gcomm://127.0.0.1:$GROUP1,127.0.0.1:$GROUP2,127.0.0.1:$GROUP3" \
        --wsrep-node-name="n$I" --wsrep-node-address="127.0.0.1:$GROUP" --wsrep-node-incoming-address="127.0.0.1:$PORT" \
        --wsrep-sst-method=rsync --wsrep-sst-receive-address="127.0.0.1:$SST" --wsrep-provider-options="base_host=127.0.0.1;\
base_port=$GROUP;gmcast.listen_addr=tcp://127.0.0.1:$GROUP;ist.recv_addr=127.0.0.1:$IST;gcache.size=32M;\
gcache.dir=$D/n$I/data;pc.recovery=false;pc.announce_timeout=PT1S" "$@" >>"$D/log" 2>&1 &
    eval "NODE$I=$!"
}
synced() {
    eval "NODE=\$NODE$1"
    until [ "$(sql "$1" "SHOW STATUS LIKE 'wsrep_local_state_comment'" | cut -f 2)" = Synced ]; do
        kill -0 "$NODE" 2>/dev/null || return 1
        sleep 0.05
    done
}
mariadb-install-db --no-defaults --user="$U" --datadir="$D/n1/data" --skip-test-db --auth-root-authentication-method=normal \
    --innodb-log-file-size=8M >"$D/log" 2>&1 || fail 'mariadb-install-db:'
launch 1 --wsrep-new-cluster; synced 1 || fail 'Galera, node 1:'
sql 1 "CREATE USER app@'127.0.0.1' IDENTIFIED BY 'pw'; GRANT ALL ON *.* TO app@'127.0.0.1'" || fail 'Galera, node 1:'
# With copies of a cleanly stopped node, the others need no state transfer from it.
sql 1 SHUTDOWN; wait "$NODE1"
for I in 2 3; do cp -a "$D/n1/data/." "$D/n$I/data/" && rm -f "$D/n$I/data/galera.cache" || fail 'copying node 1:'; done
launch 1 --wsrep-new-cluster; synced 1 || fail 'Galera, node 1:'
launch 2; launch 3
synced 2 || fail 'Galera, node 2:'
synced 3 || fail 'Galera, node 3:'
echo ready
while read -r ORDER NUMBER; do
    eval "NODE=\$NODE$NUMBER"
    case $ORDER in
    kill) kill -9 "$NODE"; wait "$NODE" 2>/dev/null; eval "NODE$NUMBER=" ;;
    start) launch "$NUMBER"; synced "$NUMBER" ;;
    *) false ;;
    esac && echo done || echo "failed: $ORDER $NUMBER" "$(tail -n 5 "$D/log" | tr '\n' ' ')"
done
stop
rm -rf "$D"
"#;

/// A primary, and the standby that it waits for at every commit.
#[derive(Debug)]
pub struct Pair {
    guard: Guard,
    ports: [u16; 2],
}

impl Pair {
    pub fn start() -> Self {
        let (guard, ports) = Guard::start(PAIR);
        Self { guard, ports }
    }

    /// A URL with both hosts, the standby first.
    pub fn url(&self, name: &str) -> String {
        let [primary, standby] = self.ports;
        format!("postgres://app@127.0.0.1:{standby},127.0.0.1:{primary}/{name}")
    }

    /// A URL of the standby alone.
    pub fn standby_url(&self, name: &str) -> String {
        format!("postgres://app@127.0.0.1:{}/{name}", self.ports[1])
    }

    /// Suspends the standby's processes: what the primary sends now is not acknowledged.
    pub fn freeze_standby(&mut self) {
        self.guard.tell("freeze standby");
    }

    pub fn thaw_standby(&mut self) {
        self.guard.tell("thaw standby");
    }

    /// Kills every process of the primary at once.
    pub fn kill_primary(&mut self) {
        self.guard.tell("kill primary");
    }

    pub fn promote_standby(&mut self) {
        self.guard.tell("promote standby");
    }
}

/// Three nodes, numbered from 1, each of which accepts writes.
#[derive(Debug)]
pub struct Galera {
    guard: Guard,
    ports: [u16; 12],
}

impl Galera {
    pub fn start() -> Self {
        let (guard, ports) = Guard::start(GALERA);
        Self { guard, ports }
    }

    pub fn url(&self, node: usize, name: &str) -> String {
        format!("mysql://app:pw@127.0.0.1:{}/{name}", self.ports[(node - 1) * 4])
    }

    /// A URL with all nodes.
    pub fn url_of_all(&self, name: &str) -> String {
        let [one, two, three] = [0, 4, 8].map(|index| self.ports[index]);
        format!("mysql://app:pw@127.0.0.1:{one},127.0.0.1:{two},127.0.0.1:{three}/{name}")
    }

    /// Kills a node, which cannot notify the others.
    pub fn kill_node(&mut self, node: usize) {
        self.guard.tell(&format!("kill {node}"));
    }

    /// Restarts a node and waits until it has caught up.
    pub fn start_node(&mut self, node: usize) {
        self.guard.tell(&format!("start {node}"));
    }
}
