//! Times on the command line, in five notations.

use chrono::{DateTime, Days, Months, NaiveDate, NaiveDateTime, TimeDelta, Utc};

use folio::error::{Error, Result};
use folio::types::Timestamp;

/// A time, as [`read`] reads it now.
pub(super) fn when(text: &str) -> Result<Timestamp> {
    read(text, Timestamp::now().utc())
}

/// A time in UTC: a day (`2026-01-31`), a time of a day (`2026-01-31T23:59`, with seconds and a time zone if wanted),
/// an age (`90m`, `36h`, `7d`, `2w`, `6mo`, `1y` before now), a word (`now`, `today`, `yesterday`), or the seconds since
/// 1970 (`@1767225600`).
fn read(text: &str, now: DateTime<Utc>) -> Result<Timestamp> {
    let refused = || {
        let problem = format!(
            "{text:?} is not one: write a day (2026-01-31), a time (2026-01-31T23:59, 2026-01-31T23:59:59+01:00), an \
             age (90m, 36h, 7d, 2w, 6mo, 1y), 'today' or 'yesterday', or seconds since 1970 (@1767225600)"
        );
        Error::value("time", problem)
    };
    let moment = moment(text.trim(), now).ok_or_else(refused)?;
    Timestamp::try_from(moment).map_err(|_| refused())
}

fn moment(text: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let midnight = |day: NaiveDate| day.and_hms_opt(0, 0, 0).map(|moment| moment.and_utc());
    match text.to_ascii_lowercase().as_str() {
        "now" => return Some(now),
        "today" => return midnight(now.date_naive()),
        "yesterday" => return midnight(now.date_naive().checked_sub_days(Days::new(1))?),
        _ => {}
    }
    if let Some(seconds) = text.strip_prefix('@') {
        return DateTime::from_timestamp(seconds.parse().ok()?, 0);
    }
    if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return midnight(day);
    }
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Some(moment.to_utc());
    }
    for form in ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"] {
        if let Ok(moment) = NaiveDateTime::parse_from_str(text, form) {
            return Some(moment.and_utc());
        }
    }
    before(text, now)
}

/// The time that was an age ago.
fn before(text: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let unit = text.find(|character: char| !character.is_ascii_digit())?;
    let (number, unit) = text.split_at(unit);
    let number: u32 = number.parse().ok()?;
    let of = |delta: Option<TimeDelta>| now.checked_sub_signed(delta?);
    match unit {
        "m" | "min" => of(TimeDelta::try_minutes(number.into())),
        "h" => of(TimeDelta::try_hours(number.into())),
        "d" => of(TimeDelta::try_days(number.into())),
        "w" => of(TimeDelta::try_weeks(number.into())),
        "mo" => now.checked_sub_months(Months::new(number)),
        "y" => now.checked_sub_months(Months::new(number.checked_mul(12)?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_notation_is_read() {
        let now = DateTime::parse_from_rfc3339("2026-03-31T12:30:00Z").unwrap().to_utc();
        for (text, expected) in [
            ("2026-01-31", "2026-01-31T00:00:00Z"),
            ("2026-01-31T23:59", "2026-01-31T23:59:00Z"),
            ("2026-01-31 23:59:58.5", "2026-01-31T23:59:58.500Z"),
            ("2026-01-31T23:59:59+01:00", "2026-01-31T22:59:59Z"),
            ("90m", "2026-03-31T11:00:00Z"),
            ("36h", "2026-03-30T00:30:00Z"),
            ("7d", "2026-03-24T12:30:00Z"),
            ("2w", "2026-03-17T12:30:00Z"),
            ("1mo", "2026-02-28T12:30:00Z"),
            ("2y", "2024-03-31T12:30:00Z"),
            ("Today", "2026-03-31T00:00:00Z"),
            ("yesterday", "2026-03-30T00:00:00Z"),
            ("now", "2026-03-31T12:30:00Z"),
            ("@1767225600", "2026-01-01T00:00:00Z"),
        ] {
            assert_eq!(read(text, now).unwrap().to_string(), expected, "{text}");
        }
        for bad in ["", "7", "d", "-7d", "7x", "2026-02-30", "@x", "@99999999999999", "31.01.2026", "4000000000y"] {
            let said = read(bad, now).unwrap_err().to_string();
            assert!(said.starts_with(&format!("time: {bad:?} is not one: write a day (2026-01-31), ")), "{said}");
        }
    }
}
