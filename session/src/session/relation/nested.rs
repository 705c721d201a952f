//! What is loaded with related rows: nothing, or relations of their own.

use super::Relation;
use crate::connection::SessionConnection;
use crate::error::Result;
use crate::session::{Handle, Persist, Session, sealed};

/// What comes with each related row: `()` for nothing, `(R,)` for the relation `R`, as
/// [`with`](super::Children::with) gives it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a relation of `{E}`",
    label = "does not start at the rows that it is loaded with",
    note = "`children(column)` starts at the table that `column` refers to, `parent(column)` at the table of `column`"
)]
pub trait Nested<C: SessionConnection, E>: sealed::Nested {
    /// The row: its handle alone, or a pair of that and of what its relation loads.
    type Item;

    /// Loads what comes with the rows.
    ///
    /// # Errors
    ///
    /// Those of the relation.
    #[doc(hidden)]
    fn items(&self, session: &mut Session<'_, C>, rows: Vec<Handle<E>>) -> Result<Vec<Self::Item>>;
}

impl sealed::Nested for () {}
impl<R> sealed::Nested for (R,) {}

impl<C: SessionConnection, E> Nested<C, E> for () {
    type Item = Handle<E>;

    fn items(&self, _: &mut Session<'_, C>, rows: Vec<Handle<E>>) -> Result<Vec<Self::Item>> {
        Ok(rows)
    }
}

impl<C: SessionConnection, E: Persist<C>, R: Relation<C, From = E>> Nested<C, E> for (R,) {
    type Item = (Handle<E>, R::Loaded);

    fn items(&self, session: &mut Session<'_, C>, rows: Vec<Handle<E>>) -> Result<Vec<Self::Item>> {
        let loaded = self.0.load(session, &rows)?;
        Ok(rows.into_iter().zip(loaded).collect())
    }
}

/// The groups of rows with what comes with them, loaded for all groups together.
pub(super) fn items_in_groups<C, E, W>(
    session: &mut Session<'_, C>,
    with: &W,
    groups: Vec<Vec<Handle<E>>>,
) -> Result<Vec<Vec<W::Item>>>
where
    C: SessionConnection,
    W: Nested<C, E>,
{
    let lengths: Vec<usize> = groups.iter().map(Vec::len).collect();
    let mut items = with.items(session, groups.concat())?.into_iter();
    Ok(lengths.into_iter().map(|length| items.by_ref().take(length).collect()).collect())
}

/// Several relations of the same rows.
macro_rules! several {
    ($($relation:ident $index:tt),+) => {
        impl<$($relation),+> sealed::Relation for ($($relation,)+) {}

        impl<C, From, $($relation),+> Relation<C> for ($($relation,)+)
        where
            C: SessionConnection,
            From: Persist<C>,
            $($relation: Relation<C, From = From>,)+
        {
            type From = From;
            type Loaded = ($($relation::Loaded,)+);

            fn load(&self, session: &mut Session<'_, C>, rows: &[Handle<From>]) -> Result<Vec<Self::Loaded>> {
                $(
                    #[allow(non_snake_case, reason = "one iterator for each relation, under its name")]
                    let mut $relation = self.$index.load(session, rows)?.into_iter();
                )+
                let one = || Some(($($relation.next()?,)+));
                Ok(std::iter::from_fn(one).collect())
            }
        }
    };
}

several!(R0 0, R1 1);
several!(R0 0, R1 1, R2 2);
several!(R0 0, R1 1, R2 2, R3 3);
