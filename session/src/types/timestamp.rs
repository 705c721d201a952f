//! `Timestamp`: a point in time in UTC, with the microseconds that every engine stores.

use std::fmt;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, NaiveDateTime, SecondsFormat, Utc};
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::shown;
use crate::error::{Error, Result};

/// A point in time in UTC, in the years 0001 to 9999, to the microsecond.
///
/// Finer fractions of a second are truncated, not rounded, so that a time never moves into the future, and any engine
/// returns it as it was stored. Text is RFC 3339: any offset is read, `Z` is written. The default is the start of 1970.
///
/// ```
/// use diesel_session::types::Timestamp;
///
/// let moment: Timestamp = "2026-11-23T03:00:00.1234567+02:00".parse()?;
/// assert_eq!(moment.to_string(), "2026-11-23T01:00:00.123456Z");
/// assert!(moment > Timestamp::default());
/// # Ok::<(), diesel_session::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql_types::Timestamp)]
pub struct Timestamp(NaiveDateTime);

/// 0001-01-01T00:00:00Z, in microseconds since 1970.
const EARLIEST: i64 = -62_135_596_800_000_000;
/// 9999-12-31T23:59:59.999999Z, in microseconds since 1970.
const LATEST: i64 = 253_402_300_799_999_999;

#[cfg(feature = "testing")]
thread_local! {
    /// The time of this thread, if a test has set it.
    static CLOCK: std::cell::Cell<Option<Timestamp>> = const { std::cell::Cell::new(None) };
}

/// Sets the time of this thread, or makes it the system's again.
#[cfg(feature = "testing")]
pub(crate) fn set_clock(moment: Option<Timestamp>) {
    CLOCK.set(moment);
}

impl Timestamp {
    /// The current time by the system clock, which may be set before 1970; in tests by that which
    /// `diesel_session::testing` sets.
    #[must_use]
    pub fn now() -> Self {
        #[cfg(feature = "testing")]
        if let Some(moment) = CLOCK.get() {
            return moment;
        }
        Self::at(SystemTime::now())
    }

    /// The time of the system clock, clamped to the range of a timestamp.
    fn at(clock: SystemTime) -> Self {
        let micros = match clock.duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_micros()),
            // Truncated towards the past, as every timestamp is.
            Err(before) => i64::try_from(before.duration().as_nanos().div_ceil(1_000)).map(|micros| -micros),
        };
        let micros = micros.unwrap_or(if clock < UNIX_EPOCH { EARLIEST } else { LATEST });
        Self::of_micros(micros.clamp(EARLIEST, LATEST)).unwrap_or_default()
    }

    /// The time after `time` has passed, at most the last one of the range.
    pub(crate) fn after(self, time: std::time::Duration) -> Self {
        let micros = i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
        let later = self.utc().timestamp_micros().saturating_add(micros).min(LATEST);
        Self::of_micros(later).unwrap_or(self)
    }

    /// The time, for chrono.
    #[must_use]
    pub const fn utc(self) -> DateTime<Utc> {
        self.0.and_utc()
    }

    /// The time `micros` microseconds from 1970, if it is in the range of a timestamp.
    fn of_micros(micros: i64) -> Option<Self> {
        if !(EARLIEST..=LATEST).contains(&micros) {
            return None;
        }
        DateTime::from_timestamp_micros(micros).map(|moment| Self(moment.naive_utc()))
    }
}

impl TryFrom<DateTime<Utc>> for Timestamp {
    type Error = Error;

