//! Related rows, by foreign keys: a relation is a value, and [`Session::load_related`] loads it for any number of rows.
//!
//! | relation | of each row it loads |
//! | --- | --- |
//! | [`children(column)`](children()) | `Vec`: the rows whose foreign key `column` refers to it |
//! | [`parent(column)`](parent()) | `Option`: the row that its foreign key `column` refers to |
//! | [`through(a, b)`](through()) | `Vec`: the rows that a link refers to by `b`, where it refers to the row by `a` |
//! | [`children(column).recursive()`](Children::recursive) | `Vec<Tree>`: all rows below it, to the bottom |
//! | a tuple of relations | a tuple of what they load |
//!
//! `children` and `through` take conditions, an order and a limit for each row; `with` loads a relation of the rows
//! that are found. The number of SELECTs depends on the number of relations, not on that of the rows: one for each
//! relation (one for every 100 rows), and for a recursive one as many as the tree has levels.
//!
//! ```
//! use diesel::prelude::*;
//! use diesel_session::relation::{children, parent, through};
//! # include!("../../../docs/blog_tables.rs");
//!
//! # fn main() -> Result<()> {
//! # let db = blog()?;
//! db.read(|session| -> Result<()> {
//!     let posts = session.query(Post::query().order(posts::id)).all()?;
//!     let newest = children(comments::post_id).order(comments::id.desc()).limit(3).with(parent(comments::author_id));
//!     let related = (newest, through(post_tags::post_id, post_tags::tag_id));
//!     for (post, (comments, tags)) in posts.iter().zip(session.load_related(&posts, related)?) {
//!         println!("{}: {} tags", session.row(*post)?.title, tags.len());
//!         for (comment, author) in comments {
//!             let author = author.map_or(Ok("someone"), |author| session.row(author).map(|user| user.name.as_str()))?;
//!             println!("  {author}: {}", session.row(comment)?.body);
//!         }
//!     }
//!     Ok(())
//! })?;
//! # Ok(())
//! # }
//! ```

mod children;
mod groups;
mod nested;
mod parent;
mod recursive;
mod through;

pub use super::key_columns::{ConvertedFrom, ForeignKeyColumns, Holds, KeyColumns};
pub use super::sql::{Conditions, Order};
pub use children::Children;
pub use nested::Nested;
pub use parent::Parent;
pub use recursive::{Recursive, Tree};
pub use through::{Linked, Through};

use super::entity::{EntityTable, Key};
use super::handle::Handle;
use super::{Persist, Session, sealed};
use crate::connection::SessionConnection;
use crate::error::Result;

/// The entity whose table has the columns `F`.
type Child<F> = <<F as KeyColumns>::Table as EntityTable>::Entity;
/// The entity that foreign key `F` refers to.
type ParentOf<F> = Child<<F as ForeignKeyColumns>::To>;

/// A relation of the rows of one entity, as [`Session::load_related`] takes it; only the session implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a relation that a `Session` over `{C}` can load",
    note = "a relation is `children(column)`, `parent(column)`, `through(a, b)`, or a tuple of relations of the same rows",
    note = "the columns are foreign keys: write `#[entity(references = table::column)]` on their fields, and name those of \
            a foreign key of several columns in a tuple, in the order of its declaration"
)]
pub trait Relation<C: SessionConnection>: sealed::Relation {
    /// The rows that it starts at.
    type From: Persist<C>;
    /// What it loads of each row.
    type Loaded;

