//! The columns of records: their names, how a table shows them, and the fields in JSON that they belong to.

use std::borrow::Cow;

use serde::Serialize;

use super::printable;

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
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Time,
}

impl Column {
    const fn of(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, meaning: None, field: None, on_request: false }
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

    /// A column of times in RFC 3339, shown to the minute in a table.
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

    /// A cell as shown in a table.
    pub(super) fn in_table(self, cell: &str) -> String {
        let cell = printable(cell);
        match (self.kind, cell.get(..16)) {
            (Kind::Time, Some(minute)) => minute.replace('T', " "),
            _ => cell.into_owned(),
        }
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
