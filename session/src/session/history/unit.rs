//! `UnitId`: which unit of work made a change.

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::Text;

use crate::error::Error;

/// Identifies a unit of work, which is one transaction of a session: 32 hexadecimal digits, the first half from the
/// time, the second at random.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct UnitId(u128);

crate::stored_as_text!(UnitId);

impl UnitId {
    /// One that no other unit has.
    pub(crate) fn new() -> Self {
        let micros = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |passed| passed.as_micros());
        // Each state has keys of its own, which begin with the system's random numbers.
        Self(micros << 64 | u128::from(RandomState::new().hash_one(micros)))
    }
}

impl fmt::Display for UnitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for UnitId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match u128::from_str_radix(text, 16) {
            Ok(number) if text.len() == 32 && !text.starts_with('+') => Ok(Self(number)),
            _ => Err(Error::Value { what: "unit", problem: "is not 32 hexadecimal digits".to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_32_digits_and_no_two_are_the_same() {
        let [one, other] = [UnitId::new(), UnitId::new()];
        assert_ne!(one, other);
        assert_eq!((one.to_string().len(), one.to_string().parse::<UnitId>().unwrap()), (32, one));
        for wrong in ["", "7", "+000000000000000000000000000000f", "g0000000000000000000000000000000"] {
            assert!(wrong.parse::<UnitId>().is_err(), "{wrong}");
        }
    }
}
