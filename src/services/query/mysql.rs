//! The values of MySQL and MariaDB, by the types of their columns.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat};
use diesel::deserialize::{FromSql, Result};
use diesel::mysql::{Mysql, MysqlType, MysqlValue};
use diesel::sql_types::{BigInt, Date, Datetime, Double, Float, Time, Unsigned};

use super::Value;

pub(super) fn value(raw: MysqlValue<'_>) -> Result<Value> {
    use MysqlType as Type;
    Ok(match raw.value_type() {
        Type::Tiny | Type::Short | Type::Long | Type::LongLong => {
            Value::Integer(<i64 as FromSql<BigInt, Mysql>>::from_sql(raw)?)
        }
        Type::UnsignedTiny | Type::UnsignedShort | Type::UnsignedLong | Type::UnsignedLongLong => {
            let number = <u64 as FromSql<Unsigned<BigInt>, Mysql>>::from_sql(raw)?;
            i64::try_from(number).map_or_else(|_| Value::Decimal(number.to_string()), Value::Integer)
        }
        // Its shortest digits, not those of a double of the same value.
        Type::Float => Value::Float(<f32 as FromSql<Float, Mysql>>::from_sql(raw)?.to_string().parse()?),
        Type::Double => Value::Float(<f64 as FromSql<Double, Mysql>>::from_sql(raw)?),
        Type::Numeric => Value::Decimal(String::from_utf8(raw.as_bytes().to_vec())?),
        Type::Date => Value::Text(<NaiveDate as FromSql<Date, Mysql>>::from_sql(raw)?.to_string()),
        Type::Time => Value::Text(<NaiveTime as FromSql<Time, Mysql>>::from_sql(raw)?.to_string()),
        Type::DateTime | Type::Timestamp => {
            let moment = <NaiveDateTime as FromSql<Datetime, Mysql>>::from_sql(raw)?;
            Value::Text(moment.and_utc().to_rfc3339_opts(SecondsFormat::AutoSi, true))
        }
        Type::Bit => Value::Bytes(raw.as_bytes().to_vec()),
        // The client library does not tell TEXT from BLOB.
        _ => String::from_utf8(raw.as_bytes().to_vec())
            .map_or_else(|error| Value::Bytes(error.into_bytes()), Value::Text),
    })
}
