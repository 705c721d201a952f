//! One entity type's rows in a session: the identity map, each row's state, and the log that undoes a rollback.

use std::any::TypeId;
use std::collections::HashMap;

use diesel::Column;

use super::entity::{ColumnSet, Entity, HasColumn, New};
use super::handle::{RawHandle, State};
use super::plan::{Change, Doings, Waves};
use crate::error::{Error, Result};

/// The rows of one entity type.
///
/// A row's place is its handle's index and is never given to another row.
pub(crate) struct Store<E: Entity> {
    /// The index of the first slot; those before it were cleared.
    first: u64,
    slots: Vec<Slot<E>>,
    by_key: HashMap<E::Key, u64>,
    /// Rows added, in that order; some may have been flushed or let go of since.
    pending: Vec<u64>,
    /// Rows opened for editing; some may have been flushed or let go of since.
    edited: Vec<u64>,
    /// Rows marked for deletion; some may have been unmarked since.
    doomed: Vec<u64>,
    log: Vec<Undo<E>>,
}

/// What the session knows of one row.
enum Slot<E: Entity> {
    Pending(Box<E::New>),
    Loaded(Loaded<E>),
    Expired { key: E::Key, doomed: bool },
    Deleted(E::Key),
    Transient(Box<E::New>),
    Gone,
}

/// A row with a value.
struct Loaded<E> {
    row: E,
    /// The row as the database has it, once it was opened for editing.
    before: Option<Box<E>>,
    /// When it was read, by the session's clock.
    seen: u32,
    doomed: bool,
}

/// What a rollback puts back.
enum Undo<E: Entity> {
    /// The row was added.
    Added(u64),
    /// The row was inserted from these values.
    Inserted(u64, Box<E::New>),
    /// The row was updated under this key.
    Updated(u64, E::Key),
    /// The row was deleted, or found missing.
    Deleted(u64),
}

/// How far a row's value can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    Fresh,
    Stale,
    Expired,
}

impl<E: Entity> Default for Store<E> {
    fn default() -> Self {
        Self {
            first: 0,
            slots: Vec::new(),
            by_key: HashMap::new(),
            pending: Vec::new(),
            edited: Vec::new(),
            doomed: Vec::new(),
            log: Vec::new(),
        }
    }
}

// Finding and reading.
impl<E: Entity> Store<E> {
    fn slot(&self, index: u64) -> &Slot<E> {
        index
            .checked_sub(self.first)
            .and_then(|place| self.slots.get(usize::try_from(place).ok()?))
            .unwrap_or(&Slot::Gone)
    }

    fn slot_mut(&mut self, index: u64) -> Option<&mut Slot<E>> {
        let place = index.checked_sub(self.first)?;
        self.slots.get_mut(usize::try_from(place).ok()?)
    }

    fn set(&mut self, index: u64, slot: Slot<E>) {
        if let Some(place) = self.slot_mut(index) {
            *place = slot;
        }
    }

    fn push(&mut self, slot: Slot<E>) -> u64 {
        let index = self.first + self.slots.len() as u64;
        self.slots.push(slot);
        index
    }

    /// The index of the row with this key.
    pub(crate) fn find(&self, key: &E::Key) -> Option<u64> {
        self.by_key.get(key).copied()
    }

    /// The row's state; `fresh_since` is the session's clock at the start of what counts as fresh.
    pub(crate) fn state(&self, index: u64, fresh_since: u32) -> State {
        match self.slot(index) {
            Slot::Pending(_) => State::Pending,
            Slot::Loaded(loaded) if loaded.before.is_none() && loaded.seen < fresh_since => State::Stale,
            Slot::Loaded(loaded) => State::Persistent { modified: loaded.before.is_some() },
            Slot::Expired { .. } => State::Expired,
            Slot::Deleted(_) => State::Deleted,
            Slot::Transient(_) => State::Transient,
            Slot::Gone => State::Gone,
        }
    }

