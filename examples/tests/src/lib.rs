//! A library that lends books: what the tests in `tests/loans` are about.

use std::fmt;
use std::time::Duration;

use diesel::prelude::*;
use diesel_migrate::{Migrations, include_dir};
use diesel_session::prelude::*;

static FOLDER: include_dir::Dir<'_> = include_dir::include_dir!("$CARGO_MANIFEST_DIR/migrations");

pub static MIGRATIONS: Migrations = Migrations::embedded("folio-example-tests", &FOLDER);

diesel::table! { books (id) { id -> BigInt, title -> Text } }
diesel::table! { loans (id) { id -> BigInt, book_id -> BigInt, reader -> Text, due -> Timestamp } }
diesel::joinable!(loans -> books (book_id));
diesel::allow_tables_to_appear_in_same_query!(books, loans);

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = books)]
pub struct Book {
    #[entity(key)]
    pub id: Id<Book>,
    pub title: Text256,
}

/// A book that somebody has. A book is lent to one reader at a time: the database sees to it.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = loans)]
#[entity(unique(book_id))]
pub struct Loan {
    #[entity(key)]
    pub id: Id<Loan>,
    #[entity(references = books::id)]
    pub book_id: Id<Book>,
    pub reader: Text256,
    pub due: Timestamp,
}

/// How long a book is lent.
pub const PERIOD: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// Lends a book, or says who has it.
pub fn lend(session: &mut Session<'_>, book: Handle<Book>, reader: &str) -> Result<Lent> {
    let due = Timestamp::now().utc() + PERIOD;
    let (loan, is_new) = session.get_or_add(loans::book_id, NewLoan::new(book, reader, due)?)?;
    let loan = session.row(loan)?;
    Ok(if is_new { Lent::Until(loan.due) } else { Lent::Already { reader: loan.reader.to_string() } })
}

/// What became of a wish for a book.
#[derive(Debug, PartialEq)]
pub enum Lent {
    Until(Timestamp),
    Already { reader: String },
}

/// A loan whose time has passed.
#[derive(Debug, PartialEq)]
pub struct Reminder {
    pub reader: String,
    pub title: String,
}

impl fmt::Display for Reminder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dear {}, please return '{}'.", self.reader, self.title)
    }
}

/// The reminders of today: one SELECT, whatever their number.
pub fn reminders(session: &mut Session<'_>) -> Result<Vec<Reminder>> {
    let late = loans::table
        .inner_join(books::table)
        .filter(loans::due.lt(Timestamp::now()))
        .order(loans::due)
        .select((Loan::as_select(), Book::as_select()));
    let late: Vec<(Handle<Loan>, Handle<Book>)> = session.query_joined(late)?;
    late.into_iter()
        .map(|(loan, book)| {
            let (reader, title) = (session.row(loan)?.reader.to_string(), session.row(book)?.title.to_string());
            Ok(Reminder { reader, title })
        })
        .collect()
}

/// Takes a book back.
pub fn take_back(session: &mut Session<'_>, book: Id<Book>) -> Result<()> {
    let loan = session.query(Loan::query().filter(loans::book_id.eq(book))).one()?;
    session.delete(loan)
}
