//! The library's tracing events on standard error: warnings always, SQL with `--echo`.

use std::fmt::{self, Write as _};
use std::time::Duration;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Registry;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

use super::stderr;

const SQL: &str = "diesel_session::sql";

/// Installs the subscriber for the whole program.
pub(super) fn install(echo: bool) {
    // An existing subscriber is kept.
    let _ = tracing::subscriber::set_global_default(Registry::default().with(StderrLayer { echo }));
}

struct StderrLayer {
    echo: bool,
}

impl<S: Subscriber> Layer<S> for StderrLayer {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        match metadata.target() {
            SQL => self.echo,
            target => target.starts_with("folio::") && *metadata.level() <= Level::WARN,
        }
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == SQL {
            let mut statement = Statement::default();
            event.record(&mut statement);
            stderr::print(&statement.line());
        } else {
            let mut warning = Warning::default();
            event.record(&mut warning);
            stderr::report(&format!("warning: {}{}", warning.message, warning.fields));
        }
    }
}

/// A statement that was sent.
#[derive(Debug, Default)]
struct Statement {
    sql: String,
    binds: String,
    rows: Option<u64>,
    took: Duration,
    error: Option<String>,
}

impl Statement {
    /// `sql: SELECT … -- ["step"] (1 row, 0.12 ms)`
    fn line(&self) -> String {
        let mut line = format!("sql: {}", self.sql);
        let mut add = |text: fmt::Arguments<'_>| {
            // Writing to a String cannot fail.
            let _ = line.write_fmt(text);
        };
        if self.binds != "[]" {
            add(format_args!(" -- {}", self.binds));
        }
        let milliseconds = self.took.as_secs_f64() * 1_000.0;
        match self.rows {
            None => add(format_args!(" ({milliseconds:.2} ms)")),
            Some(1) => add(format_args!(" (1 row, {milliseconds:.2} ms)")),
            Some(rows) => add(format_args!(" ({rows} rows, {milliseconds:.2} ms)")),
        }
        if let Some(error) = &self.error {
            add(format_args!(" FAILED: {error}"));
        }
        // One line per statement, whatever its text.
        line.replace('\n', " ")
    }
}

impl Visit for Statement {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "sql" => self.sql = value.to_owned(),
            "binds" => self.binds = value.to_owned(),
            "error" => self.error = Some(value.to_owned()),
            _ => {}
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "rows" {
            self.rows = Some(value);
        }
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        if field.name() == "micros" {
            self.took = Duration::from_micros(u64::try_from(value).unwrap_or(u64::MAX));
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

/// A warning: its message and its fields.
#[derive(Debug, Default)]
struct Warning {
    message: String,
    fields: String,
}

impl Visit for Warning {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a String cannot fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, "; {name}: {value:?}"),
        };
    }
}
