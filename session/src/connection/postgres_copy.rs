//! PostgreSQL's `COPY … FROM STDIN`: which columns it fills with the same result as an INSERT, and the rows in its binary
//! format.

use std::io::{self, BufWriter, Write};
use std::marker::PhantomData;

use diesel::pg::{CopyFormat, CopyTarget, Pg};
use diesel::query_builder::bind_collector::RawBytesBindCollector;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::result::Error as DieselError;
use diesel::sql_types::{BigInt, Oid, Text};
use diesel::{ExecuteCopyFromDsl as _, PgConnection, QueryResult, RunQueryDsl as _};

use super::{CopiedColumn, CopiedInto};

/// Every column of a table, if the table takes copied rows. A rule of the table does not apply to them, a view and a
/// table with row-level security refuse them, and they override `GENERATED ALWAYS AS IDENTITY`.
const COLUMNS: &str = "\
    SELECT a.attname::text AS name, CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END AS type_id \
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid \
    WHERE c.oid = to_regclass($1) AND c.relkind IN ('r', 'p') AND NOT c.relhasrules AND NOT row_security_active(c.oid) \
    AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attidentity <> 'a'";

/// The columns of `table` (its name as written in SQL) that copied rows can fill; none if it takes no such rows.
pub(super) fn columns(connection: &mut PgConnection, table: &str) -> QueryResult<Vec<CopiedColumn>> {
    #[derive(diesel::QueryableByName)]
    struct Column {
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = Oid)]
        type_id: u32,
    }
    let found = diesel::sql_query(COLUMNS).bind::<Text, _>(table).load::<Column>(connection)?;
    Ok(found.into_iter().map(|Column { name, type_id }| CopiedColumn { name, type_id }).collect())
}

/// Whether a value that is sent as type `sent` is written as one of type `stored` is: COPY does not convert as an INSERT
/// does. The types of text differ in name only.
pub(super) fn is_written_alike(sent: u32, stored: u32) -> bool {
    const TEXT: u32 = 25;
    const CHAR: u32 = 1042;
    const VARCHAR: u32 = 1043;
    sent == stored || sent == TEXT && [CHAR, VARCHAR].contains(&stored)
}

/// Copies rows of `width` columns each, and returns the number of rows that the table has taken.
pub(super) fn copy<T: CopiedInto<Pg>>(
    connection: &mut PgConnection,
    width: usize,
    values: &dyn QueryFragment<Pg>,
) -> QueryResult<usize> {
    let mut collected = RawBytesBindCollector::<Pg>::new();
    values.collect_binds(&mut collected, connection, &Pg)?;
    let rows = collected.binds;
    diesel::copy_from(any_table::table)
        .from_raw_data(Target::<T>(PhantomData), |out| {
            let mut out = BufWriter::with_capacity(MESSAGE, out);
            write_rows(&rows, width, &mut out).and_then(|()| out.flush()).map_err(unwritten)
        })
        .with_format(CopyFormat::Binary)
        .execute(connection)
}

/// The number of bytes that are sent in one message.
const MESSAGE: usize = 1 << 16;

/// The error of a stream that could not be written: that of the connection, or of a value that is too long.
fn unwritten(error: io::Error) -> DieselError {
    DieselError::SerializationError(Box::new(error))
}

/// Writes the rows in the binary format: a signature, flags and the length of an extension, each row as the number of its
/// values and each value after its length, and an end. The length of NULL is -1.
fn write_rows(values: &[Option<Vec<u8>>], width: usize, out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0")?;
    let columns = i16::try_from(width).map_err(io::Error::other)?.to_be_bytes();
    for row in values.chunks(width.max(1)) {
        out.write_all(&columns)?;
        for value in row {
            let length = value.as_ref().map_or(Ok(-1), |bytes| i32::try_from(bytes.len()));
            out.write_all(&length.map_err(io::Error::other)?.to_be_bytes())?;
            out.write_all(value.as_deref().unwrap_or_default())?;
        }
    }
    out.write_all(&(-1_i16).to_be_bytes())
}

/// What Diesel takes for the table and its columns.
struct Target<T>(PhantomData<T>);

impl<T: CopiedInto<Pg>> CopyTarget for Target<T> {
    type Table = any_table::table;
    type SqlType = BigInt;

    fn walk_target(out: AstPass<'_, '_, Pg>) -> QueryResult<()> {
        T::walk_target(out)
    }
}

diesel::table! {
    /// Diesel asks for a table type, and writes the name of the target.
    any_table (id) { id -> BigInt }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_written_with_the_lengths_of_their_values() {
        let mut written = Vec::new();
        write_rows(&[Some(vec![7]), None, Some(vec![]), Some(vec![8, 9])], 2, &mut written).unwrap();
        let (start, rows) = written.split_at(19);
        assert_eq!(start, b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0");
        let first = [0, 2, 0, 0, 0, 1, 7, 0xff, 0xff, 0xff, 0xff];
        let second = [0, 2, 0, 0, 0, 0, 0, 0, 0, 2, 8, 9];
        assert_eq!(rows, [&first[..], &second, &[0xff, 0xff]].concat());
    }

    #[test]
    fn only_texts_are_written_alike_under_several_names() {
        assert!(is_written_alike(20, 20) && is_written_alike(25, 1043) && is_written_alike(25, 1042));
        assert!(!is_written_alike(20, 23) && !is_written_alike(1043, 25) && !is_written_alike(25, 3802));
    }
}
