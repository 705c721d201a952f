//! Both preludes at once, beside an application's own names: nothing collides, and nothing is warned about.
#![cfg(feature = "sqlite")]
#![deny(warnings)]

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel_session::prelude::*;

diesel::table! {
    users (id) { id -> BigInt, username -> Text }
}

/// The derive writes `NewUser` beside it.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = users)]
pub struct User {
    #[entity(key)]
    pub id: Id<User>,
    pub username: Text256,
}

fn database() -> Result<Database> {
    let db = Database::open("sqlite::memory:")?;
    db.connection()?.batch_execute("CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT NOT NULL)")?;
    Ok(db)
}

#[test]
fn an_application_s_own_users_stand_beside_the_preludes() -> Result<()> {
    let db = database()?;
    db.begin(|session| -> Result<()> {
        let user: Handle<User> = session.add(NewUser::new("step")?);
        assert!(session.state(user)?.is_pending());
        Ok(())
    })?;
    let named = User::query().filter(users::username.eq("step"));
    let user = db.read(|session| -> Result<User> {
        let user = session.query(named).one()?;
        session.detach(user)
    })?;
    // Plain Diesel on the same connection needs no other import.
    let username: String = users::table.find(user.id).select(users::username).first(&mut *db.connection()?)?;
    assert_eq!(username, user.username.as_str());
    Ok(())
}

/// An application that gives its own meaning to names of the prelude.
mod own {
    use diesel_session::prelude::*;

    #[derive(Debug)]
    pub enum Error {
        NoSuchUser,
        Database(diesel_session::Error),
    }

    pub type Result<T> = std::result::Result<T, Error>;

    impl From<diesel_session::Error> for Error {
        fn from(error: diesel_session::Error) -> Self {
            Self::Database(error)
        }
    }

    pub fn rename(db: &Database, id: Id<super::User>, username: &str) -> Result<()> {
        db.begin(|session| {
            let user = session.get::<super::User>(id)?.ok_or(Error::NoSuchUser)?;
            session.edit(user)?.username = username.try_into()?;
            Ok(())
        })
    }
}

#[test]
fn an_application_s_own_error_and_result_take_the_place_of_the_prelude_s() -> Result<()> {
    let db = database()?;
    assert!(matches!(own::rename(&db, Id::new(7), "std"), Err(own::Error::NoSuchUser)));
    let user = db.begin(|session| -> Result<User> {
        let user = session.add(NewUser::new("step")?);
        session.detach(user)
    })?;
    let refused = own::rename(&db, user.id, &"x".repeat(257));
    assert!(matches!(refused, Err(own::Error::Database(Error::Value { .. }))), "{refused:?}");
    Ok(())
}
