//! The text of generated code.

use std::fmt::Write as _;

use super::MARK;
use super::plan::{ColumnCode, EnumCode, TableCode};

/// The beginning of a new file.
pub(super) const HEADER: &str = "\
//! The tables of the database and their rows, by `migrate entities`. With `--out` it adds, removes
//! and retypes the columns that have changed in the database, and leaves everything else as it is.
//! A struct without the comment `entities:` above it is left alone.

use diesel_session::prelude::*;
";

/// The longest line.
const WIDTH: usize = 100;

/// `table!` and the struct.
pub(super) fn table(code: &TableCode) -> String {
    let mut text = String::new();
    for note in &code.notes {
        text += &comment(&code.table, note);
    }
    text += "diesel::table! {\n";
    let label_types = label_types(code);
    if !label_types.is_empty() {
        text += &format!("{}\n", uses(&label_types, true));
    }
    if code.module != code.table {
        let _ = writeln!(text, "    #[sql_name = {:?}]", code.table);
    }
    let _ = writeln!(text, "    {} ({}) {{", code.module, code.key.join(", "));
    for column in &code.columns {
        let _ = writeln!(text, "        {},", self::column(column, "        "));
    }
    text += "    }\n}\n\n";
    let _ = writeln!(text, "{MARK}{}", code.module);
    text += "#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]\n";
    let backend = code.backend.map(|backend| format!(", check_for_backend({backend})")).unwrap_or_default();
    let _ = writeln!(text, "#[diesel(table_name = {}{backend})]", code.module);
    for set in &code.unique {
        let _ = writeln!(text, "#[entity(unique({}))]", set.join(", "));
    }
    for key in &code.foreign_keys {
        let _ = writeln!(text, "#[entity({})]", key.words());
    }
    let _ = writeln!(text, "pub struct {} {{", code.row);
    for column in &code.columns {
        let _ = writeln!(text, "    {},", field(column, "    "));
    }
    text + "}\n"
}

/// The enums that the columns of a table have types of.
pub(super) fn label_types(code: &TableCode) -> Vec<String> {
    let mut names: Vec<String> = code.columns.iter().filter_map(|column| column.label_type.clone()).collect();
    names.sort();
    names.dedup();
    names
}

/// The imports of a `table!`, which takes Diesel's own types in by itself if there are none.
pub(super) fn uses(label_types: &[String], first: bool) -> String {
    let mut text = String::new();
    if first {
        text += "    use diesel::sql_types::*;\n";
    }
    for name in label_types {
        let _ = writeln!(text, "    use super::sql_types::{name};");
    }
    text
}

/// A column in `table!`, without the comma; `indent` begins a further line.
pub(super) fn column(code: &ColumnCode, indent: &str) -> String {
    let name =
        if code.name == code.column { String::new() } else { format!("#[sql_name = {:?}]\n{indent}", code.column) };
    format!("{name}{} -> {}", code.name, code.sql)
}

/// A field, without the comma.
pub(super) fn field(code: &ColumnCode, indent: &str) -> String {
    let attribute = code.attribute.as_ref().map(|words| format!("#[entity({words})]\n{indent}")).unwrap_or_default();
    format!("{attribute}pub {}: {}", code.name, code.rust)
}

/// `database_enum!`.
pub(super) fn label_type(code: &EnumCode) -> String {
    let mut text = format!(
        "diesel_session::database_enum! {{\n    #[diesel(sql_type = sql_types::{})]\n    #[named = {:?}]\n",
        code.sql_type,
        code.postgres.replace('_', " ")
    );
    let is_pascal = |label: &String| label.starts_with(char::is_uppercase) && !label.contains('_');
    if !code.labels.iter().all(is_pascal) {
        text += "    #[allow(non_camel_case_types, reason = \"the labels in the database\")]\n";
    }
    let _ = writeln!(text, "    pub enum {} {{", code.name);
    for label in &code.labels {
        let _ = writeln!(text, "        {label},");
    }
    text + "    }\n}\n"
}

/// The marker of an enum's SQL type.
pub(super) fn sql_type(code: &EnumCode) -> String {
    format!(
        "    #[derive(Debug, Clone, Copy, Default, diesel::sql_types::SqlType, diesel::query_builder::QueryId)]\n    \
         #[diesel(sqlite_type(name = \"Text\"), postgres_type(name = {:?}), mysql_type(name = \"Enum\"))]\n    \
         pub struct {};\n",
        code.postgres, code.sql_type
    )
}

/// The arguments of `allow_tables_to_appear_in_same_query!`.
pub(super) fn together(tables: &[String]) -> String {
    let line = tables.join(", ");
    let written = "diesel::allow_tables_to_appear_in_same_query!(,);".len();
    if line.len() + written <= WIDTH { format!("{line},") } else { format!("\n    {},\n", tables.join(",\n    ")) }
}

/// A comment about a table, on one line whatever its name contains.
pub(super) fn comment(table: &str, remark: &str) -> String {
    let line = format!("// {table}: {remark}");
    let line: String = line.chars().map(|character| if character.is_control() { ' ' } else { character }).collect();
    line + "\n"
}
