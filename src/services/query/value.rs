//! A value of a result whose types are not known beforehand.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::{Serialize, Serializer};

/// A value of a column.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// NULL.
    Null,
    /// A whole number of 64 bits.
    Integer(i64),
    /// A floating-point number.
    Float(f64),
    /// A decimal number, or a whole one of more than 64 bits, with all its digits.
    Decimal(String),
    /// A boolean, from an engine that has them.
    Boolean(bool),
    /// A text; also a time, a UUID, JSON.
    Text(String),
    /// Bytes that are not text.
    Bytes(Vec<u8>),
}

impl Value {
    /// Whether it is a number.
    #[must_use]
    pub const fn is_number(&self) -> bool {
        matches!(self, Self::Integer(_) | Self::Float(_) | Self::Decimal(_))
    }

    /// The value as text; `None` for NULL. Bytes are written in hexadecimal after `0x`.
    #[must_use]
    pub fn text(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Null => return None,
            Self::Integer(number) => number.to_string().into(),
            Self::Float(number) => number.to_string().into(),
            Self::Boolean(flag) => flag.to_string().into(),
            Self::Text(text) | Self::Decimal(text) => text.into(),
            Self::Bytes(bytes) => {
                let mut text = String::from("0x");
                for byte in bytes {
                    // Writing to a String cannot fail.
                    let _ = write!(text, "{byte:02x}");
                }
                text.into()
            }
        })
    }
}

/// JSON has numbers for numbers, except for those that it would round: they are texts, as bytes are.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        /// Digits that a floating-point number keeps.
        const EXACT: usize = 15;
        match self {
            Self::Integer(number) => serializer.serialize_i64(*number),
            Self::Float(number) if number.is_finite() => serializer.serialize_f64(*number),
            Self::Boolean(flag) => serializer.serialize_bool(*flag),
            Self::Decimal(text) => match (text.parse::<i64>(), text.parse::<f64>()) {
                (Ok(number), _) => serializer.serialize_i64(number),
                (_, Ok(number)) if text.bytes().filter(u8::is_ascii_digit).count() <= EXACT && number.is_finite() => {
                    serializer.serialize_f64(number)
                }
                _ => serializer.serialize_str(text),
            },
            other => match other.text() {
                Some(text) => serializer.serialize_str(&text),
                None => serializer.serialize_unit(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_the_same_in_text_and_in_json_as_far_as_json_can() {
        for (value, text, json) in [
            (Value::Null, None, "null"),
            (Value::Integer(i64::MIN), Some("-9223372036854775808"), "-9223372036854775808"),
            (Value::Float(1.5), Some("1.5"), "1.5"),
            (Value::Float(f64::NAN), Some("NaN"), "\"NaN\""),
            (Value::Decimal("12".to_owned()), Some("12"), "12"),
            (Value::Decimal("1.50".to_owned()), Some("1.50"), "1.5"),
            (
                Value::Decimal("0.1234567890123456789".to_owned()),
                Some("0.1234567890123456789"),
                "\"0.1234567890123456789\"",
            ),
            (Value::Boolean(true), Some("true"), "true"),
            (Value::Text("x".to_owned()), Some("x"), "\"x\""),
            (Value::Bytes(vec![0, 255]), Some("0x00ff"), "\"0x00ff\""),
        ] {
            assert_eq!(value.text().as_deref(), text);
            assert_eq!(serde_json::to_string(&value).unwrap(), json);
        }
    }
}
