//! Keys and foreign keys as they are written in a program: numbers, texts, tuples of them, handles and options.
#![cfg(feature = "sqlite")]

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel_session::prelude::*;
use diesel_session::session::{IntoKey, Persist, Ref};
use diesel_session::types::Text;

diesel::table! {
    users (id) { id -> BigInt, boss_id -> Nullable<BigInt>, country -> Nullable<Text> }
}
diesel::table! {
    countries (code) { code -> Text }
}
diesel::table! {
    visits (user_id, code) { user_id -> BigInt, code -> Text, seat -> SmallInt }
}
diesel::table! {
    seats (row) { row -> SmallInt }
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = users)]
pub struct User {
    #[entity(key)]
    id: Id<User>,
    #[entity(references = users::id)]
    boss_id: Option<Id<User>>,
    #[entity(references = countries::code)]
    country: Option<Text<2>>,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = countries)]
pub struct Country {
    #[entity(key, given)]
    code: Text<2>,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = visits)]
pub struct Visit {
    #[entity(key, given, references = users::id)]
    user_id: Id<User>,
    #[entity(key, given)]
    code: String,
    seat: i16,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = seats)]
pub struct Seat {
    #[entity(key, given)]
    row: i16,
}

fn database() -> Result<Database> {
    let db = Database::open("sqlite::memory:")?;
    db.connection()?.batch_execute(
        "CREATE TABLE countries (code TEXT PRIMARY KEY NOT NULL);
         CREATE TABLE users (id INTEGER PRIMARY KEY, boss_id BIGINT REFERENCES users (id),
             country TEXT REFERENCES countries (code));
         CREATE TABLE visits (user_id BIGINT NOT NULL REFERENCES users (id), code TEXT NOT NULL, seat SMALLINT NOT NULL,
             PRIMARY KEY (user_id, code));
         CREATE TABLE seats (row SMALLINT PRIMARY KEY NOT NULL);
         INSERT INTO users (id) VALUES (1), (2);
         INSERT INTO countries VALUES ('fr')",
    )?;
    Ok(db)
}

#[test]
fn a_key_is_found_by_a_number_a_text_or_a_tuple_of_them() -> Result<()> {
    database()?.begin(|session| -> Result<()> {
        session.add(NewVisit::new(1, "fr", 7)?);
        session.add(NewSeat::new(3)?);
        let user = session.get_one::<User>(1)?;
        assert_eq!(session.get::<User>(1_i64)?, Some(user));
        assert_eq!(session.get::<User>(Id::new(1))?, Some(user));
        assert_eq!(session.get_for_update::<User>(1_u32)?, Some(user));
        assert_eq!(session.get::<User>(9)?, None);
        let france = session.get_one::<Country>("fr")?;
        let code = session.row(france)?.code.clone();
        assert_eq!(session.get::<Country>(code)?, Some(france));
        let visit = session.get_one::<Visit>((1, "fr"))?;
        assert_eq!(session.get::<Visit>((Id::new(1), "fr".to_owned()))?, Some(visit));
        let key = session.key(visit).unwrap();
        assert_eq!(session.get::<Visit>(key)?, Some(visit));
        assert!(session.get::<Seat>(3)?.is_some());
        Ok(())
    })
}

#[test]
fn a_value_that_the_key_cannot_hold_is_an_error_that_names_the_field() -> Result<()> {
    database()?.begin(|session| -> Result<()> {
        let error = session.get::<Country>("france").unwrap_err();
        assert_eq!(error.to_string(), "code: 6 characters, more than the limit of 2");
        let error = session.get::<Seat>(40_000).unwrap_err();
        assert_eq!(error.to_string(), "row: is outside the range of the field's type");
        let error = NewVisit::new(1, "fr", 40_000).unwrap_err();
        assert_eq!(error.to_string(), "seat: is outside the range of the field's type");
        Ok(())
    })
}

#[test]
fn a_function_generic_over_entities_finds_rows_by_their_own_keys() -> Result<()> {
    fn found<E: Persist<diesel_session::connection::AnyConnection>>(
        session: &mut Session<'_>,
        row: &E,
        written: impl IntoKey<E>,
    ) -> Result<bool> {
        Ok(session.get::<E>(row.key())?.is_some() && session.get(written)? == session.get::<E>(row.key())?)
    }

    database()?.begin(|session| -> Result<()> {
        let user = session.get_one::<User>(1)?;
        let user = session.detach(user)?;
        assert!(found(session, &user, 1)?);
        Ok(())
    })
}

#[test]
fn a_foreign_key_is_a_key_a_number_a_text_a_handle_or_an_option_of_one() -> Result<()> {
    database()?.begin(|session| -> Result<()> {
        let boss = session.add(NewUser::new()?);
        let none: Option<Handle<User>> = None;
        let bosses: [Ref<users::id, Option<Id<User>>>; 10] = [
            boss.into(),
            Some(boss).into(),
            none.into(),
            1.into(),
            Some(1_i64).into(),
            None::<i64>.into(),
            Id::new(1).into(),
            Some(Id::new(1)).into(),
            Ref::of(None),
            Ref::optional(Some(boss)),
        ];
        let one = Some(Id::new(1));
        let users = bosses.map(|boss_id| session.add(NewUser { boss_id, ..NewUser::new().unwrap() }));
        session.flush()?;
        let boss = session.key(boss).ok();
        for (user, expected) in users.into_iter().zip([boss, boss, None, one, one, None, one, one, None, boss]) {
            assert_eq!(session.row(user)?.boss_id, expected);
        }
        let france = session.get_one::<Country>("fr")?;
        let countries: [Ref<countries::code, Option<Text<2>>>; 4] =
            [france.into(), Some(france).into(), "fr".try_into()?, Some("fr").try_into()?];
        for country in countries {
            let user = session.add(NewUser { country, ..NewUser::new()? });
            assert_eq!(session.view(user)?.country.as_deref(), Some("fr"));
        }
        Ok(())
    })
}

#[test]
fn a_closure_needs_no_type_where_its_last_line_names_the_error() -> std::result::Result<(), Box<dyn std::error::Error>>
{
    let users = database()?.begin(|session| {
        session.add(NewUser::new()?);
        diesel_session::Ok(session.query(User::query()).count()?)
    })?;
    assert_eq!(users, 3);
    Ok(())
}
