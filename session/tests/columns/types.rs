//! The column types that every engine has (144), through every statement: in, changed one by one and many at once, and
//! found by their values.

use chrono::{NaiveDate, NaiveTime, TimeDelta};
use diesel::prelude::*;
use diesel_session::connection::Engine;
use diesel_session::prelude::*;
use uuid::Uuid;

use crate::rows::{Decimal, Facts, NewSample, Sample, samples};

use super::{counted, database, own};

fn tables(engine: Engine) -> String {
    let key = counted(engine);
    let [single, day, hour, at, bytes] = match engine {
        Engine::Sqlite => ["REAL", "TEXT", "TEXT", "TEXT", "BLOB"],
        Engine::Postgres => ["REAL", "DATE", "TIME", "TIMESTAMP", "BYTEA"],
        Engine::Mysql => ["FLOAT", "DATE", "TIME(6)", "DATETIME(6)", "BLOB"],
    };
    format!(
        "CREATE TABLE samples (id {key}, flag BOOLEAN NOT NULL, small SMALLINT NOT NULL, medium INTEGER NOT NULL,
            ratio DOUBLE PRECISION NOT NULL, single {single} NOT NULL, day {day} NOT NULL, hour {hour} NOT NULL,
            at {at} NOT NULL, seen_at {at} NOT NULL, bytes {bytes} NOT NULL, facts TEXT NOT NULL, price TEXT NOT NULL,
            code VARCHAR(36) NOT NULL, lasts BIGINT NOT NULL, other_flag BOOLEAN, other_day {day}, other_bytes {bytes},
            other_price TEXT, other_lasts BIGINT)"
    )
}

/// A value of each type, another for each number.
fn sample(number: i32) -> NewSample {
    let day = NaiveDate::from_ymd_opt(1_000 + number, 2, 28).unwrap();
    let hour = NaiveTime::from_hms_micro_opt(23, 59, 59, 999_999).unwrap();
    let at = NaiveDate::from_yo_opt(2_001, 1 + number.unsigned_abs()).unwrap().and_time(hour);
    let fraction = f64::from(number) / 3.0;
    let price = Decimal(format!("-{number}23456789012345678901234567890.000000000000000000100"));
    let new = NewSample::new(
        number % 2 == 0,
        i16::MIN + 1,
        i32::MAX - number,
        fraction,
        0.1_f32,
        day,
        hour,
        at,
        Timestamp::try_from(at.and_utc()).unwrap(),
        vec![0, 255, b'\'', number.to_le_bytes()[0]],
        Facts { tags: vec![format!("tag \"{number}\"")] },
        price.clone(),
        Uuid::from_u128(u128::MAX / 7),
        TimeDelta::microseconds(i64::from(number) - 5),
    );
    let odd = number % 2 == 1;
    NewSample {
        other_flag: odd.then_some(true),
        other_day: odd.then_some(day),
        other_bytes: odd.then(Vec::new),
        other_price: odd.then(|| price.into()),
        other_lasts: odd.then(|| TimeDelta::days(1).into()),
        ..new.unwrap()
    }
}

/// What the program sets of a row.
fn values(row: &Sample) -> NewSample {
    diesel_session::session::Entity::as_new(row)
}

#[test]
fn b144_values_of_every_type_come_back_as_they_were_and_change_one_by_one_and_many_at_once() -> Result<()> {
    let (db, _) = database(tables);
    db.begin(|session| -> Result<()> {
        let samples: Vec<Handle<Sample>> = (0..120).map(|number| session.add(sample(number))).collect();
        session.flush()?;
        session.expire_all();
        session.load(&samples)?;
        for (number, row) in (0..).zip(&samples) {
            assert_eq!(values(session.row(*row)?), sample(number));
        }
        // Each gets the values of the next one.
        let others: Vec<Sample> = (1..=120)
            .map(|number| {
                let other = session.add(sample(number));
                session.detach(other)
            })
            .collect::<Result<_>>()?;
        for (row, other) in samples.iter().zip(others) {
            let id = session.key(*row)?;
            *session.edit(*row)? = Sample { id, ..other };
        }
        let columns = "flag, medium, ratio, day, at, seen_at, bytes, facts, price, lasts, other_flag, other_day, other_bytes, \
                       other_price, other_lasts";
        assert_eq!(session.plan()?.to_string(), format!("UPDATE samples SET {columns} (120 rows)"));
        session.flush()?;
        session.expire_all();
        session.load(&samples)?;
        for (number, row) in (1..).zip(&samples) {
            assert_eq!(values(session.row(*row)?), sample(number));
        }
        let row = session.edit(samples[0])?;
        (row.other_flag, row.other_day, row.other_bytes, row.other_price) = (None, None, None, None);
        row.price = Decimal("0.10".to_owned()).into();
        session.flush()?;
        session.refresh(samples[0])?;
        assert_eq!(session.row(samples[0])?.price.to_string(), "0.10");
        Ok(())
    })
}

