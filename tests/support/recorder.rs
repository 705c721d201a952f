//! Records the SQL echo of the thread that it is made on.

use std::fmt;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
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

/// Collects the events from its making to its end.
pub struct Recorder {
    sent: Arc<Mutex<Vec<Sent>>>,
    _guard: DefaultGuard,
}

impl Recorder {
    pub fn start() -> Self {
        let sent = Arc::<Mutex<Vec<Sent>>>::default();
        let guard = tracing::subscriber::set_default(Collector(Arc::clone(&sent)));
        Self { sent, _guard: guard }
    }

    /// What was sent since the last call.
    pub fn take(&self) -> Vec<Sent> {
        std::mem::take(&mut *self.sent.lock().unwrap())
    }

    /// The SQL texts sent since the last call, quotes left out for reading.
    pub fn sql(&self) -> Vec<String> {
        self.take().into_iter().map(|sent| sent.sql.replace(['`', '"'], "")).collect()
    }
}

struct Collector(Arc<Mutex<Vec<Sent>>>);

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
        let mut sent = Sent::default();
        event.record(&mut Fields(&mut sent));
        self.0.lock().unwrap().push(sent);
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
