//! MySQL Group Replication: one URL with three servers, of which one takes writes, and that one goes.

use std::sync::{Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::dsl::sql;
use diesel::sql_types::BigInt;
use diesel_session::{Database, Error, Result, Session};
use folio::connection::Access;
use folio::database::{Isolation, Options};

use super::load::written_during;
use super::nodes::*;
use super::watch::{LONGEST, until};
use folio_testing::group::Group;

/// The group, which each test breaks and mends, one after another.
fn own() -> MutexGuard<'static, Group> {
    static GROUP: OnceLock<Mutex<Group>> = OnceLock::new();
    GROUP.get_or_init(|| Mutex::new(Group::start())).lock().expect("another test has left the group broken")
}

/// A new database on the group.
fn database(group: &Group, name: &str, parameters: &str, options: Options) -> Database {
    let created = Database::open_with(&group.url(name), Options::new().access(Access::Create)).unwrap();
    create_tables(&created);
    for server in 1..=3 {
        until("the server has the tables", || {
            Database::open(&group.url_of(server, name)).is_ok_and(|db| sum(&db, 3).is_ok())
        });
    }
    Database::open_with(&format!("{}{parameters}", group.url(name)), options).unwrap()
}

/// Whether a session's server takes no writes.
fn is_standby(session: &mut Session<'_>) -> Result<bool> {
    Ok(session.rows::<i64, _>(diesel::select(sql::<BigInt>("@@GLOBAL.super_read_only")))? == [1])
}

/// The server that takes writes.
fn primary(group: &Group) -> usize {
    let is_primary = |server: &usize| {
        Database::open(&group.url_of(*server, "mysql")).is_ok_and(|db| !db.read(is_standby).unwrap_or(true))
    };
    (1..=3).find(is_primary).expect("no server takes writes")
}

/// Waits little for a server that is gone.
fn brief() -> Options {
    Options::new().pool_timeout(Duration::from_secs(1))
}

#[test]
fn b201_units_go_on_by_themselves_when_the_primary_is_killed_and_each_is_there_once() {
    let mut group = own();
    let db = database(&group, "killed", "", brief());
    let first = primary(&group);
    let done = written_during(&db, |more| {
        more("the primary works");
        group.kill(first);
        more("another one works");
    });
    assert_ne!(primary(&group), first);
    group.restart(first);
    for server in 1..=3 {
        let db = Database::open(&group.url_of(server, "killed")).unwrap();
        until("the server has applied all", || names(&db).len() >= done.len());
        assert_eq!(names(&db), done);
        assert_eq!(sum(&db, 1).unwrap(), i64::try_from(done.len()).unwrap());
    }
}

#[test]
fn b202_units_go_on_when_the_primary_hands_its_writes_over_and_keeps_its_connections() {
    let mut group = own();
    let db = database(&group, "handed_over", "", brief());
    let first = primary(&group);
    let next = first % 3 + 1;
    let done = written_during(&db, |more| {
        more("the primary works");
        group.elect(next);
        more("the next one works");
    });
    assert_eq!(primary(&group), next);
    assert_eq!(names(&db), done);
    // A unit that is not retried gets an error, and its connection is not used again.
    db.begin(|session| grow(session, 2, 1)).unwrap();
    group.elect(first);
    let refused = db.begin(|session| grow(session, 2, 1)).unwrap_err();
    assert!(matches!(refused, Error::ReadOnlyDatabase { .. }), "{refused}");
    db.begin(|session| grow(session, 2, 1)).unwrap();
    assert_eq!(db.begin(|session| session.get_one::<Tally>(2).and_then(|tally| Ok(session.row(tally)?.n))).unwrap(), 2);
}

#[test]
fn b200_hosts_that_take_no_writes_are_passed_over_and_listed_with_their_reasons() {
    let group = own();
    let db = database(&group, "listed", "", brief());
    db.begin(|session| grow(session, 1, 1)).unwrap();
    let standbys: Vec<String> =
        (1..=3).filter(|server| *server != primary(&group)).map(|n| group.url_of(n, "")).collect();
    let hosts = standbys.iter().map(|url| url.trim_start_matches("mysql://app:pw@").trim_end_matches('/'));
    let hosts: Vec<&str> = hosts.chain(["127.0.0.1:9"]).collect();
    let refused = Database::open(&format!("mysql://app:pw@{}/listed", hosts.join(","))).unwrap_err().to_string();
    for host in &hosts[..2] {
        assert!(refused.contains(&format!("{host}: it takes no writes (super_read_only)")), "{refused}");
    }
    assert!(refused.contains("127.0.0.1:9: Can't connect to 127.0.0.1:9"), "{refused}");
}

#[test]
fn b204_a_read_goes_to_a_standby_that_has_what_this_program_committed_or_to_the_primary() {
    let group = own();
    let (name, parameters) = ("reads", "?read_from=standby");
    let db = database(&group, name, parameters, Options::new().standby_wait(LONGEST));
    for n in 1..=50 {
        db.begin(|session| grow(session, 1, 1)).unwrap();
        db.read(|session| -> Result<()> {
            assert!(is_standby(session)?);
            let tally = session.get_one::<Tally>(1)?;
            assert_eq!(session.row(tally)?.n, n);
            Ok(())
        })
        .unwrap();
    }
    assert!(!db.begin(is_standby).unwrap());
    assert!(!db.isolated(Isolation::Serializable).read(is_standby).unwrap());
    let default = Database::open(&group.url(name)).unwrap();
    assert!(!default.read(is_standby).unwrap(), "without the parameter, the primary is read");

    // From here on no standby applies anything.
    let standbys = (1..=3).filter(|server| *server != primary(&group));
    let standbys: Vec<Database> = standbys.map(|n| Database::open(&group.url_of(n, name)).unwrap()).collect();
    let mut locks: Vec<_> = standbys.iter().map(|db| db.connection().unwrap()).collect();
    for lock in &mut locks {
        lock.batch_execute("FLUSH TABLES WITH READ LOCK").unwrap();
    }
    let url = format!("{}{parameters}", group.url(name));
    let open = || Database::open_with(&url, Options::new().standby_wait(Duration::from_millis(20))).unwrap();
    let (writer, other) = (open(), open());
    writer.begin(|session| grow(session, 1, 1)).unwrap();
    let seen = |session: &mut Session<'static>| -> Result<(bool, i64)> {
        let tally = session.get_one::<Tally>(1)?;
        Ok((is_standby(session)?, session.row(tally)?.n))
    };
    assert_eq!(writer.read(seen).unwrap(), (false, 51), "no standby has it in time");
    assert_eq!(other.read(seen).unwrap(), (true, 50), "what others commit may be missing");
    for lock in &mut locks {
        lock.batch_execute("UNLOCK TABLES").unwrap();
    }
    until("a standby has it", || writer.read(seen).unwrap() == (true, 51));
}
