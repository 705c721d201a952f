//! A future may be dropped at any time: a unit is done as a whole or not at all, and its connection is as good as new.

use std::env;
use std::future::Future as _;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use diesel::prelude::*;
use diesel_session::database::{Options, Retry};
use diesel_session::{Database, Error, Result, Session};

use crate::driver::{block_on, poll_once};
#[cfg(any(feature = "postgres", feature = "mysql"))]
use crate::shop::Number;
use crate::shop::{Account, Entry, Shop, accounts, change, enter};

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);

fn shop(options: Options) -> Shop {
    Shop::open(module_path!(), options)
}

fn options() -> Options {
    Options::new().busy_timeout(LONG).pool_timeout(LONG)
}

fn is_server() -> bool {
    !module_path!().ends_with("sqlite")
}

/// Moves money from one account to the other in four statements, and calls `at` before each of them and at the end.
fn transfer(session: &mut Session<'static>, unit: i64, mut at: impl FnMut(usize)) -> Result<()> {
    at(0);
    enter(session, unit, -1)?;
    session.flush()?;
    at(1);
    change(session, 1, -1)?;
    at(2);
    enter(session, unit, 1)?;
    session.flush()?;
    at(3);
    change(session, 2, 1)?;
    at(4);
    Ok(())
}

/// Every unit is there as a whole or not at all, no connection is lost, and no transaction is open.
fn assert_whole(shop: &Shop, connections: usize) -> Result<Vec<i64>> {
    let units = shop.units()?;
    for (unit, sum, entries) in &units {
        assert_eq!((*sum, *entries), (0, 2), "unit {unit} is half done");
    }
    let balances: Vec<i64> =
        shop.read(|session| session.rows(accounts::table.order(accounts::id).select(accounts::balance)))?;
    let done = i64::try_from(units.len()).unwrap();
    assert_eq!(balances, [-done, done]);
    let all: Vec<_> = (0..connections).map(|_| shop.connection()).collect::<Result<_>>()?;
    drop(all);
    // Any open transaction would hold these rows, or the file.
    let impatient = shop.again(Options::new().busy_timeout(Duration::from_secs(1)));
    impatient.begin(|session| -> Result<()> {
        change(session, 1, 0)?;
        change(session, 2, 0)
    })?;
    Ok(units.into_iter().map(|(unit, ..)| unit).collect())
}

#[test]
fn b176_an_asynchronous_unit_runs_on_a_thread_of_the_database_and_returns_its_result() -> Result<()> {
    let shop = shop(options());
    let on_thread = shop.begin_async(|session| -> Result<_> {
        transfer(session, 1, |_| ())?;
        Ok(thread::current().name().map(str::to_owned))
    });
    assert_eq!(block_on(on_thread)?.as_deref(), Some("diesel-session"));
    block_on(shop.retrying_async(Retry::default(), |session| transfer(session, 2, |_| ())))?;
    let balance = shop.read_async(|session| -> Result<_> {
        let account = session.get_one::<Account>(2)?;
        Ok(session.row(account)?.balance)
    });
    assert_eq!(block_on(balance)?, 2);
    let refused = shop.read_async(|session| transfer(session, 3, |_| ()));
    assert!(matches!(block_on(refused), Err(Error::ReadOnlySession)));
    let own_error = shop.begin_async(|session| -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        transfer(session, 4, |_| ())?;
        Err("no".into())
    });
    assert_eq!(block_on(own_error).unwrap_err().to_string(), "no");
    assert_eq!(assert_whole(&shop, 8)?, [1, 2]);
    Ok(())
}

#[test]
fn b176_a_unit_that_is_never_polled_does_nothing() -> Result<()> {
    let shop = shop(options());
    drop(shop.begin_async(|session| transfer(session, 1, |_| ())));
    drop(shop.begin_async(|session| transfer(session, 2, |_| ())).to_completion());
    block_on(shop.close_async());
    assert!(assert_whole(&shop, 8)?.is_empty());
    Ok(())
}

/// Starts a transfer that announces `stage` and waits there until it is told to go on, and drops its future meanwhile.
fn drop_at(db: &Database, unit: i64, stage: usize, to_completion: bool) -> Receiver<Result<()>> {
    let (reached, stages): (Sender<()>, Receiver<()>) = mpsc::channel();
    let (resume, resumed): (Sender<()>, Receiver<()>) = mpsc::channel();
    let (result, results) = mpsc::channel();
    let transfer = db.begin_async(move |session| -> Result<()> {
        let done = transfer(session, unit, |at| {
            if at == stage {
                reached.send(()).unwrap();
                resumed.recv().unwrap();
            }
        });
        let _ = result.send(done.clone());
        done
    });
    let mut transfer = if to_completion { transfer.to_completion() } else { transfer };
    assert!(poll_once(&mut transfer).is_pending());
    stages.recv_timeout(LONG).unwrap();
    drop(transfer);
    resume.send(()).unwrap();
    results
}

