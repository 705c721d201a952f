//! The columns of records: their names, how a table shows them, and the fields in JSON that they belong to.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Signal, ago, printable};

/// A column of a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// What its name does not tell.
    meaning: Option<&'static str>,
    /// The field of the record in JSON, if it has another name.
    field: Option<&'static str>,
    on_request: bool,
    /// What some of its values signal, which their colours show.
    signals: &'static [(&'static str, Signal)],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Time,
}

impl Column {
    const fn of(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, meaning: None, field: None, on_request: false, signals: &[] }
    }

    /// A left-aligned column.
    #[must_use]
    pub const fn text(name: &'static str) -> Self {
        Self::of(name, Kind::Text)
    }

    /// A column of numbers, right-aligned in a table.
    #[must_use]
    pub const fn number(name: &'static str) -> Self {
        Self::of(name, Kind::Number)
    }

    /// A column of times in RFC 3339. A table shows them to the minute, on a terminal as ages.
    #[must_use]
    pub const fn moment(name: &'static str) -> Self {
        Self::of(name, Kind::Time)
    }

    /// The column, with what its name does not tell, for the pages of the help.
    #[must_use]
    pub const fn meaning(self, meaning: &'static str) -> Self {
        Self { meaning: Some(meaning), ..self }
    }

    /// The column of the field of the record in JSON that has this name.
    #[must_use]
    pub const fn field(self, field: &'static str) -> Self {
        Self { field: Some(field), ..self }
    }

    /// The column, shown only where it is asked for.
    #[must_use]
    pub const fn on_request(self) -> Self {
        Self { on_request: true, ..self }
    }

    /// The column, with what some of its values signal.
    #[must_use]
    pub const fn signals(self, signals: &'static [(&'static str, Signal)]) -> Self {
        Self { signals, ..self }
    }

    /// Whether it is shown only where it is asked for.
    #[must_use]
    pub const fn is_on_request(self) -> bool {
        self.on_request
    }

    /// The name of the record's field in JSON.
    #[must_use]
    pub const fn json_name(self) -> &'static str {
        match self.field {
            Some(field) => field,
            None => self.name,
        }
    }

    /// Its name in the header.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// What a cell signals; one of a time, that it is of less interest than what the record is about.
    #[must_use]
    pub fn signal(self, cell: &str) -> Option<Signal> {
        let named = self.signals.iter().find(|(value, _)| *value == cell).map(|(_, signal)| *signal);
        named.or((self.kind == Kind::Time).then_some(Signal::Quiet))
    }

    /// A cell as a line of its own shows it: of a time, if `now` is known, with its age.
    #[must_use]
    pub fn in_full(self, cell: &str, now: Option<DateTime<Utc>>) -> String {
        let cell = printable(cell);
        match (now, self.moment_in(&cell)) {
            (Some(now), Some(moment)) => format!("{cell} ({})", ago::in_words(moment, now)),
            _ => cell.into_owned(),
        }
    }

    /// A cell as shown in a table, safe on a terminal: a time as its age, if `now` is known.
    pub(super) fn in_table(self, cell: &str, now: Option<DateTime<Utc>>) -> String {
        match (now, self.moment_in(cell), cell.get(..16)) {
            (Some(now), Some(moment), _) => ago::in_words(moment, now),
            (None, Some(_), Some(minute)) => minute.replace('T', " "),
            _ => cell.to_owned(),
        }
    }

    /// A cell as shown in a table that is short of room: a time as its age in short, or its day.
    pub(super) fn in_short(self, cell: &str, now: Option<DateTime<Utc>>) -> String {
        match (now, self.moment_in(cell), cell.get(..10)) {
            (Some(now), Some(moment), _) => ago::in_short(moment, now),
            (None, Some(_), Some(day)) => day.to_owned(),
            _ => cell.to_owned(),
        }
    }

    fn moment_in(self, cell: &str) -> Option<DateTime<Utc>> {
        let of_time = (self.kind == Kind::Time).then_some(cell)?;
        Some(DateTime::parse_from_rfc3339(of_time).ok()?.to_utc())
    }
}

/// A record that can be listed.
pub trait Record {
    /// All columns, those on request last: programs rely on the order of the others. Each field in JSON has a column.
    const COLUMNS: &'static [Column];

    /// The value of each column, in that order; `None` is NULL.
    fn cells(&self) -> Vec<Option<Cow<'_, str>>>;

    /// The record in JSON: an object.
    fn json(&self) -> impl Serialize;
}

/// A page of the help with the names of a record's columns in place of `{columns}`, and those on request in place of
/// `{more}`.
#[must_use]
pub fn with_columns<R: Record>(page: &str) -> String {
    let named = |column: &Column| match column.meaning {
        Some(meaning) => format!("{} ({meaning})", column.name),
        None => column.name.to_owned(),
    };
    let (more, usual): (Vec<&Column>, Vec<&Column>) = R::COLUMNS.iter().partition(|column| column.on_request);
    let listed = |columns: Vec<&Column>| columns.into_iter().map(named).collect::<Vec<_>>().join(", ");
    page.replace("{columns}", &listed(usual)).replace("{more}", &listed(more))
}
