//! The type of an entity's column as an engine's SQL, and whether a column that exists can hold its values.

use diesel_session::connection::Engine;
use diesel_session::session::ColumnInfo;

use crate::entities::types::{is_variant, labels, types};
use crate::quoting::literal;
use crate::schema::{Column, EnumType, Schema};

/// A length of texts of which MySQL can index three together, in characters of up to four bytes.
const INDEXED: usize = 255;

/// The longest VARCHAR of MySQL's that leaves room for other columns in a row.
const IN_ROW: usize = 4096;

/// The type of a column, as Diesel names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DieselType {
    /// The name without its path and its NULL: `BigInt`, `Array<Text>`.
    pub(super) name: String,
    pub(super) nullable: bool,
    /// The labels of an enum.
    pub(super) labels: Vec<String>,
    pub(super) max_chars: Option<usize>,
}

impl DieselType {
    /// That of an entity's column.
    pub(super) fn of(column: &ColumnInfo) -> Self {
        let path = without_modules((column.sql_type)());
        let inner = path.strip_prefix("Nullable<").and_then(|rest| rest.strip_suffix('>'));
        let labels = column.limits.labels.iter().map(|label| (*label).to_owned()).collect();
        Self {
            name: without_null_elements(inner.unwrap_or(&path)),
            nullable: inner.is_some(),
            labels,
            max_chars: column.limits.max_chars,
        }
    }

    /// That of a column of a database; `None` if it is not known.
    pub(super) fn of_column(engine: Engine, schema: &Schema, column: &Column) -> Option<Self> {
        let enum_labels = match engine {
            Engine::Postgres => enum_of(schema, &column.sql_type).map(|found| found.labels.clone()),
            Engine::Mysql => labels(&column.sql_type),
            Engine::Sqlite => None,
        };
        let (name, labels) = match enum_labels {
            // The marker's name, from which the type's is made again.
            Some(labels) => (pascal(column.sql_type.split('(').next().unwrap_or_default()), labels),
            None => (without_null_elements(&types(engine, column)?.sql), Vec::new()),
        };
        Some(Self { name, nullable: column.nullable, labels, max_chars: length(&column.sql_type) })
    }

    /// Whether a field can have it: an enum of PostgreSQL's cannot, if a label is not an identifier.
    pub(super) fn can_be_field(&self, engine: Engine) -> bool {
        engine != Engine::Postgres || self.labels.iter().all(|label| is_variant(label))
    }

    /// Whether it is an enum with an SQL type of its own.
    pub(super) fn is_native_enum(&self) -> bool {
        !self.labels.is_empty() && self.name != "Text"
    }

    pub(super) fn is_integer(&self) -> bool {
        ["SmallInt", "Integer", "BigInt"].contains(&&*self.name)
    }

    pub(super) fn is_time(&self) -> bool {
        ["Timestamp", "Datetime", "Timestamptz", "TimestamptzSqlite"].contains(&&*self.name)
    }

    /// The name of its enum type on PostgreSQL: that of the marker, as names are written there.
    pub(super) fn enum_name(&self) -> String {
        let mut name = String::new();
        for (at, character) in self.name.char_indices() {
            if character.is_uppercase() && at > 0 {
                name.push('_');
            }
            name.extend(character.to_lowercase());
        }
        name
    }

    /// The type as SQL, of a column that is `keyed`, in a key or an index, or is not; `None` if it is not known.
    pub(super) fn sql(&self, engine: Engine, keyed: bool) -> Option<String> {
        let name = &*self.name;
        if self.is_native_enum() {
            return Some(match engine {
                Engine::Sqlite => "TEXT".to_owned(),
                Engine::Postgres => self.enum_name(),
                Engine::Mysql => format!("ENUM ({})", list(engine, &self.labels)),
            });
        }
        if let Some(element) = name.strip_prefix("Array<").and_then(|rest| rest.strip_suffix('>')) {
            let element = Self { name: element.to_owned(), max_chars: None, ..self.clone() };
            return (engine == Engine::Postgres).then(|| element.sql(engine, false).map(|sql| sql + "[]"))?;
        }
        match engine {
            Engine::Sqlite => sqlite(name).map(str::to_owned),
            Engine::Postgres => match (name, self.max_chars) {
                ("Text", Some(chars)) => Some(format!("VARCHAR({chars})")),
                _ => postgres(name).map(str::to_owned),
            },
            Engine::Mysql => match (name, self.max_chars) {
                ("Text", Some(chars)) if chars <= IN_ROW => Some(format!("VARCHAR({chars})")),
                ("Text", _) if keyed => Some(format!("VARCHAR({INDEXED})")),
                ("Binary", _) if keyed => Some(format!("VARBINARY({INDEXED})")),
                _ => mysql(name),
            },
        }
    }