    /// The row's key in the database: none while it is pending, transient or gone.
    pub(crate) fn key(&self, index: u64) -> Option<E::Key> {
        match self.slot(index) {
            Slot::Loaded(loaded) => Some(loaded.stored().key()),
            Slot::Expired { key, .. } | Slot::Deleted(key) => Some(key.clone()),
            Slot::Pending(_) | Slot::Transient(_) | Slot::Gone => None,
        }
    }

    /// The row's value.
    pub(crate) fn row(&self, index: u64) -> Result<&E> {
        match self.slot(index) {
            Slot::Loaded(loaded) => Ok(&loaded.row),
            Slot::Pending(_) => Err(Error::NotLoaded { table: E::table().name, state: "pending" }),
            Slot::Expired { .. } => Err(Error::NotLoaded { table: E::table().name, state: "expired" }),
            _ => Err(self.refuse(index)),
        }
    }

    /// The value of column `C` of a row that another one refers to.
    pub(crate) fn column<C: Column>(&self, index: u64) -> Result<E::Value>
    where
        E: HasColumn<C>,
    {
        match self.slot(index) {
            Slot::Loaded(loaded) => Ok(loaded.row.column().clone()),
            Slot::Expired { key, .. } => {
                E::column_of_key(key).ok_or(Error::NotLoaded { table: E::table().name, state: "expired" })
            }
            _ => Err(self.refuse(index)),
        }
    }

    /// Whether the row's value must be read again before it is used inside a transaction, or why it has none.
    pub(crate) fn freshness(&self, index: u64, fresh_since: u32) -> Result<Freshness> {
        match self.state(index, fresh_since) {
            State::Persistent { .. } => Ok(Freshness::Fresh),
            State::Stale => Ok(Freshness::Stale),
            State::Expired => Ok(Freshness::Expired),
            _ => Err(self.refuse(index)),
        }
    }

    /// Why the row at `index` cannot be used as a row of the database.
    pub(crate) fn refuse(&self, index: u64) -> Error {
        let table = E::table().name;
        match self.slot(index) {
            Slot::Pending(_) => Error::NotPersistent { table, state: "pending", hint: "flush it first" },
            Slot::Transient(_) => Error::NotPersistent {
                table,
                state: "undone by a rollback",
                hint: "'add_back' adds it to the session again",
            },
            Slot::Deleted(key) => Error::RowDeleted { table, key: E::key_in_words(key) },
            _ => Error::Gone { table },
        }
    }

    /// How many rows have changes that no flush has sent.
    pub(crate) fn unflushed(&self) -> usize {
        let doings = self.doings();
        doings.inserts.len() + doings.updates.len() + doings.deletes.len()
    }
}

// What callers do to rows.
impl<E: Entity> Store<E> {
    /// Takes a new row.
    pub(crate) fn add(&mut self, new: E::New) -> u64 {
        let index = self.push(Slot::Pending(Box::new(new)));
        self.pending.push(index);
        self.log.push(Undo::Added(index));
        index
    }

    /// Takes a row again that a rollback has undone.
    pub(crate) fn add_back(&mut self, index: u64) -> Result<()> {
        match self.slot_mut(index) {
            Some(slot @ Slot::Transient(_)) => {
                if let Slot::Transient(new) = std::mem::replace(slot, Slot::Gone) {
                    *slot = Slot::Pending(new);
                }
                self.pending.push(index);
                self.log.push(Undo::Added(index));
                Ok(())
            }
            Some(Slot::Loaded(_) | Slot::Expired { .. } | Slot::Pending(_)) => Err(Error::NotPersistent {
                table: E::table().name,
                state: "not undone by a rollback",
                hint: "it is in the session already",
            }),
            _ => Err(self.refuse(index)),
        }
    }

    /// The values of a pending row.
    pub(crate) fn pending_mut(&mut self, index: u64) -> Result<&mut E::New> {
        let refused = self.refuse_pending(index);
        match self.slot_mut(index) {
            Some(Slot::Pending(new)) => Ok(new),
            _ => Err(refused),
        }
    }

    fn refuse_pending(&self, index: u64) -> Error {
        match self.slot(index) {
            Slot::Loaded(_) | Slot::Expired { .. } => {
                Error::NotPersistent { table: E::table().name, state: "flushed already", hint: "change it by 'edit'" }
            }
            _ => self.refuse(index),
        }
    }

