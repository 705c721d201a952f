//! Rust code for the tables of an engine: what is generated is a module of these tests, so that it compiles.

use std::fs;
use std::path::{Path, PathBuf};

use diesel_migrate::entities::{Entities, generate, update};
use diesel_migrate::schema::Schema;

use super::*;

/// A file of the example schema: its script, or the code for it.
fn example(engine: Engine, extension: &str) -> PathBuf {
    let name = match engine {
        Engine::Sqlite => "sqlite",
        Engine::Postgres => "postgres",
        Engine::Mysql => "mysql",
    };
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/entities").join(name).with_extension(extension)
}

/// A database with the tables of the example, and the code for them.
fn made() -> (Empty, String) {
    let empty = empty();
    let engine = empty.db.connection().unwrap().engine();
    execute(&empty, &fs::read_to_string(example(engine, "sql")).unwrap());
    let code = generate(&schema(&empty), engine).code;
    (empty, code)
}

fn execute(empty: &Empty, script: &str) {
    empty.db.connection().unwrap().batch_execute(script).unwrap();
}

fn schema(empty: &Empty) -> Schema {
    Schema::read(&mut empty.db.connection().unwrap()).unwrap()
}

fn updated(empty: &Empty, code: &str) -> Entities {
    let engine = empty.db.connection().unwrap().engine();
    update(code, &schema(empty), engine).unwrap()
}

#[test]
fn the_code_for_a_database_is_what_these_tests_compile() {
    let (empty, code) = made();
    let path = example(empty.db.connection().unwrap().engine(), "rs");
    let expected = fs::read_to_string(&path).unwrap();
    assert!(code == expected, "{} should be:\n{code}", path.display());
}

#[test]
fn code_that_is_up_to_date_stays_as_it_is() {
    let (empty, code) = made();
    assert_eq!(updated(&empty, &code).code, code);
    let formatted = code.replace("diesel::table!", "/* kept */ diesel :: table !").replace(" -> ", "->");
    assert_eq!(updated(&empty, &formatted).code, formatted);
}

#[test]
fn what_cannot_be_expressed_is_told_in_the_code_and_beside_it() {
    let (empty, code) = made();
    let engine = empty.db.connection().unwrap().engine();
    let notes: Vec<String> = generate(&schema(&empty), engine).notes.iter().map(ToString::to_string).collect();
    let mut expected = vec![
        "log: No code is generated, because it has no primary key.",
        "makers: The column \"place\" is left out: its type \"point\" is not known.",
    ];
    match engine {
        Engine::Sqlite => expected[1] = "makers: The column \"place\" is left out: its type \"GEO\" is not known.",
        Engine::Postgres => expected.insert(
            1,
            "makers: The column \"oddity\" is left out: the label \"it's\" of its enum cannot be a variant.",
        ),
        Engine::Mysql => {
            expected
                .insert(1, "makers: `oddity` is a text, because the label \"it's\" of its enum cannot be a variant.");
        }
    }
    let first: Vec<&str> = notes.iter().map(String::as_str).filter(|note| !note.contains("needs Diesel")).collect();
    assert_eq!(first, expected);
    assert!(notes.iter().all(|note| code.contains(&format!("// {note}\n"))), "{notes:?}");
    assert_eq!(notes.len() > expected.len(), engine != Engine::Sqlite, "the crates that types come from");
}

const SHELVES: &str = "CREATE TABLE shelves (id BIGINT NOT NULL PRIMARY KEY, room VARCHAR(40) NOT NULL,
    width BIGINT NOT NULL, colour VARCHAR(9))";
const CHANGED: &str = "DROP TABLE shelves;
    CREATE TABLE shelves (id BIGINT NOT NULL PRIMARY KEY, room VARCHAR(40), width DOUBLE PRECISION NOT NULL,
        height BIGINT NOT NULL UNIQUE);
    CREATE TABLE books (id BIGINT NOT NULL PRIMARY KEY, shelf_id BIGINT NOT NULL,
        FOREIGN KEY (shelf_id) REFERENCES shelves (id))";

/// The code for the shelves as a person has changed it, and the database with the columns changed since.
fn edited(change: impl Fn(&str) -> String) -> (Empty, String) {
    let empty = empty();
    execute(&empty, SHELVES);
    let code = generate(&schema(&empty), empty.db.connection().unwrap().engine()).code;
    execute(&empty, CHANGED);
    (empty, change(&code))
}

