//! Reads foreign keys of several columns, `references((a, b) = lines::(a, b))` on the struct.

use syn::ext::IdentExt as _;
use syn::meta::ParseNestedMeta;
use syn::parse::ParseStream;
use syn::punctuated::Punctuated;
use syn::{Error, Ident, Path, Result, Token, parse_quote};

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
    /// Reads the attribute of a struct with `fields` of these names.
    pub fn read(meta: &ParseNestedMeta<'_>, fields: &[&Ident]) -> Result<Self> {
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

/// The positions of these names among the fields.
fn indexes_of(names: &Punctuated<Ident, Token![,]>, fields: &[&Ident], attribute: &str) -> Result<Vec<usize>> {
    let index = |name: &Ident| {
        let message = format!("there is no field `{name}`: `{attribute}` names fields of this struct");
        fields.iter().position(|field| *field == name).ok_or_else(|| Error::new(name.span(), message))
    };
    names.iter().map(index).collect()
}
