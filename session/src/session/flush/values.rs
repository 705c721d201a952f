//! The values that rows of a flush give up and take: which statement releases a value, and which one claims it.

use std::any::TypeId;
use std::borrow::Cow;
use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::step::{Action, Deferred, FlushStep};
use crate::error::Result;
use crate::session::entity::{ColumnSet, ForeignKey, Table, UniqueSet};
use crate::session::filter::ConditionWithValue;
use crate::session::given::{Given, Parent};
use crate::session::identity::Rows;
use crate::session::value::FieldValue;

/// The statements of a flush, one for each row, numbered through all steps.
pub(super) struct Statements<'r> {
    pub(super) maps: &'r [&'r dyn Rows],
    steps: &'r [FlushStep],
    /// The number of the first statement of each step.
    starts: Vec<usize>,
    number: usize,
    pub(super) deferred: &'r Deferred,
    /// The steps of each map.
    steps_of: Vec<Vec<usize>>,
    /// The map of each entity type.
    map_of: HashMap<TypeId, usize, RandomState>,
}

/// One statement for one row.
#[derive(Clone, Copy)]
pub(super) struct Statement {
    pub(super) number: usize,
    pub(super) step: usize,
    pub(super) map: usize,
    pub(super) action: Action,
    pub(super) row: u64,
}

impl Statement {
    /// Whether one statement may send both rows, so that they may refer to each other.
    pub(super) fn is_sent_with(self, other: Self) -> bool {
        self.step == other.step && self.action.updated().is_none()
    }
}

/// The value of a row in a column, or its values in a set of columns.
pub(super) enum Held<V> {
    /// Collides with nothing: NULL, or a key that the database has yet to generate.
    Nothing,
    Value(V),
    Unknown,
}

/// The statement for each tuple of values in a set of columns.
pub(super) type ByValues<'r> = HashMap<Vec<FieldValue<'r>>, usize, RandomState>;

/// A set of columns whose values only one row at a time can have, with the statements that release and claim each
/// value.
pub(super) struct UniqueIndex<'r> {
    pub(super) map: usize,
    pub(super) set: Vec<usize>,
    /// The declaration, unless it is the key, or columns that foreign keys refer to.
    pub(super) declared: Option<&'static UniqueSet>,
    pub(super) released: ByValues<'r>,
    pub(super) claimed: ByValues<'r>,
    /// Statements that release or claim a value that is not in memory.
    pub(super) releases_unknown: Vec<usize>,
    pub(super) claims_unknown: Vec<usize>,
}

impl<'r> Statements<'r> {
    pub(super) fn new(steps: &'r [FlushStep], maps: &'r [&'r dyn Rows], deferred: &'r Deferred) -> Self {
        let (mut starts, mut steps_of, mut next) = (Vec::new(), vec![Vec::new(); maps.len()], 0);
        for (number, step) in steps.iter().enumerate() {
            starts.push(next);
            steps_of[step.map].push(number);
            next += step.rows.len();
        }
        let map_of = maps.iter().enumerate().map(|(map, rows)| (rows.entity(), map)).collect();
        Self { maps, steps, starts, number: next, deferred, steps_of, map_of }
    }

    pub(super) fn get(&self, number: usize) -> Statement {
        let step = self.starts.partition_point(|start| *start <= number) - 1;
        self.in_step(step, number - self.starts[step])
    }

    fn in_step(&self, step: usize, position: usize) -> Statement {
        let FlushStep { map, action, rows } = &self.steps[step];
        Statement { number: self.starts[step] + position, step, map: *map, action: *action, row: rows[position] }
    }

    /// The statements for the rows of one map.
    pub(super) fn of(&self, map: usize) -> impl Iterator<Item = Statement> {
        let steps = self.steps_of[map].iter().copied();
        steps.flat_map(move |step| (0..self.steps[step].rows.len()).map(move |position| self.in_step(step, position)))
    }

    /// Whether the program gives keys of new rows of one map, whatever the database would generate.
    pub(super) fn gives_keys(&self, map: usize) -> bool {
        let table = self.table(map);
        let gives =
            |row: &u64| table.key.iter().all(|key| !matches!(self.maps[map].given(*row, *key, true), Given::Unknown));
        let mut inserts = self.steps_of(map).filter(|step| step.action == Action::Insert);
        table.has_given_key() || inserts.any(|step| step.rows.iter().any(gives))
    }

    /// The steps of one map.
    pub(super) fn steps_of(&self, map: usize) -> impl Iterator<Item = &FlushStep> {
        self.steps_of[map].iter().map(|step| &self.steps[*step])
    }

    pub(super) fn has_steps(&self, map: usize) -> bool {
        !self.steps_of[map].is_empty()
    }

    pub(super) fn step(&self, number: usize) -> &FlushStep {
        &self.steps[number]
    }

    pub(super) fn table_id(&self, map: usize) -> TypeId {
        (self.table(map).id)()
    }

    pub(super) fn table(&self, map: usize) -> &'static Table {
        self.maps[map].table()
    }

