//! The tables that a verb is about.

use super::failure::Failure;
use crate::schema::Schema;

/// The schema with these tables alone; if none are named, with all but virtual ones, such as full-text indexes. References to tables that are left out go too.
pub(super) fn only(mut schema: Schema, tables: &[String]) -> Result<Schema, Failure> {
    if tables.is_empty() {
        schema.tables.retain(|table| !table.is_virtual());
        return Ok(schema);
    }
    if let Some(unknown) = tables.iter().find(|name| schema.table(name).is_none()) {
        return Err(Failure::Usage(format!("there is no table {unknown} in the database")));
    }
    schema.tables.retain(|table| tables.contains(&table.name));
    for table in &mut schema.tables {
        table.foreign_keys.retain(|key| tables.contains(&key.table));
    }
    Ok(schema)
}
