//! Undo of one unit of work: the reverse of its changes, as pending changes.

use std::collections::{HashMap, HashSet};

use super::json::HistoryOf;
use super::read::KeepsHistory;
use super::record::Operation;
use super::row::HistoryRow;
use super::unit::UnitId;
use crate::connection::SessionConnection;
use crate::error::{Error, Result};
use crate::session::Session;
use crate::session::entity::{ColumnSet, Entity};
use crate::session::handle::Handle;
use crate::session::sql::{FilterExpression, Persist};
use crate::session::value::Value;

/// The entities whose rows [`Session::undo`] may change: one, or a tuple of up to eight.
#[diagnostic::on_unimplemented(
    message = "`{Self}` names no entities that keep a history",
    note = "name one entity with `#[entity(history)]`, or a tuple of up to eight"
)]
pub trait Entities<C: SessionConnection> {
    /// Finds what must be reversed.
    #[doc(hidden)]
    fn reverse(session: &mut Session<'_, C>, undo: &mut Undo<C>) -> Result<()>;
}

/// The work of an undo.
#[doc(hidden)]
pub struct Undo<C: SessionConnection> {
    unit: UnitId,
    /// The changes of the unit to tables whose entities were not met yet, oldest first.
    changes: Vec<HistoryRow>,
    /// What will be done, if nothing prevents it.
    reversals: Vec<Reversal<C>>,
    /// The rows that were changed since, for the message.
    changed_since: Vec<String>,
}

type Reversal<C> = Box<dyn FnOnce(&mut Session<'_, C>) -> Result<()>>;

impl<C: SessionConnection> std::fmt::Debug for Undo<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Undo").field("unit", &self.unit).finish_non_exhaustive()
    }
}

/// What a unit has made of one row.
struct Net<E> {
    /// The row before the unit.
    before: Option<E>,
    /// Whether it is there after the unit.
    exists: bool,
    /// The number of the unit's last change of it.
    last: i64,
}

