//! Résumés and notes: whose they are, and whether they came from the same place before.

use super::{Rules, Summary, Tally};
use crate::error::{Error, Result};
use crate::exchange::{json_resume, markdown};
use crate::models::User;
use crate::services::users::{Account, Who};
use crate::services::{notes, resumes, users};
use crate::session::Session;
use crate::types::{Email, Id, LongText, Text256};

/// Adds a résumé, or changes the one that came from the same place.
pub(super) fn resume(
    session: &mut Session<'_>,
    resume: &json_resume::Resume,
    rules: &Rules,
    summary: &mut Summary,
) -> Result<()> {
    let source = source(resume.canonical.as_ref().or(rules.source.as_ref()))?;
    let vacancy = resume.label.as_ref().or(resume.name.as_ref()).map_or("Résumé", String::as_str);
    let vacancy = Text256::named("basics.label", vacancy)?;
    let body = LongText::named("document", &resume.document)?;
    let user = owner_of_resume(session, resume, rules, source.as_ref(), &mut summary.users)?;
    let present = source.as_ref().map(|source| resumes::from_source(session, user, source)).transpose()?.flatten();
    match present {
        None => {
            resumes::add(session, &Who::Id(user), resumes::Offer { vacancy, body, source })?;
            summary.resumes.new += 1;
        }
        Some(present) if present.vacancy == vacancy && present.body == body => summary.resumes.unchanged += 1,
        Some(present) => {
            resumes::edit(session, present, resumes::Edit { vacancy: Some(vacancy), body: Some(body) })?;
            summary.resumes.changed += 1;
        }
    }
    Ok(())
}

/// Whose a résumé is: who was named; else the one account with its email; else, where it says no email, the one whose
/// résumé came from the same place before; else a new account.
fn owner_of_resume(
    session: &mut Session<'_>,
    resume: &json_resume::Resume,
    rules: &Rules,
    source: Option<&Text256>,
    tally: &mut Tally,
) -> Result<Id<User>> {
    if let Some(who) = &rules.user {
        return Ok(users::get(session, who)?.id);
    }
    if let Some(email) = &resume.email {
        if let Some(user) = users::find(session, &Who::Email(email.clone()))? {
            return Ok(user.id);
        }
    } else if let Some(source) = source
        && let [present] = resumes::all_from_source(session, source)?.as_slice()
    {
        return Ok(present.user_id);
    }
    let Some(name) = resume.github_login().or(resume.name.as_deref()).or(resume.email.as_deref()) else {
        return Err(Error::Value {
            what: "résumé",
            problem: "it names no person (basics.name, basics.email); say whose it is with --user".to_owned(),
        });
    };
    let email = resume.email.as_ref().map(|email| Email::named("basics.email", email)).transpose()?;
    let username = Text256::named("basics.name", name)?;
    tally.new += 1;
    Ok(users::add(session, Account { number: None, username, email })?.id)
}

/// Adds a note, or changes the one that came from the same place.
pub(super) fn note(
    session: &mut Session<'_>,
    note: &markdown::Note,
    rules: &Rules,
    summary: &mut Summary,
) -> Result<()> {
    let source = source(rules.source.as_ref())?;
    let name = Text256::named("note name", &note.name)?;
    let body = LongText::named("note", &note.body)?;
    let user = owner_of_note(session, rules, source.as_ref())?;
    let present = source.as_ref().map(|source| notes::from_source(session, user, source)).transpose()?.flatten();
    match present {
        None => {
            notes::add(session, &Who::Id(user), notes::Text { name, body, repository: None, source })?;
            summary.notes.new += 1;
        }
        Some(present) if present.name == name && present.body == body => summary.notes.unchanged += 1,
        Some(present) => {
            notes::edit(session, present, notes::Edit { name: Some(name), body: Some(body), repository: None })?;
            summary.notes.changed += 1;
        }
    }
    Ok(())
}

/// Whose a note is: who was named, else the one whose note came from the same place before.
fn owner_of_note(session: &mut Session<'_>, rules: &Rules, source: Option<&Text256>) -> Result<Id<User>> {
    if let Some(who) = &rules.user {
        return Ok(users::get(session, who)?.id);
    }
    if let Some(source) = source
        && let [present] = notes::all_from_source(session, source)?.as_slice()
    {
        return Ok(present.user_id);
    }
    let problem = "nothing says whose it is; name the user with --user, --account or --login".to_owned();
    Err(Error::Value { what: "note", problem })
}

fn source(text: Option<&String>) -> Result<Option<Text256>> {
    text.map(|source| Text256::named("source", source)).transpose()
}
