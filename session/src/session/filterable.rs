//! Which queries take the filters of an entity, and how they are added.

use diesel::query_dsl::methods::FilterDsl;

use super::Entity;
use super::filter::{HasFilters, Unfiltered};
use super::sql::FilterExpression;

/// A query of rows of `E` to which the filters of `E` can be added: any query if `E` has none, otherwise one that Diesel
/// can add a condition to. Only the session implements it.
#[diagnostic::on_unimplemented(
    message = "the filters of `{E}` cannot be added to `{Self}`",
    label = "not a query that takes one more condition",
    note = "a query of rows with filters is a SELECT from their table itself, not a UNION or an alias; \
            `Session::rows` runs any query, without filters"
)]
pub trait Filterable<E: Entity, F = <E as Entity>::Filters>: Sized {
    /// The query with the filters.
    type Filtered;

    /// Adds the filters.
    #[doc(hidden)]
    fn filtered(self, filter: FilterExpression<E>) -> Self::Filtered;
}

impl<E: Entity, Q> Filterable<E, Unfiltered> for Q {
    type Filtered = Q;

    fn filtered(self, _: FilterExpression<E>) -> Q {
        self
    }
}

#[diagnostic::do_not_recommend]
impl<E: Entity, Q: FilterDsl<FilterExpression<E>>> Filterable<E, HasFilters> for Q {
    type Filtered = Q::Output;

    fn filtered(self, filter: FilterExpression<E>) -> Q::Output {
        self.filter(filter)
    }
}
