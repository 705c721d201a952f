//! Rows whose key the database changes together with the key that it refers to (ON UPDATE CASCADE): they keep their
//! handles.
//!
//! An entity does not declare whether a foreign key cascades. The session finds out once, by one SELECT after the first
//! UPDATE that may have affected rows in memory; a row that is not under its new key is under its old one.
//!
//! A key that differs from the changing value only in case, in accents or in trailing blanks may still refer to it,
//! because a collation may treat the two as equal. If keys in memory resemble it in this way, the database is asked before the
//! UPDATE.

use std::collections::HashSet;

use crate::connection::{Executor, SessionConnection};
use crate::error::Result;
use crate::session::entity::Entity;
use crate::session::failure::Failure;
use crate::session::identity::{Follower, IdentityMap, KeyChanges, Resembling};
use crate::session::sql::Persist;

/// The number of rows selected at a time to learn whether a key change was cascaded.
const ASKED_AT_A_TIME: usize = 50;

/// Asks the database which of the values that resemble a changing value it treats as equal to it.
pub(crate) fn find_alike<E, C>(
    map: &IdentityMap<E>,
    executor: &mut Executor<'_, C>,
    changes: &mut KeyChanges,
) -> Result<(), Failure>
where
    E: Persist<C>,
    C: SessionConnection,
{
    for Resembling { position, origin, keys, values } in map.resembling(changes) {
        let alike = E::is_alike(executor, position, origin, (&keys.0, &keys.1));
        if alike.map_err(|error| Failure::of::<E, C>(executor, error, "comparing keys of"))? {
            changes.add_alike(E::table(), position, values);
        }
    }
    Ok(())
}

/// Gives their new keys to the rows of an identity map that follow the first `sent` changes.
pub(crate) fn follow<E, C>(
    map: &mut IdentityMap<E>,
    executor: &mut Executor<'_, C>,
    changes: &KeyChanges,
    sent: usize,
) -> Result<(), Failure>
where
    E: Persist<C>,
    C: SessionConnection,
{
    let mut followers = map.followers(changes);
    followers.retain(|follower| follower.number < sent);
    let unknown: Vec<&Follower<E>> = followers.iter().filter(|follower| map.cascades(follower).is_none()).collect();
    let mut gone = HashSet::new();
    for asked in unknown.chunks(ASKED_AT_A_TIME) {
        let mut keys: Vec<E::Key> = asked.iter().flat_map(|row| [row.old.clone(), row.new.clone()]).collect();
        keys.sort();
        keys.dedup();
        let found = E::select(executor, &keys).map_err(|error| Failure::of::<E, C>(executor, error, "reading"))?;
        let found: HashSet<E::Key> = found.iter().map(Entity::key).collect();
        for row in asked {
            if found.contains(&row.old) {
                // A change that a collation may ignore shows nothing about other changes.
                if !row.is_slight {
                    map.learn(row, false);
                }
            } else if found.contains(&row.new) {
                map.learn(row, true);
            } else {
                gone.insert(row.index);
            }
        }
        if asked.iter().any(|row| map.cascades(row).is_some()) {
            break;
        }
    }
    for follower in followers {
        if gone.contains(&follower.index) {
            map.deleted(follower.index);
        } else if map.cascades(&follower) == Some(true) {
            map.cascaded(follower);
        }
    }
    Ok(())
}
