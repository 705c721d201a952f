//! Upserts, and rows that are added unless they are there (150–153).

use diesel::HasQuery as _;
use diesel_session::session::Upserted::{Existing, Inserted, Updated};
use diesel_session::session::{State, Upserted};
use diesel_session::{Error, Handle, Result};
use diesel_session_conformance::filtered::{Label, NewLabel, labels};

use super::domain::*;
use super::goods::*;
use super::offices::office;

const ONE: i64 = 70_001;
const TWO: i64 = 70_002;

fn article(code: i64, shop: i64, shelf: Option<i64>, label: &str) -> Result<NewArticle> {
    Ok(NewArticle { shelf, ..NewArticle::new(code, shop, label)? })
}

fn outcomes<E>(done: &[(Handle<E>, Upserted)]) -> Vec<Upserted> {
    done.iter().map(|(_, outcome)| *outcome).collect()
}

pub fn b150_rows_that_are_there_are_updated_and_the_others_inserted() -> Result<()> {
    let (library, mut session, recorder) = stocked();
    let rows = [article(2, 9, None, "second")?, article(3, 9, None, "third")?];
    let done = session.upsert(rows).on_conflict(goods::code).update((goods::label, goods::shop)).run()?;
    let columns = "id, code, shop, shelf, label, price, changed, version";
    let insert = "INSERT INTO goods (code, shop, shelf, label, price, changed, version) VALUES (?, ?, ?, ?, ?, ?, ?)";
    let select = format!("SELECT {columns} FROM goods WHERE code IN (?, ?)");
    let update = "UPDATE goods SET shop = ?, label = ?, changed = ?, version = ? WHERE id = ? AND version = ?";
    let sent = recorder.sql();
    match library.engine() {
        Engine::Postgres => assert_eq!(
            sent[1..],
            [format!(
                "{insert}, (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (code) DO UPDATE SET shop = excluded.shop, \
                 label = excluded.label, changed = excluded.changed, version = goods.version + 1 \
                 RETURNING {columns}, xmax = 0"
            )]
        ),
        Engine::Sqlite => {
            assert_eq!(sent[1..], [select, format!("{insert} RETURNING id, code"), update.to_owned()]);
        }
        _ => assert_eq!(
            sent[1..],
            [
                select,
                "SAVEPOINT diesel_session_upsert".to_owned(),
                format!("{insert} RETURNING id, code"),
                "RELEASE SAVEPOINT diesel_session_upsert".to_owned(),
                format!("SELECT {columns} FROM goods WHERE code = ? FOR UPDATE"),
                update.to_owned(),
            ]
        ),
    }
    assert_eq!(outcomes(&done), [Updated, Inserted]);
    // A server's counter may skip keys: PostgreSQL evaluates one for the row that is updated.
    assert!(session.key(done[0].0).ok() == Some(TWO) && session.key(done[1].0).ok() > Some(TWO));
    session.commit()?;
    assert_eq!(
        library.see(
            "SELECT label || shop || '/' || shelf || '/' || price || '/' || version FROM goods \
                            WHERE id = 70002"
        ),
        "second9/2/20/2"
    );
    assert_eq!(library.see("SELECT label || version FROM goods WHERE code = 3"), "third1");
    assert_eq!(library.see("SELECT label FROM goods WHERE id = 70001"), "one");
    assert_eq!(library.see("SELECT COUNT(*) FROM goods WHERE changed > 0"), "2");
    Ok(())
}

pub fn b150_rows_that_are_there_can_be_left() -> Result<()> {
    let (library, mut session, recorder) = stocked();
    let rows = [article(3, 9, None, "third")?, article(1, 9, None, "first")?];
    let done = session.upsert(rows).on_conflict(goods::code).nothing().run()?;
    assert_eq!(outcomes(&done), [Inserted, Existing]);
    let one = done[1].0;
    assert_eq!((session.key(one).ok(), &*session.row(one)?.label, session.row(one)?.version), (Some(ONE), "one", 1));
    let updates = recorder.sql().iter().filter(|sql| sql.starts_with("UPDATE") || sql.contains("DO UPDATE")).count();
    assert_eq!(updates, 0);
    session.commit()?;
    assert_eq!(library.see("SELECT label || changed || version FROM goods WHERE id = 70001"), "one01");
    Ok(())
}

