//! The number of rows per statement: limited by the engine's maximum number of parameters and by the size of values.
//!
//! A statement that is longer than a server accepts is refused even if each of its rows alone would be accepted, and a
//! long statement gains nothing from more rows. So statements with long values have fewer rows, down to one.

use std::any::Any;
use std::fmt::{self, Debug, Write as _};
use std::ops::Range;

use diesel::backend::Backend;
use diesel::deserialize::FromSql;
use diesel::serialize::ToSql;
use diesel::sql_types::HasSqlType;

use super::lookup::LookupValues;
use crate::connection::SessionConnection;
use crate::session::entity::{ColumnSet, Columns, Table, Visitor};
use crate::session::value::Value;

/// A statement of this many rows is prepared once and kept; one for the remaining rows is prepared each time.
pub(super) const ROWS: usize = 100;

/// The same for reading a thousand rows or more by their keys, and the longest statement that is kept.
pub(super) const MANY_ROWS: usize = 1_000;

/// The maximum size in bytes of the values in a statement of several rows.
const BYTES: usize = 1 << 19;

/// The same for arrays, whose statement text does not grow with the rows, so that longer statements pay off.
const BYTES_OF_ARRAYS: usize = 1 << 24;

/// The limits of one statement of several rows. A single row is sent whatever its size.
#[derive(Debug, Clone, Copy)]
pub(super) struct StatementLimit {
    rows: usize,
    bytes: usize,
}

impl StatementLimit {
    /// One row per statement.
    pub(super) const ONE: Self = Self { rows: 1, bytes: 0 };

    /// For rows of `parameters` parameters each.
    pub(super) fn of<C: SessionConnection>(parameters: usize, connection: &C) -> Self {
        let rows = (connection.max_parameters() / parameters.max(1)).clamp(1, ROWS);
        Self { rows, bytes: BYTES.min(connection.max_bytes()) }
    }

    /// For a SELECT of `rows` rows by keys of `parameters` parameters each.
    pub(super) fn of_keys<C: SessionConnection>(rows: usize, parameters: usize, connection: &C) -> Self {
        let most = if rows < MANY_ROWS { ROWS } else { MANY_ROWS };
        Self {
            rows: (connection.max_parameters() / parameters.max(1)).clamp(1, most),
            ..Self::of(parameters, connection)
        }
    }

    /// As [`of`](Self::of), or as much as the engine accepts if rows of the table may refer to each other and the
    /// engine checks foreign keys when a statement ends: then rows that refer to each other stay in one statement.
    pub(super) fn of_related<C: SessionConnection>(table: &'static Table, parameters: usize, connection: &C) -> Self {
        if table.refers_to_itself() && connection.engine().checks_after_statement() {
            Self { rows: (connection.max_parameters() / parameters.max(1)).max(1), bytes: connection.max_bytes() }
        } else {
            Self::of(parameters, connection)
        }
    }

    /// For at most `rows` rows of `parameters` parameters each, as many as the engine accepts in one statement.
    pub(super) fn of_packet<C: SessionConnection>(rows: usize, parameters: usize, connection: &C) -> Self {
        let most = connection.max_parameters() / parameters.max(1);
        Self { rows: most.clamp(1, rows), bytes: BYTES_OF_ARRAYS.min(connection.max_bytes()) }
    }

    /// For at most `rows` rows in arrays.
    pub(super) fn of_arrays<C: SessionConnection>(rows: usize, connection: &C) -> Self {
        Self { rows, bytes: BYTES_OF_ARRAYS.min(connection.max_bytes()) }
    }

    /// The maximum number of rows in a statement.
    pub(super) fn rows(self) -> usize {
        self.rows
    }

    /// Splits `rows` into statements by their sizes in bytes. Each comes with whether its text is worth keeping: that
    /// of full statements and single rows is, that of a remainder or of a very long statement is not.
    pub(super) fn split<T>(self, rows: &[T], size: impl FnMut(&T) -> usize) -> impl Iterator<Item = (&[T], bool)> {
        let mut size = size;
        self.ranges(rows.len(), move |row| size(&rows[row])).map(move |(range, keep)| (&rows[range], keep))
    }