#[test]
fn b177_a_dropped_unit_is_rolled_back_before_its_next_statement() -> Result<()> {
    let shop = shop(options().pool_size(2));
    for stage in 0..=4 {
        let result = drop_at(&shop, 1, stage, false).recv_timeout(LONG).unwrap();
        match (stage, result) {
            // It had sent its last statement: its COMMIT is what is not sent.
            (4, Ok(())) => {}
            (_, Err(error)) => assert!(error.is_cancelled() && !error.is_retryable(), "{error}"),
            (stage, Ok(())) => panic!("a statement was sent after stage {stage}"),
        }
    }
    block_on(shop.close_async());
    assert!(assert_whole(&shop, 2)?.is_empty());
    Ok(())
}

#[test]
fn b178_a_unit_that_runs_to_completion_is_done_whenever_it_is_dropped() -> Result<()> {
    let shop = shop(options().pool_size(2));
    for stage in 0..=4 {
        let unit = i64::try_from(stage).unwrap();
        drop_at(&shop, unit, stage, true).recv_timeout(LONG).unwrap()?;
    }
    block_on(shop.close_async());
    assert_eq!(assert_whole(&shop, 2)?, [0, 1, 2, 3, 4]);
    Ok(())
}

#[test]
fn b177_a_dropped_unit_is_not_run_again_by_a_retry() -> Result<()> {
    let shop = shop(options());
    let (attempt, attempts) = mpsc::channel();
    let mut unit = shop.retrying_async(Retry::default(), move |session| -> Result<()> {
        attempt.send(()).unwrap();
        let stopped = loop {
            if let Err(stopped) = change(session, 1, 0) {
                break stopped;
            }
        };
        Err(stopped)
    });
    assert!(poll_once(&mut unit).is_pending());
    attempts.recv_timeout(LONG).unwrap();
    drop(unit);
    // The channel ends with the unit.
    assert!(attempts.recv_timeout(LONG).is_err());
    block_on(shop.close_async());
    assert!(assert_whole(&shop, 8)?.is_empty());
    Ok(())
}

/// A generator that is the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}

/// The number of futures that are dropped: `DIESEL_SESSION_DROPS` raises it.
fn drops() -> usize {
    let given = env::var("DIESEL_SESSION_DROPS").ok().and_then(|number| number.parse().ok());
    given.unwrap_or(if is_server() { 400 } else { 10_000 })
}

/// Runs units and drops most of their futures: after none to three polls, when the unit has reached a statement, or a
/// moment after that. Returns the units that were awaited.
fn abandon_some(db: &Database, seed: u64, units: usize, next: &AtomicI64) -> Result<Vec<i64>> {
    let mut random = Random(seed);
    let mut awaited = Vec::new();
    for _ in 0..units {
        let unit = next.fetch_add(1, Ordering::Relaxed);
        let (stage, moment) = (random.below(8), random.below(200));
        let (reached, stages) = mpsc::channel();
        let mut future = db.begin_async(move |session| {
            transfer(session, unit, |at| {
                if at == stage {
                    let _ = reached.send(());
                }
            })
        });
        match stage {
            0..=4 => {
                if poll_once(&mut future).is_pending() {
                    stages.recv_timeout(LONG).unwrap();
                }
                for _ in 0..moment {
                    thread::yield_now();
                }
            }
            5 => {
                for _ in 0..random.below(4) {
                    if let Poll::Ready(done) = poll_once(&mut future) {
                        done?;
                        awaited.push(unit);
                        break;
                    }
                    thread::yield_now();
                }
            }
            6 => {
                // A timeout that has passed already.
                let mut passed = std::pin::pin!(std::future::ready(()));
                if poll_once(&mut future).is_pending() {
                    assert!(
                        passed.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())).is_ready()
                    );
                }
            }
            _ => {
                block_on(future)?;
                awaited.push(unit);
            }
        }
    }
    Ok(awaited)
}

