//! Checks the unique sets of a struct against its fields, and generates their description for the table.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Error, Result};

use crate::entity::Entity;
use crate::filter_code::conditions;
use crate::unique_set::{Free, UniqueSet};

/// Refuses a free value in a column where a row cannot have it.
pub fn check(entity: &Entity) -> Result<()> {
    for set in &entity.unique {
        let Some(Free { word, column, .. }) = &set.free else { continue };
        let field = &entity.fields[*column];
        let name = &field.name;
        let tested = entity.unique.iter().flat_map(|set| &set.when).any(|condition| condition.field == *column);
        let problem = if !set.columns.contains(column) {
            format!("`{name}` is not a column of this set")
        } else if field.is_key() {
            "rows cannot exchange their keys: remove `free`".to_owned()
        } else if field.target.is_some() {
            "a foreign key has no free value; one that is an `Option` is NULL meanwhile".to_owned()
        } else if tested {
            format!("`when` tests `{name}`, so a row with another value there may not be in the index: remove `free`")
        } else {
            continue;
        };
        return Err(Error::new(word.span(), problem));
    }
    Ok(())
}

/// The description of the unique sets for the table.
pub fn descriptions(entity: &Entity) -> Vec<TokenStream> {
    let at = &entity.at;
    let describe = |set: &UniqueSet| {
        let (columns, deferrable) = (&set.columns, set.deferrable);
        let when = conditions(at, &entity.fields, &set.when, None);
        let free = match &set.free {
            Some(Free { column, value, .. }) => {
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
