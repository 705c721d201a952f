//! The database engines, and what differs between them whichever connection leads there.

/// A database engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Engine {
    /// SQLite, compiled in from source.
    Sqlite,
    /// PostgreSQL, through libpq.
    Postgres,
    /// MySQL and MariaDB, through MariaDB's client library.
    Mysql,
}

impl Engine {
    /// Every engine that Folio supports.
    pub const ALL: &'static [Self] = &[Self::Sqlite, Self::Postgres, Self::Mysql];

    /// Whether a transaction can keep reading after one of its statements failed.
    #[must_use]
    pub fn reads_after_error(self) -> bool {
        match self {
            Self::Sqlite | Self::Mysql => true,
            Self::Postgres => false,
        }
    }

    /// Whether a rollback undoes CREATE TABLE and DROP TABLE. If not, each of them commits immediately.
    #[must_use]
    pub fn undoes_tables(self) -> bool {
        match self {
            Self::Sqlite | Self::Postgres => true,
            Self::Mysql => false,
        }
    }

    /// Whether a foreign key is checked at the end of a statement, so that its rows may refer to each other in any
    /// order. If not, it is checked row by row.
    #[must_use]
    pub fn checks_after_statement(self) -> bool {
        match self {
            Self::Sqlite | Self::Postgres => true,
            Self::Mysql => false,
        }
    }

    /// Whether an INSERT takes less time for each of its rows the more it has, as far as the engine accepts it.
    #[must_use]
    pub fn prefers_long_inserts(self) -> bool {
        match self {
            Self::Mysql => true,
            Self::Sqlite | Self::Postgres => false,
        }
    }

    /// Whether a UNIQUE constraint can be checked at COMMIT (`DEFERRABLE INITIALLY DEFERRED`).
    #[must_use]
    pub fn defers_unique(self) -> bool {
        match self {
            Self::Postgres => true,
            Self::Sqlite | Self::Mysql => false,
        }
    }

    /// The clause at the end of a SELECT that locks its rows until the transaction ends; empty where a transaction that
    /// may write excludes all other writers anyway.
    #[must_use]
    pub fn row_lock(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres | Self::Mysql => " FOR UPDATE",
        }
    }

    /// Whether the plan of a SELECT needs the values of its parameters, and shows them.
    pub(super) fn plans_with_values(self) -> bool {
        match self {
            Self::Sqlite | Self::Postgres => false,
            Self::Mysql => true,
        }
    }

    /// Its usual name, as shown by `Display`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
            Self::Mysql => "MySQL and MariaDB",
        }
    }

    /// The name of the Cargo feature that compiles it in.
    #[must_use]
    pub const fn feature(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
        }
    }

    /// The versions that Folio's own tests run on.
    #[must_use]
    pub const fn tested_on(self) -> &'static str {
        match self {
            Self::Sqlite => "the SQLite that is compiled in",
            Self::Postgres => "PostgreSQL 15",
            Self::Mysql => "MariaDB 10.11, MySQL 9.7",
        }
    }

    /// Whether this build can open its databases.
    ///
    /// ```
    /// use diesel_session::connection::Engine;
    ///
    /// assert!(Engine::ALL.iter().any(|engine| engine.is_compiled_in()));
    /// ```
    #[must_use]
    pub const fn is_compiled_in(self) -> bool {
        match self {
            Self::Sqlite => cfg!(feature = "sqlite"),
            Self::Postgres => cfg!(feature = "postgres"),
            Self::Mysql => cfg!(feature = "mysql"),
        }
    }
}

/// The engine's usual name.
impl std::fmt::Display for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}
