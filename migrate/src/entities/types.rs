//! Which types a column has in Rust: Diesel's in `table!`, and the field's.

use diesel_session::connection::Engine;

use crate::schema::Column;

/// The types of a column without its NULL, and what they need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Types {
    /// Diesel's, as `table!` writes it.
    pub(crate) sql: String,
    /// The field's.
    pub(super) rust: String,
    /// Only the engine's own connection type has it.
    pub(super) native: bool,
    /// A feature of Diesel's, and the crate that it takes the type from.
    pub(super) needs: Option<(&'static str, &'static str)>,
}

impl Types {
    fn plain(sql: &str, rust: &str) -> Self {
        Self { sql: sql.to_owned(), rust: rust.to_owned(), native: false, needs: None }
    }

    fn native(sql: &str, rust: &str) -> Self {
        Self { native: true, ..Self::plain(sql, rust) }
    }

    fn from_crate(sql: &str, rust: &str, feature: &'static str, source: &'static str) -> Self {
        Self { needs: Some((feature, source)), ..Self::native(sql, rust) }
    }

    pub(super) fn text() -> Self {
        Self::plain("Text", "String")
    }

    /// Whether the Rust type has no order, so that no key can be of it.
    pub(super) fn is_unordered(&self) -> bool {
        let unordered = ["f32", "f64", "serde_json::Value", "diesel::pg::data_types::PgInterval"];
        unordered.contains(&self.rust.as_str()) || self.rust.starts_with("Vec<Option<")
    }

    /// Whether the Rust type has a `Default`.
    pub(super) fn has_default(&self) -> bool {
        let without = ["ipnetwork::IpNetwork", "diesel::pg::data_types::PgInterval", "diesel::pg::data_types::PgMoney"];
        !without.contains(&self.rust.as_str())
    }

    /// The types of a native enum.
    pub(super) fn of_enum(sql_type: &str, name: &str) -> Self {
        Self::plain(sql_type, name)
    }
}

/// The types of a column; `None` for a type that is not known.
pub(crate) fn types(engine: Engine, column: &Column) -> Option<Types> {
    let declared = column.sql_type.to_ascii_lowercase();
    match engine {
        Engine::Sqlite => sqlite(&declared),
        Engine::Postgres => postgres(&declared),
        Engine::Mysql => mysql(&declared),
    }
}

/// SQLite stores integers of 64 bits in any column for integers, so that none is read as less. The order is that of its
/// rules of affinity.
fn sqlite(declared: &str) -> Option<Types> {
    let base = declared.split('(').next().unwrap_or_default().trim();
    let has = |words: &[&str]| words.iter().any(|word| base.contains(word));
    Some(match base {
        "date" => Types::plain("Date", "chrono::NaiveDate"),
        "time" => Types::plain("Time", "chrono::NaiveTime"),
        "datetime" | "timestamp" => Types::plain("Timestamp", "Timestamp"),
        "" => Types::plain("Binary", "Vec<u8>"),
        _ if has(&["bool"]) || declared == "tinyint(1)" => Types::plain("Bool", "bool"),
        _ if has(&["int"]) => Types::plain("BigInt", "i64"),
        _ if has(&["char", "clob", "text"]) => Types::plain("Text", "String"),
        _ if has(&["blob", "binary"]) => Types::plain("Binary", "Vec<u8>"),
        _ if has(&["real", "float", "double", "dec", "numeric"]) => Types::plain("Double", "f64"),
        _ => return None,
    })
}

fn postgres(declared: &str) -> Option<Types> {
    if let Some(element) = declared.strip_suffix("[]") {
        // Elements can be NULL, whatever the column.
        let Types { sql, rust, needs, .. } = postgres(element)?;
        let (sql, rust) = (format!("Array<Nullable<{sql}>>"), format!("Vec<Option<{rust}>>"));
        return Some(Types { sql, rust, native: true, needs });
    }
    let (base, rest) = declared.split_once('(').unwrap_or((declared, ""));
    let zone = rest.ends_with("with time zone") && !rest.ends_with("without time zone");
    Some(match base.trim() {
        "smallint" => Types::plain("SmallInt", "i16"),
        "integer" => Types::plain("Integer", "i32"),
        "bigint" => Types::plain("BigInt", "i64"),
        "real" => Types::plain("Float", "f32"),
        "double precision" => Types::plain("Double", "f64"),
        "numeric" => Types::from_crate("Numeric", "bigdecimal::BigDecimal", "numeric", "bigdecimal"),
        "boolean" => Types::plain("Bool", "bool"),
        "text" | "character varying" | "character" | "bpchar" => Types::plain("Text", "String"),
        "bytea" => Types::plain("Binary", "Vec<u8>"),
        "date" => Types::plain("Date", "chrono::NaiveDate"),
        "time" | "time without time zone" if !zone => Types::plain("Time", "chrono::NaiveTime"),
        "timestamp with time zone" => Types::native("Timestamptz", "chrono::DateTime<chrono::Utc>"),
        "timestamp" if zone => Types::native("Timestamptz", "chrono::DateTime<chrono::Utc>"),
        "timestamp" | "timestamp without time zone" => Types::plain("Timestamp", "Timestamp"),
        "uuid" => Types::from_crate("Uuid", "uuid::Uuid", "uuid", "uuid"),
        "json" => Types::from_crate("Json", "serde_json::Value", "serde_json", "serde_json"),
        "jsonb" => Types::from_crate("Jsonb", "serde_json::Value", "serde_json", "serde_json"),
        "inet" => Types::from_crate("Inet", "ipnetwork::IpNetwork", "network-address", "ipnetwork"),
        "cidr" => Types::from_crate("Cidr", "ipnetwork::IpNetwork", "network-address", "ipnetwork"),
        "macaddr" => Types::native("MacAddr", "[u8; 6]"),
        "oid" => Types::native("Oid", "u32"),
        "interval" => Types::native("Interval", "diesel::pg::data_types::PgInterval"),
        "money" => Types::native("Money", "diesel::pg::data_types::PgMoney"),
        _ => return None,
    })
}

