//! Names in SQL: which are of one column, what an expression mentions, and the labels that a check lists.

use diesel_session::connection::Engine;

use crate::tokens::{Token, tokens};

/// Whether two names are those of one column.
pub(super) fn is_same_column(engine: Engine, one: &str, other: &str) -> bool {
    match engine {
        Engine::Postgres => one == other,
        Engine::Sqlite | Engine::Mysql => one.eq_ignore_ascii_case(other),
    }
}

pub(super) fn is_same_set(engine: Engine, one: &[&str], other: &[&str]) -> bool {
    let has = |set: &[&str], name: &str| set.iter().any(|own| is_same_column(engine, own, name));
    one.len() == other.len() && one.iter().all(|name| has(other, name))
}

/// One column or several of a table: `books.shelf_id`, `books.(room, shelf)`.
pub(super) fn named(table: &str, columns: &[String]) -> String {
    match columns {
        [one] => format!("{table}.{one}"),
        several => format!("{table}.({})", several.join(", ")),
    }
}

/// Whether a piece of SQL contains a name of which this is true.
pub(super) fn mentions(engine: Engine, sql: &str, is_it: impl Fn(&str) -> bool) -> bool {
    tokens(sql, engine).any(|(token, _)| matches!(token, Token::Word(name) | Token::Quoted(name) if is_it(name)))
}

/// The labels that a check lets a column have, if that is all that it says.
pub(super) fn checked_labels(engine: Engine, column: &str, expression: &str) -> Option<Vec<String>> {
    const OTHERS: [&str; 8] = ["IN", "ANY", "ARRAY", "text", "character", "varying", "bpchar", "_utf8mb4"];
    let mut labels = Vec::new();
    let (mut named, mut listed) = (false, false);
    for (token, range) in tokens(expression, engine) {
        match token {
            Token::Word(name) | Token::Quoted(name) if is_same_column(engine, name, column) => named = true,
            Token::Word(word) if OTHERS.iter().any(|other| other.eq_ignore_ascii_case(word)) => {
                listed |= word.eq_ignore_ascii_case("IN") || word.eq_ignore_ascii_case("ANY");
            }
            Token::Word(_) | Token::Quoted(_) => return None,
            _ => {
                let text = &expression[range];
                if let Some(inner) = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
                    labels.push(inner.replace("''", "'"));
                }
            }
        }
    }
    (named && listed && !labels.is_empty()).then_some(labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_labels_of_a_check_are_read_as_each_engine_writes_it() {
        for (engine, expression) in [
            (Engine::Sqlite, "\"level\" IN ('Junior', 'Senior')"),
            (
                Engine::Postgres,
                "((level)::text = ANY ((ARRAY['Junior'::character varying, 'Senior'::character varying])::text[]))",
            ),
            (Engine::Mysql, "(`level` in (_utf8mb4'Junior',_utf8mb4'Senior'))"),
        ] {
            assert_eq!(checked_labels(engine, "level", expression).unwrap(), ["Junior", "Senior"], "{engine}");
        }
        assert_eq!(checked_labels(Engine::Sqlite, "level", "level IN ('a') AND rank IN ('b')"), None);
        assert_eq!(checked_labels(Engine::Sqlite, "level", "level <> 'a'"), None);
    }
}
