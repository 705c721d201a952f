//! The schema that the entities need: the migrated one with what they call for, and without the columns that they lack.

use diesel_session::connection::Engine;
use diesel_session::session::{Table as Entity, UniqueSet};

use super::names::{checked_labels, is_same_column, is_same_set, mentions, named};
use super::parts::{self, Need, Referring};
use super::types::{DieselType, enum_of};
use crate::schema::{Check, Column, EnumType, ForeignKey, Index, Schema, Table};

/// The schema that the entities need, and what a person has to know of the way there.
pub(super) struct Wanted {
    pub(super) schema: Schema,
    /// Columns that rows need values in before they are NOT NULL.
    pub(super) fills: Vec<Fill>,
    pub(super) remarks: Vec<Remark>,
    /// What differs and is not drafted.
    pub(super) notes: Vec<String>,
}

/// A column that is NOT NULL only after the rows have got values.
pub(super) struct Fill {
    pub(super) table: String,
    pub(super) column: String,
    /// The value, as SQL, if one suggests itself.
    pub(super) value: Option<String>,
}

/// A remark on the statement about a column, or about the foreign key of several.
pub(super) struct Remark {
    pub(super) table: String,
    pub(super) columns: Vec<String>,
    pub(super) text: String,
}

pub(super) fn wanted(current: &Schema, entities: &[&'static Entity], engine: Engine) -> Wanted {
    let schema = current.clone();
    let mut wanted = Wanted { schema, fills: Vec::new(), remarks: Vec::new(), notes: Vec::new() };
    for entity in entities {
        if current.views.iter().any(|view| view.name == entity.name) {
            wanted.notes.push(format!("{} is a view: what its entity needs is not drafted", entity.name));
            continue;
        }
        match current.table(entity.name) {
            None => wanted.add_table(engine, current, entity),
            Some(found) => wanted.change_table(engine, entity, found),
        }
    }
    // A virtual table, such as a full-text index, is not for entities.
    for table in current.tables.iter().filter(|table| !table.is_virtual()) {
        if !entities.iter().any(|entity| entity.name == table.name) {
            wanted.notes.push(format!("{} has no entity; the draft leaves it as it is", table.name));
        }
    }
    wanted.drop_unused_enums(current);
    wanted
}

impl Wanted {
    fn remark(&mut self, table: &str, columns: &[&str], text: String) {
        let columns = columns.iter().map(|column| (*column).to_owned()).collect();
        self.remarks.push(Remark { table: table.to_owned(), columns, text });
    }

    /// Adds a column to the end of a table, with what belongs to it.
    fn add_column(&mut self, engine: Engine, entity: &Entity, index: usize, table: &mut Table, new: bool) {
        let (column, check, need) = parts::column(engine, &mut self.schema, entity, index, new);
        let name = column.name.clone();
        match need {
            Need::Nothing => {}
            Need::Remark(text) => self.remark(entity.name, &[&name], text),
            Need::Default => {
                let value = column.default.clone().unwrap_or_default();
                self.remark(entity.name, &[&name], format!("the rows that exist get {value}: write what is right"));
            }
            Need::Value => {
                self.fills.push(Fill { table: entity.name.to_owned(), column: name.clone(), value: None });
            }
        }
        table.columns.push(column);
        table.checks.extend(check);
    }

    fn add_table(&mut self, engine: Engine, current: &Schema, entity: &'static Entity) {
        let mut table = Table { name: entity.name.to_owned(), ..Table::default() };
        let names = |set: &[usize]| set.iter().map(|index| entity.columns[*index].name).collect::<Vec<_>>();
        let key = names(entity.key);
        table.primary_key = Some(crate::schema::Key {
            name: None,
            sql: parts::unique(engine, entity.name, &key).sql.replacen("UNIQUE", "PRIMARY KEY", 1),
            columns: key.iter().map(|column| (*column).to_owned()).collect(),
        });
        let sets = entity.unique.iter().filter(|set| set.is_of_all_rows());
        let sets = sets.map(|set| parts::unique_set(engine, entity.name, &names(set.columns), set));
        table.uniques = sets.collect();
        self.note_partial_sets(engine, entity, &[]);
        for index in 0..entity.columns.len() {
            self.add_column(engine, entity, index, &mut table, true);
        }
        for key in parts::referring(entity) {
            parts::add_foreign_key(engine, &mut table, &key.columns, key.table, &key.targets);
        }
        // Texts compare byte by byte, as in the session. Beside a text that another table has, they must not.
        if engine == Engine::Mysql && !refers_by_text(current, entity, &mut Vec::new()) {
            table.options.push(
                "ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */"
                    .to_owned(),
            );
        }
        self.schema.tables.push(table);
    }

    fn change_table(&mut self, engine: Engine, entity: &Entity, found: &Table) {
        let same = |one: &str, other: &str| is_same_column(engine, one, other);
        let Some(at) = self.schema.tables.iter().position(|table| table.name == entity.name) else { return };
        let mut table = self.schema.tables[at].clone();
        self.drop_columns(engine, entity, &mut table);
        for (index, info) in entity.columns.iter().enumerate() {
            match found.columns.iter().find(|column| same(&column.name, info.name)) {
                Some(_) => self.change_column(engine, entity, index, &mut table),
                None => {
                    self.add_column(engine, entity, index, &mut table, false);
                    self.suggest_rename(engine, entity, index, found);
                }
            }
        }
        let key: Vec<&str> = entity.key.iter().map(|index| entity.columns[*index].name).collect();
        let own: Vec<&str> = table.primary_key.iter().flat_map(|key| &key.columns).map(String::as_str).collect();
        if !is_same_set(engine, &key, &own) {
            self.notes.push(format!(
                "{}: the primary key is ({}) and the entity's ({}); a change of the key is not drafted",
                entity.name,
                own.join(", "),
                key.join(", ")
            ));
        }
        self.change_unique_sets(engine, entity, &mut table);
        self.change_foreign_keys(engine, entity, &mut table);
        self.schema.tables[at] = table;
    }

    /// Removes the columns that the entity lacks, with what is on them.
    fn drop_columns(&mut self, engine: Engine, entity: &Entity, table: &mut Table) {
        let same = |one: &str, other: &str| is_same_column(engine, one, other);
        let has = |column: &Column| entity.columns.iter().any(|info| same(info.name, &column.name));
        let (kept, mut gone): (Vec<_>, Vec<_>) = std::mem::take(&mut table.columns).into_iter().partition(has);
        table.columns = kept;
        let key: Vec<String> = table.primary_key.iter().flat_map(|key| key.columns.clone()).collect();
        gone.retain(|column| {
            if column.is_computed() {
                // It needs no field: no program writes it.
                table.columns.push(column.clone());
                return false;
            }
            let own = DieselType::of_column(engine, &self.schema, column);
            let unknown = own.is_none_or(|own| !own.can_be_field(engine));
            let stays = unknown || key.contains(&column.name);
            if stays {
                let why = if unknown { "has a type that no field can have" } else { "is in the primary key" };
                self.notes.push(format!(
                    "{}: the column {} has no field and {why}; the draft leaves it as it is",
                    table.name, column.name
                ));
                table.columns.push(column.clone());
            }
            !stays
        });
        let gone: Vec<String> = gone.into_iter().map(|column| column.name).collect();
        if gone.is_empty() {
            return;
        }
        let is_gone = |name: &String| gone.iter().any(|column| same(column, name));
        let names = |sql: &str| mentions(engine, sql, |name| gone.iter().any(|column| same(column, name)));
        table.uniques.retain(|key| !key.columns.iter().any(is_gone));
        table.foreign_keys.retain(|key| !key.columns.iter().any(is_gone));
        table.indexes.retain(|index| {
            let parts = index.parts.iter().any(|part| part.column.as_ref().map_or_else(|| names(&part.sql), is_gone));
            // What SQLite's index is on besides columns is in its statement alone.
            !(parts || index.predicate.as_deref().is_some_and(names) || (has_expression(index) && names(&index.sql)))
        });
        table.checks.retain(|check| !names(&check.expression));
        for trigger in self.schema.triggers.iter().filter(|trigger| trigger.table == table.name && names(&trigger.sql))
        {
            self.notes.push(format!(
                "{}: the trigger {} may use a column that the draft drops ({})",
                table.name,
                trigger.name,
                gone.join(", ")
            ));
        }
    }

    /// Gives a column that exists the type, the nullability and the labels that the entity has.
    fn change_column(&mut self, engine: Engine, entity: &Entity, index: usize, table: &mut Table) {
        let info = &entity.columns[index];
        let own = DieselType::of(info);
        let Some(at) = table.columns.iter().position(|column| is_same_column(engine, &column.name, info.name)) else {
            return;
        };
        let mut column = table.columns[at].clone();
        let in_set = entity.key.contains(&index) || entity.unique.iter().any(|set| set.columns.contains(&index));
        if !own.fits(engine, &self.schema, &column)
            && let Some(sql_type) = own.sql(engine, in_set || info.references.is_some())
        {
            if engine == Engine::Postgres && own.is_native_enum() && enum_of(&self.schema, &sql_type).is_none() {
                self.schema.enums.push(EnumType { name: sql_type.clone(), labels: own.labels.clone() });
            }
            let text = format!("the values must convert from {} to {sql_type}", column.sql_type);
            self.remark(entity.name, &[&column.name], text);
            column.sql_type = sql_type;
        }
        if own.nullable != column.nullable && !entity.key.contains(&index) && !column.is_computed() {
            column.nullable = own.nullable;
            if !own.nullable {
                let (table, column) = (entity.name.to_owned(), column.name.clone());
                let value = if info.references.is_some() || in_set { None } else { own.filler(engine) };
                self.fills.push(Fill { table, column, value });
            }
        }
        if !own.labels.is_empty() {
            self.change_labels(engine, &own, &mut column, table);
        }
        table.columns[at] = column;
    }

    /// Makes a column take the labels of the entity's enum, whether they are a type's or a check's.
    fn change_labels(&mut self, engine: Engine, own: &DieselType, column: &mut Column, table: &mut Table) {
        let found = DieselType::of_column(engine, &self.schema, column).map(|found| found.labels).unwrap_or_default();
        if !found.is_empty() && found != own.labels {
            let mut relabelled = own.clone();
            // The type keeps its name.
            if engine == Engine::Postgres {
                let name = enum_of(&self.schema, &column.sql_type).map(|found| found.name.clone());
                for own_type in self.schema.enums.iter_mut().filter(|own_type| Some(&own_type.name) == name.as_ref()) {
                    own_type.labels.clone_from(&own.labels);
                }
            } else {
                "Enum".clone_into(&mut relabelled.name);
                column.sql_type = relabelled.sql(engine, false).unwrap_or_default();
            }
        }
        let checked = |check: &Check| checked_labels(engine, &column.name, &check.expression);
        let old = table.checks.iter().position(|check| checked(check).is_some());
        if let Some(old) = old
            && checked(&table.checks[old]).is_some_and(|found| !is_same_list(&found, &own.labels))
        {
            let mut check = parts::labels(engine, &table.name, &column.name, &own.labels);
            check.name = table.checks[old].name.clone().or(check.name);
            check.column.clone_from(&table.checks[old].column);
            table.checks[old] = check;
        }
    }

    /// Makes columns refer to what the entity's do. A foreign key that the entity does not have stays.
    fn change_foreign_keys(&mut self, engine: Engine, entity: &Entity, table: &mut Table) {
        let same = |one: &str, other: &str| is_same_column(engine, one, other);
        let on = |key: &ForeignKey, columns: &[&str]| {
            is_same_set(engine, columns, &key.columns.iter().map(String::as_str).collect::<Vec<_>>())
        };
        let wanted: Vec<Referring> = parts::referring(entity).collect();
        for key in &table.foreign_keys {
            if !wanted.iter().any(|own| on(key, &own.columns)) {
                let (column, other) = (named(&table.name, &key.columns), &key.table);
                self.notes.push(format!("{column} refers to {other} and has no `references`; the draft keeps it"));
            }
        }
        for own in wanted {
            let refers = |key: &ForeignKey| {
                let pairs = key.columns.iter().zip(&key.references);
                let mut own_pairs = own.columns.iter().zip(&own.targets);
                let has = |(column, target): (&&str, &&str)| {
                    pairs.clone().any(|(one, other)| same(one, column) && same(other, target))
                };
                on(key, &own.columns) && key.table.eq_ignore_ascii_case(own.table) && own_pairs.all(has)
            };
            if table.foreign_keys.iter().any(refers) {
                continue;
            }
            if let Some(found) = table.foreign_keys.iter().find(|key| on(key, &own.columns)) {
                let text = format!("it referred to {}, and must contain keys of {}", found.table, own.table);
                self.remark(&table.name, &own.columns, text);
            }
            table.foreign_keys.retain(|key| !on(key, &own.columns));
            parts::add_foreign_key(engine, table, &own.columns, own.table, &own.targets);
        }
    }

    fn change_unique_sets(&mut self, engine: Engine, entity: &Entity, table: &mut Table) {
        let key: Vec<String> = table.primary_key.iter().flat_map(|key| key.columns.clone()).collect();
        let key: Vec<&str> = key.iter().map(String::as_str).collect();
        self.note_partial_sets(engine, entity, &table.indexes);
        let names = |set: &UniqueSet| set.columns.iter().map(|index| entity.columns[*index].name).collect();
        let sets: Vec<(&UniqueSet, Vec<&str>)> =
            entity.unique.iter().filter(|set| set.is_of_all_rows()).map(|set| (set, names(set))).collect();
        let found: Vec<Vec<String>> =
            table.unique_sets().iter().map(|set| set.iter().map(|column| (*column).to_owned()).collect()).collect();
        let as_names = |set: &'_ [String]| set.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        for set in &found {
            let names: Vec<&str> = set.iter().map(String::as_str).collect();
            if !sets.iter().any(|(_, own)| is_same_set(engine, own, &names)) {
                let (table, set) = (&table.name, as_names(set));
                self.notes.push(format!("{table}: ({set}) is unique and has no `unique`; the draft keeps it"));
            }
        }
        for (declared, set) in &sets {
            let is_found = found.iter().any(|found| {
                let found: Vec<&str> = found.iter().map(String::as_str).collect();
                is_same_set(engine, set, &found)
            });
            if is_found || is_same_set(engine, set, &key) {
                continue;
            }
            if engine == Engine::Postgres {
                table.uniques.push(parts::unique_set(engine, &table.name, set, declared));
            } else {
                table.indexes.push(parts::index(engine, &table.name, set, true));
            }
        }
    }

    /// Says which unique sets of some rows have no index. Their conditions are values of the program, which have no SQL
    /// here; and MySQL has no partial indexes, but unique ones on a generated column.
    fn note_partial_sets(&mut self, engine: Engine, entity: &Entity, indexes: &[Index]) {
        for set in entity.unique.iter().filter(|set| !set.is_of_all_rows()) {
            let names: Vec<&str> = set.columns.iter().map(|index| entity.columns[*index].name).collect();
            let is_it = |index: &Index| match index.plain_columns() {
                Some(columns) if engine != Engine::Mysql => {
                    index.predicate.is_some() && is_same_set(engine, &columns, &names)
                }
                _ => engine == Engine::Mysql,
            };
            if !indexes.iter().any(|index| index.unique && is_it(index)) {
                self.notes.push(format!(
                    "{}: ({}) is unique in some rows, by `when`; write the index",
                    entity.name,
                    names.join(", ")
                ));
            }
        }
    }

    /// Says that a column that is missing may be one that has another name.
    fn suggest_rename(&mut self, engine: Engine, entity: &Entity, index: usize, found: &Table) {
        let info = &entity.columns[index];
        let own = DieselType::of(info);
        let unnamed = found.columns.iter().filter(|column| {
            let has_field = entity.columns.iter().any(|info| is_same_column(engine, info.name, &column.name));
            !has_field && own.fits(engine, &self.schema, column)
        });
        let unnamed: Vec<&str> = unnamed.map(|column| &*column.name).collect();
        if !unnamed.is_empty() {
            let (table, new, old) = (entity.name, info.name, unnamed[0]);
            let text = format!(
                "perhaps it is {} under another name, whose values this loses: then write ALTER TABLE {table} RENAME \
                 COLUMN {old} TO {new} into a migration of its own, and draft again",
                unnamed.join(" or "),
            );
            self.notes.push(format!("{table}.{new}: {text}"));
            self.remark(table, &[new], text);
        }
    }

    /// Removes PostgreSQL's enum types whose last column goes.
    fn drop_unused_enums(&mut self, current: &Schema) {
        let uses = |schema: &Schema, name: &str| {
            let columns = schema.tables.iter().flat_map(|table| &table.columns);
            let element = |column: &Column| column.sql_type.trim_end_matches("[]").to_owned();
            columns.into_iter().any(|column| enum_of(schema, &element(column)).is_some_and(|found| found.name == name))
        };
        let unused = |name: &str| uses(current, name) && !uses(&self.schema, name);
        let names: Vec<String> =
            self.schema.enums.iter().map(|own| own.name.clone()).filter(|name| unused(name)).collect();
        self.schema.enums.retain(|own| !names.contains(&own.name));
    }
}

/// Whether a text of a new table refers to one of a table that exists, whose collation it must have; also by way of
/// other new tables.
fn refers_by_text(current: &Schema, entity: &'static Entity, seen: &mut Vec<&'static str>) -> bool {
    seen.push(entity.name);
    let is_text = |index: &usize| DieselType::of(&entity.columns[*index]).name == "Text";
    let by_text = entity.foreign_keys.iter().filter(|key| key.columns.iter().any(is_text));
    let targets: Vec<&'static Entity> = by_text.filter_map(|key| Some((key.references.first()?.table)())).collect();
    targets
        .into_iter()
        .any(|to| current.table(to.name).is_some() || (!seen.contains(&to.name) && refers_by_text(current, to, seen)))
}

fn is_same_list(one: &[String], other: &[String]) -> bool {
    one.len() == other.len() && one.iter().all(|label| other.contains(label))
}

fn has_expression(index: &Index) -> bool {
    index.parts.iter().any(|part| part.column.is_none())
}
