//! The output form of each noun's records: columns in a fixed order, and all fields in JSON.

use std::borrow::Cow;

use serde::Serialize;

use super::globals::Globals;
use super::output::{self, Column, Format, Record, printable};
use folio::models::{Note, Repository, Resume, User};
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
        Column::number("account"),
        Column::text("username"),
        Column::text("email"),
        Column::moment("created"),
        Column::moment("updated"),
    ];

    fn cells(&self) -> Vec<Option<Cow<'_, str>>> {
        vec![
            number(self.id),
            number(self.user_id),
            text(&self.username),
            self.email.as_deref().and_then(text),
            number(self.created_at),
            number(self.updated_at),
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
        Column::text("name"),
        Column::text("status"),
        Column::number("number"),
        Column::number("account"),
        Column::moment("created"),
        Column::moment("updated"),
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
        Column::number("user").meaning("the user's id"),
        Column::text("vacancy"),
        Column::text("source"),
        Column::number("version"),
        Column::moment("created"),
        Column::moment("updated"),
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
        ]
    }

    fn json(&self) -> impl Serialize {
        self
    }
}

impl Record for Note {
    const COLUMNS: &'static [Column] = &[
        Column::number("id"),
        Column::number("user").meaning("the user's id"),
        Column::text("name"),
        Column::number("repository").meaning("its id"),
        Column::text("source"),
        Column::number("version"),
        Column::moment("created"),
        Column::moment("updated"),
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
        ]
    }

    fn json(&self) -> impl Serialize {
        self
    }
}

impl Globals {
    /// Writes the requested record: instead of a table, its fields one below the other, and its body.
    pub(super) fn show<R: Record>(&self, record: &R, body: Option<&str>) -> anyhow::Result<()> {
        if self.format_here() != Format::Table {
            return self.print(record);
        }
        let mut shown = String::new();
        let width = R::COLUMNS.iter().map(|column| column.name().len()).max().unwrap_or(0) + 1;
        for (column, cell) in R::COLUMNS.iter().zip(record.cells()) {
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
