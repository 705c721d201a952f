//! The text of a Mermaid diagram.

use std::fmt::Write as _;

use super::relation::{Relation, is_optional, marks, relations};
use crate::schema::{Column, Schema, Table};

pub(super) fn write(schema: &Schema) -> String {
    let mut diagram = "erDiagram\n".to_owned();
    for table in &schema.tables {
        let _ = writeln!(diagram, "    {} {{", name(&table.name));
        for column in &table.columns {
            diagram += &attribute(table, column);
        }
        diagram += "    }\n";
    }
    for relation in relations(schema) {
        diagram += &line(&relation);
    }
    diagram
}

/// A column: its type, name, marks, and a remark of what these cannot tell.
fn attribute(table: &Table, column: &Column) -> String {
    let sql_type = if column.sql_type.is_empty() { "any" } else { &column.sql_type };
    // The labels of an enum are too long for a word.
    let type_word = word(sql_type.split_once("('").map_or(sql_type, |(name, _)| name));
    let name_word = word(&column.name);
    let mut remarks = Vec::new();
    if name_word != column.name {
        remarks.push(text(&column.name));
    }
    if type_word != sql_type.replace(' ', "_") {
        remarks.push(text(sql_type));
    }
    if is_optional(table, column) {
        remarks.push("null".to_owned());
    }
    let marks = marks(table, &column.name).join(", ");
    let marks = if marks.is_empty() { marks } else { format!(" {marks}") };
    let remark = if remarks.is_empty() { String::new() } else { format!(" \"{}\"", remarks.join("; ")) };
    format!("        {type_word} {name_word}{marks}{remark}\n")
}

fn line(relation: &Relation<'_>) -> String {
    let parent = if relation.optional { "|o" } else { "||" };
    let child = if relation.single { "o|" } else { "o{" };
    let dash = if relation.identifying { "--" } else { ".." };
    let (one, other) = (name(&relation.key.table), name(&relation.child.name));
    format!("    {one} {parent}{dash}{child} {other} : \"{}\"\n", text(&relation.key.columns.join(", ")))
}

/// A name of a table: as it is if it is a word, otherwise in quotes. Mermaid takes a few words for marks of relations.
fn name(table: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let starts = table.starts_with(|first: char| first.is_ascii_alphabetic());
    let taken =
        ["one", "zero", "many", "only", "to", "optionally", "u", "title", "direction", "style", "class", "classDef"];
    if starts && table.chars().all(plain) && !taken.contains(&table) {
        table.to_owned()
    } else {
        format!("\"{}\"", text(table))
    }
}

/// Letters, digits, `_`, `-`, parentheses and brackets, which are all that a word of a column may contain.
fn word(text: &str) -> String {
    let allowed =
        |character: char| character.is_alphanumeric() && u32::from(character) <= 0xFFFF || "_-()[]".contains(character);
    let mut word = String::new();
    for character in text.chars() {
        // Several that are not allowed are one `_`.
        if allowed(character) {
            word.push(character);
        } else if !word.ends_with('_') {
            word.push('_');
        }
    }
    let starts = word.starts_with(|first: char| first.is_alphabetic() || first == '_');
    if starts { word } else { format!("_{word}") }
}

/// A text in quotes: characters that Mermaid or HTML would take as its own are written by their numbers.
fn text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '"' | '#' | '%' | '&' | ';' | '<' | '>' | '\\' | '`') {
            let _ = write!(escaped, "#{};", u32::from(character));
        } else {
            escaped.push(if character.is_control() { ' ' } else { character });
        }
    }
    escaped
}
