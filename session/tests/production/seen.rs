//! What a program sees of its units, on each engine (191 to 193), and the `tracing` subscriber that collects it.

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
    /// The warnings about repeated statements.
    pub repeats: Vec<Fields>,
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
        if attributes.metadata().name() == "unit" {
            SEEN.with_borrow_mut(|seen| seen.units.insert(id, fields.0));
        }
        Id::from_u64(id)
    }

    fn record(&self, span: &Id, record: &Record<'_>) {
        let mut fields = Texts::default();
        record.record(&mut fields);
        SEEN.with_borrow_mut(|seen| {
            if let Some(unit) = seen.units.get_mut(&span.into_u64()) {
                unit.extend(fields.0);
            }
        });
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        if event.metadata().target() == "diesel_session::repeats" {
            let mut fields = Texts::default();
            event.record(&mut fields);
            SEEN.with_borrow_mut(|seen| seen.repeats.push(fields.0));
        }
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
