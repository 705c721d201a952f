//! Reads foreign keys of several columns, `references((a, b) = lines::(a, b))` on the struct.

use syn::ext::IdentExt as _;
use syn::meta::ParseNestedMeta;
use syn::parse::ParseStream;
use syn::punctuated::Punctuated;
use syn::{Error, Ident, Path, Result, Token, parse_quote};

use crate::entity::{Field, indexes_of};

/// A foreign key of several columns.
pub struct ForeignKey {
    /// Its columns, as indexes in the entity's fields.
    pub columns: Vec<usize>,
    /// The columns that they refer to, in the same order.
    pub targets: Vec<Path>,
    /// Whether `new` takes one argument for all its columns.
    pub is_argument: bool,
}

const FORM: &str = "write the columns and those that they refer to: \
                    `references((order_id, line_no) = lines::(order_id, line_no))`";

impl ForeignKey {
    pub fn read(meta: &ParseNestedMeta<'_>, fields: &[Field]) -> Result<Self> {
        if !meta.input.peek(syn::token::Paren) {
            return Err(meta.error(FORM));
        }
        let content;
        syn::parenthesized!(content in meta.input);
        let (names, targets) = read_columns(&content).map_err(|error| Error::new(error.span(), FORM))?;
        if names.len() != targets.len() {
            return Err(meta.error("a foreign key has as many columns as it refers to: name both in the same order"));
        }
        if names.len() < 2 {
            return Err(meta.error("a foreign key of one column is declared on its field: `references = users::id`"));
        }
        if names.len() > 4 {
            return Err(meta.error("a foreign key has at most 4 columns here"));
        }
        let columns = indexes_of(&names, fields, "references")?;
        if let Some(twice) = (1..columns.len()).find(|position| columns[..*position].contains(&columns[*position])) {
            return Err(Error::new(names[twice].span(), "a foreign key has each column once"));
        }
        Ok(Self { columns, targets, is_argument: false })
    }
}

/// `(a, b) = path::(c, d)`: the names, and the paths of the columns that they refer to.
fn read_columns(input: ParseStream<'_>) -> Result<(Punctuated<Ident, Token![,]>, Vec<Path>)> {
    let content;
    syn::parenthesized!(content in input);
    let names = Punctuated::parse_terminated(&content)?;
    input.parse::<Token![=]>()?;
    let leading = input.parse::<Option<Token![::]>>()?;
    let mut table: Punctuated<Ident, Token![::]> = Punctuated::new();
    while !input.peek(syn::token::Paren) {
        table.push_value(input.call(Ident::parse_any)?);
        table.push_punct(input.parse()?);
    }
    let content;
    syn::parenthesized!(content in input);
    let columns = Punctuated::<Ident, Token![,]>::parse_terminated(&content)?;
    if table.is_empty() || !input.is_empty() {
        return Err(input.error(FORM));
    }
    let path = |column: &Ident| -> Path {
        let segments = table.iter();
        parse_quote! { #leading #(#segments::)* #column }
    };
    Ok((names, columns.iter().map(path).collect()))
}

/// Sets what each column of these foreign keys refers to, unless it has a `references` of its own, and finds those that
/// are one argument of `new`.
pub fn set_targets(fields: &mut [Field], foreign_keys: &mut [ForeignKey]) -> Result<()> {
    for field in fields.iter_mut() {
        field.target.clone_from(&field.references);
    }
    for number in 0..foreign_keys.len() {
        let shared = |column: &usize| {
            let others = foreign_keys.iter().enumerate().filter(|(other, _)| *other != number);
            others.into_iter().any(|(_, other)| other.columns.contains(column))
        };
        let is_own =
            |column: &usize| fields[*column].references.is_none() && !fields[*column].is_option() && !shared(column);
        let is_argument = foreign_keys[number].columns.iter().all(is_own);
        let key = &mut foreign_keys[number];
        key.is_argument = is_argument;
        for (column, target) in key.columns.iter().zip(&key.targets) {
            let field = &mut fields[*column];
            if !field.is_in_new() {
                let message = "the database or the session fills this field, so it cannot be part of a foreign key";
                return Err(Error::new(field.name.span(), message));
            }
            if field.default.is_some() || field.update.is_some() {
                let message = "a foreign key is given by the caller: remove `default` and `update`";
                return Err(Error::new(field.name.span(), message));
            }
            field.target.get_or_insert_with(|| target.clone());
        }
    }
    Ok(())
}
