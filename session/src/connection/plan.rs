//! Each engine's plan for a SELECT (`EXPLAIN`), from the SELECT's text and its values as the echo has them. The SELECT
//! itself is not run.

use diesel::QueryResult;
#[cfg(any(feature = "postgres", feature = "mysql"))]
use diesel::QueryableByName;
use diesel::RunQueryDsl as _;

/// SQLite plans without values: `EXPLAIN QUERY PLAN`. Its steps are indented below those that they are part of.
#[cfg(feature = "sqlite")]
pub(super) fn sqlite(connection: &mut diesel::SqliteConnection, select: &str) -> QueryResult<String> {
    use std::collections::BTreeMap;

    use diesel::sql_types::{Integer, Text};

    #[derive(diesel::QueryableByName)]
    struct Step {
        #[diesel(sql_type = Integer)]
        id: i32,
        #[diesel(sql_type = Integer)]
        parent: i32,
        #[diesel(sql_type = Text)]
        detail: String,
    }
    let steps: Vec<Step> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {select}")).load(connection)?;
    let mut depths = BTreeMap::new();
    let lines = steps.iter().map(|step| {
        let depth = depths.get(&step.parent).map_or(0, |depth| depth + 1);
        depths.insert(step.id, depth);
        format!("{}{}", "  ".repeat(depth), step.detail)
    });
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

/// PostgreSQL's generic plan, which does not depend on the values. It is asked for in a savepoint, because an error would
/// abort the transaction; what the savepoint does not undo, a prepared statement, is deallocated.
#[cfg(feature = "postgres")]
pub(super) fn postgres(connection: &mut diesel::PgConnection, select: &str, binds: &str) -> QueryResult<String> {
    use diesel::connection::SimpleConnection as _;

    #[derive(QueryableByName)]
    struct Line {
        #[diesel(sql_type = diesel::sql_types::Text, column_name = "QUERY PLAN")]
        line: String,
    }
    let prepared = connection.batch_execute(&format!(
        "SAVEPOINT diesel_session_plan; SET LOCAL plan_cache_mode = force_generic_plan; \
         PREPARE diesel_session_plan AS {select}"
    ));
    let nulls = vec!["NULL"; values(binds).len()].join(", ");
    let arguments = if nulls.is_empty() { nulls } else { format!("({nulls})") };
    let explain = diesel::sql_query(format!("EXPLAIN EXECUTE diesel_session_plan{arguments}"));
    let explained: QueryResult<Vec<Line>> = match &prepared {
        Ok(()) => explain.load(connection),
        Err(_) => Ok(Vec::new()),
    };
    connection.batch_execute("ROLLBACK TO SAVEPOINT diesel_session_plan; RELEASE SAVEPOINT diesel_session_plan")?;
    prepared?;
    connection.batch_execute("DEALLOCATE diesel_session_plan")?;
    Ok(explained?.into_iter().map(|line| line.line).collect::<Vec<_>>().join("\n"))
}

/// MySQL's and MariaDB's plan as JSON, for which they need values.
#[cfg(feature = "mysql")]
pub(super) fn mysql(connection: &mut diesel::MysqlConnection, select: &str, binds: &str) -> QueryResult<String> {
    use diesel::sql_types::{BigInt, Double, Nullable, Text};

    use super::DatabaseConnection as _;

    #[derive(QueryableByName)]
    struct Plan {
        #[diesel(sql_type = Text, column_name = "EXPLAIN")]
        plan: String,
    }
    // A prepared EXPLAIN of MySQL has no columns that Diesel could read.
    let into = if connection.system_name()? == "mysql" { "INTO @diesel_session_plan " } else { "" };
    let explain = format!("EXPLAIN FORMAT=JSON {into}{select}");
    let explain =
        values(binds).into_iter().fold(diesel::sql_query(explain).into_boxed(), |explain, value| match value {
            Value::Null => explain.bind::<Nullable<Text>, _>(None::<String>),
            Value::Integer(number) => explain.bind::<BigInt, _>(number),
            Value::Real(number) => explain.bind::<Double, _>(number),
            Value::Text(text) => explain.bind::<Text, _>(text),
        });
    let plans: Vec<Plan> = if into.is_empty() {
        explain.load(connection)?
    } else {
        explain.execute(connection)?;
        diesel::sql_query("SELECT CAST(@diesel_session_plan AS CHAR) AS `EXPLAIN`").load(connection)?
    };
    Ok(plans.into_iter().map(|plan| plan.plan).collect::<Vec<_>>().join("\n"))
}

/// A parameter's value, as far as its debug output tells.
#[cfg(any(feature = "postgres", feature = "mysql"))]
#[cfg_attr(not(feature = "mysql"), allow(dead_code, reason = "PostgreSQL only needs their number"))]
#[derive(Debug, Clone, PartialEq)]
enum Value {
    Null,
    Integer(i64),
    Real(f64),
    /// The text of a string literal, or the debug output of anything else, such as a time.
    Text(String),
}

/// The values of parameters from their debug output, `[1, "step", None]`.
#[cfg(any(feature = "postgres", feature = "mysql"))]
fn values(binds: &str) -> Vec<Value> {
    let list = binds.strip_prefix('[').and_then(|list| list.strip_suffix(']')).unwrap_or(binds);
    let (mut values, mut value, mut depth, mut quoted) = (Vec::new(), String::new(), 0_usize, false);
    let mut chars = list.chars();
    while let Some(next) = chars.next() {
        match next {
            ',' if depth == 0 && !quoted => {
                values.push(read(value.trim()));
                value.clear();
                continue;
            }
            '\\' if quoted => {
                value.push(next);
                value.extend(chars.next());
                continue;
            }
            '"' => quoted = !quoted,
            '[' | '(' | '{' if !quoted => depth += 1,
            ']' | ')' | '}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        value.push(next);
    }
    if !value.trim().is_empty() {
        values.push(read(value.trim()));
    }
    values
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
fn read(value: &str) -> Value {
    if value == "None" {
        return Value::Null;
    }
    if let Some(inner) = value.strip_prefix("Some(").and_then(|inner| inner.strip_suffix(')')) {
        return read(inner);
    }
    if let Some(text) = value.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        return Value::Text(text.replace("\\\"", "\"").replace("\\\\", "\\"));
    }
    match (value, value.parse(), value.parse()) {
        ("true", ..) => Value::Integer(1),
        ("false", ..) => Value::Integer(0),
        (_, Ok(integer), _) => Value::Integer(integer),
        (_, _, Ok(real)) => Value::Real(real),
        _ => Value::Text(value.to_owned()),
    }
}

#[cfg(all(test, any(feature = "postgres", feature = "mysql")))]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_from_their_debug_output() {
        let text = |text: &str| Value::Text(text.to_owned());
        let expected = [Value::Integer(1), Value::Real(-2.5), text("a, [\"b\"] \\"), Value::Null, text("[1, 2]")];
        assert_eq!(values(r#"[1, -2.5, "a, [\"b\"] \\", None, [1, 2]]"#), expected);
        let expected = [Value::Integer(7), Value::Integer(1), text("2026-01-02T03:04:05")];
        assert_eq!(values("[Some(7), true, 2026-01-02T03:04:05]"), expected);
        assert_eq!(values("[]"), []);
    }
}
