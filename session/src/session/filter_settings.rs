//! What a unit of work has set for the filters of its entities: the values that they need, and which are switched off.

use std::any::{Any, TypeId};

use super::filter::{ConditionWithValue, FilterInfo, FilterValues};
use super::table::Table;
use crate::error::{Error, Result};

/// What a unit of work has set for the filters of its entities.
#[derive(Debug, Clone, Default)]
pub(crate) struct FilterSettings {
    values: FilterValues,
    /// The filters that are switched off, each by its Diesel table and its name.
    off: Vec<(TypeId, &'static str)>,
    all_off: bool,
}

impl FilterSettings {
    pub(crate) fn set_value<T: Any + Send + Sync>(&mut self, value: T) {
        self.values.set(value);
    }

    pub(crate) fn switch_off(&mut self, table: &Table, name: &'static str) {
        self.off.push(((table.id)(), name));
    }

    pub(crate) fn switch_all_off(&mut self) {
        self.all_off = true;
    }

    /// Switches filters as they were `before`; values that were given since stay.
    pub(crate) fn restore_switches(&mut self, before: Self) {
        (self.off, self.all_off) = (before.off, before.all_off);
    }

    /// The filters of a table that are in force.
    fn in_force(&self, table: &'static Table) -> impl Iterator<Item = &'static FilterInfo> {
        let filters = if self.all_off { &[] } else { table.filters };
        let is_off = |filter: &FilterInfo| self.off.contains(&((table.id)(), filter.name));
        filters.iter().filter(move |filter| !is_off(filter))
    }

    /// The conditions of a table's filters that are in force, each with the value that it compares a column with.
    pub(crate) fn conditions(&self, table: &'static Table) -> Result<Vec<ConditionWithValue>> {
        let mut conditions = Vec::new();
        for filter in self.in_force(table) {
            for condition in filter.conditions {
                let missing = || Error::FilterValue {
                    table: table.name,
                    filter: filter.name,
                    needs: filter.needs.map_or("", |needs| needs()),
                };
                conditions.push(condition.with_value(&self.values).ok_or_else(missing)??);
            }
        }
        Ok(conditions)
    }

    /// The conditions that the rows of an entity with `soft_delete` meet until they are deleted.
    pub(crate) fn living(table: &'static Table) -> Vec<ConditionWithValue> {
        let none = FilterValues::default();
        let conditions = table.filters.iter().filter(|filter| filter.needs.is_none());
        conditions
            .flat_map(|filter| filter.conditions)
            .filter(|condition| Some(condition.column) == table.soft_delete)
            .filter_map(|condition| condition.with_value(&none)?.ok())
            .collect()
    }
}
