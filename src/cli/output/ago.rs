//! Times as a person thinks of them: how long ago they were.

use chrono::{DateTime, TimeDelta, Utc};

/// How long before `now` a time was, in words: `3 hours ago`; of one to come, `in 3 hours`.
pub(super) fn in_words(moment: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let (number, unit) = age(now - moment);
    let unit = match unit {
        Unit::Seconds => return "just now".to_owned(),
        Unit::Minutes => "minute",
        Unit::Hours => "hour",
        Unit::Days => "day",
        Unit::Months => "month",
        Unit::Years => "year",
    };
    let plural = if number == 1 { "" } else { "s" };
    if moment > now { format!("in {number} {unit}{plural}") } else { format!("{number} {unit}{plural} ago") }
}

/// The same in the notation in which the options of lists take it: `3h`; of a time to come, `+3h`.
pub(super) fn in_short(moment: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let (number, unit) = age(now - moment);
    let unit = match unit {
        Unit::Seconds => return "now".to_owned(),
        Unit::Minutes => "m",
        Unit::Hours => "h",
        Unit::Days => "d",
        Unit::Months => "mo",
        Unit::Years => "y",
    };
    format!("{}{number}{unit}", if moment > now { "+" } else { "" })
}

enum Unit {
    Seconds,
    Minutes,
    Hours,
    Days,
    Months,
    Years,
}

/// The length of a time in the greatest unit of which it has one whole, rounded down.
fn age(delta: TimeDelta) -> (i64, Unit) {
    let delta = delta.abs();
    let (minutes, hours, days) = (delta.num_minutes(), delta.num_hours(), delta.num_days());
    match (minutes, hours, days) {
        (0, ..) => (0, Unit::Seconds),
        (_, 0, _) => (minutes, Unit::Minutes),
        (_, _, 0) => (hours, Unit::Hours),
        (_, _, ..30) => (days, Unit::Days),
        // Of a year less some days there are not yet twelve months.
        (_, _, ..365) => ((days / 30).min(11), Unit::Months),
        _ => (days / 365, Unit::Years),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_in_its_greatest_whole_unit() {
        let now = DateTime::parse_from_rfc3339("2026-03-31T12:30:00Z").unwrap().to_utc();
        for (moment, words, short) in [
            ("2026-03-31T12:29:01Z", "just now", "now"),
            ("2026-03-31T12:30:59Z", "just now", "now"),
            ("2026-03-31T12:29:00Z", "1 minute ago", "1m"),
            ("2026-03-31T11:30:01Z", "59 minutes ago", "59m"),
            ("2026-03-31T11:30:00Z", "1 hour ago", "1h"),
            ("2026-03-30T12:30:01Z", "23 hours ago", "23h"),
            ("2026-03-29T12:30:00Z", "2 days ago", "2d"),
            ("2026-03-01T12:30:00Z", "1 month ago", "1mo"),
            ("2025-04-01T12:30:00Z", "11 months ago", "11mo"),
            ("2025-03-31T12:30:00Z", "1 year ago", "1y"),
            ("0001-01-01T00:00:00Z", "2026 years ago", "2026y"),
            ("2026-04-02T12:30:00Z", "in 2 days", "+2d"),
        ] {
            let moment = DateTime::parse_from_rfc3339(moment).unwrap().to_utc();
            assert_eq!((&*in_words(moment, now), &*in_short(moment, now)), (words, short), "{moment}");
        }
    }
}
