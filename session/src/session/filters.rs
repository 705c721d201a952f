//! The filters of a session: their values, and the filters switched off.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::filter::Filter;
use super::filter_settings::FilterSettings;
use super::sql::FilterExpression;
use super::{Entity, Session};
use crate::connection::SessionConnection;
use crate::error::Result;

impl<C: SessionConnection> Session<'_, C> {
    /// Gives a value to the filters that need one of its type, from now on; it replaces an earlier one of the type. No
    /// SQL. [`Database::with_filter_value`](crate::Database::with_filter_value) gives it to every unit of work.
    ///
    /// ```
    /// # include!("../../docs/filtered_tables.rs");
    /// # fn main() -> Result<()> {
    /// let db = database()?;
    /// db.begin(|session| -> Result<()> {
    ///     assert!(session.get::<Post>(1).is_err()); // the filter 'tenant' needs a value
    ///     session.set_filter_value(Tenant(7));
    ///     assert_eq!(session.get::<Post>(1)?, None); // SELECT … WHERE id = ? AND deleted_at IS NULL AND tenant = ?
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_filter_value<T: Any + Send + Sync>(&mut self, value: T) {
        self.filters.set_value(value);
    }

    /// Runs `work` with one filter switched off, named by the constant that the derive makes for it.
    ///
    /// ```
    /// # include!("../../docs/filtered_tables.rs");
    /// # fn main() -> Result<()> {
    /// let db = database()?.with_filter_value(Tenant(7));
    /// db.begin(|session| -> Result<()> {
    ///     let post = session.add(NewPost::new(7, "hello")?);
    ///     session.flush()?;
    ///     session.delete(post)?;
    ///     assert_eq!(session.query(Post::query()).count()?, 0);
    ///     session.without_filter(Post::LIVE, |session| -> Result<()> {
    ///         let found = session.query(Post::query()).one()?; // SELECT … WHERE (posts.tenant = ?) LIMIT ?
    ///         session.edit(found)?.deleted_at = None; // restored
    ///         Ok(())
    ///     })?;
    ///     assert_eq!(session.query(Post::query()).count()?, 1);
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The error that `work` returns.
    pub fn without_filter<F: Entity, T, E>(
        &mut self,
        filter: Filter<F>,
        work: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.with_filters(|filters| filters.switch_off(F::table(), filter.name()), work)
    }

    /// Runs `work` with all filters of all entities switched off.
    ///
    /// # Errors
    ///
    /// The error that `work` returns.
    pub fn without_filters<T, E>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<T, E> {
        self.with_filters(FilterSettings::switch_all_off, work)
    }

    /// The filters of `E` that are in force, as a Diesel condition: for a query that the session does not filter by
    /// itself, such as one for [`rows`](Self::rows), or for another table of a join.
    ///
    /// ```
    /// # include!("../../docs/filtered_tables.rs");
    /// # fn main() -> Result<()> {
    /// let db = database()?.with_filter_value(Tenant(7));
    /// let titles: Vec<String> = db.read(|session| {
    ///     let of_tenant = session.filter_expression::<Post>()?;
    ///     session.rows(posts::table.filter(of_tenant).select(posts::title))
    /// })?;
    /// assert!(titles.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::FilterValue`](crate::Error::FilterValue) when a filter needs a value that was not given.
    pub fn filter_expression<E: Entity>(&self) -> Result<FilterExpression<E>> {
        let table = E::table();
        if table.filters.is_empty() {
            return Ok(FilterExpression::everything());
        }
        Ok(FilterExpression::new(self.filters.conditions(table)?))
    }

    fn with_filters<T, E>(
        &mut self,
        set: impl FnOnce(&mut FilterSettings),
        work: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        let before = self.filters.clone();
        set(&mut self.filters);
        let done = catch_unwind(AssertUnwindSafe(|| work(self)));
        self.filters.restore_switches(before);
        done.unwrap_or_else(|panic| resume_unwind(panic))
    }
}
