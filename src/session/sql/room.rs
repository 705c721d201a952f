//! How many rows go by one statement: as many as the engine takes parameters for, and as their values leave room for.
//!
//! A statement that is longer than a server takes is refused though each of its rows alone would not be, and a long one
//! gains nothing by more rows. So rows with long values are fewer a statement, down to one.

use std::any::Any;
use std::fmt::{self, Debug, Write as _};
use std::ops::Range;

use diesel::backend::Backend;
use diesel::deserialize::FromSql;
use diesel::serialize::ToSql;
use diesel::sql_types::HasSqlType;

use crate::connection::SessionConnection;
use crate::session::entity::{ColumnSet, Columns, Table, Visitor};

/// A statement of these many rows is prepared once and kept; what is left over is prepared each time.
const ROWS: usize = 100;

/// The values of a statement of several rows take no more bytes than this.
const BYTES: usize = 1 << 19;

/// The same where more rows a statement pay for longer ones: arrays, whose text does not grow with them.
const BYTES_OF_ARRAYS: usize = 1 << 24;

/// What one statement of several rows may hold. One row goes whatever its size.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    rows: usize,
    bytes: usize,
}

impl Room {
    /// For one row a statement.
    pub(super) const ONE: Self = Self { rows: 1, bytes: 0 };

    /// For rows of `binds` parameters each.
    pub(super) fn of<C: SessionConnection>(binds: usize, connection: &C) -> Self {
        let rows = (connection.max_parameters() / binds.max(1)).clamp(1, ROWS);
        Self { rows, bytes: BYTES.min(connection.max_bytes()) }
    }

    /// As [`of`](Self::of), and as much as the engine takes where rows of the table may refer to each other and that helps:
    /// what belongs together is not taken apart.
    pub(super) fn of_related<C: SessionConnection>(table: &'static Table, binds: usize, connection: &C) -> Self {
        if table.refers_to_itself() && connection.engine().checks_after_statement() {
            Self { rows: (connection.max_parameters() / binds.max(1)).max(1), bytes: connection.max_bytes() }
        } else {
            Self::of(binds, connection)
        }
    }

    /// For at most so many rows of arrays.
    pub(super) fn of_arrays<C: SessionConnection>(rows: usize, connection: &C) -> Self {
        Self { rows, bytes: BYTES_OF_ARRAYS.min(connection.max_bytes()) }
    }

    /// The most rows that a statement holds.
    pub(super) fn rows(self) -> usize {
        self.rows
    }

    /// Splits `rows` into statements, by the size of each in bytes. With each comes whether its text is worth keeping: full
    /// ones and single rows are, one odd rest is not.
    pub(super) fn split<T>(self, rows: &[T], size: impl FnMut(&T) -> usize) -> impl Iterator<Item = (&[T], bool)> {
        let mut size = size;
        self.ranges(rows.len(), move |row| size(&rows[row])).map(move |(range, keep)| (&rows[range], keep))
    }

    /// As [`split`](Self::split), of rows by their index.
    pub(super) fn ranges(
        self,
        rows: usize,
        mut size: impl FnMut(usize) -> usize,
    ) -> impl Iterator<Item = (Range<usize>, bool)> {
        let mut start = 0;
        // The size of the row that was too much for the last statement.
        let mut over = None;
        std::iter::from_fn(move || {
            if start == rows {
                return None;
            }
            let most = (start + self.rows).min(rows);
            let mut end = start + 1;
            if most > end {
                let mut bytes = over.take().unwrap_or_else(|| size(start));
                while end < most {
                    let next = size(end);
                    bytes = bytes.saturating_add(next);
                    if bytes > self.bytes {
                        over = Some(next);
                        break;
                    }
                    end += 1;
                }
            } else {
                over = None;
            }
            let range = start..end;
            start = end;
            let keep = range.len() == self.rows || range.len() == 1;
            Some((range, keep))
        })
    }
}

/// About how many bytes these columns of a row take in a statement.
pub(super) fn row_size<E: Columns<DB>, DB: Backend>(row: &E, columns: ColumnSet) -> usize {
    columns.iter().map(|column| E::column(column, Size(row))).sum()
}

/// About how many bytes a key takes in a statement.
pub(super) fn key_size<E: Columns<DB>, DB: Backend>(key: &E::Key) -> usize {
    (0..E::table().key.len()).map(|position| E::key_column(position, Size(key))).sum()
}

/// About how many bytes the value at `index` of a `Vec` of the type of the field of `column` takes in a statement.
pub(super) fn value_size<E: Columns<DB>, DB: Backend>(column: usize, values: &dyn Any, index: usize) -> usize {
    E::column(column, SizeOfOne { values, index })
}

