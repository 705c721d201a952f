//! An engine's catalogue of a table, in terms that are the same for every engine.

use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use folio::connection::{AnyConnection, Engine, SessionConnection as _};

/// A column: its name, its type in Diesel's terms, and whether it is nullable.
#[derive(Debug, PartialEq)]
pub struct Described {
    pub name: String,
    pub kind: &'static str,
    pub nullable: bool,
}

#[derive(QueryableByName)]
struct ColumnRow {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    declared: String,
    #[diesel(sql_type = Bool)]
    nullable: bool,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// Picks the query for the connection's engine.
fn of<'s>(connection: &AnyConnection, sqlite: &'s str, postgres: &'s str, mysql: &'s str) -> &'s str {
    match connection.engine() {
        Engine::Postgres => postgres,
        Engine::Mysql => mysql,
        _ => sqlite,
    }
}

fn lines(connection: &mut AnyConnection, sql: &str) -> Vec<String> {
    let mut lines: Vec<String> =
        diesel::sql_query(sql).load(connection).unwrap().into_iter().map(|line: Line| line.line).collect();
    lines.sort();
    lines
}

/// The columns of a table, in their order.
pub fn columns(connection: &mut AnyConnection, table: &str) -> Vec<Described> {
    let sql = of(
        connection,
        // SQLite generates keys only for a column that is declared so, and they are 64 bits wide.
        "SELECT name, CASE WHEN pk AND type = 'INTEGER' THEN 'BIGINT' ELSE type END AS declared, \
         NOT \"notnull\" AS nullable FROM pragma_table_info('{}') ORDER BY cid",
        "SELECT a.attname::text AS name, format_type(a.atttypid, a.atttypmod) || coalesce(' ' || l.collname, '') \
         AS declared, NOT a.attnotnull AS nullable FROM pg_attribute a LEFT JOIN pg_collation l ON l.oid = a.attcollation \
         WHERE a.attrelid = '{}'::regclass AND a.attnum > 0 ORDER BY a.attnum",
        "SELECT column_name AS name, CONCAT_WS(' ', column_type, collation_name) AS declared, \
         CAST(is_nullable = 'YES' AS SIGNED) AS nullable FROM information_schema.columns \
         WHERE table_schema = DATABASE() AND table_name = '{}' AND extra NOT LIKE '%STORED GENERATED%' \
         ORDER BY ordinal_position",
    );
    let rows: Vec<ColumnRow> = diesel::sql_query(sql.replace("{}", table)).load(connection).unwrap();
    let described = |ColumnRow { name, declared, nullable }: ColumnRow| {
        let kind = kind(&declared, &name).unwrap_or_else(|| panic!("{table}.{name} is declared {declared}"));
        Described { name, kind, nullable }
    };
    rows.into_iter().map(described).collect()
}

/// The expected Diesel type of a column; `None` for a type outside the design.
fn kind(declared: &str, name: &str) -> Option<&'static str> {
    Some(match declared {
        // SQLite's enum is a TEXT with a CHECK.
        "TEXT" if name == "status" => "RepositoryStatus",
        "BIGINT" | "bigint" | "bigint(20)" => "BigInt",
        "TEXT" | "text C" => "Text",
        "BOOLEAN" | "boolean" | "tinyint(1)" => "Bool",
        _ if is_byte_wise(declared) => "Text",
        "TIMESTAMP" | "timestamp(6) without time zone" | "datetime(6)" => "Timestamp",
        "repository_status" => "RepositoryStatus",
        _ if declared.starts_with("enum('Public','Private')") => "RepositoryStatus",
        _ => return None,
    })
}

/// Whether it is one of MySQL's and MariaDB's texts that compare byte by byte.
fn is_byte_wise(declared: &str) -> bool {
    declared.split_once(' ').is_some_and(|(kind, collation)| {
        (kind.starts_with("varchar(") || kind == "longtext")
            && ["utf8mb4_nopad_bin", "utf8mb4_0900_bin"].contains(&collation)
    })
}

