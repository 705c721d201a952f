//! Generates what takes an entity's key from a caller, and the check that it is exactly the primary key of its table: an
//! UPDATE or a DELETE finds its row by the key, and by part of a key it would find other rows too.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};

use crate::entity::{Entity, Field};
use crate::parts::{converted, converts_into, key_type};

/// The `KeyFrom` impl: each column of the key from anything that converts into it.
pub fn key_from(entity: &Entity) -> TokenStream {
    let (name, at) = (&entity.name, &entity.at);
    let keys: Vec<&Field> = entity.key().collect();
    let given: Vec<_> = (0..keys.len()).map(|position| format_ident!("Given{position}")).collect();
    let own = key_type(&keys);
    let bounds = keys.iter().zip(&given).map(|(key, given)| {
        let (ty, span) = (&key.ty, key.name.span());
        let converts = converts_into(at, &quote_spanned! { span => #ty });
        quote! { #given: #converts }
    });
    let (from, key) = match keys.as_slice() {
        [key] => (quote! { #(#given)* }, converted(at, &key.name, &quote! { key })),
        keys => {
            let columns = keys.iter().enumerate().map(|(position, column)| {
                let position = syn::Index::from(position);
                converted(at, &column.name, &quote! { key.#position })
            });
            (quote! { (#(#given,)*) }, quote! { (#(#columns,)*) })
        }
    };
    quote! {
        impl<#(#bounds),*> #at::KeyFrom<#from, #own> for #name {
            fn key_from(key: #from) -> #at::Result<#own> {
                ::core::result::Result::Ok(#key)
            }
        }
    }
}

/// The check, whatever the order in which the table and the struct name the columns. It never runs: it compiles or not.
pub fn check_key(entity: &Entity) -> TokenStream {
    let table = &entity.table;
    let keys: Vec<&Field> = entity.key().collect();
    let diagnostic = diagnostic(entity, &keys);
    let columns: Vec<_> = keys.iter().map(|key| &key.column).collect();
    let whole = match columns.as_slice() {
        [column] => quote! { impl WholeKey for #table::#column {} },
        columns => {
            let parts: Vec<_> = (0..columns.len()).map(|position| format_ident!("Part{position}")).collect();
            quote! {
                #diagnostic
                trait PartOfKey {}
                #(impl PartOfKey for #table::#columns {})*
                impl<#(#parts: PartOfKey),*> WholeKey for (#(#parts,)*) {}
            }
        }
    };
    let span = keys.first().map_or_else(Span::call_site, |key| key.name.span()).resolved_at(Span::call_site());
    let check = quote_spanned! { span => is_whole::<<#table::table as ::diesel::Table>::PrimaryKey>() };
    quote! {
        const _: () = {
            #diagnostic
            trait WholeKey {}
            #whole
            const fn is_whole<Key: WholeKey>() {}
            #check
        };
    }
}

/// The compiler's message if the check fails.
fn diagnostic(entity: &Entity, keys: &[&Field]) -> TokenStream {
    let table = entity.table.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
    let marked = keys.iter().map(|key| format!("`{}`", key.column)).collect::<Vec<_>>().join(", ");
    let message = format!("the key of `{}` is not the primary key of its table `{table}`", entity.name);
    let label = format!("the key of the struct is {marked}, and `table!` names another");
    quote! {
        #[diagnostic::on_unimplemented(
            message = #message,
            label = #label,
            note = "mark the field of each column of the primary key, and no other: `#[entity(key)]` where the database makes it, \
                    `#[entity(key, given)]` on each where there are several",
            note = "or name the key in the schema, after the table's name: `places (a, b)`"
        )]
    }
}
