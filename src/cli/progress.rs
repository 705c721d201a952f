//! How far an import or a copy has come, on a person's terminal; elsewhere it shows nothing.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::stderr;
use crate::exchange::Progress;

/// Shows the reading of one input, and is gone from the screen when it is dropped.
pub(super) struct Meter {
    bar: ProgressBar,
    reading: Progress,
}

impl Meter {
    pub(super) fn new(name: &str, reading: Progress) -> Self {
        let bar = match reading.total() {
            _ if !stderr::listens() => return Self { bar: ProgressBar::hidden(), reading },
            Some(bytes) => ProgressBar::new(bytes).with_style(style("{prefix} {bar:24} {percent:>3} % {msg}")),
            None => ProgressBar::no_length().with_style(style("{prefix} {spinner} {decimal_bytes} {msg}")),
        };
        bar.set_prefix(stderr::safe(name));
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar, reading }
    }

    /// Shows how far the input is read, and what came of it.
    pub(super) fn show(&self, tally: &str) {
        self.bar.set_position(self.reading.read());
        self.bar.set_message(tally.to_owned());
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Shows how many of a known number of rows are done, and is gone from the screen when it is dropped.
pub(super) struct Count(ProgressBar);

impl Count {
    pub(super) fn new() -> Self {
        if !stderr::listens() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::no_length().with_style(style("{prefix} {bar:24} {percent:>3} % {msg}"));
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    /// Shows that `done` of `total` rows are done, those of `table` last.
    pub(super) fn show(&self, doing: &'static str, table: &'static str, done: u64, total: u64) {
        self.0.set_length(total);
        self.0.set_position(done);
        self.0.set_prefix(doing);
        self.0.set_message(table);
    }
}

impl Drop for Count {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
