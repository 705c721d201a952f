//! Columns that the database computes (140): generated ones, and those that triggers set.

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel_session::connection::Engine;
use diesel_session::prelude::*;
use diesel_session::session::{Upserted, history};

use crate::rows::{Item, NewItem, NewPair, NewPrice, NewWord, Price, items};

use super::{counted, database, own};

fn tables(engine: Engine) -> String {
    let key = counted(engine);
    let triggers = match engine {
        Engine::Sqlite => {
            "CREATE TRIGGER written AFTER INSERT ON items BEGIN UPDATE items SET writes = 1 WHERE id = new.id; END;
             CREATE TRIGGER rewritten AFTER UPDATE OF name, price, amount ON items
                BEGIN UPDATE items SET writes = old.writes + 1 WHERE id = new.id; END;"
        }
        Engine::Postgres => {
            "CREATE FUNCTION counted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF TG_OP = 'INSERT' THEN NEW.writes = 1; ELSE NEW.writes = OLD.writes + 1; END IF; RETURN NEW; END $$;
             CREATE TRIGGER counted BEFORE INSERT OR UPDATE ON items FOR EACH ROW EXECUTE FUNCTION counted();"
        }
        Engine::Mysql => {
            "CREATE TRIGGER written BEFORE INSERT ON items FOR EACH ROW SET NEW.writes = 1;
             CREATE TRIGGER rewritten BEFORE UPDATE ON items FOR EACH ROW SET NEW.writes = OLD.writes + 1;"
        }
    };
    format!(
        "CREATE TABLE items (id {key}, name VARCHAR(20) NOT NULL UNIQUE, price BIGINT NOT NULL, amount BIGINT NOT NULL,
            total BIGINT GENERATED ALWAYS AS (price * amount) STORED,
            label VARCHAR(20) GENERATED ALWAYS AS (NULLIF(name, 'none')) STORED, writes BIGINT NOT NULL DEFAULT 0);
         CREATE TABLE words (word VARCHAR(20) NOT NULL PRIMARY KEY, note VARCHAR(20) NOT NULL,
            letters BIGINT GENERATED ALWAYS AS (LENGTH(word)) STORED);
         CREATE TABLE prices (id {key}, cents BIGINT NOT NULL, doubled BIGINT GENERATED ALWAYS AS (cents * 2) STORED);
         {triggers} {}",
        history::create_table(engine),
    )
}

/// What the database computes of a row.
fn computed(item: &Item) -> (i64, Option<&str>, i64) {
    (item.total, item.label.as_deref(), item.writes)
}

fn stored(session: &mut Session<'_>) -> Result<Vec<Item>> {
    session.rows(Item::query().order(items::id))
}

#[test]
fn b140_computed_columns_are_never_sent_and_read_back_after_an_insert_and_after_an_update() -> Result<()> {
    let (db, recorder) = database(tables);
    db.begin(|session| -> Result<()> {
        let items = [session.add(NewItem::new("tea", 3, 4)?), session.add(NewItem::new("none", 5, 6)?)];
        session.flush()?;
        assert_eq!(computed(session.row(items[0])?), (12, Some("tea"), 1));
        assert_eq!(computed(session.row(items[1])?), (30, None, 1));
        let insert = "INSERT INTO items (name, price, amount) VALUES";
        let (columns, key) = ("id, total, label, writes", "WHERE id IN");
        let sent = recorder.sql();
        match own() {
            Engine::Sqlite => assert_eq!(
                sent[1..],
                [
                    format!("{insert} (?, ?, ?), (?, ?, ?) RETURNING id, name"),
                    format!("SELECT {columns} FROM items {key} (?, ?)")
                ]
            ),
            Engine::Postgres => {
                let values = "($1, $2, $3), ($4, $5, $6)";
                let insert = format!("{insert} {values} RETURNING {columns}, name");
                assert!(sent.contains(&insert), "{sent:?}");
            }
            Engine::Mysql => {
                assert_eq!(sent[sent.len() - 2], format!("{insert} (?, ?, ?), (?, ?, ?)"));
                assert!(sent[sent.len() - 1].starts_with(&format!("SELECT {columns}, name, ")), "{sent:?}");
            }
        }
        session.edit(items[0])?.price = 10;
        session.edit(items[1])?.name = "cake".to_owned();
        assert_eq!(session.plan()?.to_string(), "UPDATE items SET price (1 row)\nUPDATE items SET name (1 row)");
        session.flush()?;
        assert_eq!(computed(session.row(items[0])?), (40, Some("tea"), 2));
        assert_eq!(computed(session.row(items[1])?), (30, Some("cake"), 2));
        let sent = recorder.sql();
        match own() {
            Engine::Postgres => {
                let returned = "RETURNING items.id, items.total, items.label, items.writes";
                assert_eq!(sent[0], format!("UPDATE items SET price = $1 WHERE id = $2 {returned}"));
            }
            _ => {
                assert_eq!(sent[0], "UPDATE items SET price = ? WHERE id = ?");
                assert_eq!(sent[1], format!("SELECT {columns} FROM items WHERE id = ?"));
            }
        }
        let known = [session.row(items[0])?.clone(), session.row(items[1])?.clone()];
        assert_eq!(stored(session)?, known);
        Ok(())
    })
}

