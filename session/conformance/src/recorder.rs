//! Records the SQL echo of the thread that it is made on.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::sync::Once;

use diesel_session::connection::Engine;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// One event of the echo.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sent {
    /// Its text.
    pub sql: String,
    /// The values of its parameters.
    pub binds: String,
    /// The number of rows it matched, if the session counted them.
    pub rows: Option<u64>,
    /// Whether it has a duration.
    pub timed: bool,
    /// The error it failed with.
    pub error: Option<String>,
}

thread_local! {
    /// The events that this thread's recorder has collected; `None` while there is no recorder.
    static SENT: RefCell<Option<Vec<Sent>>> = const { RefCell::new(None) };
    /// The engine that this thread's test runs on.
    static ENGINE: Cell<Option<Engine>> = const { Cell::new(None) };
}

/// Collects the events of its thread from its creation to its end.
#[derive(Debug)]
pub struct Recorder(());

impl Recorder {
    /// Installs the subscriber that receives the echo in this process. Open a database with an echo only after this: a
    /// statement that is sent without a subscriber can leave the echo switched off for later ones.
    ///
    /// SQL that is specific to `engine` is recorded as SQLite would write it.
    ///
    /// # Panics
    ///
    /// When the process has another `tracing` subscriber.
    pub fn install(engine: Engine) {
        ENGINE.set(Some(engine));
        static INSTALLED: Once = Once::new();
        INSTALLED.call_once(|| {
            tracing::subscriber::set_global_default(Collector).expect("no other subscriber in this process");
        });
    }

    /// Starts a record of this thread.
    pub fn start() -> Self {
        Self::install(ENGINE.get().unwrap_or(Engine::Sqlite));
        SENT.set(Some(Vec::new()));
        Self(())
    }

    /// The events since the last call.
    pub fn take(&self) -> Vec<Sent> {
        let mut sent = SENT.replace(Some(Vec::new())).unwrap_or_default();
        sent.retain(|sent| !asks_for_keys(&sent.sql));
        match ENGINE.get() {
            None | Some(Engine::Sqlite) => sent,
            Some(_) => translated(sent),
        }
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

/// Whether a statement asks for the source of keys, which is asked once per table, with different SQL on each engine.
fn asks_for_keys(sql: &str) -> bool {
    ["SHOW COLUMNS FROM", "information_schema.", "pragma_table_list", "pg_attribute", "pg_trigger"]
        .iter()
        .any(|word| sql.contains(word))
}

/// The statements sent to a server, translated to SQLite's SQL, so that one test can assert them on every engine.
fn translated(sent: Vec<Sent>) -> Vec<Sent> {
    let mut translated: Vec<Sent> = Vec::new();
    for mut statement in sent {
        let bare = statement.sql.replace(['`', '"'], "");
        if let Some(before) = translated.last_mut()
            && let Some((columns, _)) =
                bare.strip_prefix("SELECT ").and_then(|rest| rest.split_once(", id - CAST(LAST_INSERT_ID()"))
        {
            // The rows read back are those that RETURNING gives.
            before.sql = format!("{} RETURNING {columns}", before.sql);
            before.rows = statement.rows;
            continue;
        }
        if let Some(before) = translated.last_mut()
            && let Some(columns) = known_keys(&before.sql, &bare)
        {
            before.sql = format!("{} RETURNING {columns}", before.sql);
            continue;
        }
        statement.sql = match bare.as_str() {
            "BEGIN" => "BEGIN IMMEDIATE".to_owned(),
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
            | "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY" => {
                "BEGIN".to_owned()
            }
            _ => placeholders(&bare),
        };
        translated.push(statement);
    }
    translated
}

/// The RETURNING clause for a `select` that reads back, by the keys sent, the columns that `insert` left to the
/// database.
fn known_keys(insert: &str, select: &str) -> Option<String> {
    let (table, rest) = insert.strip_prefix("INSERT INTO ")?.split_once(" (")?;
    let (sent, rest) = rest.split_once(')')?;
    let (columns, condition) = select.strip_prefix("SELECT ")?.split_once(&format!(" FROM {table} WHERE "))?;
    let sent: Vec<&str> = sent.split(", ").collect();
    let made = columns.split(", ").filter(|column| !sent.contains(column));
    let keys = sent.iter().copied().filter(|column| condition.split([' ', '(', ')', ',']).any(|word| word == *column));
    let returned: Vec<&str> = made.clone().chain(keys).collect();
    (made.count() > 0 && !rest.contains(" RETURNING ")).then(|| returned.join(", "))
}

/// `$1`, `$2`, … as `?`.
fn placeholders(sql: &str) -> String {
    let mut parts = sql.split('$');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |sql, part| sql + "?" + part.trim_start_matches(|c: char| c.is_ascii_digit()))
}

struct Collector;

impl Subscriber for Collector {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "diesel_session::sql"
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
