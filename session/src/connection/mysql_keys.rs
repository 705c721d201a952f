//! Finds out from MySQL's and MariaDB's catalogues where the keys of a table come from.

use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::{MysqlConnection, OptionalExtension as _, QueryResult, RunQueryDsl as _, sql_query};

use super::keys::{KeySource, Replaced};

#[derive(diesel::QueryableByName)]
struct Column {
    #[diesel(sql_type = Text, column_name = "Extra")]
    extra: String,
    #[diesel(sql_type = Nullable<Text>, column_name = "Default")]
    default: Option<String>,
}

#[derive(diesel::QueryableByName)]
struct TableContext {
    #[diesel(sql_type = BigInt)]
    step: i64,
    /// The number of views of that name.
    #[diesel(sql_type = BigInt)]
    views: i64,
    /// The number of grants by which this user sees the table's triggers.
    #[diesel(sql_type = BigInt)]
    grants: i64,
}

#[derive(diesel::QueryableByName)]
struct Statement {
    #[diesel(sql_type = Text)]
    statement: String,
}

/// The source of the key in `column` of `table`, whose name is written as in SQL.
pub(super) fn key_source(connection: &mut MysqlConnection, table: &str, column: &str) -> QueryResult<KeySource> {
    // This finds temporary tables too, which information_schema does not list.
    let found: Option<Column> = sql_query(format!("SHOW COLUMNS FROM {table} WHERE Field = ?"))
        .bind::<Text, _>(column)
        .get_result(connection)
        .optional()?;
    let Some(found) = found else { return Ok(KeySource::Unknown) };
    let (schema, name) = schema_and_name(table);
    let counted = found.extra.contains("auto_increment");
    let TableContext { step, views, grants } = table_context(connection, schema.as_deref(), &name)?;
    if !counted && views == 0 {
        let stored = default(connection, schema.as_deref(), &name, column)?;
        let default = stored.or_else(|| as_sql(found.default?, &found.extra));
        return Ok(match default {
            Some(default) if needs_no_row(connection, &default) => KeySource::Default(default),
            _ => KeySource::Unknown,
        });
    }
    let replaced = if views > 0 || grants == 0 {
        Replaced::Hidden
    } else if triggers(connection, schema.as_deref(), &name)?.iter().any(|body| names_key(body, column)) {
        Replaced::Perhaps
    } else {
        Replaced::No
    };
    Ok(KeySource::Counter { step, replaced })
}

fn table_context(connection: &mut MysqlConnection, schema: Option<&str>, table: &str) -> QueryResult<TableContext> {
    let grants = ["USER", "SCHEMA", "TABLE"].map(|level| {
        let of = match level {
            "USER" => "",
            "SCHEMA" => " AND COALESCE(?, DATABASE()) LIKE TABLE_SCHEMA",
            _ => " AND TABLE_SCHEMA = COALESCE(?, DATABASE()) AND TABLE_NAME = ?",
        };
        format!(
            "(SELECT COUNT(*) FROM information_schema.{level}_PRIVILEGES WHERE PRIVILEGE_TYPE = 'TRIGGER' AND \
             GRANTEE = CONCAT('''', SUBSTRING_INDEX(CURRENT_USER(), '@', 1), '''@''', \
             SUBSTRING_INDEX(CURRENT_USER(), '@', -1), ''''){of})"
        )
    });
    sql_query(format!(
        "SELECT CAST(@@auto_increment_increment AS SIGNED) AS step, (SELECT COUNT(*) FROM information_schema.TABLES WHERE \
         TABLE_SCHEMA = COALESCE(?, DATABASE()) AND TABLE_NAME = ? AND TABLE_TYPE LIKE '%VIEW') AS views, {} AS grants",
        grants.join(" + ")
    ))
    .bind::<Nullable<Text>, _>(schema)
    .bind::<Text, _>(table)
    .bind::<Nullable<Text>, _>(schema)
    .bind::<Nullable<Text>, _>(schema)
    .bind::<Text, _>(table)
    .get_result(connection)
}

