//! How far an import has come, on a person's terminal; elsewhere it shows nothing.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::output::printable;
use super::talk;
use crate::exchange::Progress;

/// Shows the reading of one input, and is gone from the screen when it is dropped.
pub(super) struct Meter {
    bar: ProgressBar,
    reading: Progress,
}

impl Meter {
    pub(super) fn new(name: &str, reading: Progress) -> Self {
        let bar = match reading.total() {
            _ if !talk::listens() => return Self { bar: ProgressBar::hidden(), reading },
            Some(bytes) => ProgressBar::new(bytes).with_style(style("{prefix} {bar:24} {percent:>3} % {msg}")),
            None => ProgressBar::no_length().with_style(style("{prefix} {spinner} {decimal_bytes} {msg}")),
        };
        bar.set_prefix(printable(name).into_owned());
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

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
