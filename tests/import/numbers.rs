//! Two numbers with the same owner and name: a repository that was deleted and created again. The newer one has the
//! name, in any order of records and files, and importing again changes nothing.

use folio::services::repositories::{Project, RepositorySelector, add, remove};
use folio::types::RepositoryStatus;
use folio::{Database, Result};
use proptest::prelude::*;

use super::applying::{database, import, repositories, repository, sorted};
use crate::support::{dialect, engine};
use folio::connection::Engine;

/// Number and name of each repository, in the order of their names.
fn named(db: &Database) -> Vec<(String, Option<i64>)> {
    sorted(repositories(db).into_iter().map(|row| (row.2, row.1)).collect())
}

fn expected(rows: &[(&str, i64)]) -> Vec<(String, Option<i64>)> {
    rows.iter().map(|(name, number)| ((*name).to_owned(), Some(*number))).collect()
}

#[test]
fn the_greater_of_two_numbers_has_the_name_whichever_record_comes_first() -> Result<()> {
    let (old, new) = (repository(7, 1, "a"), repository(8, 1, "a"));
    for files in [
        vec![format!("[{old}, {new}]")],
        vec![format!("[{new}, {old}]")],
        vec![old.clone(), new.clone()],
        vec![new.clone(), old.clone()],
    ] {
        let db = database();
        let mut remarks = Vec::new();
        for file in &files {
            remarks.extend(import(&db, file)?.remarks);
        }
        assert_eq!(named(&db), expected(&[("a", 8), ("a (formerly, number 7)", 7)]), "{files:?}");
        assert_eq!(remarks.len(), 1, "{remarks:?}");
        for file in &files {
            let again = import(&db, file)?;
            assert_eq!((again.total().new, again.total().changed), (0, 0), "{files:?}: {again:?}");
            assert!(again.remarks.is_empty(), "{:?}", again.remarks);
        }
    }
    Ok(())
}

#[test]
fn an_older_number_never_renames_the_row_of_a_newer_one() -> Result<()> {
    let db = database();
    import(&db, &repository(8, 1, "a"))?;
    let before = repositories(&db);
    import(&db, &repository(7, 1, "a"))?;
    assert_eq!(repositories(&db)[0], before[0]);
    Ok(())
}

#[test]
fn a_newer_number_is_a_row_of_its_own_and_keeps_nothing_of_the_older_one() -> Result<()> {
    let db = database();
    import(&db, &repository(7, 1, "a"))?;
    let summary = import(&db, &repository(8, 1, "a"))?;
    assert_eq!(summary.repositories.to_string(), "1 new, 0 changed, 0 unchanged");
    assert_eq!(repositories(&db)[0].1, Some(7));
    assert_eq!(repositories(&db)[1], (1, Some(8), "a".to_owned(), RepositoryStatus::Public));
    Ok(())
}

#[test]
fn a_name_goes_back_to_the_newest_of_those_that_lost_it_when_its_holder_is_renamed() -> Result<()> {
    let db = database();
    for number in [7, 9, 8] {
        import(&db, &repository(number, 1, "a"))?;
    }
    import(&db, &repository(9, 1, "b"))?;
    assert_eq!(named(&db), expected(&[("a", 8), ("a (formerly, number 7)", 7), ("b", 9)]));
    for (number, name) in [(7, "a"), (8, "a"), (9, "b")] {
        assert_eq!(import(&db, &repository(number, 1, name))?.repositories.unchanged, 1);
    }
    Ok(())
}

#[test]
fn a_name_that_is_free_again_goes_to_the_record_that_says_it() -> Result<()> {
    let db = database();
    import(&db, &format!("[{}, {}]", repository(7, 1, "a"), repository(8, 1, "a")))?;
    db.begin(|session| remove(session, &RepositorySelector::Path { owner: "user1".to_owned(), name: "a".to_owned() }))?;
    import(&db, &repository(7, 1, "a"))?;
    assert_eq!(named(&db), expected(&[("a", 7)]));
    Ok(())
}

