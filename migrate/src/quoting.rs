//! Names and texts as an engine's SQL, whatever they contain.

use diesel_session::connection::Engine;

/// The name, quoted.
pub(crate) fn quoted(engine: Engine, name: &str) -> String {
    match engine {
        Engine::Sqlite | Engine::Postgres => format!("\"{}\"", name.replace('"', "\"\"")),
        Engine::Mysql => format!("`{}`", name.replace('`', "``")),
    }
}

/// The text as a string literal.
pub(crate) fn literal(engine: Engine, text: &str) -> String {
    let doubled = text.replace('\'', "''");
    match engine {
        Engine::Sqlite | Engine::Postgres => format!("'{doubled}'"),
        Engine::Mysql => format!("'{}'", doubled.replace('\\', "\\\\")),
    }
}