    /// Whether a column of a database can hold its values as they are.
    pub(super) fn fits(&self, engine: Engine, schema: &Schema, column: &Column) -> bool {
        let shorter = |limit: usize| length(&column.sql_type).is_some_and(|length| length < limit);
        if engine != Engine::Sqlite && self.name == "Text" && self.max_chars.is_some_and(shorter) {
            return false;
        }
        let has_enum = match engine {
            Engine::Postgres => enum_of(schema, &column.sql_type).is_some(),
            Engine::Mysql => labels(&column.sql_type).is_some(),
            Engine::Sqlite => false,
        };
        match engine {
            Engine::Postgres if has_enum || self.is_native_enum() => return has_enum && self.is_native_enum(),
            Engine::Mysql if has_enum => return self.is_native_enum() || self.name == "Text",
            _ => {}
        }
        let Some(found) = types(engine, column) else { return true };
        let found = without_null_elements(&found.sql);
        let own = if self.is_native_enum() { "Text" } else { &*self.name };
        let known = Self { labels: Vec::new(), ..self.clone() }.sql(engine, false).is_some();
        if !known && !self.is_native_enum() {
            return true;
        }
        match engine {
            Engine::Sqlite => affinity(own) == affinity(&found),
            Engine::Postgres => own == found,
            Engine::Mysql => {
                own == found || mysql(own).is_some_and(|sql| mysql(&found) == Some(sql)) || json(own, &found)
            }
        }
    }

    /// A value for the rows that exist, as SQL: zero, the empty text, the first label; `None` where none suggests
    /// itself.
    pub(super) fn filler(&self, engine: Engine) -> Option<String> {
        if let Some(label) = self.labels.first() {
            return Some(literal(engine, label));
        }
        let long = engine == Engine::Mysql && self.sql(engine, false).is_some_and(|sql| !sql.starts_with("VARCHAR"));
        // MySQL takes a default of these as an expression only.
        let expression = |text: &str| if long { format!("({text})") } else { text.to_owned() };
        Some(match &*self.name {
            "TinyInt" | "SmallInt" | "Integer" | "BigInt" | "Float" | "Double" | "Numeric" => "0".to_owned(),
            unsigned if unsigned.starts_with("Unsigned<") => "0".to_owned(),
            "Bool" => if engine == Engine::Sqlite { "0" } else { "FALSE" }.to_owned(),
            "Text" => expression("''"),
            "Binary" if engine == Engine::Postgres => "'\\x'".to_owned(),
            "Binary" => expression("x''"),
            "Date" => "'1970-01-01'".to_owned(),
            "Time" => "'00:00:00'".to_owned(),
            "Timestamp" | "Datetime" | "TimestamptzSqlite" => "'1970-01-01 00:00:00'".to_owned(),
            "Timestamptz" => "'1970-01-01 00:00:00+00'".to_owned(),
            "Json" | "Jsonb" if engine != Engine::Sqlite => expression("'{}'"),
            array if array.starts_with("Array<") => "'{}'".to_owned(),
            _ => return None,
        })
    }
}

/// The current time in UTC as a default.
pub(super) fn now(engine: Engine, name: &str) -> &'static str {
    match engine {
        Engine::Sqlite => "(strftime('%Y-%m-%d %H:%M:%f', 'now'))",
        Engine::Postgres if name == "Timestamptz" => "now()",
        Engine::Postgres => "(now() AT TIME ZONE 'UTC')",
        Engine::Mysql => "(UTC_TIMESTAMP(6))",
    }
}

