//! The history of all records: which unit of work changed what, the values before and after, undoing a unit, and
//! forgetting old ones.

use std::collections::HashMap;
use std::fmt;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use serde::Serialize;
use serde_json::{Map, Value};

use super::counted;
use super::search::Kind;
use super::tables::{self, Row, Visit};
use crate::connection::Engine;
use crate::error::{Error, Result};
use crate::models::{Note, NoteRepository, NoteTag, Repository, Resume, User};
use crate::session::history::{HistoryRow, UnitId, diesel_session_history};
use crate::session::{AnyBackend, Entity as _, Everywhere, IntoKey, Session};
use crate::types::{Id, Timestamp};

/// Every entity whose changes are recorded.
type Recorded = (User, Repository, Resume, Note, NoteTag, NoteRepository);

/// The condition that every change meets.
const ALL: &str = "TRUE";

/// A unit of work: what one command changed, all or nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Unit {
    /// Its number: that of its first change.
    pub number: i64,
    /// When its last change was sent, by the program's clock.
    pub at: Timestamp,
    /// On whose behalf it ran, if that was told.
    pub author: Option<String>,
    /// Its name: the command.
    pub command: Option<String>,
    /// What it changed.
    pub changes: Vec<Changes>,
    #[serde(skip)]
    id: UnitId,
}

/// The changes of one kind that a unit made to the rows of one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Changes {
    /// The noun for one row.
    pub kind: &'static str,
    /// What was done: `added`, `changed` or `removed`.
    pub done: &'static str,
    /// The number of changes.
    pub count: u64,
    #[serde(skip)]
    many: &'static str,
}

/// "2 notes added".
impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", counted(self.count, self.kind, self.many), self.done)
    }
}

/// A record, by its kind and id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    /// The kind.
    pub kind: Kind,
    /// The id.
    pub id: i64,
}

impl Subject {
    /// The condition on its rows of the history, those of a note's tags and links included.
    fn condition(self) -> String {
        let Self { kind, id } = self;
        let table = match kind {
            Kind::User => User::table(),
            Kind::Repository => Repository::table(),
            Kind::Resume => Resume::table(),
            Kind::Note => Note::table(),
        };
        let own = format!("table_name = '{}' AND row_key = '{id}'", table.name);
        match kind {
            Kind::Note => {
                let (tags, links) = (NoteTag::table().name, NoteRepository::table().name);
                format!("({own} OR table_name IN ('{tags}', '{links}') AND row_key LIKE '[{id},%')")
            }
            _ => format!("({own})"),
        }
    }
}

/// The condition on the history of one record, or of all.
fn condition(subject: Option<Subject>) -> String {
    subject.map_or_else(|| ALL.to_owned(), Subject::condition)
}

/// The last units that changed something, or changed this record, the newest first. Two SELECTs. A unit is in the history if
/// its session [records](diesel_session::Database::recording) it, as those of the program do.
///
/// ```
/// use folio::services::{history, users};
/// # use folio::{Database, Result, migrations::Migrate as _};
/// # let db = Database::open("sqlite::memory:")?;
/// # db.migrate()?;
/// let unit = db.recording().by("ann").named("user add");
/// unit.begin(|session| users::add(session, users::Account::new("octocat")?))?;
/// let units = db.read(|session| history::units(session, None, 10))?;
/// assert_eq!((units[0].author.as_deref(), units[0].command.as_deref()), (Some("ann"), Some("user add")));
/// assert_eq!(units[0].changes[0].to_string(), "1 user added");
/// # Ok::<(), folio::Error>(())
/// ```
///
/// # Errors
///
/// Any error of the reads.
pub fn units(session: &mut Session<'_>, subject: Option<Subject>, limit: u32) -> Result<Vec<Unit>> {
    read_units(session, &condition(subject), limit)
}

