//! `Persist`: what a connection can do with an entity.

use diesel::QueryResult;

use super::delete::{Condemned, delete};
use super::insert::insert;
use super::select::select;
use super::update::{Edited, update};
use crate::connection::{AnyConnection, Engine, Link, SessionConnection, on_every_connection, on_variant};
use crate::session::entity::{ColumnSet, Columns, Entity};

/// What connection `C` can do with an entity: every entity has it for every connection that knows its column types.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be kept over a `{C}`",
    label = "not every column type of `{Self}` is known to this connection's database",
    note = "derive `Entity` on it; with column types of one engine only, use a `Session` over that engine's connection"
)]
pub trait Persist<C: SessionConnection>: Entity {
    /// Inserts the rows, in their order, and fills the columns that the database made.
    fn insert(link: &mut Link<'_, C>, rows: &mut [Self]) -> QueryResult<()>;

    /// Updates `columns` of the rows; gives the number of the first that is not there as it was read.
    fn update(link: &mut Link<'_, C>, rows: &[Edited<'_, Self>], columns: ColumnSet) -> QueryResult<Option<usize>>;

    /// Deletes the rows; gives how many were there as they were read.
    fn delete(link: &mut Link<'_, C>, rows: &[Condemned<'_, Self>]) -> QueryResult<usize>;

    /// Reads the rows that have these keys, in no promised order.
    fn select(link: &mut Link<'_, C>, keys: &[Self::Key]) -> QueryResult<Vec<Self>>;
}

impl<E, C> Persist<C> for E
where
    C: Engine,
    E: Columns<C::Backend>,
{
    fn insert(link: &mut Link<'_, C>, rows: &mut [Self]) -> QueryResult<()> {
        insert(link, rows)
    }

    fn update(link: &mut Link<'_, C>, rows: &[Edited<'_, Self>], columns: ColumnSet) -> QueryResult<Option<usize>> {
        update(link, rows, columns)
    }

    fn delete(link: &mut Link<'_, C>, rows: &[Condemned<'_, Self>]) -> QueryResult<usize> {
        delete(link, rows)
    }

    fn select(link: &mut Link<'_, C>, keys: &[Self::Key]) -> QueryResult<Vec<Self>> {
        select(link, keys)
    }
}

on_every_connection! {
    /// An entity that every engine compiled in can keep.
    trait PersistEverywhere: Persist
}

impl<E: PersistEverywhere> Persist<AnyConnection> for E {
    fn insert(link: &mut Link<'_, AnyConnection>, rows: &mut [Self]) -> QueryResult<()> {
        on_variant!(link.connection, connection => Persist::insert(&mut Link::new(connection, link.echo), rows))
    }

    fn update(
        link: &mut Link<'_, AnyConnection>,
        rows: &[Edited<'_, Self>],
        columns: ColumnSet,
    ) -> QueryResult<Option<usize>> {
        on_variant!(link.connection, connection => Persist::update(&mut Link::new(connection, link.echo), rows, columns))
    }

    fn delete(link: &mut Link<'_, AnyConnection>, rows: &[Condemned<'_, Self>]) -> QueryResult<usize> {
        on_variant!(link.connection, connection => Persist::delete(&mut Link::new(connection, link.echo), rows))
    }

    fn select(link: &mut Link<'_, AnyConnection>, keys: &[Self::Key]) -> QueryResult<Vec<Self>> {
        on_variant!(link.connection, connection => Persist::select(&mut Link::new(connection, link.echo), keys))
    }
}
