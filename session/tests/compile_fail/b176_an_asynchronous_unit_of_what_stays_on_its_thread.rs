//! An asynchronous unit moves to another thread, and so does what its closure owns.

use std::rc::Rc;

use diesel_session::{Database, Result};

fn b176_an_asynchronous_unit_of_what_stays_on_its_thread(db: &Database) {
    let name = Rc::new(String::from("step"));
    let _ = db.begin_async(move |_session| -> Result<usize> { Ok(name.len()) });
}

fn main() {
    let _ = b176_an_asynchronous_unit_of_what_stays_on_its_thread;
}
