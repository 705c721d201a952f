//! The `tracing` span of a statement, with its attributes by OpenTelemetry's semantic conventions for SQL databases.

use diesel::result::Error as DieselError;
use tracing::Span;
use tracing::field::Empty;

/// The target of these spans.
macro_rules! target {
    () => {
        "diesel_session::statement"
    };
}

/// Opens the span of a statement that is about to be sent: `sql` is called only if a subscriber takes it.
pub(super) fn open(system: &'static str, sql: impl FnOnce() -> String) -> Span {
    if !tracing::enabled!(target: target!(), tracing::Level::DEBUG) {
        return Span::none();
    }
    let sql = sql();
    let (operation, table) = (operation(&sql), table(&sql));
    let name = match (operation, &table) {
        (Some(operation), Some(table)) => format!("{operation} {table}"),
        (Some(operation), None) => operation.to_owned(),
        (None, _) => system.to_owned(),
    };
    tracing::debug_span!(
        target: target!(),
        "statement",
        otel.name = name,
        otel.kind = "client",
        otel.status_code = Empty,
        db.system.name = system,
        db.query.text = sql,
        db.operation.name = operation,
        db.collection.name = table,
        db.response.returned_rows = Empty,
        "error.type" = Empty,
    )
}

/// Records what came of the statement: the number of rows it returned, if that is known, or its error.
pub(super) fn record(span: &Span, sql: &str, rows: Option<usize>, error: Option<&'static str>) {
    if span.is_disabled() {
        return;
    }
    if let Some(rows) = rows
        && (operation(sql) == Some("SELECT") || sql.contains(" RETURNING "))
    {
        span.record("db.response.returned_rows", rows);
    }
    if let Some(error) = error {
        span.record("error.type", error).record("otel.status_code", "ERROR");
    }
}

/// The kind of an error, for `error.type`.
pub(super) fn error_type(error: &DieselError) -> &'static str {
    use diesel::result::DatabaseErrorKind as Kind;
    match error {
        DieselError::DatabaseError(kind, _) => match kind {
            Kind::UniqueViolation => "unique_violation",
            Kind::ForeignKeyViolation => "foreign_key_violation",
            Kind::NotNullViolation => "not_null_violation",
            Kind::CheckViolation => "check_violation",
            Kind::SerializationFailure => "serialization_failure",
            Kind::ReadOnlyTransaction => "read_only_transaction",
            Kind::ClosedConnection => "closed_connection",
            _ => "database_error",
        },
        DieselError::DeserializationError(_) => "deserialization_error",
        DieselError::SerializationError(_) => "serialization_error",
        _ => "_OTHER",
    }
}

/// What a statement does, if it is one operation: a statement that begins otherwise, with WITH for example, may be several.
fn operation(sql: &str) -> Option<&str> {
    const OPERATIONS: [&str; 10] =
        ["SELECT", "INSERT", "UPDATE", "DELETE", "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "EXPLAIN"];
    let word = sql.split([' ', ';']).next()?;
    OPERATIONS.contains(&word).then_some(word)
}

/// The table of a statement on one table alone.
fn table(sql: &str) -> Option<String> {
    let after = match operation(sql)? {
        "SELECT" | "DELETE" => " FROM ",
        "INSERT" => " INTO ",
        "UPDATE" => "UPDATE ",
        _ => return None,
    };
    let others = [" JOIN ", " FROM ", " UNION ", " INTERSECT ", " EXCEPT "];
    let (_, rest) = sql.split_once(after)?;
    if others.iter().any(|other| rest.contains(other)) {
        return None;
    }
    let (name, next) = rest.split_at(rest.find([' ', ',', '(', ')', ';']).unwrap_or(rest.len()));
    let alone = !name.is_empty() && !next.starts_with(',');
    alone.then(|| name.replace(['`', '"'], ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_has_an_operation_and_a_table_where_they_are_certain() {
        for (sql, expected) in [
            ("SELECT `a`.`id` FROM `a` WHERE (`a`.`id` = ?)", (Some("SELECT"), Some("a"))),
            ("SELECT COUNT(*) FROM (SELECT 1 FROM a) AS q", (Some("SELECT"), None)),
            ("SELECT 1 FROM a INNER JOIN b ON a.id = b.id", (Some("SELECT"), None)),
            ("SELECT EXISTS (SELECT 1 FROM a)", (Some("SELECT"), Some("a"))),
            ("SELECT 1 FROM a, b", (Some("SELECT"), None)),
            ("INSERT INTO \"app\".\"notes\" (\"id\") VALUES ($1)", (Some("INSERT"), Some("app.notes"))),
            ("UPDATE notes SET body = ? WHERE id = ?", (Some("UPDATE"), Some("notes"))),
            ("UPDATE notes SET body = v.b FROM (VALUES (1, 'a')) AS v", (Some("UPDATE"), None)),
            ("DELETE FROM notes WHERE id = ?", (Some("DELETE"), Some("notes"))),
            ("WITH a AS (DELETE FROM b RETURNING *) SELECT * FROM a", (None, None)),
            ("BEGIN; SET TRANSACTION READ ONLY", (Some("BEGIN"), None)),
            ("COMMIT", (Some("COMMIT"), None)),
        ] {
            assert_eq!((operation(sql), table(sql).as_deref()), expected, "{sql}");
        }
    }
}