    /// Takes a row that a query read at `now`: fills a row without a trusted value, and leaves any other as it is
    /// unless it is to be `overwritten`.
    pub(crate) fn take(&mut self, row: E, now: u32, fresh_since: u32, overwrite: bool) -> u64 {
        let key = row.key();
        let Some(index) = self.find(&key) else {
            let index = self.push(Slot::Loaded(Loaded { row, before: None, seen: now, doomed: false }));
            self.by_key.insert(key, index);
            return index;
        };
        match self.slot_mut(index) {
            Some(slot @ Slot::Expired { .. }) => {
                let doomed = matches!(slot, Slot::Expired { doomed: true, .. });
                *slot = Slot::Loaded(Loaded { row, before: None, seen: now, doomed });
            }
            Some(Slot::Loaded(loaded)) if overwrite || (loaded.before.is_none() && loaded.seen < fresh_since) => {
                loaded.row = row;
                loaded.before = None;
                loaded.seen = now;
            }
            _ => {}
        }
        index
    }

    /// Puts a detached row back: its value is `row`, what the database has is `stored`. A versioned row keeps the
    /// version it was read with, so that its flush finds out whether someone else came first.
    pub(crate) fn attach(&mut self, row: E, mut stored: E, now: u32) -> Result<u64> {
        let key = stored.key();
        if let Some(version) = row.version() {
            stored.set_version(version);
        }
        let present = self.find(&key);
        if let Some(Slot::Loaded(loaded)) = present.map(|index| self.slot(index))
            && loaded.is_modified()
            && !loaded.row.changed(&row).is_empty()
        {
            return Err(Error::AlreadyPresent { table: E::table().name, key: E::key_in_words(&key) });
        }
        let before = (!row.changed(&stored).is_empty()).then(|| Box::new(stored));
        let modified = before.is_some();
        let slot = Slot::Loaded(Loaded { row, before, seen: now, doomed: false });
        let index = match present {
            Some(index) => {
                self.set(index, slot);
                index
            }
            None => {
                let index = self.push(slot);
                self.by_key.insert(key, index);
                index
            }
        };
        if modified {
            self.edited.push(index);
        }
        Ok(index)
    }

    /// The row, to be changed: keeps what the database has beside it until the next flush.
    pub(crate) fn edit(&mut self, index: u64) -> Result<&mut E> {
        if !matches!(self.slot(index), Slot::Loaded(_)) {
            return Err(self.row(index).err().unwrap_or(Error::Gone { table: E::table().name }));
        }
        if let Slot::Loaded(Loaded { before: None, .. }) = self.slot(index) {
            self.edited.push(index);
        }
        match self.slot_mut(index) {
            Some(Slot::Loaded(loaded)) => {
                if loaded.before.is_none() {
                    loaded.before = Some(Box::new(loaded.row.clone()));
                }
                Ok(&mut loaded.row)
            }
            _ => Err(Error::Gone { table: E::table().name }),
        }
    }

    /// The columns whose values differ from the database's.
    pub(crate) fn changes(&self, index: u64) -> Result<ColumnSet> {
        match self.slot(index) {
            Slot::Loaded(loaded) => Ok(loaded.before.as_ref().map_or(ColumnSet::EMPTY, |old| loaded.row.changed(old))),
            Slot::Expired { .. } => Ok(ColumnSet::EMPTY),
            _ => Err(self.refuse(index)),
        }
    }

    /// Marks a row for deletion.
    pub(crate) fn doom(&mut self, index: u64) -> Result<()> {
        match self.slot_mut(index) {
            Some(Slot::Loaded(Loaded { doomed, .. }) | Slot::Expired { doomed, .. }) => {
                if !std::mem::replace(doomed, true) {
                    self.doomed.push(index);
                }
                Ok(())
            }
            _ => Err(self.refuse(index)),
        }
    }

