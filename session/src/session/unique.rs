//! The columns that an upsert names: those in which rows conflict, and those to update.

use diesel::Column;

use super::entity::{ColumnSet, Entity, HasColumn};

/// A row type without two rows that have the same values in the columns `S`: a column of Diesel, or a tuple of columns.
///
/// `#[derive(Entity)]` implements it for the key, if the program gives it, and for each set in `#[entity(unique(…))]`
/// whose values the program gives, with the columns in the order in which the entity names them. Sets with `when` or
/// `deferrable` are left out: `ON CONFLICT` finds neither a partial index without its condition nor a deferrable
/// constraint.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not declare `{S}` as unique",
    label = "neither the key of `{Self}` nor one of its unique sets",
    note = "write `#[entity(unique(a, b))]` on the struct, and name the columns in the same order: `(t::a, t::b)`; the \
            program gives their values; a set with `when` or `deferrable` cannot be named, because `ON CONFLICT` does not \
            take it"
)]
pub trait UniqueOn<S>: Entity {
    /// The columns, by their indexes in [`Table::columns`](super::Table::columns).
    #[doc(hidden)]
    const COLUMNS: &'static [usize];
}

/// A row type whose new rows give the value of column `C`, outside the key: an upsert can set it in a stored row.
#[diagnostic::on_unimplemented(
    message = "an upsert cannot set `{C}` of `{Self}`",
    label = "not a column whose value a new row gives, or part of the key",
    note = "the session counts a version, and the database fills a column with `server_default`: name other columns"
)]
pub trait GivesColumn<C: Column>: HasColumn<C> {}

/// Columns that an upsert can set in a stored row of `E`: a column of Diesel, or a tuple of up to twelve. The compiler
/// finds out `M`, by which it tells the two apart.
#[diagnostic::on_unimplemented(
    message = "`{Self}` are not columns that an upsert can set in a row of `{E}`",
    label = "expected a column that a new row gives, outside the key, or a tuple of up to twelve"
)]
pub trait ColumnList<E, M> {
    /// The columns.
    #[doc(hidden)]
    fn columns() -> ColumnSet;
}

/// Marks a single column.
#[derive(Debug)]
pub struct One;

/// Marks a tuple of columns.
#[derive(Debug)]
pub struct Many;

impl<E: GivesColumn<A>, A: Column> ColumnList<E, One> for A {
    fn columns() -> ColumnSet {
        E::table().column(A::NAME).map_or(ColumnSet::EMPTY, |column| ColumnSet::EMPTY.with(column))
    }
}

macro_rules! tuple {
    ($($column:ident)+) => {
        impl<E: Entity, $($column: ColumnList<E, One>),+> ColumnList<E, Many> for ($($column,)+) {
            fn columns() -> ColumnSet {
                ColumnSet::EMPTY$(.union($column::columns()))+
            }
        }
    };
}

tuple!(A);
tuple!(A B);
tuple!(A B C);
tuple!(A B C D);
tuple!(A B C D F);
tuple!(A B C D F G);
tuple!(A B C D F G H);
tuple!(A B C D F G H I);
tuple!(A B C D F G H I J);
tuple!(A B C D F G H I J K);
tuple!(A B C D F G H I J K L);
tuple!(A B C D F G H I J K L M);
