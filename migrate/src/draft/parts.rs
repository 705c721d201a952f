//! The parts of a table that an entity calls for: columns, keys, unique sets, foreign keys, indexes, checks.

use diesel_session::connection::Engine;
use diesel_session::session::{Table as Entity, UniqueSet};

use super::types::{DieselType, enum_of, list, now};
use crate::quoting::quoted;
use crate::schema::{Check, Column, ForeignKey, Generated, Index, IndexPart, Key, Schema, Table};

/// The longest name of PostgreSQL's, and the shortest limit of the three engines.
const LONGEST_NAME: usize = 63;

/// What a new column needs from the person who reads the draft.
pub(super) enum Need {
    Nothing,
    /// The rows that exist get this value, its default.
    Default,
    /// The rows that exist need a value before it is NOT NULL.
    Value,
    /// A remark.
    Remark(String),
}

/// The name of a part of a table: `books_shelf_id_fkey`.
pub(super) fn name(table: &str, columns: &[&str], kind: &str) -> String {
    let mut name = format!("{table}_{}", columns.join("_"));
    let end = LONGEST_NAME - kind.len() - 1;
    if name.len() > end {
        let cut = (0..=end).rev().find(|at| name.is_char_boundary(*at)).unwrap_or(0);
        name.truncate(cut);
    }
    format!("{name}_{kind}")
}

/// Names, quoted, with commas between them.
fn quoted_list(engine: Engine, columns: &[&str]) -> String {
    columns.iter().map(|column| quoted(engine, column)).collect::<Vec<_>>().join(", ")
}

/// A UNIQUE constraint.
pub(super) fn unique(engine: Engine, table: &str, columns: &[&str]) -> Key {
    Key {
        name: Some(name(table, columns, "key")),
        columns: columns.iter().map(|column| (*column).to_owned()).collect(),
        sql: format!("UNIQUE ({})", quoted_list(engine, columns)),
    }
}

/// The UNIQUE constraint of a declared set, on an engine that has it as one.
pub(super) fn unique_set(engine: Engine, table: &str, columns: &[&str], set: &UniqueSet) -> Key {
    let mut key = unique(engine, table, columns);
    if set.deferrable && engine.defers_unique() {
        key.sql.push_str(" DEFERRABLE INITIALLY DEFERRED");
    }
    key
}

/// An index.
pub(super) fn index(engine: Engine, table: &str, columns: &[&str], unique: bool) -> Index {
    let name = name(table, columns, if unique { "key" } else { "idx" });
    let kind = if unique { "UNIQUE " } else { "" };
    let (own, on, all) = (quoted(engine, &name), quoted(engine, table), quoted_list(engine, columns));
    let part = |column: &&str| IndexPart { column: Some((*column).to_owned()), sql: quoted(engine, column) };
    Index {
        parts: columns.iter().map(part).collect(),
        unique,
        predicate: None,
        valid: true,
        sql: format!("CREATE {kind}INDEX {own} ON {on} ({all})"),
        name,
    }
}

/// Whether the primary key, a unique set or an index begins with the columns, so that a foreign key needs no other.
pub(super) fn is_indexed(table: &Table, columns: &[&str]) -> bool {
    let begins = |found: &[&str]| {
        found.len() >= columns.len() && found.iter().zip(columns).all(|(one, other)| one.eq_ignore_ascii_case(other))
    };
    let names = |key: &Key| begins(&key.columns.iter().map(String::as_str).collect::<Vec<_>>());
    let plain = |index: &Index| {
        let parts = index.parts.iter().map_while(|part| part.column.as_deref());
        index.predicate.is_none() && begins(&parts.collect::<Vec<_>>())
    };
    table.primary_key.iter().chain(&table.uniques).any(names) || table.indexes.iter().any(plain)
}

/// Adds a foreign key, and the index that it needs.
pub(super) fn add_foreign_key(engine: Engine, table: &mut Table, columns: &[&str], to: &str, targets: &[&str]) {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    table.foreign_keys.push(ForeignKey {
        name: Some(name(&table.name, columns, "fkey")),
        columns: owned(columns),
        table: to.to_owned(),
        references: owned(targets),
        ..ForeignKey::default()
    });
    if !is_indexed(table, columns) {
        table.indexes.push(index(engine, &table.name, columns, false));
    }
}

