//! Generates how the rows of an entity with `#[entity(history)]` are kept in the history.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;

use crate::entity::{Entity, OnRequest};

/// The method of the `Entity` impl: its values to JSON and back, column by column.
pub fn history(entity: &Entity) -> TokenStream {
    let Some(OnRequest(on_request)) = entity.history else { return TokenStream::new() };
    let (name, table, at) = (&entity.name, &entity.table, &entity.at);
    let writes = entity.fields.iter().map(|field| {
        let (field_name, column) = (&field.name, &field.column);
        // A type that cannot be kept is an error at the field.
        quote_spanned! { field.ty.span() =>
            json.field(<#table::#column as ::diesel::Column>::NAME, &row.#field_name)?;
        }
    });
    let reads = entity.fields.iter().map(|field| {
        let (field_name, column) = (&field.name, &field.column);
        let default = match field.default.as_ref().or(field.update.as_ref()) {
            Some(make) => quote! { ::core::option::Option::Some(|| (#make)()) },
            None => quote! { ::core::option::Option::None },
        };
        quote! { #field_name: json.take(<#table::#column as ::diesel::Column>::NAME, #default)? }
    });
    quote! {
        fn history() -> ::core::option::Option<#at::HistoryOf<Self, <Self as #at::Entity>::Key>> {
            fn write(row: &#name) -> #at::Result<::std::string::String> {
                let mut json = #at::JsonObject::new();
                #(#writes)*
                ::core::result::Result::Ok(json.end())
            }
            fn read(text: &str) -> #at::Result<#name> {
                let mut json = #at::JsonValues::read(text)?;
                ::core::result::Result::Ok(#name { #(#reads,)* })
            }
            ::core::option::Option::Some(#at::HistoryOf {
                write,
                read,
                key: #at::to_json,
                read_key: #at::read_json,
                on_request: #on_request,
            })
        }
    }
}

/// The impl that says so.
pub fn keeps_history(entity: &Entity) -> TokenStream {
    if entity.history.is_none() {
        return TokenStream::new();
    }
    let (name, at) = (&entity.name, &entity.at);
    quote! { impl #at::KeepsHistory for #name {} }
}