pub fn b150_rows_are_as_if_sent_one_after_another() -> Result<()> {
    let (library, mut session, _recorder) = stocked();
    let rows = [article(3, 9, None, "a")?, article(1, 9, None, "b")?, article(3, 9, None, "c")?];
    let done = session.upsert(rows).on_conflict(goods::code).update(goods::label).run()?;
    assert_eq!(outcomes(&done), [Inserted, Updated, Updated]);
    assert_eq!(done[0].0, done[2].0);
    assert_eq!((&*session.row(done[0].0)?.label, session.row(done[0].0)?.version), ("c", 2));
    let rows = [article(4, 9, None, "a")?, article(4, 9, None, "b")?];
    let done = session.upsert(rows).on_conflict(goods::code).nothing().run()?;
    assert_eq!(outcomes(&done), [Inserted, Existing]);
    assert_eq!(done[0].0, done[1].0);
    session.commit()?;
    assert_eq!(library.see("SELECT label || version FROM goods WHERE code = 3"), "c2");
    assert_eq!(library.see("SELECT label FROM goods WHERE code = 4"), "a");
    Ok(())
}

pub fn b150_many_rows_get_their_own_keys() -> Result<()> {
    const MANY: i64 = 250;
    let (library, mut session, recorder) = stocked();
    let stored: Vec<NewArticle> =
        (10..10 + MANY).step_by(3).map(|code| article(code, 8, None, "old")).collect::<Result<_>>()?;
    session.insert_all(stored)?;
    session.commit()?;
    recorder.take();
    let codes: Vec<i64> = (0..MANY).map(|number| 10 + number * 7 % MANY).collect();
    let rows: Vec<NewArticle> =
        codes.iter().map(|code| article(*code, 8, None, &format!("new {code}"))).collect::<Result<_>>()?;
    let done = session.upsert(rows).on_conflict(goods::code).update(goods::label).run()?;
    let inserts = recorder.sql().iter().filter(|sql| sql.starts_with("INSERT INTO")).count();
    assert_eq!(inserts, if library.engine() == Engine::Postgres { 1 } else { 3 });
    for (code, (handle, outcome)) in codes.iter().zip(done) {
        let row = session.row(handle)?;
        assert_eq!((row.code, row.label.clone()), (*code, format!("new {code}")));
        assert_eq!(outcome, if (code - 10) % 3 == 0 { Updated } else { Inserted });
    }
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM goods"), (MANY + 2).to_string());
    assert_eq!(library.see("SELECT COUNT(*) FROM goods WHERE label = 'new ' || code"), MANY.to_string());
    Ok(())
}

pub fn b150_the_unique_columns_may_be_the_key_or_several_columns() -> Result<()> {
    let (library, mut session, _recorder) = stocked();
    let places = [NewPlace::new(1, 2, "pane")?, NewPlace::new(1, 3, "wall")?, NewPlace::new(2, 1, "roof")?];
    let done = session.upsert(places).on_conflict((places::room, places::number)).update(places::label).run()?;
    assert_eq!(outcomes(&done), [Updated, Inserted, Inserted]);
    assert_eq!((&*session.row(done[0].0)?.label, &*session.row(done[0].0)?.state), ("pane", "taken"));
    assert_eq!(&*session.row(done[1].0)?.state, "free", "the database's default is read back");
    let rows = [article(8, 5, Some(2), "on two")?, article(9, 5, Some(3), "on three")?];
    let done = session.upsert(rows).on_conflict((goods::shop, goods::shelf)).update(goods::label).run()?;
    assert_eq!(outcomes(&done), [Updated, Inserted]);
    assert_eq!((session.key(done[0].0).ok(), session.row(done[0].0)?.code), (Some(TWO), 2));
    session.commit()?;
    assert_eq!(library.see("SELECT label || state FROM places WHERE room = 1 AND number = 2"), "panetaken");
    assert_eq!(library.see("SELECT label FROM goods WHERE code = 2"), "on two");
    Ok(())
}

pub fn b150_a_null_conflicts_with_nothing() -> Result<()> {
    let (library, mut session, _recorder) = stocked();
    let rows = || -> Result<_> { Ok([article(11, 5, None, "a")?, article(12, 5, None, "b")?]) };
    let done = session.upsert(rows()?).on_conflict((goods::shop, goods::shelf)).update(goods::label).run()?;
    assert_eq!(outcomes(&done), [Inserted, Inserted]);
    assert_eq!((session.row(done[0].0)?.code, session.row(done[1].0)?.code), (11, 12));
    assert_ne!(session.key(done[0].0).ok(), session.key(done[1].0).ok());
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM goods WHERE shelf IS NULL"), "2");
    Ok(())
}

pub fn b150_no_rows_send_nothing() -> Result<()> {
    let (_library, mut session, recorder) = stocked();
    let none: [NewArticle; 0] = [];
    assert!(session.upsert(none).on_conflict(goods::code).update(goods::label).run()?.is_empty());
    assert!(recorder.sql().is_empty());
    Ok(())
}

