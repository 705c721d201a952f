//! What a program sees of its units, on each engine (191 to 196), and the `tracing` subscriber that collects it.

#[cfg(feature = "mysql")]
#[path = "m_seen.rs"]
mod mariadb;
#[cfg(feature = "mysql")]
#[path = "m_seen.rs"]
mod mysql;
#[cfg(feature = "postgres")]
#[path = "m_seen.rs"]
mod postgres;
#[cfg(feature = "sqlite")]
#[path = "m_seen.rs"]
mod sqlite;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// The fields of a span or an event, as text.
type Fields = BTreeMap<&'static str, String>;

/// What a thread has seen.
#[derive(Debug, Default)]
pub struct Seen {
    /// The spans of units, by their ids.
    pub units: BTreeMap<u64, Fields>,
    /// The spans of statements, by their ids.
    pub statements: BTreeMap<u64, Fields>,
    /// The events of the echo, and of its warnings about repeated and slow statements.
    pub sql: Vec<Fields>,
    pub repeats: Vec<Fields>,
    pub slow: Vec<Fields>,
}

thread_local! {
    static SEEN: RefCell<Seen> = RefCell::default();
}

/// Installs the subscriber, before a callsite of it is first used, and returns what `work` makes it see.
pub fn seen(work: impl FnOnce()) -> Seen {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| tracing::subscriber::set_global_default(Collector).unwrap());
    SEEN.take();
    work();
    SEEN.take()
}

struct Collector;

impl Subscriber for Collector {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let mut fields = Texts::default();
        attributes.record(&mut fields);
        SEEN.with_borrow_mut(|seen| match attributes.metadata().name() {
            "unit" => seen.units.insert(id, fields.0),
            "statement" => seen.statements.insert(id, fields.0),
            _ => None,
        });
        Id::from_u64(id)
    }

    fn record(&self, span: &Id, record: &Record<'_>) {
        let mut fields = Texts::default();
        record.record(&mut fields);
        SEEN.with_borrow_mut(|seen| {
            let Seen { units, statements, .. } = seen;
            for spans in [units, statements] {
                if let Some(span) = spans.get_mut(&span.into_u64()) {
                    span.extend(fields.0.clone());
                }
            }
        });
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Texts::default();
        event.record(&mut fields);
        SEEN.with_borrow_mut(|seen| match event.metadata().target() {
            "diesel_session::sql" => seen.sql.push(fields.0),
            "diesel_session::repeats" => seen.repeats.push(fields.0),
            "diesel_session::slow" => seen.slow.push(fields.0),
            _ => {}
        });
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Texts(Fields);

impl Visit for Texts {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}
