//! Résumés: adding, finding, listing, editing and removing them.

use diesel::QueryDsl as _;

use super::users::{self, UserSelector};
use super::{Limit, Sort, pages, sorted};
use crate::error::{Error, Result};
use crate::models::{Criteria, NewResume, Resume, ResumeFilter, ResumeSort, User};
use crate::session::Session;
use crate::types::{Id, LongText, Text256};

/// A résumé to be added.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// The vacancy that it is written for.
    pub vacancy: Text256,
    /// The text.
    pub body: LongText,
    /// The source of an imported one.
    pub source: Option<Text256>,
}

impl Offer {
    /// A résumé without text.
    ///
    /// # Errors
    ///
    /// When the vacancy does not fit: it is empty or longer than 256 characters.
    pub fn new(vacancy: impl Into<String>) -> Result<Self> {
        Ok(Self { vacancy: Text256::named("vacancy", vacancy)?, body: LongText::default(), source: None })
    }
}

/// The résumés that a listing includes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Those of this person.
    pub user: Option<Id<User>>,
    /// Those for this vacancy.
    pub vacancy: Option<String>,
    /// What every listing knows; `like` looks at the vacancy.
    pub criteria: Criteria,
    /// Their order; `None` for that of their ids.
    pub sort: Option<Sort<ResumeSort>>,
}

impl Filter {
    fn restricted(&self) -> ResumeFilter<'_> {
        let Self { user, vacancy, criteria, .. } = self;
        ResumeFilter { user: *user, vacancy: vacancy.as_deref(), criteria }
    }
}

/// Changes to a résumé; `None` leaves a field unchanged.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Edit {
    /// The vacancy that it is written for.
    pub vacancy: Option<Text256>,
    /// The text.
    pub body: Option<LongText>,
    /// The source that it is imported from now.
    pub source: Option<Text256>,
}

/// Adds a résumé to a person.
///
/// # Errors
///
/// [`Error::NotFound`] and [`Error::Ambiguous`] for the person; [`Error::Exists`] when they have one from that source.
pub fn add(session: &mut Session<'_>, selector: &UserSelector, offer: Offer) -> Result<Resume> {
    let user = users::get(session, selector)?;
    if let Some(source) = &offer.source
        && let Some(present) = from_source(session, user.id, source)?
    {
        let what = format!("a résumé of {} from {source}", user.username);
        return Err(Error::Exists { what, existing: format!("id {}: {}", present.id, present.vacancy) });
    }
    let new = NewResume { body: offer.body, source: offer.source, ..NewResume::new(user.id, offer.vacancy)? };
    let handle = session.add(new);
    Ok(session.detach(handle)?)
}

/// The person's résumé that was imported from `source`.
///
/// # Errors
///
/// Any error of the read.
pub fn from_source(session: &mut Session<'_>, user: Id<User>, source: &Text256) -> Result<Option<Resume>> {
    Ok(session.rows(Resume::of_from_source(user, source))?.into_iter().next())
}

/// The résumé.
///
/// # Errors
///
/// [`Error::NotFound`].
pub fn get(session: &mut Session<'_>, id: Id<Resume>) -> Result<Resume> {
    match session.get::<Resume>(id)? {
        Some(handle) => Ok(session.detach(handle)?),
        None => Err(Error::NotFound { what: format!("résumé with id {id}") }),
    }
}

/// Passes the résumés to `each` in the order of the filter, reading a thousand at a time.
///
/// # Errors
///
/// Any error of `each` or of the read.
pub fn list<E: From<Error>>(
    session: &mut Session<'_>,
    filter: &Filter,
    limit: Limit,
    mut each: impl FnMut(Resume) -> Result<(), E>,
) -> Result<(), E> {
    let restricted = filter.restricted();
    if filter.sort.is_none() && limit.offset == 0 {
        let page = |last, rows| session.rows(Resume::page(restricted, last, rows));
        return pages(limit, page, |resume: &Resume| resume.id, each);
    }
    let Sort { key, descending } = filter.sort.unwrap_or(Sort { key: ResumeSort::Id, descending: false });
    let (rows, offset) = limit.of_statement();
    let ids: Vec<Id<Resume>> =
        session.rows(Resume::sorted(restricted, key, descending).limit(rows).offset(offset)).map_err(Error::from)?;
    let mut page = |ids: &[Id<Resume>]| session.rows(Resume::with_ids(ids));
    sorted(&ids, &mut page, |resume: &Resume| resume.id, &mut each)
}

/// The number of the résumés that the filter leaves. One SELECT.
///
/// # Errors
///
/// Any error of the read.
pub fn count(session: &mut Session<'_>, filter: &Filter) -> Result<u64> {
    let counted: Vec<i64> = session.rows(Resume::count_in(filter.restricted()))?;
    Ok(counted.first().and_then(|count| u64::try_from(*count).ok()).unwrap_or(0))
}

/// Changes the résumé that was read as `read`, and returns it as changed.
///
/// # Errors
///
/// [`StaleRow`](diesel_session::Error::StaleRow) when another transaction has changed or removed it since it was read; nothing is overwritten
/// then.
pub fn edit(session: &mut Session<'_>, read: Resume, edit: Edit) -> Result<Resume> {
    let changed = Resume {
        vacancy: edit.vacancy.unwrap_or_else(|| read.vacancy.clone()),
        body: edit.body.unwrap_or_else(|| read.body.clone()),
        source: edit.source.or_else(|| read.source.clone()),
        ..read
    };
    let handle = session.attach(changed)?;
    Ok(session.detach(handle)?)
}

/// Removes a résumé and returns it as it was.
///
/// # Errors
///
/// [`Error::NotFound`].
pub fn remove(session: &mut Session<'_>, id: Id<Resume>) -> Result<Resume> {
    let resume = get(session, id)?;
    session.delete(&resume)?;
    session.flush()?;
    Ok(resume)
}