    /// Marks the row that `row` is a copy of; edits of a present one are dropped.
    pub(crate) fn doom_row(&mut self, row: &E, now: u32) -> Result<()> {
        let key = row.key();
        let slot = Slot::Loaded(Loaded { row: row.clone(), before: None, seen: now, doomed: false });
        let index = match self.find(&key) {
            Some(index) => {
                self.set(index, slot);
                index
            }
            None => {
                let index = self.push(slot);
                self.by_key.insert(key, index);
                index
            }
        };
        self.doom(index)
    }

    /// Takes a mark for deletion back, before the flush.
    pub(crate) fn undoom(&mut self, index: u64) -> Result<()> {
        match self.slot_mut(index) {
            Some(Slot::Loaded(Loaded { doomed, .. }) | Slot::Expired { doomed, .. }) => {
                *doomed = false;
                Ok(())
            }
            _ => Err(self.refuse(index)),
        }
    }

    /// Drops the row's value and unflushed changes.
    pub(crate) fn expire(&mut self, index: u64) -> Result<()> {
        match self.slot(index) {
            Slot::Loaded(loaded) => {
                let (key, doomed) = (loaded.stored().key(), loaded.doomed);
                self.set(index, Slot::Expired { key, doomed });
                Ok(())
            }
            Slot::Expired { .. } => Ok(()),
            _ => Err(self.refuse(index)),
        }
    }

    /// Expires every row that was read at `since` or later.
    pub(crate) fn expire_since(&mut self, since: u32) {
        for slot in &mut self.slots {
            if let Slot::Loaded(loaded) = slot
                && loaded.seen >= since
            {
                *slot = Slot::Expired { key: loaded.stored().key(), doomed: loaded.doomed };
            }
        }
    }

    /// Lets go of a row and gives its value; unflushed work is lost if `discard` says so, else refused.
    pub(crate) fn remove(&mut self, index: u64, discard: bool) -> Result<Option<E>> {
        if matches!(self.slot(index), Slot::Gone) {
            return Err(self.refuse(index));
        }
        let unflushed = match self.slot(index) {
            Slot::Pending(_) => true,
            Slot::Loaded(loaded) => loaded.doomed || loaded.is_modified(),
            Slot::Expired { doomed, .. } => *doomed,
            _ => false,
        };
        if unflushed && !discard {
            return Err(Error::Unflushed { table: E::table().name, rows: 1 });
        }
        if let Some(key) = self.key(index)
            && self.find(&key) == Some(index)
        {
            self.by_key.remove(&key);
        }
        let slot = self.slot_mut(index).map(|slot| std::mem::replace(slot, Slot::Gone));
        Ok(match slot {
            Some(Slot::Loaded(loaded)) => Some(loaded.row),
            _ => None,
        })
    }

    /// Lets go of every row. Handles given out so far are gone.
    pub(crate) fn clear(&mut self) {
        let first = self.first + self.slots.len() as u64;
        *self = Self { first, ..Self::default() };
    }
}

// The flush.
impl<E: Entity> Store<E> {
    /// What a flush has to do for these rows.
    pub(crate) fn doings(&self) -> Doings<u64> {
        let inserts =
            self.pending.iter().copied().filter(|index| matches!(self.slot(*index), Slot::Pending(_))).collect();
        let mut updates: Vec<(E::Key, Change<u64>)> =
            self.edited.iter().filter_map(|index| self.update(*index)).collect();
        updates.sort_by(|one, two| one.0.cmp(&two.0));
        updates.dedup_by(|one, two| one.1.row == two.1.row);
        let mut deletes: Vec<(E::Key, u64)> = self
            .doomed
            .iter()
            .filter(|index| match self.slot(**index) {
                Slot::Loaded(loaded) => loaded.doomed,
                Slot::Expired { doomed, .. } => *doomed,
                _ => false,
            })
            .filter_map(|index| Some((self.key(*index)?, *index)))
            .collect();
        deletes.sort();
        deletes.dedup();
        Doings {
            inserts,
            updates: updates.into_iter().map(|(_, change)| change).collect(),
            deletes: deletes.into_iter().map(|(_, index)| index).collect(),
        }
    }

