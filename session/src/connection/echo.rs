//! The SQL echo: one `tracing` event per statement, with its text, parameters, row count and duration.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use diesel::connection::{Instrumentation, InstrumentationEvent};
use tracing::Span;

use super::slow::Slow;
use super::statement_span;

/// What the echo shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct EchoOptions {
    /// Whether the values of parameters are shown; `false` keeps data out of the log.
    pub binds: bool,
    /// Longer parameters and statements are cut to this many characters.
    pub longest: usize,
    /// A SELECT that is sent this many times in one transaction, whatever its parameters, is a warning; 0 turns that off.
    pub repeats: u32,
    /// A statement that takes longer is a warning, with the engine's plan if it is a session's SELECT; zero turns that
    /// off.
    pub slow: Duration,
}

impl Default for EchoOptions {
    fn default() -> Self {
        Self { binds: true, longest: 2_000, repeats: 0, slow: Duration::ZERO }
    }
}

/// What Diesel's debug output has between a statement and its values.
const BINDS: &str = " -- binds: ";

/// Writes every statement of a connection to `tracing`, target `diesel_session::sql`, level `DEBUG`.
///
/// Fields: `sql`, `binds`, `rows` (where the statement went through a session), `micros`, and `error` if it failed.
/// Diesel reports a statement before its rows are counted, so the event of a session's statement is held here until the
/// count is known; those of plain Diesel are written at once.
///
/// Each statement is also a span, target `diesel_session::statement`, level `DEBUG`, which lasts from its sending to its
/// answer and has the attributes of OpenTelemetry's semantic conventions: `db.system.name`, `db.query.text`,
/// `db.operation.name`, `db.collection.name`, `db.response.returned_rows`, `error.type`.
///
/// ```
/// use diesel::Connection as _;
/// use diesel_session::connection::{Echo, EchoOptions};
///
/// let mut connection = diesel_session::connection::open_sqlite(None, diesel_session::connection::SqliteAccess::Create, 0)?;
/// let echo = Echo::new(EchoOptions::default());
/// connection.set_instrumentation(echo.clone());
/// # Ok::<(), diesel_session::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Echo {
    options: EchoOptions,
    /// The name of the database system, by OpenTelemetry's conventions.
    system: &'static str,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    started: Option<Instant>,
    /// Statements that run now are not written.
    silent: bool,
    /// One statement is being repeated until it succeeds.
    retrying: bool,
    /// A session is running a statement and will report its row count.
    awaiting_rows: bool,
    finished: Option<Finished>,
    /// The span of the statement that is under way.
    span: Option<Span>,
    /// A session's statement that took too long.
    slow: Option<Slow>,
    /// How often each SELECT was sent in this transaction, if that is watched.
    repeated: HashMap<String, u32>,
}

#[derive(Debug)]
struct Finished {
    text: String,
    took: Duration,
    error: Option<String>,
    error_type: Option<&'static str>,
    span: Span,
}

impl Echo {
    /// An echo for one connection.
    #[must_use]
    pub fn new(options: EchoOptions) -> Self {
        Self { options, system: "other_sql", state: Arc::default() }
    }

    /// This echo, for a connection to the database system that OpenTelemetry's conventions call `name`: `sqlite`,
    /// `postgresql`, `mysql`, `mariadb`.
    #[must_use]
    pub fn of_system(self, name: &'static str) -> Self {
        Self { system: name, ..self }
    }

    /// From now until [`record_outcome`](Self::record_outcome), a finished statement is held until its row count is
    /// known.
    pub(crate) fn expect_rows(&self) {
        self.state().awaiting_rows = true;
    }

    /// Records the outcome of the statement that just ended: its row count, or the error that occurred only while
    /// reading its rows.
    pub(crate) fn record_outcome(&self, rows: Result<usize, &diesel::result::Error>) {
        let mut state = self.state();
        state.awaiting_rows = false;
        if let Some(mut finished) = state.finished.take() {
            if let (None, Err(error)) = (&finished.error, rows) {
                finished.error = Some(error.to_string());
                finished.error_type = Some(statement_span::error_type(error));
            }
            state.slow = self.write(&finished, rows.ok());
        }
    }

    /// The statement whose outcome was just recorded, if it took too long.
    pub(super) fn take_slow(&self) -> Option<Slow> {
        if self.options.slow.is_zero() { None } else { self.state().slow.take() }
    }

    /// Runs `work` without writing its statements.
    pub(crate) fn silenced<T>(&self, work: impl FnOnce() -> T) -> T {
        self.state().silent = true;
        let done = work();
        self.state().silent = false;
        done
    }

