//! Reads listings in pieces, so that memory does not grow with the rows.

use std::collections::HashMap;
use std::hash::Hash;

use diesel_session::Error as SessionError;

use crate::error::{Error, Result};
use crate::session::Entity;
use crate::types::Id;

/// The number of rows that a listing reads at a time.
const PAGE: u32 = 1_000;

/// The rows of a listing to return, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limit {
    /// Maximum number of rows; `None` for all.
    pub rows: Option<u64>,
    /// The number of rows to pass over first.
    pub offset: u64,
}

impl Limit {
    /// Both numbers for LIMIT and OFFSET of a statement, which no engine takes above 64 bits with a sign. Some take no
    /// OFFSET without a LIMIT.
    pub(super) fn of_statement(self) -> (i64, i64) {
        let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        (self.rows.map_or(i64::MAX, signed), signed(self.offset))
    }
}

/// An order of a listing other than that of its ids. Rows without the value come last, and rows with the same value in
/// the order of their ids. Texts are compared byte by byte, so capital letters come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort<K> {
    /// What to sort by.
    pub key: K,
    /// Whether the greatest value comes first.
    pub descending: bool,
}

/// Reads a listing page by page and passes its rows to `each`, so that memory does not grow with their number.
///
/// `page(id, rows)` reads up to `rows` rows with an id greater than `id`, in the order of ids. `each` may fail with the
/// caller's own error type, like the closure of [`begin`](crate::Session::begin).
///
/// When a stored value cannot be read, the rows before it are passed on, and the error names the last of them.
pub(super) fn pages<T: Entity, R, E: From<Error>>(
    limit: Limit,
    mut page: impl FnMut(Id<T>, u32) -> Result<Vec<R>, SessionError>,
    id: impl Fn(&R) -> Id<T>,
    mut each: impl FnMut(R) -> Result<(), E>,
) -> Result<(), E> {
    const FIRST: i64 = i64::MIN;
    let mut left = limit.rows.unwrap_or(u64::MAX);
    let mut last = Id::new(FIRST);
    loop {
        let mut wanted = u32::try_from(left).unwrap_or(u32::MAX).min(PAGE);
        if wanted == 0 {
            return Ok(());
        }
        let rows = loop {
            match page(last, wanted) {
                Err(SessionError::Unreadable { problem, .. }) if wanted == 1 => {
                    let after = if last.get() == FIRST { String::new() } else { format!(" after id {last}") };
                    let problem = format!("{problem} (in the first row{after})");
                    let table = T::table().name.to_owned();
                    return Err(Error::from(SessionError::Unreadable { table, problem }).into());
                }
                Err(SessionError::Unreadable { .. }) => wanted /= 2,
                read => break read.map_err(Error::from)?,
            }
        };
        let read = rows.len() as u64;
        left -= read;
        for row in rows {
            last = id(&row);
            each(row)?;
        }
        if read < u64::from(wanted) {
            return Ok(());
        }
    }
}

/// Reads the rows with these ids and passes them to `each` in this order. Of a sorted listing, only the ids are in
/// memory together: 8 bytes a row.
///
/// `page(ids)` reads the rows with these ids, in any order. When a stored value cannot be read, the rows before it are
/// passed on.
pub(super) fn sorted<T, R, E: From<Error>>(
    ids: &[Id<T>],
    page: &mut impl FnMut(&[Id<T>]) -> Result<Vec<R>, SessionError>,
    id: impl Fn(&R) -> Id<T> + Copy,
    each: &mut impl FnMut(R) -> Result<(), E>,
) -> Result<(), E>
where
    Id<T>: Eq + Hash + Copy,
{
    for ids in ids.chunks(PAGE as usize) {
        match page(ids) {
            Ok(rows) => {
                let mut rows: HashMap<Id<T>, R> = rows.into_iter().map(|row| (id(&row), row)).collect();
                ids.iter().filter_map(|id| rows.remove(id)).try_for_each(&mut *each)?;
            }
            Err(SessionError::Unreadable { .. }) if ids.len() > 1 => {
                let (first, rest) = ids.split_at(ids.len() / 2);
                sorted(first, page, id, each)?;
                sorted(rest, page, id, each)?;
            }
            Err(error) => return Err(Error::from(error).into()),
        }
    }
    Ok(())
}
