//! `OpenDatabase`: opening a database on the connection type of one engine.

use super::{Database, Options};
use crate::connection::DatabaseConnection;
use crate::error::Result;

/// Opens a database whose connection type is known when the program is compiled, for column types and statements that
/// only one engine has.
///
/// `Database::open` opens any engine; `Database::<PgConnection>::open` is this trait's, which the prelude brings into
/// scope. Over it, Diesel has everything that it has for that connection: its column types, upserts, `RETURNING`.
///
/// ```
/// use diesel::connection::SimpleConnection as _;
/// use diesel::prelude::*;
/// use diesel_session::prelude::*;
///
/// diesel::table! { tags (name) { name -> Text, uses -> BigInt } }
///
/// let db = Database::<SqliteConnection>::open("sqlite::memory:")?;
/// db.connection()?.batch_execute("CREATE TABLE tags (name TEXT NOT NULL PRIMARY KEY, uses BIGINT NOT NULL)")?;
/// for uses in [1, 2] {
///     let upsert = diesel::insert_into(tags::table)
///         .values((tags::name.eq("rust"), tags::uses.eq(1)))
///         .on_conflict(tags::name)
///         .do_update()
///         .set(tags::uses.eq(tags::uses + 1))
///         .returning(tags::uses);
///     assert_eq!(db.begin(|session| session.rows::<i64, _>(upsert))?, [uses]);
/// }
///
/// let refused = Database::<SqliteConnection>::open("postgres://localhost/app");
/// assert!(refused.is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait OpenDatabase: Sized {
    /// Opens the database at a URL or bare path for reading and writing; a file must exist.
    ///
    /// # Errors
    ///
    /// Those of [`Database::open`], and [`Error::OtherEngine`](crate::Error::OtherEngine) for the URL of another engine.
    fn open(url: &str) -> Result<Self> {
        Self::open_with(url, Options::default())
    }

    /// Like [`open`](Self::open), with [`Options`].
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open).
    fn open_with(url: &str, options: Options) -> Result<Self>;
}

impl<C: DatabaseConnection> OpenDatabase for Database<C> {
    fn open_with(url: &str, options: Options) -> Result<Self> {
        Self::open_pool(url, options)
    }
}
