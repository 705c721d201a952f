//! The progress of an import or a copy, shown on a terminal only.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::stderr;
use folio::exchange::Progress;

/// Shows the progress of reading one input, and clears it on drop.
pub(super) struct InputProgress {
    bar: ProgressBar,
    reading: Progress,
}

impl InputProgress {
    pub(super) fn new(name: &str, reading: Progress) -> Self {
        let bar = match reading.total() {
            _ if !stderr::is_terminal() => return Self { bar: ProgressBar::hidden(), reading },
            Some(bytes) => ProgressBar::new(bytes).with_style(style("{prefix} {bar:24} {percent:>3} % {msg}")),
            None => ProgressBar::no_length().with_style(style("{prefix} {spinner} {decimal_bytes} {msg}")),
        };
        bar.set_prefix(stderr::safe(name));
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar, reading }
    }

    /// Shows how much of the input was read, and the outcome so far.
    pub(super) fn show(&self, tally: &str) {
        self.bar.set_position(self.reading.read());
        self.bar.set_message(tally.to_owned());
    }
}

impl Drop for InputProgress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Shows how many of a known number of rows are processed, and clears it on drop.
pub(super) struct RowProgress(ProgressBar);

impl RowProgress {
    pub(super) fn new() -> Self {
        if !stderr::is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::no_length().with_style(style("{prefix} {bar:24} {percent:>3} % {msg}"));
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    /// Shows that `done` of `total` rows are processed, most recently rows of `table`.
    pub(super) fn show(&self, doing: &'static str, table: &'static str, done: u64, total: u64) {
        self.0.set_length(total);
        self.0.set_position(done);
        self.0.set_prefix(doing);
        self.0.set_message(table);
    }
}

impl Drop for RowProgress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