    /// The columns of a table that rows in memory may refer to.
    pub(super) fn referred_columns(&self, table: &'static Table) -> ColumnSet {
        let keys = self.maps.iter().flat_map(|rows| rows.table().foreign_keys);
        let to_it = keys.filter(|key| (key.table().id)() == (table.id)());
        to_it.filter_map(ForeignKey::targets).flatten().fold(ColumnSet::EMPTY, ColumnSet::with)
    }

    /// The map and the index of the row that a reference names.
    pub(super) fn row_of(&self, parent: Parent) -> Option<(usize, u64)> {
        Some((*self.map_of.get(&parent.entity)?, parent.handle.index))
    }

    /// Which statements release and claim which values in a set of columns: in all rows, or in those that meet the
    /// conditions of a declared set.
    pub(super) fn unique_index(
        &self,
        map: usize,
        set: Vec<usize>,
        declared: Option<&'static UniqueSet>,
    ) -> Result<UniqueIndex<'r>> {
        let columns = declared.map_or(ColumnSet::EMPTY, UniqueSet::reach);
        let columns = set.iter().copied().fold(columns, ColumnSet::with);
        let conditions = declared.map(UniqueSet::conditions).transpose()?.unwrap_or_default();
        let (mut released, mut claimed) = (HashMap::default(), HashMap::default());
        let (mut releases_unknown, mut claims_unknown) = (Vec::new(), Vec::new());
        for statement in self.of(map) {
            let (releases, claims) = statement.action.effects_on(columns);
            for (does, after, known, unknown) in [
                (releases, false, &mut released, &mut releases_unknown),
                (claims, true, &mut claimed, &mut claims_unknown),
            ] {
                let takes_part = || self.meets(statement, &conditions, after);
                let held = match if does { takes_part() } else { Some(false) } {
                    Some(false) => Held::Nothing,
                    Some(true) => self.held(statement, &set, after),
                    None => match self.held(statement, &set, after) {
                        Held::Nothing => Held::Nothing,
                        _ => Held::Unknown,
                    },
                };
                match held {
                    Held::Nothing => {}
                    Held::Value(value) => drop(known.insert(value, statement.number)),
                    Held::Unknown => unknown.push(statement.number),
                }
            }
        }
        Ok(UniqueIndex { map, set, declared, released, claimed, releases_unknown, claims_unknown })
    }

    /// Whether a statement's row meets the conditions before it, or `after` it; `None` if that is not in memory.
    fn meets(&self, statement: Statement, conditions: &[ConditionWithValue], after: bool) -> Option<bool> {
        let mut is_known = true;
        for (condition, value) in conditions {
            let held = self.value_at(statement, condition.column, after);
            let field = match &held {
                Held::Value(field) => Some(&*field.value),
                Held::Nothing => None,
                Held::Unknown => {
                    is_known = false;
                    continue;
                }
            };
            let is_null = self.table(statement.map).columns[condition.column].is_null;
            if !condition.is_met_by(field, is_null, value.as_ref()) {
                return Some(false);
            }
        }
        is_known.then_some(true)
    }

    /// The values of a statement's row in a set of columns: before the statement, or `after` it.
    pub(super) fn held(&self, statement: Statement, set: &[usize], after: bool) -> Held<Vec<FieldValue<'r>>> {
        let mut values = Vec::with_capacity(set.len());
        for column in set {
            match self.value_at(statement, *column, after) {
                Held::Value(value) => values.push(value),
                Held::Nothing => return Held::Nothing,
                Held::Unknown => {}
            }
        }
        if values.len() == set.len() { Held::Value(values) } else { Held::Unknown }
    }

    /// The value of a statement's row in one column, before or after it.
    fn value_at(
        &self,
        Statement { map, row, action, .. }: Statement,
        column: usize,
        after: bool,
    ) -> Held<FieldValue<'r>> {
        // A row that is parked has no unique value until its own statement.
        if self.deferred.parked(map, row).contains(column) {
            match action {
                Action::Park(_) if after => return Held::Nothing,
                Action::Update(_) | Action::Unlink(_) | Action::Delete if !after => return Held::Nothing,
                _ => {}
            }
        }
        // A foreign key that is deferred is NULL between the row's two statements, or has its stored value.
        let is_deferred = self.deferred.of(map, row).contains(column);
        let (at_end, between) = match action {
            Action::Insert => (true, true),
            Action::Update(_) => (after, after),
            Action::Park(_) => (false, false),
            Action::PostUpdate(_) => (true, !after),
            Action::Unlink(_) => (false, after),
            Action::Delete => (false, true),
        };
        match self.table(map).columns[column].null {
            Some(_) if is_deferred && between => Held::Nothing,
            None if is_deferred && between => self.value(map, row, column, false),
            _ => self.value(map, row, column, at_end),
        }
    }

    /// The value of a row in one column: in the database now, or `after` the flush.
    fn value(&self, mut map: usize, mut row: u64, mut column: usize, after: bool) -> Held<FieldValue<'r>> {
        let info = &self.table(map).columns[column];
        // The references from the row to its parent, and further where the parent's value comes from its own parent.
        let mut path = Vec::new();
        for _ in 0..=self.number {
            let (rows, table) = (self.maps[map], self.table(map));
            let value = match rows.given(row, column, after) {
                Given::Value(value) => Cow::Borrowed(value),
                Given::Unknown if rows.is_pending(row) && table.generates_key(column) => return Held::Nothing,
                Given::Unknown => match rows.key_part(row, column) {
                    Some(value) => Cow::Owned(value),
                    None => return Held::Unknown,
                },
                Given::Row(parent) => {
                    let Some((parents, index)) = self.row_of(parent) else { return Held::Unknown };
                    let Some(found) = self.table(parents).column(parent.column) else { return Held::Unknown };
                    path.extend(table.columns[column].references);
                    (map, row, column) = (parents, index, found);
                    continue;
                }
            };
            let converted = path.iter().rev().try_fold(value, |value, reference| (reference.convert)(value));
            return match converted {
                Some(value) if (info.is_null)(&*value) => Held::Nothing,
                Some(value) => Held::Value(info.value(value)),
                None => Held::Unknown,
            };
        }
        Held::Unknown
    }
}

impl UniqueIndex<'_> {
    /// The statements that release and claim each tuple of values, by the values of a foreign key that refers to them.
    pub(super) fn referred_to_by(&self, child: &'static Table, key: &ForeignKey) -> [ByValues<'_>; 2] {
        [&self.released, &self.claimed].map(|statements| {
            let mut referring = ByValues::default();
            for (values, statement) in statements {
                let columns = key.columns.iter().map(|column| &child.columns[*column]);
                let converted: Option<Vec<FieldValue<'_>>> = values
                    .iter()
                    .zip(key.references.iter().zip(columns))
                    .map(|(value, (reference, column))| {
                        Some(column.value((reference.convert)(Cow::Borrowed(&*value.value))?))
                    })
                    .collect();
                referring.extend(converted.map(|values| (values, *statement)));
            }
            referring
        })
    }
}
