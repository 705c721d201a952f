//! Natural keys that follow what they refer to, where the database compares them loosely and where they refer to their own
//! table (83).

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel_session::connection::{AnyConnection, Engine, SessionConnection as _};
use diesel_session::{Entity, Handle, Result, Session};
use diesel_session_conformance::Harness;

diesel::table! { subjects (code) { code -> Text, title -> Text } }
diesel::table! { pupils (number, subject) { number -> BigInt, subject -> Text, grade -> BigInt } }
diesel::table! { folders (above, name) { above -> Text, name -> Text, size -> BigInt } }
diesel::table! { links (low, top) { low -> Text, top -> Text, middle -> Text, label -> Text } }

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = subjects)]
pub struct Subject {
    #[entity(key, given)]
    pub code: String,
    pub title: String,
}

/// Its subject is a part of its key.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = pupils)]
pub struct Pupil {
    #[entity(key, given)]
    pub number: i64,
    #[entity(key, given, references = subjects::code)]
    pub subject: String,
    pub grade: i64,
}

/// The folder above is a part of its key.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = folders)]
#[entity(unique(name))]
pub struct Folder {
    #[entity(key, given, references = folders::name)]
    pub above: String,
    #[entity(key, given)]
    pub name: String,
    pub size: i64,
}

/// A part of its key refers to a column of other rows that refers on.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = links)]
#[entity(unique(top), unique(middle))]
pub struct Executor {
    #[entity(key, given, references = links::middle)]
    pub low: String,
    #[entity(key, given)]
    pub top: String,
    #[entity(references = links::top)]
    pub middle: String,
    pub label: String,
}

/// `{loose}` is a text that is compared without case, `{name}` one that is not.
const SUBJECTS: &str = "
    CREATE TABLE subjects (code {loose} NOT NULL PRIMARY KEY, title {name} NOT NULL);
    CREATE TABLE pupils (number BIGINT NOT NULL, subject {loose} NOT NULL, grade BIGINT NOT NULL,
        PRIMARY KEY (number, subject), FOREIGN KEY (subject) REFERENCES subjects (code) ON UPDATE CASCADE);
    INSERT INTO subjects VALUES ('A', 'Algebra'), ('B', 'Biology');
    INSERT INTO pupils VALUES (1, 'a', 10), (2, 'A', 20), (3, 'b', 30);
";

#[cfg(any(feature = "sqlite", feature = "postgres"))]
const CHAINS: &str = "
    CREATE TABLE folders (above TEXT NOT NULL REFERENCES folders (name) ON UPDATE CASCADE, name TEXT NOT NULL UNIQUE,
        size BIGINT NOT NULL, PRIMARY KEY (above, name));
    INSERT INTO folders VALUES ('a', 'a', 1), ('a', 'b', 2), ('b', 'c', 3), ('c', 'd', 4);
    CREATE TABLE links (low TEXT NOT NULL, top TEXT NOT NULL UNIQUE, middle TEXT NOT NULL UNIQUE, label TEXT NOT NULL,
        PRIMARY KEY (low, top), FOREIGN KEY (middle) REFERENCES links (top) ON UPDATE CASCADE,
        FOREIGN KEY (low) REFERENCES links (middle) ON UPDATE CASCADE);
    INSERT INTO links VALUES ('p', 'g', 'p', 'grandparent'), ('g', 'p', 'g', 'parent'), ('g', 'c', 'c', 'child');
";

fn make(session: &mut Session<'_>, tables: &str) -> Result<()> {
    let connection = session.connection()?;
    let (loose, name, before) = match connection.engine() {
        Engine::Sqlite => ("TEXT COLLATE NOCASE", "TEXT", ""),
        Engine::Postgres => (
            "TEXT COLLATE loose",
            "TEXT",
            "CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);",
        ),
        _ => ("VARCHAR(20) COLLATE utf8mb4_general_ci", "VARCHAR(20)", ""),
    };
    let sql = before.to_owned() + &tables.replace("{loose}", loose).replace("{name}", name);
    connection.batch_execute(&sql).unwrap();
    session.commit()
}

type School = (Handle<Subject>, Vec<Handle<Pupil>>);

fn school(session: &mut Session<'_>) -> Result<School> {
    make(session, SUBJECTS)?;
    let algebra = session.get_one::<Subject>("A".to_owned())?;
    Ok((algebra, session.query(Pupil::query().order(pupils::number)).all()?))
}

fn keys(session: &Session<'_>, rows: &[Handle<Pupil>]) -> Vec<String> {
    rows.iter().map(|row| session.key(*row).expect("flushed").1).collect()
}

/// Every row is in the database under the key that its handle has.
fn are_stored(session: &mut Session<'_>, rows: &[Handle<Pupil>], grades: &[i64]) -> Result<()> {
    session.expire_all();
    session.load(rows)?;
    let stored: Vec<i64> = rows.iter().map(|row| Ok(session.row(*row)?.grade)).collect::<Result<_>>()?;
    assert_eq!(stored, grades);
    Ok(())
}