#[test]
fn b140_an_edit_of_nothing_but_computed_columns_sends_nothing_and_the_database_s_values_stay() -> Result<()> {
    let (db, recorder) = database(tables);
    db.begin(|session| -> Result<()> {
        let item = session.add(NewItem::new("tea", 3, 4)?);
        session.flush()?;
        recorder.take();
        let row = session.edit(item)?;
        (row.total, row.label, row.writes) = (7, None, 7);
        assert!(!session.is_modified(item)? && session.changes(item)?.is_empty());
        assert!(session.plan()?.to_string().is_empty());
        session.flush()?;
        assert_eq!(computed(session.row(item)?), (12, Some("tea"), 1));
        assert!(recorder.take().is_empty());
        // Beside another change they are not sent either.
        let row = session.edit(item)?;
        (row.amount, row.total) = (5, 7);
        assert_eq!(session.plan()?.to_string(), "UPDATE items SET amount (1 row)");
        session.flush()?;
        assert_eq!(computed(session.row(item)?), (15, Some("tea"), 2));
        Ok(())
    })
}

#[test]
fn b140_many_rows_in_one_update_get_what_was_computed_for_each() -> Result<()> {
    let (db, recorder) = database(tables);
    db.begin(|session| -> Result<()> {
        let items: Vec<_> = (0..250)
            .map(|number| Ok(session.add(NewItem::new(format!("item {number}"), number, 2)?)))
            .collect::<Result<_>>()?;
        session.flush()?;
        for (number, item) in (0..).zip(&items) {
            assert_eq!(session.row(*item)?.total, number * 2);
            session.edit(*item)?.amount = 1_000 - number;
        }
        recorder.take();
        session.flush()?;
        let sent = recorder.sql();
        let statements = if own() == Engine::Postgres { 1 } else { 6 };
        assert_eq!(sent.len(), statements, "{sent:?}");
        for (number, item) in (0..).zip(&items) {
            let label = format!("item {number}");
            assert_eq!(computed(session.row(*item)?), (number * (1_000 - number), Some(&*label), 2));
        }
        let known: Vec<Item> = items.iter().map(|item| session.row(*item).cloned()).collect::<Result<_>>()?;
        assert_eq!(stored(session)?, known);
        Ok(())
    })
}

#[test]
fn b140_a_row_with_a_given_key_that_changes_gets_what_was_computed_for_it() -> Result<()> {
    let (db, recorder) = database(tables);
    db.begin(|session| -> Result<()> {
        let words: Vec<_> = ["a", "bc", "def"]
            .into_iter()
            .map(|word| Ok(session.add(NewWord::new(word, "new")?)))
            .collect::<Result<_>>()?;
        session.flush()?;
        let letters = |session: &Session<'_>| -> Result<Vec<i64>> {
            words.iter().map(|word| Ok(session.row(*word)?.letters)).collect()
        };
        assert_eq!(letters(session)?, [1, 2, 3]);
        if own() == Engine::Sqlite {
            let insert = "INSERT INTO words (word, note) VALUES (?, ?), (?, ?), (?, ?)";
            assert_eq!(recorder.sql()[1..], [insert, "SELECT word, letters FROM words WHERE word IN (?, ?, ?)"]);
        }
        session.edit(words[1])?.word = "longer".to_owned();
        session.edit(words[2])?.word = "bc".to_owned();
        session.flush()?;
        assert_eq!(letters(session)?, [1, 6, 2]);
        Ok(())
    })
}

#[test]
fn b140_attach_and_merge_take_computed_columns_from_the_database() -> Result<()> {
    let (db, _) = database(tables);
    let read = db.begin(|session| -> Result<Item> {
        let item = session.add(NewItem::new("tea", 3, 4)?);
        session.detach(item)
    })?;
    let forged = Item { total: 7, label: None, writes: 7, ..read.clone() };
    db.begin(|session| -> Result<()> {
        let item = session.attach(forged.clone())?;
        assert!(!session.is_modified(item)?);
        assert_eq!(session.row(item)?, &read);
        assert_eq!(session.detach(item)?, read);
        let item = session.attach_edited(Item { price: 4, ..forged.clone() }, &read)?;
        assert_eq!(session.plan()?.to_string(), "UPDATE items SET price (1 row)");
        session.flush()?;
        assert_eq!(computed(session.row(item)?), (16, Some("tea"), 2));
        let now = session.row(item)?.clone();
        assert_eq!(session.merge(&Item { total: 7, writes: 7, ..now.clone() })?, item);
        assert!(!session.is_modified(item)?);
        session.merge(&Item { amount: 1, total: 7, ..now })?;
        assert_eq!(session.plan()?.to_string(), "UPDATE items SET amount (1 row)");
        session.flush()?;
        assert_eq!(computed(session.row(item)?), (4, Some("tea"), 3));
        let new = session.merge(&Item { id: 900, name: "none".to_owned(), ..forged })?;
        session.flush()?;
        assert_eq!(computed(session.row(new)?), (12, None, 1));
        Ok(())
    })?;
    // What a statement of another unit made of them is no conflict.
    db.begin(|session| -> Result<()> {
        let item = session.get_one::<Item>(read.id)?;
        let mine = session.detach(item)?;
        session.connection()?.batch_execute("UPDATE items SET amount = 2")?;
        let item = session.attach_edited(Item { price: 7, ..mine.clone() }, &mine)?;
        assert_eq!(session.row(item)?.total, 8);
        session.flush()?;
        assert_eq!(computed(session.row(item)?), (14, Some("tea"), 5));
        Ok(())
    })
}

