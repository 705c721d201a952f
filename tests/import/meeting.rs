//! Concurrent imports into one database: the result is as if they had run one after the other.

use std::sync::Barrier;

use folio::database::{Isolation, Retry};
use folio::exchange::{self, Format, Input, gather};
use folio::models::{Note, Repository, Resume, User};
use folio::services::import::{self, Rules, Summary};
use folio::services::users::{self, Account, UserSelector};
use folio::types::Id;
use folio::{Database, Result};

use crate::support::{Fixture, fixture};

/// As documented for a program that looks up records before it adds them.
fn import(db: &Database, input: &Input, user: Option<&UserSelector>) -> Result<Summary> {
    let conflict = |error: &diesel_session::Error| error.is_conflict() || error.is_stale();
    let retry = Retry::default().attempts(20).only_after(conflict).also_after_unique();
    db.isolated(Isolation::Serializable).retrying(retry, |session| {
        import::apply(session, input.open()?, &Rules::new(user.cloned(), input.source()?), |_| {})
    })
}

/// This many threads import the inputs concurrently, each starting with another input; returns their combined outcome.
fn together(db: &Fixture, threads: usize, inputs: &[Input], user: Option<&UserSelector>) -> Summary {
    let start = Barrier::new(threads);
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..threads)
            .map(|thread| {
                let mut inputs = inputs.to_vec();
                let first = thread % inputs.len();
                inputs.rotate_left(first);
                if thread % 2 == 1 {
                    inputs.reverse();
                }
                let start = &start;
                scope.spawn(move || {
                    let mut done = Summary::default();
                    start.wait();
                    for input in &inputs {
                        done.add(import(db, input, user).unwrap_or_else(|error| panic!("{}: {error}", input.name())));
                    }
                    done
                })
            })
            .collect();
        let mut done = Summary::default();
        runs.into_iter().for_each(|run| done.add(run.join().unwrap()));
        done
    })
}

/// Everything that is stored, except the keys, which depend on the order of the threads.
fn stored(db: &Database) -> [Vec<String>; 4] {
    let sorted = |mut rows: Vec<String>| {
        rows.sort();
        rows
    };
    db.read(|session| -> Result<_> {
        let users: Vec<User> = session.rows(User::all())?;
        let number = |id: Id<User>| users.iter().find(|user| user.id == id).unwrap().user_id;
        let repositories: Vec<Repository> = session.rows(Repository::all())?;
        let resumes: Vec<Resume> = session.rows(Resume::all())?;
        let notes: Vec<Note> = session.rows(Note::all())?;
        Ok([
            users.iter().map(|row| format!("{} {} {:?}", row.user_id, row.username, row.email)).collect(),
            repositories
                .iter()
                .map(|row| format!("{} {:?} {} {:?}", row.user_id, row.repo_id, row.repo_name, row.status))
                .collect(),
            resumes.iter().map(|row| format!("{} {:?} {}", number(row.user_id), row.source, row.body)).collect(),
            notes.iter().map(|row| format!("{} {:?} {}", number(row.user_id), row.source, row.body)).collect(),
        ]
        .map(sorted))
    })
    .unwrap()
}

/// As many new rows were counted as exist, and every other occurrence of a record found its row.
fn assert_counted(summary: &Summary, rows: &[Vec<String>; 4], there_before: usize) {
    let tallies = [summary.users, summary.repositories, summary.resumes, summary.notes];
    let new: Vec<_> = tallies.iter().map(|tally| usize::try_from(tally.new).unwrap()).collect();
    let expected: Vec<_> = rows.iter().map(Vec::len).collect();
    assert_eq!((new[0] + there_before, &new[1..]), (expected[0], &expected[1..]), "{summary:?}");
}

#[test]
fn accounts_and_repositories_that_several_import_at_once_are_there_once() {
    let inputs = gather(["samples/github"], None).unwrap().inputs;
    let alone = fixture(module_path!());
    together(&alone, 1, &inputs, None);
    for threads in [2, 4] {
        let db = fixture(module_path!());
        let summary = together(&db, threads, &inputs, None);
        assert_eq!(stored(&db), stored(&alone), "{threads} threads");
        assert_counted(&summary, &stored(&db), 0);
        assert!(summary.remarks.is_empty(), "{:?}", summary.remarks);
    }
}

#[test]
fn files_of_several_batches_in_opposite_orders_are_there_once_and_changed_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, numbers: &mut dyn Iterator<Item = i64>| {
        let records: Vec<_> = numbers.map(|number| format!(r#"{{"id": {number}, "login": "u{number}"}}"#)).collect();
        let path = folder.path().join(name);
        std::fs::write(&path, format!("[{}]", records.join(","))).unwrap();
        Input::file(path, None)
    };
    let inputs = [file("up.json", &mut (1..=2_500)), file("down.json", &mut (1_000..=3_500).rev())];
    for threads in [2, 4] {
        let db = fixture(module_path!());
        db.begin(|session| users::add(session, Account { number: Some(1_200), ..Account::new("old")? })).unwrap();
        let summary = together(&db, threads, &inputs, None);
        let users: Vec<User> = db.read(|session| session.rows(User::all())).unwrap();
        assert_eq!(users.len(), 3_500, "{threads} threads");
        assert!(users.iter().all(|user| user.username.as_str() == format!("u{}", user.user_id)), "{threads} threads");
        assert_eq!((summary.users.new, summary.users.changed), (3_499, 1), "{threads} threads");
        assert_eq!(summary.users.total(), 5_001 * threads as u64);
    }
}

#[test]
fn documents_that_several_import_at_once_are_there_once_with_one_account_each() {
    let inputs = gather(["samples/jsonresume"], Some(Format::JsonResume)).unwrap().inputs;
    let notes = gather(["samples/notes"], None).unwrap().inputs;
    let begun = || {
        let db = fixture(module_path!());
        let ann = db.begin(|session| users::add(session, Account { number: Some(1), ..Account::new("ann")? })).unwrap();
        (db, UserSelector::Id(ann.id))
    };
    let (alone, ann) = begun();
    together(&alone, 1, &notes, Some(&ann));
    together(&alone, 1, &inputs, None);
    for threads in [2, 4] {
        let (db, ann) = begun();
        let mut summary = together(&db, threads, &notes, Some(&ann));
        summary.add(together(&db, threads, &inputs, None));
        let numberless = |rows: [Vec<String>; 4]| rows.map(|rows| rows.len());
        assert_eq!(numberless(stored(&db)), numberless(stored(&alone)), "{threads} threads");
        assert_eq!(stored(&db)[3], stored(&alone)[3], "{threads} threads");
        assert_counted(&summary, &stored(&db), 1);
    }
}

#[test]
fn an_owner_that_several_imports_know_by_login_alone_is_added_once() {
    const THREADS: usize = 4;
    let db = fixture(module_path!());
    let start = Barrier::new(THREADS);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (db, start) = (&db, &start);
            scope.spawn(move || {
                let text = format!(r#"{{"nameWithOwner": "ann/code{thread}", "isPrivate": false}}"#);
                start.wait();
                // The isolation level for input from a pipe.
                let done = db.isolated(Isolation::RepeatableRead).retrying(
                    Retry::default().also_after_unique(),
                    |session| -> Result<Summary> {
                        let records = exchange::read(std::io::Cursor::new(text.clone()), "input.json", None)?;
                        import::apply(session, records, &Rules::default(), |_| {})
                    },
                );
                done.unwrap();
            });
        }
    });
    let [users, repositories, ..] = stored(&db);
    assert_eq!((users.len(), repositories.len()), (1, THREADS), "{users:?}");
}
