//! Records the SQL echo of the thread that it is made on.

use std::cell::RefCell;
use std::fmt;
use std::sync::Once;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// One event of the echo.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sent {
    pub sql: String,
    pub binds: String,
    pub rows: Option<u64>,
    pub timed: bool,
    pub error: Option<String>,
}

thread_local! {
    /// What the recorder of this thread has collected; `None` while there is no recorder.
    static SENT: RefCell<Option<Vec<Sent>>> = const { RefCell::new(None) };
}

/// Collects the events of its thread from its making to its end.
pub struct Recorder(());

impl Recorder {
    /// Makes the echo heard in this process. A database that echoes must be opened after this: a statement that is
    /// sent while nobody listens can leave the echo switched off for those who listen later.
    pub fn install() {
        static INSTALLED: Once = Once::new();
        INSTALLED.call_once(|| {
            tracing::subscriber::set_global_default(Collector).expect("no other subscriber in this process");
        });
    }

    pub fn start() -> Self {
        Self::install();
        SENT.set(Some(Vec::new()));
        Self(())
    }

    /// What was sent since the last call.
    pub fn take(&self) -> Vec<Sent> {
        SENT.replace(Some(Vec::new())).unwrap_or_default()
    }

    /// The SQL texts sent since the last call, quotes left out for reading.
    pub fn sql(&self) -> Vec<String> {
        self.take().into_iter().map(|sent| sent.sql.replace(['`', '"'], "")).collect()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        SENT.set(None);
    }
}

struct Collector;

impl Subscriber for Collector {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "folio::sql"
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        SENT.with_borrow_mut(|collected| {
            if let Some(collected) = collected {
                let mut sent = Sent::default();
                event.record(&mut Fields(&mut sent));
                collected.push(sent);
            }
        });
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Fields<'a>(&'a mut Sent);

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "sql" => self.0.sql = value.to_owned(),
            "binds" => self.0.binds = value.to_owned(),
            "error" => self.0.error = Some(value.to_owned()),
            _ => {}
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "rows" {
            self.0.rows = Some(value);
        }
    }

    fn record_u128(&mut self, field: &Field, _: u128) {
        self.0.timed |= field.name() == "micros";
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}
