//! `UnitSpan`: the `tracing` span of a named unit of work, and what the unit records in it when it ends. Its name as an
//! OpenTelemetry span is the unit's.

use std::time::Instant;

use tracing::Span;
use tracing::field::Empty;

use crate::connection::SessionConnection;
use crate::session::Session;

/// The span of a unit, with its numbers so far; nothing without a name.
#[derive(Debug)]
pub(super) struct UnitSpan {
    span: Span,
    began: Instant,
    attempts: u32,
    statements: u64,
    rows: u64,
}

impl UnitSpan {
    pub(super) fn new(name: Option<&str>) -> Self {
        let span = name.map_or_else(Span::none, |name| {
            tracing::info_span!(
                "unit",
                otel.name = name,
                name,
                attempts = Empty,
                statements = Empty,
                rows = Empty,
                micros = Empty
            )
        });
        Self { span, began: Instant::now(), attempts: 0, statements: 0, rows: 0 }
    }

    /// The span itself.
    pub(super) fn span(&self) -> Span {
        self.span.clone()
    }

    /// Counts an attempt, which ran on `session`.
    pub(super) fn add<C: SessionConnection>(&mut self, session: &Session<'_, C>) {
        let (statements, rows) = session.seen();
        self.attempts += 1;
        self.statements += statements;
        self.rows += rows;
    }
}

impl Drop for UnitSpan {
    fn drop(&mut self) {
        let Self { span, began, attempts, statements, rows } = self;
        if span.is_disabled() {
            return;
        }
        let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        span.record("attempts", *attempts).record("statements", *statements).record("rows", *rows);
        span.record("micros", micros);
    }
}
