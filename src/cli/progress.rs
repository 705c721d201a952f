//! The progress of an import, a copy or an adoption, shown on a terminal only.

use std::cell::OnceCell;
use std::time::{Duration, Instant};

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

/// Work that is done sooner shows no progress, which would only flicker.
const SOON: Duration = Duration::from_millis(300);

/// Shows how many of a known number of rows are processed, and clears it on drop.
pub(super) struct RowProgress {
    /// Once it is worth showing.
    bar: OnceCell<ProgressBar>,
    began: Instant,
}

impl RowProgress {
    pub(super) fn new() -> Self {
        Self { bar: OnceCell::new(), began: Instant::now() }
    }

    /// Shows that `done` of `total` rows are processed, most recently rows of `table`.
    pub(super) fn show(&self, doing: &'static str, table: &'static str, done: u64, total: u64) {
        if self.began.elapsed() < SOON || !stderr::is_terminal() {
            return;
        }
        let bar = self.bar.get_or_init(|| {
            let bar = ProgressBar::new(total).with_style(style("{prefix} {bar:24} {percent:>3} % {msg}"));
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        bar.set_length(total);
        bar.set_position(done);
        bar.set_prefix(doing);
        bar.set_message(table);
    }
}

impl Drop for RowProgress {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
