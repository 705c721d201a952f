//! The schema that another engine's migrations make, as this engine would have it: where no database of it is at hand.

use diesel_session::connection::Engine;
use diesel_session::session::Table as Entity;

use super::names::{checked_labels, is_same_column};
use super::parts;
use super::sqlite;
use super::types::{DieselType, now};
use crate::schema::{Column, EnumType, ForeignKey, Generated, Schema, Table};

pub(super) fn translate(schema: &Schema, from: Engine, to: Engine, entities: &[&'static Entity]) -> Schema {
    let mut translated = Schema::default();
    for table in schema.tables.iter().filter(|table| !table.is_virtual()) {
        let entity = entities.iter().find(|entity| entity.name == table.name).copied();
        let made = Translation { schema, from, to, table, entity }.table(&mut translated.enums);
        translated.tables.push(made);
    }
    if to == Engine::Sqlite {
        sqlite::write_statements(&Schema::default(), &mut translated);
    }
    translated
}

/// A table on its way from one engine to another.
struct Translation<'s> {
    schema: &'s Schema,
    from: Engine,
    to: Engine,
    table: &'s Table,
    entity: Option<&'static Entity>,
}

impl Translation<'_> {
    fn table(&self, enums: &mut Vec<EnumType>) -> Table {
        let (to, name) = (self.to, &self.table.name);
        let mut made = Table { name: name.clone(), ..Table::default() };
        let named =
            |column: &str| self.entity.iter().any(|entity| entity.columns.iter().any(|info| info.name == column));
        // The expression of one that no entity names is in the other engine's words.
        let is_left_out = |column: &Column| column.is_computed() && !named(&column.name);
        let left_out: Vec<&Column> = self.table.columns.iter().filter(|column| is_left_out(column)).collect();
        for column in self.table.columns.iter().filter(|column| !is_left_out(column)) {
            let own = self.diesel_type(column);
            if let Some(own) = own.as_ref().filter(|own| to == Engine::Postgres && own.is_native_enum())
                && !enums.iter().any(|known| known.name == own.enum_name())
            {
                enums.push(EnumType { name: own.enum_name(), labels: own.labels.clone() });
            }
            let checked = own
                .as_ref()
                .is_some_and(|own| !own.labels.is_empty() && (!own.is_native_enum() || to == Engine::Sqlite));
            if checked {
                let labels = own.iter().flat_map(|own| own.labels.clone()).collect::<Vec<_>>();
                made.checks.push(parts::labels(to, name, &column.name, &labels));
            }
            made.columns.push(self.column(column, own.as_ref()));
        }
        made.primary_key = self.table.primary_key.as_ref().map(|key| {
            let columns: Vec<&str> = key.columns.iter().map(String::as_str).collect();
            let sql = parts::unique(to, name, &columns).sql.replacen("UNIQUE", "PRIMARY KEY", 1);
            let constraint = (to == Engine::Postgres).then(|| format!("{name}_pkey"));
            crate::schema::Key { name: constraint, columns: key.columns.clone(), sql }
        });
        for set in self.table.unique_sets() {
            if to == Engine::Mysql {
                made.indexes.push(parts::index(to, name, &set, true));
            } else {
                made.uniques.push(parts::unique(to, name, &set));
            }
        }
        let plain = self.table.indexes.iter().filter(|index| !index.unique && index.predicate.is_none());
        for index in plain {
            let is_of_left_out = |name: &&str| left_out.iter().any(|column| column.name == **name);
            if let Some(columns) = index.plain_columns()
                && !columns.iter().any(is_of_left_out)
            {
                made.indexes.push(parts::index(to, name, &columns, false));
            }
        }
        let key = |key: &ForeignKey| {
            let columns: Vec<&str> = key.columns.iter().map(String::as_str).collect();
            ForeignKey { name: Some(parts::name(name, &columns, "fkey")), ..key.clone() }
        };
        made.foreign_keys = self.table.foreign_keys.iter().map(key).collect();
        made
    }

    /// The type of a column; of an enum, with the labels that it has and the name that the entity knows. A text
    /// without a length is as long as the entity says: this engine's own script may need one where the other's does not.
    fn diesel_type(&self, column: &Column) -> Option<DieselType> {
        let mut own = DieselType::of_column(self.from, self.schema, column)?;
        if own.labels.is_empty() {
            let mut checks = self.table.checks.iter();
            own.labels =
                checks.find_map(|check| checked_labels(self.from, &column.name, &check.expression)).unwrap_or_default();
        }
        let infos = self.entity.iter().flat_map(|entity| entity.columns);
        let mut infos = infos.filter(|info| is_same_column(self.from, info.name, &column.name));
        if let Some(entity) = infos.next().map(DieselType::of) {
            own.max_chars = own.max_chars.or(entity.max_chars);
            if !own.labels.is_empty() {
                own.name = entity.name;
            }
        }
        Some(own)
    }

    fn column(&self, column: &Column, own: Option<&DieselType>) -> Column {
        let keyed = parts::is_indexed(self.table, &[&column.name]);
        let generates = match &column.generated {
            None => false,
            Some(generated) => generated.expression().is_none(),
        };
        let sql_type = match own.and_then(|own| own.sql(self.to, keyed)) {
            Some(_) if generates && self.to == Engine::Sqlite => "INTEGER".to_owned(),
            Some(sql_type) => sql_type,
            None => column.sql_type.clone(),
        };
        let generated = match self.to {
            _ if !generates => None,
            Engine::Sqlite | Engine::Mysql => Some(Generated::AutoIncrement),
            Engine::Postgres => Some(Generated::IdentityByDefault),
        };
        let default = column.default.as_deref().and_then(|default| match own {
            Some(own) if own.is_time() => Some(now(self.to, &own.name).to_owned()),
            _ => is_literal(default).then(|| default.to_owned()),
        });
        Column {
            name: column.name.clone(),
            sql_type,
            nullable: column.nullable,
            default,
            generated,
            ..Column::default()
        }
    }
}

/// Whether a default is a number or a text in every engine's SQL.
fn is_literal(default: &str) -> bool {
    let text = default.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    default.parse::<f64>().is_ok() || text.is_some_and(|text| !text.contains(['\'', '\\']))
}
