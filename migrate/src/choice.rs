//! Which migrations to execute next, and what forbids it.

use diesel_session::connection::Engine;

use crate::error::{Error, Result, THIS_DATABASE};
use crate::migration::{Direction, Migration};
use crate::scripts::{NO_WAY_DOWN, Step};
use crate::status::{SchemaState, Status};
use crate::target::{Order, Target};

/// The migrations that going that far would execute, in order, and no more than `limit`.
///
/// # Errors
///
/// Why the database cannot be migrated that way: it is a newer version's, or other applications', or has a later
/// migration than one of these; or one of these cannot be reverted, in which case none is.
pub(crate) fn choose<'s>(
    status: &Status,
    order: Order,
    target: &Target,
    limit: usize,
    steps: &'s [Step],
) -> Result<Vec<&'s Step>> {
    let state = status.schema_state();
    let obstacle = match (order, &state) {
        (_, SchemaState::Newer(_)) | (Order::Up { into_existing: false, .. }, SchemaState::Foreign(_)) => {
            status.refusal(THIS_DATABASE)
        }
        (Order::Up { .. }, _) => status.unshareable(THIS_DATABASE),
        (Order::Down, _) => None,
    };
    if let Some(error) = obstacle {
        return Err(error);
    }
    let mut migrations = match order {
        Order::Up { .. } => status.applicable(),
        Order::Down => status.revertible(),
    };
    migrations.retain(|migration| target.includes(order.direction(), migration));
    if let Order::Up { out_of_order: false, .. } = order {
        refuse_late(status, &migrations)?;
    }
    let named = |migration: &Migration| steps.iter().find(|step| step.migration == *migration);
    let chosen: Vec<_> = migrations.into_iter().filter_map(named).take(limit).collect();
    match chosen.iter().find(|step| order == Order::Down && step.has_no_way_down()) {
        Some(step) => Err(step.refused(Direction::Down, NO_WAY_DOWN.to_owned())),
        None => Ok(chosen),
    }
}

/// How many of the chosen migrations are executed together, and whether statement by statement: each for good, rather
/// than in one transaction.
pub(crate) fn together(engine: Engine, status: &Status, order: Order, chosen: &[&Step]) -> (usize, bool) {
    // A new database is empty or complete, never in between.
    let whole = order != Order::Down && status.schema_state() == SchemaState::Empty;
    if !engine.undoes_tables() {
        return (if whole { chosen.len() } else { 1 }, true);
    }
    let alone = |step: &&Step| !step.transaction || status.unfinished(&step.migration).is_some();
    if chosen.first().is_some_and(alone) {
        return (1, true);
    }
    (if whole { chosen.iter().take_while(|step| !alone(step)).count() } else { 1 }, false)
}

/// Refuses a migration that is older than the newest one applied: it was made before it, but another database may have
/// executed them in the other order.
fn refuse_late(status: &Status, migrations: &[&Migration]) -> Result<()> {
    let Some(newest) = status.applied.iter().map(|applied| &applied.migration).max() else { return Ok(()) };
    let begun = |migration: &Migration| status.unfinished(migration).is_some();
    let late: Vec<_> = migrations
        .iter()
        .filter(|migration| ***migration < *newest && !begun(migration))
        .map(ToString::to_string)
        .collect();
    if late.is_empty() {
        return Ok(());
    }
    Err(Error::OutOfOrder {
        place: THIS_DATABASE.to_owned(),
        application: status.application.clone(),
        migrations: late,
        newest: newest.to_string(),
    })
}
