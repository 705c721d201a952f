//! SQLite's values: each has a type of its own, whatever its column's.

use diesel::deserialize::FromSql;
use diesel::sql_types::{BigInt, Binary, Double, Text};
use diesel::sqlite::{Sqlite, SqliteType, SqliteValue};

use super::Value;

pub(super) fn value(raw: SqliteValue<'_, '_, '_>) -> diesel::deserialize::Result<Value> {
    Ok(match raw.value_type() {
        None => Value::Null,
        Some(SqliteType::SmallInt | SqliteType::Integer | SqliteType::Long) => {
            Value::Integer(<i64 as FromSql<BigInt, Sqlite>>::from_sql(raw)?)
        }
        Some(SqliteType::Float | SqliteType::Double) => Value::Float(<f64 as FromSql<Double, Sqlite>>::from_sql(raw)?),
        Some(SqliteType::Binary) => Value::Bytes(<Vec<u8> as FromSql<Binary, Sqlite>>::from_sql(raw)?),
        Some(_) => Value::Text(<String as FromSql<Text, Sqlite>>::from_sql(raw)?),
    })
}
