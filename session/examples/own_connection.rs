//! A connection type of one's own: SQLite's, which fails at a statement that a test chooses. The session over it is the
//! real one, so that the test sees what a failure in the middle leaves behind: nothing.
//!
//! ```sh
//! cargo run --example own_connection
//! ```

use diesel::connection::{
    AnsiTransactionManager, CacheSize, ConnectionSealed, DefaultLoadingMode, Instrumentation, LoadConnection,
    SimpleConnection,
};
use diesel::expression::QueryMetadata;
use diesel::prelude::*;
use diesel::query_builder::{Query, QueryFragment, QueryId};
use diesel::result::DatabaseErrorKind::ClosedConnection;
use diesel::result::Error::DatabaseError;
use diesel::sqlite::Sqlite;
use diesel_session::connection::{Engine, EngineConnection, Isolation, Mode, Referrer, SessionConnection, Updates};
use diesel_session::prelude::*;

diesel::table! {
    notes (id) { id -> BigInt, body -> Text }
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = notes, check_for_backend(Sqlite))]
pub struct Note {
    #[entity(key)]
    pub id: i64,
    pub body: String,
}

/// Delegates to `inner`, and fails once after `left` more statements.
struct Faulty {
    inner: SqliteConnection,
    left: Option<usize>,
}

impl Faulty {
    fn count(&mut self) -> QueryResult<&mut SqliteConnection> {
        match self.left.as_mut().map(|left| left.checked_sub(1).map(|less| *left = less)) {
            Some(None) => {
                self.left = None;
                Err(DatabaseError(ClosedConnection, Box::new("the cable is out".to_owned())))
            }
            _ => Ok(&mut self.inner),
        }
    }
}

// What Diesel needs: how statements are sent. Its feature `i-implement-a-third-party-backend-…` opens these traits.
impl SimpleConnection for Faulty {
    fn batch_execute(&mut self, query: &str) -> QueryResult<()> {
        self.count()?.batch_execute(query)
    }
}

impl ConnectionSealed for Faulty {}

impl Connection for Faulty {
    type Backend = Sqlite;
    type TransactionManager = AnsiTransactionManager;

    fn establish(url: &str) -> ConnectionResult<Self> {
        Ok(Self { inner: SqliteConnection::establish(url)?, left: None })
    }

    fn execute_returning_count<T: QueryFragment<Sqlite> + QueryId>(&mut self, source: &T) -> QueryResult<usize> {
        self.count()?.execute_returning_count(source)
    }

    fn transaction_state(&mut self) -> &mut AnsiTransactionManager {
        self.inner.transaction_state()
    }

    fn instrumentation(&mut self) -> &mut dyn Instrumentation {
        self.inner.instrumentation()
    }

    fn set_instrumentation(&mut self, instrumentation: impl Instrumentation) {
        self.inner.set_instrumentation(instrumentation);
    }

    fn set_prepared_statement_cache_size(&mut self, size: CacheSize) {
        self.inner.set_prepared_statement_cache_size(size);
    }
}

impl LoadConnection for Faulty {
    type Cursor<'conn, 'query> = <SqliteConnection as LoadConnection<DefaultLoadingMode>>::Cursor<'conn, 'query>;
    type Row<'conn, 'query> = <SqliteConnection as LoadConnection<DefaultLoadingMode>>::Row<'conn, 'query>;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> QueryResult<Self::Cursor<'conn, 'query>>
    where
        T: Query + QueryFragment<Sqlite> + QueryId + 'query,
        Sqlite: QueryMetadata<T::SqlType>,
    {
        LoadConnection::load(self.count()?, source)
    }
}

// What the session needs: how a transaction begins, and what errors mean.
impl SessionConnection for Faulty {
    fn engine(&self) -> Engine {
        self.inner.engine()
    }

    fn max_parameters(&self) -> usize {
        self.inner.max_parameters()
    }

    fn begin(&mut self, mode: Mode, isolation: Option<Isolation>) -> QueryResult<()> {
        self.count()?.begin(mode, isolation)
    }

    fn explain(&self, error: diesel::result::Error, table: &str, doing: &str) -> Error {
        self.inner.explain(error, table, doing)
    }
}

// How it writes many rows in one statement. With this it stores every entity of types that SQLite has.
impl EngineConnection for Faulty {
    const RETURNING: bool = SqliteConnection::RETURNING;
    const UPDATES: Updates = SqliteConnection::UPDATES;
    const ALL_DEFAULTS: &'static str = SqliteConnection::ALL_DEFAULTS;

    fn unnamed_referrers(&mut self, table: &str) -> QueryResult<Vec<Referrer>> {
        self.inner.unnamed_referrers(table)
    }

    fn last_counted(&mut self, table: &str, column: &str) -> QueryResult<Option<String>> {
        self.inner.last_counted(table, column)
    }
}

fn main() -> Result<()> {
    run()
}

pub fn run() -> Result<()> {
    let mut connection = Faulty::establish(":memory:").expect("a database in memory");
    connection.batch_execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL)")?;
    // BEGIN, INSERT and COMMIT: the failure may come at each of them.
    for statement in 0..3 {
        connection.left = Some(statement);
        let failed = Session::on(&mut connection).begin(|session| -> Result<()> {
            session.add(NewNote::new("remember the milk")?);
            Ok(())
        });
        println!("statement {statement}: {}", failed.expect_err("a statement failed"));
        let kept: i64 = notes::table.count().get_result(&mut connection)?;
        assert_eq!(kept, 0);
    }
    Ok(())
}
