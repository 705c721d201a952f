//! Changes of type that need no copy of the table: a longer text, a more precise number, a further label.

use diesel_session::connection::Engine;

/// A type as written, taken apart: its name, the numbers in its parentheses, and what follows.
#[derive(PartialEq, Eq)]
struct Kind {
    base: String,
    inside: Option<String>,
    rest: String,
}

impl Kind {
    fn of(written: &str) -> Self {
        let text = written.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
        let (base, inside, rest) = match text.split_once('(') {
            Some((base, rest)) => {
                let (inside, rest) = rest.split_once(')').unwrap_or((rest, ""));
                (base, Some(inside.replace(' ', "")), rest.trim())
            }
            None => (text.as_str(), None, ""),
        };
        let base = match base.trim() {
            "character varying" | "char varying" => "varchar",
            "decimal" => "numeric",
            "integer" | "int4" => "int",
            "int8" => "bigint",
            "boolean" => "bool",
            "timestamp without time zone" => "timestamp",
            "timestamp with time zone" => "timestamptz",
            other => other,
        };
        let rest = match (base, rest) {
            ("timestamp", "with time zone") => {
                return Self { base: "timestamptz".to_owned(), inside, rest: String::new() };
            }
            ("timestamp", "without time zone") => "",
            (_, rest) => rest,
        };
        Self { base: base.to_owned(), inside, rest: rest.to_owned() }
    }

    fn numbers(&self) -> Vec<u64> {
        let inside = self.inside.as_deref().unwrap_or_default();
        inside.split(',').filter_map(|number| number.parse().ok()).collect()
    }
}

/// Whether the type changes in a way that copies the table. A type that is not known may.
pub(super) fn copies(engine: Engine, from: Option<&str>, to: &str) -> bool {
    let Some(from) = from else { return true };
    let (from, to) = (Kind::of(from), Kind::of(to));
    if from == to {
        return false;
    }
    match engine {
        Engine::Sqlite => false,
        Engine::Postgres => !widens_on_postgres(&from, &to),
        Engine::Mysql => !widens_on_mysql(&from, &to),
    }
}

fn widens_on_postgres(from: &Kind, to: &Kind) -> bool {
    let texts = ["text", "varchar"];
    let (old, new) = (from.numbers(), to.numbers());
    match (from.base.as_str(), to.base.as_str()) {
        (one, other) if texts.contains(&one) && texts.contains(&other) => match (&old[..], &new[..]) {
            (_, []) => true,
            ([old], [new]) => new >= old,
            _ => false,
        },
        ("citext", "text") => true,
        ("numeric", "numeric") => match (&old[..], &new[..]) {
            (_, []) => true,
            ([old, scale], [new, new_scale]) => new >= old && scale == new_scale,
            ([old], [new]) => new >= old,
            _ => false,
        },
        ("timestamp", "timestamp") | ("timestamptz", "timestamptz") => match (&old[..], &new[..]) {
            (_, []) => true,
            ([old], [new]) => new >= old,
            _ => false,
        },
        _ => false,
    }
}

fn widens_on_mysql(from: &Kind, to: &Kind) -> bool {
    // A text of up to 63 characters of four bytes has its length in one byte, a longer one in two.
    const ONE_BYTE: u64 = 63;
    if from.base != to.base || from.rest != to.rest {
        return false;
    }
    match (from.base.as_str(), &from.numbers()[..], &to.numbers()[..]) {
        ("varchar", [old], [new]) => new >= old && (*new <= ONE_BYTE || *old > ONE_BYTE),
        ("enum" | "set", ..) => match (&from.inside, &to.inside) {
            (Some(old), Some(new)) => new.starts_with(&format!("{old},")),
            _ => false,
        },
        _ => false,
    }
}
