//! Upsert: many new rows, of which those that the table has already are updated or left.

use std::any::TypeId;

use diesel::QueryResult;

use super::failure::Failure;
use super::flush::step::Action;
use super::handle::Handle;
use super::history::record::is_recorded;
use super::sql::Conflict;
pub use super::sql::Upserted;
use super::unique::{ColumnList, UniqueOn};
use super::written::Write;
use super::{ColumnSet, Entity, New, Persist, Session};
use crate::connection::{Executor, SessionConnection};
use crate::error::{Error, Result};

impl<'c, C: SessionConnection> Session<'c, C> {
    /// Begins an upsert: rows to insert, of which some may conflict with stored ones. No SQL until it is run.
    ///
    /// ```
    /// use diesel_session::session::Upserted;
    /// # include!("../../docs/example_tables.rs");
    ///
    /// # fn main() -> Result<()> {
    /// let db = database()?;
    /// db.begin(|session| -> Result<()> {
    ///     let ann = session.add(NewUser::new(1, "ann")?);
    ///     let rows = [NewUser::new(1, "anna")?, NewUser::new(2, "ben")?];
    ///     let done = session.upsert(rows).on_conflict(users::user_id).update(users::username).run()?;
    ///     assert_eq!(done[0], (ann, Upserted::Updated));
    ///     assert_eq!(done[1].1, Upserted::Inserted);
    ///     assert_eq!(session.row(ann)?.username, "anna");
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn upsert<N>(&mut self, rows: impl IntoIterator<Item = N>) -> Upsert<'_, 'c, C, N>
    where
        N: New,
        N::Entity: Persist<C>,
    {
        Upsert { session: self, rows: rows.into_iter().collect() }
    }