#[test]
fn b177_futures_that_are_dropped_at_any_moment_leave_nothing_half_done() -> Result<()> {
    const THREADS: usize = 4;
    let shop = shop(options().pool_size(4));
    let next = AtomicI64::new(1);
    let awaited = thread::scope(|scope| -> Result<Vec<i64>> {
        let drivers: Vec<_> = (0..THREADS)
            .map(|driver| {
                let (db, next) = (&*shop, &next);
                let seed = u64::try_from(driver).unwrap();
                scope.spawn(move || abandon_some(db, seed, drops() / THREADS, next))
            })
            .collect();
        let mut awaited = Vec::new();
        for driver in drivers {
            awaited.extend(driver.join().unwrap()?);
        }
        Ok(awaited)
    })?;
    block_on(shop.close_async());
    let done = assert_whole(&shop, 4)?;
    for unit in awaited {
        assert!(done.binary_search(&unit).is_ok(), "unit {unit} was awaited and is not there");
    }
    Ok(())
}

/// A statement that takes longer than the test, and one that counts those that are under way.
#[cfg(any(feature = "postgres", feature = "mysql"))]
fn slow() -> (&'static str, &'static str, &'static str) {
    if module_path!().ends_with("postgres") {
        (
            "SELECT 1::bigint AS number FROM pg_sleep(600)",
            "SELECT count(*) AS number FROM pg_stat_activity WHERE datname = current_database() \
             AND state = 'active' AND query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()",
            "SELECT pg_backend_pid()::bigint AS number",
        )
    } else {
        (
            "SELECT CAST(SLEEP(600) AS SIGNED) AS number FROM accounts",
            "SELECT COUNT(*) AS number FROM information_schema.PROCESSLIST WHERE DB = DATABASE() \
             AND INFO LIKE '%SLEEP(600)%' AND ID <> CONNECTION_ID()",
            "SELECT CAST(CONNECTION_ID() AS SIGNED) AS number",
        )
    }
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
#[test]
fn b179_the_server_cancels_the_statement_of_a_dropped_unit_and_the_connection_stays() -> Result<()> {
    if !is_server() {
        return Ok(());
    }
    let (slow, under_way, own) = slow();
    let shop = shop(options().pool_size(1));
    let number = |db: &Database, sql: &str| -> Result<i64> {
        Ok(db.read(|session| session.rows::<Number, _>(diesel::sql_query(sql)))?[0].number)
    };
    let watcher = shop.again(options());
    let before = number(&shop, own)?;
    for _ in 0..10 {
        let (result, results) = mpsc::channel();
        let mut unit = shop.begin_async(move |session| -> Result<()> {
            enter(session, 1, 1)?;
            session.flush()?;
            let done = session.rows::<Number, _>(diesel::sql_query(slow)).map(drop);
            let _ = result.send(done.clone());
            done
        });
        assert!(poll_once(&mut unit).is_pending());
        while number(&watcher, under_way)? == 0 {
            thread::yield_now();
        }
        drop(unit);
        let error = results.recv_timeout(LONG).unwrap().unwrap_err();
        assert!(error.is_cancelled(), "{error}");
        assert_eq!(number(&shop, own)?, before, "the connection is used again");
    }
    assert!(assert_whole(&shop, 1)?.is_empty());
    Ok(())
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
#[test]
fn b179_the_statement_of_plain_diesel_in_a_dropped_unit_is_cancelled_too() -> Result<()> {
    if !is_server() {
        return Ok(());
    }
    let (slow, under_way, _) = slow();
    let shop = shop(options().pool_size(1));
    let watcher = shop.again(options());
    let (ended, end) = mpsc::channel::<()>();
    let mut unit = shop.begin_async(move |session| -> Result<()> {
        let _ended = ended;
        enter(session, 1, 1)?;
        diesel::sql_query(slow).load::<Number>(session.connection()?)?;
        Ok(())
    });
    assert!(poll_once(&mut unit).is_pending());
    let number = || -> Result<i64> {
        Ok(watcher.read(|session| session.rows::<Number, _>(diesel::sql_query(under_way)))?[0].number)
    };
    while number()? == 0 {
        thread::yield_now();
    }
    drop(unit);
    assert_eq!(end.recv_timeout(LONG), Err(mpsc::RecvTimeoutError::Disconnected));
    assert!(assert_whole(&shop, 1)?.is_empty());
    Ok(())
}

#[test]
fn b180_a_panic_is_an_error_of_the_unit_and_the_threads_go_on() -> Result<()> {
    let shop = shop(options().pool_size(2));
    for unit in 0..5 {
        let panicking = shop.begin_async(move |session| -> Result<()> {
            transfer(session, unit, |at| assert!(at < 3, "unit {unit} went too far"))
        });
        match block_on(panicking) {
            Err(Error::Panicked { message }) => assert_eq!(message, format!("unit {unit} went too far")),
            other => panic!("{other:?}"),
        }
    }
    block_on(shop.begin_async(|session| transfer(session, 9, |_| ())))?;
    assert_eq!(assert_whole(&shop, 2)?, [9]);
    Ok(())
}

#[test]
fn b181_one_unit_more_than_may_wait_is_an_error_that_says_how_many_do() -> Result<()> {
    let shop = shop(options().pool_size(2).queue(3));
    let (begun, begins) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let released = std::sync::Arc::new(std::sync::Mutex::new(released));
    let mut units: Vec<_> = (0..5)
        .map(|unit| {
            let (begun, released) = (begun.clone(), std::sync::Arc::clone(&released));
            let mut future = shop.begin_async(move |session| -> Result<()> {
                begun.send(unit).unwrap();
                let _ = released.lock().unwrap().recv();
                transfer(session, unit, |_| ())
            });
            assert!(poll_once(&mut future).is_pending());
            future
        })
        .collect();
    // Two run, and three wait.
    let running = [begins.recv_timeout(LONG).unwrap(), begins.recv_timeout(LONG).unwrap()];
    let sixth = || block_on(shop.begin_async(|session| transfer(session, 6, |_| ())));
    match sixth() {
        Err(error @ Error::Busy { waiting: 3, .. }) => {
            assert!(error.to_string().contains("Options::queue"), "{error}");
            assert_eq!(error.class(), diesel_session::error::ErrorClass::Busy);
        }
        other => panic!("{other:?}"),
    }
    // One that waits leaves its place when it is dropped.
    drop(units.remove(4));
    let mut seventh = shop.begin_async(|session| transfer(session, 7, |_| ()));
    assert!(poll_once(&mut seventh).is_pending());
    assert!(matches!(sixth(), Err(Error::Busy { waiting: 3, .. })));
    drop(release);
    for unit in units {
        block_on(unit)?;
    }
    block_on(seventh)?;
    assert!(!running.contains(&4));
    assert_eq!(assert_whole(&shop, 2)?, [0, 1, 2, 3, 7]);
    Ok(())
}

#[test]
fn b182_closing_completes_the_units_that_there_are_and_refuses_others() -> Result<()> {
    let shop = shop(options().pool_size(2));
    let clone = shop.clone();
    let mut units: Vec<_> = (0..20)
        .map(|unit| {
            let mut future = clone.begin_async(move |session| transfer(session, unit, |_| ()));
            assert!(poll_once(&mut future).is_pending());
            future
        })
        .collect();
    block_on(shop.close_async());
    for unit in &mut units {
        assert!(matches!(poll_once(unit), Poll::Ready(Ok(()))), "it is not done");
    }
    let refused = block_on(clone.begin_async(|session| transfer(session, 50, |_| ())));
    assert!(matches!(refused, Err(Error::Closed { .. })), "{refused:?}");
    let blocking = shop.read(|session| session.query(Entry::query()).count())?;
    assert_eq!(blocking, 40);
    Ok(())
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
#[test]
fn b179_a_statement_that_is_never_answered_ends_soon_after_its_future_is_dropped() -> Result<()> {
    use folio_testing::relay::{Break, Relay};

    if !is_server() {
        return Ok(());
    }
    let shop = shop(options());
    let mut relay = None;
    let far = shop.through(|port| relay.insert(Relay::new("127.0.0.1", port).unwrap()).port(), "");
    relay.unwrap().break_at("INSERT INTO", Break::SilentAfter);
    let (begun, begins) = mpsc::channel();
    let (result, results) = mpsc::channel();
    let mut unit = far.begin_async(move |session| -> Result<()> {
        begun.send(()).unwrap();
        let done = transfer(session, 1, |_| ());
        let _ = result.send(done.clone());
        done
    });
    assert!(poll_once(&mut unit).is_pending());
    begins.recv_timeout(LONG).unwrap();
    for _ in 0..50_000 {
        thread::yield_now();
    }
    drop(unit);
    // By itself it would end after ten minutes, the default of `Options::read_timeout`.
    let error = results.recv_timeout(LONG).unwrap().unwrap_err();
    assert!(error.is_cancelled(), "{error}");
    block_on(far.close_async());
    assert!(assert_whole(&shop, 8)?.is_empty());
    Ok(())
}