/// MySQL's own types, and MariaDB's, which shows a width: `int(11)`.
fn mysql(declared: &str) -> Option<Types> {
    let base = declared.split(['(', ' ']).next().unwrap_or_default();
    let unsigned = declared.contains(" unsigned");
    Some(match (base, unsigned) {
        ("tinyint", _) if declared.starts_with("tinyint(1)") => Types::plain("Bool", "bool"),
        ("tinyint", false) => Types::native("TinyInt", "i8"),
        ("smallint", false) => Types::plain("SmallInt", "i16"),
        ("mediumint" | "int", false) => Types::plain("Integer", "i32"),
        ("bigint", false) => Types::plain("BigInt", "i64"),
        ("tinyint", true) => Types::native("Unsigned<TinyInt>", "u8"),
        ("smallint", true) => Types::native("Unsigned<SmallInt>", "u16"),
        ("mediumint" | "int", true) => Types::native("Unsigned<Integer>", "u32"),
        ("bigint", true) => Types::native("Unsigned<BigInt>", "u64"),
        ("float", _) => Types::plain("Float", "f32"),
        ("double", _) => Types::plain("Double", "f64"),
        ("decimal", _) => Types::from_crate("Numeric", "bigdecimal::BigDecimal", "numeric", "bigdecimal"),
        ("varchar" | "char" | "text" | "tinytext" | "mediumtext" | "longtext", _) => Types::plain("Text", "String"),
        ("enum" | "set", _) => Types::plain("Text", "String"),
        ("blob" | "tinyblob" | "mediumblob" | "longblob" | "binary" | "varbinary", _) => {
            Types::plain("Binary", "Vec<u8>")
        }
        ("date", _) => Types::plain("Date", "chrono::NaiveDate"),
        ("time", _) => Types::plain("Time", "chrono::NaiveTime"),
        ("datetime" | "timestamp", _) => Types::plain("Timestamp", "Timestamp"),
        ("json", _) => Types::from_crate("Json", "serde_json::Value", "serde_json", "serde_json"),
        _ => return None,
    })
}

/// Whether the label of an enum can be a variant in Rust.
pub(crate) fn is_variant(label: &str) -> bool {
    syn::parse_str::<syn::Ident>(label).is_ok()
}

/// The labels of a MySQL ENUM.
pub(crate) fn labels(declared: &str) -> Option<Vec<String>> {
    let inner = declared.strip_prefix("enum(")?.strip_suffix(')')?;
    let mut labels = vec![String::new()];
    let mut is_inside = false;
    let mut characters = inner.chars().peekable();
    while let Some(character) = characters.next() {
        let Some(label) = labels.last_mut() else { break };
        match character {
            // Two quotes are one within.
            '\'' if is_inside && characters.peek() == Some(&'\'') => label.extend(characters.next()),
            '\'' => is_inside = !is_inside,
            ',' if !is_inside => labels.push(String::new()),
            other => label.push(other),
        }
    }
    Some(labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(engine: Engine, sql_type: &str) -> Option<(String, String)> {
        let column = Column { sql_type: sql_type.to_owned(), ..Column::default() };
        types(engine, &column).map(|types| (types.sql, types.rust))
    }

    #[test]
    fn a_type_is_known_in_each_of_its_spellings() {
        for (engine, sql_type, sql, rust) in [
            (Engine::Sqlite, "UNSIGNED BIG INT", "BigInt", "i64"),
            (Engine::Sqlite, "NVARCHAR(100)", "Text", "String"),
            (Engine::Sqlite, "tinyint(1)", "Bool", "bool"),
            (Engine::Sqlite, "DECIMAL(10,5)", "Double", "f64"),
            (Engine::Postgres, "character(3)", "Text", "String"),
            (Engine::Postgres, "time(3) without time zone", "Time", "chrono::NaiveTime"),
            (Engine::Postgres, "timestamp(6) without time zone", "Timestamp", "Timestamp"),
            (Engine::Postgres, "timestamp(3) with time zone", "Timestamptz", "chrono::DateTime<chrono::Utc>"),
            (Engine::Postgres, "cidr", "Cidr", "ipnetwork::IpNetwork"),
            (Engine::Postgres, "bigint[]", "Array<Nullable<BigInt>>", "Vec<Option<i64>>"),
            (Engine::Mysql, "bigint(20) unsigned", "Unsigned<BigInt>", "u64"),
            (Engine::Mysql, "int(11)", "Integer", "i32"),
            (Engine::Mysql, "json", "Json", "serde_json::Value"),
            (Engine::Mysql, "set('a','b')", "Text", "String"),
        ] {
            assert_eq!(of(engine, sql_type), Some((sql.to_owned(), rust.to_owned())), "{sql_type}");
        }
        for (engine, sql_type) in [
            (Engine::Sqlite, "ANY"),
            (Engine::Postgres, "point"),
            (Engine::Postgres, "time with time zone"),
            (Engine::Mysql, "geometry"),
        ] {
            assert_eq!(of(engine, sql_type), None, "{sql_type}");
        }
    }

    #[test]
    fn labels_are_told_apart_whatever_they_contain() {
        assert_eq!(labels("enum('a','it''s, b','(c)')").unwrap(), ["a", "it's, b", "(c)"]);
        assert_eq!(labels("varchar(9)"), None);
    }
}
