//! The models' tables, and how a row of each becomes Folio's.

use std::collections::{HashMap, HashSet};
use std::fmt;

use super::values::{Fields, checked};
use crate::error::Result;
use crate::models::{Note, Repository, Resume, User};
use crate::services::tables::Row;
use crate::types::{Email, Id, LongText, RepositoryStatus, Text256, Timestamp};

/// A table as one of the models declares it.
#[derive(Clone, Copy)]
pub(super) struct Model {
    pub table: &'static str,
    pub required: &'static [&'static str],
    pub optional: &'static [&'static str],
    pub reference: Option<Reference>,
}

/// A foreign key.
#[derive(Clone, Copy)]
pub(super) struct Reference {
    pub column: &'static str,
    pub parent: &'static str,
    pub parent_column: &'static str,
}

/// Where it leads: `users.id`.
impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.parent, self.parent_column)
    }
}

impl Model {
    /// All of its columns.
    pub(super) fn columns(&self) -> impl Iterator<Item = &'static str> {
        self.required.iter().chain(self.optional).copied()
    }
}

/// Every table, referenced tables first.
pub(super) const MODELS: [Model; 4] = [User::MODEL, Repository::MODEL, Resume::MODEL, Note::MODEL];

const OF_USER: Option<Reference> = Some(Reference { column: "user_id", parent: "users", parent_column: "id" });

/// A row of Folio's that a row of a model becomes.
pub(super) trait Convert: Row {
    const MODEL: Model;

    /// The row, or why Folio's table cannot take it. A row that is returned is kept, so later ones may refer to it.
    fn convert(id: i64, fields: &Fields, kept: &mut Kept) -> Result<Self, String>;
}

/// An operation to run on each table in turn.
pub(super) trait Visit {
    fn visit<R: Convert>(&mut self) -> Result<()>;
}

/// Visits the tables in the order of [`MODELS`].
pub(super) fn each(visitor: &mut impl Visit) -> Result<()> {
    visitor.visit::<User>()?;
    visitor.visit::<Repository>()?;
    visitor.visit::<Resume>()?;
    visitor.visit::<Note>()
}

/// The rows that are kept, as far as later ones depend on them.
pub(super) struct Kept {
    /// The time of the adoption, for what the file does not tell.
    now: Timestamp,
    /// Ids of users.
    users: HashSet<i64>,
    /// Ids of users by their numbers.
    numbers: HashMap<i64, i64>,
    /// Ids of repositories by their owner's number and their name.
    repositories: HashMap<(i64, Text256), i64>,
}

impl Kept {
    pub(super) fn new() -> Self {
        let (users, numbers, repositories) = Default::default();
        Self { now: Timestamp::now(), users, numbers, repositories }
    }

    /// The number of the next user, if the file has none: they count down from -1.
    fn next_number(&self) -> i64 {
        -1 - i64::try_from(self.users.len()).unwrap_or(i64::MAX - 1)
    }

    /// The user that the row belongs to.
    fn user(&self, fields: &Fields) -> Result<Id<User>, String> {
        let id = fields.integer("user_id")?;
        if !self.users.contains(&id) {
            return Err(format!("user_id: no kept user has the id {id}"));
        }
        Ok(Id::new(id))
    }
}

impl Convert for User {
    const MODEL: Model = Model {
        table: "users",
        required: &["id", "username"],
        optional: &["user_id", "email", "created_at"],
        reference: None,
    };

    fn convert(id: i64, fields: &Fields, kept: &mut Kept) -> Result<Self, String> {
        let user_id = if fields.has("user_id") { fields.integer("user_id")? } else { kept.next_number() };
        let email = fields.optional_text("email")?.filter(|email| !email.is_empty());
        let user = Self {
            id: Id::new(id),
            user_id,
            username: checked(Text256::named("username", fields.text("username")?))?,
            email: email.map(|email| checked(Email::named("email", email))).transpose()?,
            created_at: fields.time("created_at", kept.now)?,
            updated_at: kept.now,
            name: None,
            kind: None,
            url: None,
            company: None,
            location: None,
        };
        if let Some(other) = kept.numbers.get(&user_id) {
            return Err(format!("user_id: user id {other} already has the number {user_id}"));
        }
        kept.numbers.insert(user_id, id);
        kept.users.insert(id);
        Ok(user)
    }
}

impl Convert for Repository {
    const MODEL: Model = Model {
        table: "repositories",
        required: &["id", "user_id", "repo_name", "status"],
        optional: &["created_at"],
        reference: Some(Reference { column: "user_id", parent: "users", parent_column: "user_id" }),
    };

    fn convert(id: i64, fields: &Fields, kept: &mut Kept) -> Result<Self, String> {
        let repository = Self {
            id: Id::new(id),
            user_id: fields.integer("user_id")?,
            repo_id: None,
            repo_name: checked(Text256::named("repo_name", fields.text("repo_name")?))?,
            status: checked(fields.text("status")?.parse::<RepositoryStatus>())?,
            created_at: fields.time("created_at", kept.now)?,
            updated_at: kept.now,
            visibility: None,
            description: None,
            language: None,
            topics: None,
            stars: None,
            forks: None,
            archived: None,
            fork: None,
            url: None,
            pushed_at: None,
            repo_created_at: None,
        };
        let number = repository.user_id;
        if !kept.numbers.contains_key(&number) {
            return Err(format!("user_id: no kept user has the number {number}"));
        }
        let name = (number, repository.repo_name.clone());
        if let Some(other) = kept.repositories.get(&name) {
            return Err(format!("repo_name: repository id {other} of the same user already has this name"));
        }
        kept.repositories.insert(name, id);
        Ok(repository)
    }
}

impl Convert for Resume {
    const MODEL: Model = Model {
        table: "resumes",
        required: &["id", "user_id", "vacancy"],
        optional: &["created_at"],
        reference: OF_USER,
    };

    fn convert(id: i64, fields: &Fields, kept: &mut Kept) -> Result<Self, String> {
        Ok(Self {
            id: Id::new(id),
            user_id: kept.user(fields)?,
            vacancy: checked(Text256::named("vacancy", fields.text("vacancy")?))?,
            body: LongText::default(),
            source: None,
            created_at: fields.time("created_at", kept.now)?,
            updated_at: kept.now,
            version: 1,
        })
    }
}

impl Convert for Note {
    const MODEL: Model =
        Model { table: "notes", required: &["id", "name", "user_id"], optional: &["created_at"], reference: OF_USER };

    fn convert(id: i64, fields: &Fields, kept: &mut Kept) -> Result<Self, String> {
        Ok(Self {
            id: Id::new(id),
            name: checked(Text256::named("name", fields.text("name")?))?,
            body: LongText::default(),
            user_id: kept.user(fields)?,
            repository_id: None,
            source: None,
            created_at: fields.time("created_at", kept.now)?,
            updated_at: kept.now,
            version: 1,
        })
    }
}
