//! What SQLite's pragmas leave out, taken from the statements that it keeps: checks, collations, the expressions of
//! generated columns, and which foreign keys are deferred.

use diesel_session::connection::Engine;

use super::model::{Check, Deferrable};
use crate::tokens::{Token, is_one_of, is_word, tokens};

/// What begins a constraint of the table, and no column.
const CONSTRAINTS: [&str; 5] = ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"];

/// What the statement of a table says beyond the pragmas.
#[derive(Debug, Default)]
pub(super) struct TableText {
    columns: Vec<(String, ColumnText)>,
    pub(super) checks: Vec<Check>,
    foreign_keys: Vec<ForeignKeyText>,
}

/// What the statement says of a column beyond the pragmas.
#[derive(Debug, Clone, Default)]
pub(super) struct ColumnText {
    pub(super) collation: Option<String>,
    pub(super) expression: String,
    pub(super) auto_increment: bool,
    /// `PRIMARY KEY DESC`, which makes no alias of the row's number.
    pub(super) descending_key: bool,
}

#[derive(Debug)]
struct ForeignKeyText {
    columns: Vec<String>,
    name: Option<String>,
    deferrable: Deferrable,
}

impl TableText {
    pub(super) fn column(&self, name: &str) -> ColumnText {
        let found = self.columns.iter().find(|(column, _)| column.eq_ignore_ascii_case(name));
        found.map(|(_, text)| text.clone()).unwrap_or_default()
    }

    /// The name and the deferral of the foreign key on these columns.
    pub(super) fn foreign_key(&self, columns: &[String]) -> (Option<String>, Deferrable) {
        let is_on = |own: &[String]| {
            own.len() == columns.len() && own.iter().zip(columns).all(|(one, other)| one.eq_ignore_ascii_case(other))
        };
        let found = self.foreign_keys.iter().find(|key| is_on(&key.columns));
        found.map(|key| (key.name.clone(), key.deferrable)).unwrap_or_default()
    }
}

/// Reads the statement that creates a table.
pub(super) fn parse(sql: &str) -> TableText {
    let mut text = TableText::default();
    let mut items = vec![Vec::new()];
    let mut depth = 0;
    for (token, range) in tokens(sql, Engine::Sqlite) {
        match token {
            Token::Open => depth += 1,
            Token::Close => depth -= 1,
            _ => {}
        }
        match (depth, token) {
            (0, Token::Close) => break,
            (0, _) | (1, Token::Open) if items == [vec![]] => {}
            (1, Token::Other) if &sql[range.clone()] == "," => items.push(Vec::new()),
            _ => {
                if let Some(item) = items.last_mut() {
                    item.push((token, range));
                }
            }
        }
    }
    for tokens in items {
        Item { sql, tokens, at: 0 }.read(&mut text);
    }
    text
}

/// What follows USING in the statement of a virtual table.
pub(super) fn module(sql: &str) -> &str {
    let using = tokens(sql, Engine::Sqlite).find(|(token, _)| is_word(*token, "USING"));
    using.map_or("", |(_, range)| &sql[range.start..])
}

/// The condition of a partial index.
pub(super) fn predicate(sql: &str) -> Option<String> {
    let mut depth = 0;
    for (token, range) in tokens(sql, Engine::Sqlite) {
        match token {
            Token::Open => depth += 1,
            Token::Close => depth -= 1,
            token if depth == 0 && is_word(token, "WHERE") => return Some(sql[range.end..].trim().to_owned()),
            _ => {}
        }
    }
    None
}

/// A column or a constraint in the statement of a table.
struct Item<'s> {
    sql: &'s str,
    tokens: Vec<(Token<'s>, std::ops::Range<usize>)>,
    at: usize,
}

