//! The accounts and their rules, as functions that take a session: each works inside the unit of work of its caller.

use std::fmt;

use diesel_session::prelude::*;
use serde::{Deserialize, Serialize};

diesel::table! { accounts (id) { id -> BigInt, owner -> Text, balance -> BigInt } }

/// An account, in cents. The database refuses a balance below zero.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity, Serialize)]
#[diesel(table_name = accounts)]
pub struct Account {
    #[entity(key)]
    pub id: Id<Account>,
    pub owner: Text256,
    pub balance: i64,
}

/// A request for a new account.
#[derive(Debug, Deserialize)]
pub struct Opening {
    owner: String,
    balance: i64,
}

/// A request to move money.
#[derive(Debug, Deserialize)]
pub struct Transfer {
    from: i64,
    to: i64,
    amount: i64,
}

/// The balances after a transfer.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Balances {
    from: i64,
    to: i64,
}

/// Why a unit of work ends without effect: the program's own rules, or an error of the session.
#[derive(Debug)]
pub enum Refusal {
    /// More than the account has; its balance.
    TooLittle(i64),
    /// A request that makes no sense.
    Request(&'static str),
    Session(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Session(error)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLittle(balance) => write!(f, "the account has only {balance}"),
            Self::Request(problem) => f.write_str(problem),
            Self::Session(error) => error.fmt(f),
        }
    }
}

/// Opens an account, and returns it with its key.
pub fn open(session: &mut Session<'_>, opening: Opening) -> Result<Account, Refusal> {
    let account = session.add(NewAccount::new(opening.owner, opening.balance)?);
    session.flush()?;
    Ok(session.detach(account)?)
}

pub fn show(session: &mut Session<'_>, id: i64) -> Result<Account, Refusal> {
    let account = session.get_one::<Account>(id)?;
    Ok(session.detach(account)?)
}

/// Moves money. Both accounts are locked in the order of their ids, so that two transfers never wait for each other.
pub fn transfer(session: &mut Session<'_>, transfer: &Transfer) -> Result<Balances, Refusal> {
    let &Transfer { from, to, amount } = transfer;
    if amount <= 0 || from == to {
        return Err(Refusal::Request("an amount above zero moves between two accounts"));
    }
    for id in [from.min(to), from.max(to)] {
        let missing = || Error::NoRows { what: format!("account {id}") };
        session.get_for_update::<Account>(id)?.ok_or_else(missing)?;
    }
    let (from, to) = (session.get_one::<Account>(from)?, session.get_one::<Account>(to)?);
    let balance = session.row(from)?.balance;
    if balance < amount {
        return Err(Refusal::TooLittle(balance));
    }
    session.edit(from)?.balance -= amount;
    session.edit(to)?.balance += amount;
    Ok(Balances { from: session.row(from)?.balance, to: session.row(to)?.balance })
}
