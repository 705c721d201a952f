//! Whose something is: the options by which commands name a user.

use clap::Args;

use super::exit::Usage;
use super::values;
use crate::models::User;
use crate::services::users::Who;
use crate::types::Id;

/// The options that name the user to whom something belongs.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(super) struct Whose {
    /// Of the user with this id
    #[arg(long, value_name = "ID", value_parser = values::owner_id::<User>)]
    user: Option<Id<User>>,
    /// Of the user with this account number
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = values::account)]
    account: Option<i64>,
    /// Of the user with this username
    #[arg(long, value_name = "NAME")]
    login: Option<String>,
}

/// The names of those options, for a group that needs one of them.
pub(super) const WHOSE: [&str; 3] = ["user", "account", "login"];

impl Whose {
    /// The user that is named, if one is.
    pub(super) fn who(self) -> Option<Who> {
        self.user.map(Who::Id).or(self.account.map(Who::Number)).or(self.login.map(Who::Login))
    }

    /// The user that is named.
    pub(super) fn required(self) -> anyhow::Result<Who> {
        self.who().ok_or_else(|| Usage("say whose it is: --user ID, --account N or --login NAME".to_owned()).into())
    }
}

/// The user that a command is about: by the row's id, or by what is known of the account.
pub(super) fn which(
    id: Option<Id<User>>,
    account: Option<i64>,
    login: Option<String>,
    email: Option<String>,
) -> anyhow::Result<Who> {
    let named = id.map(Who::Id).or(account.map(Who::Number)).or(login.map(Who::Login)).or(email.map(Who::Email));
    named.ok_or_else(|| Usage("say which user: ID, --account N or --login NAME".to_owned()).into())
}
