//! Rows of several entities at once: the tuples of a join, as handles.

use diesel::QueryResult;
use diesel::query_dsl::methods::LoadQuery;

use super::handle::Handle;
use super::{Persist, Session, sealed};
use crate::connection::SessionConnection;
use crate::error::Result;

/// The handles of one row of a join: a `Handle`, an `Option` of one for the side of an outer join that may be missing,
/// or a tuple of two, three or four of these. Only the session implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not consist of handles",
    label = "a row of a join is a tuple of `Handle<E>` and `Option<Handle<E>>`"
)]
pub trait Joined<C: SessionConnection>: sealed::Joined + Sized {
    /// The row as Diesel loads it.
    type Rows;

    /// Stores the row's entities in the identity maps.
    #[doc(hidden)]
    fn hold(session: &mut Session<'_, C>, rows: Self::Rows) -> Self;
}

impl<E> sealed::Joined for Handle<E> {}
impl<E> sealed::Joined for Option<Handle<E>> {}

impl<E: Persist<C>, C: SessionConnection> Joined<C> for Handle<E> {
    type Rows = E;

    fn hold(session: &mut Session<'_, C>, row: E) -> Self {
        session.take(row)
    }
}

impl<E: Persist<C>, C: SessionConnection> Joined<C> for Option<Handle<E>> {
    type Rows = Option<E>;

    fn hold(session: &mut Session<'_, C>, row: Option<E>) -> Self {
        row.map(|row| session.take(row))
    }
}

macro_rules! tuples {
    ($($handle:ident $index:tt),+) => {
        impl<$($handle: sealed::Joined),+> sealed::Joined for ($($handle,)+) {}

        impl<C: SessionConnection, $($handle: Joined<C>),+> Joined<C> for ($($handle,)+) {
            type Rows = ($($handle::Rows,)+);

            fn hold(session: &mut Session<'_, C>, rows: Self::Rows) -> Self {
                ($($handle::hold(session, rows.$index),)+)
            }
        }
    };
}

tuples!(H0 0, H1 1);
tuples!(H0 0, H1 1, H2 2);
tuples!(H0 0, H1 1, H2 2, H3 3);

impl<C: SessionConnection> Session<'_, C> {
    /// Runs a join that selects several entities, after a flush, and returns a tuple of handles for each of its rows.
    /// The rows go into the session as those of a [`query`](Self::query) do; an entity that is in several rows has the
    /// same handle in each. The side of a LEFT JOIN that may be missing is selected as an `Option` and is an `Option`
    /// of a handle. The filters of the entities are not added; [`filter_expression`](Self::filter_expression) gives them
    /// as conditions.
    ///
    /// ```
    /// use diesel::prelude::*;
    /// # include!("../../docs/blog_tables.rs");
    ///
    /// # fn main() -> Result<()> {
    /// # let db = blog()?;
    /// db.read(|session| -> Result<()> {
    ///     let join = comments::table
    ///         .inner_join(posts::table)
    ///         .left_join(users::table)
    ///         .order(comments::id)
    ///         .select((Comment::as_select(), Post::as_select(), Option::<User>::as_select()));
    ///     let rows: Vec<(Handle<Comment>, Handle<Post>, Option<Handle<User>>)> = session.query_joined(join)?;
    ///     let (comment, post, author) = rows[0];
    ///     assert_eq!((session.row(post)?.title.as_str(), session.row(comment)?.body.as_str()), ("Sea", "wet"));
    ///     assert_eq!(author.map(|author| session.row(author)).transpose()?.map(|user| &*user.name), Some("Ben"));
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Errors of the flush or the query.
    pub fn query_joined<'q, T, Q>(&mut self, query: Q) -> Result<Vec<T>>
    where
        T: Joined<C>,
        Q: LoadQuery<'q, C, T::Rows>,
    {
        self.autoflush()?;
        self.open()?;
        let loaded: QueryResult<Vec<T::Rows>> = self.executor().run(|connection| query.load(connection), Vec::len);
        let loaded = loaded.map_err(|error| self.fail(error, "a join", "reading a join"))?;
        Ok(loaded.into_iter().map(|rows| T::hold(self, rows)).collect())
    }

    /// Stores a row that was read in its identity map.
    fn take<E: Persist<C>>(&mut self, row: E) -> Handle<E> {
        let (now, fresh_since) = (self.transaction.now(), self.transaction.fresh_since());
        Handle::new(self.id, self.maps.of::<E>().take(row, now, fresh_since, false))
    }
}
