//! What the derive implements for foreign keys: the reference in a `New…` struct, and links.

use diesel::Column;

use super::entity::{HasColumn, Refers};
use super::reference::Ref;
use crate::error::Result;

/// A row type whose `New…` struct has a reference for column `C`.
#[doc(hidden)]
pub trait GivesReference<C: Column>: Refers<C> {
    /// The reference.
    fn reference(new: &mut Self::New) -> &mut Ref<Self::To, Self::Value>;
}

/// A row type that the foreign keys `F` and `G` identify and whose other columns fill themselves: a link.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a link by `{F}` and `{G}`",
    note = "the key of a table of links consists of these two columns, each with `#[entity(key, given, references = …)]`; or \
            the database generates its key, and they are its only `#[entity(unique(…))]`; its other columns have a default or are \
            `Option`s"
)]
pub trait Links<F: Column, G: Column>: Refers<F> + Refers<G> {
    /// The new row that links two rows.
    ///
    /// # Errors
    ///
    /// None: the references need no conversion.
    #[doc(hidden)]
    fn link(
        one: Ref<<Self as Refers<F>>::To, <Self as HasColumn<F>>::Value>,
        other: Ref<<Self as Refers<G>>::To, <Self as HasColumn<G>>::Value>,
    ) -> Result<Self::New>;

    /// The key of the row that has these values, if they are its key.
    #[doc(hidden)]
    fn key_of(one: <Self as HasColumn<F>>::Value, other: <Self as HasColumn<G>>::Value) -> Option<Self::Key>;
}
