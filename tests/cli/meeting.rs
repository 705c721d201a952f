//! Programs that import concurrently: none fails with advice to retry when it can retry by itself.

use std::io::Write as _;
use std::process::Stdio;

use folio::connection::Engine;

use crate::home::Home;
use crate::support::{dialect, engine};

/// Accounts with these numbers, as part of a longer list.
fn accounts(numbers: std::ops::RangeInclusive<i64>) -> String {
    numbers.map(|number| format!("{{\"login\": \"u{number}\", \"id\": {number}}},\n")).collect()
}

#[test]
fn several_that_begin_at_once_without_a_database_all_succeed_and_every_record_is_there_once() {
    let home = Home::new(module_path!());
    for (name, numbers) in [("a.json", 1..=1_500), ("b.json", 700..=2_000)] {
        let records = accounts(numbers);
        home.file(name, format!("[{}]", records.trim_end_matches(",\n")));
    }
    home.file("note.md", "# To do\n");
    let orders = [["a.json", "b.json"], ["b.json", "a.json"], ["a.json", "b.json"], ["b.json", "a.json"]];
    let started = orders.map(|[first, second]| {
        let mut command = home.command(&["import", first, second, "--format", "tsv", "--busy-timeout", "60"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    });
    let mut new = 0;
    for program in started {
        let ended = program.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let (out, err) = (text(ended.stdout), text(ended.stderr));
        assert_eq!(ended.status.code(), Some(0), "{err}");
        let total: Vec<u64> = out.lines().last().unwrap().split('\t').skip(1).map(|n| n.parse().unwrap()).collect();
        assert_eq!(total[1..], [0, 2_801 - total[0]], "{out}");
        new += total[0];
    }
    assert_eq!(new, 2_000);
    assert_eq!(home.done(&["user", "list"]).lines().count(), 2_000);

    let notes = [(); 4].map(|()| {
        let mut command = home.command(&["import", "note.md", "--account", "7", "--busy-timeout", "60"]);
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    });
    for program in notes {
        let ended = program.wait_with_output().unwrap();
        assert!(ended.status.success(), "{ended:?}");
    }
    assert_eq!(home.column(2, &["note", "list"]), ["To do"]);
}

#[test]
fn what_was_read_from_a_pipe_and_met_another_program_is_said_to_be_imported_again() {
    let home = Home::new(module_path!());
    home.done(&["db", "create"]);
    let mut command = home.command(&["import", "-"]);
    let mut program = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut pipe = program.stdin.take().unwrap();
    // More than a batch and more than a pipe's buffer: once it is written, the first batch has been sent.
    write!(pipe, "[{}", accounts(1..=1_001)).unwrap();
    pipe.write_all(" ".repeat(4 << 20).as_bytes()).unwrap();
    let other = home.run(&["user", "add", "other", "--number", "5000", "--busy-timeout", "0"]);
    write!(pipe, "{}", accounts(5_000..=5_000).replace(",\n", "]")).unwrap();
    drop(pipe);
    let ended = program.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    if dialect(engine(module_path!())) == Engine::Sqlite {
        // SQLite has one writer at a time, so the other program timed out.
        assert!(other.code == Some(1) && ended.status.success(), "{other:?} {said}");
        return;
    }
    assert_eq!(other.code, Some(0), "{other:?}");
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert_eq!(
        said,
        "folio: standard input: another program was writing the same records, so nothing of this input was \
         imported; import it again (users: a row with this user_id already exists (5000))\n"
    );
    assert_eq!(home.column(2, &["user", "list"]), ["other"]);
}
