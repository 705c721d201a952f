//! The SQL types of Folio's enums, as `schema` names them.

use diesel::query_builder::QueryId;
use diesel::sql_types::SqlType;

/// The type of `repositories.status`: the enum `repository_status` on PostgreSQL, an `ENUM` column on MySQL, `TEXT` with
/// a CHECK on SQLite.
#[derive(Debug, Clone, Copy, Default, SqlType, QueryId)]
#[diesel(sqlite_type(name = "Text"), postgres_type(name = "repository_status"), mysql_type(name = "Enum"))]
pub struct RepositoryStatus;
