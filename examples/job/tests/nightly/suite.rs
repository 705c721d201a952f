//! A night is imported once, wherever the job ended and however often it is started.

use std::thread;

use diesel::prelude::*;
use diesel_session::Database;
use diesel_session::prelude::*;
use diesel_session::testing::TestDatabase;
use folio_example_job::{CHUNK, Failed, Price, Report, Stored, import, metrics, migrate, prices};
use folio_testing::{engine, existing};

const NIGHT: &str = "2026-11-30";

fn database() -> TestDatabase {
    let db = TestDatabase::new(&existing(engine(module_path!()))).unwrap();
    migrate(&db).unwrap();
    db
}

/// Lines of two chunks and a part of a third, with these cents.
fn lines(cents: i64) -> Vec<String> {
    (0..2 * CHUNK + 100).map(|number| format!("SKU-{number:05},{cents}")).collect()
}

fn run(db: &Database, night: &str, lines: &[String]) -> Result<Report, Failed> {
    import(db, night, &lines.iter().map(String::as_str).collect::<Vec<_>>())
}

/// How many prices have these cents.
fn priced(db: &Database, cents: i64) -> u64 {
    db.read(|session| session.query(Price::query().filter(prices::cents.eq(cents))).count()).unwrap()
}

#[test]
fn a_night_is_imported_once_however_often_the_job_is_started() {
    let (db, all) = (database(), 2 * CHUNK as u64 + 100);
    let first = run(&db, NIGHT, &lines(100)).unwrap();
    let expected = Report { stored: Stored { inserted: all, updated: 0 }, chunks: 3, known: 0, retries: 0 };
    assert_eq!(first, expected);
    let again = run(&db, NIGHT, &lines(999)).unwrap();
    assert_eq!(again, Report { chunks: 0, known: 3, ..expected }, "it reports what the first run did");
    assert_eq!((priced(&db, 100), priced(&db, 999)), (all, 0));
    let next = run(&db, "2026-12-01", &lines(200)).unwrap();
    assert_eq!(next.stored, Stored { inserted: 0, updated: all });
    assert_eq!(priced(&db, 200), all);
}

#[test]
fn a_job_that_ended_at_an_error_goes_on_at_its_chunk() {
    let (db, mut lines) = (database(), lines(100));
    let right = std::mem::replace(&mut lines[CHUNK + 7], "SKU-00507;100".to_owned());
    let failed = run(&db, NIGHT, &lines).unwrap_err();
    assert_eq!(failed.to_string(), format!("line {} is not 'SKU,CENTS': SKU-00507;100", CHUNK + 8));
    assert_eq!(priced(&db, 100), CHUNK as u64, "the chunk before it stays");
    lines[CHUNK + 7] = right;
    let report = run(&db, NIGHT, &lines).unwrap();
    assert_eq!((report.known, report.chunks), (1, 2));
    assert_eq!(priced(&db, 100), lines.len() as u64);
}

#[test]
fn a_job_that_is_started_several_times_at_once_imports_each_chunk_once() {
    let (db, lines) = (database(), lines(100));
    let reports: Vec<Report> = thread::scope(|scope| {
        let jobs = [(); 3].map(|()| scope.spawn(|| run(&db, NIGHT, &lines).unwrap()));
        jobs.map(|job| job.join().unwrap()).into()
    });
    assert!(reports.iter().all(|report| report.stored == Stored { inserted: lines.len() as u64, updated: 0 }));
    assert_eq!(priced(&db, 100), lines.len() as u64);
}

#[test]
fn its_metrics_are_those_of_the_import_and_of_the_pool() {
    let db = database();
    let report = run(&db, NIGHT, &lines(100)).unwrap();
    let text = metrics(&report, &db);
    assert!(text.contains("price_import_chunks_imported 3\n"), "{text}");
    let checkouts = text.lines().find_map(|line| line.strip_prefix("price_import_pool_checkouts "));
    assert!(checkouts.unwrap().parse::<u64>().unwrap() >= 3, "a connection for each chunk");
}