fn read_units(session: &mut Session<'_>, condition: &str, limit: u32) -> Result<Vec<Unit>> {
    #[derive(QueryableByName)]
    struct Header {
        #[diesel(sql_type = BigInt)]
        number: i64,
        #[diesel(sql_type = Text)]
        unit: UnitId,
        #[diesel(sql_type = Nullable<Text>)]
        unit_name: Option<String>,
        #[diesel(sql_type = Nullable<Text>)]
        author: Option<String>,
        #[diesel(sql_type = diesel::sql_types::Timestamp)]
        last_at: Timestamp,
    }

    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = Text)]
        unit: UnitId,
        #[diesel(sql_type = Text)]
        table_name: String,
        #[diesel(sql_type = Text)]
        operation: String,
        #[diesel(sql_type = BigInt)]
        number: i64,
    }

    let headers: Vec<Header> = session.rows(diesel::sql_query(format!(
        "SELECT min(id) AS number, unit, max(unit_name) AS unit_name, max(author) AS author, max(changed_at) AS last_at \
         FROM diesel_session_history \
         WHERE unit IN (SELECT unit FROM diesel_session_history WHERE {condition}) \
         GROUP BY unit ORDER BY number DESC LIMIT {limit}"
    )))?;
    if headers.is_empty() {
        return Ok(Vec::new());
    }
    // Hexadecimal digits.
    let named: Vec<String> = headers.iter().map(|header| format!("'{}'", header.unit)).collect();
    let counts: Vec<Count> = session.rows(diesel::sql_query(format!(
        "SELECT unit, table_name, operation, count(*) AS number FROM diesel_session_history \
         WHERE unit IN ({}) AND {condition} GROUP BY unit, table_name, operation ORDER BY min(id)",
        named.join(", ")
    )))?;
    let mut changes: HashMap<UnitId, Vec<Changes>> = HashMap::new();
    for Count { unit, table_name, operation, number } in counts {
        let (kind, many) = nouns(&table_name)?;
        let done = match operation.as_str() {
            "INSERT" => "added",
            "DELETE" => "removed",
            _ => "changed",
        };
        let count = u64::try_from(number).unwrap_or(0);
        changes.entry(unit).or_default().push(Changes { kind, done, count, many });
    }
    let units = headers.into_iter().map(|Header { number, unit, unit_name, author, last_at }| Unit {
        number,
        at: last_at,
        author,
        command: unit_name,
        changes: changes.remove(&unit).unwrap_or_default(),
        id: unit,
    });
    Ok(units.collect())
}

/// The nouns for one row and for several of a table.
fn nouns(table: &str) -> Result<(&'static str, &'static str)> {
    struct Find<'t>(&'t str, (&'static str, &'static str));

    impl Visit for Find<'_> {
        type Error = Error;

        fn visit<R: Row>(&mut self) -> Result<()> {
            if R::table().name == self.0 {
                self.1 = (R::ONE, R::MANY);
            }
            Ok(())
        }
    }

    let mut find = Find(table, ("row", "rows"));
    tables::each(&mut find)?;
    Ok(find.1)
}

/// The unit with this number, or the newest one. Two SELECTs.
///
/// # Errors
///
/// [`Error::NotFound`] when the history has no such unit, because it was forgotten for example.
pub fn unit(session: &mut Session<'_>, number: Option<i64>) -> Result<Unit> {
    let condition = number.map_or_else(|| ALL.to_owned(), |number| format!("id = {number}"));
    let Some(Unit { id, .. }) = read_units(session, &condition, 1)?.pop() else {
        let what =
            number.map_or_else(|| "change in the history".to_owned(), |number| format!("unit {number} in the history"));
        return Err(Error::NotFound { what });
    };
    let whole = read_units(session, &format!("unit = '{id}'"), 1)?.pop();
    whole.ok_or(Error::NotFound { what: format!("unit {id} in the history") })
}

/// What a unit made of one row.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Difference {
    /// The row in words: `note 5`.
    pub what: String,
    /// Its values before; `None` if it was not there.
    pub before: Option<Map<String, Value>>,
    /// Its values after; `None` if it was not there any more.
    pub after: Option<Map<String, Value>>,
}

/// What the unit made of each row that it changed, or of those of one record, in the order of its changes; of `limit`
/// rows at most. One SELECT for the unit, and up to two for each row.
///
/// # Errors
///
/// Any error of the reads.
pub fn differences(
    session: &mut Session<'_>,
    unit: &Unit,
    subject: Option<Subject>,
    limit: usize,
) -> Result<Vec<Difference>> {
    struct Net {
        table: String,
        key: String,
        before: Option<String>,
        last: HistoryRow,
    }

    let changes: Vec<HistoryRow> = session.rows(
        HistoryRow::query()
            .filter(diesel_session_history::unit.eq(unit.id))
            .filter(sql::<Bool>(&condition(subject)))
            .order(diesel_session_history::id),
    )?;
    let mut nets: Vec<Net> = Vec::new();
    let mut places: HashMap<(String, String), usize> = HashMap::new();
    for change in changes {
        let row = (change.table_name.clone(), change.row_key.clone());
        if let Some(place) = places.get(&row) {
            nets[*place].last = change;
        } else if nets.len() < limit {
            let (table, key) = row.clone();
            places.insert(row, nets.len());
            nets.push(Net { table, key, before: change.values_before.clone(), last: change });
        }
    }
    let mut differences = Vec::with_capacity(nets.len());
    for Net { table, key, before, last } in nets {
        let before = before.as_deref().map(values).transpose()?;
        let after = if last.operation == "DELETE" { None } else { after(session, &last)? };
        differences.push(Difference { what: in_words(&table, &key)?, before, after });
    }
    Ok(differences)
}

