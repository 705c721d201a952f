//! Rows by many keys.

use std::collections::HashMap;

use super::failure::Failure;
use super::handle::Handle;
use super::identity::RowFreshness;
use super::{FilterExpression, IntoKey, Persist, Session};
use crate::connection::SessionConnection;
use crate::error::Result;

impl<C: SessionConnection> Session<'_, C> {
    /// Finds rows by any number of keys, in their order; `None` for each key without a row, and for rows that the filters
    /// of `E` exclude.
    ///
    /// No SQL for rows that are fresh in the session, and one SELECT for the others: one for every 100 keys, or for
    /// every 1,000 if there are that many. As with [`get`](Self::get), a flush comes first if a key is not in the
    /// session.
    ///
    /// ```
    /// # include!("../../docs/blog_tables.rs");
    /// # fn main() -> Result<()> {
    /// # let db = blog()?;
    /// db.read(|session| -> Result<()> {
    ///     let found = session.get_many::<Post>(&[2, 99, 1])?; // SELECT … FROM posts WHERE id IN (?, ?, ?)
    ///     assert_eq!(found.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, true]);
    ///     let posts: Option<Vec<Handle<Post>>> = session.get_many(&[1, 2])?.into_iter().collect(); // no SQL
    ///     assert_eq!(posts.map(|posts| posts.len()), Some(2));
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Value`](crate::Error::Value) when a key does not fit its type;
    /// [`Error::FilterValue`](crate::Error::FilterValue); errors of the flush or a SELECT.
    pub fn get_many<E: Persist<C>>(&mut self, keys: &[impl IntoKey<E> + Clone]) -> Result<Vec<Option<Handle<E>>>> {
        self.check()?;
        let filter = self.filter_expression::<E>()?;
        let keys = keys.iter().map(|key| key.clone().into_key()).collect::<Result<Vec<E::Key>>>()?;
        if !self.is_idle() && keys.iter().any(|key| self.maps.of::<E>().find(key).is_none()) {
            self.autoflush()?;
        }
        let fresh_since = self.transaction.fresh_since();
        let map = self.maps.of::<E>();
        let (mut unknown, mut old) = (Vec::new(), Vec::new());
        for key in &keys {
            match map.find(key) {
                None => unknown.push(key.clone()),
                Some(index) if map.row_freshness(index, fresh_since)? != RowFreshness::Fresh => old.push(index),
                Some(index) => map.mark_used(index),
            }
        }
        old.sort_unstable();
        old.dedup();
        if !old.is_empty() {
            self.reload::<E>(&old)?;
        }
        let respelled = if unknown.is_empty() { HashMap::new() } else { self.read_many::<E>(unknown, &filter)? };
        let (id, map) = (self.id, self.maps.of::<E>());
        let admitted = |index: &u64| map.row(*index).is_ok_and(|row| filter.admits(row));
        let found = |key| map.find(key).filter(admitted).map(|index| Handle::new(id, index));
        Ok(keys.iter().map(|key| found(key).or_else(|| respelled.get(key).copied())).collect())
    }

    /// Reads the rows that have these keys, and returns those that the database found by a key that it stores
    /// differently.
    fn read_many<E: Persist<C>>(
        &mut self,
        mut keys: Vec<E::Key>,
        filter: &FilterExpression<E>,
    ) -> Result<HashMap<E::Key, Handle<E>>> {
        keys.sort();
        keys.dedup();
        self.open()?;
        let mut executor = self.executor();
        let rows = E::select(&mut executor, &keys).map_err(|error| Failure::of::<E, C>(&executor, error, "reading"));
        let mut rows = rows.map_err(|failure| self.failed(failure))?;
        let is_respelled = rows.iter().any(|row| keys.binary_search(&row.key()).is_err());
        rows.retain(|row| filter.admits(row));
        self.take_all(rows, false)?;
        let mut respelled = HashMap::new();
        if is_respelled {
            // Each of the keys without a row may have found one of these, so it is looked up alone.
            keys.retain(|key| self.maps.of::<E>().find(key).is_none());
            for key in keys {
                if let Some(row) = self.select_one::<E>(&key, false, filter)? {
                    respelled.extend(self.take_all(vec![row], false)?.into_iter().map(|row| (key.clone(), row)));
                }
            }
        }
        Ok(respelled)
    }
}
