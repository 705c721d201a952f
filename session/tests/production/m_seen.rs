//! The pool and the threads can be measured, a named unit and each statement report what they did, and repeated SELECTs
//! and slow statements are found.

use std::sync::mpsc;
use std::time::Duration;

use diesel::prelude::*;
use diesel_session::connection::EchoOptions;
use diesel_session::database::{Options, Retry};
use diesel_session::{Error, Result};

use super::{Fields, Seen, seen};
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

/// What is seen of three entries that are added, read by a query with values and by key, and of one that is refused.
fn seen_with(echo: EchoOptions) -> Seen {
    seen(|| {
        let shop = shop(Options::new().echo(echo));
        let named = shop.named("entries").begin(|session| -> Result<()> {
            (1..=3).try_for_each(|unit| enter(session, unit, 0))?;
            session.flush()?;
            session.expire_all();
            let of_units = Entry::query().filter(entries::unit.eq_any([1_i64, 2])).filter(entries::amount.lt(5));
            assert_eq!(session.query(of_units).all()?.len(), 2);
            assert!(session.get::<Entry>(4)?.is_none());
            session.execute(diesel::update(entries::table.find(1)).set(entries::amount.eq(7)))?;
            assert_eq!(session.query(Entry::query()).count()?, 3);
            Ok(())
        });
        named.unwrap();
        assert!(shop.read(|session| session.query(Entry::query()).exists()).unwrap());
        let twice = shop.begin(|session| -> Result<()> {
            let twice = diesel::sql_query("INSERT INTO accounts (id, balance) VALUES (1, 0)");
            twice.execute(session.connection()?).unwrap_err();
            Err(Error::ReadOnlySession)
        });
        twice.unwrap_err();
    })
}

#[test]
fn b194_each_statement_is_a_span_with_the_attributes_of_opentelemetry() {
    let seen = seen_with(EchoOptions::default());
    assert_eq!(seen.units.values().map(|unit| &*unit["otel.name"]).collect::<Vec<_>>(), ["entries"]);
    let spans: Vec<_> = seen.statements.values().collect();
    assert_eq!(spans.len(), seen.sql.len(), "each statement of the echo has a span, and each span has one");
    let system = match module_path!().rsplit("::").next().unwrap() {
        "postgres" => "postgresql",
        other => other,
    };
    for (span, sql) in spans.iter().zip(&seen.sql) {
        assert_eq!((&*span["db.system.name"], &*span["otel.kind"]), (system, "client"), "{span:?}");
        assert_eq!(span["db.query.text"], sql["sql"]);
    }
    let named = |name: &str| spans.iter().filter(|span| span["otel.name"] == name).collect::<Vec<_>>();
    let reads = named("SELECT entries");
    let returned: Vec<&str> = reads.iter().map(|span| &*span["db.response.returned_rows"]).collect();
    assert!(returned.ends_with(&["2", "0", "1"]), "{reads:?}");
    assert_eq!((&*reads[0]["db.operation.name"], &*reads[0]["db.collection.name"]), ("SELECT", "entries"));
    assert_eq!((named("INSERT entries").len(), named("UPDATE entries").len(), named("COMMIT").len()), (1, 1, 1));
    assert!(!named("UPDATE entries")[0].contains_key("db.response.returned_rows"), "it changes rows");
    let refused = named("INSERT accounts");
    assert_eq!((&*refused[0]["error.type"], &*refused[0]["otel.status_code"]), ("unique_violation", "ERROR"));
}

