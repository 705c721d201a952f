//! All the identity maps of a session, of any entity type, and what the flush does with each.

use std::any::{Any, TypeId};
use std::collections::HashMap;

use super::entity::{Entity, Table};
use super::failure::Failure;
use super::flush::follow::{find_alike, follow};
use super::flush::step::{Action, Deferred};
use super::flush::write::{Work, delete, insert, park, resolve, unlink, update};
use super::given::Parent;
use super::history::record::{Stamp, is_recorded, record};
use super::history::row::HistoryRow;
use super::identity::{IdentityMap, KeyChanges, PendingChanges, RowFreshness, Rows};
use super::sql::{FilterExpression, Persist};
use super::value::Value;
use crate::connection::{Executor, SessionConnection};
use crate::error::Result;

/// The identity maps of a session, in the order in which their entity types were first used.
pub(crate) struct IdentityMaps<C> {
    entries: Vec<(TypeId, Box<dyn AnyIdentityMap<C>>)>,
    /// The position of each entity type.
    positions: HashMap<TypeId, usize, foldhash::fast::RandomState>,
}

/// An identity map of any entity type.
pub(crate) trait AnyIdentityMap<C>: Rows + Any + Send {
    fn pending_changes(&self) -> PendingChanges;
    fn unread(&self, deletes: &[u64], in_cycle: bool) -> Vec<u64>;
    fn check_versions(&self) -> Result<()>;
    fn check_parent(&self, parent: Parent, fresh_since: u32) -> Result<bool>;
    fn unflushed(&self) -> usize;
    fn is_idle(&self) -> bool;
    fn unflushed_reaches(&self, table: &'static Table) -> bool;
    fn reload(
        &mut self,
        executor: &mut Executor<'_, C>,
        indexes: &[u64],
        now: u32,
        fresh_since: u32,
    ) -> Result<(), Failure>;
    fn knows_keys(&self, executor: &mut Executor<'_, C>) -> Result<bool, Failure>;
    fn resolve(&mut self, action: Action, rows: &[u64], work: &Work<'_>) -> Result<()>;
    fn run(&mut self, executor: &mut Executor<'_, C>, action: Action, rows: &[u64], work: &Work<'_>) -> Result<()>;
    fn change(&self, index: u64, column: usize) -> Option<[Box<dyn Value>; 2]>;
    fn find_alike(&self, executor: &mut Executor<'_, C>, changes: &mut KeyChanges) -> Result<(), Failure>;
    fn stop(&self, changes: &KeyChanges, sent: &[u64]) -> Option<usize>;
    fn follow(&mut self, executor: &mut Executor<'_, C>, changes: &KeyChanges, sent: usize) -> Result<(), Failure>;
    /// Records what is sent from now on.
    fn record(&mut self);
    /// Ends the record, and returns it if something was sent.
    fn take_sent(&mut self) -> Option<Box<dyn Any + Send>>;
    /// Whether changes of its rows are kept in the history.
    fn is_recorded(&self, asked: Option<bool>) -> bool;
    /// The number of rows that it holds and that are in the database.
    fn held(&self) -> usize;
    /// Adds the history of what was sent.
    fn add_history(&self, sent: &dyn Any, stamp: &Stamp, rows: &mut Vec<HistoryRow>) -> Result<()>;
    fn insert_history(&self, executor: &mut Executor<'_, C>, rows: &[HistoryRow]) -> Result<(), Failure>;
    /// The rows to delete whose values the history needs and that were not read in this transaction.
    fn unread_history(&self, deletes: &[u64], fresh_since: u32) -> Vec<u64>;
    fn mark_clean(&mut self);
    fn next(&self) -> u64;
    fn discard_pending(&mut self, since: u64);
    fn mark(&self) -> usize;
    fn undo(&mut self, mark: usize);
    fn commit(&mut self);
    fn expire_since(&mut self, since: u32, now: u32);
    fn make_stale_since(&mut self, since: u32, now: u32);
    fn make_read_ahead_stale(&mut self);
    fn clear(&mut self);
}

impl<C: SessionConnection> IdentityMaps<C> {
    pub(crate) fn new() -> Self {
        Self { entries: Vec::new(), positions: HashMap::default() }
    }

    /// The identity map of `E`, if `E` was used before.
    pub(crate) fn find<E: Entity>(&self) -> Option<&IdentityMap<E>> {
        let (_, map) = self.entries.iter().find(|(entity, _)| *entity == TypeId::of::<E>())?;
        let map: &dyn Any = &**map;
        map.downcast_ref()
    }

    /// The identity map of `E`, if `E` was used before.
    pub(crate) fn find_mut<E: Entity>(&mut self) -> Option<&mut IdentityMap<E>> {
        let (_, map) = self.entries.iter_mut().find(|(entity, _)| *entity == TypeId::of::<E>())?;
        let map: &mut dyn Any = &mut **map;
        map.downcast_mut()
    }

    /// The identity map of `E`, created when `E` is first used.
    pub(crate) fn of<E: Persist<C>>(&mut self) -> &mut IdentityMap<E> {
        let position = self.position(TypeId::of::<E>()).unwrap_or_else(|| {
            self.positions.insert(TypeId::of::<E>(), self.entries.len());
            self.entries.push((TypeId::of::<E>(), Box::new(IdentityMap::<E>::default())));
            self.entries.len() - 1
        });
        let map: &mut dyn Any = &mut *self.entries[position].1;
        #[expect(clippy::expect_used, reason = "whatever the database holds, an entry's map is of the entry's type")]
        map.downcast_mut().expect("an identity map is kept under the type id of its entity")
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &dyn AnyIdentityMap<C>> {
        self.entries.iter().map(|(_, map)| &**map)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Box<dyn AnyIdentityMap<C>>> {
        self.entries.iter_mut().map(|(_, map)| map)
    }

    pub(crate) fn at(&self, position: usize) -> Option<&dyn AnyIdentityMap<C>> {
        self.entries.get(position).map(|(_, map)| &**map)
    }

    pub(crate) fn at_mut(&mut self, position: usize) -> Option<&mut Box<dyn AnyIdentityMap<C>>> {
        self.entries.get_mut(position).map(|(_, map)| map)
    }

    /// The index of an entity type's map in [`iter`](Self::iter).
    pub(crate) fn position(&self, entity: TypeId) -> Option<usize> {
        self.positions.get(&entity).copied()
    }

    /// Runs `work` on the identity map at `position`, with the others to be read.
    pub(crate) fn work(
        &mut self,
        position: usize,
        (now, deferred): (u32, &Deferred),
        work: impl FnOnce(&mut dyn AnyIdentityMap<C>, &Work<'_>) -> Result<()>,
    ) -> Result<()> {
        let (before, rest) = self.entries.split_at_mut(position);
        let Some(((_, map), after)) = rest.split_first_mut() else { return Ok(()) };
        let (before, after) = (&*before, &*after);
        let others = |entity| {
            let found = before.iter().chain(after).find(|(other, _)| *other == entity)?;
            let map: &dyn Any = &*found.1;
            Some(map)
        };
        work(&mut **map, &Work { now, others: &others, map: position, deferred })
    }
}

impl<E: Persist<C>, C: SessionConnection> AnyIdentityMap<C> for IdentityMap<E> {
    fn pending_changes(&self) -> PendingChanges {
        self.pending_changes()
    }

    fn unread(&self, deletes: &[u64], in_cycle: bool) -> Vec<u64> {
        self.unread(deletes, in_cycle)
    }

    fn check_versions(&self) -> Result<()> {
        self.check_versions()
    }

    fn check_parent(&self, parent: Parent, fresh_since: u32) -> Result<bool> {
        self.check_parent(parent, fresh_since)
    }

    fn unflushed(&self) -> usize {
        self.unflushed()
    }

    fn is_idle(&self) -> bool {
        self.is_idle()
    }

    fn unflushed_reaches(&self, table: &'static Table) -> bool {
        self.unflushed_reaches(table)
    }

    fn reload(
        &mut self,
        executor: &mut Executor<'_, C>,
        indexes: &[u64],
        now: u32,
        fresh_since: u32,
    ) -> Result<(), Failure> {
        reload(self, executor, indexes, now, fresh_since)
    }

    fn knows_keys(&self, executor: &mut Executor<'_, C>) -> Result<bool, Failure> {
        let table = E::table().name;
        let asking = format!("asking where the keys of {table} come from");
        E::knows_keys(executor).map_err(|error| Failure::new(executor.connection, error, table, &asking))
    }

    fn resolve(&mut self, action: Action, rows: &[u64], work: &Work<'_>) -> Result<()> {
        resolve(self, action, rows, work)
    }

    fn run(&mut self, executor: &mut Executor<'_, C>, action: Action, rows: &[u64], work: &Work<'_>) -> Result<()> {
        match action {
            Action::Insert => insert(self, executor, rows, work),
            Action::Update(columns) => update(self, executor, columns, rows, Some(work), work.now),
            Action::Park(columns) => park(self, executor, columns, rows),
            Action::PostUpdate(columns) => update(self, executor, columns, rows, None, work.now),
            Action::Unlink(columns) => unlink(self, executor, columns, rows),
            Action::Delete => delete(self, executor, rows),
        }
    }

    fn change(&self, index: u64, column: usize) -> Option<[Box<dyn Value>; 2]> {
        self.change(index, column)
    }

    fn find_alike(&self, executor: &mut Executor<'_, C>, changes: &mut KeyChanges) -> Result<(), Failure> {
        find_alike(self, executor, changes)
    }

    fn stop(&self, changes: &KeyChanges, sent: &[u64]) -> Option<usize> {
        self.stop(changes, sent)
    }

    fn follow(&mut self, executor: &mut Executor<'_, C>, changes: &KeyChanges, sent: usize) -> Result<(), Failure> {
        follow(self, executor, changes, sent)
    }

    fn record(&mut self) {
        self.record();
    }

    fn take_sent(&mut self) -> Option<Box<dyn Any + Send>> {
        self.take_sent().map(|sent| sent as _)
    }

    fn held(&self) -> usize {
        self.held()
    }

    fn is_recorded(&self, asked: Option<bool>) -> bool {
        is_recorded::<E>(asked)
    }

    fn add_history(&self, sent: &dyn Any, stamp: &Stamp, rows: &mut Vec<HistoryRow>) -> Result<()> {
        record(self, sent, stamp, rows)
    }

    fn insert_history(&self, executor: &mut Executor<'_, C>, rows: &[HistoryRow]) -> Result<(), Failure> {
        let doing = "recording changes in the history";
        E::insert_history(executor, rows)
            .map_err(|error| Failure::new(executor.connection, error, "diesel_session_history", doing))
    }

    fn unread_history(&self, deletes: &[u64], fresh_since: u32) -> Vec<u64> {
        self.unread_history(deletes, fresh_since)
    }

    fn mark_clean(&mut self) {
        self.mark_clean();
    }

    fn next(&self) -> u64 {
        self.next()
    }

    fn discard_pending(&mut self, since: u64) {
        self.discard_pending(since);
    }

    fn mark(&self) -> usize {
        self.mark()
    }

    fn undo(&mut self, mark: usize) {
        self.undo(mark);
    }

    fn commit(&mut self) {
        self.commit();
    }

    fn expire_since(&mut self, since: u32, now: u32) {
        self.expire_since(since, now);
    }

    fn make_stale_since(&mut self, since: u32, now: u32) {
        self.make_stale_since(since, now);
    }

    fn make_read_ahead_stale(&mut self) {
        self.make_read_ahead_stale();
    }

    fn clear(&mut self) {
        self.clear();
    }
}

/// Reloads rows, and some near them; those that are gone become deleted.
pub(crate) fn reload<E, C>(
    map: &mut IdentityMap<E>,
    executor: &mut Executor<'_, C>,
    indexes: &[u64],
    now: u32,
    fresh_since: u32,
) -> Result<(), Failure>
where
    E: Persist<C>,
    C: SessionConnection,
{
    let ahead = map.nearby(indexes, fresh_since);
    let mut keys: Vec<E::Key> = indexes.iter().chain(&ahead).filter_map(|index| map.key(*index)).collect();
    keys.sort();
    keys.dedup();
    let found = E::select(executor, &keys).map_err(|error| Failure::of::<E, C>(executor, error, "reading"))?;
    let (named, others): (Vec<E>, Vec<E>) = found.into_iter().partition(|row| keys.binary_search(&row.key()).is_ok());
    for row in named {
        map.take(row, now, fresh_since, false);
    }
    // The database found some by keys that it stores differently, so each key is looked up alone.
    for index in indexes.iter().filter(|_| !others.is_empty()) {
        let is_old = map.row_freshness(*index, fresh_since).is_ok_and(|freshness| freshness != RowFreshness::Fresh);
        let Some(key) = map.key(*index).filter(|_| is_old) else { continue };
        let found = E::select_one(executor, &key, false, &FilterExpression::everything())
            .map_err(|error| Failure::of::<E, C>(executor, error, "reading"))?;
        if let Some(mut row) = found {
            row.set_key(key);
            map.take(row, now, fresh_since, false);
        }
    }
    for index in indexes {
        if map.row_freshness(*index, fresh_since).is_ok_and(|freshness| freshness != RowFreshness::Fresh) {
            map.deleted(*index);
        }
    }
    map.were_read_ahead(&ahead, fresh_since);
    Ok(())
}
