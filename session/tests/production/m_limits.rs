//! Each limit has an error of its own, and what exceeds one leaves nothing behind.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

#[cfg(any(feature = "postgres", feature = "mysql"))]
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel_session::database::{Options, Retry};
use diesel_session::error::ErrorClass;
use diesel_session::{Error, Result};

use crate::shop::{Entry, Shop, change, enter, entries};

const LONG: Duration = Duration::from_secs(60);

fn shop(options: Options) -> Shop {
    Shop::open(module_path!(), options)
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
#[test]
fn b183_a_statement_that_takes_longer_than_its_limit_is_an_error_of_its_own() -> Result<()> {
    use crate::shop::Number;

    if module_path!().ends_with("sqlite") {
        return Ok(());
    }
    let (slow, slower_than_the_limit) = if module_path!().ends_with("postgres") {
        ("SELECT 1::bigint AS number FROM pg_sleep(600)", "SELECT pg_sleep(0.5)")
    } else {
        ("SELECT CAST(SLEEP(600) AS SIGNED) AS number FROM accounts", "DO SLEEP(0.5)")
    };
    let shop = shop(Options::new().statement_timeout(Duration::from_millis(200)));
    let mut attempts = 0;
    let ended = shop.retrying(Retry::default(), |session| -> Result<()> {
        attempts += 1;
        enter(session, 1, 1)?;
        session.rows::<Number, _>(diesel::sql_query(slow)).map(drop)
    });
    let error = ended.unwrap_err();
    assert!(matches!(error, Error::StatementTimeout { .. }) && error.is_timeout(), "{error}");
    assert_eq!((error.class(), error.is_retryable(), attempts), (ErrorClass::Busy, false, 1));
    assert!(shop.units()?.is_empty());
    // Migrations take the time that they need.
    shop.maintenance()?.batch_execute(slower_than_the_limit).unwrap();
    shop.begin(|session| enter(session, 2, 0))?;
    assert_eq!(shop.units()?, [(2, 0, 1)]);
    Ok(())
}

#[test]
fn b184_a_transaction_that_is_open_for_too_long_is_rolled_back_before_its_next_statement() -> Result<()> {
    const LIMIT: Duration = Duration::from_millis(100);
    let shop = shop(Options::new().busy_timeout(LONG).transaction_timeout(LIMIT));
    let mut attempts = 0;
    let ended = shop.retrying(Retry::default(), |session| -> Result<()> {
        attempts += 1;
        loop {
            enter(session, 1, 1)?;
            change(session, 1, 1)?;
        }
    });
    let error = ended.unwrap_err();
    assert!(matches!(error.root(), Error::TransactionTimeout { limit: LIMIT }) && error.is_timeout(), "{error}");
    assert_eq!((error.class(), error.is_retryable(), attempts), (ErrorClass::Busy, false, 1));
    // Nor is it committed.
    let ended = shop.begin(|session| -> Result<()> {
        enter(session, 2, 1)?;
        session.flush()?;
        let flushed = Instant::now();
        while flushed.elapsed() <= LIMIT {
            thread::yield_now();
        }
        Ok(())
    });
    assert!(matches!(ended, Err(Error::TransactionTimeout { .. })), "{ended:?}");
    // The time counts from BEGIN, which a session without statements does not send, and again for each transaction.
    let mut session = shop.session()?;
    for unit in 3..5 {
        enter(&mut session, unit, 0)?;
        let added = Instant::now();
        while added.elapsed() <= LIMIT {
            thread::yield_now();
        }
        session.commit()?;
    }
    drop(session);
    assert_eq!(shop.units()?, [(3, 0, 1), (4, 0, 1)]);
    Ok(())
}

#[test]
fn b185_a_load_that_would_exceed_the_rows_of_a_session_is_an_error_and_the_unit_goes_on() -> Result<()> {
    let shop = shop(Options::new().max_rows(3));
    shop.begin(|session| (1..=5).try_for_each(|unit| enter(session, unit, unit)))?;
    shop.begin(|session| -> Result<()> {
        let error = session.query(Entry::query()).all().unwrap_err();
        assert!(matches!(error, Error::TooManyRows { table: "entries", rows: 5, limit: 3 }), "{error}");
        assert_eq!(error.class(), ErrorClass::Invalid);
        assert_eq!(session.query(Entry::query()).count()?, 5);
        let by_id = || Entry::query().order(entries::id);
        let three = session.query(by_id().limit(3)).all()?;
        // Rows that are held already are found again.
        assert_eq!(session.get_one::<Entry>(1)?, three[0]);
        assert!(matches!(session.get::<Entry>(5), Err(Error::TooManyRows { rows: 1, .. })));
        session.forget(three[2])?;
        let fifth = session.get_one::<Entry>(5)?;
        session.edit(fifth)?.amount = 50;
        session.flush()?;
        session.clear()?;
        let mut batches = session.query(by_id()).batches(2);
        let mut seen = 0;
        while let Some(batch) = batches.next(session)? {
            seen += batch.len();
        }
        assert_eq!(seen, 5);
        Ok(())
    })?;
    assert_eq!(shop.units()?.last(), Some(&(5, 50, 1)));
    Ok(())
}

#[test]
fn b186_a_waiting_thread_gets_a_connection_when_another_is_closed_instead_of_returned() -> Result<()> {
    let shop = shop(Options::new().pool_size(1).pool_timeout(LONG));
    for _ in 0..10 {
        // It is closed when it is dropped.
        let spent = shop.maintenance()?;
        thread::scope(|scope| {
            let (waits, waiting) = mpsc::channel();
            let waiter = scope.spawn({
                let db = &*shop;
                move || {
                    waits.send(()).unwrap();
                    db.connection().map(drop)
                }
            });
            waiting.recv_timeout(LONG).unwrap();
            for _ in 0..1_000 {
                thread::yield_now();
            }
            drop(spent);
            waiter.join().unwrap()
        })?;
    }
    Ok(())
}

#[test]
fn b186_a_wait_for_a_connection_ends_with_an_error_that_says_how_long_it_was() -> Result<()> {
    let shop = shop(Options::new().pool_size(1).pool_timeout(Duration::from_millis(120)));
    let held = shop.session()?;
    let error = shop.session().unwrap_err();
    assert!(matches!(error, Error::Pool { .. }) && error.to_string().contains("within 120ms"), "{error}");
    drop(held);
    shop.session()?;
    Ok(())
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
#[test]
fn b155_units_go_on_when_all_connections_of_the_pool_are_lost_at_once() -> Result<()> {
    use std::sync::Barrier;

    use crate::shop::Number;

    if module_path!().ends_with("sqlite") {
        return Ok(());
    }
    let (own, end): (&str, fn(i64) -> String) = if module_path!().ends_with("postgres") {
        ("SELECT pg_backend_pid()::bigint AS number", |number| format!("SELECT pg_terminate_backend({number}, 5000)"))
    } else {
        ("SELECT CAST(CONNECTION_ID() AS SIGNED) AS number", |number| format!("KILL {number}"))
    };
    let shop = shop(Options::new().pool_size(2).pool_timeout(Duration::from_secs(20)));
    let other = shop.again(Options::new());
    let mut killer = other.connection()?;
    for round in 0..5 {
        let numbers = {
            let (mut one, mut two) = (shop.session()?, shop.session()?);
            [one.rows::<Number, _>(diesel::sql_query(own))?, two.rows::<Number, _>(diesel::sql_query(own))?]
        };
        for lost in numbers.iter().flatten() {
            killer.batch_execute(&end(lost.number)).unwrap();
        }
        let barrier = Barrier::new(2);
        thread::scope(|scope| {
            let units = [0, 1].map(|half| {
                let (db, barrier) = (&*shop, &barrier);
                scope.spawn(move || {
                    db.begin(|session| {
                        barrier.wait();
                        enter(session, round, half)
                    })
                })
            });
            units.into_iter().try_for_each(|unit| unit.join().unwrap())
        })?;
    }
    let expected: Vec<_> = (0..5).map(|round| (round, 1, 2)).collect();
    assert_eq!(shop.units()?, expected);
    Ok(())
}