#[test]
fn b195_a_statement_that_takes_longer_than_the_limit_is_a_warning() {
    let limit = |slow: Duration| {
        let mut echo = EchoOptions::default();
        echo.slow = slow;
        seen_with(echo)
    };
    for never in [Duration::ZERO, Duration::MAX] {
        let seen = limit(never);
        assert!(
            seen.slow.is_empty() && !seen.sql.iter().any(|sent| sent["sql"].contains("EXPLAIN")),
            "{:?}",
            seen.slow
        );
    }
    let mut echo = EchoOptions::default();
    (echo.slow, echo.binds, echo.longest) = (Duration::from_nanos(1), false, 20);
    let warnings = seen_with(echo).slow;
    let select = warnings.iter().find(|warning| warning["sql"].starts_with("SELECT")).unwrap();
    assert_eq!((&*select["binds"], select["sql"].contains('…')), ("[hidden]", true), "{select:?}");
    let shows_values = ["mariadb", "mysql"].contains(&module_path!().rsplit("::").next().unwrap());
    let explained = warnings.iter().any(|warning| warning.contains_key("plan"));
    assert_eq!(explained, !shows_values, "a plan with values is hidden with them");
    let update = warnings.iter().find(|warning| warning["sql"].starts_with("UPDATE")).unwrap();
    assert_eq!((&*update["rows"], update.contains_key("plan")), ("1", false), "a write is not explained");
    assert!(update["micros"].parse::<u64>().unwrap() > 0 && update["message"].contains("EchoOptions::slow"));
    let refused = warnings.iter().find(|warning| warning.contains_key("error")).unwrap();
    assert!(refused["sql"].starts_with("INSERT") && !refused.contains_key("plan"), "{refused:?}");
}

#[test]
fn b196_a_slow_select_is_a_warning_with_the_plan_of_the_engine_and_is_not_run_again() {
    let mut echo = EchoOptions::default();
    echo.slow = Duration::from_nanos(1);
    let seen = seen_with(echo);
    let of_entries = |warning: &&Fields| warning["sql"].starts_with("SELECT") && warning["sql"].contains("entries");
    let selects: Vec<_> = seen.slow.iter().filter(of_entries).collect();
    let by_values = selects.iter().find(|warning| warning["binds"] == "[1, 2, 5]" || warning["binds"] == "[[1, 2], 5]");
    let by_values = by_values.expect("the query by values");
    let sent: Vec<&str> = seen.sql.iter().map(|sent| &*sent["sql"]).collect();
    let at = sent.iter().position(|sql| *sql == by_values["sql"]).unwrap();
    let select = sent[at];
    match module_path!().rsplit("::").next().unwrap() {
        "sqlite" => {
            assert_eq!(by_values["plan"], "SCAN entries");
            assert_eq!(sent[at + 1], format!("EXPLAIN QUERY PLAN {select}"));
        }
        "postgres" => {
            let savepoint = "SAVEPOINT diesel_session_plan";
            let prepared = format!(
                "{savepoint}; SET LOCAL plan_cache_mode = force_generic_plan; PREPARE diesel_session_plan AS {select}"
            );
            let undone = format!("ROLLBACK TO {savepoint}; RELEASE {savepoint}");
            let explained = "EXPLAIN EXECUTE diesel_session_plan(NULL, NULL)";
            assert_eq!(sent[at + 1..at + 5], [&*prepared, explained, &*undone, "DEALLOCATE diesel_session_plan"]);
            assert!(by_values["plan"].contains("Seq Scan on entries"), "{}", by_values["plan"]);
        }
        engine => {
            let variable = if engine == "mysql" { "INTO @diesel_session_plan " } else { "" };
            assert_eq!(sent[at + 2], format!("EXPLAIN FORMAT=JSON {variable}{select}"));
            assert!(by_values["plan"].contains("\"entries\""), "{}", by_values["plan"]);
        }
    }
    assert!(selects.iter().all(|warning| !warning["plan"].contains("failed")), "{selects:?}");
    assert_eq!(sent.iter().filter(|sql| **sql == select).count(), 1, "the SELECT was sent once");
    assert!(!sent.iter().any(|sql| sql.contains("ANALYZE")), "{sent:?}");
    assert!(sent.contains(&"COMMIT"), "the unit went on after each plan");
    let in_a_read = selects.iter().find(|warning| warning["sql"].contains("EXISTS")).unwrap();
    assert!(!in_a_read["plan"].is_empty(), "a transaction that only reads has plans too");
}
