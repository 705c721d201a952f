//! `folio import --dry-run`: what an import would change, record by record.

use std::borrow::Cow;

use diesel_session::Error as SessionError;
use serde::Serialize;
use serde_json::Value;

use super::environment::given_url;
use super::globals::Globals;
use super::input;
use super::output::{Column, Record};
use super::{exit, stderr};
use folio::database::{Access, Database};
use folio::error::Error;
use folio::exchange::Input;
use folio::migrations::Migrate as _;
use folio::services::import::{self, Change, Preview, Rules, Summary};

/// Maximum number of characters of a value that is shown.
const LONGEST: usize = 40;

/// Opens the database that an import would use; one in memory if there is none, because all records would be new.
pub(super) fn open(globals: &Globals) -> anyhow::Result<Database> {
    let opened = globals.open_to_change();
    match &opened {
        Err(error) if matches!(exit::session_error(error), Some(SessionError::NoDatabase { .. })) => {
            const EMPTY: &str = "sqlite::memory:";
            let Ok(url) = given_url(EMPTY, "a database in memory") else { return opened };
            let empty = globals.open_at(EMPTY, &url, Access::Create)?;
            empty.migrate()?;
            Ok(empty)
        }
        _ => opened,
    }
}

/// Ends the transaction of a dry run: an error, so that it is rolled back.
enum Ended {
    Done(Summary, u32),
    Failed(anyhow::Error),
}

impl From<SessionError> for Ended {
    fn from(error: SessionError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<anyhow::Error> for Ended {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

/// Imports the inputs in one transaction, prints the changes, and rolls it back.
pub(super) fn run(
    globals: &Globals,
    database: &Database,
    inputs: &[Input],
    rules: &Rules,
    keep_going: bool,
) -> anyhow::Result<()> {
    let ended = database.named("import --dry-run").begin(|session| -> Result<(), Ended> {
        let preview = Preview::of(session);
        let rules = rules.clone().telling(preview.clone());
        let mut listing = globals.listing::<Change>();
        let (mut summary, mut failures) = (Summary::default(), 0);
        for one in inputs {
            let imported = session.nested(|session| -> Result<Summary, Error> {
                let records = one.open()?;
                let (rules, progress) = input::begin(one, &records, &rules)?;
                import::apply(session, records, &rules, |summary| progress.show(&summary.total().to_string()))
            });
            match imported {
                Ok(more) => {
                    for change in preview.take() {
                        listing.push(&change).map_err(anyhow::Error::from)?;
                    }
                    summary.add(more);
                }
                Err(error) if input::continues_after(&error, one, inputs, keep_going) => {
                    drop(preview.take());
                    stderr::print(&format!("would fail: {error}"));
                    failures += 1;
                }
                Err(error) => return Err(Ended::Failed(error.into())),
            }
        }
        listing.finish().map_err(anyhow::Error::from)?;
        Err(Ended::Done(summary, failures))
    });
    match ended {
        Ok(()) => Ok(()),
        Err(Ended::Failed(error)) => Err(error),
        Err(Ended::Done(summary, failures)) => {
            summary.remarks.iter().for_each(|remark| stderr::print(remark));
            stderr::print(&format!("{}; nothing was changed", summary.total()));
            if failures > 0 {
                anyhow::bail!("{failures} of {} inputs could not be imported", inputs.len());
            }
            Ok(())
        }
    }
}

impl Record for Change {
    const COLUMNS: &'static [Column] = &[
        Column::text("change"),
        Column::text("kind"),
        Column::number("id"),
        Column::text("name"),
        Column::text("fields"),
    ];

    fn cells(&self) -> Vec<Option<Cow<'_, str>>> {
        let fields = self.fields.iter();
        let fields =
            fields.map(|field| format!("{}: {} -> {}", field.field, shown(&field.before), shown(&field.after)));
        let fields = fields.collect::<Vec<_>>().join(", ");
        vec![
            Some(self.change.into()),
            Some(self.kind.into()),
            self.id.as_ref().map(|id| id.to_string().into()),
            Some((&*self.name).into()),
            (!fields.is_empty()).then(|| fields.into()),
        ]
    }

    fn json(&self) -> impl Serialize {
        self
    }
}

/// A value in JSON, not longer than is read at a glance.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
