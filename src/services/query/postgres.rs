//! PostgreSQL's values, by the OIDs of their types. They come in their binary forms.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat, Utc};
use diesel::data_types::PgNumeric;
use diesel::deserialize::{FromSql, Result};
use diesel::pg::{Pg, PgValue};
use diesel::sql_types::{BigInt, Bool, Date, Double, Float, Integer, Numeric, SmallInt, Time, Timestamp, Timestamptz};

use super::Value;

pub(super) fn value(raw: PgValue<'_>) -> Result<Value> {
    Ok(match raw.get_oid().get() {
        16 => Value::Boolean(<bool as FromSql<Bool, Pg>>::from_sql(raw)?),
        17 => Value::Bytes(raw.as_bytes().to_vec()),
        20 => Value::Integer(<i64 as FromSql<BigInt, Pg>>::from_sql(raw)?),
        21 => Value::Integer(<i16 as FromSql<SmallInt, Pg>>::from_sql(raw)?.into()),
        23 => Value::Integer(<i32 as FromSql<Integer, Pg>>::from_sql(raw)?.into()),
        // Its shortest digits, not those of a double of the same value.
        700 => Value::Float(<f32 as FromSql<Float, Pg>>::from_sql(raw)?.to_string().parse()?),
        701 => Value::Float(<f64 as FromSql<Double, Pg>>::from_sql(raw)?),
        1082 => Value::Text(<NaiveDate as FromSql<Date, Pg>>::from_sql(raw)?.to_string()),
        1083 => Value::Text(<NaiveTime as FromSql<Time, Pg>>::from_sql(raw)?.to_string()),
        1114 => in_utc(<NaiveDateTime as FromSql<Timestamp, Pg>>::from_sql(raw)?.and_utc()),
        1184 => in_utc(<DateTime<Utc> as FromSql<Timestamptz, Pg>>::from_sql(raw)?),
        1700 => Value::Decimal(decimal(&<PgNumeric as FromSql<Numeric, Pg>>::from_sql(raw)?)),
        2950 => Value::Text(uuid(raw.as_bytes())),
        // A byte for the version of the format, then the text.
        3802 => Value::Text(String::from_utf8(raw.as_bytes().get(1..).unwrap_or_default().to_vec())?),
        oid => text(oid, raw.as_bytes())?,
    })
}

/// A text, or a value of a type that is sent as one, such as an enum's. Others contain control characters, by which
/// they are told apart.
fn text(oid: u32, bytes: &[u8]) -> Result<Value> {
    /// `"char"`, `name`, `text`, `json`, `xml`, `bpchar`, `varchar` and what has no type yet.
    const TEXTS: [u32; 8] = [18, 19, 25, 114, 142, 705, 1042, 1043];
    match std::str::from_utf8(bytes) {
        Ok(text) if TEXTS.contains(&oid) || !text.contains(char::is_control) => Ok(Value::Text(text.to_owned())),
        _ => {
            Err(format!("a column has a type that cannot be shown as it is (OID {oid}); cast it: column::text").into())
        }
    }
}

fn in_utc(moment: DateTime<Utc>) -> Value {
    Value::Text(moment.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

fn uuid(bytes: &[u8]) -> String {
    let mut text = String::new();
    for (position, byte) in bytes.iter().enumerate() {
        if matches!(position, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

/// The digits of a decimal number, of which each is one of base 10,000.
fn decimal(number: &PgNumeric) -> String {
    let (sign, weight, scale, digits) = match number {
        PgNumeric::NaN => return "NaN".to_owned(),
        PgNumeric::Positive { weight, scale, digits } => ("", *weight, *scale, digits),
        PgNumeric::Negative { weight, scale, digits } => ("-", *weight, *scale, digits),
    };
    let digit = |place: i32| usize::try_from(place).ok().and_then(|place| digits.get(place)).copied().unwrap_or(0);
    let weight = i32::from(weight);
    let mut whole: String = (0..=weight).map(|place| format!("{:04}", digit(place))).collect();
    whole = whole.trim_start_matches('0').to_owned();
    if whole.is_empty() {
        whole.push('0');
    }
    let mut fraction = String::new();
    let mut place = weight + 1;
    while fraction.len() < usize::from(scale) {
        fraction.push_str(&format!("{:04}", digit(place)));
        place += 1;
    }
    fraction.truncate(scale.into());
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}
