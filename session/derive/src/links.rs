//! Generates what makes an entity a link of two rows.

use proc_macro2::TokenStream;
use quote::quote;

use crate::entity::{Entity, Field};
use crate::parts::new_name;

/// The `Links` impls of an entity that two foreign keys identify, and that needs no other value: they are its key, or its
/// unique columns beside a key that the database generates.
pub fn links(entity: &Entity) -> TokenStream {
    let (name, table, at, new) = (&entity.name, &entity.table, &entity.at, new_name(entity));
    let [one, other] = entity.required()[..] else { return TokenStream::new() };
    let is_key = entity.key().count() == 2 && [one, other].iter().all(|field| field.is_key());
    let is_unique = entity.key().all(Field::is_generated) && is_only_set(entity, [one, other]);
    if !(is_key || is_unique) || one.references.is_none() || other.references.is_none() {
        return TokenStream::new();
    }
    let (x, y) = (&one.name, &other.name);
    let key = if is_key {
        quote! { ::core::option::Option::Some((#x, #y)) }
    } else {
        quote! {{
            let _ = (#x, #y);
            ::core::option::Option::None
        }}
    };
    let link = |first: &Field, second: &Field| {
        let (column, to) = (&first.column, &second.column);
        let ((a, a_type), (b, b_type)) = ((&first.name, &first.ty), (&second.name, &second.ty));
        quote! {
            impl #at::Links<#table::#column, #table::#to> for #name {
                fn link(
                    #a: #at::Ref<<Self as #at::Refers<#table::#column>>::To, #a_type>,
                    #b: #at::Ref<<Self as #at::Refers<#table::#to>>::To, #b_type>,
                ) -> #at::Result<#new> {
                    #new::new(#x, #y)
                }

                fn key_of(#a: #a_type, #b: #b_type) -> ::core::option::Option<Self::Key> {
                    #key
                }
            }
        }
    };
    let (there, back) = (link(one, other), link(other, one));
    quote! { #there #back }
}

/// Whether these fields are the only unique set of the entity.
fn is_only_set(entity: &Entity, fields: [&Field; 2]) -> bool {
    let [set] = &entity.unique[..] else { return false };
    let named =
        |index: &usize| entity.fields.get(*index).is_some_and(|own| fields.iter().any(|field| own.name == field.name));
    set.is_of_upserts() && set.columns.len() == fields.len() && set.columns.iter().all(named)
}
