//! The options by which commands name a user, such as a record's owner.

use clap::Args;

use super::exit::Usage;
use super::values;
use folio::models::User;
use folio::services::users::UserSelector;
use folio::types::Id;

/// The options that name the owner of a record.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(super) struct OwnerArgs {
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

/// The names of those options, for a group that requires one of them.
pub(super) const OWNER_OPTIONS: [&str; 3] = ["user", "account", "login"];

impl OwnerArgs {
    /// The user named by the options, if any.
    pub(super) fn selector(self) -> Option<UserSelector> {
        self.user
            .map(UserSelector::Id)
            .or(self.account.map(UserSelector::Number))
            .or(self.login.map(UserSelector::Login))
    }

    /// The user named by the options, or an error.
    pub(super) fn required(self) -> anyhow::Result<UserSelector> {
        self.selector().ok_or_else(|| {
            Usage("name the user that it belongs to: --user ID, --account N or --login NAME".to_owned()).into()
        })
    }
}

/// The user that a command works on: by the row's id, or by the account's number, login or email.
pub(super) fn user_selector(
    id: Option<Id<User>>,
    account: Option<i64>,
    login: Option<String>,
    email: Option<String>,
) -> anyhow::Result<UserSelector> {
    let named = id
        .map(UserSelector::Id)
        .or(account.map(UserSelector::Number))
        .or(login.map(UserSelector::Login))
        .or(email.map(UserSelector::Email));
    named.ok_or_else(|| Usage("name the user: ID, --account N or --login NAME".to_owned()).into())
}
