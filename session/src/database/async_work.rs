//! Asynchronous units of work: each runs on a thread of its database, and the caller awaits its result.

use std::future::{Future, poll_fn};
use std::sync::Arc;

use super::async_unit::AsyncUnit;
use super::{Database, Retry, Unit};
use crate::connection::{Cancellation, DatabaseConnection};
use crate::error::{Error, Result};
use crate::session::Session;

impl<C: DatabaseConnection> Database<C> {
    /// Like [`begin`](Self::begin), for asynchronous code: the unit runs on a thread of its own, and the future is ready
    /// with its result. There are as many threads as the pool has connections, started when they are first needed;
    /// [`Options::queue`](super::Options::queue) limits the units that wait for one. No runtime is required.
    ///
    /// If the future is dropped, by a timeout or because a client has gone, the unit is rolled back: see [`AsyncUnit`],
    /// whose [`to_completion`](AsyncUnit::to_completion) lets it run on. A panic in `work` is an error of the unit. Do
    /// not wait for another asynchronous unit inside `work`: if all threads do so, none is left to run it.
    ///
    /// ```
    /// # include!("../../docs/example_tables.rs");
    /// # include!("../../docs/block_on.rs");
    /// # fn main() -> Result<()> {
    /// # block_on(async {
    /// let db = database()?;
    /// let name = String::from("step");
    /// let id = db.begin_async(move |session| -> Result<_> {
    ///     let user = session.add(NewUser::new(1, name)?);
    ///     session.flush()?;
    ///     session.key(user)
    /// });
    /// assert_eq!(id.await?, Id::new(1));
    /// # Ok(())
    /// # })
    /// # }
    /// ```
    ///
    /// What the closure uses moves to the thread with it, so that it must be `Send` and owned:
    ///
    /// ```compile_fail,E0277
    /// # include!("../../docs/example_tables.rs");
    /// # fn main() -> Result<()> {
    /// # let db = database()?;
    /// let name = std::rc::Rc::new(String::from("step")); // Rc<String> cannot be sent between threads safely
    /// let unit = db.begin_async(move |_| -> Result<usize> { Ok(name.len()) });
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`begin`](Self::begin); [`Error::Busy`] if the queue is full, [`Error::Closed`] after
    /// [`close_async`](Self::close_async), [`Error::Panicked`].
    pub fn begin_async<T, E>(
        &self,
        work: impl FnOnce(&mut Session<'static, C>) -> Result<T, E> + Send + 'static,
    ) -> AsyncUnit<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.unit().begin_async(work)
    }

    /// Like [`read`](Self::read), as [`begin_async`](Self::begin_async).
    ///
    /// # Errors
    ///
    /// Those of [`read`](Self::read) and [`begin_async`](Self::begin_async).
    pub fn read_async<T, E>(
        &self,
        work: impl FnOnce(&mut Session<'static, C>) -> Result<T, E> + Send + 'static,
    ) -> AsyncUnit<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.unit().read_async(work)
    }

    /// Like [`retrying`](Self::retrying), as [`begin_async`](Self::begin_async). All attempts and the pauses between
    /// them are on one thread, and a dropped future ends them all.
    ///
    /// # Errors
    ///
    /// Those of [`retrying`](Self::retrying) and [`begin_async`](Self::begin_async).
    pub fn retrying_async<T, E>(
        &self,
        retry: Retry,
        work: impl FnMut(&mut Session<'static, C>) -> Result<T, E> + Send + 'static,
    ) -> AsyncUnit<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.unit().retrying_async(retry, work)
    }

    /// Accepts no more asynchronous units, on this database and its clones, and waits until those that have been polled
    /// are done. Blocking units are not affected. A program that ends without it rolls back the units that run.
    ///
    /// ```
    /// # include!("../../docs/example_tables.rs");
    /// # include!("../../docs/block_on.rs");
    /// # fn main() -> Result<()> {
    /// let db = database()?;
    /// block_on(db.close_async());
    /// let refused = block_on(db.read_async(|session| session.get::<User>(1)));
    /// assert!(matches!(refused, Err(Error::Closed { .. })));
    /// # Ok(())
    /// # }
    /// ```
    pub fn close_async(&self) -> impl Future<Output = ()> + Send + use<C> {
        let workers = Arc::clone(&self.workers);
        poll_fn(move |context| workers.poll_closed(context))
    }
}

impl<C: DatabaseConnection> Unit<'_, C> {
    /// Like [`Database::begin_async`], with the settings of this unit.
    ///
    /// # Errors
    ///
    /// Those of [`Database::begin_async`].
    pub fn begin_async<T, E>(
        &self,
        work: impl FnOnce(&mut Session<'static, C>) -> Result<T, E> + Send + 'static,
    ) -> AsyncUnit<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.on_thread(move |unit| unit.begin(work))
    }

    /// Like [`Database::read_async`], with the settings of this unit.
    ///
    /// # Errors
    ///
    /// Those of [`Database::read_async`].
    pub fn read_async<T, E>(
        &self,
        work: impl FnOnce(&mut Session<'static, C>) -> Result<T, E> + Send + 'static,
    ) -> AsyncUnit<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.on_thread(move |unit| unit.read(work))
    }

    /// Like [`Database::retrying_async`], with the settings of this unit.
    ///
    /// # Errors
    ///
    /// Those of [`Database::retrying_async`].
    pub fn retrying_async<T, E>(
        &self,
        retry: Retry,
        work: impl FnMut(&mut Session<'static, C>) -> Result<T, E> + Send + 'static,
    ) -> AsyncUnit<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.on_thread(move |unit| unit.retrying(retry, work))
    }

    /// Runs a unit with these settings on a thread.
    pub(super) fn on_thread<T, E>(
        &self,
        run: impl FnOnce(Unit<'_, C>) -> Result<T, E> + Send + 'static,
    ) -> AsyncUnit<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let Self { database, name, author, isolation, .. } = *self;
        let (database, workers) = (database.clone(), Arc::clone(&database.workers));
        let (name, author) = (name.map(str::to_owned), author.map(str::to_owned));
        AsyncUnit::new(workers, move |cancellation: &Arc<Cancellation>| {
            let (name, author) = (name.as_deref(), author.as_deref());
            run(Unit { database: &database, name, author, records: false, isolation, cancellation: Some(cancellation) })
        })
    }
}