    /// Truncates to microseconds; refuses years before 1 and after 9999. A leap second becomes the second after it.
    fn try_from(moment: DateTime<Utc>) -> Result<Self> {
        Self::of_micros(moment.timestamp_micros()).ok_or_else(|| Error::Value {
            what: "time",
            problem: format!("{moment} is outside the years 0001 to 9999"),
        })
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.utc().to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl FromStr for Timestamp {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match DateTime::parse_from_rfc3339(text) {
            Ok(moment) => Self::try_from(moment.to_utc()),
            Err(_) => Err(Error::Value {
                what: "time",
                problem: format!("{} is not a time like 2026-01-31T23:59:59Z", shown(text)),
            }),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl<DB: Backend> ToSql<sql_types::Timestamp, DB> for Timestamp
where
    NaiveDateTime: ToSql<sql_types::Timestamp, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.0.to_sql(out)
    }
}

impl<DB: Backend> FromSql<sql_types::Timestamp, DB> for Timestamp
where
    NaiveDateTime: FromSql<sql_types::Timestamp, DB>,
{
    fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self::try_from(NaiveDateTime::from_sql(value)?.and_utc())?)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn parsed(text: &str) -> String {
        text.parse::<Timestamp>().map_or_else(|error| error.to_string(), |moment| moment.to_string())
    }

    #[test]
    fn finer_than_microseconds_is_cut_not_rounded() {
        assert_eq!(parsed("2026-11-23T00:00:00.123456999Z"), "2026-11-23T00:00:00.123456Z");
        assert_eq!(parsed("1969-12-31T23:59:59.999999999Z"), "1969-12-31T23:59:59.999999Z");
    }

    #[test]
    fn is_utc_whatever_the_offset_it_was_written_with() {
        assert_eq!(parsed("2026-11-23T00:30:00+01:00"), "2026-11-22T23:30:00Z");
        assert_eq!(parsed("2026-11-23t00:30:00z"), "2026-11-23T00:30:00Z");
    }

    #[test]
    fn a_leap_second_is_the_second_after_it() {
        assert_eq!(parsed("2016-12-31T23:59:60.5Z"), "2017-01-01T00:00:00.500Z");
    }

    #[test]
    fn has_the_years_1_to_9999() {
        assert_eq!(parsed("0001-01-01T00:00:00Z"), "0001-01-01T00:00:00Z");
        assert_eq!(parsed("9999-12-31T23:59:59.999999Z"), "9999-12-31T23:59:59.999999Z");
        assert!(parsed("0000-12-31T23:59:59Z").ends_with("is outside the years 0001 to 9999"));
        assert!(parsed("9999-12-31T23:59:59-01:00").ends_with("is outside the years 0001 to 9999"));
    }

    #[test]
    fn a_text_that_is_not_a_time_is_shown_with_an_example() {
        for refused in ["yesterday", "", "2026-02-30T00:00:00Z", "2026-11-23 00:00:00"] {
            assert_eq!(parsed(refused), format!("time: {refused:?} is not a time like 2026-01-31T23:59:59Z"));
        }
    }

    #[test]
    fn now_comes_back_from_text_and_json_as_it_was() {
        let now = Timestamp::now();
        assert_eq!(now.to_string().parse::<Timestamp>().unwrap(), now);
        assert_eq!(serde_json::from_str::<Timestamp>(&serde_json::to_string(&now).unwrap()).unwrap(), now);
        assert!(now > Timestamp::default());
        assert_eq!(now.utc().timestamp_subsec_nanos() % 1_000, 0);
    }

    #[test]
    fn a_clock_before_1970_or_beyond_the_years_gives_a_timestamp() {
        let before = |seconds, nanos| Timestamp::at(UNIX_EPOCH - Duration::new(seconds, nanos)).to_string();
        let after = |seconds| Timestamp::at(UNIX_EPOCH + Duration::from_secs(seconds)).to_string();
        assert_eq!(before(0, 1), "1969-12-31T23:59:59.999999Z");
        assert_eq!(before(86_400, 0), "1969-12-31T00:00:00Z");
        assert_eq!(before(100_000_000_000, 0), "0001-01-01T00:00:00Z");
        assert_eq!(after(0), "1970-01-01T00:00:00Z");
        assert_eq!(after(1_000_000_000_000), "9999-12-31T23:59:59.999999Z");
    }

    #[test]
    fn the_default_is_the_start_of_1970() {
        assert_eq!(Timestamp::default().to_string(), "1970-01-01T00:00:00Z");
    }
}
