//! Links between the rows of two tables, in a third one that has at most one row for each pair.

use diesel::Column;

use super::entity::{EntityTable, HasColumn, Refers};
use super::foreign_keys::Links;
use super::handle::Handle;
use super::identity::Ends;
use super::{ColumnSet, Entity, Persist, Session};
use crate::connection::SessionConnection;
use crate::error::{Error, Result};

/// The entity whose table has column `F`.
type EntityOf<F> = <<F as Column>::Table as EntityTable>::Entity;
/// The entity that `F` refers to.
type ParentOf<F> = EntityOf<<EntityOf<F> as Refers<F>>::To>;
/// The column that `F` refers to.
type To<F> = <EntityOf<F> as Refers<F>>::To;

impl<C: SessionConnection> Session<'_, C> {
    /// Links two rows, of which either may be pending: the next flush inserts the row of the table of `F` and `G` that
    /// refers to both, unless it is there. The table is one of links: its key consists of these two foreign keys, or the
    /// database generates its key and the two are its only unique set; its other columns have defaults or are `Option`s.
    ///
    /// Rows that are linked already, in the session or in the database, stay as they are: the INSERT does nothing for them
    /// (`ON CONFLICT DO NOTHING`, on MySQL and MariaDB `ON DUPLICATE KEY UPDATE` without a change), also where another
    /// transaction links the rows at the same moment. No SQL, except one SELECT if the session has the link and must read
    /// it again, or needs a value to refer to that is not in memory. The last call of `link` and
    /// [`unlink`](Self::unlink) before a flush counts.
    ///
    /// ```
    /// # use diesel::connection::SimpleConnection as _;
    /// use diesel::prelude::*;
    /// use diesel_session::prelude::*;
    ///
    /// diesel::table! { posts (id) { id -> BigInt, title -> Text } }
    /// diesel::table! { labels (name) { name -> Text } }
    /// diesel::table! { post_labels (post_id, label) { post_id -> BigInt, label -> Text } }
    ///
    /// #[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
    /// #[diesel(table_name = posts)]
    /// pub struct Post {
    ///     #[entity(key)]
    ///     pub id: i64,
    ///     pub title: String,
    /// }
    ///
    /// #[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
    /// #[diesel(table_name = labels)]
    /// pub struct Label {
    ///     #[entity(key, given)]
    ///     pub name: String,
    /// }
    ///
    /// #[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
    /// #[diesel(table_name = post_labels)]
    /// pub struct PostLabel {
    ///     #[entity(key, given, references = posts::id)]
    ///     pub post_id: i64,
    ///     #[entity(key, given, references = labels::name)]
    ///     pub label: String,
    /// }
    ///
    /// # fn main() -> Result<()> {
    /// # let db = Database::open("sqlite::memory:")?;
    /// # db.connection()?.batch_execute(
    /// #     "CREATE TABLE posts (id INTEGER PRIMARY KEY, title TEXT NOT NULL);
    /// #      CREATE TABLE labels (name TEXT PRIMARY KEY NOT NULL);
    /// #      CREATE TABLE post_labels (post_id BIGINT NOT NULL REFERENCES posts (id),
    /// #          label TEXT NOT NULL REFERENCES labels (name), PRIMARY KEY (post_id, label))",
    /// # )?;
    /// db.begin(|session| -> Result<()> {
    ///     let post = session.add(NewPost::new("Links")?);
    ///     let [rust, sql] = [session.add(NewLabel::new("rust")?), session.add(NewLabel::new("sql")?)];
    ///     session.link(post_labels::post_id, post_labels::label, post, rust)?;
    ///     session.link(post_labels::post_id, post_labels::label, post, sql)?;
    ///     session.link(post_labels::post_id, post_labels::label, post, rust)?; // once is enough
    ///     session.flush()?;
    ///     session.unlink(post_labels::post_id, post_labels::label, post, sql)?;
    ///     session.flush()?;
    ///     assert_eq!(session.query(PostLabel::query()).count()?, 1);
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::ReadOnlySession`], bad handles, and errors of the SELECT. [`Error::KeepsHistory`] for links with
    /// `#[entity(history)]`, because it would not be known which of them are new: add and delete their rows.
    pub fn link<F, G>(&mut self, one: F, other: G, row: Handle<ParentOf<F>>, with: Handle<ParentOf<G>>) -> Result<()>
    where
        F: Column<Table: EntityTable>,
        G: Column<Table = F::Table>,
        EntityOf<F>: Links<F, G> + Persist<C>,
        ParentOf<F>: HasColumn<To<F>> + Persist<C>,
        ParentOf<G>: HasColumn<To<G>> + Persist<C>,
    {
        let _ = (one, other);
        let (ends, key) = self.ends::<F, G>(row, with)?;
        let links = self.maps.of::<EntityOf<F>>();
        if links.new_link(ends).is_some() || links.keep_link_between(ends)? {
            return Ok(());
        }
        if let Some(index) = key.flatten().and_then(|key| self.maps.of::<EntityOf<F>>().find(&key)) {
            self.maps.of::<EntityOf<F>>().keep_link(index)?;
            match self.freshen::<EntityOf<F>>(Handle::new(self.id, index)) {
                Err(Error::RowDeleted { .. }) => {}
                linked => return linked,
            }
        }
        let new = EntityOf::<F>::link(row.into(), with.into())?;
        self.maps.of::<EntityOf<F>>().add_link(ends, new);
        self.transaction.mark_used();
        Ok(())
    }

    /// Removes the link of two rows: the next flush deletes the row of the table of `F` and `G` that refers to both, if
    /// there is one. No SELECT, except for a value to refer to that is not in memory, and one that finds a link whose key
    /// the database has generated.
    ///
    /// # Errors
    ///
    /// As [`link`](Self::link).
    pub fn unlink<F, G>(&mut self, one: F, other: G, row: Handle<ParentOf<F>>, from: Handle<ParentOf<G>>) -> Result<()>
    where
        F: Column<Table: EntityTable>,
        G: Column<Table = F::Table>,
        EntityOf<F>: Links<F, G> + Persist<C>,
        ParentOf<F>: HasColumn<To<F>> + Persist<C>,
        ParentOf<G>: HasColumn<To<G>> + Persist<C>,
    {
        let _ = (one, other);
        let (ends, key) = self.ends::<F, G>(row, from)?;
        let links = self.maps.of::<EntityOf<F>>();
        if let Some(new) = links.new_link(ends) {
            links.remove(new, true)?;
        }
        match key {
            None => return Ok(()),
            Some(Some(key)) => self.maps.of::<EntityOf<F>>().remove_link(key)?,
            Some(None) => {
                let new = EntityOf::<F>::link(row.into(), from.into())?;
                let Some(link) = self.stored_link::<EntityOf<F>>(new)? else { return Ok(()) };
                self.maps.of::<EntityOf<F>>().remove_link_between(ends, link.raw.index)?;
            }
        }
        self.transaction.mark_used();
        Ok(())
    }

    /// The stored link that a new one would be the same as.
    fn stored_link<E: Persist<C>>(&mut self, new: E::New) -> Result<Option<Handle<E>>> {
        let table = E::table();
        let like = self.rows_of(&[new])?;
        self.open()?;
        let columns = table.link_columns().iter().copied().fold(ColumnSet::EMPTY, ColumnSet::with);
        let mut found = Vec::new();
        for like in like {
            let read = E::select_like(&mut self.executor(), &like, columns);
            found.extend(read.map_err(|error| self.fail(error, table.name, &format!("reading {}", table.name)))?);
        }
        Ok(self.take_all(found, false)?.first().copied())
    }

    /// Two rows to be linked and, unless one of them is pending, the key of their link, if it follows from theirs.
    #[allow(clippy::type_complexity, reason = "a pair")]
    fn ends<F, G>(
        &mut self,
        row: Handle<ParentOf<F>>,
        other: Handle<ParentOf<G>>,
    ) -> Result<(Ends, Option<Option<<EntityOf<F> as Entity>::Key>>)>
    where
        F: Column<Table: EntityTable>,
        G: Column<Table = F::Table>,
        EntityOf<F>: Links<F, G>,
        ParentOf<F>: HasColumn<To<F>> + Persist<C>,
        ParentOf<G>: HasColumn<To<G>> + Persist<C>,
    {
        self.check()?;
        if self.transaction.is_read() {
            return Err(Error::ReadOnlySession);
        }
        self.check_history::<EntityOf<F>>()?;
        let is_pending = (self.state(row)?.is_pending(), self.state(other)?.is_pending());
        let value = if is_pending.0 { None } else { Some(self.value_of_parent::<F>(row)?) };
        let other_value = if is_pending.1 { None } else { Some(self.value_of_parent::<G>(other)?) };
        let table = EntityOf::<F>::table();
        let mut ends = [row.raw.index, other.raw.index];
        if table.column(F::NAME) > table.column(G::NAME) {
            ends.reverse();
        }
        Ok((ends, value.zip(other_value).map(|(value, other)| EntityOf::<F>::key_of(value, other))))
    }
}
