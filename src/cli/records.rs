//! The output form of each noun's records: columns in a fixed order, and all fields in JSON.

use std::borrow::Cow;

use serde::Serialize;

use super::globals::Globals;
use super::output::{self, Column, Format, Place, Record, Signal, styled};
use folio::models::{NoteSort, Repository, RepositorySort, Resume, ResumeSort, User, UserSort};
use folio::services::Linked;
use folio::services::repositories::Owned;

fn number(value: impl ToString) -> Option<Cow<'static, str>> {
    Some(value.to_string().into())
}

/// The values of a list in one cell.
fn joined<T: ToString>(values: &[T], between: &str) -> Option<Cow<'static, str>> {
    number(values.iter().map(T::to_string).collect::<Vec<_>>().join(between))
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
        Column::text("status").signals(&[("Public", Signal::Good), ("Private", Signal::Attention)]),
        Column::number("number").field("repo_id"),
        Column::number("account").field("user_id"),
        Column::moment("created").field("created_at"),
        Column::moment("updated").field("updated_at"),
        Column::text("visibility")
            .signals(&[("Public", Signal::Good), ("Internal", Signal::Attention), ("Private", Signal::Attention)])
            .on_request(),
        Column::text("description").on_request(),
        Column::text("language").on_request(),
        Column::text("topics").on_request(),
        Column::number("stars").on_request(),
        Column::number("forks").on_request(),
        Column::text("archived").signals(&[("true", Signal::Quiet)]).on_request(),
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

impl Record for Linked {
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
        Column::text("tags").on_request(),
        Column::text("repositories").on_request(),
    ];

    fn cells(&self) -> Vec<Option<Cow<'_, str>>> {
        let Linked { note, tags, repositories, .. } = self;
        vec![
            number(note.id),
            number(note.user_id),
            text(&note.name),
            note.repository_id.and_then(number),
            note.source.as_deref().and_then(text),
            number(note.version),
            number(note.created_at),
            number(note.updated_at),
            text(&note.body),
            joined(tags, ", "),
            joined(repositories, " "),
        ]
    }

    fn json(&self) -> impl Serialize {
        self
    }
}

/// A record that has a list of its own, which can be sorted.
pub(super) trait Listed: Record {
    /// What the list can be sorted by: each column but the body and those that are lists.
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
    Linked: NoteSort;
}

impl Globals {
    /// Writes the requested record with its body; in a pipe, unless a format was asked for, its body alone.
    pub(super) fn show_text<R: Record>(&self, record: &R, body: &str) -> anyhow::Result<()> {
        if self.format.is_none() && Place::of_stdout() == Place::Pipe {
            return Ok(output::write_exactly(body)?);
        }
        self.show(record, Some(body))
    }

    /// Writes the requested record: instead of a table, all its fields one below the other, and its body. A terminal
    /// shows how long ago its times were.
    pub(super) fn show<R: Record>(&self, record: &R, body: Option<&str>) -> anyhow::Result<()> {
        if self.format_here() != Format::Table {
            return self.print(record);
        }
        let mut shown = String::new();
        let width = R::COLUMNS.iter().map(|column| column.name().len()).max().unwrap_or(0) + 1;
        let (now, styles) = (Place::of_stdout().now(), output::wants_styles());
        for (column, cell) in R::COLUMNS.iter().zip(record.cells()).filter(|(column, _)| column.name() != "body") {
            let cell = cell.unwrap_or_default();
            let label = format!("{:width$}", format!("{}:", column.name()));
            let mut value = column.in_full(&cell, now);
            if let Some(signal) = column.signal(&cell).filter(|_| styles) {
                value = styled(&value, signal.style());
            }
            let label = if styles { styled(&label, Signal::Quiet.style()) } else { label };
            shown.push_str(format!("{label} {value}").trim_end());
            shown.push('\n');
        }
        if let Some(body) = body.filter(|body| !body.is_empty()) {
            shown.push('\n');
            shown.push_str(&output::safe_lines(body));
            if !body.ends_with('\n') {
                shown.push('\n');
            }
        }
        Ok(output::write_exactly(&shown)?)
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

    /// That each field of a record in JSON has a column, each column a cell, and each column but the body and those that
    /// are lists a key.
    fn matches<R: Listed>(record: &R) {
        let Ok(serde_json::Value::Object(json)) = serde_json::to_value(record.json()) else { panic!("not an object") };
        let mut fields: Vec<&str> = json.keys().map(String::as_str).collect();
        let mut columns: Vec<&str> = R::COLUMNS.iter().map(|column| column.json_name()).collect();
        fields.sort_unstable();
        columns.sort_unstable();
        assert_eq!(columns, fields);
        assert_eq!(record.cells().len(), R::COLUMNS.len());
        let is_sorted = |name: &&str| !["body", "tags", "repositories"].contains(name);
        let sorted: Vec<&str> = R::sort_keys().map(|(name, _)| name).collect();
        let columns: Vec<&str> = R::COLUMNS.iter().map(|column| column.name()).filter(is_sorted).collect();
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
            let note = notes::add(session, &user, Text::new("x")?)?;
            matches(&notes::linked(session, note)?);
            Ok(())
        })
        .unwrap();
    }
}
