//! Searches: which records are found, in which order, and that the index follows every change.

use std::thread;
use std::time::{Duration, Instant};

use folio::prelude::*;
use folio::services::notes::{self, Edit, Text};
use folio::services::repositories::{self, Project};
use folio::services::resumes::{self, Offer};
use folio::services::search::{self, Found, Kind, Search};
use folio::services::users::{self, Account, Cascade, UserSelector};

use crate::support::{Fixture, dialect, engine, fixture};
use folio::connection::Engine;

/// A database with two people, and a note of the first for each text.
fn database(texts: &[(&str, &str)]) -> Fixture {
    let db = fixture(module_path!());
    db.begin(|session| -> Result<()> {
        for (number, login) in [(1, "ada"), (2, "bob")] {
            users::add(session, Account { number: Some(number), ..Account::new(login)? })?;
        }
        for (name, body) in texts {
            notes::add(session, &UserSelector::Number(1), Text { body: body.parse()?, ..Text::new(*name)? })?;
        }
        Ok(())
    })
    .unwrap();
    db
}

fn found(db: &Database, words: &str) -> Vec<Found> {
    found_of(db, Search { words: words.parse().unwrap(), kinds: vec![], user: None, limit: 20 })
}

fn found_of(db: &Database, asked: Search) -> Vec<Found> {
    db.read(|session| search::search(session, &asked)).unwrap()
}

/// The names of what is found, in the order of the alphabet.
fn names(db: &Database, words: &str) -> Vec<String> {
    let mut names: Vec<String> = found(db, words).into_iter().map(|found| found.name).collect();
    names.sort();
    names
}

#[test]
fn every_kind_of_record_is_found_by_each_of_its_texts() {
    let db = database(&[("zebra note", "nothing"), ("plain", "of a zebra")]);
    db.begin(|session| -> Result<()> {
        let zoe = users::add(session, Account { number: Some(3), ..Account::new("zoe")? })?;
        let zoe = session.get_one::<User>(zoe.id)?;
        let edited = session.edit(zoe)?;
        edited.name = Some("Zoe Zebra".parse()?);
        edited.email = Some("zoe@striped.example".parse()?);
        edited.company = Some("Savanna".parse()?);
        edited.location = Some("Nairobi".parse()?);
        repositories::add(session, Project::new(1, "zebra-engine")?)?;
        let repository = repositories::add(session, Project::new(3, "herd")?)?;
        let repository = session.get_one::<Repository>(repository.id)?;
        let edited = session.edit(repository)?;
        edited.description = Some("Counts the zebra".parse()?);
        edited.language = Some("Rust".parse()?);
        edited.topics = Some("herds cli".parse()?);
        resumes::add(session, &UserSelector::Number(2), Offer::new("Zebra keeper")?)?;
        Ok(())
    })
    .unwrap();
    assert_eq!(
        names(&db, "zebra"),
        ["Zebra keeper", "herd", "plain", "zebra note", "zebra-engine", "zoe"],
        "one of every kind"
    );
    for (words, name) in [
        ("zoe@striped.example", "zoe"),
        ("savanna", "zoe"),
        ("nairobi", "zoe"),
        ("rust", "herd"),
        ("cli", "herd"),
        ("zebra-engine", "zebra-engine"),
        ("engine", "zebra-engine"),
        ("keeper", "Zebra keeper"),
    ] {
        assert_eq!(names(&db, words), [name], "{words}");
    }
    let of = |words: &str| found(&db, words).into_iter().map(|found| (found.kind, found.login)).next().unwrap();
    assert_eq!(of("keeper"), (Kind::Resume, "bob".to_owned()));
    assert_eq!(of("herds"), (Kind::Repository, "zoe".to_owned()));
    assert_eq!(of("plain"), (Kind::Note, "ada".to_owned()));
    assert_eq!(of("savanna"), (Kind::User, "zoe".to_owned()));
}

#[test]
fn all_words_must_be_there_and_phrases_beginnings_and_absent_words_are_understood() {
    let db = database(&[
        ("one", "Call the database team back on Monday."),
        ("two", "Back to the call: no database."),
        ("three", "DATABASES are for Mondays"),
    ]);
    for (words, expected) in [
        ("call back", &["one", "two"][..]),
        ("CALL", &["one", "two"]),
        ("\"back call\"", &[]),
        ("\"team back\"", &["one"]),
        ("\"team back on\"", &["one"]),
        ("data*", &["one", "three", "two"]),
        ("database", &["one", "two"]),
        ("\"database te\"*", &["one"]),
        ("call -monday", &["two"]),
        ("monday* -call", &["three"]),
        ("data* -\"no database\"", &["one", "three"]),
        ("database.team", &["one"]),
        ("missing", &[]),
        ("call missing", &[]),
    ] {
        assert_eq!(names(&db, words), expected, "{words}");
    }
}