struct Size<'a, R>(&'a R);

impl<R, DB: Backend> Visitor<DB, R> for Size<'_, R> {
    type Output = usize;

    fn visit<ST, T>(self, get: fn(&R) -> &T, _: fn(&mut R, T)) -> usize
    where
        DB: HasSqlType<ST>,
        T: ToSql<ST, DB> + FromSql<ST, DB> + PartialEq + 'static,
    {
        size(get(self.0))
    }
}

struct SizeOfOne<'a> {
    values: &'a dyn Any,
    index: usize,
}

impl<E, DB: Backend> Visitor<DB, E> for SizeOfOne<'_> {
    type Output = usize;

    fn visit<ST, T>(self, _: fn(&E) -> &T, _: fn(&mut E, T)) -> usize
    where
        DB: HasSqlType<ST>,
        T: ToSql<ST, DB> + FromSql<ST, DB> + PartialEq + 'static,
    {
        self.values.downcast_ref::<Vec<T>>().and_then(|values| values.get(self.index)).map_or(0, size)
    }
}

/// About how many bytes a value takes: what it holds itself or, where it owns more, the length of that, or of what `Debug`
/// shows of it.
fn size<T: Debug + 'static>(value: &T) -> usize {
    if !std::mem::needs_drop::<T>() {
        return size_of::<T>();
    }
    let any: &dyn Any = value;
    if let Some(text) = any.downcast_ref::<String>() {
        return text.len();
    }
    if let Some(text) = any.downcast_ref::<Option<String>>() {
        return text.as_ref().map_or(0, String::len);
    }
    if let Some(bytes) = any.downcast_ref::<Vec<u8>>() {
        return bytes.len();
    }
    if let Some(bytes) = any.downcast_ref::<Option<Vec<u8>>>() {
        return bytes.as_ref().map_or(0, Vec::len);
    }
    let mut shown = Shown(0);
    // It ends early where the value is longer than any statement of several rows.
    let _too_long = write!(shown, "{value:?}");
    shown.0
}

/// Counts what is written, up to the most that a statement of several rows holds.
struct Shown(usize);

impl fmt::Write for Shown {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.len();
        if self.0 > BYTES_OF_ARRAYS { Err(fmt::Error) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of each statement, and whether its text is kept.
    fn split(rows: usize, bytes: usize, sizes: &[usize]) -> Vec<(Vec<usize>, bool)> {
        let room = Room { rows, bytes };
        room.split(sizes, |size| *size).map(|(rows, keep)| (rows.to_vec(), keep)).collect()
    }

    #[test]
    fn statements_are_full_but_for_the_last() {
        assert_eq!(split(2, 9, &[1, 2, 3]), [(vec![1, 2], true), (vec![3], true)]);
        assert_eq!(split(3, 9, &[1, 1, 1, 1, 1]), [(vec![1, 1, 1], true), (vec![1, 1], false)]);
        assert_eq!(split(3, 9, &[]), []);
    }

    #[test]
    fn long_rows_are_fewer_a_statement_and_each_goes_whatever_its_size() {
        let sizes = [5, 4, 1, 20, 3, 3, 9];
        let statements = [(vec![5, 4], false), (vec![1], true), (vec![20], true), (vec![3, 3], false), (vec![9], true)];
        assert_eq!(split(4, 9, &sizes), statements);
        assert_eq!(split(1, 0, &[7, 8]), [(vec![7], true), (vec![8], true)]);
    }

    #[test]
    fn a_row_is_measured_once() {
        let mut measured = Vec::new();
        let room = Room { rows: 2, bytes: 9 };
        let statements = room.ranges(5, |row| {
            measured.push(row);
            6
        });
        assert_eq!(statements.count(), 5);
        assert_eq!(measured, [0, 1, 2, 3, 4]);
    }

    #[test]
    fn the_size_of_a_value_is_about_its_length() {
        #[derive(Debug)]
        struct Text(#[expect(dead_code, reason = "it is only shown")] String);
        assert_eq!((size(&7_i64), size(&Some(7_i32))), (8, 8));
        assert_eq!((size(&"four".to_owned()), size(&Some("four".to_owned())), size(&None::<String>)), (4, 4, 0));
        assert_eq!((size(&vec![0_u8; 9]), size(&Some(vec![0_u8; 9]))), (9, 9));
        assert_eq!(size(&Text("four".to_owned())), r#"Text("four")"#.len());
    }
}