    /// As [`split`](Self::split), for rows given by index.
    pub(super) fn ranges(
        self,
        rows: usize,
        mut size: impl FnMut(usize) -> usize,
    ) -> impl Iterator<Item = (Range<usize>, bool)> {
        let mut start = 0;
        // The size of the row that did not fit in the last statement.
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
            let keep = range.len() == 1 || range.len() == self.rows && self.rows <= MANY_ROWS;
            Some((range, keep))
        })
    }
}

/// The approximate size in bytes of these columns of a row in a statement.
pub(super) fn row_size<E: Columns<DB>, DB: Backend>(row: &E, columns: ColumnSet) -> usize {
    columns.iter().map(|column| E::column(column, Size(row))).sum()
}

/// The approximate size in bytes of these columns of a row in an INSERT, with the text that names them: values may be
/// shorter than that.
pub(super) fn inserted_size<E: Columns<DB>, DB: Backend>(row: &E, columns: ColumnSet) -> usize {
    /// The placeholder of a value, its type and its length.
    const PLACE: usize = 8;
    row_size::<E, DB>(row, columns) + PLACE * columns.len()
}

/// The approximate size in bytes of a key in a statement.
pub(super) fn key_size<E: Columns<DB>, DB: Backend>(key: &E::Key) -> usize {
    (0..E::table().key.len()).map(|position| E::key_column(position, Size(key))).sum()
}

/// The approximate size in bytes, in a statement, of one of the values that these columns are looked up by.
pub(super) fn lookup_size<E: Columns<DB>, DB: Backend>(
    columns: &[usize],
    values: &dyn LookupValues,
    value: usize,
) -> usize {
    let part = |(position, column): (usize, &usize)| E::column(*column, SizeOfPart(values.part(value, position)));
    columns.iter().enumerate().map(part).sum()
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

struct SizeOfPart<'a>(&'a dyn Value);

impl<E, DB: Backend> Visitor<DB, E> for SizeOfPart<'_> {
    type Output = usize;

    fn visit<ST, T>(self, _: fn(&E) -> &T, _: fn(&mut E, T)) -> usize
    where
        DB: HasSqlType<ST>,
        T: ToSql<ST, DB> + FromSql<ST, DB> + PartialEq + 'static,
    {
        let part: &dyn Any = self.0;
        part.downcast_ref::<T>().map_or(0, size)
    }
}

/// The approximate size of a value in bytes: its own size or, if it owns more, the length of that or of its `Debug`
/// output.
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
    // It ends early if the value is longer than any statement of several rows.
    let _too_long = write!(shown, "{value:?}");
    shown.0
}

/// Counts the bytes written, up to the maximum of a statement of several rows.
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
        let limit = StatementLimit { rows, bytes };
        limit.split(sizes, |size| *size).map(|(rows, keep)| (rows.to_vec(), keep)).collect()
    }

    #[test]
    fn statements_are_full_but_for_the_last() {
        assert_eq!(split(2, 9, &[1, 2, 3]), [(vec![1, 2], true), (vec![3], true)]);
        assert_eq!(split(3, 9, &[1, 1, 1, 1, 1]), [(vec![1, 1, 1], true), (vec![1, 1], false)]);
        assert_eq!(split(3, 9, &[]), []);
    }

    #[test]
    fn statements_of_long_rows_have_fewer_and_a_single_row_is_sent_whatever_its_size() {
        let sizes = [5, 4, 1, 20, 3, 3, 9];
        let statements = [(vec![5, 4], false), (vec![1], true), (vec![20], true), (vec![3, 3], false), (vec![9], true)];
        assert_eq!(split(4, 9, &sizes), statements);
        assert_eq!(split(1, 0, &[7, 8]), [(vec![7], true), (vec![8], true)]);
    }

    #[test]
    fn a_row_is_measured_once() {
        let mut measured = Vec::new();
        let limit = StatementLimit { rows: 2, bytes: 9 };
        let statements = limit.ranges(5, |row| {
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
