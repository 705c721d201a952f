//! Repositories: found by number, or by owner and name if the row has no number.

use std::collections::{HashMap, HashSet};

use super::Summary;
use super::details::OfRepository;
use super::former::{self, Path};
use crate::error::Result;
use crate::exchange::{self, Located};
use crate::models::{NewRepository, Repository};
use crate::session::{Handle, Session};
use crate::types::{RepositoryStatus, Text256};

/// A record's values in the database's types.
struct Wanted {
    number: i64,
    path: Path,
    status: RepositoryStatus,
    details: OfRepository,
}

/// Adds missing repositories and updates those that differ from their record. Their owners exist already.
///
/// Two numbers with the same owner and name are a deleted repository and a later one of the same name. The greater
/// number is the newer one and has the name, whichever record comes first; the other gets a [`former`] name.
pub(super) fn write(
    session: &mut Session<'_>,
    records: &[Located<exchange::Repository>],
    summary: &mut Summary,
) -> Result<()> {
    let mut wanted = records.iter().map(read).collect::<Result<Vec<_>>>()?;
    let rows = Rows::load(session, &wanted)?;
    let targets: Vec<Option<Handle<Repository>>> = wanted.iter().map(|wanted| rows.target(wanted)).collect();
    let updated: HashSet<Handle<Repository>> = targets.iter().flatten().copied().collect();
    resolve_names(session, &rows, &mut wanted, &targets, &updated, summary)?;
    let taken: HashSet<Path> = wanted.iter().map(|wanted| wanted.path.clone()).collect();
    for (wanted, target) in wanted.into_iter().zip(&targets) {
        let (owner, name) = wanted.path;
        let Some(handle) = target else {
            let new = NewRepository::new(owner, name, wanted.status)?;
            session.add(wanted.details.fill(NewRepository { repo_id: Some(wanted.number), ..new }));
            summary.repositories.new += 1;
            continue;
        };
        let row = session.edit(*handle)?;
        let before = row.clone();
        row.repo_id = Some(wanted.number);
        row.user_id = owner;
        row.repo_name = name;
        wanted.details.write(row);
        row.set_status(wanted.status);
        if *row == before {
            summary.repositories.unchanged += 1;
        } else {
            summary.repositories.changed += 1;
        }
    }
    session.flush()?;
    let left = rows.paths.into_iter().filter(|(handle, path)| updated.contains(handle) && !taken.contains(path));
    former::restore(session, &left.map(|(_, path)| path).collect(), summary)
}

fn read(record: &Located<exchange::Repository>) -> Result<Wanted> {
    let exchange::Repository { number, name, owner, private, details } = &record.value;
    let name = Text256::named("repository name", name).map_err(|error| record.place.refuse(error))?;
    let status = if *private { RepositoryStatus::Private } else { RepositoryStatus::Public };
    let details = OfRepository::read(details).map_err(|error| record.place.refuse(error))?;
    Ok(Wanted { number: *number, path: (owner.number, name), status, details })
}

/// Decides which row gets each wanted name: either renames the row that has it, or gives the record a former name.
fn resolve_names(
    session: &mut Session<'_>,
    rows: &Rows,
    wanted: &mut [Wanted],
    targets: &[Option<Handle<Repository>>],
    updated: &HashSet<Handle<Repository>>,
    summary: &mut Summary,
) -> Result<()> {
    let holders: Vec<Option<Handle<Repository>>> = wanted
        .iter()
        .zip(targets)
        .map(|(wanted, target)| rows.by_path.get(&wanted.path).copied().filter(|holder| Some(*holder) != *target))
        .collect();
    // Paths are unique within a batch, so a holder with a record of its own is about to get another name.
    let is_leaving = |(_, holder): &(&Wanted, &Option<_>)| holder.is_some_and(|holder| updated.contains(&holder));
    let free = wanted.iter().zip(&holders).filter(is_leaving).map(|(wanted, _)| wanted.path.clone()).collect();
    let displaced = former::displaced(session, &free, updated)?;
    for ((wanted, target), holder) in wanted.iter_mut().zip(targets).zip(holders) {
        let Some(holder) = holder else { continue };
        let row = session.row(holder)?;
        let (id, number, name) = (row.id, row.repo_id, row.repo_name.clone());
        if updated.contains(&holder) {
            session.edit(holder)?.repo_name = former::name(&name, None, id)?;
            if displaced.get(&wanted.path).is_some_and(|(newer, _)| *newer > wanted.number) {
                wanted.path.1 = former::name(&name, Some(wanted.number), id)?;
            }
        } else if number > Some(wanted.number) {
            let lost = former::name(&name, Some(wanted.number), id)?;
            let had = target.map(|target| session.row(target)).transpose()?.map(|row| &row.repo_name);
            if had != Some(&lost) {
                let subject = format!("repository number {}", wanted.number);
                summary.remarks.push(former::remark(&subject, &lost, &name, number.unwrap_or_default()));
            }
            wanted.path.1 = lost;
        } else {
            let lost = former::name(&name, number, id)?;
            summary.remarks.push(former::remark(&format!("repository id {id}"), &lost, &name, wanted.number));
            session.edit(holder)?.repo_name = lost;
        }
    }
    // Released names are free for other rows only after the flush.
    Ok(session.flush()?)
}

/// The rows that a batch may update.
struct Rows {
    by_number: HashMap<i64, Handle<Repository>>,
    by_path: HashMap<Path, Handle<Repository>>,
    /// Each row's path before the batch.
    paths: HashMap<Handle<Repository>, Path>,
    numberless: HashSet<Handle<Repository>>,
}

impl Rows {
    fn load(session: &mut Session<'_>, wanted: &[Wanted]) -> Result<Self> {
        let numbers: Vec<i64> = wanted.iter().map(|wanted| wanted.number).collect();
        let owners: HashSet<i64> = wanted.iter().map(|wanted| wanted.path.0).collect();
        let owners: Vec<i64> = owners.into_iter().collect();
        let names: Vec<Text256> = wanted.iter().map(|wanted| wanted.path.1.clone()).collect();
        let mut handles = session.query(Repository::numbered(&numbers)).all()?;
        handles.extend(session.query(Repository::called(&owners, &names)).all()?);
        let mut rows = Self {
            by_number: HashMap::new(),
            by_path: HashMap::new(),
            paths: HashMap::new(),
            numberless: HashSet::new(),
        };
        for handle in handles {
            let row = session.row(handle)?;
            let path = (row.user_id, row.repo_name.clone());
            rows.by_path.insert(path.clone(), handle);
            rows.paths.insert(handle, path);
            match row.repo_id {
                Some(number) => _ = rows.by_number.insert(number, handle),
                None => _ = rows.numberless.insert(handle),
            }
        }
        Ok(rows)
    }

    /// The row to update for a record: the one with its number, or one with its path and without a number.
    fn target(&self, wanted: &Wanted) -> Option<Handle<Repository>> {
        let named = || self.by_path.get(&wanted.path).copied().filter(|holder| self.numberless.contains(holder));
        self.by_number.get(&wanted.number).copied().or_else(named)
    }
}
