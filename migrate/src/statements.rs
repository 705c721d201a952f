//! Splits a script into its statements, as the engine would: at each semicolon that is not inside a string, a quoted
//! name, a comment, a dollar-quoted body, or the body of a trigger or routine.

use diesel_session::connection::Engine;

use crate::tokens::{Token, is_one_of, is_word, tokens};

/// One statement of a script, without the semicolon after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Statement<'s> {
    /// Its text, from its first word or from the comment before it.
    pub(crate) sql: &'s str,
    /// Where the text begins in the script.
    pub(crate) start: usize,
    engine: Engine,
}

/// The statements of a script, in order; what holds only comments is none.
pub(crate) fn split(script: &str, engine: Engine) -> Vec<Statement<'_>> {
    let mut statements = Vec::new();
    let statement = |range: std::ops::Range<usize>| {
        let text = &script[range.clone()];
        Statement { sql: text.trim(), start: range.start + text.len() - text.trim_start().len(), engine }
    };
    let (mut start, mut empty, mut body) = (0, true, Body::default());
    for (token, range) in tokens(script, engine) {
        body.see(token);
        if token == Token::Semicolon && !body.is_open() {
            if !empty {
                statements.push(statement(start..range.start));
            }
            (start, empty, body) = (range.end, true, Body::default());
        } else {
            empty &= token == Token::Semicolon;
        }
    }
    if !empty {
        statements.push(statement(start..script.len()));
    }
    statements
}

/// The line that a place in a script is in, from 1.
pub(crate) fn line(script: &str, at: usize) -> usize {
    script[..at].matches('\n').count() + 1
}

/// A script without its comments and with single spaces between its words: two scripts that differ in nothing else are
/// the same.
pub(crate) fn normalized(script: &str, engine: Engine) -> String {
    tokens(script, engine).map(|(_, range)| &script[range]).collect::<Vec<_>>().join(" ")
}

/// Whether the statement so far is inside parentheses, or inside the `BEGIN … END` of a trigger or routine, where
/// semicolons separate the body's own statements.
#[derive(Default)]
struct Body<'s> {
    parentheses: usize,
    creates: bool,
    /// What is created: something with a body, or not.
    has_body: Option<bool>,
    depth: usize,
    after_end: bool,
    previous: Option<Token<'s>>,
}

/// What may have a body.
const WITH_BODY: [&str; 5] = ["TRIGGER", "PROCEDURE", "FUNCTION", "EVENT", "PACKAGE"];
/// What has none, and may be followed by a name that looks like something with a body.
const WITHOUT_BODY: [&str; 8] = ["TABLE", "VIEW", "INDEX", "UNIQUE", "VIRTUAL", "SEQUENCE", "TYPE", "RULE"];
/// What a block may follow.
const BEFORE_BLOCK: [&str; 6] = ["BEGIN", "THEN", "ELSE", "DO", "LOOP", "REPEAT"];

impl<'s> Body<'s> {
    fn is_open(&self) -> bool {
        self.depth > 0 || self.parentheses > 0
    }

    fn see(&mut self, token: Token<'s>) {
        let after_end = std::mem::take(&mut self.after_end);
        let previous = self.previous.replace(token);
        let word = match token {
            Token::Word(word) => word,
            Token::Open => return self.parentheses += 1,
            Token::Close => return self.parentheses = self.parentheses.saturating_sub(1),
            _ => return,
        };
        let is = |keyword: &str| word.eq_ignore_ascii_case(keyword);
        if previous.is_none() {
            self.creates = is("CREATE");
        } else if self.creates && self.has_body.is_none() && (WITH_BODY.into_iter().chain(WITHOUT_BODY)).any(is) {
            self.has_body = Some(WITH_BODY.into_iter().any(is));
        }
        if self.has_body != Some(true) {
            return;
        }
        // Elsewhere in a body, BEGIN is the name of a column.
        let may_begin = self.depth == 0
            || matches!(previous, Some(Token::Semicolon | Token::Colon))
            || previous.is_some_and(|token| is_one_of(token, &BEFORE_BLOCK));
        if after_end && ["IF", "LOOP", "WHILE", "REPEAT", "FOR"].into_iter().any(is) {
            // The end of a block whose beginning was not counted: END closed nothing.
            self.depth += 1;
        } else if after_end && is("CASE") {
            // END CASE: END has closed it.
        } else if (is("BEGIN") && may_begin) || (is("CASE") && self.depth > 0) {
            self.depth += 1;
        } else if is("END") && self.depth > 0 {
            self.depth -= 1;
            self.after_end = true;
        }
    }
}