fn a_key_that_differs_in_case_follows(session: &mut Session<'_>) -> Result<()> {
    let (algebra, rows) = school(session)?;
    session.edit(algebra)?.code = "Z".into();
    for row in &rows {
        session.edit(*row)?.grade += 1;
    }
    session.flush()?;
    assert_eq!(keys(session, &rows), ["Z", "Z", "b"]);
    are_stored(session, &rows, &[11, 21, 31])?;
    session.rollback()?;
    assert_eq!(keys(session, &rows), ["a", "A", "b"]);
    are_stored(session, &rows, &[10, 20, 30])
}

/// Not every database passes on a change that its collation does not see.
fn a_change_of_case_alone_says_nothing_of_later_changes(session: &mut Session<'_>) -> Result<()> {
    let (algebra, rows) = school(session)?;
    for code in ["a", "Z", "z", "Y"] {
        session.edit(algebra)?.code = code.into();
        for row in &rows {
            session.edit(*row)?.grade += 1;
        }
        session.commit()?;
    }
    assert_eq!(keys(session, &rows), ["Y", "Y", "b"]);
    are_stored(session, &rows, &[14, 24, 34])
}

#[cfg(feature = "mysql")]
fn a_key_that_differs_in_trailing_blanks_follows(session: &mut Session<'_>) -> Result<()> {
    let (algebra, mut rows) = school(session)?;
    session.connection()?.batch_execute("INSERT INTO pupils VALUES (4, 'a  ', 40)").unwrap();
    session.commit()?;
    rows.push(session.get_one::<Pupil>((4, "a  ".to_owned()))?);
    session.edit(algebra)?.code = "Z".into();
    session.flush()?;
    assert_eq!(keys(session, &rows), ["Z", "Z", "b", "Z"]);
    are_stored(session, &rows, &[10, 20, 30, 40])
}

/// A key that only an accent tells from another is that row's for the database, and no other row's.
#[cfg(feature = "mysql")]
fn keys_that_differ_in_accents(session: &mut Session<'_>) -> Result<()> {
    make(session, SUBJECTS)?;
    session.connection()?.batch_execute(
        "DELETE FROM pupils; DELETE FROM subjects;
         INSERT INTO subjects VALUES ('é', 'Ethics'), ('ů', 'Unity'), ('日', 'Days');
         INSERT INTO pupils VALUES (1, 'e', 10), (2, 'É', 20), (3, 'é', 30), (1, 'U', 40), (1, '日', 50)",
    )?;
    session.commit()?;
    let ethics = session.get_one::<Subject>("é".to_owned())?;
    for code in ["e", "E", "É"] {
        assert_eq!(session.get::<Subject>(code.to_owned())?, Some(ethics), "{code}");
        assert_eq!(session.get_for_update::<Subject>(code.to_owned())?, Some(ethics), "{code}");
        let refused = session.nested(|session| -> Result<()> {
            session.add(NewSubject::new(code, "Another")?);
            session.flush()
        });
        assert!(refused.unwrap_err().is_unique(), "{code}");
    }
    let unity = session.get_one::<Subject>("ů".to_owned())?;
    let rows = session.query(Pupil::query().order(pupils::grade)).all()?;
    let [e, upper, accented, u, _] = rows[..] else { panic!("{} pupils", rows.len()) };
    assert_eq!(session.children(pupils::subject, &[ethics, unity])?, [vec![e, upper, accented], vec![u]]);
    assert_eq!(session.parents(pupils::subject, &rows[..4])?, [Some(ethics), Some(ethics), Some(ethics), Some(unity)]);
    // The keys follow, in a flush in which their rows change too, and on their own.
    session.edit(ethics)?.code = "ö".into();
    session.edit(unity)?.code = "v".into();
    for row in &rows {
        session.edit(*row)?.grade += 1;
    }
    session.flush()?;
    assert_eq!(keys(session, &rows), ["ö", "ö", "ö", "v", "日"]);
    are_stored(session, &rows, &[11, 21, 31, 41, 51])?;
    session.rollback()?;
    assert_eq!(keys(session, &rows), ["e", "É", "é", "U", "日"]);
    session.edit(ethics)?.code = "Z".into();
    session.commit()?;
    assert_eq!(keys(session, &rows), ["Z", "Z", "Z", "U", "日"]);
    are_stored(session, &rows, &[10, 20, 30, 40, 50])?;
    // A row that comes under the former key is a row of its own.
    session.add(NewSubject::new("e", "Energy")?);
    let new = session.add(NewPupil::new(1, "E".to_owned(), 60)?);
    session.commit()?;
    assert_eq!((session.view(new)?.grade, session.view(e)?.grade), (60, 10));
    Ok(())
}

