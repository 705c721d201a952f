//! Records of an export that keep their ids, versions and times: rows are inserted as they were exported, and none is
//! changed.

use super::Summary;
use super::exported::{Line, unknown_kind};
use super::preview::Preview;
use crate::connection::SequenceState;
use crate::error::{Error, Result};
use crate::exchange::{ExportHeader, ExportedRecord, Located};
use crate::services::tables::{self, RecordRow, VisitRecords};
use crate::session::Session;

/// The number of records, and of bytes of them, that are inserted together.
const RECORDS: usize = 100;
const BYTES: usize = 4 << 20;

/// Advances the key sequences past the ids that an export says were given, so that no new record gets one of them. No
/// engine rolls that back. The session must not be in a transaction.
///
/// # Errors
///
/// [`AlreadyInTransaction`](diesel_session::Error::AlreadyInTransaction); any error of the database.
pub fn advance_sequences(session: &mut Session<'_>, header: &ExportHeader) -> Result<()> {
    struct Advancing<'a, 's>(&'a mut Session<'s>, i64);

    impl VisitRecords for Advancing<'_, '_> {
        type Error = Error;

        fn visit<R: RecordRow>(&mut self) -> Result<()> {
            Ok(self.0.advance_sequence::<R>(SequenceState { given: self.1, held: 0 })?)
        }
    }

    for (kind, used) in &header.used {
        tables::of_kind(kind, &mut Advancing(session, *used))?;
    }
    Ok(())
}

/// Records of one kind that are written together.
#[derive(Default)]
pub(super) struct KeptBatch {
    records: Vec<Located<ExportedRecord>>,
    bytes: usize,
    preview: Option<Preview>,
}

impl KeptBatch {
    /// An empty batch, whose rows are told to `preview`.
    pub fn new(preview: Option<Preview>) -> Self {
        Self { preview, ..Self::default() }
    }

    /// What its rows are told to.
    pub fn preview(&self) -> Option<Preview> {
        self.preview.clone()
    }

    /// Whether the record can be written with those that are in the batch.
    pub fn has_room(&self, record: &ExportedRecord) -> bool {
        let is_of_kind = self.records.first().is_none_or(|first| first.value.kind == record.kind);
        is_of_kind && self.records.len() < RECORDS && (self.bytes == 0 || self.bytes + record.text.len() <= BYTES)
    }

    pub fn add(&mut self, record: Located<ExportedRecord>) {
        self.bytes += record.value.text.len();
        self.records.push(record);
    }

    /// Writes the batch and empties it: one SELECT of the rows that are there, and those of what belongs to them; and one
    /// INSERT of the others, and of what belongs to them.
    pub fn write(&mut self, session: &mut Session<'_>, summary: &mut Summary) -> Result<()> {
        let records = std::mem::take(&mut self.records);
        self.bytes = 0;
        let Some(first) = records.first() else { return Ok(()) };
        let mut inserting = Inserting { session, records: &records, summary, preview: self.preview.as_ref() };
        if tables::of_kind(&first.value.kind, &mut inserting)? { Ok(()) } else { Err(unknown_kind(first)) }
    }
}

struct Inserting<'a, 's> {
    session: &'a mut Session<'s>,
    records: &'a [Located<ExportedRecord>],
    summary: &'a mut Summary,
    preview: Option<&'a Preview>,
}

impl VisitRecords for Inserting<'_, '_> {
    type Error = Error;

    fn visit<R: RecordRow>(&mut self) -> Result<()> {
        let Self { session, records, summary, preview } = self;
        let lines = records.iter().map(|record| record.parse::<Line<R>>());
        let lines = lines.collect::<Result<Vec<Line<R>>>>()?;
        let keys: Vec<R::Key> = lines.iter().map(|line| line.row.key()).collect();
        let present = session.get_many::<R>(&keys)?;
        let stored = present.iter().flatten().map(|handle| Ok(session.row(*handle)?.clone()));
        let stored = stored.collect::<Result<Vec<R>>>()?;
        let mut references_of_stored = R::references(session, &stored)?.into_iter();
        let mut stored = stored.into_iter();
        let (mut new, mut references_of_new) = (Vec::with_capacity(lines.len()), Vec::with_capacity(lines.len()));
        let mut unchanged = 0;
        for ((line, present), record) in lines.into_iter().zip(present).zip(*records) {
            let Line { row, references } = line;
            if references.repository_ids.len() != references.repositories.len() {
                let problem = "`repository_ids` does not have the id of each of `repositories`, which --keep-ids needs";
                return Err(record.place.refuse(problem));
            }
            if present.is_none() {
                new.push(row);
                references_of_new.push(references);
            } else if stored.next().as_ref() == Some(&row)
                && references_of_stored.next().is_some_and(|stored| stored.has_same_belongings(&references))
            {
                unchanged += 1;
            } else {
                return Err(record.place.refuse(format!(
                    "there is a {} with {} and other values, and --keep-ids changes no record; import into another \
                     database, or without --keep-ids",
                    R::ONE,
                    R::key_in_words(&row.key()),
                )));
            }
        }
        let inserted = session.insert_whole(&new);
        let inserted = inserted.and_then(|()| R::insert_belongings(session, &new, &references_of_new));
        inserted.map_err(|error| match (&error, records.first()) {
            (diesel_session::Error::Violation(_), Some(first)) => first.place.refuse(format!(
                "this record, or one of the {} after it, cannot be added with its id: {error}",
                records.len() - 1
            )),
            _ => error.into(),
        })?;
        session.clear()?;
        if let Some(preview) = preview {
            new.iter().try_for_each(|row| preview.insert(row))?;
        }
        // The record of a file of its own tells no greatest id; a preview advances no sequence.
        if let Some(first) = records.first().filter(|first| first.place.record().is_none() && preview.is_none())
            && let Some(state) = session.sequence_state::<R>()?
            && state.given < state.held
        {
            let problem =
                "its id would be given again to a new record; import the whole folder, or folio.ndjson in it first";
            return Err(first.place.refuse(problem));
        }
        if let Some(tally) = summary.of_kind(R::KIND) {
            tally.new += new.len() as u64;
            tally.unchanged += unchanged;
        }
        Ok(())
    }
}
