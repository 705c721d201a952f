//! `Slow`: a statement that took longer than the echo's limit, which becomes a warning.

use std::time::Duration;

use super::Engine;

/// A statement that took too long.
#[derive(Debug)]
pub(super) struct Slow {
    /// Its text, and the values of its parameters as Diesel's debug output has them.
    pub(super) sql: String,
    pub(super) binds: String,
    /// Text and values as they may be shown.
    pub(super) shown: (String, String),
    pub(super) hides_values: bool,
    pub(super) rows: Option<usize>,
    pub(super) took: Duration,
    pub(super) error: Option<String>,
}

impl Slow {
    /// Whether the engine is asked for its plan: only for a SELECT that has succeeded, and not if the plan would show
    /// values that the echo hides.
    pub(super) fn has_plan(&self, engine: Engine) -> bool {
        let hidden = self.hides_values && engine.plans_with_values();
        self.error.is_none() && self.sql.starts_with("SELECT") && !hidden
    }

    /// Writes the warning.
    pub(super) fn warn(&self, plan: Option<&str>) {
        let (sql, binds) = &self.shown;
        let (rows, micros, error) = (self.rows, self.took.as_micros(), self.error.as_deref());
        tracing::warn!(
            target: "diesel_session::slow",
            sql,
            binds,
            rows,
            micros,
            error,
            plan,
            "a statement took longer than 'EchoOptions::slow'"
        );
    }
}