/// The check that a text is one of the labels.
pub(super) fn labels(engine: Engine, table: &str, column: &str, labels: &[String]) -> Check {
    Check {
        name: Some(name(table, &[column], "label")),
        expression: format!("{} IN ({})", quoted(engine, column), list(engine, labels)),
        column: None,
    }
}

/// A new column of a table that is `new` too, or has rows; and the enum type that it needs is added to the schema.
pub(super) fn column(
    engine: Engine,
    schema: &mut Schema,
    entity: &Entity,
    index: usize,
    new: bool,
) -> (Column, Option<Check>, Need) {
    let info = &entity.columns[index];
    let own = DieselType::of(info);
    let is_key = entity.key.contains(&index);
    let in_set = is_key || entity.unique.iter().any(|set| set.columns.contains(&index));
    let nullable = own.nullable && !is_key;
    let mut need = Need::Nothing;
    let sql_type = match own.sql(engine, in_set || info.references.is_some()) {
        Some(sql_type) => sql_type,
        None => {
            need = Need::Remark(format!("its type is Diesel's {}: write it as SQL", own.name));
            if engine == Engine::Postgres { own.enum_name() } else { "TEXT".to_owned() }
        }
    };
    if engine == Engine::Postgres && own.is_native_enum() && enum_of(schema, &sql_type).is_none() {
        schema.enums.push(crate::schema::EnumType { name: sql_type.clone(), labels: own.labels.clone() });
    }
    let mut made = Column { name: info.name.to_owned(), sql_type, nullable, ..Column::default() };
    if entity.computed.contains(index) {
        need = Need::Remark("the database computes it: write its expression, or the trigger that sets it".to_owned());
    } else if is_key && info.generated {
        need = generated_key(engine, &own, &mut made);
    } else if entity.version == Some(index) {
        made.default = Some("1".to_owned());
    } else if info.generated {
        need = server_default(engine, &own, &mut made);
    } else if !new && !nullable {
        let fill = if info.references.is_some() || in_set { None } else { own.filler(engine) };
        need = if fill.is_some() { Need::Default } else { Need::Value };
        made.default = fill;
    }
    let checked = own.labels.is_empty() || (own.is_native_enum() && engine != Engine::Sqlite);
    let check = (!checked).then(|| labels(engine, entity.name, info.name, &own.labels));
    (made, check, need)
}

/// Makes the database generate a key.
fn generated_key(engine: Engine, own: &DieselType, made: &mut Column) -> Need {
    match engine {
        _ if !own.is_integer() && !own.name.starts_with("Unsigned<") => {
            if engine == Engine::Postgres && own.name == "Uuid" {
                made.default = Some("gen_random_uuid()".to_owned());
                return Need::Nothing;
            }
            return Need::Remark("the database generates it: write its DEFAULT".to_owned());
        }
        // SQLite counts in a column of exactly this type.
        Engine::Sqlite => {
            made.sql_type = "INTEGER".to_owned();
            made.generated = Some(Generated::AutoIncrement);
        }
        Engine::Postgres => made.generated = Some(Generated::IdentityByDefault),
        Engine::Mysql => made.generated = Some(Generated::AutoIncrement),
    }
    Need::Nothing
}

/// Makes the database fill a column. What with, the entity does not say.
fn server_default(engine: Engine, own: &DieselType, made: &mut Column) -> Need {
    if own.is_time() {
        made.default = Some(now(engine, &own.name).to_owned());
        return Need::Nothing;
    }
    if !made.nullable {
        made.default = own.filler(engine);
    }
    Need::Remark("the database fills it: write its DEFAULT".to_owned())
}

/// A foreign key of an entity: its columns, the table and the columns that it refers to.
pub(super) struct Referring {
    pub(super) columns: Vec<&'static str>,
    pub(super) table: &'static str,
    pub(super) targets: Vec<&'static str>,
}

/// The foreign keys of an entity.
pub(super) fn referring(entity: &Entity) -> impl Iterator<Item = Referring> {
    entity.foreign_keys.iter().filter_map(|key| {
        Some(Referring {
            columns: key.columns.iter().map(|index| entity.columns[*index].name).collect(),
            table: (key.references.first()?.table)().name,
            targets: key.references.iter().map(|reference| reference.column).collect(),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_too_long_keeps_its_kind() {
        assert_eq!(name("books", &["shelf_id"], "fkey"), "books_shelf_id_fkey");
        let long = name(&"é".repeat(40), &["shelf_id"], "fkey");
        assert!(long.len() <= LONGEST_NAME && long.ends_with("é_fkey"), "{long}");
    }
}
