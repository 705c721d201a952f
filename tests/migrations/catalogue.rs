//! Everything that a database's catalogue says, in lines that can be compared.

use diesel::prelude::*;
use diesel::sql_types::Text;
use folio::connection::{AnyConnection, Backend, SessionConnection as _};
use folio::migrations;

const RECORD: &str = "__diesel_schema_migrations";

const SQLITE: &str = "SELECT type || ' ' || name || ' ' || coalesce(sql, '') AS line FROM sqlite_schema \
     WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY 1";

const POSTGRES: &str = "\
    SELECT concat_ws(' ', 'column', c.relname, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, \
        l.collname, a.attidentity::text, pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum)) AS line \
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_collation l ON l.oid = a.attcollation \
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum \
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'S', 'v') AND a.attnum > 0 \
    UNION ALL SELECT concat_ws(' ', 'constraint', conrelid::regclass, conname, pg_get_constraintdef(oid)) \
    FROM pg_constraint WHERE connamespace = current_schema()::regnamespace \
    UNION ALL SELECT concat_ws(' ', 'index', indexdef) FROM pg_indexes WHERE schemaname = current_schema() \
    UNION ALL SELECT concat_ws(' ', 'enum', t.typname, string_agg(e.enumlabel, ', ' ORDER BY e.enumsortorder)) \
    FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid GROUP BY t.typname \
    ORDER BY 1";

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

#[derive(QueryableByName)]
struct Made {
    #[diesel(sql_type = Text, column_name = "Create Table")]
    sql: String,
}

/// The catalogue, but for the record of migrations and for how many keys were given out.
pub fn catalogue(connection: &mut AnyConnection) -> Vec<String> {
    let lines: Vec<String> = match connection.backend() {
        Backend::Mysql => {
            let tables = migrations::status(connection).unwrap().tables;
            let made =
                |table| diesel::sql_query(format!("SHOW CREATE TABLE `{table}`")).get_result(connection).unwrap();
            tables.into_iter().map(made).map(|made: Made| without_next_key(&made.sql)).collect()
        }
        other => {
            let query = if other == Backend::Postgres { POSTGRES } else { SQLITE };
            diesel::sql_query(query).load(connection).unwrap().into_iter().map(|line: Line| line.line).collect()
        }
    };
    lines.into_iter().filter(|line| !line.contains(RECORD)).collect()
}

/// `… AUTO_INCREMENT=7 …` without it.
fn without_next_key(sql: &str) -> String {
    let Some((before, after)) = sql.split_once(" AUTO_INCREMENT=") else { return sql.to_owned() };
    before.to_owned() + after.trim_start_matches(|c: char| c.is_ascii_digit())
}
