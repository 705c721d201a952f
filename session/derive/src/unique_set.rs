//! Reads the unique sets of a struct, `unique(a, b, when = condition, deferrable, free(a = value))`, and generates their
//! description for the table.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::meta::ParseNestedMeta;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{Error, Expr, Ident, Result, Token, token};

use crate::entity::{Entity, Field};
use crate::filter::{Condition, read_condition};
use crate::filter_code::conditions;

/// Columns in which no two rows have the same values.
pub struct UniqueSet {
    /// The columns, as indexes in the entity's fields.
    pub columns: Vec<usize>,
    /// The conditions of the rows that take a value.
    pub when: Vec<Condition>,
    pub deferrable: bool,
    /// A column of the set, and a value in it that no row has.
    pub free: Option<(usize, Expr)>,
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
    /// Reads the attribute of a struct with these fields.
    pub fn read(meta: &ParseNestedMeta<'_>, fields: &[Field]) -> Result<Self> {
        if !meta.input.peek(token::Paren) {
            return Err(meta.error(COLUMNS));
        }
        let content;
        syn::parenthesized!(content in meta.input);
        let parts = Punctuated::<Part, Token![,]>::parse_terminated(&content)?;
        let names: Vec<&Ident> = fields.iter().map(|field| &field.name).collect();
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
                Part::When(condition) => read_condition(&condition, &names, &mut set.when)?,
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
            set.check_free(&word, column, fields)?;
            set.free = Some((column, value));
        }
        if set.deferrable && !set.when.is_empty() {
            return Err(meta.error("a partial index cannot be deferred: keep either `when` or `deferrable`"));
        }
        Ok(set)
    }

    /// Refuses a free value in a column where a row cannot have it.
    fn check_free(&self, word: &Ident, column: usize, fields: &[Field]) -> Result<()> {
        let name = &fields[column].name;
        let problem = if !self.columns.contains(&column) {
            format!("`{name}` is not a column of this set")
        } else if fields[column].is_key() {
            "rows cannot exchange their keys: remove `free`".to_owned()
        } else if fields[column].target.is_some() {
            "a foreign key has no free value; one that is an `Option` is NULL meanwhile".to_owned()
        } else if self.when.iter().any(|condition| condition.field == column) {
            format!("`when` tests `{name}`, so a row with another value there may not be in the index: remove `free`")
        } else {
            return Ok(());
        };
        Err(Error::new(word.span(), problem))
    }

    /// Whether an upsert can name it: `ON CONFLICT` takes neither a constraint that is deferrable nor, without its
    /// condition, a partial index.
    pub fn is_of_upserts(&self) -> bool {
        self.when.is_empty() && !self.deferrable
    }
}

/// The description of the unique sets for the table.
pub fn descriptions(entity: &Entity) -> Vec<TokenStream> {
    let at = &entity.at;
    let describe = |set: &UniqueSet| {
        let (columns, deferrable) = (&set.columns, set.deferrable);
        let when = conditions(at, &entity.fields, &set.when, None);
        let free = match &set.free {
            Some((column, value)) => {
                let ty = &entity.fields[*column].ty;
                let made = quote_spanned! { value.span() => #at::operand::<#ty, _>(#value) };
                quote! { ::core::option::Option::Some(#at::FreeValue { column: #column, value: || #made }) }
            }
            None => quote! { ::core::option::Option::None },
        };
        quote! {
            #at::UniqueSet { columns: &[#(#columns),*], when: &[#(#when),*], deferrable: #deferrable, free: #free }
        }
    };
    entity.unique.iter().map(describe).collect()
}