    /// Runs `work`, which repeats one statement until it succeeds, and writes only the last attempt, with the total
    /// time.
    pub(crate) fn as_one<T>(&self, work: impl FnOnce() -> T) -> T {
        {
            let mut state = self.state();
            state.retrying = true;
            state.started = None;
            state.span = None;
        }
        let done = work();
        let mut state = self.state();
        state.retrying = false;
        state.span = None;
        if let Some(last) = state.finished.take() {
            self.write_alone(&last);
        }
        done
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a statement of which the session knows no rows: plain Diesel's, or one that begins or ends a transaction.
    fn write_alone(&self, finished: &Finished) {
        if let Some(slow) = self.write(finished, None) {
            slow.warn(None);
        }
    }

    /// Writes a statement, and returns it if it took too long.
    fn write(&self, finished: &Finished, rows: Option<usize>) -> Option<Slow> {
        let (sql, binds) = finished.text.split_once(BINDS).unwrap_or((&finished.text, "[]"));
        #[cfg(feature = "testing")]
        super::record::add(|| super::record::Sent {
            sql: sql.to_owned(),
            binds: binds.to_owned(),
            rows,
            error: finished.error.clone(),
        });
        let shown = (self.cut(sql), if self.options.binds { self.cut(binds) } else { "[hidden]".to_owned() });
        let micros = finished.took.as_micros();
        let error = finished.error.as_deref();
        statement_span::record(&finished.span, sql, rows, finished.error_type);
        finished.span.in_scope(|| {
            let (sql, binds) = &shown;
            tracing::debug!(target: "diesel_session::sql", sql, binds, rows, micros, error);
        });
        let is_slow = !self.options.slow.is_zero() && finished.took > self.options.slow;
        is_slow.then(|| Slow {
            sql: sql.to_owned(),
            binds: binds.to_owned(),
            shown,
            hides_values: !self.options.binds,
            rows,
            took: finished.took,
            error: finished.error.clone(),
        })
    }

    /// Counts a SELECT, and warns if it is sent once for each of many rows.
    fn count(&self, state: &mut State, text: &str) {
        let sql = text.split_once(BINDS).map_or(text, |(sql, _)| sql);
        if self.options.repeats == 0 {
            return;
        }
        if ["COMMIT", "ROLLBACK", "BEGIN"].iter().any(|end| sql.starts_with(end)) && !sql.contains("SAVEPOINT") {
            state.repeated.clear();
        } else if sql.starts_with("SELECT") {
            let times = state.repeated.entry(sql.to_owned()).or_default();
            *times += 1;
            if *times == self.options.repeats {
                let sql = self.cut(sql);
                tracing::warn!(
                    target: "diesel_session::repeats",
                    sql,
                    times = *times,
                    "a SELECT was sent many times in one transaction; 'children', 'parents', 'get_many' and \
                     'load_related' find the rows of many by one"
                );
            }
        }
    }

    fn cut(&self, text: &str) -> String {
        match text.char_indices().nth(self.options.longest) {
            None => text.to_owned(),
            Some((end, _)) => format!("{}… ({} bytes in all)", &text[..end], text.len()),
        }
    }
}

impl Instrumentation for Echo {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if self.state().silent {
            return;
        }
        match event {
            InstrumentationEvent::StartQuery { query, .. } => {
                let mut state = self.state();
                let open = || {
                    statement_span::open(self.system, || {
                        let text = query.to_string();
                        self.cut(text.split_once(BINDS).map_or(&*text, |(sql, _)| sql))
                    })
                };
                if state.retrying {
                    state.started.get_or_insert_with(Instant::now);
                    state.span.get_or_insert_with(open);
                    return;
                }
                if let Some(finished) = state.finished.take() {
                    self.write_alone(&finished);
                }
                state.started = Some(Instant::now());
                state.span = Some(open());
            }
            InstrumentationEvent::FinishQuery { query, error, .. } => {
                #[cfg(feature = "mysql")]
                super::packet::watch(query, error);
                let text = query.to_string();
                let mut state = self.state();
                self.count(&mut state, &text);
                let took = state.started.map_or(Duration::ZERO, |started| started.elapsed());
                let span = if state.retrying { state.span.clone() } else { state.span.take() };
                let finished = Finished {
                    text,
                    took,
                    error: error.map(ToString::to_string),
                    error_type: error.map(statement_span::error_type),
                    span: span.unwrap_or_else(Span::none),
                };
                if state.awaiting_rows || state.retrying {
                    state.finished = Some(finished);
                } else {
                    self.write_alone(&finished);
                }
            }
            _ => {}
        }
    }
}
