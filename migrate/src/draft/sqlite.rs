//! Statements that create tables of SQLite's: made anew, or changed as little as possible.

use std::ops::Range;

use diesel_session::connection::Engine;

use crate::quoting::quoted;
use crate::schema::{Check, Column, ForeignKey, Generated, Schema, Table};
use crate::tokens::{Token, is_one_of, is_word, tokens};

/// What begins a constraint of the table, and no column.
const TABLE_CONSTRAINTS: [&str; 5] = ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"];

/// What ends the type of a column.
const COLUMN_CONSTRAINTS: [&str; 11] =
    ["CONSTRAINT", "PRIMARY", "NOT", "NULL", "UNIQUE", "CHECK", "DEFAULT", "COLLATE", "REFERENCES", "GENERATED", "AS"];

/// Gives each table of the schema the statement that creates it: changed from that of `base`, where it is there.
pub(super) fn write_statements(base: &Schema, schema: &mut Schema) {
    for table in &mut schema.tables {
        let sql = match base.table(&table.name).and_then(|before| Some((before, before.sql.as_deref()?))) {
            Some((before, sql)) => changed(sql, before, table),
            None => create(table),
        };
        table.sql = Some(sql);
    }
}

fn name(name: &str) -> String {
    quoted(Engine::Sqlite, name)
}

fn list(names: &[String]) -> String {
    names.iter().map(|one| name(one)).collect::<Vec<_>>().join(", ")
}

/// The statement that creates a table.
fn create(table: &Table) -> String {
    let counter = table.columns.iter().any(|column| column.generated == Some(Generated::AutoIncrement));
    let mut parts: Vec<String> = table.columns.iter().map(column).collect();
    if let Some(key) = table.primary_key.as_ref().filter(|_| !counter) {
        parts.push(format!("PRIMARY KEY ({})", list(&key.columns)));
    }
    parts.extend(table.uniques.iter().map(|key| {
        let constraint = key.name.as_ref().map(|own| format!("CONSTRAINT {} ", name(own))).unwrap_or_default();
        format!("{constraint}UNIQUE ({})", list(&key.columns))
    }));
    parts.extend(table.checks.iter().map(check));
    parts.extend(table.foreign_keys.iter().map(foreign_key));
    format!("CREATE TABLE {} (\n    {}\n)", name(&table.name), parts.join(",\n    "))
}

/// A column, as in CREATE TABLE.
fn column(column: &Column) -> String {
    let mut sql = format!("{} {}", name(&column.name), column.sql_type);
    if column.generated == Some(Generated::AutoIncrement) {
        sql += " PRIMARY KEY AUTOINCREMENT";
    }
    if !column.nullable {
        sql += " NOT NULL";
    }
    if let Some(default) = &column.default {
        sql += &format!(" DEFAULT {default}");
    }
    if let Some(collation) = &column.collation {
        sql += &format!(" COLLATE {collation}");
    }
    match &column.generated {
        Some(Generated::Stored(expression)) => sql += &format!(" AS ({expression}) STORED"),
        Some(Generated::Virtual(expression)) => sql += &format!(" AS ({expression})"),
        _ => {}
    }
    sql
}

/// A column with the checks that are about it and the foreign key on it, as in ADD COLUMN.
pub(super) fn added_column(own: &Column, table: &Table) -> String {
    let checks = table.checks.iter().filter(|check| mentions(&check.expression, &own.name)).map(check);
    let keys = table.foreign_keys.iter().filter(|key| key.columns == [own.name.as_str()]).map(references);
    [column(own)].into_iter().chain(checks).chain(keys).collect::<Vec<_>>().join(" ")
}

/// Whether a column can go without a rebuild of its table: nothing but an index may be on it outside its own clauses.
pub(super) fn is_droppable(table: &Table, column: &str) -> bool {
    let items = items(table.sql.as_deref().unwrap_or_default());
    let is_free = |item: &Item<'_>| {
        let keyed = item.tokens.iter().any(|(token, _)| is_one_of(*token, &["PRIMARY", "UNIQUE"]));
        if item.is_on(column) { !keyed } else { !item.constrains(column) }
    };
    let computed = table.columns.iter().filter_map(|own| own.generated.as_ref()?.expression());
    items.iter().all(is_free) && !computed.into_iter().any(|expression| mentions(expression, column))
}

fn mentions(sql: &str, column: &str) -> bool {
    super::names::mentions(Engine::Sqlite, sql, |name| name.eq_ignore_ascii_case(column))
}

