//! A unit is committed once, whatever its server had done of the COMMIT when it was killed.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use diesel_session::Result;
use diesel_session::database::{Once, Options, Retry};
use folio_testing::engine;
use folio_testing::mortal::Mortal;
use folio_testing::relay::Relay;

use crate::shop::{Shop, disturbed, move_money, pay};

/// The server gets COMMIT up to this long after the order to kill it, and is dead or has answered in between.
const LATEST: u64 = 4_000;

#[test]
fn b190_a_unit_whose_server_is_killed_around_its_commit_is_there_once() -> Result<()> {
    let server = Mortal::start(engine(module_path!()));
    let relay = Relay::new("127.0.0.1", server.port()).unwrap();
    let shop = Shop::at(server.url(relay.port(), "shop"), Options::new().pool_timeout(Duration::from_secs(1)));
    let patient = Retry::default().within(Duration::from_secs(120)).longest(Duration::from_millis(20));
    let (runs, mut kept) = (AtomicUsize::new(0), 0);
    for unit in 0..disturbed() {
        let moment = Duration::from_micros(unit.unsigned_abs() * 701 % LATEST);
        let at_commit = relay.announce("COMMIT", moment);
        let once = Once::new(format!("payment {unit}"), Duration::from_secs(3_600)).retry(patient);
        runs.store(0, Ordering::SeqCst);
        let receipt = thread::scope(|scope| {
            let server = &server;
            let killer = scope.spawn(move || {
                at_commit.recv().unwrap();
                server.kill();
                server.restart();
            });
            let receipt = shop.exactly_once(&once, |session| -> Result<String> {
                let run = runs.fetch_add(1, Ordering::SeqCst) + 1;
                move_money(session, unit)?;
                Ok(format!("run {run}"))
            });
            killer.join().unwrap();
            receipt
        })?;
        kept += usize::from(receipt == "run 1");
        assert_eq!(pay(&shop, &once.retry(patient), unit, "again")?, receipt);
    }
    println!("{kept} of {} units were committed before their server was killed", disturbed());
    let expected: Vec<_> = (0..disturbed()).map(|unit| (unit, 0, 2)).collect();
    assert_eq!(shop.units()?, expected);
    Ok(())
}
