//! The pool and the threads can be measured, a named unit reports what it did, and repeated SELECTs are found.

use std::sync::mpsc;
use std::time::Duration;

use diesel::{HasQuery as _, QueryDsl as _};
use diesel_session::connection::EchoOptions;
use diesel_session::database::{Options, Retry};
use diesel_session::{Error, Result};

use super::seen;
use crate::driver::{block_on, poll_once};
use crate::shop::{Entry, Shop, enter, entries};

fn shop(options: Options) -> Shop {
    Shop::open(module_path!(), options)
}

#[test]
fn b191_the_metrics_of_a_database_are_those_of_its_pool_and_threads() -> Result<()> {
    const LONG: Duration = Duration::from_secs(60);
    let shop = shop(Options::new().pool_size(2));
    let held = shop.session()?;
    let (begun, begins) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let mut running = shop.read_async(move |session| -> Result<u64> {
        begun.send(()).unwrap();
        let _ = released.recv();
        session.query(Entry::query()).count()
    });
    assert!(poll_once(&mut running).is_pending());
    begins.recv_timeout(LONG).unwrap();
    let metrics = shop.clone().metrics();
    assert_eq!((metrics.pool_size, metrics.connections, metrics.idle, metrics.waiting), (2, 2, 0, 0));
    assert_eq!((metrics.threads, metrics.running, metrics.queued), (1, 1, 0));
    release.send(()).unwrap();
    assert_eq!(block_on(running)?, 0);
    drop(held);
    block_on(shop.close_async());
    let later = shop.metrics();
    assert_eq!((later.idle, later.threads, later.running), (2, 0, 0));
    drop(shop.connection()?);
    assert_eq!(shop.metrics().checkouts, later.checkouts + 1);
    assert!(shop.metrics().waited >= later.waited);
    Ok(())
}

#[test]
fn b192_the_span_of_a_named_unit_reports_attempts_statements_rows_and_time() {
    let seen = seen(|| {
        let shop = shop(Options::new());
        let added = shop.named("add three").begin(|session| -> Result<()> {
            (1..=3).try_for_each(|unit| enter(session, unit, 0))?;
            session.flush()?;
            session.query(Entry::query()).all()?;
            Ok(())
        });
        added.unwrap();
        let mut attempts = 0;
        let retried = shop.named("retried").retrying(Retry::default(), |session| -> Result<()> {
            attempts += 1;
            let entry = session.get_one::<Entry>(1)?;
            if attempts < 3 {
                // As if another unit had deleted the row in between.
                session.execute_unsynchronized(diesel::delete(entries::table.find(1)))?;
            }
            session.edit(entry)?.amount += 1;
            Ok(())
        });
        retried.unwrap();
        shop.begin(|_| -> Result<()> { Err(Error::ReadOnlySession) }).unwrap_err();
    });
    let units: Vec<_> = seen.units.values().collect();
    assert_eq!(units.len(), 2, "a unit without a name has no span");
    let field = |unit: usize, name: &str| units[unit][name].parse::<u64>().unwrap();
    assert_eq!(units[0]["name"], "add three");
    let (attempts, statements, rows) = (field(0, "attempts"), field(0, "statements"), field(0, "rows"));
    assert_eq!((attempts, rows >= 6, (2..=4).contains(&statements)), (1, true, true), "{units:?}");
    assert!(field(0, "micros") > 0);
    assert_eq!((&*units[1]["name"], field(1, "attempts")), ("retried", 3));
}

#[test]
fn b193_a_select_that_is_sent_many_times_in_a_transaction_is_a_warning() {
    let seen = seen(|| {
        let mut echo = EchoOptions::default();
        echo.repeats = 5;
        let shop = shop(Options::new().echo(echo));
        shop.begin(|session| (1..=20).try_for_each(|unit| enter(session, unit, 0))).unwrap();
        let read = |first: i64, last: i64| {
            shop.read(|session| (first..=last).try_for_each(|id| session.get_one::<Entry>(id).map(drop))).unwrap();
        };
        // Four times in each of two transactions is not many.
        read(1, 4);
        read(5, 8);
        read(1, 20);
    });
    assert_eq!(seen.repeats.len(), 1, "{:?}", seen.repeats);
    assert!(seen.repeats[0]["sql"].contains("entries") && seen.repeats[0]["times"] == "5");
    assert!(seen.repeats[0]["message"].contains("load_related"));
}
