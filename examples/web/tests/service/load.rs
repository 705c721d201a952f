//! The service under load on PostgreSQL, from many clients at once. Each test prints the throughput that it saw.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use diesel_session::Database;
use diesel_session::database::{Access, Options};
use folio_example_web::options;
use folio_testing::mortal::Mortal;
use folio_testing::{TestEngine, address};

use crate::client::{HANGS, Service};

/// How many clients ask at once, each waiting for its answer.
const CLIENTS: u64 = 24;

fn open(url: &str, options: Options) -> (Database, Service) {
    let db = Database::open_with(url, options.access(Access::Create)).unwrap();
    let service = Service::migrated(&db);
    (db, service)
}

/// Has each client call `ask` with its number, and returns how often it had each status.
fn from_clients(title: &str, ask: impl Fn(u64) -> Vec<u16> + Sync) -> BTreeMap<u16, usize> {
    let (began, statuses) = (Instant::now(), Mutex::new(BTreeMap::new()));
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (ask, statuses) = (&ask, &statuses);
            scope.spawn(move || {
                for status in ask(client) {
                    *statuses.lock().unwrap().entry(status).or_default() += 1;
                }
            });
        }
    });
    let (statuses, took) = (statuses.into_inner().unwrap(), began.elapsed());
    let all: usize = statuses.values().sum();
    let per_second = all as f64 / took.as_secs_f64();
    println!("{title}: {all} answers in {took:.1?}, {per_second:.0} a second, by status {statuses:?}");
    statuses
}

#[test]
fn with_a_full_pool_requests_get_503_at_once_or_when_they_have_waited_and_then_it_goes_on() {
    let (url, _) = address(TestEngine::Postgres);
    let (db, service) = open(&url, options().pool_size(2).queue(4).pool_timeout(Duration::from_millis(300)));
    let (ann, ben) = (service.open("Ann", 1_000), service.open("Ben", 1_000));
    let transfers = |round: &str, client: u64| {
        let (from, to) = if client.is_multiple_of(2) { (ann, ben) } else { (ben, ann) };
        (0..5).map(|n| service.transfer(&format!("{round} {client} {n}"), from, to, 1).0).collect()
    };

    let held = [db.session().unwrap(), db.session().unwrap()];
    let full = from_clients("full pool", |client| transfers("full", client));
    assert_eq!(full.keys().copied().collect::<Vec<_>>(), [503], "all are busy, and none hangs");
    assert_eq!(service.ask(&format!("GET /accounts/{ann}"), None, "").0, 503);
    drop(held);

    // Two connections, four places in the queue: those who find it full may come again.
    let free = from_clients("free pool", |client| transfers("free", client));
    assert!(free.keys().all(|status| [200, 503].contains(status)) && free[&200] > 0, "{free:?}");
    assert_eq!(service.balance(ann) + service.balance(ben), 2_000);
    assert_eq!(db.metrics().connections, 2);
}

#[test]
fn with_a_killed_server_requests_get_503_until_it_is_back_and_each_transfer_is_there_once() {
    const EACH: u64 = 20;
    let server = Mortal::start(TestEngine::Postgres);
    let (_db, service) = open(&server.url(server.port(), "bank"), options());
    let service = &service;
    let (ann, ben) = (service.open("Ann", 10_000), service.open("Ben", 0));
    let (done, refused) = (AtomicU64::new(0), AtomicBool::new(false));
    // A client asks again, with the same key, until its transfer is done.
    let insist = |key: &str| {
        let mut statuses = Vec::new();
        loop {
            let (status, answer) = service.transfer(key, ann, ben, 1);
            statuses.push(status);
            if status != 503 {
                assert_eq!(status, 200, "{answer}");
                done.fetch_add(1, Ordering::SeqCst);
                return statuses;
            }
            refused.store(true, Ordering::SeqCst);
        }
    };
    let statuses = thread::scope(|scope| {
        scope.spawn(|| {
            until(|| done.load(Ordering::SeqCst) >= CLIENTS);
            server.kill();
            until(|| refused.load(Ordering::SeqCst));
            assert_eq!(service.ask("GET /health", None, "").0, 503);
            server.restart();
        });
        from_clients("killed server", |client| (0..EACH).flat_map(|n| insist(&format!("{client} {n}"))).collect())
    });
    assert!(statuses.keys().all(|status| [200, 503].contains(status)), "{statuses:?}");
    assert_eq!(done.into_inner(), CLIENTS * EACH);
    let moved = i64::try_from(CLIENTS * EACH).unwrap();
    assert_eq!((service.balance(ann), service.balance(ben)), (10_000 - moved, moved), "each once");
    assert_eq!(service.ask("GET /health", None, "").0, 200);
}

/// Waits until `is_so`, and not longer than a hanging service would take.
fn until(is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < HANGS, "nothing goes on");
        thread::yield_now();
    }
}