#[cfg(any(feature = "sqlite", feature = "postgres"))]
fn rows_whose_keys_follow_each_other_change_in_one_flush(session: &mut Session<'_>) -> Result<()> {
    make(session, CHAINS)?;
    let folders = session.query(Folder::query().order(folders::size)).all()?;
    for round in 0..2 {
        for folder in &folders {
            session.edit(*folder)?.name += "x";
        }
        session.commit()?;
        let x = "x".repeat(round + 1);
        let expected = [("a", "a"), ("a", "b"), ("b", "c"), ("c", "d")]
            .map(|(above, name)| (above.to_owned() + &x, name.to_owned() + &x));
        let keys: Vec<(String, String)> = folders.iter().map(|folder| session.key(*folder).expect("flushed")).collect();
        assert_eq!(keys, expected);
        session.expire_all();
        session.load(&folders)?;
    }
    let [first, .., last] = folders[..] else { panic!("four folders") };
    session.edit(first)?.name = "top".into();
    session.edit(last)?.size = 40;
    session.delete(last)?;
    session.commit()?;
    assert_eq!(session.key(first).ok(), Some(("top".to_owned(), "top".to_owned())));
    assert_eq!(session.view(folders[1])?.above, "top");
    Ok(())
}

#[cfg(any(feature = "sqlite", feature = "postgres"))]
fn a_key_follows_through_columns_of_its_own_table(session: &mut Session<'_>) -> Result<()> {
    make(session, CHAINS)?;
    let links = session.query(Executor::query().order(links::label.desc())).all()?;
    let [parent, grandparent, child] = links[..] else { panic!("three links") };
    session.edit(grandparent)?.top = "x".into();
    session.edit(child)?.label = "grandchild".into();
    session.commit()?;
    let keys: Vec<String> =
        [grandparent, parent, child].iter().map(|link| session.key(*link).expect("flushed").0).collect();
    assert_eq!(keys, ["p", "x", "x"]);
    assert_eq!(session.view(parent)?.middle, "x");
    assert_eq!(session.view(child)?.label, "grandchild");
    Ok(())
}

/// The tests on one engine.
macro_rules! on {
    ($engine:ident, $harness:ident: $($name:ident => $test:ident,)*) => {
        mod $engine {
            use super::*;

            $(
                #[test]
                fn $name() -> Result<()> {
                    let database = crate::harness::$harness::new();
                    let mut connection: AnyConnection = database.connect();
                    $test(&mut Session::on(&mut connection))
                }
            )*
        }
    };
}

#[cfg(feature = "sqlite")]
on!(sqlite, AnySqlite:
    b083_a_handle_follows_a_key_that_differs_from_it_in_case => a_key_that_differs_in_case_follows,
    b083_a_change_of_case_alone_says_nothing_of_later_changes => a_change_of_case_alone_says_nothing_of_later_changes,
    b083_rows_whose_keys_follow_each_other_change_in_one_flush => rows_whose_keys_follow_each_other_change_in_one_flush,
    b083_a_key_follows_through_columns_of_its_own_table => a_key_follows_through_columns_of_its_own_table,
);
#[cfg(feature = "postgres")]
on!(postgres, AnyPostgres:
    b083_a_handle_follows_a_key_that_differs_from_it_in_case => a_key_that_differs_in_case_follows,
    b083_a_change_of_case_alone_says_nothing_of_later_changes => a_change_of_case_alone_says_nothing_of_later_changes,
    b083_rows_whose_keys_follow_each_other_change_in_one_flush => rows_whose_keys_follow_each_other_change_in_one_flush,
    b083_a_key_follows_through_columns_of_its_own_table => a_key_follows_through_columns_of_its_own_table,
);
#[cfg(feature = "mysql")]
on!(mariadb, AnyMariadb:
    b083_a_handle_follows_a_key_that_differs_from_it_in_case => a_key_that_differs_in_case_follows,
    b083_a_change_of_case_alone_says_nothing_of_later_changes => a_change_of_case_alone_says_nothing_of_later_changes,
    b083_a_handle_follows_a_key_that_differs_from_it_in_trailing_blanks => a_key_that_differs_in_trailing_blanks_follows,
    b083_keys_that_differ_in_accents_are_never_another_rows => keys_that_differ_in_accents,
);
#[cfg(feature = "mysql")]
on!(mysql, AnyMysql:
    b083_a_handle_follows_a_key_that_differs_from_it_in_case => a_key_that_differs_in_case_follows,
    b083_a_change_of_case_alone_says_nothing_of_later_changes => a_change_of_case_alone_says_nothing_of_later_changes,
    b083_a_handle_follows_a_key_that_differs_from_it_in_trailing_blanks => a_key_that_differs_in_trailing_blanks_follows,
    b083_keys_that_differ_in_accents_are_never_another_rows => keys_that_differ_in_accents,
);
