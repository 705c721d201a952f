//! A unit with a key is committed once, however often it is run, and whatever happens to its COMMIT.

use std::sync::Barrier;
#[cfg(any(feature = "postgres", feature = "mysql"))]
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use diesel::prelude::*;
#[cfg(any(feature = "postgres", feature = "mysql"))]
use diesel_session::database::Retry;
use diesel_session::database::{Once, Options};
use diesel_session::session::once::OnceRow;
use diesel_session::{Error, Result};

use crate::driver::block_on;
use crate::shop::{Shop, enter, pay};
#[cfg(any(feature = "postgres", feature = "mysql"))]
use crate::shop::{disturbed, move_money};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const LONG: Duration = Duration::from_secs(60);

fn shop(options: Options) -> Shop {
    Shop::open(module_path!(), options)
}

#[test]
fn b187_a_key_that_is_used_again_gives_the_first_result_and_runs_nothing() -> Result<()> {
    let shop = shop(Options::new());
    let once = Once::new("payment 1", DAY);
    assert_eq!(pay(&shop, &once, 1, "first")?, "first");
    assert_eq!(pay(&shop, &once, 1, "second")?, "first");
    assert_eq!(pay(&shop, &Once::new("Payment 1", DAY), 2, "another key")?, "another key");
    let again = shop.exactly_once_async(once.clone(), |_| -> Result<String> { panic!("it runs again") });
    assert_eq!(block_on(again)?, "first");
    assert_eq!(shop.units()?, [(1, 0, 2), (2, 0, 2)]);
    let other_type = shop.exactly_once(&once, |_| -> Result<u64> { Ok(1) });
    assert!(matches!(other_type, Err(Error::Unreadable { .. })), "{other_type:?}");
    let too_long = pay(&shop, &Once::new("x".repeat(257), DAY), 3, "never");
    assert!(matches!(too_long, Err(Error::Value { .. })), "{too_long:?}");
    Ok(())
}

#[test]
fn b187_a_unit_that_fails_leaves_its_key_to_the_next_one() -> Result<()> {
    let shop = shop(Options::new());
    let once = Once::new("payment 1", DAY);
    let refused = shop.exactly_once(&once, |session| -> Result<(), Box<dyn std::error::Error>> {
        enter(session, 1, 1)?;
        session.flush()?;
        Err("no money".into())
    });
    assert_eq!(refused.unwrap_err().to_string(), "no money");
    assert_eq!(pay(&shop, &once, 1, "paid")?, "paid");
    // What the work does to its session does not lose the key.
    let cleared = Once::new("payment 2", DAY);
    shop.exactly_once(&cleared, |session| -> Result<()> {
        session.clear()?;
        enter(session, 2, 0)
    })?;
    shop.exactly_once(&cleared, |session| enter(session, 2, 0))?;
    assert_eq!(shop.units()?, [(1, 0, 2), (2, 0, 1)]);
    Ok(())
}

