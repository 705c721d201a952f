//! SQL types that Folio adds to Diesel's.

use diesel::query_builder::QueryId;
use diesel::sql_types::SqlType;

/// The SQL type of `repositories.status`: TEXT with a CHECK on SQLite.
#[derive(Debug, Clone, Copy, SqlType, QueryId)]
#[diesel(sqlite_type(name = "Text"))]
pub struct RepositoryStatus;
