//! A clock that a test sets.

use std::time::Duration;

use diesel_session::prelude::*;
use diesel_session::testing::Clock;

use crate::tags::NewTag;

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn the_time_is_the_clocks_until_it_is_dropped() {
    let clock = Clock::at(time("2000-02-28T23:59:59.999999Z"));
    assert_eq!(Timestamp::now(), time("2000-02-28T23:59:59.999999Z"));
    clock.advance(Duration::from_micros(1));
    assert_eq!(NewTag::new("a").unwrap().made_at, time("2000-02-29T00:00:00Z"));
    clock.set(time("1999-01-01T00:00:00Z"));
    assert_eq!(Timestamp::now(), time("1999-01-01T00:00:00Z"));
    drop(clock);
    assert!(Timestamp::now() > time("2026-01-01T00:00:00Z"));
}

#[test]
fn other_threads_have_the_systems_time() {
    let _clock = Clock::at(time("2000-01-01T00:00:00Z"));
    let other = std::thread::spawn(Timestamp::now).join().unwrap();
    assert!(other > time("2026-01-01T00:00:00Z"));
}

#[test]
fn the_end_of_the_years_is_not_passed() {
    let clock = Clock::at(time("9999-12-31T23:59:59Z"));
    clock.advance(Duration::from_secs(1));
    clock.advance(Duration::MAX);
    assert_eq!(Timestamp::now(), time("9999-12-31T23:59:59Z"));
}