#[test]
fn b188_units_with_one_key_at_the_same_time_run_once_and_all_get_its_result() -> Result<()> {
    const THREADS: usize = 4;
    let shop = shop(Options::new().busy_timeout(LONG));
    for round in 0..10 {
        let (once, barrier) = (Once::new(format!("payment {round}"), DAY), Barrier::new(THREADS));
        let receipts = thread::scope(|scope| -> Result<Vec<String>> {
            let threads: Vec<_> = (0..THREADS)
                .map(|thread| {
                    let (db, once, barrier) = (&*shop, &once, &barrier);
                    scope.spawn(move || {
                        barrier.wait();
                        pay(db, once, round, &format!("by thread {thread}"))
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        })?;
        assert!(receipts.iter().all(|receipt| *receipt == receipts[0]), "{receipts:?}");
    }
    let expected: Vec<_> = (0..10).map(|round| (round, 0, 2)).collect();
    assert_eq!(shop.units()?, expected);
    Ok(())
}

#[test]
fn b189_a_result_is_remembered_for_the_time_that_the_caller_names() -> Result<()> {
    let shop = shop(Options::new());
    let keys = || shop.read(|session| session.query(OnceRow::query()).count());
    let (brief, long) = (Once::new("brief", Duration::ZERO), Once::new("long", DAY));
    assert_eq!(pay(&shop, &brief, 1, "first")?, "first");
    assert_eq!(pay(&shop, &brief, 2, "second")?, "second", "it is forgotten");
    assert_eq!(pay(&shop, &long, 3, "third")?, "third");
    assert_eq!(keys()?, 2);
    assert_eq!((shop.forget_expired()?, keys()?), (1, 1));
    assert_eq!(shop.forget_expired()?, 0);
    assert_eq!(pay(&shop, &long, 4, "fourth")?, "third");
    assert_eq!(shop.units()?, [(1, 0, 2), (2, 0, 2), (3, 0, 2)]);
    Ok(())
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
#[test]
fn b190_a_commit_whose_answer_is_lost_is_resolved_whether_it_was_kept_or_not() -> Result<()> {
    use folio_testing::relay::{Break, Relay};

    if module_path!().ends_with("sqlite") {
        return Ok(());
    }
    let shop = shop(Options::new());
    let mut relay = None;
    let far = shop.through(|port| relay.insert(Relay::new("127.0.0.1", port).unwrap()).port(), "?read_timeout=1");
    let relay = relay.unwrap();
    let runs = AtomicUsize::new(0);
    for unit in 0..disturbed() {
        let (when, kept) = match unit % 10 {
            8 => (Break::SilentBefore, false),
            9 => (Break::SilentAfter, true),
            even if even % 2 == 0 => (Break::Before, false),
            _ => (Break::After, true),
        };
        runs.store(0, Ordering::SeqCst);
        relay.break_at("COMMIT", when);
        let once = Once::new(format!("payment {unit}"), DAY);
        let receipt = far.exactly_once(&once, |session| -> Result<String> {
            let run = runs.fetch_add(1, Ordering::SeqCst) + 1;
            move_money(session, unit)?;
            Ok(format!("run {run}"))
        })?;
        assert_eq!(receipt, if kept { "run 1" } else { "run 2" }, "{when:?}");
        assert_eq!(pay(&far, &once, unit, "again")?, receipt);
    }
    let expected: Vec<_> = (0..disturbed()).map(|unit| (unit, 0, 2)).collect();
    assert_eq!(shop.units()?, expected);
    Ok(())
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
#[test]
fn b190_units_whose_connections_the_server_ends_at_any_moment_are_committed_once() -> Result<()> {
    use crate::shop::Number;

    if module_path!().ends_with("sqlite") {
        return Ok(());
    }
    let (others, end): (&str, fn(i64) -> String) = if module_path!().ends_with("postgres") {
        (
            "SELECT pid::bigint AS number FROM pg_stat_activity WHERE datname = current_database() \
             AND pid <> pg_backend_pid()",
            |number| format!("SELECT pg_terminate_backend({number})"),
        )
    } else {
        (
            "SELECT CAST(ID AS SIGNED) AS number FROM information_schema.PROCESSLIST WHERE DB = DATABASE() \
             AND ID <> CONNECTION_ID()",
            |number| format!("KILL {number}"),
        )
    };
    const THREADS: i64 = 2;
    let shop = shop(Options::new().pool_size(2));
    let victims = shop.again(Options::new().pool_size(2));
    let (done, runs) = (AtomicBool::new(false), AtomicUsize::new(0));
    let kills = thread::scope(|scope| -> Result<usize> {
        let killer = scope.spawn(|| -> Result<usize> {
            use diesel::connection::SimpleConnection as _;
            let mut kills = 0;
            let mut killer = shop.connection()?;
            let mut moment = 0;
            while !done.load(Ordering::SeqCst) {
                let before = runs.load(Ordering::SeqCst);
                let numbers: Vec<Number> = diesel::sql_query(others).load(&mut *killer).unwrap();
                for Number { number } in numbers {
                    // It may have ended by itself.
                    let _ = killer.batch_execute(&end(number));
                    kills += 1;
                }
                // Until another unit is at work, and then a while that differs from kill to kill.
                while runs.load(Ordering::SeqCst) == before && !done.load(Ordering::SeqCst) {
                    thread::yield_now();
                }
                moment = (moment * 7 + 3) % 2_003;
                for _ in 0..moment {
                    thread::yield_now();
                }
            }
            Ok(kills)
        });
        let patient = Retry::default().within(LONG).pause(Duration::from_millis(1)).longest(Duration::from_millis(5));
        let units: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (victims, runs) = (&victims, &runs);
                scope.spawn(move || {
                    (0..disturbed()).filter(|unit| unit % THREADS == thread).try_for_each(|unit| {
                        let once = Once::new(format!("payment {unit}"), DAY).retry(patient);
                        victims.exactly_once(&once, |session| -> Result<()> {
                            runs.fetch_add(1, Ordering::SeqCst);
                            move_money(session, unit)
                        })
                    })
                })
            })
            .collect();
        let ended: Vec<_> = units.into_iter().map(|unit| unit.join().unwrap()).collect();
        done.store(true, Ordering::SeqCst);
        let kills = killer.join().unwrap()?;
        ended.into_iter().collect::<Result<()>>()?;
        Ok(kills)
    })?;
    assert!(kills > 0);
    let expected: Vec<_> = (0..disturbed()).map(|unit| (unit, 0, 2)).collect();
    assert_eq!(shop.units()?, expected);
    Ok(())
}