    /// The row with the values of `new` in unique columns, which is added if the table has none: a handle, and whether
    /// it was added. Flushes, then sends one SELECT, and if it finds nothing an INSERT.
    ///
    /// Another unit of work may add the same row at the same time: then this call waits until that one ends, and
    /// returns its row if it was committed. Where the isolation level shows only rows that were committed before the
    /// transaction began (PostgreSQL from `REPEATABLE READ` on) that is a conflict, which
    /// [`Database::retrying`](crate::Database::retrying) resolves.
    ///
    /// ```
    /// # include!("../../docs/example_tables.rs");
    /// # fn main() -> Result<()> {
    /// let db = database()?;
    /// db.begin(|session| -> Result<()> {
    ///     let (ann, added) = session.get_or_add(users::user_id, NewUser::new(1, "ann")?)?;
    ///     assert!(added);
    ///     assert_eq!(session.get_or_add(users::user_id, NewUser::new(1, "anna")?)?, (ann, false));
    ///     assert_eq!(session.row(ann)?.username, "ann");
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`ReadyUpsert::run`].
    pub fn get_or_add<N, S>(&mut self, columns: S, new: N) -> Result<(Handle<N::Entity>, bool)>
    where
        N: New,
        N::Entity: Persist<C> + UniqueOn<S>,
    {
        let _ = columns;
        let conflict = Conflict { set: N::Entity::COLUMNS, update: None, reads_first: true };
        let (handle, done) = self.upsert_one(new, &conflict)?;
        Ok((handle, done.is_inserted()))
    }

    fn upsert_one<N>(&mut self, new: N, conflict: &Conflict) -> Result<(Handle<N::Entity>, Upserted)>
    where
        N: New,
        N::Entity: Persist<C>,
    {
        let done = self.upsert_all(vec![new], conflict)?;
        done.into_iter().next().ok_or_else(|| Error::NoRows { what: N::Entity::table().name.to_owned() })
    }

    fn upsert_all<N>(&mut self, news: Vec<N>, conflict: &Conflict) -> Result<Vec<(Handle<N::Entity>, Upserted)>>
    where
        N: New,
        N::Entity: Persist<C>,
    {
        if self.transaction.is_read() {
            return Err(Error::ReadOnlySession);
        }
        self.check()?;
        if conflict.update.is_some() && is_recorded::<N::Entity>(self.records_history) {
            return Err(Error::KeepsHistory { table: N::Entity::table().name });
        }
        // Even if automatic flushes are off: pending changes were made before, and would overwrite its effect.
        self.flush().map_err(|cause| Error::Autoflush { cause: cause.into() })?;
        if news.is_empty() {
            return Ok(Vec::new());
        }
        let mut rows = self.rows_of(&news)?;
        let table = N::Entity::table();
        self.maps.of::<N::Entity>();
        if let Some(position) = self.maps.position(TypeId::of::<N::Entity>()) {
            self.check_keys_of(position)?;
        }
        self.open()?;
        self.writes(Write::Step(table, Action::Insert));
        let update = conflict.update.map(|columns| Write::Step(table, Action::Update(columns)));
        update.into_iter().for_each(|write| self.writes(write));
        let mut executor = Executor::new(&mut **self.connection, &self.observers).knowing(Some(&self.keys));
        let outcomes = match upsert_rows(&mut executor, &news, &mut rows, conflict) {
            Ok(outcomes) => outcomes,
            Err(error) => {
                let error = Failure::of::<N::Entity, C>(&executor, error, "inserting into").error;
                let error = N::Entity::diagnose(&mut executor, error, &rows.iter().collect::<Vec<_>>());
                self.poison(&error);
                return Err(error);
            }
        };
        let inserted = rows.iter().zip(&outcomes).filter(|(_, outcome)| outcome.is_inserted()).map(|(row, _)| row);
        self.keep_inserted(inserted)?;
        let (id, now, fresh_since) = (self.id, self.transaction.now(), self.transaction.fresh_since());
        let map = self.maps.of::<N::Entity>();
        let done = news.into_iter().zip(rows).zip(outcomes).map(|((new, row), outcome)| {
            let index = match outcome {
                Upserted::Inserted => map.take_inserted(new, row, now),
                Upserted::Updated => map.take_updated(row, now, fresh_since),
                Upserted::Existing => map.take(row, now, fresh_since, true),
            };
            (Handle::new(id, index), outcome)
        });
        let done: Vec<(Handle<N::Entity>, Upserted)> = done.collect();
        if let Some(write) = update
            && done.iter().any(|(_, outcome)| *outcome == Upserted::Updated)
        {
            self.expire_rows(|table| write.reaches(table));
        }
        Ok(done)
    }
}

/// Sends the rows; neighbours that give values of the same columns are sent together.
fn upsert_rows<N, C>(
    executor: &mut Executor<'_, C>,
    news: &[N],
    rows: &mut [N::Entity],
    conflict: &Conflict,
) -> QueryResult<Vec<Upserted>>
where
    N: New,
    N::Entity: Persist<C>,
    C: SessionConnection,
{
    let (mut outcomes, mut rest) = (Vec::with_capacity(rows.len()), rows);
    for alike in news.chunk_by(|one, next| one.given() == next.given()) {
        let (rows, others) = rest.split_at_mut(alike.len());
        rest = others;
        let given = alike.first().map_or(ColumnSet::EMPTY, New::given);
        outcomes.extend(N::Entity::upsert(executor, rows, conflict, given)?);
    }
    Ok(outcomes)
}

/// Rows to insert or to update, from [`Session::upsert`].
#[must_use = "an upsert sends no SQL until it is run: name the unique columns by `on_conflict`"]
pub struct Upsert<'s, 'c, C: SessionConnection, N> {
    session: &'s mut Session<'c, C>,
    rows: Vec<N>,
}