/// Every foreign key, as `child.column -> parent.column, update …, delete …`.
pub fn foreign_keys(connection: &mut AnyConnection) -> Vec<String> {
    let sql = of(
        connection,
        "SELECT t.name || '.' || k.\"from\" || ' -> ' || k.\"table\" || '.' || k.\"to\" || ', update ' || k.on_update || \
         ', delete ' || k.on_delete AS line FROM sqlite_schema t, pragma_foreign_key_list(t.name) k WHERE t.type = 'table'",
        "SELECT concat(k.conrelid::regclass, '.', c.attname, ' -> ', k.confrelid::regclass, '.', p.attname, ', update ', \
         CASE k.confupdtype WHEN 'a' THEN 'NO ACTION' WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' END, ', delete ', \
         CASE k.confdeltype WHEN 'a' THEN 'NO ACTION' WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' END) AS line \
         FROM pg_constraint k JOIN pg_attribute c ON c.attrelid = k.conrelid AND c.attnum = k.conkey[1] \
         JOIN pg_attribute p ON p.attrelid = k.confrelid AND p.attnum = k.confkey[1] \
         WHERE k.contype = 'f' AND k.connamespace = current_schema()::regnamespace",
        // MySQL checks nothing at COMMIT, so NO ACTION is the same as RESTRICT.
        "SELECT REPLACE(CONCAT(k.table_name, '.', k.column_name, ' -> ', k.referenced_table_name, '.', \
         k.referenced_column_name, ', update ', r.update_rule, ', delete ', r.delete_rule), 'RESTRICT', 'NO ACTION') AS line \
         FROM information_schema.key_column_usage k JOIN information_schema.referential_constraints r \
         ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name \
         WHERE k.constraint_schema = DATABASE() AND k.referenced_table_name IS NOT NULL",
    );
    lines(connection, sql)
}

/// The first column of every index except partial ones, as `table.column`.
pub fn indexed_first(connection: &mut AnyConnection) -> Vec<String> {
    let sql = of(
        connection,
        "SELECT t.name || '.' || i.name AS line FROM sqlite_schema t, pragma_index_list(t.name) l, pragma_index_info(l.name) i \
         WHERE t.type = 'table' AND i.seqno = 0 AND NOT l.partial",
        "SELECT concat(i.indrelid::regclass, '.', a.attname) AS line FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
         JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] \
         WHERE i.indpred IS NULL AND c.relnamespace = current_schema()::regnamespace",
        "SELECT CONCAT(table_name, '.', column_name) AS line FROM information_schema.statistics \
         WHERE table_schema = DATABASE() AND seq_in_index = 1",
    );
    lines(connection, sql)
}

/// Every unique constraint that is not a primary key, as `table: column, …`.
pub fn unique_keys(connection: &mut AnyConnection) -> Vec<String> {
    let sql = of(
        connection,
        "SELECT t.name || ': ' || (SELECT group_concat(name, ', ') FROM pragma_index_info(l.name)) AS line \
         FROM sqlite_schema t, pragma_index_list(t.name) l WHERE t.type = 'table' AND l.\"unique\" AND l.origin <> 'pk'",
        "SELECT concat(i.indrelid::regclass, ': ', (SELECT string_agg(a.attname, ', ' ORDER BY k.place) \
         FROM unnest(i.indkey::smallint[]) WITH ORDINALITY k (number, place) \
         JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number)) AS line \
         FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
         WHERE i.indisunique AND NOT i.indisprimary AND c.relnamespace = current_schema()::regnamespace",
        "SELECT CONCAT(table_name, ': ', GROUP_CONCAT(column_name ORDER BY seq_in_index SEPARATOR ', ')) AS line \
         FROM information_schema.statistics WHERE table_schema = DATABASE() AND non_unique = 0 \
         AND index_name <> 'PRIMARY' GROUP BY table_name, index_name",
    );
    lines(connection, sql)
}
