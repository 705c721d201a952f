//! The settings of filters for units of work.

use std::any::Any;

use super::Database;
use crate::connection::DatabaseConnection;
use crate::session::{Entity, Filter};

impl<C: DatabaseConnection> Database<C> {
    /// This database, with a value for the filters that need one of its type: every session and unit of work on the
    /// handle returned has it. The pool is shared, so a program can make such a handle for every request.
    ///
    /// ```
    /// # include!("../../docs/filtered_tables.rs");
    /// # fn main() -> Result<()> {
    /// let db = database()?;
    /// let (seven, eight) = (db.with_filter_value(Tenant(7)), db.with_filter_value(Tenant(8)));
    /// seven.begin(|session| -> Result<()> {
    ///     session.add(NewPost::new(7, "hello")?);
    ///     Ok(())
    /// })?;
    /// assert_eq!(seven.read(|session| session.query(Post::query()).count())?, 1);
    /// assert_eq!(eight.read(|session| session.query(Post::query()).count())?, 0);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_filter_value<T: Any + Send + Sync>(&self, value: T) -> Self {
        let mut database = self.clone();
        database.filters.set_value(value);
        database
    }

    /// This database, with one filter switched off, named by the constant that the derive makes for it.
    ///
    /// ```
    /// # include!("../../docs/filtered_tables.rs");
    /// # fn main() -> Result<()> {
    /// let db = database()?.with_filter_value(Tenant(7));
    /// let with_deleted = db.without_filter(Post::LIVE);
    /// assert_eq!(with_deleted.read(|session| session.query(Post::query()).count())?, 0);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn without_filter<E: Entity>(&self, filter: Filter<E>) -> Self {
        let mut database = self.clone();
        database.filters.switch_off(E::table(), filter.name());
        database
    }

    /// This database, with all filters of all entities switched off.
    #[must_use]
    pub fn without_filters(&self) -> Self {
        let mut database = self.clone();
        database.filters.switch_all_off();
        database
    }
}
