//! Repositories: found by their number, else by owner and name.

use std::collections::{HashMap, HashSet};

use super::Summary;
use crate::error::Result;
use crate::exchange::github;
use crate::exchange::place::Located;
use crate::models::{NewRepository, Repository};
use crate::session::{Handle, Session};
use crate::types::{RepositoryStatus, Text256};

/// An owner's number and a repository's name: no two rows have the same.
type Path = (i64, Text256);

/// What a record says, in the database's types.
struct Wanted {
    number: i64,
    path: Path,
    status: RepositoryStatus,
}

/// Adds missing repositories and changes those of which the record says something else. Their owners are there.
pub(super) fn write(
    session: &mut Session<'_>,
    records: &[Located<github::Repository>],
    summary: &mut Summary,
) -> Result<()> {
    let wanted = records.iter().map(read).collect::<Result<Vec<_>>>()?;
    let rows = Rows::load(session, &wanted)?;
    let targets: Vec<Option<Handle<Repository>>> = wanted.iter().map(|wanted| rows.target(wanted)).collect();
    for (wanted, target) in wanted.iter().zip(&targets) {
        if let Some(holder) = rows.by_path.get(&wanted.path)
            && Some(*holder) != *target
        {
            set_aside(session, *holder, targets.contains(&Some(*holder)), summary)?;
        }
    }
    // The names that were given up are free for the rows below only once the database knows.
    session.flush()?;
    for (wanted, target) in wanted.into_iter().zip(targets) {
        let (owner, name) = wanted.path;
        let Some(handle) = target else {
            let new = NewRepository::new(owner, name, wanted.status)?;
            session.add(NewRepository { repo_id: Some(wanted.number), ..new });
            summary.repositories.new += 1;
            continue;
        };
        let row = session.edit(handle)?;
        let before = row.clone();
        row.repo_id = Some(wanted.number);
        row.user_id = owner;
        row.repo_name = name;
        row.status = wanted.status;
        if *row == before {
            summary.repositories.unchanged += 1;
        } else {
            summary.repositories.changed += 1;
        }
    }
    session.flush()
}

fn read(record: &Located<github::Repository>) -> Result<Wanted> {
    let github::Repository { number, name, owner, private } = &record.value;
    let name = Text256::named("repository name", name).map_err(|error| record.place.refuse(error))?;
    let status = if *private { RepositoryStatus::Private } else { RepositoryStatus::Public };
    Ok(Wanted { number: *number, path: (owner.number, name), status })
}

/// The rows that a batch may be about.
struct Rows {
    by_number: HashMap<i64, Handle<Repository>>,
    by_path: HashMap<Path, Handle<Repository>>,
    numbered: HashSet<Handle<Repository>>,
}

impl Rows {
    fn load(session: &mut Session<'_>, wanted: &[Wanted]) -> Result<Self> {
        let numbers: Vec<i64> = wanted.iter().map(|wanted| wanted.number).collect();
        let owners: HashSet<i64> = wanted.iter().map(|wanted| wanted.path.0).collect();
        let owners: Vec<i64> = owners.into_iter().collect();
        let names: Vec<Text256> = wanted.iter().map(|wanted| wanted.path.1.clone()).collect();
        let mut rows = Self { by_number: HashMap::new(), by_path: HashMap::new(), numbered: HashSet::new() };
        for handle in session.query(Repository::numbered(&numbers)).all()? {
            if let Some(number) = session.row(handle)?.repo_id {
                rows.by_number.insert(number, handle);
                rows.numbered.insert(handle);
            }
        }
        for handle in session.query(Repository::called(&owners, &names)).all()? {
            let row = session.row(handle)?;
            rows.by_path.insert((row.user_id, row.repo_name.clone()), handle);
        }
        Ok(rows)
    }

    /// The row that a record is about. One that is found by its name only is it, unless another record of the batch
    /// is about that row by number.
    fn target(&self, wanted: &Wanted) -> Option<Handle<Repository>> {
        let named = || {
            let holder = *self.by_path.get(&wanted.path)?;
            (!self.numbered.contains(&holder)).then_some(holder)
        };
        self.by_number.get(&wanted.number).copied().or_else(named)
    }
}

/// Takes a row's name away from it, because a record says that another repository has it now. Where the row's own
/// record is in the batch too (`named_anew`), that gives it its new name in a moment; where not, it keeps a name that
/// says what happened until its record comes.
fn set_aside(
    session: &mut Session<'_>,
    holder: Handle<Repository>,
    named_anew: bool,
    summary: &mut Summary,
) -> Result<()> {
    let row = session.edit(holder)?;
    let old = row.repo_name.clone();
    let kept: String = old.chars().take(220).collect();
    row.repo_name = Text256::named("repository name", format!("{kept} (formerly, id {})", row.id))?;
    if !named_anew {
        let (id, name) = (row.id, &row.repo_name);
        summary.remarks.push(format!(
            "repository id {id} lost its name {old:?} to another one and is called {name:?} until its own record is imported"
        ));
    }
    Ok(())
}
