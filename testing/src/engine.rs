//! The engines that the suites run on. MariaDB and MySQL are one engine to the session and two servers here.

/// What a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestEngine {
    Sqlite,
    Postgres,
    Mariadb,
    Mysql,
}

impl TestEngine {
    const ALL: [Self; 4] = [Self::Sqlite, Self::Postgres, Self::Mariadb, Self::Mysql];

    /// The name of the modules that run on it.
    const fn module(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Mariadb => "mariadb",
            Self::Mysql => "mysql",
        }
    }

    /// The engine that a module is named after.
    pub fn of(module: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|engine| module.split("::").any(|part| part == engine.module()))
    }

    /// Whether it stores times before 1970 that are bound as timestamps.
    pub fn holds_times_before_1970(self) -> bool {
        self != Self::Mariadb
    }

    /// Whether a statement that was killed with its connection is reported as interrupted, and not as a lost
    /// connection.
    pub fn names_the_killed_statement(self) -> bool {
        self == Self::Mysql
    }
}

impl std::fmt::Display for TestEngine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
            Self::Mariadb => "MariaDB",
            Self::Mysql => "MySQL",
        })
    }
}