pub fn b151_rows_of_the_session_show_what_is_stored() -> Result<()> {
    let (library, mut session, recorder) = stocked();
    let one = session.get_one::<Article>(ONE)?;
    let two = session.get_one::<Article>(TWO)?;
    session.edit(one)?.price = 11;
    session.edit(two)?.label = "overwritten".to_owned();
    recorder.take();
    let rows = [article(2, 5, None, "second")?, article(1, 5, None, "first")?];
    let done = session.upsert(rows).on_conflict(goods::code).update(goods::label).run()?;
    assert!(
        recorder.sql().iter().any(|sql| sql.starts_with("UPDATE goods SET price")),
        "the edit is flushed before it"
    );
    assert_eq!(done, [(two, Updated), (one, Updated)]);
    assert_eq!((&*session.row(one)?.label, session.row(one)?.price, session.row(one)?.version), ("first", 11, 3));
    assert_eq!((&*session.row(two)?.label, session.row(two)?.version), ("second", 3));
    assert!(!session.is_modified(one)? && !session.is_modified(two)?);
    session.edit(one)?.price = 12;
    session.commit()?;
    assert_eq!(library.see("SELECT label || price || '/' || version FROM goods WHERE id = 70001"), "first12/4");
    Ok(())
}

pub fn b151_a_rollback_undoes_an_upsert_in_memory_too() -> Result<()> {
    let (library, mut session, _recorder) = stocked();
    let one = session.get_one::<Article>(ONE)?;
    let undone = session.nested(|session| -> Result<()> {
        let rows = [article(1, 5, None, "first")?, article(3, 5, None, "third")?];
        let done = session.upsert(rows).on_conflict(goods::code).update(goods::label).run()?;
        assert_eq!(done[0], (one, Updated));
        let third = done[1].0;
        session.nested(|session| session.detach(third).map(drop))?;
        Err(Error::Value { what: "a test", problem: "ends it".to_owned() })
    });
    assert!(matches!(undone, Err(Error::Value { .. })));
    let row = session.view(one)?;
    assert_eq!((&*row.label, row.version), ("one", 1));
    let third = session.upsert([article(3, 5, None, "third")?]).on_conflict(goods::code).nothing().run()?[0].0;
    session.rollback()?;
    assert_eq!(session.state(third)?, State::Transient);
    assert_eq!(session.key(third).ok(), None);
    session.add_back(third)?;
    session.commit()?;
    assert_eq!(library.see("SELECT label FROM goods WHERE code = 3"), "third");
    Ok(())
}

pub fn b151_new_rows_may_refer_to_handles_and_children_of_changed_values_are_read_again() -> Result<()> {
    let (library, mut session, _recorder) = stocked();
    let pending = session.add(NewAuthor::new(40, "Dan")?);
    let seats = [NewSeat { number: Some(1), ..NewSeat::new(1, 1, 1)? }];
    let seat = session.upsert(seats).on_conflict((seats::hall, seats::place)).update(seats::number).run()?[0].0;
    assert!(session.key(pending).is_ok(), "pending rows are flushed first");
    let guest = session.add(NewGuest { seat_code: seat.into(), seat_number: seat.into(), ..NewGuest::new(1)? });
    session.flush()?;
    let seats = [NewSeat::new(2, 1, 1)?];
    let moved = session.upsert(seats).on_conflict((seats::hall, seats::place)).nothing().run()?;
    assert_eq!(moved, [(seat, Existing)]);
    let guests = [
        NewGuest { seat_code: seat.into(), ..NewGuest::new(1)? },
        NewGuest { seat_code: seat.into(), ..NewGuest::new(2)? },
    ];
    let done = session.upsert(guests).on_conflict(guests::id).update(guests::seat_number).run()?;
    assert_eq!(done[0], (guest, Updated));
    assert_eq!((session.view(guest)?.seat_number, session.view(guest)?.seat_code), (None, Some(1)));
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM guests WHERE seat_code = 1"), "2");
    Ok(())
}

pub fn b152_another_unique_value_is_a_violation_and_no_other_row_changes() -> Result<()> {
    let (library, mut session, _recorder) = stocked();
    // The shelf is that of the article 1: an upsert by the code must not change that one instead.
    let rows = [article(3, 5, Some(1), "third")?];
    let refused = session.upsert(rows).on_conflict(goods::code).update(goods::label).run().unwrap_err();
    assert!(refused.is_unique(), "{refused:?}");
    let said = refused.to_string();
    assert!(said.starts_with("goods: a row with this shop, shelf already exists"), "{said}");
    assert!(session.get::<Article>(ONE).unwrap_err().to_string().contains("already exists"), "the level is poisoned");
    session.rollback()?;
    let rows = [article(3, 5, Some(1), "third")?];
    let refused = session.upsert(rows).on_conflict(goods::code).nothing().run().unwrap_err();
    assert!(refused.is_unique(), "{refused:?}");
    session.rollback()?;
    // One row by its code, and another by its shelf: the code decides, and the shelf is not among the updated columns.
    let rows = [article(2, 5, Some(1), "second")?];
    let done = session.upsert(rows).on_conflict(goods::code).update(goods::label).run()?;
    assert_eq!((session.key(done[0].0).ok(), done[0].1), (Some(TWO), Updated));
    session.commit()?;
    assert_eq!(library.see("SELECT label FROM goods WHERE id = 70001"), "one");
    assert_eq!(library.see("SELECT label || shelf FROM goods WHERE id = 70002"), "second2");
    assert_eq!(library.see("SELECT COUNT(*) FROM goods"), "2");
    Ok(())
}