#[test]
fn b144_json_that_is_changed_in_place_is_found_and_sent_whole() -> Result<()> {
    let (db, recorder) = database(tables);
    db.begin(|session| -> Result<()> {
        let row = session.add(sample(1));
        session.flush()?;
        recorder.take();
        session.edit(row)?.facts.tags.push("new".to_owned());
        assert_eq!(session.plan()?.to_string(), "UPDATE samples SET facts (1 row)");
        session.flush()?;
        let sent = recorder.take();
        assert!(sent[0].binds.contains("new") && sent[0].binds.contains("tag"), "{}", sent[0].binds);
        session.refresh(row)?;
        assert_eq!(session.row(row)?.facts.tags.len(), 2);
        Ok(())
    })
}

#[test]
fn b144_rows_are_found_by_values_of_every_type() -> Result<()> {
    let (db, _) = database(tables);
    db.begin(|session| -> Result<()> {
        let row = session.add(sample(3));
        session.add(sample(4));
        session.flush()?;
        let of = session.row(row)?.clone();
        let by_numbers = samples::flag.eq(of.flag).and(samples::medium.eq(of.medium)).and(samples::ratio.eq(of.ratio));
        let by_times = samples::day.eq(of.day).and(samples::at.eq(of.at)).and(samples::seen_at.eq(of.seen_at));
        let by_texts = samples::price.eq(of.price).and(samples::code.eq(of.code)).and(samples::facts.eq(of.facts));
        let by_others = samples::bytes.eq(of.bytes).and(samples::hour.eq(of.hour)).and(samples::lasts.eq(of.lasts));
        let found = Sample::query().filter(by_numbers).filter(by_times).filter(by_texts).filter(by_others);
        assert_eq!(session.query(found).all()?, [row]);
        Ok(())
    })
}

#[test]
fn b144_a_text_that_its_type_cannot_read_is_an_error_that_says_why() -> Result<()> {
    use diesel::connection::SimpleConnection as _;

    let (db, _) = database(tables);
    db.begin(|session| -> Result<()> {
        let row = session.add(sample(3));
        session.flush()?;
        session.connection()?.batch_execute("UPDATE samples SET price = '1,5'")?;
        let error = session.refresh(row).unwrap_err();
        assert!(error.to_string().contains("\"1,5\" is not a decimal number"), "{error}");
        Ok(())
    })
}

#[test]
fn b197_values_of_every_type_come_back_from_many_rows_as_they_were() -> Result<()> {
    let (db, recorder) = database(tables);
    db.begin(|session| -> Result<()> {
        session.insert_all((0..600).map(|number| sample(number % 120)))?;
        let whole = session.rows::<Sample, _>(Sample::query().order(samples::id))?;
        assert!(whole.iter().map(values).eq((0..600).map(|number| sample(number % 120))));
        let whole: Vec<Sample> = whole.into_iter().map(|row| Sample { id: row.id + 1_000, ..row }).collect();
        recorder.take();
        session.insert_whole(&whole)?;
        let found =
            session.rows::<Sample, _>(Sample::query().filter(samples::id.ge(whole[0].id)).order(samples::id))?;
        assert!(found == whole);
        let copied = recorder.sql().iter().filter(|sql| sql.starts_with("COPY samples")).count();
        assert_eq!(copied, usize::from(own() == Engine::Postgres));
        Ok(())
    })
}