/// PostgreSQL's enum type of that name, which may be quoted.
pub(super) fn enum_of<'s>(schema: &'s Schema, sql_type: &str) -> Option<&'s EnumType> {
    schema.enum_type(sql_type).or_else(|| schema.enum_type(&sql_type.trim_matches('"').replace("\"\"", "\"")))
}

/// Texts as literals, with commas between them.
pub(super) fn list(engine: Engine, texts: &[String]) -> String {
    texts.iter().map(|text| literal(engine, text)).collect::<Vec<_>>().join(", ")
}

fn sqlite(name: &str) -> Option<&'static str> {
    Some(match name {
        "SmallInt" => "SMALLINT",
        "Integer" => "INTEGER",
        "BigInt" => "BIGINT",
        "Bool" => "BOOLEAN",
        "Float" => "FLOAT",
        "Double" => "DOUBLE",
        "Numeric" => "NUMERIC",
        "Text" => "TEXT",
        "Binary" => "BLOB",
        "Date" => "DATE",
        "Time" => "TIME",
        "Timestamp" | "TimestamptzSqlite" => "TIMESTAMP",
        "Json" => "JSON",
        "Jsonb" => "JSONB",
        _ => return None,
    })
}

/// What SQLite stores the values as: it keeps numbers of all sizes in one column, and texts and times alike.
fn affinity(name: &str) -> u8 {
    match name {
        "SmallInt" | "Integer" | "BigInt" | "Bool" => 0,
        "Float" | "Double" | "Numeric" => 1,
        "Binary" | "Jsonb" => 2,
        _ => 3,
    }
}

fn postgres(name: &str) -> Option<&'static str> {
    Some(match name {
        "SmallInt" => "SMALLINT",
        "Integer" => "INTEGER",
        "BigInt" => "BIGINT",
        "Bool" => "BOOLEAN",
        "Float" => "REAL",
        "Double" => "DOUBLE PRECISION",
        "Numeric" => "NUMERIC",
        "Text" => "TEXT",
        "Binary" => "BYTEA",
        "Date" => "DATE",
        "Time" => "TIME",
        "Timestamp" => "TIMESTAMP",
        "Timestamptz" => "TIMESTAMPTZ",
        "Uuid" => "UUID",
        "Json" => "JSON",
        "Jsonb" => "JSONB",
        "Inet" => "INET",
        "Cidr" => "CIDR",
        "MacAddr" => "MACADDR",
        "Oid" => "OID",
        "Interval" => "INTERVAL",
        "Money" => "MONEY",
        _ => return None,
    })
}

fn mysql(name: &str) -> Option<String> {
    if let Some(signed) = name.strip_prefix("Unsigned<").and_then(|rest| rest.strip_suffix('>')) {
        return mysql(signed).map(|sql| sql + " UNSIGNED");
    }
    let sql = match name {
        "TinyInt" => "TINYINT",
        "SmallInt" => "SMALLINT",
        "Integer" => "INT",
        "BigInt" => "BIGINT",
        "Bool" => "BOOLEAN",
        "Float" => "FLOAT",
        "Double" => "DOUBLE",
        "Numeric" => "DECIMAL(38, 10)",
        "Text" => "LONGTEXT",
        "Binary" => "LONGBLOB",
        "Date" => "DATE",
        "Time" => "TIME(6)",
        "Timestamp" | "Datetime" => "DATETIME(6)",
        "Json" => "JSON",
        _ => return None,
    };
    Some(sql.to_owned())
}

/// MariaDB's JSON is a text.
fn json(own: &str, found: &str) -> bool {
    own == "Json" && found == "Text"
}

/// The length of a VARCHAR.
fn length(sql_type: &str) -> Option<usize> {
    let declared = sql_type.to_ascii_lowercase();
    let rest = declared.strip_prefix("character varying(").or_else(|| declared.strip_prefix("varchar("))?;
    rest.split(')').next()?.parse().ok()
}