#[test]
fn short_common_and_long_words_are_found_on_every_engine() {
    let long = "x".repeat(100);
    let db = database(&[
        ("one", "to be or not to be: c and go"),
        ("two", "the go-between, not d'être née"),
        ("three", &format!("a {long} in C")),
    ]);
    for (words, expected) in [
        ("c", &["one", "three"][..]),
        ("go", &["one", "two"]),
        ("to", &["one"]),
        ("the", &["two"]),
        ("\"or not\"", &["one"]),
        ("not -to", &["two"]),
        ("go -the", &["one"]),
        ("to -between", &["one"]),
        ("be*", &["one", "two"]),
        ("d'être", &["two"]),
        ("née", &["two"]),
        ("né", &[]),
        ("b", &[]),
        (long.as_str(), &["three"]),
    ] {
        assert_eq!(names(&db, words), expected, "{words}");
    }
}

#[test]
fn a_word_in_the_name_comes_before_one_in_the_text_where_the_engine_ranks_names() {
    let db =
        database(&[("minutes", "of the meeting about the roadmap"), ("roadmap", "of the meeting"), ("other", "x")]);
    if dialect(engine(module_path!())) != Engine::Mysql {
        let order: Vec<String> = found(&db, "roadmap").into_iter().map(|found| found.name).collect();
        assert_eq!(order, ["roadmap", "minutes"]);
    }
    let best = |limit| Search { words: "meeting".parse().unwrap(), kinds: vec![], user: None, limit };
    assert_eq!(found_of(&db, best(1)).len(), 1);
    assert_eq!(found_of(&db, best(20)).len(), 2);
}

#[test]
fn a_search_is_restricted_to_kinds_and_to_a_person() {
    let db = database(&[("zebra", "")]);
    let bob = db
        .begin(|session| -> Result<User> {
            notes::add(session, &UserSelector::Number(2), Text::new("zebra of bob")?)?;
            repositories::add(session, Project::new(2, "zebra")?)?;
            users::get(session, &UserSelector::Number(2))
        })
        .unwrap();
    let asked = |kinds: &[Kind], user| {
        let asked = Search { words: "zebra".parse().unwrap(), kinds: kinds.to_vec(), user, limit: 20 };
        found_of(&db, asked).len()
    };
    assert_eq!(asked(&[], None), 3);
    assert_eq!(asked(&[Kind::Note], None), 2);
    assert_eq!(asked(&[Kind::Note, Kind::Repository], None), 3);
    assert_eq!(asked(&[], Some(bob.id)), 2);
    assert_eq!(asked(&[Kind::Repository], Some(bob.id)), 1);
    assert_eq!(asked(&[Kind::User], Some(bob.id)), 0);
}

#[test]
fn the_index_follows_every_change() {
    let db = database(&[("draft", "about the zebra"), ("kept", "about the horse")]);
    let note = db.begin(|session| notes::add(session, &UserSelector::Number(2), Text::new("giraffe")?)).unwrap();
    let change = Edit { name: Some("okapi".parse().unwrap()), ..Edit::default() };
    db.begin(|session| notes::edit(session, note, change)).unwrap();
    assert_eq!((names(&db, "giraffe").len(), names(&db, "okapi").len()), (0, 1));
    // By way of the cascade, too.
    db.begin(|session| users::remove(session, &UserSelector::Number(2), Cascade::Everything)).unwrap();
    assert_eq!(names(&db, "okapi").len(), 0);
    // And a transaction that is rolled back leaves nothing behind.
    let refused: Result<()> = db.begin(|session| {
        notes::add(session, &UserSelector::Number(1), Text::new("unicorn")?)?;
        session.flush()?;
        Err(Error::NotFound { what: "nothing".to_owned() })
    });
    assert!(refused.is_err());
    assert_eq!(names(&db, "unicorn").len(), 0);
    assert_eq!(names(&db, "zebra"), ["draft"]);
}

#[test]
fn a_body_of_any_size_is_kept_and_found_by_its_beginning() {
    let body: String = (0..400_000).map(|number| format!("w{number:x} ")).collect();
    let db = database(&[("long", &format!("zebra {body}"))]);
    let snippet = &found(&db, "w0")[0].snippet;
    assert!(snippet.starts_with("zebra w0 w1 ") && snippet.ends_with('…'), "{snippet}");
    // MySQL adds the words of a text of this size to the index after the COMMIT; until then a search misses them.
    let began = Instant::now();
    while names(&db, "zebra w10") != ["long"] {
        assert!(began.elapsed() < Duration::from_secs(60), "the index never has it");
        thread::yield_now();
    }
}
