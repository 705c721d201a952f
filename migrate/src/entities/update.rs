//! Brings a file up to date with a schema: one list of changes for a new file and for one that people have edited.

use diesel_session::connection::Engine;

use super::edits::Edits;
use super::file::{Element, File, RowInFile, TableInFile};
use super::plan::{ColumnCode, EnumCode, Known, Plan, TableCode, plan};
use super::{Entities, Note, constraints, note, write};
use crate::schema::Schema;

pub(super) fn update(text: &str, file: &File, schema: &Schema, engine: Engine) -> Entities {
    let plan = plan(schema, engine, &known(file));
    let mut update = Update { edits: Edits::of(text), end: String::new(), notes: Vec::new(), file, plan: &plan };
    for (table, why) in &plan.left_out {
        update.remark(text, table, &format!("No code is generated, because {why}."));
    }
    update.enums();
    for code in &plan.tables {
        match file.tables.iter().find(|table| table.table == code.table) {
            Some(table) => {
                code.notes.iter().for_each(|remark| update.remark(text, &code.table, remark));
                update.table(code, table);
            }
            None => {
                update.append(&write::table(code));
                update.notes.extend(code.notes.iter().map(|remark| note(&code.table, remark)));
            }
        }
    }
    for table in file.tables.iter().filter(|table| schema.table(&table.table).is_none()) {
        update.note(&table.table, "It is not in the database any more; remove its code.");
    }
    update.joins();
    let Update { mut edits, end, mut notes, .. } = update;
    if !end.is_empty() {
        let gap = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        edits.insert(text.len(), format!("{gap}{end}"));
    }
    notes.sort_by(|one, other| one.table.cmp(&other.table));
    Entities { code: edits.made(), notes }
}

/// The names that people may have changed.
fn known(file: &File) -> Known {
    let mut known = Known::default();
    for table in &file.tables {
        if let Some(row) = file.rows.iter().find(|row| row.module == table.module) {
            known.rows.insert(table.table.clone(), row.name.clone());
            known.types.push(format!("New{}", row.name));
        }
    }
    for (marker, postgres) in file.sql_types.iter().flat_map(|(markers, _)| markers) {
        let name = file.enums.iter().find(|found| found.sql_type == *marker).map_or(marker, |found| &found.name);
        known.enums.insert(postgres.clone(), (marker.clone(), name.clone()));
    }
    known.types.extend(file.types.iter().cloned());
    known
}

struct Update<'t> {
    edits: Edits<'t>,
    /// What is added at the end of the file.
    end: String,
    notes: Vec<Note>,
    file: &'t File,
    plan: &'t Plan,
}