impl<'s> Item<'s> {
    fn next(&mut self) -> Option<Token<'s>> {
        let next = self.tokens.get(self.at).map(|(token, _)| *token);
        self.at += 1;
        next
    }

    fn peek(&self) -> Option<Token<'s>> {
        self.tokens.get(self.at).map(|(token, _)| *token)
    }

    /// The next name, if one follows.
    fn name(&mut self) -> Option<String> {
        match self.peek() {
            Some(Token::Word(name) | Token::Quoted(name)) => {
                self.at += 1;
                Some(name.to_owned())
            }
            _ => None,
        }
    }

    /// The tokens and the text inside the parentheses that follow, if any do.
    fn group(&mut self) -> Option<(Vec<Token<'s>>, &'s str)> {
        if self.peek() != Some(Token::Open) {
            return None;
        }
        let first = self.at;
        let mut depth = 0;
        while let Some(token) = self.next() {
            match token {
                Token::Open => depth += 1,
                Token::Close => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
        let inside = self.tokens.get(first + 1..self.at.checked_sub(1)?)?;
        let text = match (inside.first(), inside.last()) {
            (Some((_, first)), Some((_, last))) => &self.sql[first.start..last.end],
            _ => "",
        };
        Some((inside.iter().map(|(token, _)| *token).collect(), text))
    }

    fn read(mut self, text: &mut TableText) {
        let of_table = self.peek().is_some_and(|token| is_one_of(token, &CONSTRAINTS));
        let column = if of_table { None } else { self.name() };
        let mut own = ColumnText::default();
        let (mut name, mut referring, mut negated) = (None, Vec::new(), false);
        while let Some(token) = self.next() {
            let Token::Word(word) = token else { continue };
            let was_negated = std::mem::take(&mut negated);
            match &*word.to_ascii_uppercase() {
                "CONSTRAINT" => name = self.name(),
                "CHECK" => {
                    if let Some((_, expression)) = self.group() {
                        let expression = expression.to_owned();
                        text.checks.push(Check { name: name.take(), expression, column: None });
                    }
                }
                "COLLATE" => own.collation = self.name(),
                "AUTOINCREMENT" => own.auto_increment = true,
                "DESC" => own.descending_key = true,
                "AS" => own.expression = self.group().map(|(_, text)| text.to_owned()).unwrap_or_default(),
                "FOREIGN" => {
                    self.next();
                    let names = self.group().map(|(tokens, _)| tokens).unwrap_or_default().into_iter();
                    let names = names.filter_map(|token| match token {
                        Token::Word(name) | Token::Quoted(name) => Some(name.to_owned()),
                        _ => None,
                    });
                    referring = names.collect();
                }
                "REFERENCES" => {
                    let columns = column.clone().map_or_else(|| std::mem::take(&mut referring), |column| vec![column]);
                    let deferrable = Deferrable::No;
                    text.foreign_keys.push(ForeignKeyText { columns, name: name.take(), deferrable });
                }
                "NOT" => negated = true,
                "DEFERRABLE" if !was_negated => {
                    let deferred = self.peek().is_some_and(|token| is_word(token, "INITIALLY"))
                        && self.tokens.get(self.at + 1).is_some_and(|(token, _)| is_word(*token, "DEFERRED"));
                    if let Some(key) = text.foreign_keys.last_mut() {
                        key.deferrable = if deferred { Deferrable::Deferred } else { Deferrable::Immediate };
                    }
                }
                _ => {}
            }
        }
        if let Some(column) = column {
            text.columns.push((column, own));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_pragmas_leave_out_is_read_from_the_statement() {
        let text = parse(
            "CREATE TABLE \"a, (b\" (\n\
             id INTEGER PRIMARY KEY AUTOINCREMENT, -- a, comment (\n\
             name TEXT COLLATE NOCASE NOT NULL CONSTRAINT short CHECK (length(name) < 10),\n\
             half INT GENERATED ALWAYS AS (id / (1 + 1)) STORED,\n\
             b_id INT CONSTRAINT to_b REFERENCES b (id) DEFERRABLE INITIALLY DEFERRED,\n\
             c_id INT REFERENCES c ON DELETE SET NULL NOT DEFERRABLE,\n\
             size DECIMAL(10, 2) DEFAULT (1 + (2)) CHECK(size > 0),\n\
             CHECK (name IN ('a, (', 'b')),\n\
             CONSTRAINT pair FOREIGN KEY (\"id\", size) REFERENCES d (e, f) DEFERRABLE\n\
             ) STRICT",
        );
        let checks: Vec<_> = text.checks.iter().map(|check| (check.name.as_deref(), &*check.expression)).collect();
        let expected = [(Some("short"), "length(name) < 10"), (None, "size > 0"), (None, "name IN ('a, (', 'b')")];
        assert_eq!(checks, expected);
        assert!(text.column("ID").auto_increment);
        assert_eq!(text.column("name").collation.as_deref(), Some("NOCASE"));
        assert_eq!(text.column("half").expression, "id / (1 + 1)");
        assert_eq!(text.columns.len(), 6);
        let key = |columns: &[&str]| text.foreign_key(&columns.iter().map(|&name| name.to_owned()).collect::<Vec<_>>());
        assert_eq!(key(&["b_id"]), (Some("to_b".to_owned()), Deferrable::Deferred));
        assert_eq!(key(&["c_id"]), (None, Deferrable::No));
        assert_eq!(key(&["id", "size"]), (Some("pair".to_owned()), Deferrable::Immediate));
    }

    #[test]
    fn the_condition_of_an_index_and_the_module_of_a_virtual_table_are_read() {
        let index = "CREATE INDEX a ON b (c, (d = 'WHERE')) WHERE e > 0";
        assert_eq!(predicate(index).as_deref(), Some("e > 0"));
        assert_eq!(predicate("CREATE INDEX a ON b (c)"), None);
        assert_eq!(module("CREATE VIRTUAL TABLE a USING fts5 (b)"), "USING fts5 (b)");
    }
}
