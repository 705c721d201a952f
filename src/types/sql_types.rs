//! The SQL types of Folio's enums, as `schema` names them.

use diesel::query_builder::QueryId;
use diesel::sql_types::SqlType;

/// The type of `repositories.status`: `TEXT` with a CHECK on SQLite.
#[derive(Debug, Clone, Copy, Default, SqlType, QueryId)]
#[diesel(sqlite_type(name = "Text"))]
pub struct RepositoryStatus;
