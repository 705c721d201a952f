//! Proving the way down: what undoes its migration, what does not, what fails with rows, and what is lost.

use diesel_migrate::{Attempt, Lost, Outcome, Proof};

use super::*;
use crate::everything;

const CREATE: Scripts<'_> = (
    "2026-01-01-000001_create",
    "CREATE TABLE shops (id BIGINT NOT NULL PRIMARY KEY, name VARCHAR(40) NOT NULL, note VARCHAR(40))",
    "DROP TABLE shops",
);

fn prove(scripts: &[Scripts<'_>]) -> Vec<Proof> {
    empty().db.prove_migrations(&shop(&folder(scripts))).unwrap()
}

fn told(proofs: &[Proof]) -> Vec<String> {
    proofs.iter().map(ToString::to_string).collect()
}

#[test]
fn a_way_down_that_undoes_its_migration_is_proven_with_rows_in_every_table() {
    let empty = empty();
    let engine = empty.db.connection().unwrap().engine();
    let everything = (CREATE.0, everything::up(engine), everything::down(engine));
    let index = (
        "2026-01-02-000001_index",
        "CREATE INDEX by_price ON items (price)",
        match engine {
            Engine::Mysql => "DROP INDEX by_price ON items",
            _ => "DROP INDEX by_price",
        },
    );
    let folder = folder(&[everything, index]);
    let proofs = empty.db.prove_migrations(&shop(&folder)).unwrap();
    for proof in &proofs {
        assert!(proof.is_proven(), "{proof}");
        assert_eq!((&proof.unfilled[..], &proof.losses[..]), (&[][..], &[][..]), "{proof}");
    }
    assert_eq!(told(&proofs), ["2026-01-01-000001_create: proven", "2026-01-02-000001_index: proven"]);
    assert_eq!(empty.db.schema_state(&shop(&folder)).unwrap(), SchemaState::Empty, "the database is not touched");
}

#[test]
fn a_way_down_that_leaves_something_behind_is_told_and_the_next_migration_is_tried_without_it() {
    let proofs = prove(&[
        CREATE,
        (
            "2026-01-02-000001_two",
            "CREATE TABLE a (id BIGINT PRIMARY KEY); CREATE TABLE b (id BIGINT PRIMARY KEY)",
            "DROP TABLE a",
        ),
        ("2026-01-03-000001_next", "CREATE TABLE c (id BIGINT PRIMARY KEY)", "DROP TABLE c"),
    ]);
    let expected = [
        "2026-01-01-000001_create: proven",
        "2026-01-02-000001_two: going down leaves another schema: table b is extra",
        "2026-01-03-000001_next: proven",
    ];
    assert_eq!(told(&proofs), expected);
}

#[test]
fn a_migration_that_cannot_be_applied_again_is_told() {
    let twice = "CREATE TABLE a (id BIGINT PRIMARY KEY); INSERT INTO shops (id, name) VALUES (7, 'a')";
    let proofs = prove(&[CREATE, ("2026-01-02-000001_a", twice, "DROP TABLE a")]);
    let Outcome::Failed { attempt, only_with_rows, .. } = &proofs[1].outcome else { panic!("{}", proofs[1]) };
    assert_eq!((*attempt, *only_with_rows), (Attempt::UpAgain, false));
}

#[test]
fn a_migration_without_a_way_down_and_one_whose_way_down_fails_are_told() {
    let folder = folder(&[
        CREATE,
        ("2026-01-02-000001_a", "CREATE TABLE a (id BIGINT PRIMARY KEY)", ""),
        ("2026-01-03-000001_b", "CREATE TABLE b (id BIGINT PRIMARY KEY)", "DROP TABLE bb"),
    ]);
    std::fs::remove_file(folder.path().join("2026-01-02-000001_a/down.sql")).unwrap();
    let proofs = empty().db.prove_migrations(&shop(&folder)).unwrap();
    assert_eq!(proofs[1].outcome, Outcome::NoWayDown);
    let Outcome::Failed { attempt, problem, only_with_rows } = &proofs[2].outcome else { panic!("{}", proofs[2]) };
    assert_eq!((*attempt, *only_with_rows), (Attempt::Down, false));
    assert!(problem.contains("bb"), "{problem}");

    let files = FileBasedMigrations::from_path(folder.path()).unwrap();
    let proofs = empty().db.prove_migrations(&Migrations::diesel("shop", files)).unwrap();
    assert_eq!(proofs[1].outcome, Outcome::NoWayDown);
}

#[test]
fn a_migration_that_fails_only_because_there_are_rows_is_told() {
    let proofs = prove(&[
        CREATE,
        ("2026-01-02-000001_unique", "CREATE TABLE a (id BIGINT PRIMARY KEY, b INT NOT NULL)", "DROP TABLE a"),
        ("2026-01-03-000001_rows", "INSERT INTO a VALUES (1, 5), (2, 5)", "DELETE FROM a WHERE b = 5"),
        ("2026-01-04-000001_unique", "CREATE UNIQUE INDEX a_b ON a (b)", "DROP TABLE a"),
    ]);
    let Outcome::Failed { attempt, only_with_rows, .. } = &proofs[3].outcome else { panic!("{}", proofs[3]) };
    // These rows are the scripts' own.
    assert_eq!((*attempt, *only_with_rows), (Attempt::Up, false));

    let added = match empty().db.connection().unwrap().engine() {
        // MySQL gives existing rows a value of its own.
        Engine::Mysql => "ALTER TABLE shops MODIFY note VARCHAR(40) NOT NULL",
        _ => "ALTER TABLE shops ADD COLUMN size INT NOT NULL",
    };
    let next = ("2026-01-03-000001_next", "CREATE TABLE c (id BIGINT PRIMARY KEY)", "DROP TABLE c");
    let proofs = prove(&[CREATE, ("2026-01-02-000001_size", added, "SELECT 1"), next]);
    let Outcome::Failed { attempt, only_with_rows, .. } = &proofs[1].outcome else { panic!("{}", proofs[1]) };
    assert_eq!((*attempt, *only_with_rows), (Attempt::Up, true));
    assert!(proofs[1].to_string().contains("going up fails (only in tables with rows): "), "{}", proofs[1]);
    assert!(proofs[2].is_proven());
}

#[test]
fn what_follows_a_migration_that_cannot_be_applied_is_not_reached() {
    let proofs = prove(&[("2026-01-01-000001_a", "CREATE TABLE a (id NO SUCH TYPE, )", ""), LABELS]);
    assert!(matches!(&proofs[0].outcome, Outcome::Failed { attempt: Attempt::Up, only_with_rows: false, .. }));
    assert_eq!(proofs[1].outcome, Outcome::NotReached);
}

#[test]
fn rows_and_values_that_do_not_come_back_are_told_as_losses() {
    let proofs = prove(&[
        CREATE,
        (
            "2026-01-02-000001_drop_note",
            "ALTER TABLE shops DROP COLUMN note",
            "ALTER TABLE shops ADD COLUMN note VARCHAR(40)",
        ),
        ("2026-01-03-000001_delete", "DELETE FROM shops", "SELECT 1"),
        ("2026-01-04-000001_size", "ALTER TABLE shops ADD COLUMN size INT", "ALTER TABLE shops DROP COLUMN size"),
    ]);
    assert!(proofs.iter().all(Proof::is_proven), "{:?}", told(&proofs));
    let losses: Vec<_> = proofs.iter().map(|proof| &proof.losses[..]).collect();
    let note = Lost::Values { table: "shops".to_owned(), column: "note".to_owned() };
    let rows = Lost::Rows { table: "shops".to_owned(), before: 3, after: 0 };
    assert_eq!(losses[1], [note]);
    assert_eq!(losses[2].first(), Some(&rows));
    assert_eq!(losses[1][0].to_string(), "table shops, column note: its values do not come back");
    assert_eq!(rows.to_string(), "table shops: 3 of 3 rows do not come back");
    assert_eq!((losses[0], losses[3]), (&[][..], &[][..]), "its own column is no loss");
}

#[test]
fn a_table_without_possible_rows_is_named() {
    let impossible = "CREATE TABLE a (id BIGINT NOT NULL PRIMARY KEY, CHECK (id < 0 AND id > 0))";
    let child = "CREATE TABLE b (a_id BIGINT NOT NULL, FOREIGN KEY (a_id) REFERENCES a (id))";
    let proofs =
        prove(&[("2026-01-01-000001_a", impossible, "DROP TABLE a"), ("2026-01-02-000001_b", child, "DROP TABLE b")]);
    let unfilled: Vec<_> = proofs[1].unfilled.iter().map(ToString::to_string).collect();
    assert!(unfilled[0].starts_with("table a: no rows could be made: "), "{unfilled:?}");
    assert_eq!(unfilled[1], "table b: no rows could be made: table a, which it refers to, has no rows");
    assert!(proofs.iter().all(Proof::is_proven));
}

#[test]
fn rows_meet_the_checks_that_name_their_values() {
    let checked = "CREATE TABLE a (id BIGINT NOT NULL PRIMARY KEY, \
                   kind VARCHAR(20) NOT NULL CHECK (kind IN ('one', 'two')), \
                   mail VARCHAR(60) NOT NULL UNIQUE CHECK (mail LIKE '%@%'), \
                   size BIGINT NOT NULL CHECK (size > 5000), code VARCHAR(90) NOT NULL CHECK (LENGTH(code) >= 12), \
                   half DECIMAL(2, 2) NOT NULL, letter CHAR(1) NOT NULL UNIQUE)";
    let compared = "CREATE TABLE b (id BIGINT NOT NULL PRIMARY KEY, begins DATE NOT NULL, ends DATE NOT NULL, \
                    late DATE NOT NULL, CHECK (ends > begins), CHECK (late > ends))";
    let proofs =
        prove(&[("2026-01-01-000001_a", checked, "DROP TABLE a"), ("2026-01-02-000001_b", compared, "DROP TABLE b")]);
    assert_eq!((&proofs[0].unfilled[..], &proofs[1].unfilled[..]), (&[][..], &[][..]));
}

#[test]
fn folios_own_migrations_are_proven_and_leave_no_drift() {
    let (empty, migrations) =
        (empty(), Migrations::folder("folio", concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations")));
    for proof in empty.db.prove_migrations(&migrations).unwrap() {
        assert!(proof.is_proven() && proof.unfilled.is_empty(), "{proof} {:?}", proof.unfilled);
    }
    empty.db.migrate(&migrations).unwrap();
    assert_eq!(empty.db.drift(&migrations).unwrap(), []);
}
