//! Drafts from entities: they make the tables that the entities need, keep the rows, and go back.

use diesel_migrate::schema::Schema;
use diesel_migrate::{Draft, Outcome};
use diesel_session::session::Table;
use tempfile::TempDir;

use super::*;
use crate::library::{first, second, third};

type Entities = &'static [fn() -> &'static Table];

/// A migration of the folder, drafted from these entities and written into it.
fn drafted(db: &Database, folder: &TempDir, name: &str, entities: Entities) -> Draft {
    let draft = draft(db, folder, entities);
    assert!(!draft.is_empty(), "{draft:?}");
    write(folder.path(), (name, &draft.up, &draft.down));
    draft
}

fn draft(db: &Database, folder: &TempDir, entities: Entities) -> Draft {
    shop(folder).with_entities(entities).draft(db).unwrap()
}

#[track_caller]
fn assert_clean(db: &Database, folder: &TempDir, entities: Entities) {
    let draft = draft(db, folder, entities);
    assert!(draft.is_empty(), "{}", draft.up);
    assert_eq!(db.drift(&shop(folder)).unwrap(), []);
}

fn execute(db: &Database, script: &str) {
    db.connection().unwrap().batch_execute(script).unwrap();
}

fn schema(db: &Database) -> Schema {
    Schema::read(&mut db.connection().unwrap()).unwrap()
}

/// The first tables, with a row each; two books.
fn with_first_tables() -> (Empty, TempDir) {
    let (empty, folder) = (empty(), folder(&[]));
    drafted(&empty.db, &folder, "2026-01-01-000001_first", first::ENTITIES);
    empty.db.migrate(&shop(&folder)).unwrap();
    let book = "(shelf_id, isbn, title, color, level, state, is_rare)";
    execute(
        &empty.db,
        &format!(
            "INSERT INTO shelves (room) VALUES ('attic'); INSERT INTO tags VALUES ('language', 'French');
             INSERT INTO books {book} VALUES (1, '1', 'one', 'red', 'Easy', 'Here', FALSE);
             INSERT INTO books {book} VALUES (1, '2', 'two', 'blue', 'Hard', 'Lent', TRUE)"
        ),
    );
    (empty, folder)
}

#[test]
fn a_draft_makes_the_tables_of_the_entities_and_is_not_drafted_again() {
    let (empty, folder) = with_first_tables();
    assert_clean(&empty.db, &folder, first::ENTITIES);
    let schema = schema(&empty.db);
    let books = schema.table("books").unwrap();
    assert_eq!(books.unique_sets(), [["isbn"]]);
    let [key] = &books.foreign_keys[..] else { panic!("{books:?}") };
    assert_eq!((&key.columns[..], &*key.table), (&["shelf_id".to_owned()][..], "shelves"));
    let indexed = |column: &str| books.indexes.iter().any(|index| index.plain_columns() == Some(vec![column]));
    assert!(indexed("shelf_id"), "a foreign key has an index: {books:?}");
    assert!(books.column("subtitle").unwrap().nullable && !books.column("title").unwrap().nullable);
    for wrong in ["level = 'Medium'", "state = 'Lost'"] {
        let refused = empty.db.connection().unwrap().batch_execute(&format!("UPDATE books SET {wrong}"));
        assert!(refused.is_err(), "{wrong}");
    }
    assert_eq!(number(&mut empty.db.connection().unwrap(), "SELECT MIN(version) FROM books"), 1);

    // And goes back to nothing.
    empty.db.migrate_down(&shop(&folder), Target::All, |_| ()).unwrap();
    assert_eq!(self::schema(&empty.db), Schema::default());
}

#[test]
fn a_draft_brings_tables_with_rows_to_what_the_entities_became_and_back() {
    let (empty, folder) = with_first_tables();
    let db = &empty.db;
    let before = schema(db);
    let draft = drafted(db, &folder, "2026-01-02-000001_second", second::ENTITIES);
    for said in
        ["-- Loses the values of books.color.", "-- books.pages: the rows that exist get 0: write what is right."]
    {
        assert!(draft.up.contains(said), "{}", draft.up);
    }
    assert!(draft.up.contains("-- books.subtitle becomes NOT NULL: write the value that is right.\nUPDATE "));
    db.migrate(&shop(&folder)).unwrap_or_else(|error| panic!("{error}\n{}", draft.up));
    assert_clean(db, &folder, second::ENTITIES);
    execute(
        db,
        "UPDATE books SET level = 'Medium', state = 'Lost', copy_of = 1, isbn = '1234567890123' WHERE id = 2;
         INSERT INTO loans (book_id, reader, lent_at) VALUES (2, 'Anna', '2026-01-01 00:00:00')",
    );
    let kept =
        "SELECT COUNT(*) FROM books WHERE subtitle = '' AND pages = 0 AND version = 1 AND bought_at > '2001-01-01'";
    assert_eq!(number(&mut db.connection().unwrap(), kept), 2);
    for wrong in ["UPDATE books SET title = 'one'", "UPDATE books SET copy_of = 9", "UPDATE books SET subtitle = NULL"]
    {
        assert!(db.connection().unwrap().batch_execute(wrong).is_err(), "{wrong}");
    }

    execute(db, "UPDATE books SET level = 'Hard', state = 'Here', isbn = '2' WHERE id = 2");
    let down = db.migrate_down(&shop(&folder), Target::Steps(1), |_| ());
    down.unwrap_or_else(|error| panic!("{error}\n{}", draft.down));
    let back = schema(db).differences(&before, db.connection().unwrap().engine());
    assert_eq!(back, [], "{}", draft.down);
    assert_eq!(rows(db, "books"), Some(2));
    for proof in db.prove_migrations(&shop(&folder)).unwrap() {
        assert!(matches!(proof.outcome, Outcome::Proven), "{proof:?}");
    }
}

