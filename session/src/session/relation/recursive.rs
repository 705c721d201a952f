//! Trees of rows that refer to their own table: one SELECT for each level.

use diesel::deserialize::FromSql;
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, Bool, HasSqlType};

use super::children::Children;
use super::nested::Nested;
use super::{Child, Relation};
use crate::connection::SessionConnection;
use crate::error::Result;
use crate::session::entity::{Columns, Key};
use crate::session::key_columns::{ConvertedFrom, ForeignKeyColumns, KeyColumns};
use crate::session::sql::{Conditions, Order};
use crate::session::{Handle, Persist, Session, sealed};

/// A row, or what was loaded with it, and the trees below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree<T> {
    /// The row's handle, or a pair of that and of what [`with`](Children::with) loads.
    pub row: T,
    /// The trees of its children, in their order.
    pub children: Vec<Tree<T>>,
}

impl<T> Tree<T> {
    /// Every row of the tree with its depth, which is 0 at the top: each row before those below it.
    pub fn walk(&self) -> impl Iterator<Item = (usize, &T)> {
        let mut waiting = vec![(0, self)];
        std::iter::from_fn(move || {
            let (depth, tree) = waiting.pop()?;
            waiting.extend(tree.children.iter().rev().map(|child| (depth + 1, child)));
            Some((depth, &tree.row))
        })
    }
}

/// The rows below others by a foreign key `F` that refers to its own table; made by [`Children::recursive`].
#[derive(Debug, Clone, Copy)]
#[must_use = "a relation sends no SQL until it is loaded by `load_related`"]
pub struct Recursive<F, P = (), O = (), W = ()> {
    children: Children<F, P, O, W>,
    depth: Option<u32>,
}

impl<F: KeyColumns, P, O, W> Children<F, P, O, W> {
    /// The children's children too, and so on to the bottom: for a foreign key that refers to its own table.
    pub fn recursive(self) -> Recursive<F, P, O, W> {
        Recursive { children: self, depth: None }
    }
}

impl<F, P, O, W> Recursive<F, P, O, W> {
    /// At most `levels` levels, instead of all of them.
    pub fn depth(self, levels: u32) -> Self {
        Self { depth: Some(levels), ..self }
    }
}

impl<F, P, O, W> sealed::Relation for Recursive<F, P, O, W> {}

impl<C, F, P, O, W> Relation<C> for Recursive<F, P, O, W>
where
    C: SessionConnection<Backend: HasSqlType<BigInt>>,
    i64: ToSql<BigInt, C::Backend>,
    bool: FromSql<Bool, C::Backend>,
    F: ForeignKeyColumns<Value: Key, To: KeyColumns<Table = F::Table>> + ConvertedFrom<F::To>,
    Child<F>: Persist<C> + Columns<C::Backend>,
    P: Conditions<C::Backend>,
    O: Order<C::Backend>,
    W: Nested<C, Child<F>>,
{
    type From = Child<F>;
    type Loaded = Vec<Tree<W::Item>>;

    fn load(&self, session: &mut Session<'_, C>, rows: &[Handle<Self::From>]) -> Result<Vec<Self::Loaded>> {
        // The rows given come first; then each level, every row with the index of the one above it.
        let mut nodes: Vec<(Handle<Child<F>>, Option<usize>)> = rows.iter().map(|row| (*row, None)).collect();
        let (mut level, mut depth) = (0..nodes.len(), 0);
        while !level.is_empty() && self.depth.is_none_or(|most| depth < most) {
            let above: Vec<Handle<Child<F>>> = nodes[level.clone()].iter().map(|(row, _)| *row).collect();
            let groups = self.children.groups(session, &above)?;
            let next = nodes.len();
            for (index, group) in level.zip(groups) {
                let below: Vec<_> = group.into_iter().filter(|row| !is_above(&nodes, *row, index)).collect();
                nodes.extend(below.into_iter().map(|row| (row, Some(index))));
            }
            level = next..nodes.len();
            depth += 1;
        }
        let below = nodes[rows.len()..].iter().map(|(row, _)| *row).collect();
        let items = self.children.with.items(session, below)?;
        // From the last to the first, each tree is complete when it moves below the row above it.
        let mut trees: Vec<Self::Loaded> = nodes.iter().map(|_| Vec::new()).collect();
        let above = nodes[rows.len()..].iter().map(|(_, above)| *above);
        for (row, above) in items.into_iter().zip(above).rev() {
            let mut children = trees.pop().unwrap_or_default();
            children.reverse();
            if let Some(above) = above {
                trees[above].push(Tree { row, children });
            }
        }
        trees.iter_mut().for_each(|children| children.reverse());
        Ok(trees)
    }
}

/// Whether a row is the node at `index`, or one above it.
fn is_above<E>(nodes: &[(Handle<E>, Option<usize>)], row: Handle<E>, index: usize) -> bool {
    let chain = std::iter::successors(Some(index), |index| nodes[*index].1);
    chain.map(|index| nodes[index].0).any(|above| above == row)
}
