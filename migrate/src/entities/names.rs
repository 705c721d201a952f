//! Rust's names for tables, columns and enums.

use std::collections::BTreeSet;

/// What `table!` has names of its own for, beside Rust's keywords.
const TAKEN_COLUMNS: [&str; 9] =
    ["all_columns", "columns", "dsl", "is_nullable", "sql_types", "star", "table", "BoxedQuery", "SqlType"];

/// What the generated code names itself.
const TAKEN_TYPES: [&str; 10] =
    ["Box", "Entity", "HasQuery", "Id", "Option", "Result", "Self", "String", "Timestamp", "Vec"];

/// A column or a table as an identifier: with `_` in place of what an identifier cannot contain, and after a word that
/// is taken; `None` if nothing readable is left.
pub(super) fn identifier(name: &str) -> Option<String> {
    let mut made: String = name.chars().map(|other| if other.is_alphanumeric() { other } else { '_' }).collect();
    if made.starts_with(|first: char| first.is_numeric()) {
        made.insert(0, '_');
    }
    if TAKEN_COLUMNS.contains(&made.as_str()) || syn::parse_str::<syn::Ident>(&made).is_err() {
        made.push('_');
    }
    let readable = made.contains(char::is_alphanumeric) && syn::parse_str::<syn::Ident>(&made).is_ok();
    readable.then_some(made)
}

/// The names of structs and enums in one file.
pub(super) struct Types(BTreeSet<String>);

impl Types {
    /// Beside these, which the file has already.
    pub(super) fn beside(taken: impl IntoIterator<Item = String>) -> Self {
        Self(TAKEN_TYPES.iter().map(|name| (*name).to_owned()).chain(taken).collect())
    }

    /// A name for a row of the table: `Order` of `orders`; its `New…` is taken with it. `None` if nothing is left.
    pub(super) fn row(&mut self, table: &str) -> Option<String> {
        let singular = pascal(&singular(table));
        [singular.clone(), pascal(table), format!("{singular}Row")].into_iter().find(|name| {
            let new = format!("New{name}");
            let free = syn::parse_str::<syn::Ident>(name).is_ok() && !self.0.contains(name) && !self.0.contains(&new);
            if free {
                self.0.extend([name.clone(), new]);
            }
            free
        })
    }

    /// A name for an enum.
    pub(super) fn label_type(&mut self, words: &str) -> Option<String> {
        let name = pascal(words);
        [name.clone(), format!("{name}Label")]
            .into_iter()
            .find(|name| syn::parse_str::<syn::Ident>(name).is_ok() && self.0.insert(name.clone()))
    }
}

/// `order_items` as `OrderItems`.
fn pascal(name: &str) -> String {
    let mut made = String::new();
    for word in name.split(|separator: char| !separator.is_alphanumeric()) {
        let mut characters = word.chars();
        if let Some(first) = characters.next() {
            made.extend(first.to_uppercase());
            // A name in capitals throughout is one word.
            let shouts = word.chars().all(|other| !other.is_lowercase());
            made.extend(characters.flat_map(|other| if shouts { other.to_lowercase().collect() } else { vec![other] }));
        }
    }
    made
}

/// `OrderItem_Kind` as `order_item_kind`.
pub(super) fn snake(name: &str) -> String {
    let mut made = String::new();
    for character in name.chars() {
        if character.is_uppercase() && !made.is_empty() && !made.ends_with('_') {
            made.push('_');
        }
        made.extend(character.to_lowercase());
    }
    made
}

/// The singular of an English plural, by its end; any other word as it is.
pub(super) fn singular(plural: &str) -> String {
    let ends = [
        ("ies", "y"),
        ("elves", "elf"),
        ("sses", "ss"),
        ("shes", "sh"),
        ("ches", "ch"),
        ("xes", "x"),
        ("tuses", "tus"),
        ("nuses", "nus"),
        ("ruses", "rus"),
        ("caches", "cache"),
        ("ss", "ss"),
    ];
    let kept = ["us", "is", "news", "series", "species"];
    if kept.iter().any(|end| plural.ends_with(end)) {
        return plural.to_owned();
    }
    let long_enough = |end: &str| plural.len() > end.len() + 1;
    match ends.iter().find(|(end, _)| plural.ends_with(end) && long_enough(end)) {
        Some((end, one)) => format!("{}{one}", &plural[..plural.len() - end.len()]),
        None => plural.strip_suffix('s').filter(|one| !one.is_empty()).unwrap_or(plural).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_no_identifier_becomes_one() {
        let cases = [
            ("id", "id"),
            ("type", "type_"),
            ("table", "table_"),
            ("unit price", "unit_price"),
            ("2nd", "_2nd"),
            ("größe", "größe"),
        ];
        for (name, identifier) in cases {
            assert_eq!(self::identifier(name).as_deref(), Some(identifier));
        }
        assert_eq!((identifier("?!"), identifier("")), (None, None));
    }

    #[test]
    fn a_row_is_named_by_the_singular_of_its_table() {
        let mut types = Types::beside(["Label".to_owned()]);
        for (table, name) in [
            ("users", Some("User")),
            ("order_items", Some("OrderItem")),
            ("categories", Some("Category")),
            ("shelves", Some("Shelf")),
            ("houses", Some("House")),
            ("addresses", Some("Address")),
            ("boxes", Some("Boxes")),
            ("statuses", Some("Status")),
            ("series", Some("Series")),
            ("user", Some("UserRow")),
            ("new_users", Some("NewUsers")),
            ("label", Some("LabelRow")),
            ("AUDIT_LOG", Some("AuditLog")),
        ] {
            assert_eq!(types.row(table).as_deref(), name, "{table}");
        }
    }
}