impl<'s, 'c, C, N> Upsert<'s, 'c, C, N>
where
    C: SessionConnection,
    N: New,
    N::Entity: Persist<C>,
{
    /// Names the unique columns by which a row is the same as a stored one: the key, if the program gives it, or a set
    /// that the entity declares unique; `users::user_id`, or `(places::room, places::number)`. Anything else does not
    /// compile.
    pub fn on_conflict<S>(self, columns: S) -> OnConflict<'s, 'c, C, N>
    where
        N::Entity: UniqueOn<S>,
    {
        let _ = columns;
        OnConflict { session: self.session, rows: self.rows, set: N::Entity::COLUMNS }
    }
}

/// An upsert whose unique columns are known, from [`Upsert::on_conflict`].
#[must_use = "an upsert sends no SQL until it is run: say what becomes of stored rows by `update` or `nothing`"]
pub struct OnConflict<'s, 'c, C: SessionConnection, N> {
    session: &'s mut Session<'c, C>,
    rows: Vec<N>,
    set: &'static [usize],
}

impl<'s, 'c, C, N> OnConflict<'s, 'c, C, N>
where
    C: SessionConnection,
    N: New,
    N::Entity: Persist<C>,
{
    /// Sets these columns of a stored row to the new values; a column, or a tuple of columns. Columns that every UPDATE
    /// sets are set as well, and the version is counted up, even if no value differs. The key, the version and columns
    /// that the database fills do not compile.
    pub fn update<L, M>(self, columns: L) -> ReadyUpsert<'s, 'c, C, N>
    where
        L: ColumnList<N::Entity, M>,
    {
        let _ = columns;
        ReadyUpsert { session: self.session, rows: self.rows, set: self.set, update: Some(L::columns()) }
    }

    /// Leaves a stored row as it is.
    pub fn nothing(self) -> ReadyUpsert<'s, 'c, C, N> {
        ReadyUpsert { session: self.session, rows: self.rows, set: self.set, update: None }
    }
}

/// An upsert that is ready to run, from [`OnConflict::update`] or [`OnConflict::nothing`].
#[must_use = "an upsert sends no SQL until it is run by `run`"]
pub struct ReadyUpsert<'s, 'c, C: SessionConnection, N> {
    session: &'s mut Session<'c, C>,
    rows: Vec<N>,
    set: &'static [usize],
    update: Option<ColumnSet>,
}

impl<C, N> ReadyUpsert<'_, '_, C, N>
where
    C: SessionConnection,
    N: New,
    N::Entity: Persist<C>,
{
    /// Flushes, then inserts the rows or updates or leaves the stored ones, as if they were sent one after another;
    /// returns for each row, in order, its handle and what was done. The rows of the session show the stored values.
    ///
    /// PostgreSQL: one `INSERT … ON CONFLICT … RETURNING` for every 100 rows. Other engines: a SELECT of the stored
    /// rows, an INSERT of the others and an UPDATE of those found, each for every 100 rows; where other transactions
    /// may write at the same time, a row that one of them inserts in between is found and updated.
    ///
    /// # Errors
    ///
    /// [`Error::ReadOnlySession`]; bad handles; a violation of any other constraint, also of a unique one that
    /// `on_conflict` does not name; errors of the flush; [`Error::KeepsHistory`] for an update of an entity with
    /// `#[entity(history)]`, whose values before would not be known. A statement that fails rolls back and poisons the
    /// innermost level.
    pub fn run(self) -> Result<Vec<(Handle<N::Entity>, Upserted)>> {
        let update = self.update.map(|columns| columns.union(N::Entity::table().touched));
        self.session.upsert_all(self.rows, &Conflict { set: self.set, update, reads_first: false })
    }
}

macro_rules! shows_rows {
    ($($builder:ident),+) => {$(
        impl<C: SessionConnection, N> std::fmt::Debug for $builder<'_, '_, C, N> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($builder)).field("rows", &self.rows.len()).finish_non_exhaustive()
            }
        }
    )+};
}

shows_rows!(Upsert, OnConflict, ReadyUpsert);