impl Update<'_> {
    fn note(&mut self, table: &str, remark: &str) {
        self.notes.push(note(table, remark));
    }

    fn append(&mut self, item: &str) {
        self.end.push('\n');
        self.end.push_str(item);
    }

    /// A note and a comment about a table, unless the comment is there.
    fn remark(&mut self, text: &str, table: &str, remark: &str) {
        let comment = write::comment(table, remark);
        if !text.contains(&comment) {
            self.append(&comment);
            self.note(table, remark);
        }
    }

    fn enums(&mut self) {
        let markers: Vec<&EnumCode> = match &self.file.sql_types {
            Some((names, _)) => {
                let is_new = |code: &&EnumCode| names.iter().all(|(marker, _)| *marker != code.sql_type);
                self.plan.enums.iter().filter(is_new).collect()
            }
            None => self.plan.enums.iter().collect(),
        };
        let text = markers.iter().map(|code| write::sql_type(code)).collect::<Vec<_>>().join("\n");
        match &self.file.sql_types {
            _ if markers.is_empty() => {}
            Some((names, end)) => {
                let gap = if names.is_empty() { "" } else { "\n" };
                self.edits.insert(*end, format!("{gap}{text}"));
            }
            None => {
                self.append(&format!("/// The SQL types of the enums.\npub mod sql_types {{\n{text}}}\n"));
            }
        }
        for code in &self.plan.enums {
            let Some(found) = self.file.enums.iter().find(|found| found.sql_type == code.sql_type) else {
                self.append(&write::label_type(code));
                continue;
            };
            let variants = &found.variants;
            for label in code.labels.iter().filter(|label| variants.items.iter().all(|known| known.name != **label)) {
                self.edits.add(variants, variants.items.len().checked_sub(1), |_| label.clone());
            }
            for gone in variants.items.iter().filter(|known| !code.labels.contains(&known.name)) {
                self.notes
                    .push(note(&found.name, &format!("The database has no label {}; remove the variant.", gone.name)));
            }
        }
    }

    /// The columns of a table that the file has.
    fn table(&mut self, code: &TableCode, table: &TableInFile) {
        let row = self.file.rows.iter().find(|row| row.module == table.module && row.marked);
        let is_kept = |element: &Element| code.all.contains(&element.column);
        for gone in table.columns.items.iter().filter(|element| !is_kept(element)) {
            self.edits.remove(gone);
            self.note(&code.table, &format!("`{}` is gone, and is removed.", gone.name));
            if let Some(field) = row.and_then(|row| row.fields.items.iter().find(|field| field.column == gone.name)) {
                self.edits.remove(field);
            }
        }
        let mut added = Vec::new();
        for (index, column) in code.columns.iter().enumerate() {
            match table.columns.items.iter().find(|element| element.column == column.column) {
                Some(element) => self.column(code, column, element, row),
                None => {
                    let before: Vec<&ColumnCode> = code.columns[..index].iter().rev().collect();
                    self.add(column, &before, table, row);
                    added.push(column);
                }
            }
        }
        self.uses(code, table, &added);
        if code.key != table.key {
            self.edits.replace(table.key_range.clone(), format!("({})", code.key.join(", ")));
            let key = code.key.join(", ");
            self.note(
                &code.table,
                &format!("Its primary key is ({key}) now; put #[entity(key)] on these fields alone."),
            );
        }
        let Some(row) = row else {
            if self.file.rows.iter().all(|row| row.module != table.module) {
                self.note(&code.table, "No struct in the file is a row of it.");
            }
            return;
        };
        if let (true, Some(backend), Some(place)) =
            (added.iter().any(|column| column.native), code.backend, row.backend)
        {
            self.edits.insert(place, format!(", check_for_backend({backend})"));
        }
        constraints::update(&mut self.edits, &mut self.notes, code, table, row);
    }

    /// Adds a column to `table!` and to the struct, after the nearest of those `before` it.
    fn add(&mut self, column: &ColumnCode, before: &[&ColumnCode], table: &TableInFile, row: Option<&RowInFile>) {
        let position =
            |elements: &[Element], wanted: &str| elements.iter().position(|element| element.column == wanted);
        let columns = &table.columns;
        let after = before.iter().find_map(|before| position(&columns.items, &before.column));
        self.edits.add(columns, after, |indent| write::column(column, indent));
        let Some(row) = row else { return };
        if position(&row.fields.items, &column.name).is_none() {
            let after = before.iter().find_map(|before| position(&row.fields.items, &before.name));
            self.edits.add(&row.fields, after, |indent| write::field(column, indent));
        }
    }

    /// Retypes a column if the database has.
    fn column(&mut self, code: &TableCode, column: &ColumnCode, element: &Element, row: Option<&RowInFile>) {
        let words = |text: &str| text.split_whitespace().collect::<String>();
        let before = words(self.edits.text(&element.ty));
        if before == column.sql {
            return;
        }
        self.edits.replace(element.ty.clone(), column.sql.as_str());
        let Some(field) = row.and_then(|row| row.fields.items.iter().find(|field| field.column == element.name)) else {
            return;
        };
        let inner = |text: &str, around: &str| {
            let inside = text.strip_prefix(around).and_then(|rest| rest.strip_prefix('<')?.strip_suffix('>'));
            inside.unwrap_or(text).to_owned()
        };
        let own = self.edits.text(&field.ty).to_owned();
        let rust = if inner(&before, "Nullable") != inner(&column.sql, "Nullable") {
            column.rust.clone()
        } else if column.sql.starts_with("Nullable<") {
            format!("Option<{own}>")
        } else {
            inner(&own, "Option")
        };
        self.edits.replace(field.ty.clone(), rust);
        self.note(
            &code.table,
            &format!("`{}` is {} now, and was {before}; look at its attributes.", column.name, column.sql),
        );
    }

    /// The imports in `table!` that new columns need.
    fn uses(&mut self, code: &TableCode, table: &TableInFile, added: &[&ColumnCode]) {
        let is_missing = |name: &String| {
            added.iter().any(|column| column.label_type.as_ref() == Some(name))
                && !table.uses.contains(&format!("::{name};"))
        };
        let missing: Vec<String> = write::label_types(code).into_iter().filter(is_missing).collect();
        if !missing.is_empty() {
            let uses = write::uses(&missing, !table.has_uses);
            self.edits.insert(table.start, format!("{}\n    ", uses.trim_start()));
        }
    }

    /// Joins that the file lacks, and the list of tables that a query can have together.
    fn joins(&mut self) {
        let is_in_file = |module: &String| self.file.tables.iter().any(|table| table.module == *module);
        let mut joins = String::new();
        for (one, other, column) in &self.plan.joins {
            let is_known = self.file.joins.iter().any(|(a, b)| (a == one && b == other) || (a == other && b == one));
            if !is_known {
                joins += &format!("diesel::joinable!({one} -> {other} ({column}));\n");
            }
        }
        if !joins.is_empty() {
            self.append(&joins);
        }
        let new: Vec<String> =
            self.plan.tables.iter().map(|code| code.module.clone()).filter(|module| !is_in_file(module)).collect();
        match &self.file.together {
            Some((named, range)) => {
                let missing: Vec<String> = new.into_iter().filter(|module| !named.contains(module)).collect();
                if !missing.is_empty() {
                    let all: Vec<String> = named.iter().cloned().chain(missing).collect();
                    self.edits.replace(range.clone(), write::together(&all));
                }
            }
            None if self.file.tables.is_empty() && new.len() > 1 => {
                let list = write::together(&new);
                self.append(&format!("diesel::allow_tables_to_appear_in_same_query!({list});\n"));
            }
            None => {}
        }
    }
}