    fn update(&self, index: u64) -> Option<(E::Key, Change<u64>)> {
        let Slot::Loaded(Loaded { row, before: Some(before), doomed: false, .. }) = self.slot(index) else {
            return None;
        };
        let changed = row.changed(before);
        if changed.is_empty() {
            return None;
        }
        let table = E::table();
        let mut columns = changed.union(table.touched);
        if let Some(version) = table.version {
            columns = columns.with(version);
        }
        Some((before.key(), Change { row: index, columns }))
    }

    /// Finds what no flush could carry out: a version counter that was changed by hand.
    pub(crate) fn check_versions(&self) -> Result<()> {
        for index in &self.edited {
            if let Some((row, before)) = self.edited(*index)
                && row.version() != before.version()
            {
                let (table, key) = (E::table().name, E::key_in_words(&before.key()));
                let problem = format!("{table} {key}: the version is the session's to count, and was changed by hand");
                return Err(Error::Plan { problem });
            }
        }
        Ok(())
    }

    /// The references of pending rows that are handles.
    pub(crate) fn parents(&self, index: u64, see: &mut dyn FnMut(super::reference::Parent)) {
        if let Slot::Pending(new) = self.slot(index) {
            new.parents(see);
        }
    }

    /// Splits pending rows into waves: no row stands before or beside one of this table that it waits for.
    pub(crate) fn waves(&self, inserts: Vec<u64>) -> Result<Waves<u64>> {
        let own = TypeId::of::<E>();
        super::plan::waves(E::table().name, inserts, |index, see| {
            self.parents(*index, &mut |parent| {
                if parent.entity == own {
                    see(parent.handle.index);
                }
            });
        })
    }

    /// Whether a row can be referred to by a row that this flush inserts.
    pub(crate) fn check_parent(&self, handle: RawHandle) -> Result<()> {
        match self.slot(handle.index) {
            Slot::Pending(_) | Slot::Loaded(_) | Slot::Expired { .. } => Ok(()),
            _ => Err(self.refuse(handle.index)),
        }
    }

    /// The values of a pending row.
    pub(crate) fn new_row(&self, index: u64) -> Result<&E::New> {
        match self.slot(index) {
            Slot::Pending(new) => Ok(new),
            _ => Err(self.refuse(index)),
        }
    }

    /// A pending row was inserted, and is `row` in the database.
    pub(crate) fn inserted(&mut self, index: u64, row: E, now: u32) {
        let key = row.key();
        let loaded = Slot::Loaded(Loaded { row, before: None, seen: now, doomed: false });
        if let Some(slot) = self.slot_mut(index)
            && let Slot::Pending(new) = std::mem::replace(slot, loaded)
        {
            self.log.push(Undo::Inserted(index, new));
        }
        self.by_key.insert(key, index);
    }

    /// All rows that were pending are inserted.
    pub(crate) fn settle(&mut self) {
        let mut pending = std::mem::take(&mut self.pending);
        pending.retain(|index| matches!(self.slot(*index), Slot::Pending(_)));
        self.pending = pending;
        let mut edited = std::mem::take(&mut self.edited);
        // A row without a net change needs no copy of what the database has.
        edited.retain(|index| match self.slot_mut(*index) {
            Some(Slot::Loaded(loaded)) => {
                let modified = loaded.is_modified();
                if !modified {
                    loaded.before = None;
                }
                modified
            }
            _ => false,
        });
        self.edited = edited;
        self.doomed.clear();
    }

    /// Refreshes the fields that every UPDATE sets, counts the version up, and gives the row beside what the database
    /// has.
    pub(crate) fn touch(&mut self, index: u64) -> Option<(&E, &E)> {
        let Some(Slot::Loaded(Loaded { row, before: Some(before), .. })) = self.slot_mut(index) else { return None };
        row.touch(row.changed(before));
        if let Some(version) = before.version() {
            row.set_version(version + 1);
        }
        Some((row, before))
    }

    /// The row and what the database has of it.
    pub(crate) fn edited(&self, index: u64) -> Option<(&E, &E)> {
        match self.slot(index) {
            Slot::Loaded(Loaded { row, before: Some(before), .. }) => Some((row, before)),
            _ => None,
        }
    }