#[test]
fn columns_that_changed_in_the_database_change_and_what_a_person_wrote_stays() {
    let (empty, code) = edited(|code| {
        let code = code.replace("    pub room: String,", "    /// Where it stands.\n    pub room: Text256, // checked");
        let code = code.replace("    pub colour", "    /// Painted.\n    #[allow(unused)]\n    pub colour");
        let code = code.replace("pub struct Shelf", "pub struct Rack").replace("PartialEq, ", "PartialEq, Hash, ");
        code + "\nimpl Rack {\n    pub fn area(&self) -> i64 {\n        self.width * 3\n    }\n}\n"
    });
    let after = updated(&empty, &code);
    let (_, tables) = after.code.split_once("prelude::*;\n").unwrap();
    assert_eq!(
        tables,
        "
diesel::table! {
    shelves (id) {
        id -> BigInt,
        room -> Nullable<Text>,
        width -> Double,
        height -> BigInt,
    }
}

// entities: shelves
#[derive(Debug, Clone, PartialEq, Hash, HasQuery, Entity)]
#[diesel(table_name = shelves)]
#[entity(unique(height))]
pub struct Rack {
    #[entity(key, given)]
    pub id: i64,
    /// Where it stands.
    pub room: Option<Text256>, // checked
    pub width: f64,
    pub height: i64,
}

impl Rack {
    pub fn area(&self) -> i64 {
        self.width * 3
    }
}

diesel::table! {
    books (id) {
        id -> BigInt,
        shelf_id -> BigInt,
    }
}

// entities: books
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = books)]
pub struct Book {
    #[entity(key, given)]
    pub id: i64,
    #[entity(references = shelves::id)]
    pub shelf_id: i64,
}

diesel::joinable!(books -> shelves (shelf_id));
"
    );
    let notes: Vec<String> = after.notes.iter().map(ToString::to_string).collect();
    assert_eq!(
        notes,
        [
            "shelves: `colour` is gone, and is removed.",
            "shelves: `room` is Nullable<Text> now, and was Text; look at its attributes.",
            "shelves: `width` is Double now, and was BigInt; look at its attributes.",
            "shelves: (height) is unique now; Rack says so.",
        ]
    );
}

#[test]
fn a_struct_without_the_comment_is_left_alone() {
    let (empty, code) = edited(|code| code.replace("// entities: shelves\n", ""));
    let after = updated(&empty, &code).code;
    let own = |code: &str| code.split("#[derive").nth(1).unwrap().split("}\n").next().unwrap().to_owned();
    assert_eq!(own(&after), own(&code));
    assert!(after.contains("        height -> BigInt,\n"), "table! is always the database's");
}

#[test]
fn what_a_person_has_to_do_is_told() {
    let (empty, code) = made();
    assert!(
        updated(&empty, &code.replace("// log: No", "// No"))
            .code
            .ends_with("\n// log: No code is generated, because it has no primary key.\n")
    );
    let code = format!("{code}\ndiesel::table! {{ gone (id) {{ id -> BigInt }} }}\n");
    let after = updated(&empty, &code);
    assert_eq!(after.code, code);
    let notes: Vec<String> = after.notes.iter().map(ToString::to_string).collect();
    assert_eq!(notes, ["gone: It is not in the database any more; remove its code."]);
    let broken = update("use std::fs;\nfn {", &schema(&empty), Engine::Sqlite).unwrap_err();
    assert_eq!((broken.line, broken.column), (2, 4), "{broken}");
}

