//! The columns of an INSERT: those that it sends, and those that come back with it.

use crate::connection::EngineConnection;
use crate::session::entity::{ColumnSet, Table};

/// The columns of one INSERT.
#[derive(Debug, Clone, Copy)]
pub(super) struct InsertColumns {
    table: &'static Table,
    /// Those that are sent.
    pub(super) sent: ColumnSet,
    /// Those that the database fills, and that come back.
    pub(super) filled: ColumnSet,
}

impl InsertColumns {
    /// Of new rows, which give values of the columns `given` that the database would fill otherwise.
    ///
    /// Columns that it computes come back too, unless a RETURNING clause would give them as they are before triggers.
    pub(super) fn of_new<C: EngineConnection>(table: &'static Table, given: ColumnSet) -> Self {
        let early = if C::RETURNING && !C::RETURNS_AFTER_TRIGGERS { table.computed } else { ColumnSet::EMPTY };
        let filled = table.generated().without(given).without(early);
        Self { table, sent: table.given().union(given), filled }
    }

    /// These columns, of which `asked` are sent too, because their values were selected before.
    pub(super) fn with_asked(self, asked: ColumnSet) -> Self {
        Self { sent: self.sent.union(asked), ..self }
    }

    /// The columns that come back: those that the database fills and, if there are any, some that were sent.
    pub(super) fn returned(self) -> impl Iterator<Item = usize> {
        let any = !self.filled.is_empty();
        self.filled.iter().chain(self.witnesses().filter(move |_| any))
    }

    /// The sent columns that identify which row came back: the given columns of the key and, if the database generates
    /// another, the first column of a unique set or of all.
    pub(super) fn witnesses(self) -> impl Iterator<Item = usize> {
        let key = self.table.key;
        let sent = self.sent.without(self.filled);
        let given = key.iter().copied().filter(move |column| sent.contains(*column));
        let others = sent.without(key.iter().copied().fold(ColumnSet::EMPTY, ColumnSet::with));
        let of_all = || self.table.unique.iter().filter(|set| set.is_of_all_rows() && !set.deferrable);
        let unique = || of_all().filter_map(|set| set.columns.first()).find(|column| others.contains(**column));
        let other = || unique().copied().or_else(|| others.iter().next());
        given.chain(if self.generated_key().is_empty() { None } else { other() })
    }

    /// The columns of the key that the database generates.
    pub(super) fn generated_key(self) -> ColumnSet {
        self.table
            .key
            .iter()
            .copied()
            .filter(|column| self.filled.contains(*column))
            .fold(ColumnSet::EMPTY, ColumnSet::with)
    }

    /// Whether the rows have their key, or a part of it, before they are sent.
    pub(super) fn has_given_key(self) -> bool {
        self.table.key.iter().any(|column| !self.filled.contains(*column))
    }
}