impl<C: SessionConnection> Session<'_, C> {
    /// Makes the reverse of all changes of a unit of work, as pending changes: rows that it inserted are marked for
    /// deletion, rows that it updated are edited, and rows that it deleted are added again under their keys. `E` names
    /// the entities that it changed, in any order. [`plan`](Self::plan) shows the statements, the next flush sends
    /// them, and the history records them as changes of the current unit, which can be undone likewise.
    ///
    /// Versions count on and columns with `update` are set anew; a row that is added again has all its values from the
    /// history. After a flush, one SELECT for the unit and two for each entity (one for every 100 rows).
    ///
    /// ```
    /// # include!("../../../docs/history_tables.rs");
    /// # fn main() -> Result<()> {
    /// let db = database()?;
    /// db.begin(|session| session.insert_all([NewPrice::new("tea", 250)?, NewPrice::new("milk", 120)?]))?;
    /// let mistake = db.named("raise").by("ann").begin(|session| -> Result<_> {
    ///     for price in session.query(Price::query()).all()? {
    ///         session.edit(price)?.cents *= 100;
    ///     }
    ///     Ok(session.unit())
    /// })?;
    /// db.begin(|session| -> Result<()> {
    ///     session.undo::<Price>(mistake)?;
    ///     let plan = session.plan()?.to_string();
    ///     assert_eq!(plan, "UPDATE prices SET cents (2 rows)\nINSERT diesel_session_history (2 rows)");
    ///     Ok(())
    /// })
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::ChangedSince`] when a row is no longer as the unit left it, with the units that changed it since:
    /// nothing is changed, and they can be undone first. [`Error::NoRows`] for a unit without changes in the history.
    /// [`Error::Plan`] when the unit changed a table whose entity is not in `E`.
    pub fn undo<E>(&mut self, unit: UnitId) -> Result<()>
    where
        E: Entities<C>,
        HistoryRow: Persist<C>,
    {
        if self.transaction.is_read() {
            return Err(Error::ReadOnlySession);
        }
        self.flush()?;
        let changes = self.history_with("unit", vec![unit])?;
        if changes.is_empty() {
            return Err(Error::NoRows { what: format!("changes of unit {unit}") });
        }
        let mut undo = Undo { unit, changes, reversals: Vec::new(), changed_since: Vec::new() };
        E::reverse(self, &mut undo)?;
        if let Some(other) = undo.changes.first() {
            let table = &other.table_name;
            let problem = format!("unit {unit} also changed {table}: name its entity in 'undo' too");
            return Err(Error::Plan { problem });
        }
        if !undo.changed_since.is_empty() {
            return Err(Error::ChangedSince { unit: unit.to_string(), rows: undo.changed_since.join(", ") });
        }
        undo.reversals.into_iter().try_for_each(|reverse| reverse(self))
    }

    /// The rows of the history that have one of these values, which are of the field's type, in a column.
    fn history_with<T: Value>(&mut self, column: &str, values: Vec<T>) -> Result<Vec<HistoryRow>>
    where
        HistoryRow: Persist<C>,
    {
        let column = HistoryRow::table().column(column).unwrap_or_default();
        let all = FilterExpression::everything();
        self.select_history(|executor| HistoryRow::select_by(executor, &[column], &values, &all))
    }

    /// Finds what must be reversed in the table of `E`.
    fn reverse_entity<E>(&mut self, undo: &mut Undo<C>) -> Result<()>
    where
        E: Persist<C> + KeepsHistory,
        HistoryRow: Persist<C>,
    {
        let Some(history) = E::history() else { return Ok(()) };
        let table = E::table();
        let (own, others) =
            std::mem::take(&mut undo.changes).into_iter().partition(|row: &HistoryRow| row.table_name == table.name);
        undo.changes = others;
        let mut nets = net_changes::<E>(own, &history)?;
        let keys: Vec<String> = nets.iter().map(|(key, _)| key.clone()).collect();
        let parsed = keys.iter().map(|key| (history.read_key)(key)).collect::<Result<Vec<E::Key>>>()?;
        let mut since = self.history_with("row_key", keys)?;
        since.retain(|row| row.table_name == table.name && row.unit != undo.unit);
        let current = self.find_all::<E>(&parsed)?;
        let occupied: HashSet<String> = nets.iter().filter(|(_, net)| net.exists).map(|(key, _)| key.clone()).collect();
        for ((text, net), key) in nets.drain(..).zip(parsed) {
            let newer: Vec<&HistoryRow> = since.iter().filter(|row| row.row_key == text && row.id > net.last).collect();
            // Another row of the unit may have taken the key of one that it deleted.
            let is_other = !net.exists && occupied.contains(&text);
            let handle = current.get(&key).copied().filter(|_| !is_other);
            if !self.is_as_left(&net, handle, newer.first().copied(), &history)? {
                let mut units: Vec<String> = newer.iter().map(|row| named(row)).collect();
                units.dedup();
                let by = if units.is_empty() { String::new() } else { format!(" (by unit {})", units.join(", ")) };
                undo.changed_since.push(format!("{} {}{by}", table.name, E::key_in_words(&key)));
                continue;
            }
            let reversal: Reversal<C> = match (net.before, handle) {
                (Some(before), Some(row)) => Box::new(move |session| session.put(row, &before)),
                (Some(before), None) => Box::new(move |session| {
                    session.transaction.mark_used();
                    session.maps.of::<E>().add_whole(before);
                    Ok(())
                }),
                (None, Some(row)) => Box::new(move |session| session.hard_delete(row)),
                (None, None) => continue,
            };
            undo.reversals.push(reversal);
        }
        Ok(())
    }

    /// The rows that have these keys, by one SELECT.
    fn find_all<E: Persist<C>>(&mut self, keys: &[E::Key]) -> Result<HashMap<E::Key, Handle<E>>> {
        self.open()?;
        let mut executor = crate::connection::Executor::new(&mut **self.connection, &self.observers);
        let found = E::select(&mut executor, keys)
            .map_err(|error| crate::session::failure::Failure::of::<E, C>(&executor, error, "reading"));
        let found = found.map_err(|failure| self.failed(failure))?;
        let keys: Vec<E::Key> = found.iter().map(E::key).collect();
        Ok(keys.into_iter().zip(self.take_all(found, true)?).collect())
    }

    /// Whether a row is still as the unit left it, apart from its version and the columns that every UPDATE sets.
    fn is_as_left<E>(
        &self,
        net: &Net<E>,
        current: Option<Handle<E>>,
        newer: Option<&HistoryRow>,
        history: &HistoryOf<E, E::Key>,
    ) -> Result<bool>
    where
        E: Persist<C>,
    {
        let Some(handle) = current.filter(|_| net.exists) else { return Ok(current.is_some() == net.exists) };
        let Some(newer) = newer else { return Ok(true) };
        let left = newer.values_before.as_deref().map(history.read).transpose()?;
        let row = self.row(handle)?;
        Ok(left.is_some_and(|left| row.changed(&left).without(own_columns::<E>()).is_empty()))
    }

    /// Edits a row so that it has these values.
    fn put<E: Persist<C>>(&mut self, handle: Handle<E>, values: &E) -> Result<()> {
        let row = self.edit(handle)?;
        let columns = row.changed(values).without(own_columns::<E>());
        row.copy(columns, values);
        Ok(())
    }
}

/// The columns that the session sets itself: the version, and those that every UPDATE refreshes.
fn own_columns<E: Entity>() -> ColumnSet {
    let table = E::table();
    table.version.map_or(table.touched, |version| table.touched.with(version))
}

/// What a unit has made of each row, by the key that the row has after the unit.
fn net_changes<E: Entity>(changes: Vec<HistoryRow>, history: &HistoryOf<E, E::Key>) -> Result<Vec<(String, Net<E>)>> {
    let mut nets: Vec<(String, Net<E>)> = Vec::new();
    let mut positions: HashMap<String, usize> = HashMap::new();
    for change in changes {
        let operation = Operation::of(&change);
        let before = change.values_before.as_deref().map(history.read).transpose()?;
        let old = match &before {
            Some(before) => (history.key)(&before.key())?,
            None => change.row_key.clone(),
        };
        let exists = operation != Operation::Delete;
        if let Some(position) = positions.remove(&old) {
            let (key, net) = &mut nets[position];
            key.clone_from(&change.row_key);
            (net.exists, net.last) = (exists, change.id);
            positions.insert(change.row_key, position);
        } else {
            positions.insert(change.row_key.clone(), nets.len());
            nets.push((change.row_key, Net { before, exists, last: change.id }));
        }
    }
    Ok(nets)
}

/// A unit in words, for messages.
fn named(row: &HistoryRow) -> String {
    match &row.unit_name {
        Some(name) => format!("{} '{name}'", row.unit),
        None => row.unit.to_string(),
    }
}

impl<E, C> Entities<C> for E
where
    C: SessionConnection,
    E: Persist<C> + KeepsHistory,
    HistoryRow: Persist<C>,
{
    fn reverse(session: &mut Session<'_, C>, undo: &mut Undo<C>) -> Result<()> {
        session.reverse_entity::<E>(undo)
    }
}

macro_rules! entities {
    ($($entity:ident),+) => {
        impl<C: SessionConnection, $($entity),+> Entities<C> for ($($entity,)+)
        where
            HistoryRow: Persist<C>,
            $($entity: Persist<C> + KeepsHistory),+
        {
            fn reverse(session: &mut Session<'_, C>, undo: &mut Undo<C>) -> Result<()> {
                $(session.reverse_entity::<$entity>(undo)?;)+
                Ok(())
            }
        }
    };
}

entities!(A);
entities!(A, B);
entities!(A, B, D);
entities!(A, B, D, E);
entities!(A, B, D, E, F);
entities!(A, B, D, E, F, G);
entities!(A, B, D, E, F, G, H);
entities!(A, B, D, E, F, G, H, I);
