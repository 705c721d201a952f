//! A `Database` on one engine's own connection type: its units of work, its pool, and what Diesel can do only there.

mod units;

#[cfg(feature = "mysql")]
mod mysql_statements;
#[cfg(feature = "postgres")]
mod postgres_types;
#[cfg(feature = "sqlite")]
mod sqlite_statements;

/// The suite on one engine.
macro_rules! on {
    ($module:ident, $engine:ident, $own:ty) => {
        mod $module {
            use folio_testing::TestEngine::$engine;

            #[test]
            fn every_kind_of_unit_runs_over_the_engine_s_own_connection() -> diesel_session::Result<()> {
                crate::units::every_kind_of_unit::<$own>($engine)
            }

            #[test]
            fn a_unit_that_fails_leaves_nothing_and_its_connection_is_used_again() -> diesel_session::Result<()> {
                crate::units::failed_unit::<$own>($engine)
            }

            #[test]
            fn threads_share_the_pool_and_the_turn_to_write() -> diesel_session::Result<()> {
                crate::units::threads::<$own>($engine)
            }

            #[test]
            fn it_is_the_same_database_whatever_the_type_of_the_connection() -> diesel_session::Result<()> {
                crate::units::same::<$own>($engine)
            }

            #[test]
            fn the_echo_shows_what_a_unit_sends() -> diesel_session::Result<()> {
                crate::units::echo::<$own>($engine)
            }
        }
    };
}

#[cfg(feature = "sqlite")]
on!(sqlite, Sqlite, diesel::SqliteConnection);
#[cfg(feature = "postgres")]
on!(postgres, Postgres, diesel::PgConnection);
#[cfg(feature = "mysql")]
on!(mariadb, Mariadb, diesel::MysqlConnection);
#[cfg(feature = "mysql")]
on!(mysql, Mysql, diesel::MysqlConnection);

#[cfg(all(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod other_engine {
    //! A URL of another engine than the connection type's.

    use diesel_session::connection::Access;
    use diesel_session::database::Options;
    use diesel_session::prelude::*;

    fn refusal<C: diesel_session::database::DatabaseConnection>(url: &str) -> String {
        let options = Options::default().access(Access::Create);
        let refused = Database::<C>::open_with(url, options).unwrap_err();
        assert!(matches!(refused, Error::OtherEngine { .. }), "{refused:?}");
        refused.to_string()
    }

    #[test]
    fn a_url_of_another_engine_is_refused_by_both_names_and_without_its_password() {
        assert_eq!(
            refusal::<diesel::PgConnection>("mysql://app:secret@db.example.org/app"),
            "mysql://app:***@db.example.org/app is a database of MySQL and MariaDB; this program needs one of PostgreSQL here"
        );
        assert_eq!(
            refusal::<diesel::MysqlConnection>("postgres://app@db.example.org/app"),
            "postgres://app@db.example.org/app is a database of PostgreSQL; this program needs one of MySQL and MariaDB here"
        );
        assert_eq!(
            refusal::<diesel::PgConnection>("sqlite::memory:"),
            ":memory: is a database of SQLite; this program needs one of PostgreSQL here"
        );
    }

    #[test]
    fn a_file_is_not_created_for_another_engine() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("app.db");
        refusal::<diesel::PgConnection>(file.to_str().unwrap());
        assert!(!file.exists());
    }
}
