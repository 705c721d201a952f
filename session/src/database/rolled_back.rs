//! A database with a transaction around all units of work, and opening one by its address: for `testing`.

use super::pool::Pool;
use super::{Database, Options};
use crate::connection::{Access, Address, DatabaseConnection};
use crate::error::{Error, Result};

impl<C: DatabaseConnection> Database<C> {
    /// Opens the database at this address.
    pub(crate) fn at(address: Address, options: Options) -> Result<Self> {
        Self::open_address(address.absolute()?, options)
    }

    /// This database with one connection of its own, on which a transaction stays open.
    pub(crate) fn rolled_back(&self) -> Result<Self> {
        let (address, options) = (self.pool.address().clone(), self.pool.options().clone().access(Access::Write));
        if address.is_private() {
            let problem = "a database in memory has one connection, and no other to roll back".to_owned();
            return Err(Error::Open { place: self.place.to_string(), problem });
        }
        let mut database = self.clone();
        database.pool = Pool::in_transaction(address, options)?;
        // What the transaction has written is nowhere else.
        database.standbys = None;
        // A savepoint has no isolation level of its own.
        database.isolation = None;
        Ok(database)
    }
}