/// A check, as in CREATE TABLE.
fn check(check: &Check) -> String {
    let constraint = check.name.as_ref().map(|own| format!("CONSTRAINT {} ", name(own))).unwrap_or_default();
    format!("{constraint}CHECK ({})", check.expression)
}

/// A foreign key behind its column.
fn references(key: &ForeignKey) -> String {
    let constraint = key.name.as_ref().map(|own| format!("CONSTRAINT {} ", name(own))).unwrap_or_default();
    let mut sql = format!("{constraint}REFERENCES {} ({})", name(&key.table), list(&key.references));
    for (event, action) in [("DELETE", key.on_delete), ("UPDATE", key.on_update)] {
        if action != crate::schema::Action::NoAction {
            sql += &format!(" ON {event} {}", action.sql());
        }
    }
    match key.deferrable {
        crate::schema::Deferrable::No => sql,
        crate::schema::Deferrable::Immediate => sql + " DEFERRABLE",
        crate::schema::Deferrable::Deferred => sql + " DEFERRABLE INITIALLY DEFERRED",
    }
}

/// A foreign key, as in CREATE TABLE.
fn foreign_key(key: &ForeignKey) -> String {
    let target = references(&ForeignKey { name: None, ..key.clone() });
    let constraint = key.name.as_ref().map(|own| format!("CONSTRAINT {} ", name(own))).unwrap_or_default();
    format!("{constraint}FOREIGN KEY ({}) {target}", list(&key.columns))
}

/// A column or a constraint in the statement of a table.
struct Item<'s> {
    tokens: Vec<(Token<'s>, Range<usize>)>,
    /// From behind the comma before it to its end: what is written above it belongs to it.
    range: Range<usize>,
}

impl<'s> Item<'s> {
    /// The column's name, if it is one.
    fn column(&self) -> Option<&'s str> {
        match self.tokens.first()?.0 {
            token if is_one_of(token, &TABLE_CONSTRAINTS) => None,
            Token::Word(name) | Token::Quoted(name) => Some(name),
            _ => None,
        }
    }

    fn is_on(&self, column: &str) -> bool {
        self.column().is_some_and(|own| own.eq_ignore_ascii_case(column))
    }

    /// Whether it is a constraint that names a column of its own table.
    fn constrains(&self, column: &str) -> bool {
        let own = self.tokens.iter().take_while(|(token, _)| !is_word(*token, "REFERENCES"));
        let mut names = own.filter_map(|(token, _)| match token {
            Token::Word(name) | Token::Quoted(name) => Some(*name),
            _ => None,
        });
        self.column().is_none() && names.any(|name| name.eq_ignore_ascii_case(column))
    }

    /// The columns of a constraint FOREIGN KEY.
    fn referring(&self) -> Option<Vec<&'s str>> {
        let at = self.tokens.iter().position(|(token, _)| is_word(*token, "FOREIGN"))?;
        let inside = self.tokens[at..].iter().skip_while(|(token, _)| *token != Token::Open);
        let names = inside.take_while(|(token, _)| *token != Token::Close).filter_map(|(token, _)| match token {
            Token::Word(name) | Token::Quoted(name) => Some(*name),
            _ => None,
        });
        Some(names.collect())
    }

    /// The end of the group that begins at this token, or of the token itself.
    fn group_end(&self, at: usize) -> usize {
        let mut depth = 0;
        for (index, (token, _)) in self.tokens.iter().enumerate().skip(at) {
            match token {
                Token::Open => depth += 1,
                Token::Close => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return index + 1;
            }
        }
        self.tokens.len()
    }

    /// The tokens of each clause of a column that begins with this word: with its name before it.
    fn clauses(&self, word: &str) -> Vec<Range<usize>> {
        let mut depth = 0;
        let mut starts = Vec::new();
        for (at, (token, _)) in self.tokens.iter().enumerate() {
            match token {
                Token::Open => depth += 1,
                Token::Close => depth -= 1,
                token if depth == 0 && is_word(*token, word) => starts.push(at),
                _ => {}
            }
        }
        starts.into_iter().map(|at| self.clause_at(at)).collect()
    }

    fn clause_at(&self, at: usize) -> Range<usize> {
        let named = at >= 2 && is_word(self.tokens[at - 2].0, "CONSTRAINT");
        let mut end = self.group_end(at + 1);
        if is_word(self.tokens[at].0, "REFERENCES") {
            if self.tokens.get(end).is_some_and(|(token, _)| *token == Token::Open) {
                end = self.group_end(end);
            }
            let word = |at: usize, words: &[&str]| self.tokens.get(at).is_some_and(|(own, _)| is_one_of(*own, words));
            loop {
                end += match () {
                    () if word(end, &["ON"]) && word(end + 2, &["SET", "NO"]) => 4,
                    () if word(end, &["ON"]) => 3,
                    () if word(end, &["MATCH", "INITIALLY"]) => 2,
                    () if word(end, &["NOT"]) && word(end + 1, &["DEFERRABLE"]) => 2,
                    () if word(end, &["DEFERRABLE"]) => 1,
                    () => break,
                };
            }
        }
        let start = if named { at - 2 } else { at };
        start..end.min(self.tokens.len())
    }

    /// Where these tokens are in the text.
    fn text(&self, tokens: &Range<usize>) -> Range<usize> {
        self.tokens[tokens.start].1.start..self.tokens[tokens.end - 1].1.end
    }
}

