//! The filters of an entity, as its struct declares them.

use std::any::{Any, TypeId};
use std::fmt::{self, Debug};
use std::marker::PhantomData;
use std::sync::Arc;

use super::value::{IsNull, Value};
use crate::error::{Error, Result};

/// The name of a filter of the entity `E`: a constant on the struct, such as `Post::LIVE` for
/// `#[entity(filter(live = deleted_at.is_null()))]`.
pub struct Filter<E> {
    name: &'static str,
    entity: PhantomData<fn() -> E>,
}

impl<E> Filter<E> {
    /// The filter of this name; the derive calls it.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, entity: PhantomData }
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }
}

// Implemented by hand, because a derive would require of `E` what it requires of the name.

impl<E> Clone for Filter<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Filter<E> {}

impl<E> Debug for Filter<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Filter").field(&self.name).finish()
    }
}

/// The entity has no filters.
#[derive(Debug, Clone, Copy)]
pub struct Unfiltered;

/// The entity has filters.
#[derive(Debug, Clone, Copy)]
pub struct HasFilters;

/// A filter as its struct declares it.
#[derive(Debug)]
pub struct FilterInfo {
    /// Its name.
    pub name: &'static str,
    /// The name of the type of the value that it needs, if it needs one.
    pub needs: Option<fn() -> &'static str>,
    /// The conditions, all of which a row must meet.
    pub conditions: &'static [FilterCondition],
}

/// A condition on one column.
#[derive(Debug)]
pub struct FilterCondition {
    /// The column, by its index in the table.
    pub column: usize,
    /// The condition on its value.
    pub test: FilterTest,
}

/// A condition on a value.
#[derive(Debug, Clone, Copy)]
pub enum FilterTest {
    /// It is NULL.
    IsNull,
    /// It is not NULL.
    IsNotNull,
    /// It equals this value.
    Equal(Operand),
    /// It is not NULL, and differs from this value.
    NotEqual(Operand),
}

/// Makes the value that a column is compared with; `None` if the value that the filter needs was not given.
pub type Operand = fn(&FilterValues) -> Option<Result<FieldOperand>>;

/// A value of a field's type.
pub type FieldOperand = Arc<dyn Value + Send + Sync>;

/// A condition, and the value that it compares its column with.
pub(crate) type ConditionWithValue = (&'static FilterCondition, Option<FieldOperand>);

impl FilterCondition {
    /// The condition with the value that it compares its column with; `None` if it needs a value that was not `given`.
    pub(crate) fn with_value(&'static self, given: &FilterValues) -> Option<Result<ConditionWithValue>> {
        match self.test {
            FilterTest::IsNull | FilterTest::IsNotNull => Some(Ok((self, None))),
            FilterTest::Equal(operand) | FilterTest::NotEqual(operand) => {
                Some(operand(given)?.map(|value| (self, Some(value))))
            }
        }
    }

    /// Whether a row meets it that has this value in the column, `None` for NULL. NULL equals nothing and
    /// differs from nothing, also where it is the `value`: `is_null` finds that out.
    pub(crate) fn is_met_by(&self, field: Option<&dyn Value>, is_null: IsNull, value: Option<&FieldOperand>) -> bool {
        let value = value.filter(|value| !is_null(&***value));
        let is_same = || field.zip(value).map(|(field, value)| field.is_same(&**value));
        match self.test {
            FilterTest::IsNull => field.is_none(),
            FilterTest::IsNotNull => field.is_some(),
            FilterTest::Equal(_) => is_same() == Some(true),
            FilterTest::NotEqual(_) => is_same() == Some(false),
        }
    }
}

/// The given value as that of a field of type `T`; the derive calls it.
///
/// # Errors
///
/// When the value does not fit the field's type.
pub fn operand<T, V>(value: V) -> Result<FieldOperand>
where
    T: Value + Send + Sync,
    V: TryInto<T, Error: Into<Error>>,
{
    Ok(Arc::new(value.try_into().map_err(Into::into)?))
}

/// The values that filters were given, at most one of each type.
#[derive(Clone, Default)]
pub struct FilterValues(Vec<(TypeId, Arc<dyn Any + Send + Sync>)>);

impl FilterValues {
    /// The value of this type.
    #[must_use]
    pub fn get<T: Any>(&self) -> Option<&T> {
        let (_, value) = self.0.iter().find(|(id, _)| *id == TypeId::of::<T>())?;
        value.downcast_ref()
    }

    pub(crate) fn set<T: Any + Send + Sync>(&mut self, value: T) {
        self.0.retain(|(id, _)| *id != TypeId::of::<T>());
        self.0.push((TypeId::of::<T>(), Arc::new(value)));
    }
}

impl Debug for FilterValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FilterValues").field("given", &self.0.len()).finish()
    }
}
