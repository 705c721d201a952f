//! The rows of the history that a flush writes, made from what it has sent.

use std::any::Any;

use super::json::HistoryOf;
use super::row::HistoryRow;
use super::unit::UnitId;
use crate::error::Result;
use crate::session::entity::Entity;
use crate::session::identity::{IdentityMap, Sent, SentRow};
use crate::types::Timestamp;

/// What all changes of a flush have in common.
#[derive(Debug, Clone)]
pub(crate) struct Stamp {
    pub(crate) unit: UnitId,
    pub(crate) unit_name: Option<String>,
    pub(crate) author: Option<String>,
    pub(crate) changed_at: Timestamp,
}

impl Stamp {
    /// A row of the history.
    pub(crate) fn row<E: Entity>(
        &self,
        operation: Operation,
        history: &HistoryOf<E, E::Key>,
        key: &E::Key,
        before: Option<&E>,
    ) -> Result<HistoryRow> {
        let Self { unit, unit_name, author, changed_at } = self.clone();
        Ok(HistoryRow {
            id: 0,
            unit,
            unit_name,
            author,
            changed_at,
            table_name: E::table().name.to_owned(),
            row_key: (history.key)(key)?,
            operation: operation.name().to_owned(),
            values_before: before.map(history.write).transpose()?,
            delivered_at: None,
        })
    }
}

/// What was done to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// It was inserted.
    Insert,
    /// It was updated.
    Update,
    /// It was deleted.
    Delete,
}

impl Operation {
    /// As it is stored.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Insert => "INSERT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }

    /// The operation of a stored row.
    pub(crate) fn of(row: &HistoryRow) -> Self {
        match row.operation.as_str() {
            "INSERT" => Self::Insert,
            "DELETE" => Self::Delete,
            _ => Self::Update,
        }
    }
}

/// Whether changes of `E` are recorded in a session that asks for it, declines it, or does neither.
pub(crate) fn is_recorded<E: Entity>(asked: Option<bool>) -> bool {
    E::history().is_some_and(|history| asked.unwrap_or(!history.on_request))
}

/// Adds to `rows` the history of the rows of `E` that a flush has sent, if `E` keeps a history.
pub(crate) fn record<E: Entity>(
    map: &IdentityMap<E>,
    sent: &dyn Any,
    stamp: &Stamp,
    rows: &mut Vec<HistoryRow>,
) -> Result<()> {
    let (Some(history), Some(sent)) = (E::history(), sent.downcast_ref::<Sent<E>>()) else { return Ok(()) };
    rows.reserve(sent.rows.len());
    for (index, sent) in &sent.rows {
        let (operation, key, before) = match sent {
            SentRow::Inserted => (Operation::Insert, map.key(*index), None),
            SentRow::Updated(before) => (Operation::Update, map.key(*index), Some(before)),
            SentRow::Deleted(key, before) => (Operation::Delete, Some(key.clone()), before.as_ref()),
        };
        if let Some(key) = key {
            rows.push(stamp.row(operation, &history, &key, before)?);
        }
    }
    Ok(())
}
