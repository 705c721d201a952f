//! Restrictions and orders that the listings of all tables share.

use crate::types::Timestamp;

diesel::define_sql_function! {
    /// The text in lower case, by the database's rules.
    fn lower(text: diesel::sql_types::Text) -> diesel::sql_types::Text;
}

/// The character that [`containing`] escapes with. A backslash would itself need escaping on MySQL.
pub(super) const ESCAPE: char = '!';

/// Restrictions that every listing knows; a field that is `None` does not restrict it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Criteria {
    /// Rows whose names or descriptions contain this text, in any letter case.
    pub like: Option<String>,
    /// Rows that last changed at this time or later.
    pub since: Option<Timestamp>,
    /// Rows that last changed before this time.
    pub updated_before: Option<Timestamp>,
}

/// The pattern of LIKE for a text that contains this one, whatever characters it has.
pub(super) fn containing(text: &str) -> String {
    let mut pattern = String::from("%");
    for character in text.chars() {
        if matches!(character, '%' | '_' | ESCAPE) {
            pattern.push(ESCAPE);
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

/// Restricts a boxed query by the times of [`Criteria`]; `$table` has a column `updated_at`.
macro_rules! changed_within {
    ($query:ident, $table:ident, $criteria:expr) => {
        if let Some(since) = $criteria.since {
            $query = $query.filter($table::updated_at.ge(since));
        }
        if let Some(before) = $criteria.updated_before {
            $query = $query.filter($table::updated_at.lt(before));
        }
    };
}
pub(super) use changed_within;

/// Defines what the rows of a listing can be sorted by, and how a boxed query is. Rows without the value come last, and
/// rows with the same value in the order of their ids.
macro_rules! sort_keys {
    (
        $(#[$meta:meta])*
        $name:ident($query:ident by $id:path) {
            $($(#[$doc:meta])* $key:ident $label:literal => $column:path,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$doc])* $key,)*
        }

        impl $name {
            /// All keys.
            pub const ALL: &'static [Self] = &[$(Self::$key),*];

            /// What the listings call the key.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$key => $label,)*
                }
            }

            /// The query in this order.
            fn sort<'q>(self, descending: bool, query: $query<'q>) -> $query<'q> {
                match (self, descending) {
                    $(
                        (Self::$key, false) => query.order(($column.is_null(), $column.asc(), $id)),
                        (Self::$key, true) => query.order(($column.is_null(), $column.desc(), $id)),
                    )*
                }
            }
        }
    };
}
pub(super) use sort_keys;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_takes_every_character_for_itself() {
        assert_eq!(containing("Ru_st 100%!"), "%Ru!_st 100!%!!%");
        assert_eq!(containing(""), "%%");
    }
}