    /// Loads it.
    ///
    /// # Errors
    ///
    /// As [`Session::load_related`].
    #[doc(hidden)]
    fn load(&self, session: &mut Session<'_, C>, rows: &[Handle<Self::From>]) -> Result<Vec<Self::Loaded>>;
}

/// The rows that refer to others by the foreign key `column`, or by a tuple of columns as it is declared: all of them in order of their keys, unless
/// [`filter`](Children::filter), [`order`](Children::order) and [`limit`](Children::limit) say otherwise.
pub fn children<F: KeyColumns>(column: F) -> Children<F> {
    let _ = column;
    Children::new()
}

/// The row that each row refers to by the foreign key `column`, or by a tuple of columns as it is declared; `None` where
/// that, or one of them, is NULL.
pub fn parent<F: KeyColumns>(column: F) -> Parent<F> {
    let _ = column;
    Parent::new()
}

/// Many-to-many: the rows that a link entity refers to by its foreign key `to`, for the rows that it refers to by
/// `from`. The link's own rows are not loaded; `children(from).with(parent(to))` loads them too.
pub fn through<A: KeyColumns, B: KeyColumns<Table = A::Table>>(from: A, to: B) -> Through<A, B> {
    let _ = (from, to);
    Through::new()
}

impl<C: SessionConnection> Session<'_, C> {
    /// Loads a [relation](crate::relation) of the rows, and returns what it is for each of them, in their order.
    ///
    /// One SELECT for each relation in it (one for every 100 rows), after a flush; a [`parent`] that is fresh in the
    /// session needs none. A [recursive](Children::recursive) relation is one SELECT for each level. The rows that are
    /// found go into the session as those of a query do: a row that is there already keeps its value and its changes.
    ///
    /// The filters of the entities that are loaded apply, those of a link too.
    ///
    /// If a foreign key's collation treats values as equal that differ in Rust (by case or trailing blanks), one more
    /// SELECT asks by which value each row was found.
    ///
    /// # Errors
    ///
    /// Bad handles, and rows that are not in the database; [`Error::FilterValue`](crate::Error::FilterValue); errors of
    /// the flush and of the statements.
    pub fn load_related<R: Relation<C>>(&mut self, rows: &[Handle<R::From>], relation: R) -> Result<Vec<R::Loaded>> {
        relation.load(self, rows)
    }

    /// The children of each parent by the foreign key `column`, grouped in the order of `parents`, each group in order
    /// of the key: [`load_related`](Self::load_related) of [`children(column)`](children()).
    ///
    /// ```text
    /// let books = session.children(books::author_id, &[ann, ben])?;   // books[0] are Ann's
    /// ```
    ///
    /// # Errors
    ///
    /// As [`load_related`](Self::load_related).
    pub fn children<F>(&mut self, column: F, parents: &[Handle<ParentOf<F>>]) -> Result<Vec<Vec<Handle<Child<F>>>>>
    where
        F: ForeignKeyColumns<Value: Key> + ConvertedFrom<F::To>,
        Child<F>: Persist<C>,
        ParentOf<F>: Persist<C>,
    {
        let _ = column;
        self.children_of::<F>(parents)
    }

    /// The parent of each child by the foreign key `column`, `None` where the column is NULL:
    /// [`load_related`](Self::load_related) of [`parent(column)`](parent()). No SQL for parents that the session has by
    /// their key, and one SELECT for the others, after a flush.
    ///
    /// # Errors
    ///
    /// As [`load_related`](Self::load_related).
    pub fn parents<F>(&mut self, column: F, children: &[Handle<Child<F>>]) -> Result<Vec<Option<Handle<ParentOf<F>>>>>
    where
        F: ForeignKeyColumns<To: KeyColumns<Value: Key>> + Holds<F::To>,
        Child<F>: Persist<C>,
        ParentOf<F>: Persist<C>,
    {
        let _ = column;
        self.parents_of::<F>(children)
    }

    /// Many-to-many: for each row, the rows that the link entity with the foreign keys `from` and `to` links it to, in
    /// order of their keys: [`load_related`](Self::load_related) of [`through(from, to)`](through()).
    ///
    /// ```text
    /// let tags = session.through(post_tags::post_id, post_tags::tag_id, &posts)?;   // tags[0] are those of posts[0]
    /// ```
    ///
    /// # Errors
    ///
    /// As [`load_related`](Self::load_related).
    pub fn through<A, B>(
        &mut self,
        from: A,
        to: B,
        rows: &[Handle<<Through<A, B> as Relation<C>>::From>],
    ) -> Result<Vec<<Through<A, B> as Relation<C>>::Loaded>>
    where
        A: KeyColumns,
        B: KeyColumns<Table = A::Table>,
        Through<A, B>: Relation<C>,
    {
        through(from, to).load(self, rows)
    }
}