pub fn b152_a_session_that_only_reads_refuses_both() -> Result<()> {
    let (library, _session, recorder) = stocked();
    let mut reader = library.reader();
    let rows = [article(1, 5, None, "first")?];
    let refused = reader.upsert(rows).on_conflict(goods::code).nothing().run().unwrap_err();
    assert!(matches!(refused, Error::ReadOnlySession));
    let refused = reader.get_or_add(goods::code, article(1, 5, None, "first")?).unwrap_err();
    assert!(matches!(refused, Error::ReadOnlySession));
    assert!(recorder.sql().is_empty(), "nothing was sent");
    Ok(())
}

pub fn b152_a_unique_constraint_knows_no_filters() -> Result<()> {
    const HIDDEN: i64 = 702;
    let (library, mut session, _recorder) = office();
    assert_eq!(session.get::<Label>(HIDDEN)?, None, "a filter excludes it");
    let rows = [NewLabel::new(HIDDEN, "blue")?];
    let done = session.upsert(rows).on_conflict(labels::code).update(labels::kind).run()?;
    assert_eq!(outcomes(&done), [Updated]);
    assert_eq!(session.get_or_add(labels::code, NewLabel::new(HIDDEN, "green")?)?, (done[0].0, false));
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM labels WHERE code = 702 AND kind = 'blue' AND hidden"), "1");
    Ok(())
}

pub fn b152_a_row_that_another_unit_inserted_meanwhile_is_updated() -> Result<()> {
    let (library, mut session, _recorder) = stocked();
    if !can(Capability::KeepApartLess) {
        return Ok(());
    }
    assert_eq!(session.query(Article::query()).all()?.len(), 2, "MySQL's snapshot is taken here");
    library.elsewhere(
        "INSERT INTO goods (code, shop, shelf, label, price, changed, version) VALUES (3, 5, 7, 'theirs', 3, 0, 5)",
    );
    let rows = [article(3, 6, None, "ours")?, article(4, 6, None, "new")?];
    let done = session.upsert(rows).on_conflict(goods::code).update(goods::label).run()?;
    assert_eq!(outcomes(&done), [Updated, Inserted]);
    let row = session.row(done[0].0)?;
    assert_eq!((&*row.label, row.shop, row.shelf, row.version), ("ours", 5, Some(7), 6));
    let (handle, added) = session.get_or_add(goods::code, article(3, 6, None, "again")?)?;
    assert_eq!((handle, added), (done[0].0, false));
    session.commit()?;
    assert_eq!(library.see("SELECT label || shelf || '/' || version FROM goods WHERE code = 3"), "ours7/6");
    Ok(())
}

pub fn b153_get_or_add_returns_the_row_that_is_there() -> Result<()> {
    let (library, mut session, recorder) = stocked();
    let (one, added) = session.get_or_add(goods::code, article(1, 9, None, "other")?)?;
    assert_eq!((session.key(one).ok(), added, &*session.row(one)?.label), (Some(ONE), false, "one"));
    let select = "SELECT id, code, shop, shelf, label, price, changed, version FROM goods WHERE code = ?";
    assert_eq!(recorder.sql()[1..], [select]);
    let (three, added) = session.get_or_add(goods::code, article(3, 9, None, "third")?)?;
    assert_eq!((added, &*session.row(three)?.label), (true, "third"));
    assert_eq!(session.get_or_add(goods::code, article(3, 9, None, "again")?)?, (three, false));
    let pending = session.add(article(4, 9, None, "pending")?);
    assert_eq!(session.get_or_add(goods::code, article(4, 9, None, "again")?)?, (pending, false));
    session.delete(pending)?;
    assert!(session.get_or_add(goods::code, article(4, 9, None, "anew")?)?.1, "the DELETE was sent first");
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM goods"), "4");
    assert_eq!(library.see("SELECT label FROM goods WHERE code = 4"), "anew");
    Ok(())
}