/// The items of the statement of a table.
fn items(sql: &str) -> Vec<Item<'_>> {
    let mut items: Vec<Item<'_>> = Vec::new();
    let (mut depth, mut from) = (0, 0);
    for (token, range) in tokens(sql, Engine::Sqlite) {
        match token {
            Token::Open => depth += 1,
            Token::Close => depth -= 1,
            _ => {}
        }
        match (depth, token) {
            (0, Token::Close) => break,
            (0, _) => {}
            (1, Token::Open) if items.is_empty() => {
                from = range.end;
                items.push(Item { tokens: Vec::new(), range: from..from });
            }
            (1, Token::Other) if &sql[range.clone()] == "," => {
                from = range.end;
                items.push(Item { tokens: Vec::new(), range: from..from });
            }
            _ => {
                if let Some(item) = items.last_mut() {
                    item.range = from..range.end;
                    item.tokens.push((token, range));
                }
            }
        }
    }
    items
}

/// The statement of a table as it must be for the table to become `after`; what stays is left as it is written.
fn changed(sql: &str, before: &Table, after: &Table) -> String {
    let items = items(sql);
    let (Some(first), Some(last)) = (items.first(), items.last()) else { return create(after) };
    let removed: Vec<&Column> = before.columns.iter().filter(|own| after.column(&own.name).is_none()).collect();
    let added = after.columns.iter().filter(|own| before.column(&own.name).is_none());
    let checks_gone: Vec<&Check> = before.checks.iter().filter(|own| !after.checks.contains(own)).collect();
    let keys_gone: Vec<&ForeignKey> =
        before.foreign_keys.iter().filter(|own| !after.foreign_keys.contains(own)).collect();
    let is_gone = |item: &Item<'_>| {
        let text = &sql[item.range.clone()];
        let check = |check: &&Check| text.contains(&check.expression);
        let key = |key: &&ForeignKey| item.referring().is_some_and(|own| own == key.columns);
        removed.iter().any(|column| item.is_on(&column.name) || item.constrains(&column.name))
            || (item.column().is_none() && (checks_gone.iter().any(check) || keys_gone.iter().any(key)))
    };
    let (mut columns, mut constraints) = (Vec::new(), Vec::new());
    for item in items.iter().filter(|item| !is_gone(item)) {
        match item.column() {
            Some(_) => columns.push(changed_column(sql, item, before, after, &checks_gone, &keys_gone)),
            None => constraints.push(sql[item.range.clone()].to_owned()),
        }
    }
    let indented = |text: String| format!("\n    {text}");
    columns.extend(added.clone().map(|own| indented(added_column(own, after))));
    let of_added = |sql: &str| added.clone().any(|own| mentions(sql, &own.name));
    let checks = after.checks.iter().filter(|own| !before.checks.contains(own) && !of_added(&own.expression));
    constraints.extend(checks.map(|own| indented(check(own))));
    let on_added = |key: &ForeignKey| matches!(&key.columns[..], [own] if added.clone().any(|new| new.name == *own));
    let keys = after.foreign_keys.iter().filter(|own| !before.foreign_keys.contains(own) && !on_added(own));
    constraints.extend(keys.map(|own| indented(foreign_key(own))));
    columns.append(&mut constraints);
    format!("{}{}{}", &sql[..first.range.start], columns.join(","), &sql[last.range.end..])
}

