//! Where a case is done, and the SQL that prepares it there.

/// Whose SQL is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
    Mysql,
}

/// A database.
#[derive(Debug)]
pub struct Place {
    pub engine: Engine,
    /// The path of SQLite's file, or `:memory:`; otherwise a server's URL.
    pub url: String,
}

impl Place {
    /// `memory` and `file` are SQLite's.
    pub fn new(name: &str, url: &str) -> Result<Self, String> {
        let engine = match name {
            "memory" | "file" => Engine::Sqlite,
            "postgres" => Engine::Postgres,
            "mysql" => Engine::Mysql,
            other => return Err(format!("no place {other}")),
        };
        Ok(Self { engine, url: url.to_owned() })
    }

    /// What every connection says first, so that contenders promise the same: foreign keys are checked, and a file is
    /// journalled for readers beside the writer and synced at each COMMIT.
    pub fn settings(&self) -> Option<&'static str> {
        match self.engine {
            Engine::Sqlite => Some("PRAGMA foreign_keys = ON; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"),
            Engine::Postgres | Engine::Mysql => None,
        }
    }

    pub fn create(&self) -> &'static str {
        match self.engine {
            Engine::Sqlite => include_str!("../../sql/sqlite.create.sql"),
            Engine::Postgres => include_str!("../../sql/postgres.create.sql"),
            Engine::Mysql => include_str!("../../sql/mysql.create.sql"),
        }
    }

    pub fn fill(&self, rows: i64) -> String {
        let sql = match self.engine {
            Engine::Sqlite => include_str!("../../sql/sqlite.fill.sql"),
            Engine::Postgres => include_str!("../../sql/postgres.fill.sql"),
            Engine::Mysql => include_str!("../../sql/mysql.fill.sql"),
        };
        sql.replace("{rows}", &rows.to_string())
    }
}
