//! The SELECT of a search in one table, in each engine's own words.

use super::words::{Term, Words};
use crate::connection::Engine;

/// A table's texts, as its index has them.
pub(super) struct Indexed {
    pub(super) table: &'static str,
    /// The column of the person that a row belongs to.
    pub(super) user: &'static str,
    /// PostgreSQL's expression for the short text that names a row, and for the others.
    pub(super) name: &'static str,
    pub(super) others: &'static str,
}

/// A SELECT of `id` and `score`, the best first, and the texts that it takes. The places of two numbers follow them: the
/// person, if the rows are those of one, and how many rows.
pub(super) fn statement(engine: Engine, indexed: &Indexed, words: &Words, of_one: bool) -> (String, Vec<String>) {
    match engine {
        Engine::Postgres => postgres(indexed, words, of_one),
        Engine::Mysql => mysql(indexed, words, of_one),
        _ => sqlite(indexed, words, of_one),
    }
}

fn sqlite(Indexed { table, user, .. }: &Indexed, words: &Words, of_one: bool) -> (String, Vec<String>) {
    // FTS5's syntax: words in quotes are never its operators.
    let written = |term: &Term| format!("\"{}\"{}", term.words.join(" "), if term.prefix { "*" } else { "" });
    let mut query = words.present.iter().map(written).collect::<Vec<_>>().join(" AND ");
    if !words.absent.is_empty() {
        let absent = words.absent.iter().map(written).collect::<Vec<_>>().join(" OR ");
        query = format!("({query}) NOT ({absent})");
    }
    let of_one = if of_one { format!(" AND {table}.{user} = ?") } else { String::new() };
    // The first column names a row, and counts most.
    let sql = format!(
        "SELECT {table}.id, -bm25({table}_words, 5.0) AS score FROM {table}_words \
         JOIN {table} ON {table}.id = {table}_words.rowid \
         WHERE {table}_words MATCH ?{of_one} ORDER BY score DESC, {table}.id LIMIT ?"
    );
    (sql, vec![query])
}

fn postgres(Indexed { table, user, name, others }: &Indexed, words: &Words, of_one: bool) -> (String, Vec<String>) {
    let written = |term: &Term| {
        let (last, before) = term.words.split_last().map_or(("", &[][..]), |(last, before)| (last.as_str(), before));
        let before: String = before.iter().map(|word| format!("'{word}' <-> ")).collect();
        format!("({before}'{last}'{})", if term.prefix { ":*" } else { "" })
    };
    let present = words.present.iter().map(written);
    let absent = words.absent.iter().map(|term| format!("!{}", written(term)));
    let query = present.chain(absent).collect::<Vec<_>>().join(" & ");
    // The index is of this expression.
    let words = format!(
        "(setweight(to_tsvector('simple', regexp_replace({name}, '[!-/:-@[-`{{-~]+', ' ', 'g')), 'A') \
         || to_tsvector('simple', regexp_replace(left({others}, 200000), '[!-/:-@[-`{{-~]+', ' ', 'g')))"
    );
    let (of_one, limit) = if of_one { (format!(" AND {user} = $2"), "$3") } else { (String::new(), "$2") };
    let sql = format!(
        "SELECT id, ts_rank({words}, query)::float8 AS score FROM {table}, to_tsquery('simple', $1) AS query \
         WHERE {words} @@ query{of_one} ORDER BY score DESC, id LIMIT {limit}"
    );
    (sql, vec![query])
}

fn mysql(Indexed { table, user, .. }: &Indexed, words: &Words, of_one: bool) -> (String, Vec<String>) {
    let written = |term: &Term| match term.words.as_slice() {
        [word] if is_indexed(word) => Some(format!("{word}{}", if term.prefix { "*" } else { "" })),
        all if !term.prefix && all.iter().all(|word| is_indexed(word)) => Some(format!("\"{}\"", all.join(" "))),
        _ => None,
    };
    // What the index leaves out is looked for in the texts.
    let mut conditions = String::new();
    let mut patterns = Vec::new();
    let (mut present, mut absent) = (Vec::new(), Vec::new());
    let mut sorted = |indexed: &mut Vec<String>, not: &str, term: &Term| match written(term) {
        Some(written) => indexed.push(written),
        None => {
            conditions.push_str(&format!(" AND words {not}REGEXP ?"));
            patterns.push(pattern(term));
        }
    };
    words.present.iter().for_each(|term| sorted(&mut present, "", term));
    words.absent.iter().for_each(|term| sorted(&mut absent, "NOT ", term));
    const MATCH: &str = "MATCH (words) AGAINST (? IN BOOLEAN MODE)";
    let mut texts = Vec::new();
    let score = if present.is_empty() {
        // Nothing that the index knows is looked for, so there are no ranks, and nothing to take the absent ones from.
        if !absent.is_empty() {
            conditions.push_str(&format!(" AND NOT {MATCH}"));
            patterns.push(absent.join(" "));
        }
        "0.0E0"
    } else {
        let signed = |sign: char, terms: Vec<String>| terms.into_iter().map(move |term| format!("{sign}{term}"));
        let query = signed('+', present).chain(signed('-', absent)).collect::<Vec<_>>().join(" ");
        conditions.insert_str(0, &format!(" AND {MATCH}"));
        texts = vec![query.clone(), query];
        MATCH
    };
    if of_one {
        conditions.push_str(&format!(" AND {user} = ?"));
    }
    let sql =
        format!("SELECT id, {score} AS score FROM {table} WHERE TRUE{conditions} ORDER BY score DESC, id LIMIT ?");
    texts.append(&mut patterns);
    (sql, texts)
}

/// The regular expression of a term, without what MySQL and MariaDB read differently.
fn pattern(term: &Term) -> String {
    const MARK: &str = r"[^\p{L}\p{N}]";
    let words = term.words.join(&format!("{MARK}+"));
    let end = if term.prefix { String::new() } else { format!("({MARK}|$)") };
    format!("(^|{MARK}){words}{end}")
}

/// Whether InnoDB's index has a word: by default, it leaves out the short, the long and the most common.
fn is_indexed(word: &str) -> bool {
    /// Those of `information_schema.innodb_ft_default_stopword` that are long enough.
    const COMMON: [&str; 18] = [
        "about", "are", "com", "for", "from", "how", "that", "the", "this", "was", "what", "when", "where", "who",
        "will", "with", "und", "www",
    ];
    (3..=84).contains(&word.chars().count()) && !COMMON.contains(&word)
}
