//! All the stores of a session, whatever their entity types, and what the flush does with each.

use std::any::{Any, TypeId};

use diesel::result::Error as DieselError;

use super::entity::{ColumnSet, Entity, New as _, Table};
use super::follow::{Changed, Changes, find_alike, follow};
use super::identity::{Store, Trust};
use super::plan::{Action, Doings, Waves};
use super::precedence::Rows;
use super::reference::{Keys, Parent};
use super::sql::{Condemned, Edited, Persist};
use crate::connection::{Link, SessionConnection};
use crate::error::{Error, Result};

/// The stores of a session, in the order in which their entity types were first met.
pub(crate) struct Stores<C> {
    entries: Vec<(TypeId, Box<dyn AnyStore<C>>)>,
}

/// A store whose entity type is not known here.
pub(crate) trait AnyStore<C>: Rows + Any + Send {
    fn doings(&self) -> Doings<u64>;
    fn waves(&self, inserts: &[u64]) -> Result<Waves<u64>>;
    fn last_waves(&self, deletes: &[u64]) -> Waves<u64>;
    fn unread(&self, deletes: &[u64]) -> Vec<u64>;
    fn check_versions(&self) -> Result<()>;
    fn check_parent(&self, parent: Parent, fresh_since: u32) -> Result<bool>;
    fn unflushed(&self) -> usize;
    fn is_idle(&self) -> bool;
    fn unflushed_reaches(&self, table: &'static Table) -> bool;
    fn reload(&mut self, link: &mut Link<'_, C>, indexes: &[u64], now: u32, fresh_since: u32) -> Result<(), Failure>;
    fn knows_keys(&self, link: &mut Link<'_, C>) -> Result<bool, Failure>;
    fn run(&mut self, link: &mut Link<'_, C>, action: Action, rows: &[u64], work: &Work<'_>) -> Result<()>;
    fn change(&self, index: u64, column: usize) -> Option<Changed>;
    fn find_alike(&self, link: &mut Link<'_, C>, changes: &mut Changes) -> Result<(), Failure>;
    fn stop(&self, changes: &Changes, sent: &[u64]) -> Option<usize>;
    fn follow(&mut self, link: &mut Link<'_, C>, changes: &Changes, sent: usize) -> Result<(), Failure>;
    fn settle(&mut self);
    fn mark(&self) -> usize;
    fn undo(&mut self, mark: usize);
    fn commit(&mut self);
    fn expire_since(&mut self, since: u32);
    fn distrust_since(&mut self, since: u32);
    fn distrust_ahead(&mut self);
    fn clear(&mut self);
}

/// What a step of a flush is told.
pub(crate) struct Work<'s> {
    /// The session's clock.
    pub(crate) now: u32,
    /// The other entity types' stores.
    pub(crate) others: &'s dyn Fn(TypeId) -> Option<&'s dyn Any>,
}

impl<C: SessionConnection> Stores<C> {
    pub(crate) fn new() -> Self {
        Self { entries: Vec::new() }
    }

    /// The store of `E`, if `E` was met.
    pub(crate) fn find<E: Entity>(&self) -> Option<&Store<E>> {
        let (_, store) = self.entries.iter().find(|(entity, _)| *entity == TypeId::of::<E>())?;
        let store: &dyn Any = &**store;
        store.downcast_ref()
    }

    /// The store of `E`, if `E` was met.
    pub(crate) fn find_mut<E: Entity>(&mut self) -> Option<&mut Store<E>> {
        let (_, store) = self.entries.iter_mut().find(|(entity, _)| *entity == TypeId::of::<E>())?;
        let store: &mut dyn Any = &mut **store;
        store.downcast_mut()
    }

    /// The store of `E`, made when `E` is met for the first time.
    pub(crate) fn of<E: Persist<C>>(&mut self) -> &mut Store<E> {
        let place = self.place(TypeId::of::<E>()).unwrap_or_else(|| {
            self.entries.push((TypeId::of::<E>(), Box::new(Store::<E>::default())));
            self.entries.len() - 1
        });
        let store: &mut dyn Any = &mut *self.entries[place].1;
        store.downcast_mut().expect("a store is kept under the type id of its entity")
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &dyn AnyStore<C>> {
        self.entries.iter().map(|(_, store)| &**store)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Box<dyn AnyStore<C>>> {
        self.entries.iter_mut().map(|(_, store)| store)
    }

    pub(crate) fn at(&self, place: usize) -> Option<&dyn AnyStore<C>> {
        self.entries.get(place).map(|(_, store)| &**store)
    }

    pub(crate) fn at_mut(&mut self, place: usize) -> Option<&mut Box<dyn AnyStore<C>>> {
        self.entries.get_mut(place).map(|(_, store)| store)
    }

    /// The place of an entity type's store in [`iter`](Self::iter).
    pub(crate) fn place(&self, entity: TypeId) -> Option<usize> {
        self.entries.iter().position(|(other, _)| *other == entity)
    }

    /// Carries one step of a flush out on the store at `place`.
    pub(crate) fn run(
        &mut self,
        place: usize,
        link: &mut Link<'_, C>,
        action: Action,
        rows: &[u64],
        now: u32,
    ) -> Result<()> {
        let (before, rest) = self.entries.split_at_mut(place);
        let Some(((_, store), after)) = rest.split_first_mut() else { return Ok(()) };
        let (before, after) = (&*before, &*after);
        let others = |entity| {
            let found = before.iter().chain(after).find(|(other, _)| *other == entity)?;
            let store: &dyn Any = &*found.1;
            Some(store)
        };
        store.run(link, action, rows, &Work { now, others: &others })
    }
}

impl<E: Persist<C>, C: SessionConnection> AnyStore<C> for Store<E> {
    fn doings(&self) -> Doings<u64> {
        self.doings()
    }

    fn waves(&self, inserts: &[u64]) -> Result<Waves<u64>> {
        self.waves(inserts)
    }

    fn last_waves(&self, deletes: &[u64]) -> Waves<u64> {
        self.last_waves(deletes)
    }

    fn unread(&self, deletes: &[u64]) -> Vec<u64> {
        self.unread(deletes)
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

    fn reload(&mut self, link: &mut Link<'_, C>, indexes: &[u64], now: u32, fresh_since: u32) -> Result<(), Failure> {
        reload(self, link, indexes, now, fresh_since)
    }

    fn knows_keys(&self, link: &mut Link<'_, C>) -> Result<bool, Failure> {
        let table = E::table().name;
        let asking = format!("asking where the keys of {table} come from");
        E::knows_keys(link).map_err(|error| Failure::new(link.connection, error, table, &asking))
    }

    fn run(&mut self, link: &mut Link<'_, C>, action: Action, rows: &[u64], work: &Work<'_>) -> Result<()> {
        match action {
            Action::Insert => insert(self, link, rows, work),
            Action::Update(columns) => update(self, link, columns, rows, work.now),
            Action::Delete => delete(self, link, rows),
        }
    }

    fn change(&self, index: u64, column: usize) -> Option<Changed> {
        self.change(index, column)
    }

    fn find_alike(&self, link: &mut Link<'_, C>, changes: &mut Changes) -> Result<(), Failure> {
        find_alike(self, link, changes)
    }

    fn stop(&self, changes: &Changes, sent: &[u64]) -> Option<usize> {
        self.stop(changes, sent)
    }

    fn follow(&mut self, link: &mut Link<'_, C>, changes: &Changes, sent: usize) -> Result<(), Failure> {
        follow(self, link, changes, sent)
    }

    fn settle(&mut self) {
        self.settle();
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

    fn expire_since(&mut self, since: u32) {
        self.expire_since(since);
    }

    fn distrust_since(&mut self, since: u32) {
        self.distrust_since(since);
    }

    fn distrust_ahead(&mut self) {
        self.distrust_ahead();
    }

    fn clear(&mut self) {
        self.clear();
    }
}

/// A statement that failed.
pub(crate) struct Failure {
    /// Why, in a user's words.
    pub(crate) error: Error,
    /// The statement itself failed, not the reading of its answer: its level must be undone.
    pub(crate) undo: bool,
}

impl Failure {
    /// What failed on `connection` while `doing` something with `table`.
    pub(crate) fn new<C: SessionConnection>(connection: &C, error: DieselError, table: &str, doing: &str) -> Self {
        let undo = !matches!(
            error,
            DieselError::DeserializationError(_)
                | DieselError::SerializationError(_)
                | DieselError::QueryBuilderError(_)
        );
        Self { error: connection.explain(error, table, doing), undo }
    }

    /// What failed while doing `verb` with the table of `E`.
    pub(crate) fn of<E: Entity, C: SessionConnection>(link: &Link<'_, C>, error: DieselError, verb: &str) -> Self {
        let table = E::table().name;
        Self::new(link.connection, error, table, &format!("{verb} {table}"))
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

/// Reads rows again, and some near them; those that are gone become deleted.
pub(crate) fn reload<E, C>(
    store: &mut Store<E>,
    link: &mut Link<'_, C>,
    indexes: &[u64],
    now: u32,
    fresh_since: u32,
) -> Result<(), Failure>
where
    E: Persist<C>,
    C: SessionConnection,
{
    let ahead = store.nearby(indexes, fresh_since);
    let mut keys: Vec<E::Key> = indexes.iter().chain(&ahead).filter_map(|index| store.key(*index)).collect();
    keys.sort();
    keys.dedup();
    let found = E::select(link, &keys).map_err(|error| Failure::of::<E, C>(link, error, "reading"))?;
    let (named, others): (Vec<E>, Vec<E>) = found.into_iter().partition(|row| keys.binary_search(&row.key()).is_ok());
    for row in named {
        store.take(row, now, fresh_since, false);
    }
    // The database has found some by keys that it stores differently: which one by which?
    for index in indexes.iter().filter(|_| !others.is_empty()) {
        let is_old = store.trust(*index, fresh_since).is_ok_and(|trust| trust != Trust::Fresh);
        let Some(key) = store.key(*index).filter(|_| is_old) else { continue };
        let found = E::select_one(link, &key, false).map_err(|error| Failure::of::<E, C>(link, error, "reading"))?;
        if let Some(mut row) = found {
            row.set_key(key);
            store.take(row, now, fresh_since, false);
        }
    }
    for index in indexes {
        if store.trust(*index, fresh_since).is_ok_and(|freshness| freshness != Trust::Fresh) {
            store.deleted(*index);
        }
    }
    store.were_read_ahead(&ahead, fresh_since);
    Ok(())
}

fn insert<E, C>(store: &mut Store<E>, link: &mut Link<'_, C>, rows: &[u64], work: &Work<'_>) -> Result<()>
where
    E: Persist<C>,
    C: SessionConnection,
{
    let mut values = Vec::with_capacity(rows.len());
    {
        let own: &Store<E> = store;
        let lookup = |entity| if entity == TypeId::of::<E>() { Some(own as &dyn Any) } else { (work.others)(entity) };
        let keys = Keys { store: &lookup };
        for row in rows {
            values.push(own.new_row(*row)?.row(&keys)?);
        }
    }
    if let Err(error) = E::insert(link, &mut values) {
        let error = Failure::of::<E, C>(link, error, "inserting into").error;
        return Err(store.advise(E::look(link, error, &values.iter().collect::<Vec<_>>())));
    }
    for (index, row) in rows.iter().zip(values) {
        store.inserted(*index, row, work.now);
    }
    Ok(())
}

fn update<E, C>(store: &mut Store<E>, link: &mut Link<'_, C>, columns: ColumnSet, rows: &[u64], now: u32) -> Result<()>
where
    E: Persist<C>,
    C: SessionConnection,
{
    for row in rows {
        store.touch(*row);
    }
    let edited: Vec<Edited<'_, E>> =
        rows.iter().filter_map(|row| store.edited(*row)).map(|(row, before)| Edited { row, before }).collect();
    let stale = match E::update(link, &edited, columns) {
        Ok(stale) => stale,
        Err(error) => {
            let error = Failure::of::<E, C>(link, error, "updating").error;
            let error = E::look(link, error, &edited.iter().map(|edited| edited.row).collect::<Vec<_>>());
            return Err(store.advise(error));
        }
    };
    if let Some(edited) = stale.and_then(|number| edited.get(number)) {
        return Err(Error::StaleRow { table: E::table().name, key: E::key_in_words(&edited.before.key()) });
    }
    for row in rows {
        store.updated(*row, now);
    }
    Ok(())
}

fn delete<E, C>(store: &mut Store<E>, link: &mut Link<'_, C>, rows: &[u64]) -> Result<()>
where
    E: Persist<C>,
    C: SessionConnection,
{
    let table = E::table();
    let condemned: Vec<Condemned<'_, E>> =
        rows.iter().filter_map(|row| store.condemned(*row)).map(|(key, read)| Condemned { key, read }).collect();
    let deleted = match E::delete(link, &condemned) {
        Ok(deleted) => deleted,
        Err(error) => {
            let error = Failure::of::<E, C>(link, error, "deleting from").error;
            return Err(E::look_below(link, error, &condemned));
        }
    };
    let missing = condemned.len().saturating_sub(deleted);
    if missing > 0 && table.version.is_some() {
        return Err(Error::StaleRow { table: table.name, key: stale::<E, C>(link, &condemned)? });
    }
    if missing > 0 {
        tracing::warn!(target: "folio::session", table = table.name, missing, "rows to delete were gone already");
    }
    for row in rows {
        store.deleted(*row);
    }
    Ok(())
}

/// Names the row that a DELETE left, because someone else has changed it; where all are gone, those that it may have been.
fn stale<E, C>(link: &mut Link<'_, C>, condemned: &[Condemned<'_, E>]) -> Result<String>
where
    E: Persist<C>,
    C: SessionConnection,
{
    const MOST_NAMED: usize = 3;
    let keys: Vec<E::Key> = condemned.iter().map(|row| row.key.clone()).collect();
    let left = E::select(link, &keys).map_err(|error| Failure::of::<E, C>(link, error, "reading"))?;
    if let Some(left) = left.iter().map(E::key).min() {
        return Ok(E::key_in_words(&left));
    }
    let more = if keys.len() > MOST_NAMED { ", …" } else { "" };
    let keys: Vec<String> = keys.iter().take(MOST_NAMED).map(E::key_in_words).collect();
    Ok(keys.join(" or ") + more)
}