impl<'s> Statement<'s> {
    fn tokens(self) -> impl Iterator<Item = Token<'s>> {
        tokens(self.sql, self.engine).map(|(token, _)| token)
    }

    /// Its text without the comments before it.
    pub(crate) fn without_comments(self) -> &'s str {
        let start = tokens(self.sql, self.engine).next().map_or(0, |(_, range)| range.start);
        &self.sql[start..]
    }

    /// Where its first word begins in the script, after the comments before it.
    pub(crate) fn first_word(self) -> usize {
        self.start + self.sql.len() - self.without_comments().len()
    }

    /// Its first words, in upper case.
    fn words(self, count: usize) -> Vec<String> {
        let words = self.tokens().map_while(|token| match token {
            Token::Word(word) => Some(word.to_ascii_uppercase()),
            _ => None,
        });
        words.take(count).collect()
    }

    /// Whether it only changes rows, so that a rollback undoes it on every engine.
    pub(crate) fn changes_rows_only(self) -> bool {
        let first = self.words(1);
        matches!(first.first().map(String::as_str), Some("INSERT" | "UPDATE" | "DELETE" | "REPLACE" | "WITH"))
    }

    /// Whether it begins or ends a transaction.
    pub(crate) fn controls_transactions(self) -> bool {
        let first = self.words(2);
        let controls = ["BEGIN", "START", "COMMIT", "END", "ROLLBACK"];
        first.first().is_some_and(|word| controls.contains(&word.as_str()))
            && first.get(1).is_none_or(|word| word != "TO")
    }

    /// Whether it gives something another name, or removes a part of a table.
    pub(crate) fn renames_or_drops(self) -> bool {
        self.tokens().any(|token| is_one_of(token, &["RENAME", "CHANGE", "DROP"]))
    }

    /// Whether PostgreSQL builds or drops an index in it without locking the table.
    pub(crate) fn builds_concurrently(self) -> bool {
        self.tokens().any(|token| is_word(token, "CONCURRENTLY"))
    }

    /// The names after the keywords `verb`, `TABLE`, and words such as `IF NOT EXISTS`, without their schemas.
    fn tables_after(self, verb: &str) -> Vec<&'s str> {
        let named = tokens(self.sql, self.engine).map(|(token, range)| match self.sql[range].strip_prefix('\'') {
            // SQLite takes a string for a name.
            Some(string) if self.engine == Engine::Sqlite => Token::Quoted(string.trim_end_matches('\'')),
            _ => token,
        });
        let mut tokens = named.peekable();
        let mut names = Vec::new();
        if tokens.next_if(|token| is_word(*token, verb)).is_none() {
            return names;
        }
        while tokens.next_if(|token| is_one_of(*token, &["UNLOGGED", "VIRTUAL", "OR", "REPLACE"])).is_some() {}
        if tokens.next_if(|token| is_word(*token, "TABLE")).is_none() {
            return names;
        }
        while tokens.next_if(|token| is_one_of(*token, &["IF", "NOT", "EXISTS", "ONLY"])).is_some() {}
        while let Some(Token::Word(word) | Token::Quoted(word)) = tokens.next() {
            match tokens.next() {
                Some(Token::Dot) => {}
                // A comma.
                Some(Token::Other) => names.push(word),
                _ => {
                    names.push(word);
                    break;
                }
            }
        }
        names
    }

    /// The name of the table that it creates for good.
    pub(crate) fn created_table(self) -> Option<&'s str> {
        self.tables_after("CREATE").into_iter().next()
    }

    /// The name of the table that it creates, if it fails where one of that name exists in the current schema.
    pub(crate) fn claimed_table(self) -> Option<&'s str> {
        let tokens: Vec<_> = self.tokens().skip_while(|token| !is_word(*token, "TABLE")).take(3).collect();
        let elsewhere = tokens.last() == Some(&Token::Dot);
        let unless_it_exists = tokens.get(1).is_some_and(|token| is_word(*token, "IF"));
        self.created_table().filter(|_| !elsewhere && !unless_it_exists)
    }

    /// The names of the tables that it drops.
    pub(crate) fn dropped_tables(self) -> Vec<&'s str> {
        self.tables_after("DROP")
    }

    /// The table that it gives another name, and that name.
    pub(crate) fn renamed_table(self) -> Option<(&'s str, &'s str)> {
        // RENAME TABLE is MySQL's.
        let of = self.tables_after("ALTER").into_iter().chain(self.tables_after("RENAME")).next()?;
        let part = self.tokens().any(|token| is_one_of(token, &["COLUMN", "INDEX", "KEY", "CONSTRAINT"]));
        let mut rest = self.tokens().skip_while(|token| !is_word(*token, "RENAME")).skip(1);
        let mut to = rest.by_ref().skip_while(|token| !is_one_of(*token, &["TO", "AS"])).skip(1);
        match to.next().filter(|_| !part) {
            Some(Token::Word(name) | Token::Quoted(name)) => Some((of, name)),
            _ => None,
        }
    }

    /// The names of the tables that it drops, or of the one that it alters.
    pub(crate) fn dropped_or_altered_tables(self) -> Vec<&'s str> {
        let dropped = self.dropped_tables();
        if dropped.is_empty() { self.tables_after("ALTER").into_iter().take(1).collect() } else { dropped }
    }

    /// Whether it changes a setting of the connection, which later statements rely on.
    pub(crate) fn is_setting(self) -> bool {
        self.words(1).first().is_some_and(|word| word == "SET" || word == "PRAGMA")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(script: &str, engine: Engine) -> Vec<&str> {
        split(script, engine).into_iter().map(|statement| statement.sql).collect()
    }

    #[test]
    fn a_table_of_sqlites_may_be_named_by_a_string() {
        let created = |script, engine| split(script, engine)[0].created_table().map(str::to_owned);
        assert_eq!(created("CREATE TABLE IF NOT EXISTS 'single' (a)", Engine::Sqlite).as_deref(), Some("single"));
        assert_eq!(created("CREATE TABLE 'single' (a INT)", Engine::Postgres), None);
        assert_eq!(split("DROP TABLE 'a', b, \"c\"", Engine::Sqlite)[0].dropped_tables(), ["a", "b", "c"]);
    }

    #[test]
    fn a_semicolon_ends_a_statement_and_comments_alone_are_none() {
        for engine in Engine::ALL {
            let script = "-- a; b\nCREATE TABLE a (b TEXT); /* c; */ ;\n\nDROP TABLE c -- the end;\n;-- over;\n";
            assert_eq!(
                texts(script, *engine),
                ["-- a; b\nCREATE TABLE a (b TEXT)", "DROP TABLE c -- the end;"],
                "{engine}"
            );
        }
    }

    #[test]
    fn a_semicolon_in_a_string_or_a_quoted_name_ends_nothing() {
        for engine in Engine::ALL {
            let script = r#"INSERT INTO a VALUES ('it''s; so', 1); SELECT "a;b""c;d" FROM a; SELECT 1"#;
            assert_eq!(texts(script, *engine).len(), 3, "{engine}");
        }
        assert_eq!(texts("SELECT `a;b`; SELECT 1", Engine::Mysql).len(), 2);
        assert_eq!(texts("SELECT [a;b]; SELECT 1", Engine::Sqlite).len(), 2);
    }

    #[test]
    fn a_backslash_escapes_a_quote_where_the_engine_knows_it() {
        assert_eq!(texts(r"SELECT 'a\'; b'; SELECT 1", Engine::Mysql), [r"SELECT 'a\'; b'", "SELECT 1"]);
        assert_eq!(texts(r"SELECT E'a\'; b'; SELECT 1", Engine::Postgres), [r"SELECT E'a\'; b'", "SELECT 1"]);
        assert_eq!(texts(r"SELECT 'a\'; SELECT 1", Engine::Postgres), [r"SELECT 'a\'", "SELECT 1"]);
        assert_eq!(texts(r"SELECT 'a\'; SELECT 1", Engine::Sqlite), [r"SELECT 'a\'", "SELECT 1"]);
    }

    #[test]
    fn postgres_comments_nest_and_dollar_quotes_hold_anything() {
        let script = "/* a /* b; */ c; */ DO $body$ BEGIN; $$; END $body$; SELECT $1; SELECT $$;$$";
        assert_eq!(texts(script, Engine::Postgres).len(), 3);
    }

    #[test]
    fn mysql_comments_are_told_from_minus_signs_and_from_what_the_server_executes() {
        assert_eq!(texts("SELECT 5--1; SELECT 2 # two; three\n; SELECT 3", Engine::Mysql).len(), 3);
        assert_eq!(texts("/*!50000 SET @a = 1; */; /* nothing */;", Engine::Mysql).len(), 1);
    }

    #[test]
    fn the_body_of_a_trigger_or_routine_is_one_statement() {
        let trigger = "CREATE TRIGGER t AFTER INSERT ON a BEGIN \
                       UPDATE a SET b = CASE WHEN c THEN 1 ELSE 2 END; DELETE FROM d; END";
        for engine in Engine::ALL {
            assert_eq!(texts(&format!("{trigger}; SELECT 1;"), *engine), [trigger, "SELECT 1"], "{engine}");
        }
        let procedure = "CREATE PROCEDURE p() BEGIN \
                         IF a THEN SELECT 1; END IF; WHILE b DO BEGIN SELECT 2; END; END WHILE; \
                         CASE c WHEN 1 THEN SELECT 3; END CASE; l: LOOP LEAVE l; END LOOP l; END";
        assert_eq!(texts(&format!("{procedure}; SELECT 1"), Engine::Mysql), [procedure, "SELECT 1"]);
    }

    #[test]
    fn a_column_named_like_the_beginning_of_a_block_opens_none() {
        let script = "CREATE TABLE event (id INT, begin DATETIME); CREATE INDEX function ON event (begin); SELECT 1";
        let trigger =
            "CREATE TRIGGER t AFTER UPDATE OF begin ON a BEGIN UPDATE a SET begin = 1; SELECT begin FROM a; END";
        for engine in Engine::ALL {
            assert_eq!(texts(script, *engine).len(), 3, "{engine}");
            assert_eq!(texts(&format!("{trigger}; SELECT 1"), *engine), [trigger, "SELECT 1"], "{engine}");
        }
        let rule = "CREATE RULE r AS ON INSERT TO a DO ALSO (DELETE FROM b; DELETE FROM c)";
        assert_eq!(texts(&format!("{rule}; SELECT 1"), Engine::Postgres), [rule, "SELECT 1"]);
    }

    #[test]
    fn white_space_and_comments_make_no_difference_and_all_else_does() {
        let written = "CREATE TABLE a (\n    b TEXT DEFAULT 'x  y' -- why\n);\n";
        let normal = |script| normalized(script, Engine::Sqlite);
        assert_eq!(normal(written), "CREATE TABLE a ( b TEXT DEFAULT 'x  y' ) ;");
        assert_eq!(normal(written), normal("/* what */ CREATE TABLE a (b TEXT DEFAULT 'x  y');"));
        assert_ne!(normal(written), normal("CREATE TABLE a (b TEXT DEFAULT 'x y');"));
    }

    #[test]
    fn a_statement_that_is_never_closed_reaches_to_the_end() {
        for script in ["SELECT 'a; b", "SELECT \"a; b", "SELECT 1 /* a; b"] {
            assert_eq!(texts(script, Engine::Sqlite), [script]);
        }
    }

    #[test]
    fn the_table_that_a_statement_creates_drops_or_alters_is_known() {
        let statement = |sql| split(sql, Engine::Postgres)[0];
        for (sql, created) in [
            ("CREATE TABLE users (id INT)", Some("users")),
            ("-- users\ncreate table if not exists app.\"Order lines\"(id INT)", Some("Order lines")),
            ("CREATE UNLOGGED TABLE a AS SELECT 1", Some("a")),
            ("CREATE TEMPORARY TABLE a (id INT)", None),
            ("CREATE INDEX a ON b (c)", None),
            ("CREATE TABLE", None),
        ] {
            assert_eq!(statement(sql).created_table(), created, "{sql}");
        }
        assert_eq!(statement("CREATE TABLE a (b INT)").claimed_table(), Some("a"));
        assert_eq!(statement("CREATE TABLE IF NOT EXISTS a (b INT)").claimed_table(), None);
        assert_eq!(statement("CREATE TABLE audit.a (b INT)").claimed_table(), None);
        assert_eq!(statement("DROP TABLE IF EXISTS a.b, \"c\" CASCADE").dropped_or_altered_tables(), ["b", "c"]);
        assert_eq!(statement("ALTER TABLE ONLY a ADD b INT, ADD c INT").dropped_or_altered_tables(), ["a"]);
        assert_eq!(statement("DROP INDEX a").dropped_tables(), [""; 0]);
        for (sql, renamed) in [
            ("ALTER TABLE a RENAME TO b", Some(("a", "b"))),
            ("ALTER TABLE x.a RENAME AS \"b\"", Some(("a", "b"))),
            ("RENAME TABLE a TO b", Some(("a", "b"))),
            ("ALTER TABLE a RENAME COLUMN b TO c", None),
            ("ALTER TABLE a RENAME INDEX b TO c", None),
            ("ALTER VIEW a RENAME TO b", None),
            ("ALTER TABLE a ADD b INT", None),
        ] {
            assert_eq!(statement(sql).renamed_table(), renamed, "{sql}");
        }
    }

    #[test]
    fn statements_that_change_rows_and_that_control_transactions_are_known() {
        let statement = |sql| split(sql, Engine::Mysql)[0];
        assert!(statement("/* x */ insert into a values (1)").changes_rows_only());
        assert!(!statement("CREATE TABLE a (b INT)").changes_rows_only());
        assert!(statement("START TRANSACTION").controls_transactions());
        assert!(!statement("ROLLBACK TO SAVEPOINT a").controls_transactions());
        assert!(statement("ALTER TABLE a RENAME TO b").renames_or_drops());
        assert!(statement("set names utf8mb4").is_setting());
    }
}
