//! PostgreSQL: units that only read go to a standby, if that is wanted and it has what the program committed.

use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_session::Result;
use folio::connection::Access;
use folio::database::{Isolation, Options, ReadFrom};
use folio::migrations::Migrate as _;
use folio::models::{NewUser, User};
use folio::{Database, Session};

use super::watch::{LONGEST, until};
use folio_testing::clusters::Pair;

/// Whether a session's server is a standby, and how many users there are.
fn seen(session: &mut Session<'static>) -> Result<(bool, u64)> {
    let standby = session.rows::<bool, _>(diesel::select(sql::<Bool>("pg_is_in_recovery()")))?[0];
    Ok((standby, session.query(User::all()).count()?))
}

fn add_user(db: &Database, number: i64) {
    db.begin(|session| -> Result<()> {
        session.add(NewUser::new(number, "step")?);
        Ok(())
    })
    .unwrap();
}

fn migrated(pair: &Pair) -> Database {
    let db = Database::open_with(&pair.url("folio"), Options::new().access(Access::Create)).unwrap();
    db.migrate().unwrap();
    db
}

fn on_standbys(pair: &Pair, wait: Duration) -> Database {
    let options = Options::new().read_from(ReadFrom::Standby).standby_wait(wait);
    Database::open_with(&pair.url("folio"), options).unwrap()
}

#[test]
fn b203_a_unit_that_reads_runs_on_a_standby_where_that_is_wanted_and_any_other_on_the_primary() {
    let pair = Pair::start();
    let default = migrated(&pair);
    let db = on_standbys(&pair, LONGEST);
    add_user(&db, 1);
    assert_eq!(db.read(seen).unwrap(), (true, 1));
    assert_eq!(db.begin(seen).unwrap(), (false, 1));
    assert_eq!(db.isolated(Isolation::Serializable).read(seen).unwrap(), (false, 1));
    assert_eq!(default.read(seen).unwrap(), (false, 1), "without the option, the primary is read");
    let by_url = format!("{}?read_from=primary", pair.url("folio"));
    let by_url = Database::open_with(&by_url, Options::new().read_from(ReadFrom::Standby)).unwrap();
    assert_eq!(by_url.read(seen).unwrap(), (false, 1), "the URL overrides the option");
}

#[test]
fn b204_a_read_goes_to_a_standby_that_has_what_this_program_committed_or_to_the_primary() {
    let mut pair = Pair::start();
    migrated(&pair);
    let db = on_standbys(&pair, LONGEST);
    for number in 1..=50 {
        add_user(&db, number);
        assert_eq!(db.read(seen).unwrap(), (true, number.unsigned_abs()));
    }

    let standby = Database::open_with(&pair.standby_url("folio"), Options::new().access(Access::Read)).unwrap();
    let mut standby = standby.connection().unwrap();
    standby.batch_execute("SELECT pg_wal_replay_pause()").unwrap();
    until("the standby applies nothing more", || {
        let paused = diesel::select(sql::<Bool>("pg_get_wal_replay_pause_state() = 'paused'"));
        paused.get_result(&mut *standby).unwrap()
    });
    let (writer, other) = (on_standbys(&pair, Duration::from_millis(20)), on_standbys(&pair, LONGEST));
    add_user(&writer, 51);
    assert_eq!(writer.read(seen).unwrap(), (false, 51), "the standby does not have it in time");
    assert_eq!(other.read(seen).unwrap(), (true, 50), "what others commit may be missing");
    standby.batch_execute("SELECT pg_wal_replay_resume()").unwrap();
    until("the standby has it", || writer.read(seen).unwrap() == (true, 51));

    // Nobody takes writes any more, and reads go on; so does a program that only reads.
    pair.kill_primary();
    assert_eq!(writer.read(seen).unwrap(), (true, 51));
    let reader = Options::new().access(Access::Read).read_from(ReadFrom::Standby);
    let reader = Database::open_with(&pair.url("folio"), reader).unwrap();
    assert_eq!(reader.read(seen).unwrap(), (true, 51));
    pair.promote_standby();
    add_user(&writer, 52);
    assert_eq!(writer.read(seen).unwrap(), (false, 52));
}
