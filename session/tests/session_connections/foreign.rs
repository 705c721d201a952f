//! A connection type that Folio does not know, as another crate would write it, and its harness; and what a harness
//! that lacks a capability leaves out.

use diesel::connection::{
    AnsiTransactionManager, CacheSize, Connection, ConnectionSealed, DefaultLoadingMode, Instrumentation,
    LoadConnection, SimpleConnection,
};
use diesel::expression::QueryMetadata;
use diesel::query_builder::{Query, QueryFragment, QueryId};
use diesel::sqlite::Sqlite;
use diesel::{ConnectionResult, QueryResult, SqliteConnection};
use diesel_session::connection::{
    Access, AnyConnection, Engine, EngineConnection, Isolation, Mode, Referrer, SessionConnection, Updates,
};
use diesel_session::{Error, Session};
use diesel_session_conformance::{Capability, Harness};

use crate::counted::suite::domain::{ANN, Author, Library};
use crate::counted::suite::subject;
use crate::harness::Place;
use folio_testing::engine;

/// Counts what is sent.
pub struct Counted {
    inner: SqliteConnection,
    sent: usize,
}

impl SimpleConnection for Counted {
    fn batch_execute(&mut self, query: &str) -> QueryResult<()> {
        self.sent += 1;
        self.inner.batch_execute(query)
    }
}

impl ConnectionSealed for Counted {}

impl Connection for Counted {
    type Backend = Sqlite;
    type TransactionManager = AnsiTransactionManager;

    fn establish(url: &str) -> ConnectionResult<Self> {
        Ok(Self { inner: SqliteConnection::establish(url)?, sent: 0 })
    }

    fn execute_returning_count<T: QueryFragment<Sqlite> + QueryId>(&mut self, source: &T) -> QueryResult<usize> {
        self.sent += 1;
        self.inner.execute_returning_count(source)
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

impl LoadConnection for Counted {
    type Cursor<'conn, 'query> = <SqliteConnection as LoadConnection<DefaultLoadingMode>>::Cursor<'conn, 'query>;
    type Row<'conn, 'query> = <SqliteConnection as LoadConnection<DefaultLoadingMode>>::Row<'conn, 'query>;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> QueryResult<Self::Cursor<'conn, 'query>>
    where
        T: Query + QueryFragment<Sqlite> + QueryId + 'query,
        Sqlite: QueryMetadata<T::SqlType>,
    {
        self.sent += 1;
        LoadConnection::load(&mut self.inner, source)
    }
}

impl SessionConnection for Counted {
    fn engine(&self) -> Engine {
        self.inner.engine()
    }

    fn max_parameters(&self) -> usize {
        self.inner.max_parameters()
    }

    fn max_bytes(&self) -> usize {
        self.inner.max_bytes()
    }

    fn begin(&mut self, mode: Mode, isolation: Option<Isolation>) -> QueryResult<()> {
        self.sent += 1;
        self.inner.begin(mode, isolation)
    }

    fn explain(&self, error: diesel::result::Error, table: &str, doing: &str) -> Error {
        self.inner.explain(error, table, doing)
    }
}

impl EngineConnection for Counted {
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

/// The harness of [`Counted`], which does not say all that SQLite can do.
pub struct Counting(Place);

impl Harness for Counting {
    type Connection = Counted;
    const CAPABILITIES: &'static [Capability] = &[
        Capability::CheckAtCommit,
        Capability::CheckAfterStatement,
        Capability::KeepOthersOutFromBegin,
        Capability::CountWhoRefers,
    ];

    fn new() -> Self {
        Self(Place::new(engine::TestEngine::Sqlite))
    }

    fn connect(&self) -> Counted {
        match self.0.open(Access::Write) {
            AnyConnection::Sqlite(inner) => Counted { inner, sent: 0 },
            #[allow(unreachable_patterns, reason = "with one engine there is no other")]
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn every_statement_of_a_session_goes_through_the_connection_that_it_was_given() -> diesel_session::Result<()> {
    subject::on::<Counting>(|| {
        let library = Library::new();
        let mut connection = library.connect();
        Session::on(&mut connection).begin(|session| -> diesel_session::Result<()> {
            let ann = session.get_one::<Author>(ANN)?;
            session.edit(ann)?.name = "Anna".into();
            Ok(())
        })?;
        assert_eq!(connection.sent, 4, "BEGIN, SELECT, UPDATE, COMMIT");
        assert_eq!(library.see("SELECT name FROM authors WHERE id = 1"), "Anna");
        Ok(())
    })
}

#[test]
fn what_a_harness_does_not_say_it_can_do_is_left_out_in_plain_sight() {
    let test = "counted::f_refusals::b067_an_answer_that_cannot_be_read_poisons_nothing";
    let run = std::process::Command::new(std::env::current_exe().unwrap()).args(["--exact", test]).output().unwrap();
    assert!(run.status.success() && String::from_utf8_lossy(&run.stdout).contains("1 passed"));
    assert_eq!(
        String::from_utf8(run.stderr).unwrap(),
        format!("{test}: skipped: needs a text column that takes bytes that are no text (HoldTextThatIsNone)\n")
    );
}
