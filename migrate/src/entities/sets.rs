//! What the attribute of a struct says about several columns: `unique(…)` and `references(…)`.

use syn::ext::IdentExt as _;
use syn::parse::ParseStream;
use syn::punctuated::Punctuated;
use syn::{Ident, Meta, Token};

/// A foreign key of several columns, `references((a, b) = lines::(c, d))`.
pub(super) struct KeyInFile {
    pub(super) columns: Vec<String>,
    pub(super) module: String,
    pub(super) references: Vec<String>,
}

/// The columns in `unique(a, b, …)`, unless the set is one of some rows only: the database has an index for those.
pub(super) fn unique_set(parts: &Punctuated<Meta, Token![,]>) -> Option<Vec<String>> {
    let is_partial = |part: &Meta| matches!(part, Meta::NameValue(when) if when.path.is_ident("when"));
    let name = |part: &Meta| match part {
        Meta::Path(path) if !path.is_ident("deferrable") => path.get_ident().map(ToString::to_string),
        _ => None,
    };
    (!parts.iter().any(is_partial)).then(|| parts.iter().filter_map(name).collect())
}

/// The inside of `references(…)` of a struct.
pub(super) fn key(input: ParseStream<'_>) -> syn::Result<KeyInFile> {
    let list = |input: ParseStream<'_>| -> syn::Result<Vec<String>> {
        let inside;
        syn::parenthesized!(inside in input);
        let names = Punctuated::<Ident, Token![,]>::parse_terminated(&inside)?;
        Ok(names.iter().map(ToString::to_string).collect())
    };
    let columns = list(input)?;
    input.parse::<Token![=]>()?;
    input.parse::<Option<Token![::]>>()?;
    let mut module = String::new();
    while !input.peek(syn::token::Paren) {
        module = input.call(Ident::parse_any)?.to_string();
        input.parse::<Token![::]>()?;
    }
    Ok(KeyInFile { columns, module, references: list(input)? })
}
