//! The foreign keys and unique sets of a table in the attributes of a struct that people may have edited.

use std::collections::BTreeSet;

use super::edits::Edits;
use super::file::{Element, RowInFile, TableInFile};
use super::plan::{ColumnCode, TableCode};
use super::references::Several;
use super::sets::KeyInFile;
use super::{Note, note};

/// Adds what the struct lacks of the constraints of its table, and tells what it has and the table does not.
pub(super) fn update(
    edits: &mut Edits<'_>,
    notes: &mut Vec<Note>,
    code: &TableCode,
    table: &TableInFile,
    row: &RowInFile,
) {
    for column in &code.columns {
        let Some(field) = row.fields.items.iter().find(|field| field.column == column.name) else { continue };
        let element = table.columns.items.iter().find(|element| element.column == column.column);
        let words = |text: &str| text.split_whitespace().collect::<String>();
        let retyped = element.is_some_and(|element| words(edits.text(&element.ty)) != column.sql);
        if let Some(remark) = refer(edits, column, field, retyped) {
            notes.push(note(&code.table, &remark));
        }
    }
    let as_fields = |set: &Vec<String>| -> Vec<String> {
        let name = |column: &String| row.fields.items.iter().find(|field| field.column == *column);
        set.iter().map(|column| name(column).map_or_else(|| column.clone(), |field| field.name.clone())).collect()
    };
    let sets: Vec<Vec<String>> = code.unique.iter().map(as_fields).collect();
    let same =
        |one: &[String], other: &[String]| one.len() == other.len() && one.iter().all(|name| other.contains(name));
    for set in sets.iter().filter(|set| !row.unique.iter().any(|own| same(own, set))) {
        let set = set.join(", ");
        edits.insert_line(row.start, &format!("#[entity(unique({set}))]"));
        notes.push(note(&code.table, &format!("({set}) is unique now; {} says so.", row.name)));
    }
    let key = as_fields(&code.key);
    for own in row.unique.iter().filter(|own| !same(own, &key) && !sets.iter().any(|set| same(own, set))) {
        let remark = format!("({}) is not unique in the database, and {} says that it is.", own.join(", "), row.name);
        notes.push(note(&code.table, &remark));
    }
    refer_together(edits, notes, code, row);
}

/// Adds the foreign keys of several columns that the struct lacks, and tells those that the table lacks.
fn refer_together(edits: &mut Edits<'_>, notes: &mut Vec<Note>, code: &TableCode, row: &RowInFile) {
    let field = |column: &String| {
        let found = row.fields.items.iter().find(|field| field.column == *column);
        found.map_or_else(|| column.clone(), |field| field.name.clone())
    };
    let pairs = |columns: &[String], references: &[String]| -> BTreeSet<(String, String)> {
        columns.iter().cloned().zip(references.iter().cloned()).collect()
    };
    let own: Vec<Several> = code
        .foreign_keys
        .iter()
        .map(|key| Several { columns: key.columns.iter().map(field).collect(), ..key.clone() })
        .collect();
    let is = |own: &Several, found: &KeyInFile| {
        own.module == found.module && pairs(&own.columns, &own.references) == pairs(&found.columns, &found.references)
    };
    for key in own.iter().filter(|key| !row.foreign_keys.iter().any(|found| is(key, found))) {
        edits.insert_line(row.start, &format!("#[entity({})]", key.words()));
        let (columns, to) = (key.columns.join(", "), &key.module);
        notes.push(note(&code.table, &format!("({columns}) refers to {to} now; {} says so.", row.name)));
    }
    for found in row.foreign_keys.iter().filter(|found| !own.iter().any(|key| is(key, found))) {
        let (columns, to) = (found.columns.join(", "), &found.module);
        let remark = format!("({columns}) does not refer to {to} in the database, and {} says that it does.", row.name);
        notes.push(note(&code.table, &remark));
    }
}

/// Makes a field refer to what its column does; returns a remark if anything differs.
fn refer(edits: &mut Edits<'_>, column: &ColumnCode, field: &Element, retyped: bool) -> Option<String> {
    let name = &field.name;
    let (Some(path), found) = (&column.references, field.references()) else {
        let (own, _) = field.references()?;
        let own = last_words(own);
        return Some(format!("`{name}` has references = {own}, and no foreign key of its own in the database."));
    };
    match found {
        Some((own, _)) if last_words(own) == *path => return None,
        Some((_, place)) => edits.replace(place.clone(), path.as_str()),
        // One field has one source of its values.
        None if is_filled(field) => {
            return Some(format!(
                "`{name}` refers to {path}; replace what #[entity(…)] says of it by references = {path}."
            ));
        }
        None => match &field.entity {
            Some(entity) if entity.words.is_empty() => edits.insert(entity.end, format!("references = {path}")),
            Some(entity) => edits.insert(entity.end, format!(", references = {path}")),
            None => edits.insert_line(field.start, &format!("#[entity(references = {path})]")),
        },
    }
    // A type of the person's own stays.
    let own: String = edits.text(&field.ty).split_whitespace().collect();
    let plain = own.strip_prefix("Option<").unwrap_or(&own);
    if !retyped && own != column.rust && (plain.starts_with("Id<") || plain.starts_with("i64")) {
        edits.replace(field.ty.clone(), column.rust.as_str());
    }
    Some(format!("`{name}` refers to {path} now; its attribute says so."))
}

/// Whether something other than the program gives the field its value, so that it cannot refer.
fn is_filled(field: &Element) -> bool {
    ["default", "update", "server_default", "computed", "version"].iter().any(|word| field.is(word))
        || (field.is("key") && !field.is("given"))
}

/// The table and the column at the end of a path.
fn last_words(path: &syn::Path) -> String {
    let words: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
    words[words.len().saturating_sub(2)..].join("::")
}