    /// A row's UPDATE was sent.
    pub(crate) fn updated(&mut self, index: u64, now: u32) {
        let Some(Slot::Loaded(loaded)) = self.slot_mut(index) else { return };
        let Some(before) = loaded.before.take() else { return };
        loaded.seen = now;
        let (old, new) = (before.key(), loaded.row.key());
        if old != new {
            self.by_key.remove(&old);
            self.by_key.insert(new, index);
        }
        self.log.push(Undo::Updated(index, old));
    }

    /// What a DELETE needs of a row: its key and, where there is one, the value it was read with.
    pub(crate) fn condemned(&self, index: u64) -> Option<(E::Key, Option<&E>)> {
        match self.slot(index) {
            Slot::Loaded(loaded) => Some((loaded.stored().key(), Some(loaded.stored()))),
            Slot::Expired { key, .. } => Some((key.clone(), None)),
            _ => None,
        }
    }

    /// The row was deleted, or found to be missing.
    pub(crate) fn deleted(&mut self, index: u64) {
        let Some(key) = self.key(index) else { return };
        if self.find(&key) == Some(index) {
            self.by_key.remove(&key);
        }
        self.set(index, Slot::Deleted(key));
        self.log.push(Undo::Deleted(index));
    }
}

// The end of a transaction or a savepoint.
impl<E: Entity> Store<E> {
    /// Where the log stands.
    pub(crate) fn mark(&self) -> usize {
        self.log.len()
    }

    /// Undoes what happened since `mark`: rows added become transient, changed and deleted ones expired.
    pub(crate) fn undo(&mut self, mark: usize) {
        for index in std::mem::take(&mut self.edited) {
            // What is edited and not flushed was edited within the level, because a level begins with a flush.
            let _ = self.expire(index);
        }
        for index in std::mem::take(&mut self.doomed) {
            let _ = self.undoom(index);
        }
        while self.log.len() > mark {
            match self.log.pop() {
                Some(Undo::Added(index)) => {
                    if let Some(slot) = self.slot_mut(index)
                        && matches!(slot, Slot::Pending(_))
                        && let Slot::Pending(new) = std::mem::replace(slot, Slot::Gone)
                    {
                        *slot = Slot::Transient(new);
                    }
                }
                Some(Undo::Inserted(index, new)) => {
                    if let Some(key) = self.key(index)
                        && self.find(&key) == Some(index)
                    {
                        self.by_key.remove(&key);
                    }
                    if !matches!(self.slot(index), Slot::Gone) {
                        self.set(index, Slot::Transient(new));
                    }
                }
                Some(Undo::Updated(index, key)) => self.restore(index, key),
                Some(Undo::Deleted(index)) => {
                    if let Some(key) = self.key(index) {
                        self.restore(index, key);
                    }
                }
                None => break,
            }
        }
    }

    /// Puts a row back under `key`, without a value.
    fn restore(&mut self, index: u64, key: E::Key) {
        if matches!(self.slot(index), Slot::Gone) {
            return;
        }
        if let Some(now) = self.key(index)
            && self.find(&now) == Some(index)
        {
            self.by_key.remove(&now);
        }
        self.by_key.insert(key.clone(), index);
        self.set(index, Slot::Expired { key, doomed: false });
    }

    /// The transaction was committed: nothing can be undone any more, and deleted rows leave the session.
    pub(crate) fn commit(&mut self) {
        for undo in std::mem::take(&mut self.log) {
            if let Undo::Deleted(index) = undo
                && matches!(self.slot(index), Slot::Deleted(_))
            {
                self.set(index, Slot::Gone);
            }
        }
    }
}

impl<E: Entity> Loaded<E> {
    /// The row as the database has it.
    fn stored(&self) -> &E {
        self.before.as_deref().unwrap_or(&self.row)
    }

    /// Whether a flush would have something to send.
    fn is_modified(&self) -> bool {
        self.before.as_ref().is_some_and(|before| !self.row.changed(before).is_empty())
    }
}