#[test]
fn a_repository_without_a_number_gets_the_number_of_the_one_with_its_name_and_keeps_its_row() -> Result<()> {
    let db = database();
    import(&db, r#"{"id": 1, "login": "user1"}"#)?;
    let by_hand = db.begin(|session| add(session, Project::new(1, "a")?))?;
    import(&db, &format!("[{}, {}]", repository(7, 1, "a"), repository(8, 1, "a")))?;
    assert_eq!(named(&db), expected(&[("a", 8), ("a (formerly, number 7)", 7)]));
    let first = db.read(|session| folio::services::repositories::get(session, &RepositorySelector::Id(by_hand.id)))?;
    assert_eq!(first.repository.repo_id, Some(7));
    Ok(())
}

#[test]
fn a_name_as_long_as_names_may_be_is_cut_to_say_that_it_was_lost() -> Result<()> {
    let db = database();
    let long = "ä".repeat(256);
    import(&db, &format!("[{}, {}]", repository(i64::MAX - 1, 1, &long), repository(i64::MAX, 1, &long)))?;
    let names: Vec<_> = named(&db).into_iter().map(|(name, _)| name).collect();
    assert!(names.contains(&long));
    assert!(names.iter().any(|name| name.ends_with("ä (formerly, number 9223372036854775806)")), "{names:?}");
    Ok(())
}

/// Records with few numbers and few names, their order, and the split between two files.
fn records() -> impl Strategy<Value = (Vec<(i64, i64, usize)>, Vec<bool>)> {
    let places = proptest::collection::vec((1..=2_i64, 0..3_usize), 2..8);
    let numbered = places
        .prop_map(|places| (1..).zip(places).map(|(number, (owner, name))| (number, owner, name)).collect::<Vec<_>>());
    (numbered.prop_shuffle(), proptest::collection::vec(any::<bool>(), 8))
}

#[test]
fn any_order_of_records_and_any_split_into_files_gives_the_same_rows_and_a_second_import_changes_nothing() {
    let cases = if dialect(engine(module_path!())) == Engine::Sqlite { 60 } else { 12 };
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |((records, ends) in records())| {
        let db = database();
        let mut files = vec![Vec::new()];
        for ((number, owner, name), ends) in records.iter().zip(&ends) {
            files.last_mut().unwrap().push(repository(*number, *owner, ["a", "b", "c"][*name]));
            if *ends {
                files.push(Vec::new());
            }
        }
        let files: Vec<_> = files.iter().map(|records| format!("[{}]", records.join(","))).collect();
        for file in &files {
            import(&db, file).unwrap();
        }
        let mut expected: Vec<_> = records
            .iter()
            .map(|(number, owner, name)| {
                let newest = records.iter().filter(|other| (other.1, other.2) == (*owner, *name)).map(|other| other.0);
                let name = ["a", "b", "c"][*name];
                let is_newest = newest.max() == Some(*number);
                let name = if is_newest { name.to_owned() } else { format!("{name} (formerly, number {number})") };
                (*owner, Some(*number), name)
            })
            .collect();
        expected.sort();
        let rows = || sorted(repositories(&db).into_iter().map(|row| (row.0, row.1, row.2)).collect::<Vec<_>>());
        prop_assert_eq!(rows(), expected.clone());
        for file in files.iter().rev() {
            let again = import(&db, file).unwrap();
            prop_assert_eq!((again.total().new, again.total().changed), (0, 0));
        }
        prop_assert_eq!(rows(), expected);
    });
}

#[test]
fn after_renames_in_any_order_and_any_split_a_second_import_changes_nothing() {
    let cases = if dialect(engine(module_path!())) == Engine::Sqlite { 60 } else { 12 };
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let generations = (records(), proptest::collection::vec((1..=2_i64, 0..3_usize), 8));
    proptest!(config, |(((first, ends), places) in generations)| {
        let db = database();
        let text = |(number, owner, name): &(i64, i64, usize)| repository(*number, *owner, ["a", "b", "c"][*name]);
        let all: Vec<_> = first.iter().map(text).collect();
        import(&db, &format!("[{}]", all.join(","))).unwrap();
        // Every repository has moved.
        let second: Vec<_> =
            first.iter().zip(places).map(|((number, ..), (owner, name))| text(&(*number, owner, name))).collect();
        let mut files = vec![Vec::new()];
        for (record, ends) in second.iter().zip(&ends) {
            files.last_mut().unwrap().push(record.as_str());
            if *ends {
                files.push(Vec::new());
            }
        }
        let files: Vec<_> = files.iter().map(|records| format!("[{}]", records.join(","))).collect();
        for file in &files {
            import(&db, file).unwrap();
        }
        for file in &files {
            let again = import(&db, file).unwrap();
            prop_assert_eq!((again.total().new, again.total().changed), (0, 0), "{:?}", repositories(&db));
        }
    });
}