/// The row in words, by its table and its key.
fn in_words(table: &str, key: &str) -> Result<String> {
    Ok(match (table, serde_json::from_str::<(i64, Value)>(key)) {
        ("note_tags", Ok((note, tag))) => format!("tag {tag} of note {note}"),
        ("note_repositories", Ok((note, repository))) => format!("link of note {note} with repository {repository}"),
        _ => format!("{} {key}", nouns(table)?.0),
    })
}

/// The values of a row after a change: those that the next one replaced, or as they are now.
fn after(session: &mut Session<'_>, change: &HistoryRow) -> Result<Option<Map<String, Value>>> {
    let next: Vec<HistoryRow> = session.rows(
        HistoryRow::query()
            .filter(diesel_session_history::row_key.eq(&change.row_key))
            .filter(diesel_session_history::table_name.eq(&change.table_name))
            .filter(diesel_session_history::id.gt(change.id))
            .order(diesel_session_history::id)
            .limit(1),
    )?;
    if let Some(replaced) = next.into_iter().next().and_then(|next| next.values_before) {
        return values(&replaced).map(Some);
    }
    let link = |names: [&str; 2]| {
        let parts: Vec<Value> = serde_json::from_str(&change.row_key).unwrap_or_default();
        Some(names.into_iter().map(str::to_owned).zip(parts).collect())
    };
    let id = change.row_key.parse().unwrap_or(0);
    match change.table_name.as_str() {
        "users" => current::<User>(session, id),
        "repositories" => current::<Repository>(session, id),
        "resumes" => current::<Resume>(session, id),
        "notes" => current::<Note>(session, id),
        // A link is its key.
        "note_tags" => Ok(link(["note_id", "tag"])),
        "note_repositories" => Ok(link(["note_id", "repository_id"])),
        _ => Ok(None),
    }
}

fn values(json: &str) -> Result<Map<String, Value>> {
    serde_json::from_str(json).map_err(|error| Error::value("history", format!("values that are not JSON: {error}")))
}

fn current<E: Everywhere + Serialize>(session: &mut Session<'_>, id: i64) -> Result<Option<Map<String, Value>>>
where
    Id<E>: IntoKey<E>,
{
    let Some(row) = session.get::<E>(Id::<E>::new(id))? else { return Ok(None) };
    match serde_json::to_value(session.row(row)?) {
        Ok(Value::Object(values)) => Ok(Some(values)),
        Ok(_) => Ok(None),
        Err(error) => Err(Error::value("history", error.to_string())),
    }
}

/// Reverses all changes of a unit: rows that it added are removed, rows that it removed are added again with their ids,
/// and rows that it changed get back the values they had. If it is recorded, it can be undone likewise.
///
/// # Errors
///
/// [`ChangedSince`](diesel_session::Error::ChangedSince) when a row is no longer as the unit left it, with the units that
/// changed it since: nothing is changed then. A violation when other records depend on a row that the unit added.
pub fn undo(session: &mut Session<'_>, unit: &Unit) -> Result<()> {
    session.undo::<Recorded>(unit.id)?;
    Ok(session.flush()?)
}

/// The condition on the changes of units that were complete before a time.
fn before(session: &Session<'_>) -> String {
    let place = if session.engine() == Engine::Postgres { "$1" } else { "?" };
    // MySQL deletes from no table that a subquery reads, unless it is a derived one.
    format!(
        "unit IN (SELECT unit FROM (SELECT unit FROM diesel_session_history GROUP BY unit \
         HAVING max(changed_at) < {place}) AS old)"
    )
}

/// The number of changes that [`forget`] would remove. One SELECT.
///
/// # Errors
///
/// Any error of the read.
pub fn forgettable(session: &mut Session<'_>, time: Timestamp) -> Result<u64> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        number: i64,
    }

    let sql = format!("SELECT count(*) AS number FROM diesel_session_history WHERE {}", before(session));
    let query = diesel::sql_query(sql).into_boxed::<AnyBackend>().bind::<diesel::sql_types::Timestamp, _>(time);
    let counted: Vec<Count> = session.rows(query)?;
    Ok(counted.first().and_then(|count| u64::try_from(count.number).ok()).unwrap_or(0))
}

/// Removes the units that were complete before this time from the history, and returns the number of their changes. The
/// records stay as they are; what is forgotten cannot be undone. One DELETE.
///
/// # Errors
///
/// Any error of the DELETE.
pub fn forget(session: &mut Session<'_>, time: Timestamp) -> Result<u64> {
    let sql = format!("DELETE FROM diesel_session_history WHERE {}", before(session));
    let statement = diesel::sql_query(sql).bind::<diesel::sql_types::Timestamp, _>(time);
    Ok(statement.execute(&mut *session.connection()?)? as u64)
}
