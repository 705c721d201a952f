//! Reads the unique sets of a struct: `unique(a, b, when = condition, deferrable, free(a = value))`.

use syn::meta::ParseNestedMeta;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, Ident, Result, Token, token};

use crate::filter::{Condition, read_condition};

/// Columns in which no two rows have the same values.
pub struct UniqueSet {
    /// The columns, as indexes in the entity's fields.
    pub columns: Vec<usize>,
    /// The conditions of the rows that take a value.
    pub when: Vec<Condition>,
    pub deferrable: bool,
    pub free: Option<Free>,
}

/// A value that no row has in a column of the set.
pub struct Free {
    /// The word `free`.
    pub word: Ident,
    /// The column, as an index in the entity's fields.
    pub column: usize,
    pub value: Expr,
}

const COLUMNS: &str = "which columns are unique together? write `#[entity(unique(a, b))]`";

const PARTS: &str = "a unique set consists of columns, and perhaps of `when = condition`, `deferrable` and \
                     `free(column = value)`";

/// A part of the set, as it is written.
enum Part {
    Name(Ident),
    When(Expr),
    Free(Ident, Option<Ident>, Expr),
}

impl Parse for Part {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let name: Ident = input.parse().map_err(|error| Error::new(error.span(), PARTS))?;
        if name == "when" && input.parse::<Option<Token![=]>>()?.is_some() {
            return Ok(Self::When(input.parse()?));
        }
        if name == "free" && input.peek(token::Paren) {
            let content;
            syn::parenthesized!(content in input);
            let named = content.peek(syn::Ident) && content.peek2(Token![=]) && !content.peek2(Token![==]);
            let column = if named { Some(content.parse()?) } else { None };
            if named {
                content.parse::<Token![=]>()?;
            }
            return Ok(Self::Free(name, column, content.parse()?));
        }
        Ok(Self::Name(name))
    }
}

impl UniqueSet {
    /// Reads the attribute of a struct with fields of these names.
    pub fn read(meta: &ParseNestedMeta<'_>, names: &[&Ident]) -> Result<Self> {
        if !meta.input.peek(token::Paren) {
            return Err(meta.error(COLUMNS));
        }
        let content;
        syn::parenthesized!(content in meta.input);
        let parts = Punctuated::<Part, Token![,]>::parse_terminated(&content)?;
        let index = |name: &Ident| {
            let message = format!("there is no field `{name}`: `unique` names fields of this struct");
            names.iter().position(|field| *field == name).ok_or_else(|| Error::new(name.span(), message))
        };
        let mut set = Self { columns: Vec::new(), when: Vec::new(), deferrable: false, free: None };
        let mut free = None;
        for part in parts {
            match part {
                Part::Name(name) if name == "deferrable" && !names.contains(&&name) => set.deferrable = true,
                Part::Name(name) => set.columns.push(index(&name)?),
                Part::When(condition) => read_condition(&condition, names, &mut set.when)?,
                Part::Free(word, column, value) => free = Some((word, column, value)),
            }
        }
        if set.columns.is_empty() {
            return Err(meta.error(COLUMNS));
        }
        if let Some((word, column, value)) = free {
            let column = match (column, set.columns.as_slice()) {
                (Some(name), _) => index(&name)?,
                (None, [only]) => *only,
                (None, _) => {
                    let message = "of which column? write `free(column = value)`";
                    return Err(Error::new(word.span(), message));
                }
            };
            set.free = Some(Free { word, column, value });
        }
        if set.deferrable && !set.when.is_empty() {
            return Err(meta.error("a partial index cannot be deferred: keep either `when` or `deferrable`"));
        }
        Ok(set)
    }

    /// Whether an upsert can name it: `ON CONFLICT` takes neither a constraint that is deferrable nor, without its
    /// condition, a partial index.
    pub fn is_of_upserts(&self) -> bool {
        self.when.is_empty() && !self.deferrable
    }
}
