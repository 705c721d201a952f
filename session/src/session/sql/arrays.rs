//! Columns of many rows as arrays: whether they fit, and how a value is bound, written and shown.

use std::fmt;

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::deserialize::FromSql;
use diesel::query_builder::AstPass;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::HasSqlType;

use crate::connection::{ArrayOf, EngineConnection, Executor, Values};
use crate::session::entity::{Columns, Visitor};

/// Whether every one of these columns can be sent as an array.
pub(super) fn fit_arrays<E, C>(executor: &mut Executor<'_, C>, mut columns: impl Iterator<Item = usize>) -> bool
where
    C: EngineConnection,
    E: Columns<C::Backend>,
{
    columns.all(|column| E::column(column, Fits { connection: &mut *executor.connection }))
}

/// Asks the engine whether a column's type can be sent in an array.
struct Fits<'c, C> {
    connection: &'c mut C,
}

impl<R, C: EngineConnection> Visitor<C::Backend, R> for Fits<'_, C> {
    type Output = bool;

    fn visit<ST, T>(self, _: fn(&R) -> &T, _: fn(&mut R, T)) -> bool
    where
        C::Backend: HasSqlType<ST>,
        T: ToSql<ST, C::Backend> + FromSql<ST, C::Backend> + PartialEq + 'static,
    {
        self.connection.fits_array::<ST>()
    }
}

/// Binds an array.
pub(super) struct Push<'v, 'p, 'b, C: EngineConnection, V> {
    pub(super) values: &'b ArrayOf<V>,
    pub(super) out: &'v mut AstPass<'p, 'b, C::Backend>,
}

impl<R, C: EngineConnection, V: Values<C::Backend>> Visitor<C::Backend, R> for Push<'_, '_, '_, C, V> {
    type Output = QueryResult<()>;

    fn visit<ST: 'static, T>(self, _: fn(&R) -> &T, _: fn(&mut R, T)) -> QueryResult<()>
    where
        C::Backend: HasSqlType<ST>,
        T: ToSql<ST, C::Backend> + FromSql<ST, C::Backend> + PartialEq + 'static,
    {
        C::push_array::<ST, V>(self.values, self.out)
    }
}

/// Writes one value.
pub(super) struct Write<'v, 'o, 'b, R, DB: Backend> {
    pub(super) row: &'b R,
    pub(super) out: &'v mut Output<'b, 'o, DB>,
}

impl<R, DB: Backend> Visitor<DB, R> for Write<'_, '_, '_, R, DB> {
    type Output = serialize::Result;

    fn visit<ST, T>(self, get: fn(&R) -> &T, _: fn(&mut R, T)) -> serialize::Result
    where
        DB: HasSqlType<ST>,
        T: ToSql<ST, DB> + FromSql<ST, DB> + PartialEq + 'static,
    {
        ToSql::<ST, DB>::to_sql(get(self.row), self.out)
    }
}

/// Shows one value.
pub(super) struct Show<'v, 'l, 'f, R> {
    pub(super) row: &'v R,
    pub(super) list: &'v mut fmt::DebugList<'l, 'f>,
}

impl<R, DB: Backend> Visitor<DB, R> for Show<'_, '_, '_, R> {
    type Output = ();

    fn visit<ST, T>(self, get: fn(&R) -> &T, _: fn(&mut R, T))
    where
        DB: HasSqlType<ST>,
        T: ToSql<ST, DB> + FromSql<ST, DB> + PartialEq + 'static,
    {
        self.list.entry(get(self.row));
    }
}
