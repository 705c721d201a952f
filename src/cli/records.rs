//! The output form of each noun's records: columns in a fixed order, and all fields in JSON.

use std::borrow::Cow;

use serde::Serialize;

use super::globals::Globals;
use super::output::{self, Column, Format, Place, Record, printable};
use folio::models::{Note, NoteSort, Repository, RepositorySort, Resume, ResumeSort, User, UserSort};
use folio::services::repositories::Owned;

fn number(value: impl ToString) -> Option<Cow<'static, str>> {
    Some(value.to_string().into())
}

fn text(value: &str) -> Option<Cow<'_, str>> {
    Some(value.into())
}

impl Record for User {
    const COLUMNS: &'static [Column] = &[
        Column::number("id"),
        Column::number("account").field("user_id"),
        Column::text("username"),
        Column::text("email"),
        Column::moment("created").field("created_at"),
        Column::moment("updated").field("updated_at"),
        Column::text("name").on_request(),
        Column::text("kind").on_request(),
        Column::text("url").on_request(),
        Column::text("company").on_request(),
        Column::text("location").on_request(),
    ];

    fn cells(&self) -> Vec<Option<Cow<'_, str>>> {
        vec![
            number(self.id),
            number(self.user_id),
            text(&self.username),
            self.email.as_deref().and_then(text),
            number(self.created_at),
            number(self.updated_at),
            self.name.as_deref().and_then(text),
            self.kind.and_then(|kind| text(kind.label())),
            self.url.as_deref().and_then(text),
            self.company.as_deref().and_then(text),
            self.location.as_deref().and_then(text),
        ]
    }

    fn json(&self) -> impl Serialize {
        self
    }
}

impl Record for Owned {
    const COLUMNS: &'static [Column] = &[
        Column::number("id"),
        Column::text("owner"),
        Column::text("name").field("repo_name"),
        Column::text("status"),
        Column::number("number").field("repo_id"),
        Column::number("account").field("user_id"),
        Column::moment("created").field("created_at"),
        Column::moment("updated").field("updated_at"),
        Column::text("visibility").on_request(),
        Column::text("description").on_request(),
        Column::text("language").on_request(),
        Column::text("topics").on_request(),
        Column::number("stars").on_request(),
        Column::number("forks").on_request(),
        Column::text("archived").on_request(),
        Column::text("fork").on_request(),
        Column::text("url").on_request(),
        Column::moment("pushed").field("pushed_at").on_request(),
        Column::moment("began").field("repo_created_at").on_request(),
    ];

    fn cells(&self) -> Vec<Option<Cow<'_, str>>> {
        let Owned { repository, owner, .. } = self;
        vec![
            number(repository.id),
            text(&owner.username),
            text(&repository.repo_name),
            text(repository.status.label()),
            repository.repo_id.and_then(number),
            number(repository.user_id),
            number(repository.created_at),
            number(repository.updated_at),
            repository.visibility.and_then(|visibility| text(visibility.label())),
            repository.description.as_deref().and_then(text),
            repository.language.as_deref().and_then(text),
            repository.topics.as_ref().and_then(number),
            repository.stars.and_then(number),
            repository.forks.and_then(number),
            repository.archived.and_then(number),
            repository.fork.and_then(number),
            repository.url.as_deref().and_then(text),
            repository.pushed_at.and_then(number),
            repository.repo_created_at.and_then(number),
        ]
    }

    fn json(&self) -> impl Serialize {
        #[derive(Serialize)]
        struct WithOwner<'r> {
            #[serde(flatten)]
            repository: &'r Repository,
            owner: &'r User,
        }
        WithOwner { repository: &self.repository, owner: &self.owner }
    }
}

impl Record for Resume {
    const COLUMNS: &'static [Column] = &[
        Column::number("id"),
        Column::number("user").field("user_id").meaning("the user's id"),
        Column::text("vacancy"),
        Column::text("source"),
        Column::number("version"),
        Column::moment("created").field("created_at"),
        Column::moment("updated").field("updated_at"),
        Column::text("body").on_request(),
    ];

    fn cells(&self) -> Vec<Option<Cow<'_, str>>> {
        vec![
            number(self.id),
            number(self.user_id),
            text(&self.vacancy),
            self.source.as_deref().and_then(text),
            number(self.version),
            number(self.created_at),
            number(self.updated_at),
            text(&self.body),
        ]
    }

    fn json(&self) -> impl Serialize {
        self
    }
}

