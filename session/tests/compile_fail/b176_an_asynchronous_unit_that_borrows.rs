//! The thread may outlive the caller's variables, so that the closure owns what it uses.

use diesel_session::{Database, Result};

fn b176_an_asynchronous_unit_that_borrows(db: &Database) {
    let name = String::from("step");
    let _ = db.begin_async(|_session| -> Result<usize> { Ok(name.len()) });
}

fn main() {
    let _ = b176_an_asynchronous_unit_that_borrows;
}