#[test]
fn foreign_keys_and_unique_sets_that_a_struct_lacks_become_its_attributes() {
    let (empty, code) = made();
    let without =
        code.replace("    #[entity(references = makers::name)]\n", "").replace("#[entity(unique(name))]\n", "");
    let after = updated(&empty, &without);
    assert_eq!(after.code, code, "as they were before a person took them out");
    let notes: Vec<String> = after.notes.iter().map(ToString::to_string).collect();
    assert_eq!(
        notes,
        [
            "makers: (name) is unique now; Maker says so.",
            "old marks: `maker` refers to makers::name now; its attribute says so.",
        ]
    );
    // A field that the program's default fills is not the database's to change.
    let filled = code.replace("#[entity(references = makers::name)]", "#[entity(default = nobody)]");
    let after = updated(&empty, &filled);
    assert_eq!(after.code, filled);
    assert!(after.notes[0].remark.contains("replace what #[entity(…)] says of it"), "{:?}", after.notes);
    // What the database does not have stays, and is told.
    let more = code.replace("#[entity(unique(name))]", "#[entity(unique(name), unique(type_, name))]");
    let more = more.replace("    pub room: ", "    #[entity(references = makers::id)]\n    pub room: ");
    let after = updated(&empty, &more);
    assert_eq!(after.code, more);
    let notes: Vec<String> = after.notes.iter().map(ToString::to_string).collect();
    assert_eq!(
        notes,
        [
            "makers: (type_, name) is not unique in the database, and Maker says that it is.",
            "old marks: `room` has references = makers::id, and no foreign key of its own in the database.",
        ]
    );
}

#[test]
fn a_foreign_key_to_another_table_takes_the_attribute_and_the_type_of_the_key_with_it() {
    let empty = empty();
    let id = match empty.db.connection().unwrap().engine() {
        Engine::Sqlite => "id INTEGER PRIMARY KEY AUTOINCREMENT",
        Engine::Postgres => "id BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
        Engine::Mysql => "id BIGINT AUTO_INCREMENT PRIMARY KEY",
    };
    execute(
        &empty,
        &format!(
            "CREATE TABLE racks ({id}); CREATE TABLE shelves ({id});
             CREATE TABLE books ({id}, rack_id BIGINT, FOREIGN KEY (rack_id) REFERENCES racks (id))"
        ),
    );
    let code = generate(&schema(&empty), empty.db.connection().unwrap().engine()).code;
    let field = "    #[entity(references = racks::id)]\n    pub rack_id: Option<Id<Rack>>,\n";
    assert!(code.contains(field), "{code}");
    let other = "    #[entity(references = crate::schema::shelves::id)]\n    pub rack_id: Option<Id<Shelf>>,\n";
    assert_eq!(updated(&empty, &code.replace(field, other)).code, code);
    // A longer path to the same column, and no attribute at all.
    let longer = code.replace("references = racks::id", "references = crate::schema::racks::id");
    assert_eq!(updated(&empty, &longer).code, longer);
    assert_eq!(updated(&empty, &code.replace(field, "    pub rack_id: Option<i64>,\n")).code, code);
}

#[test]
fn a_foreign_key_of_several_columns_becomes_an_attribute_of_the_struct() {
    let (empty, code) = made();
    let key = "#[entity(references((room, shelf) = places::(room, shelf)))]\n";
    assert!(code.contains(key), "{code}");
    let after = updated(&empty, &code.replace(key, ""));
    assert_eq!(after.code, code, "as it was before a person took it out");
    let notes: Vec<String> = after.notes.iter().map(ToString::to_string).collect();
    assert_eq!(notes, ["old marks: (room, shelf) refers to places now; OldMark says so."]);
    // In another order, by a longer path, and behind what else there is to say.
    let other = "#[entity(filter(shown = room.gt(0)), references((shelf, room) = crate::places::(shelf, room)))]\n";
    let other = code.replace(key, other);
    assert_eq!(updated(&empty, &other).code, other);
    let more = format!("{key}#[entity(references((maker, room) = places::(shelf, room)))]\n");
    let after = updated(&empty, &code.replace(key, &more));
    assert_eq!(
        after.notes[0].to_string(),
        "old marks: (maker, room) does not refer to places in the database, and OldMark says that it does."
    );
}

#[test]
fn a_new_label_becomes_a_variant() {
    let (empty, code) = made();
    let engine = empty.db.connection().unwrap().engine();
    let (name, change) = match engine {
        Engine::Sqlite => return,
        Engine::Postgres => ("Mood", "ALTER TYPE mood ADD VALUE 'glad'"),
        Engine::Mysql => {
            ("MakerMood", "ALTER TABLE makers MODIFY mood ENUM ('calm', 'Loud', 'glad') NOT NULL DEFAULT 'calm'")
        }
    };
    let code = code.replace(&format!("pub enum {name}"), "pub enum Temper");
    execute(&empty, change);
    let after = updated(&empty, &code).code;
    assert_eq!(after, code.replacen("        Loud,\n", "        Loud,\n        glad,\n", 1));
}