impl Record for Note {
    const COLUMNS: &'static [Column] = &[
        Column::number("id"),
        Column::number("user").field("user_id").meaning("the user's id"),
        Column::text("name"),
        Column::number("repository").field("repository_id").meaning("its id"),
        Column::text("source"),
        Column::number("version"),
        Column::moment("created").field("created_at"),
        Column::moment("updated").field("updated_at"),
        Column::text("body").on_request(),
    ];

    fn cells(&self) -> Vec<Option<Cow<'_, str>>> {
        vec![
            number(self.id),
            number(self.user_id),
            text(&self.name),
            self.repository_id.and_then(number),
            self.source.as_deref().and_then(text),
            number(self.version),
            number(self.created_at),
            number(self.updated_at),
            text(&self.body),
        ]
    }

    fn json(&self) -> impl Serialize {
        self
    }
}

/// A record that has a list of its own, which can be sorted.
pub(super) trait Listed: Record {
    /// What the list can be sorted by: each column but the body.
    type Sort: Copy + 'static;

    /// Each key, and the name of its column.
    fn sort_keys() -> impl Iterator<Item = (&'static str, Self::Sort)>;
}

/// Implements [`Listed`] by the keys of a model.
macro_rules! listed {
    ($($record:ty: $sort:ty;)*) => {
        $(impl Listed for $record {
            type Sort = $sort;

            fn sort_keys() -> impl Iterator<Item = (&'static str, $sort)> {
                <$sort>::ALL.iter().map(|key| (key.name(), *key))
            }
        })*
    };
}

listed! {
    User: UserSort;
    Owned: RepositorySort;
    Resume: ResumeSort;
    Note: NoteSort;
}

impl Globals {
    /// Writes the requested record with its body; in a pipe, unless a format was asked for, its body alone.
    pub(super) fn show_text<R: Record>(&self, record: &R, body: &str) -> anyhow::Result<()> {
        if self.format.is_none() && Place::of_stdout() == Place::Pipe {
            return Ok(output::write_exactly(body)?);
        }
        self.show(record, Some(body))
    }

    /// Writes the requested record: instead of a table, all its fields one below the other, and its body.
    pub(super) fn show<R: Record>(&self, record: &R, body: Option<&str>) -> anyhow::Result<()> {
        if self.format_here() != Format::Table {
            return self.print(record);
        }
        let mut shown = String::new();
        let width = R::COLUMNS.iter().map(|column| column.name().len()).max().unwrap_or(0) + 1;
        for (column, cell) in R::COLUMNS.iter().zip(record.cells()).filter(|(column, _)| column.name() != "body") {
            let label = format!("{}:", column.name());
            let line = format!("{label:width$} {}", printable(&cell.unwrap_or_default()));
            shown.push_str(line.trim_end());
            shown.push('\n');
        }
        if let Some(body) = body.filter(|body| !body.is_empty()) {
            shown.push('\n');
            for line in body.lines() {
                shown.push_str(line);
                shown.push('\n');
            }
        }
        Ok(output::write(&shown)?)
    }
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use super::*;
    use folio::error::Result;
    use folio::exchange;
    use folio::services::import::{self, Rules};
    use folio::services::notes::{self, Text};
    use folio::services::repositories::{self, RepositorySelector};
    use folio::services::resumes::{self, Offer};
    use folio::services::users::{self, UserSelector};
    use folio::{Database, migrations::Migrate as _};

    /// That each field of a record in JSON has a column, each column a cell, and each column but the body a key.
    fn matches<R: Listed>(record: &R) {
        let Ok(serde_json::Value::Object(json)) = serde_json::to_value(record.json()) else { panic!("not an object") };
        let mut fields: Vec<&str> = json.keys().map(String::as_str).collect();
        let mut columns: Vec<&str> = R::COLUMNS.iter().map(|column| column.json_name()).collect();
        fields.sort_unstable();
        columns.sort_unstable();
        assert_eq!(columns, fields);
        assert_eq!(record.cells().len(), R::COLUMNS.len());
        let sorted: Vec<&str> = R::sort_keys().map(|(name, _)| name).collect();
        let columns: Vec<&str> = R::COLUMNS.iter().map(|column| column.name()).filter(|name| *name != "body").collect();
        assert_eq!(sorted, columns);
        let on_request = R::COLUMNS.iter().map(|column| column.is_on_request());
        assert!(on_request.is_sorted(), "those on request come last");
    }

    #[test]
    fn each_field_has_a_column_and_each_column_a_key_to_sort_by() {
        let db = Database::open("sqlite::memory:").unwrap();
        db.migrate().unwrap();
        let record = br#"{"id": 7, "full_name": "a/b", "owner": {"id": 1, "login": "a"}}"#;
        db.begin(|session| -> Result<()> {
            import::apply(session, exchange::read(&record[..], "in", None)?, &Rules::default(), |_| {})?;
            let user = UserSelector::Number(1);
            matches(&users::get(session, &user)?);
            matches(&repositories::get(session, &RepositorySelector::Id(1.into()))?);
            matches(&resumes::add(session, &user, Offer::new("x")?)?);
            matches(&notes::add(session, &user, Text::new("x")?)?);
            Ok(())
        })
        .unwrap();
    }
}