#[test]
fn what_a_draft_loses_is_said_before_the_statements_that_lose_it() {
    let (empty, folder) = with_first_tables();
    let draft = draft(&empty.db, &folder, second::ENTITIES);
    let at = |text: &str| draft.up.find(text).unwrap_or_else(|| panic!("{text} is not in {}", draft.up));
    let renamed = "books.least_level: perhaps it is color under another name, whose values this loses: then write ALTER \
                   TABLE books RENAME COLUMN color TO least_level into a migration of its own, and draft again";
    let lost = "-- Loses the values of books.color.";
    if empty.db.connection().unwrap().engine() == Engine::Sqlite {
        // One rebuild of the table makes all changes; its enum and its text are both texts.
        let rebuild = at("\nPRAGMA foreign_keys = OFF;");
        assert!(at(lost) < rebuild && at(renamed) < rebuild, "{}", draft.up);
        assert!(draft.notes.iter().any(|note| note == renamed), "{:?}", draft.notes);
    } else {
        assert!(at(lost) < at("DROP COLUMN"), "{}", draft.up);
    }
}

#[test]
fn a_reference_that_every_row_needs_waits_for_the_values_of_the_rows() {
    let (empty, folder) = with_first_tables();
    let db = &empty.db;
    let name = "2026-01-02-000001_third";
    let draft = drafted(db, &folder, name, third::ENTITIES);
    assert_eq!(draft.notes, ["tags has no entity; the draft leaves it as it is"]);
    let refused = db.migrate(&shop(&folder)).unwrap_err();
    assert!(matches!(&refused, Error::Failed { migration, .. } if migration == name), "{refused}");
    let quoted = if db.connection().unwrap().engine() == Engine::Mysql { "`" } else { "\"" };
    let remark = format!("-- UPDATE {quoted}shelves{quoted} SET {quoted}room_id{quoted} = …");
    assert!(draft.up.contains(&remark), "{}", draft.up);

    // As a person does who reads it, in a database of its own.
    let (other, other_folder) = with_first_tables();
    let filled = "INSERT INTO rooms (floor) VALUES (3); UPDATE shelves SET room_id = 1;\n";
    let up = draft.up.replace(&remark, &format!("{filled}{remark}"));
    write(other_folder.path(), (name, &up, &draft.down));
    other.db.migrate(&shop(&other_folder)).unwrap_or_else(|error| panic!("{error}\n{up}"));
    assert_clean(&other.db, &other_folder, third::ENTITIES);
    other.db.migrate_down(&shop(&other_folder), Target::Steps(1), |_| ()).unwrap();
    assert_eq!(rows(&other.db, "books"), Some(2));
}

#[test]
fn what_a_draft_does_not_change_is_told() {
    let (empty, folder) = (
        empty(),
        folder(&[(
            "2026-01-01-000001_shelves",
            "CREATE TABLE rooms (id BIGINT PRIMARY KEY);
         CREATE TABLE shelves (id BIGINT NOT NULL, room VARCHAR(20) NOT NULL, room_id BIGINT REFERENCES rooms (id),
            CONSTRAINT to_room FOREIGN KEY (id) REFERENCES rooms (id),
            PRIMARY KEY (id, room), CONSTRAINT one UNIQUE (room))",
            "DROP TABLE shelves; DROP TABLE rooms",
        )]),
    );
    let found = draft(&empty.db, &folder, &[|| <first::Shelf as diesel_session::Entity>::table()]);
    let told: Vec<&str> = found.notes.iter().map(String::as_str).filter(|note| note.starts_with("shelves")).collect();
    assert_eq!(
        told,
        [
            "shelves: the primary key is (id, room) and the entity's (id); a change of the key is not drafted",
            "shelves: (room) is unique and has no `unique`; the draft keeps it",
            "shelves.id refers to rooms and has no `references`; the draft keeps it",
        ]
    );
    assert!(found.up.contains("-- Loses the values of shelves.room_id.\n"), "{}", found.up);
}