/// `a::b::Nullable<c::BigInt>` as `Nullable<BigInt>`.
fn without_modules(path: &str) -> String {
    let pieces = path.split_inclusive(['<', '>', ',']);
    pieces.map(|piece| piece.rsplit("::").next().unwrap_or(piece).trim_start()).collect()
}

/// The elements of an array can be NULL, whether or not that is written.
fn without_null_elements(name: &str) -> String {
    let inner = name.strip_prefix("Array<Nullable<").and_then(|rest| rest.strip_suffix(">>"));
    inner.map_or_else(|| name.to_owned(), |element| format!("Array<{element}>"))
}

/// `repository_status` as `RepositoryStatus`.
fn pascal(name: &str) -> String {
    let words = name.trim_matches('"').split('_').filter(|word| !word.is_empty());
    let word = |word: &str| {
        let (first, rest) = word.split_at(word.chars().next().map_or(0, char::len_utf8));
        first.to_uppercase() + rest
    };
    words.map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diesel(name: &str, max_chars: Option<usize>) -> DieselType {
        DieselType { name: name.to_owned(), nullable: false, labels: Vec::new(), max_chars }
    }

    #[test]
    fn a_type_is_named_without_its_modules_and_its_null() {
        let path = "diesel::sql_types::Nullable<diesel::sql_types::Array<diesel::sql_types::Nullable<app::Level>>>";
        assert_eq!(without_modules(path), "Nullable<Array<Nullable<Level>>>");
        assert_eq!(without_null_elements("Array<Nullable<Level>>"), "Array<Level>");
        assert_eq!(diesel("RepositoryStatus", None).enum_name(), "repository_status");
        assert_eq!(pascal("repository_status"), "RepositoryStatus");
    }

    #[test]
    fn every_type_that_can_be_drafted_is_read_back_as_the_same() {
        for (engine, names) in [
            (Engine::Sqlite, &["SmallInt", "BigInt", "Bool", "Double", "Text", "Binary", "Date", "Timestamp"][..]),
            (Engine::Postgres, &["SmallInt", "Integer", "Bool", "Float", "Numeric", "Binary", "Time", "Uuid", "Jsonb"]),
            (Engine::Mysql, &["TinyInt", "Integer", "Unsigned<BigInt>", "Double", "Text", "Datetime", "Json", "Bool"]),
        ] {
            for name in names {
                let own = diesel(name, None);
                let sql_type = own.sql(engine, false).unwrap().to_lowercase();
                let catalogue = match &*sql_type {
                    "time" if engine == Engine::Postgres => "time without time zone".to_owned(),
                    "boolean" if engine == Engine::Mysql => "tinyint(1)".to_owned(),
                    _ => sql_type,
                };
                let column = Column { sql_type: catalogue, ..Column::default() };
                assert!(own.fits(engine, &Schema::default(), &column), "{engine} {name} {}", column.sql_type);
            }
        }
    }

    #[test]
    fn a_column_that_is_too_short_or_of_another_kind_does_not_fit() {
        let fits = |engine, own: &DieselType, sql_type: &str| {
            own.fits(engine, &Schema::default(), &Column { sql_type: sql_type.to_owned(), ..Column::default() })
        };
        let short = diesel("Text", Some(20));
        assert!(!fits(Engine::Postgres, &short, "character varying(10)"));
        assert!(fits(Engine::Postgres, &short, "character varying(20)") && fits(Engine::Postgres, &short, "text"));
        assert!(!fits(Engine::Postgres, &diesel("BigInt", None), "integer"));
        assert!(fits(Engine::Sqlite, &diesel("BigInt", None), "INTEGER"));
        assert!(!fits(Engine::Sqlite, &diesel("BigInt", None), "TEXT"));
        assert!(fits(Engine::Mysql, &diesel("Timestamp", None), "datetime(6)"));
        assert!(!fits(Engine::Mysql, &diesel("Integer", None), "bigint"));
        assert!(fits(Engine::Postgres, &diesel("Tsvector", None), "text"), "what is not known is left alone");
    }
}
