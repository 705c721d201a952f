//! Writes that a version guards, one by one and many at once, for any entity with a title.

use diesel_session::prelude::*;
use diesel_session::session::Everywhere;

#[cfg(feature = "postgres")]
use crate::rows::{Memo, NewMemo};
use crate::rows::{NewPage, NewPost, Page, Post};

/// A row type with a title.
pub trait Titled: Everywhere + std::fmt::Debug {
    fn make(title: &str) -> Self::New;
    fn title(&mut self) -> &mut String;
    fn number(&self) -> i64;
}

macro_rules! titled {
    ($name:ident, $title:ident => $new:expr) => {
        impl Titled for $name {
            fn make($title: &str) -> Self::New {
                $new.expect("a title")
            }

            fn title(&mut self) -> &mut String {
                &mut self.title
            }

            fn number(&self) -> i64 {
                self.version().unwrap_or_default()
            }
        }
    };
}

titled!(Page, title => NewPage::new(title));
titled!(Post, title => NewPost::new(title, title));
#[cfg(feature = "postgres")]
titled!(Memo, title => NewMemo::new(title));

/// Writes rows, one and many, in between and against writes of another unit.
pub fn guards_every_write<E: Titled>(db: &Database, counts: &[i64]) -> Result<()>
where
    E::Key: Copy,
{
    let mut session = db.session()?;
    let rows: Vec<Handle<E>> = (0..120).map(|number| session.add(E::make(&format!("row {number}")))).collect();
    session.commit()?;
    let versions = |session: &mut Session<'_>| -> Result<Vec<i64>> {
        session.load(&rows)?;
        rows.iter().map(|row| Ok(session.row(*row)?.number())).collect()
    };
    let known = versions(&mut session)?;
    assert!(counts.is_empty() || known == vec![counts[0]; rows.len()], "{known:?}");
    session.edit(rows[0])?.title().push('!');
    session.flush()?;
    let first = session.row(rows[0])?.number();
    session.edit(rows[0])?.title().push('!');
    for row in &rows[1..] {
        session.edit(*row)?.title().push('!');
    }
    session.commit()?;
    let last = versions(&mut session)?;
    assert!(counts.is_empty() || (first, last[0], last[1]) == (counts[1], counts[2], counts[1]), "{first} {last:?}");
    session.commit()?;
    // A row that another unit has changed, among many.
    let copies: Vec<E> = db.read(|session| session.every(200).next_rows(session))?.unwrap_or_default();
    db.begin(|session| -> Result<()> {
        let other = session.get_one::<E>(copies[7].key())?;
        session.edit(other)?.title().push('?');
        Ok(())
    })?;
    let late = db.begin(|session| -> Result<()> {
        for copy in &copies {
            let mut changed = copy.clone();
            changed.title().push('-');
            let row = session.attach(changed)?;
            assert!(session.is_modified(row)?);
        }
        session.flush()
    });
    let error = late.unwrap_err();
    assert!(error.is_stale(), "{error}");
    let keys: Vec<E::Key> = copies.iter().map(|copy| copy.key()).collect();
    assert!(error.to_string().contains(&E::key_in_words(&keys[7])), "{error}");
    let late = db.begin(|session| session.attach_edited(titled_with(&copies[7], '-'), &copies[7]).map(drop));
    assert!(late.unwrap_err().is_stale());
    let late = db.begin(|session| session.delete(&copies[7]));
    assert!(late.unwrap_err().is_stale());
    let late = db.begin(|session| copies.iter().try_for_each(|copy| session.delete(copy)));
    assert!(late.unwrap_err().is_stale());
    assert_eq!(db.read(|session| session.every::<E>(200).next_rows(session))?.map(|all| all.len()), Some(120));
    // An edit that nobody disturbs, and the deletion of all.
    db.begin(|session| -> Result<()> {
        let mut rows = Vec::new();
        for key in &keys {
            let row = session.get_one::<E>(*key)?;
            session.edit(row)?.title().push('+');
            rows.push(row);
        }
        session.flush()?;
        rows.iter().try_for_each(|row| session.delete(*row))?;
        session.flush()?;
        assert!(session.every::<E>(200).next_rows(session)?.is_none());
        Ok(())
    })
}

fn titled_with<E: Titled>(row: &E, end: char) -> E {
    let mut row = row.clone();
    row.title().push(end);
    row
}