#[test]
fn b140_what_another_unit_s_statement_computed_is_read_with_the_row() -> Result<()> {
    let (db, _) = database(tables);
    let mut session = db.session()?;
    let item = session.add(NewItem::new("tea", 3, 4)?);
    session.commit()?;
    db.begin(|session| -> Result<()> {
        let item = session.get_one::<Item>(1)?;
        session.edit(item)?.price = 5;
        Ok(())
    })?;
    session.edit(item)?.amount = 10;
    session.commit()?;
    assert_eq!(computed(session.row(item)?), (50, Some("tea"), 3));
    session.execute(diesel::update(items::table).set(items::price.eq(6)))?;
    assert_eq!(computed(session.view(item)?), (60, Some("tea"), 4));
    session.commit()
}

#[test]
fn b140_an_upsert_returns_rows_with_what_was_computed() -> Result<()> {
    let (db, _) = database(tables);
    db.begin(|session| -> Result<()> {
        let tea = session.add(NewItem::new("tea", 3, 4)?);
        let rows = [NewItem::new("tea", 5, 9)?, NewItem::new("none", 7, 2)?];
        let done = session.upsert(rows).on_conflict(items::name).update(items::price).run()?;
        assert_eq!(done[0], (tea, Upserted::Updated));
        assert_eq!(computed(session.row(tea)?), (20, Some("tea"), 2));
        assert_eq!(done[1].1, Upserted::Inserted);
        assert_eq!(computed(session.row(done[1].0)?), (14, None, 1));
        let (found, added) = session.get_or_add(items::name, NewItem::new("tea", 1, 1)?)?;
        assert_eq!((found, added, session.row(found)?.total), (tea, false, 20));
        Ok(())
    })
}

#[test]
fn b140_whole_rows_are_inserted_without_their_computed_columns() -> Result<()> {
    let (db, _) = database(tables);
    db.begin(|session| -> Result<()> {
        let item = |id| Item { id, name: format!("item {id}"), price: 2, amount: id, total: 0, label: None, writes: 0 };
        session.insert_whole(&[item(7), item(8)])?;
        let found: Vec<i64> = stored(session)?.iter().map(|item| item.total).collect();
        assert_eq!(found, [14, 16]);
        Ok(())
    })
}

#[test]
fn b140_the_history_keeps_computed_columns_and_an_undo_lets_the_database_compute_them_again() -> Result<()> {
    let (db, _) = database(tables);
    let [one, two] = db.begin(|session| -> Result<[i64; 2]> {
        let prices = [session.add(NewPrice::new(1)?), session.add(NewPrice::new(2)?)];
        session.flush()?;
        Ok([session.key(prices[0])?, session.key(prices[1])?])
    })?;
    let unit = db.begin(|session| -> Result<_> {
        let price = session.get_one::<Price>(one)?;
        session.edit(price)?.cents = 10;
        let price = session.get_one::<Price>(two)?;
        session.delete(price)?;
        Ok(session.unit())
    })?;
    db.begin(|session| -> Result<()> {
        let before: Vec<Option<i64>> = session
            .history_of::<Price>(one)?
            .iter()
            .map(|change| change.before.as_ref().map(|before| before.doubled))
            .collect();
        assert_eq!(before, [None, Some(2)]);
        session.undo::<Price>(unit)?;
        session.flush()?;
        for (key, doubled) in [(one, 2), (two, 4)] {
            let price = session.get_one::<Price>(key)?;
            assert_eq!(session.view(price)?.doubled, doubled);
        }
        Ok(())
    })
}

#[test]
fn b140_new_rows_that_refer_to_each_other_have_what_was_computed_last() -> Result<()> {
    // The UPDATE that opens a cycle is a write, too.
    let (db, _) = database(|engine| {
        let key = counted(engine);
        format!(
            "CREATE TABLE pairs (id {key}, other_id BIGINT,
                alone INTEGER GENERATED ALWAYS AS (CASE WHEN other_id IS NULL THEN 1 ELSE 0 END) STORED,
                FOREIGN KEY (other_id) REFERENCES pairs (id))"
        )
    });
    db.begin(|session| -> Result<()> {
        let one = session.add(NewPair::new()?);
        let two = session.add(NewPair { other_id: one.into(), ..NewPair::new()? });
        session.pending_mut(one)?.other_id = two.into();
        session.flush()?;
        assert_eq!([session.row(one)?.alone, session.row(two)?.alone], [0, 0]);
        session.delete(one)?;
        session.delete(two)?;
        session.flush()
    })
}
