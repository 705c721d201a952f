//! A statement as pieces, which the parser of changes takes apart.

use diesel_session::connection::Engine;

use crate::tokens::{Token, is_one_of, is_word, tokens};

/// A token with its text.
#[derive(Debug, Clone)]
pub(crate) struct Piece<'s> {
    pub(crate) token: Token<'s>,
    range: std::ops::Range<usize>,
}

/// The pieces of a statement.
pub(crate) fn pieces(sql: &str, engine: Engine) -> Vec<Piece<'_>> {
    tokens(sql, engine).map(|(token, range)| Piece { token, range }).collect()
}

/// A name as it is written, perhaps with quotes and a schema.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Name<'s> {
    pub(crate) written: &'s str,
    /// Its last part without quotes.
    pub(crate) plain: &'s str,
}

impl Name<'_> {
    /// What tells it from other names. Names that differ in case alone are taken for the same on every engine.
    pub(crate) fn key(self) -> String {
        self.plain.to_lowercase()
    }
}

/// Some successive pieces of a statement; what is taken from its beginning is gone from it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part<'p, 's> {
    sql: &'s str,
    pieces: &'p [Piece<'s>],
}

impl<'p, 's> Part<'p, 's> {
    pub(crate) fn new(sql: &'s str, pieces: &'p [Piece<'s>]) -> Self {
        Self { sql, pieces }
    }

    fn with(self, pieces: &'p [Piece<'s>]) -> Self {
        Self { pieces, ..self }
    }

    /// As it is written.
    pub(crate) fn text(self) -> &'s str {
        match self.pieces {
            [] => "",
            [first, ..] => &self.sql[first.range.start..self.pieces[self.pieces.len() - 1].range.end],
        }
    }

    pub(crate) fn is_empty(self) -> bool {
        self.pieces.is_empty()
    }

    /// Takes a keyword.
    pub(crate) fn take(&mut self, keyword: &str) -> bool {
        self.take_all(&[keyword])
    }

    /// Takes keywords that follow each other, or nothing.
    pub(crate) fn take_all(&mut self, keywords: &[&str]) -> bool {
        let starts = self.starts_with(keywords);
        if starts {
            self.pieces = &self.pieces[keywords.len()..];
        }
        starts
    }

    /// Takes any of these keywords as long as they follow.
    pub(crate) fn skip(&mut self, keywords: &[&str]) {
        while self.pieces.first().is_some_and(|piece| is_one_of(piece.token, keywords)) {
            self.pieces = &self.pieces[1..];
        }
    }

    pub(crate) fn starts_with(self, keywords: &[&str]) -> bool {
        self.pieces.len() >= keywords.len()
            && keywords.iter().zip(self.pieces).all(|(keyword, piece)| is_word(piece.token, keyword))
    }

    pub(crate) fn starts_with_one_of(self, keywords: &[&str]) -> bool {
        self.pieces.first().is_some_and(|piece| is_one_of(piece.token, keywords))
    }

    /// Takes a name, with its schema.
    pub(crate) fn name(&mut self) -> Option<Name<'s>> {
        let mut length = 0;
        let mut plain = None;
        while let Some(Token::Word(word) | Token::Quoted(word)) = self.token(length) {
            plain = Some(word);
            length += 1;
            if self.token(length) != Some(Token::Dot) {
                break;
            }
            length += 1;
        }
        let written = self.with(&self.pieces[..length.min(self.pieces.len())]).text();
        self.pieces = &self.pieces[length.min(self.pieces.len())..];
        plain.map(|plain| Name { written, plain })
    }

    fn token(self, at: usize) -> Option<Token<'s>> {
        self.pieces.get(at).map(|piece| piece.token)
    }

    /// Takes a piece, or a group in parentheses.
    pub(crate) fn next(&mut self) -> Option<Self> {
        let length = self.length_of_next();
        let (taken, rest) = self.pieces.split_at_checked(length).filter(|(taken, _)| !taken.is_empty())?;
        self.pieces = rest;
        Some(self.with(taken))
    }

    /// Takes a group, and returns what is between its parentheses.
    pub(crate) fn group(&mut self) -> Option<Self> {
        if self.token(0) != Some(Token::Open) {
            return None;
        }
        let taken = self.next()?;
        Some(taken.with(taken.pieces.get(1..taken.pieces.len().saturating_sub(1)).unwrap_or_default()))
    }

    fn length_of_next(self) -> usize {
        let mut depth = 0_usize;
        for (at, piece) in self.pieces.iter().enumerate() {
            match piece.token {
                Token::Open => depth += 1,
                Token::Close => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return at + 1;
            }
        }
        self.pieces.len()
    }

    /// Takes everything before the first of these keywords that is in no parentheses; at least one piece.
    pub(crate) fn until(&mut self, keywords: &[&str]) -> Self {
        let (whole, mut length) = (*self, 0);
        while !self.is_empty() && (length == 0 || !self.starts_with_one_of(keywords)) {
            length += self.next().map_or(0, |taken| taken.pieces.len());
        }
        whole.with(&whole.pieces[..length])
    }

    /// Takes everything up to the first group, which it leaves.
    pub(crate) fn until_group(&mut self) {
        while !self.is_empty() && self.token(0) != Some(Token::Open) {
            self.pieces = &self.pieces[1..];
        }
    }

    /// Whether the keywords follow each other somewhere outside parentheses.
    pub(crate) fn has(mut self, keywords: &[&str]) -> bool {
        while !self.is_empty() {
            if self.starts_with(keywords) {
                return true;
            }
            self.next();
        }
        false
    }

    /// What is separated by commas outside parentheses.
    pub(crate) fn split_at_commas(mut self) -> Vec<Self> {
        let mut parts = Vec::new();
        while !self.is_empty() {
            let (whole, mut length) = (self, 0);
            while let Some(next) = self.next() {
                if next.text() == "," {
                    break;
                }
                length += next.pieces.len();
            }
            parts.push(whole.with(&whole.pieces[..length]));
        }
        parts
    }

    /// The names in a list, up to the first expression.
    pub(crate) fn names(self) -> Vec<Name<'s>> {
        let name = |mut part: Self| part.name().filter(|_| part.token(0) != Some(Token::Open));
        self.split_at_commas().into_iter().map_while(name).collect()
    }

    /// The words outside and inside parentheses, in lower case.
    pub(crate) fn words(self) -> impl Iterator<Item = String> + use<'p, 's> {
        self.pieces.iter().filter_map(|piece| match piece.token {
            Token::Word(word) | Token::Quoted(word) => Some(word.to_lowercase()),
            _ => None,
        })
    }
}
