//! When two pieces of SQL are the same: the engine's own text, or a script's, apart from its layout.

use diesel_session::connection::Engine;

use crate::tokens::{Token, is_word, tokens};

/// The text with single spaces, without comments and without the quotes around names; on MySQL without the character
/// sets before strings, which are those of the connection that created the table.
pub(super) fn normal(sql: &str, engine: Engine) -> String {
    let mut normal = Vec::new();
    let mut all = tokens(sql, engine).peekable();
    while let Some((token, range)) = all.next() {
        let text = match token {
            Token::Word(word) if engine == Engine::Mysql && word.starts_with('_') => {
                let before_string = all.peek().is_some_and(|(_, next)| sql[next.clone()].starts_with('\''));
                if before_string {
                    continue;
                }
                word
            }
            Token::Word(word) | Token::Quoted(word) => word,
            _ => &sql[range],
        };
        normal.push(text);
    }
    normal.join(" ")
}

/// What an index is on, without its name.
pub(super) fn index(sql: &str, engine: Engine) -> String {
    let on = tokens(sql, engine).find(|(token, _)| is_word(*token, "ON"));
    normal(on.map_or(sql, |(_, range)| &sql[range.start..]), engine)
}

/// A type's name. SQLite's are compared without regard to case, as it compares them itself.
pub(super) fn sql_type(name: &str, engine: Engine) -> String {
    match engine {
        Engine::Sqlite => normal(name, engine).to_ascii_lowercase(),
        Engine::Postgres | Engine::Mysql => name.to_owned(),
    }
}
