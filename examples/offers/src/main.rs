//! A program with a table of its own beside Folio's: the offers that users got. It depends on `folio` and, because
//! Diesel's macros write its name, on `diesel`.

use diesel::connection::SimpleConnection as _;
use folio::prelude::*;
use folio::services::users as accounts;

diesel::table! {
    offers (id) { id -> BigInt, user_id -> BigInt, vacancy -> Text }
}

/// An offer that a user got. Its `crate` tells the derive where this program has the session from.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = offers)]
#[entity(crate = folio::diesel_session)]
pub struct Offer {
    #[entity(key)]
    pub id: Id<Offer>,
    #[entity(references = users::id)]
    pub user_id: Id<User>,
    pub vacancy: Text256,
}

fn main() -> Result<()> {
    let db = Database::open("sqlite::memory:")?;
    for offer in run(&db)? {
        println!("{}: {}", offer.user_id, offer.vacancy);
    }
    Ok(())
}

/// Creates Folio's tables and this program's own, and gives a new user two offers.
fn run(db: &Database) -> Result<Vec<Offer>> {
    db.migrate()?;
    db.connection()?.batch_execute(
        "CREATE TABLE offers (id INTEGER PRIMARY KEY, user_id BIGINT NOT NULL REFERENCES users (id), vacancy TEXT NOT NULL)",
    )?;
    db.begin(|session| {
        // Folio's services and this program's own rows are one unit of work: both are there, or neither.
        let user = accounts::add(session, accounts::Account::new("step")?)?;
        session.add(NewOffer::new(user.id, "Rust developer")?);
        session.add(NewOffer::new(user.id, "Database administrator")?);
        Ok(session.rows(Offer::query().order(offers::id))?)
    })
}

#[cfg(test)]
#[cfg(feature = "sqlite")]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_depends_on_folio_alone_keeps_rows_of_its_own() -> Result<()> {
        let offers = run(&Database::open("sqlite::memory:")?)?;
        let vacancies: Vec<&str> = offers.iter().map(|offer| offer.vacancy.as_str()).collect();
        assert_eq!(vacancies, ["Rust developer", "Database administrator"]);
        Ok(())
    }
}
