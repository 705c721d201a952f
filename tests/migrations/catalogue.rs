//! The whole catalogue of a database, in comparable lines.

use diesel::prelude::*;
use diesel::sql_types::Text;
use folio::connection::{AnyConnection, Engine, SessionConnection as _};

/// The tables of Diesel's and of the runner's own.
const RECORDS: [&str; 2] = ["__diesel_schema_migrations", "__diesel_migrate"];

const SQLITE: &str = "SELECT type || ' ' || name || ' ' || coalesce(sql, '') AS line FROM sqlite_schema \
     WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY 1";

const POSTGRES: &str = "\
    SELECT concat_ws(' ', 'column', c.relname, \
        (SELECT count(*) FROM pg_attribute b WHERE b.attrelid = c.oid AND b.attnum BETWEEN 1 AND a.attnum \
            AND NOT b.attisdropped), a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, \
        l.collname, a.attidentity::text, pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum)) AS line \
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_collation l ON l.oid = a.attcollation \
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum \
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'S', 'v') AND a.attnum > 0 \
        AND NOT a.attisdropped \
    UNION ALL SELECT concat_ws(' ', 'constraint', conrelid::regclass, conname, pg_get_constraintdef(oid)) \
    FROM pg_constraint WHERE connamespace = current_schema()::regnamespace \
    UNION ALL SELECT concat_ws(' ', 'index', indexdef) FROM pg_indexes WHERE schemaname = current_schema() \
    UNION ALL SELECT concat_ws(' ', 'enum', t.typname, string_agg(e.enumlabel, ', ' ORDER BY e.enumsortorder)) \
    FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid GROUP BY t.typname \
    ORDER BY 1";

/// Not SHOW CREATE TABLE: MySQL does not describe its result columns when the statement is prepared.
const MYSQL: &str = "\
    SELECT concat_ws(' ', 'table', table_name, engine, table_collation, table_comment) AS line \
    FROM information_schema.tables WHERE table_schema = DATABASE() \
    UNION ALL SELECT concat_ws(' ', 'column', table_name, ordinal_position, column_name, column_type, collation_name, \
        is_nullable, column_default, extra, column_comment) \
    FROM information_schema.columns WHERE table_schema = DATABASE() \
    UNION ALL SELECT concat_ws(' ', 'index', table_name, index_name, seq_in_index, column_name, non_unique) \
    FROM information_schema.statistics WHERE table_schema = DATABASE() \
    UNION ALL SELECT concat_ws(' ', 'check', constraint_name, check_clause) \
    FROM information_schema.check_constraints WHERE constraint_schema = DATABASE() \
    UNION ALL SELECT concat_ws(' ', 'foreign key', k.table_name, k.constraint_name, k.column_name, \
        k.referenced_table_name, k.referenced_column_name, r.update_rule, r.delete_rule) \
    FROM information_schema.key_column_usage k JOIN information_schema.referential_constraints r \
        ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name \
        AND r.table_name = k.table_name \
    WHERE k.table_schema = DATABASE() \
    ORDER BY 1";

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// The catalogue, without the runner's tables and the counters of generated keys.
pub fn catalogue(connection: &mut AnyConnection) -> Vec<String> {
    let query = match connection.engine() {
        Engine::Sqlite => SQLITE,
        Engine::Postgres => POSTGRES,
        _ => MYSQL,
    };
    let lines: Vec<Line> = diesel::sql_query(query).load(connection).unwrap();
    lines.into_iter().map(|line| line.line).filter(|line| !RECORDS.iter().any(|table| line.contains(table))).collect()
}