/// The text of a column with the type, the nullability and the clauses that it must have.
fn changed_column(
    sql: &str,
    item: &Item<'_>,
    before: &Table,
    after: &Table,
    checks_gone: &[&Check],
    keys_gone: &[&ForeignKey],
) -> String {
    let of = |table: &Table| table.columns.iter().find(|column| item.is_on(&column.name)).cloned();
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    let type_end = item.tokens.iter().skip(1).position(|(token, _)| is_one_of(*token, &COLUMN_CONSTRAINTS));
    let type_end = type_end.map_or(item.tokens.len(), |at| at + 1);
    let behind_type = item.tokens[type_end - 1].1.end;
    if let (Some(before), Some(after)) = (of(before), of(after)) {
        if before.sql_type != after.sql_type {
            edits.push((item.tokens[0].1.end..behind_type, format!(" {}", after.sql_type)));
        }
        let not_null = item.tokens.windows(2).position(|pair| is_word(pair[0].0, "NOT") && is_word(pair[1].0, "NULL"));
        match (after.nullable, not_null) {
            (true, Some(at)) => {
                let named = at >= 2 && is_word(item.tokens[at - 2].0, "CONSTRAINT");
                edits.push((item.text(&(if named { at - 2 } else { at }..at + 2)), String::new()));
            }
            (false, None) if before.nullable => edits.push((behind_type..behind_type, " NOT NULL".to_owned())),
            _ => {}
        }
    }
    let is_gone =
        |clause: &Range<usize>| checks_gone.iter().any(|own| sql[item.text(clause)].contains(&own.expression));
    let checks = item.clauses("CHECK").into_iter().filter(is_gone);
    let keys = item.clauses("REFERENCES").into_iter();
    let keys = keys.filter(|_| keys_gone.iter().any(|key| matches!(&key.columns[..], [own] if item.is_on(own))));
    edits.extend(checks.chain(keys).map(|clause| (item.text(&clause), String::new())));
    edits.sort_by_key(|(range, _)| range.start);
    let mut text = String::new();
    let mut at = item.range.start;
    for (range, new) in edits {
        text += &sql[at..range.start];
        // No two spaces where a clause was.
        if new.is_empty() && text.ends_with(' ') {
            text.pop();
        }
        text += &new;
        at = range.end;
    }
    text + &sql[at..item.range.end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draft::parts;

    const SQL: &str = "CREATE TABLE books (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- What is on its back.
    title VARCHAR(20) NOT NULL COLLATE NOCASE,
    shelf INT CONSTRAINT to_shelf REFERENCES shelves (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
    level TEXT CHECK (level IN ('a', 'b')) NOT NULL, -- how hard
    CHECK (length(title) > 0),
    UNIQUE (title, level)
) STRICT";

    fn column(name: &str, sql_type: &str, nullable: bool) -> Column {
        Column { name: name.to_owned(), sql_type: sql_type.to_owned(), nullable, ..Column::default() }
    }

    fn books() -> Table {
        let mut table = Table { name: "books".to_owned(), ..Table::default() };
        table.columns = vec![
            column("id", "INTEGER", false),
            column("title", "VARCHAR(20)", false),
            column("shelf", "INT", true),
            column("level", "TEXT", false),
        ];
        table.checks = vec![
            Check { expression: "level IN ('a', 'b')".to_owned(), ..Check::default() },
            Check { expression: "length(title) > 0".to_owned(), ..Check::default() },
        ];
        parts::add_foreign_key(Engine::Sqlite, &mut table, &["shelf"], "shelves", &["id"]);
        table
    }

    #[test]
    fn a_column_goes_with_what_is_on_it_and_a_new_one_comes_before_the_constraints() {
        let before = books();
        let mut after = before.clone();
        after.columns.remove(1);
        after.checks.remove(1);
        after.columns.push(column("pages", "BIGINT", true));
        let sql = changed(SQL, &before, &after);
        assert!(!sql.contains("title") && !sql.contains("back"), "{sql}");
        assert!(sql.ends_with("NOT NULL,\n    \"pages\" BIGINT\n) STRICT"), "{sql}");
    }

    #[test]
    fn a_changed_column_keeps_its_other_clauses() {
        let before = books();
        let mut after = before.clone();
        after.columns[1] = column("title", "TEXT", true);
        after.columns[2] = column("shelf", "INT", false);
        after.foreign_keys.clear();
        after.checks[0] = parts::labels(Engine::Sqlite, "books", "level", &["c".to_owned()]);
        let sql = changed(SQL, &before, &after);
        assert!(sql.contains("\n    title TEXT COLLATE NOCASE,"), "{sql}");
        assert!(sql.contains("\n    shelf INT NOT NULL,"), "{sql}");
        assert!(sql.contains("\n    level TEXT NOT NULL,"), "{sql}");
        assert!(sql.contains("CONSTRAINT \"books_level_label\" CHECK (\"level\" IN ('c'))\n) STRICT"), "{sql}");
    }
}
