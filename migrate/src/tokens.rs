//! The tokens of a script in an engine's SQL: words, names, and where strings and comments end.

use diesel_session::connection::Engine;

/// A piece of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token<'s> {
    /// A keyword or an unquoted name.
    Word(&'s str),
    /// A quoted name, without its quotes.
    Quoted(&'s str),
    /// A comment that the server executes, as MySQL's `/*! … */`.
    Executed,
    Semicolon,
    Dot,
    Colon,
    Open,
    Close,
    /// A string, a number, an operator.
    Other,
}

/// An iterator over the tokens of a script.
pub(crate) struct Tokens<'s> {
    script: &'s str,
    engine: Engine,
    at: usize,
}

/// The tokens of a script with their places in it; white space and comments are left out.
pub(crate) fn tokens(script: &str, engine: Engine) -> Tokens<'_> {
    Tokens { script, engine, at: 0 }
}

impl<'s> Iterator for Tokens<'s> {
    type Item = (Token<'s>, std::ops::Range<usize>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let rest = &self.script[self.at..];
            let first = rest.chars().next()?;
            if first.is_whitespace() {
                self.at += first.len_utf8();
            } else if let Some(length) = self.comment(rest) {
                let start = self.at;
                self.at += length;
                if self.engine == Engine::Mysql && (rest.starts_with("/*!") || rest.starts_with("/*M!")) {
                    return Some((Token::Executed, start..self.at));
                }
            } else {
                let (token, length) = self.token(rest, first);
                let start = self.at;
                self.at += length;
                return Some((token, start..self.at));
            }
        }
    }
}

impl<'s> Tokens<'s> {
    /// The length of the comment at the beginning of `rest`, if there is one.
    fn comment(&self, rest: &str) -> Option<usize> {
        let dashes = match self.engine {
            // In MySQL, white space must follow, so that `5--1` is an expression.
            Engine::Mysql => rest.strip_prefix("--").is_some_and(|rest| rest.chars().next().is_none_or(|c| c <= ' ')),
            Engine::Sqlite | Engine::Postgres => rest.starts_with("--"),
        };
        if dashes || (self.engine == Engine::Mysql && rest.starts_with('#')) {
            return Some(rest.find('\n').unwrap_or(rest.len()));
        }
        let mut inside = rest.strip_prefix("/*")?;
        let mut depth = 1;
        while depth > 0 {
            let Some(next) = inside.find("*/") else { return Some(rest.len()) };
            // Only PostgreSQL's comments nest.
            match inside[..next].find("/*").filter(|_| self.engine == Engine::Postgres) {
                Some(opened) => {
                    depth += 1;
                    inside = &inside[opened + 2..];
                }
                None => {
                    depth -= 1;
                    inside = &inside[next + 2..];
                }
            }
        }
        Some(rest.len() - inside.len())
    }

    fn token(&self, rest: &'s str, first: char) -> (Token<'s>, usize) {
        match first {
            ';' => (Token::Semicolon, 1),
            '.' => (Token::Dot, 1),
            ':' => (Token::Colon, 1),
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            '\'' => (Token::Other, quoted(rest, '\'', self.engine == Engine::Mysql)),
            '"' if self.engine == Engine::Mysql => (Token::Other, quoted(rest, '"', true)),
            '"' => name(rest, quoted(rest, '"', false)),
            '`' => name(rest, quoted(rest, '`', false)),
            '[' if self.engine == Engine::Sqlite => name(rest, rest.find(']').map_or(rest.len(), |end| end + 1)),
            '$' if self.engine == Engine::Postgres => (Token::Other, dollar_quoted(rest).unwrap_or(1)),
            'e' | 'E' if self.engine == Engine::Postgres && rest[1..].starts_with('\'') => {
                (Token::Other, 1 + quoted(&rest[1..], '\'', true))
            }
            first if first.is_alphabetic() || first == '_' => {
                let length = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).unwrap_or(rest.len());
                (Token::Word(&rest[..length]), length)
            }
            // A number's letters are no words: 1e5, 0xFF.
            first if first.is_ascii_digit() => {
                (Token::Other, rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '.')).unwrap_or(rest.len()))
            }
            other => (Token::Other, other.len_utf8()),
        }
    }
}

fn name(rest: &str, length: usize) -> (Token<'_>, usize) {
    (Token::Quoted(rest.get(1..length.saturating_sub(1)).unwrap_or_default()), length)
}

/// The length of what is quoted at the beginning of `rest`; a doubled quote is part of it, and so is what a backslash
/// escapes if the engine knows such escapes. What is never closed reaches to the end.
fn quoted(rest: &str, quote: char, escapes: bool) -> usize {
    let mut characters = rest.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if escapes && character == '\\' {
            characters.next();
        } else if character == quote && characters.next_if(|(_, next)| *next == quote).is_none() {
            return at + 1;
        }
    }
    rest.len()
}

/// The length of PostgreSQL's `$tag$ … $tag$` at the beginning of `rest`, if it is one.
fn dollar_quoted(rest: &str) -> Option<usize> {
    let tag = &rest[..rest[1..].find('$')? + 2];
    let name = &tag[1..tag.len() - 1];
    let is_tag = name.chars().all(|c| c.is_alphanumeric() || c == '_') && !name.starts_with(|c: char| c.is_numeric());
    is_tag.then(|| rest[tag.len()..].find(tag).map_or(rest.len(), |end| end + 2 * tag.len()))
}

pub(crate) fn is_word(token: Token<'_>, keyword: &str) -> bool {
    matches!(token, Token::Word(word) if word.eq_ignore_ascii_case(keyword))
}

pub(crate) fn is_one_of(token: Token<'_>, keywords: &[&str]) -> bool {
    keywords.iter().any(|keyword| is_word(token, keyword))
}