/// The bodies of the triggers that run before a row is inserted.
fn triggers(connection: &mut MysqlConnection, schema: Option<&str>, table: &str) -> QueryResult<Vec<String>> {
    let found: Vec<Statement> = sql_query(
        "SELECT ACTION_STATEMENT AS statement FROM information_schema.TRIGGERS WHERE EVENT_OBJECT_SCHEMA = \
         COALESCE(?, DATABASE()) AND EVENT_OBJECT_TABLE = ? AND EVENT_MANIPULATION = 'INSERT' AND ACTION_TIMING = 'BEFORE'",
    )
    .bind::<Nullable<Text>, _>(schema)
    .bind::<Text, _>(table)
    .load(connection)?;
    Ok(found.into_iter().map(|found| found.statement).collect())
}

/// The default of a column as SQL; temporary tables are not found.
fn default(
    connection: &mut MysqlConnection,
    schema: Option<&str>,
    table: &str,
    column: &str,
) -> QueryResult<Option<String>> {
    #[derive(diesel::QueryableByName)]
    struct Default {
        #[diesel(sql_type = Nullable<Text>)]
        expression: Option<String>,
        #[diesel(sql_type = Text)]
        extra: String,
    }
    let found: Option<Default> = sql_query(
        "SELECT COLUMN_DEFAULT AS expression, EXTRA AS extra FROM information_schema.COLUMNS \
         WHERE TABLE_SCHEMA = COALESCE(?, DATABASE()) AND TABLE_NAME = ? AND COLUMN_NAME = ?",
    )
    .bind::<Nullable<Text>, _>(schema)
    .bind::<Text, _>(table)
    .bind::<Text, _>(column)
    .get_result(connection)
    .optional()?;
    Ok(found.and_then(|Default { expression, extra }| as_sql(expression?, &extra)))
}

/// A default as SQL, if it is an expression: a constant cannot be the key of several rows. MySQL shows it with its
/// quotes escaped.
fn as_sql(default: String, extra: &str) -> Option<String> {
    if extra.contains("DEFAULT_GENERATED") {
        return Some(default.replace("\\'", "'"));
    }
    default.contains('(').then_some(default)
}

/// Whether an expression can be evaluated without a row, because it refers to no other column. This evaluates nothing.
fn needs_no_row(connection: &mut MysqlConnection, expression: &str) -> bool {
    #[derive(diesel::QueryableByName)]
    struct Nothing {
        #[diesel(sql_type = Nullable<Text>, column_name = "asked")]
        _asked: Option<String>,
    }
    let question = format!("SELECT ({expression}) AS asked FROM (SELECT 1) AS one LIMIT 0");
    sql_query(question).load::<Nothing>(connection).is_ok()
}

/// Whether a trigger mentions the key of the new row, as it must in order to set it.
fn names_key(body: &str, column: &str) -> bool {
    let bare = |text: &str| text.to_lowercase().replace(|c: char| c == '`' || c.is_whitespace(), "");
    bare(body).contains(&format!("new.{}", bare(column)))
}

/// The parts of a name as written in SQL: `` `schema`.`table` ``.
fn schema_and_name(table: &str) -> (Option<String>, String) {
    let bare = |part: &str| part.trim_matches('`').replace("``", "`");
    match table.split_once("`.`") {
        Some((schema, name)) => (Some(bare(schema)), bare(name)),
        None => (None, bare(table)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trigger_that_may_set_the_key_names_it() {
        assert!(names_key("SET NEW.id = 7", "id"));
        assert!(names_key("BEGIN\n SET new .\t`Id` = UUID_SHORT(); END", "id"));
        assert!(!names_key("SET NEW.word = UPPER(NEW.word)", "id"));
    }

    #[test]
    fn the_parts_of_a_table_name_lose_their_quotes() {
        assert_eq!(schema_and_name("`papers`"), (None, "papers".to_owned()));
        assert_eq!(schema_and_name("`a``b`.`papers`"), (Some("a`b".to_owned()), "papers".to_owned()));
    }

    #[test]
    fn a_default_of_the_catalogue_becomes_sql() {
        let sql = |default: &str, extra| as_sql(default.to_owned(), extra);
        assert_eq!(sql("uuid()", "DEFAULT_GENERATED").as_deref(), Some("uuid()"));
        let escaped = "concat(_utf8mb4\\'a\\',uuid())";
        assert_eq!(sql(escaped, "DEFAULT_GENERATED").as_deref(), Some("concat(_utf8mb4'a',uuid())"));
        assert_eq!(sql("nextval(`app`.`numbers`)", "").as_deref(), Some("nextval(`app`.`numbers`)"));
        assert_eq!(sql("0", ""), None);
    }
}
