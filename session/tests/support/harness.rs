//! What the suite runs on here: `AnyConnection` on each engine, and each engine's own connection.

use std::time::Duration;

use diesel_session::connection::{Access, AnyConnection, Waits};
use diesel_session::database::DatabaseUrl;
use diesel_session_conformance::{Capability, Harness};

use folio_testing::TestEngine;
use folio_testing::address;

/// A database of one test.
pub struct Place {
    url: DatabaseUrl,
    _folder: Option<tempfile::TempDir>,
}

impl Place {
    pub fn new(engine: TestEngine) -> Self {
        let (url, folder) = address(engine);
        let place = Self { url: url.parse().unwrap(), _folder: folder };
        place.open(Access::Create);
        place
    }

    pub fn open(&self, access: Access) -> AnyConnection {
        let waits = Waits { lock: Duration::ZERO, connect: Duration::from_secs(10), read: Duration::ZERO };
        let mut connection = self.url.address().open(access, waits).unwrap().connection;
        match &mut connection {
            #[cfg(feature = "sqlite")]
            AnyConnection::Sqlite(connection) => {
                use diesel::connection::SimpleConnection as _;
                connection.batch_execute("PRAGMA synchronous = OFF").unwrap();
            }
            #[allow(unreachable_patterns, reason = "with SQLite alone there is no other")]
            _ => {}
        }
        connection
    }
}

pub const fn capabilities(engine: TestEngine) -> &'static [Capability] {
    match engine {
        TestEngine::Sqlite => &[
            Capability::CheckAtCommit,
            Capability::CheckAfterStatement,
            Capability::KeepOthersOutFromBegin,
            Capability::HoldTextThatIsNone,
            Capability::CountWhoRefers,
        ],
        TestEngine::Postgres => {
            &[Capability::CheckAtCommit, Capability::CheckAfterStatement, Capability::KeepApartLess]
        }
        _ => &[Capability::KeepApartLess],
    }
}

/// Declares a harness: its engine, its connection type, and how that comes out of an opened `AnyConnection`.
macro_rules! harness {
    ($name:ident, $engine:ident, $connection:ty, $opened:pat => $own:expr) => {
        pub struct $name(Place);

        impl Harness for $name {
            type Connection = $connection;
            const CAPABILITIES: &'static [Capability] = capabilities(TestEngine::$engine);

            fn new() -> Self {
                Self(Place::new(TestEngine::$engine))
            }

            fn connect(&self) -> $connection {
                match self.0.open(Access::Write) {
                    $opened => $own,
                    #[allow(unreachable_patterns, reason = "with one engine there is no other")]
                    other => panic!("{other:?}"),
                }
            }
        }
    };
}

#[cfg(feature = "sqlite")]
harness!(AnySqlite, Sqlite, AnyConnection, any => any);
#[cfg(feature = "sqlite")]
harness!(Sqlite, Sqlite, diesel::SqliteConnection, AnyConnection::Sqlite(own) => own);
#[cfg(feature = "postgres")]
harness!(AnyPostgres, Postgres, AnyConnection, any => any);
#[cfg(feature = "postgres")]
harness!(Postgres, Postgres, diesel::PgConnection, AnyConnection::Postgres(own) => own);
#[cfg(feature = "mysql")]
harness!(AnyMariadb, Mariadb, AnyConnection, any => any);
#[cfg(feature = "mysql")]
harness!(Mariadb, Mariadb, diesel::MysqlConnection, AnyConnection::Mysql(own) => own);
#[cfg(feature = "mysql")]
harness!(AnyMysql, Mysql, AnyConnection, any => any);
#[cfg(feature = "mysql")]
harness!(Mysql, Mysql, diesel::MysqlConnection, AnyConnection::Mysql(own) => own);
