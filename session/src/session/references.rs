//! The argument that gives all columns of a foreign key of several columns: a handle, or a tuple of values.

use diesel::Column;

use super::entity::EntityTable;
use super::handle::Handle;
use super::reference::Ref;
use crate::error::{Error, Result};

/// What gives the columns of a foreign key of several columns in one argument of `New…::new`: the [`Handle`] of the
/// parent, or a tuple with a value (or a [`Ref`]) for each column.
///
/// ```
/// use diesel::prelude::*;
/// use diesel_session::prelude::*;
///
/// diesel::table! { lines (order_id, line_no) { order_id -> BigInt, line_no -> BigInt, item -> Text } }
/// diesel::table! { parcels (id) { id -> BigInt, order_id -> BigInt, line_no -> BigInt } }
///
/// #[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
/// #[diesel(table_name = lines)]
/// pub struct Line {
///     #[entity(key, given)]
///     pub order_id: i64,
///     #[entity(key, given)]
///     pub line_no: i64,
///     pub item: String,
/// }
///
/// #[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
/// #[diesel(table_name = parcels)]
/// #[entity(references((order_id, line_no) = lines::(order_id, line_no)))]
/// pub struct Parcel {
///     #[entity(key)]
///     pub id: i64,
///     pub order_id: i64,
///     pub line_no: i64,
/// }
///
/// fn pack(session: &mut Session<'_>) -> Result<()> {
///     let line = session.add(NewLine::new(7, 1, "tea")?);
///     session.add(NewParcel::new(line)?); // the INSERT of the line is sent first
///     session.add(NewParcel::new((7, 2))?); // a line that is in the database
///     Ok(())
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not give the columns of this foreign key",
    label = "write the handle of the parent, or a tuple with a value for each column"
)]
pub trait IntoReferences<R> {
    /// A reference for each column.
    ///
    /// # Errors
    ///
    /// When a value does not fit its column's type.
    fn into_references(self) -> Result<R>;
}

/// The impls for foreign keys of some number of columns.
macro_rules! references {
    ($(($first:ident $first_key:ident $first_given:ident $($column:ident $key:ident $given:ident)*))+) => {$(
        impl<$first, $first_key, $($column, $key,)*> IntoReferences<(Ref<$first, $first_key>, $(Ref<$column, $key>,)*)>
            for Handle<<$first::Table as EntityTable>::Entity>
        where
            $first: Column<Table: EntityTable>,
        {
            fn into_references(self) -> Result<(Ref<$first, $first_key>, $(Ref<$column, $key>,)*)> {
                Ok((Ref::row(self.raw), $(Ref::<$column, $key>::row(self.raw),)*))
            }
        }

        impl<$first, $first_key, $first_given, $($column, $key, $given,)*>
            IntoReferences<(Ref<$first, $first_key>, $(Ref<$column, $key>,)*)> for ($first_given, $($given,)*)
        where
            $first_given: TryInto<Ref<$first, $first_key>, Error: Into<Error>>,
            $($given: TryInto<Ref<$column, $key>, Error: Into<Error>>,)*
        {
            #[allow(non_snake_case, reason = "each value is named after its type")]
            fn into_references(self) -> Result<(Ref<$first, $first_key>, $(Ref<$column, $key>,)*)> {
                let ($first_given, $($given,)*) = self;
                Ok(($first_given.try_into().map_err(Into::into)?, $($given.try_into().map_err(Into::into)?,)*))
            }
        }
    )+};
}

references! {
    (A KA GA B KB GB)
    (A KA GA B KB GB C KC GC)
    (A KA GA B KB GB C KC GC D KD GD)
}
