//! Columns by which rows are found together: one column of an entity's table, or a tuple of several.

use std::any::Any;
use std::borrow::Cow;

use diesel::Column;

use super::entity::{Entity, EntityTable, HasColumn, HoldsKey, References};
use super::value::Value;

/// The entity of a table.
type EntityOf<T> = <T as EntityTable>::Entity;
/// The type of the field of column `C`.
type Field<C> = <EntityOf<<C as Column>::Table> as HasColumn<C>>::Value;

/// A column of an entity's table; `#[derive(Entity)]` implements it for each.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a column of an entity",
    note = "write a column of a table with an entity, or a tuple of two to four such columns of one table"
)]
pub trait EntityColumn: Sized + 'static + Column<Table: EntityTable<Entity: HasColumn<Self>>> {}

/// A column of an entity's table, or a tuple of two to four columns of one: those of a foreign key, or those that it
/// refers to.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a column of an entity, or a tuple of some",
    note = "write a column of a table with an entity, or a tuple of two to four such columns of one table"
)]
pub trait KeyColumns: 'static {
    /// Their table.
    type Table: EntityTable;
    /// The type of the column's field, or a tuple of the types of their fields.
    type Value: Clone + 'static;

    /// Their names.
    #[doc(hidden)]
    fn names() -> Vec<&'static str>;

    /// Their values in a row.
    #[doc(hidden)]
    fn of_row(row: &EntityOf<Self::Table>) -> Cow<'_, Self::Value>;

    /// Their values taken from the key alone: `None` if one of them is not part of it.
    #[doc(hidden)]
    fn of_key(key: &<EntityOf<Self::Table> as Entity>::Key) -> Option<Self::Value>;

    /// The value of the column at `position`.
    #[doc(hidden)]
    fn part(value: &Self::Value, position: usize) -> &dyn Value;

    /// The values from those of each column, which are of their fields' types.
    #[doc(hidden)]
    fn from_parts(parts: Vec<Box<dyn Any>>) -> Option<Self::Value>;
}

/// The columns of a foreign key that an entity declares.
pub trait ForeignKeyColumns: KeyColumns {
    /// The columns that they refer to, in the same order.
    type To: KeyColumns;
}

impl<F> ForeignKeyColumns for F
where
    F: KeyColumns,
    EntityOf<F::Table>: References<F, Target: KeyColumns>,
{
    type To = <EntityOf<F::Table> as References<F>>::Target;
}

/// Columns that take their values from the columns `T`.
#[diagnostic::on_unimplemented(
    message = "the values of `{T}` do not convert into those of `{Self}`",
    note = "a foreign key's field is of the type that it refers to, an `Option` of it, or one that it converts into"
)]
pub trait ConvertedFrom<T: KeyColumns>: KeyColumns {
    /// The values of these columns.
    #[doc(hidden)]
    fn converted(value: T::Value) -> Self::Value;
}

/// Columns that hold the values of the columns `T`, or NULL.
#[diagnostic::on_unimplemented(
    message = "the fields of `{Self}` do not hold the values of `{T}`",
    note = "a parent is found if the foreign key's field is of the type that it refers to, or an `Option` of it"
)]
pub trait Holds<T: KeyColumns>: KeyColumns {
    /// The values, unless one of them is NULL.
    #[doc(hidden)]
    fn held(value: &Self::Value) -> Option<T::Value>;
}

impl<F: EntityColumn> KeyColumns for F {
    type Table = <F as Column>::Table;
    type Value = Field<F>;

    fn names() -> Vec<&'static str> {
        vec![F::NAME]
    }

    fn of_row(row: &EntityOf<Self::Table>) -> Cow<'_, Self::Value> {
        Cow::Borrowed(HasColumn::<F>::column(row))
    }

    fn of_key(key: &<EntityOf<Self::Table> as Entity>::Key) -> Option<Self::Value> {
        <EntityOf<Self::Table> as HasColumn<F>>::column_of_key(key)
    }

    fn part(value: &Self::Value, _: usize) -> &dyn Value {
        value
    }

    fn from_parts(parts: Vec<Box<dyn Any>>) -> Option<Self::Value> {
        parts.into_iter().next()?.downcast().ok().map(|value| *value)
    }
}

impl<F: EntityColumn, T: EntityColumn> ConvertedFrom<T> for F
where
    Field<T>: Into<Field<F>>,
{
    fn converted(value: Field<T>) -> Field<F> {
        value.into()
    }
}

impl<F: EntityColumn, T: EntityColumn> Holds<T> for F
where
    Field<F>: HoldsKey<Field<T>>,
{
    fn held(value: &Field<F>) -> Option<Field<T>> {
        value.held().cloned()
    }
}

/// The impls for tuples of columns.
macro_rules! several {
    ($($position:tt $column:ident $to:ident),+) => {
        impl<Table: EntityTable, $($column),+> KeyColumns for ($($column,)+)
        where
            $($column: EntityColumn + Column<Table = Table>,)+
        {
            type Table = Table;
            type Value = ($(Field<$column>,)+);

            fn names() -> Vec<&'static str> {
                vec![$($column::NAME),+]
            }

            fn of_row(row: &EntityOf<Self::Table>) -> Cow<'_, Self::Value> {
                Cow::Owned(($(HasColumn::<$column>::column(row).clone(),)+))
            }

            fn of_key(key: &<EntityOf<Self::Table> as Entity>::Key) -> Option<Self::Value> {
                Some(($(<EntityOf<Self::Table> as HasColumn<$column>>::column_of_key(key)?,)+))
            }

            fn part(value: &Self::Value, position: usize) -> &dyn Value {
                let parts: &[&dyn Value] = &[$(&value.$position),+];
                parts[position]
            }

            fn from_parts(parts: Vec<Box<dyn Any>>) -> Option<Self::Value> {
                let mut parts = parts.into_iter();
                Some(($(*parts.next()?.downcast::<Field<$column>>().ok()?,)+))
            }
        }

        impl<$($column, $to),+> ConvertedFrom<($($to,)+)> for ($($column,)+)
        where
            Self: KeyColumns<Value = ($(Field<$column>,)+)>,
            ($($to,)+): KeyColumns<Value = ($(Field<$to>,)+)>,
            $($column: EntityColumn, $to: EntityColumn, Field<$to>: Into<Field<$column>>,)+
        {
            fn converted(value: ($(Field<$to>,)+)) -> Self::Value {
                ($(value.$position.into(),)+)
            }
        }

        impl<$($column, $to),+> Holds<($($to,)+)> for ($($column,)+)
        where
            Self: KeyColumns<Value = ($(Field<$column>,)+)>,
            ($($to,)+): KeyColumns<Value = ($(Field<$to>,)+)>,
            $($column: EntityColumn, $to: EntityColumn, Field<$column>: HoldsKey<Field<$to>>,)+
        {
            fn held(value: &Self::Value) -> Option<($(Field<$to>,)+)> {
                Some(($(HoldsKey::<Field<$to>>::held(&value.$position)?.clone(),)+))
            }
        }
    };
}

several!(0 A TA, 1 B TB);
several!(0 A TA, 1 B TB, 2 D TD);
several!(0 A TA, 1 B TB, 2 D TD, 3 G TG);
