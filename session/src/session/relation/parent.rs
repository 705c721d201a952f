//! `parent(column)`: the row that each row refers to.

use std::marker::PhantomData;

use super::nested::Nested;
use super::{Child, ParentOf, Relation};
use crate::connection::SessionConnection;
use crate::error::Result;
use crate::session::entity::Key;
use crate::session::key_columns::{ForeignKeyColumns, Holds, KeyColumns};
use crate::session::{Handle, Persist, Session, sealed};

/// The row that each row refers to by the foreign key `F`; made by [`parent`](super::parent).
#[derive(Debug, Clone, Copy)]
#[must_use = "a relation sends no SQL until it is loaded by `load_related`"]
pub struct Parent<F, W = ()> {
    with: W,
    column: PhantomData<fn() -> F>,
}

impl<F> Parent<F> {
    pub(super) fn new() -> Self {
        Self { with: (), column: PhantomData }
    }

    /// Loads a relation of the parents with them, or several in a tuple.
    pub fn with<R>(self, relation: R) -> Parent<F, (R,)> {
        Parent { with: (relation,), column: PhantomData }
    }
}

impl<F, W> sealed::Relation for Parent<F, W> {}

impl<C, F, W> Relation<C> for Parent<F, W>
where
    C: SessionConnection,
    F: ForeignKeyColumns<To: KeyColumns<Value: Key>> + Holds<F::To>,
    Child<F>: Persist<C>,
    ParentOf<F>: Persist<C>,
    W: Nested<C, ParentOf<F>>,
{
    type From = Child<F>;
    type Loaded = Option<W::Item>;

    fn load(&self, session: &mut Session<'_, C>, rows: &[Handle<Self::From>]) -> Result<Vec<Self::Loaded>> {
        let parents = session.parents_of::<F>(rows)?;
        let mut items = self.with.items(session, parents.iter().flatten().copied().collect())?.into_iter();
        Ok(parents.into_iter().map(|parent| parent.and_then(|_| items.next())).collect())
    }
}
