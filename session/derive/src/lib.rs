//! `#[derive(Entity)]`: generates the impls for one struct and its table. The code refers to one module of the session,
//! `diesel_session::session::derive`.
//!
//! See `diesel_session::Entity` for the attributes; `entity`, `filter` and `unique_set` read them; `new`, `key`,
//! `filter_code`, `unique_code` and `write` generate the code.

#![warn(clippy::expect_used, clippy::unwrap_used)]

mod entity;
mod field;
mod filter;
mod filter_code;
mod foreign_key;
mod history;
mod key;
mod links;
mod new;
mod parts;
mod unique;
mod unique_code;
mod unique_set;
mod write;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a struct an entity of the session; documented as `diesel_session::Entity`.
#[proc_macro_derive(Entity, attributes(entity, diesel))]
pub fn derive_entity(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    let read = entity::Entity::read(&input).and_then(|entity| unique_code::check(&entity).map(|()| entity));
    read.map_or_else(syn::Error::into_compile_error, |entity| write::entity(&entity)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generated(attribute: &proc_macro2::TokenStream) -> String {
        let input: DeriveInput = syn::parse_quote! {
            #[diesel(table_name = books)]
            #attribute
            pub struct Book {
                #[entity(key)]
                pub id: i64,
                #[entity(references = shelves::id)]
                pub shelf_id: Option<i64>,
                #[entity(references = books::id)]
                pub copy_of: i64,
                pub title: String,
                #[entity(default = never)]
                pub loans: i64,
                #[entity(update = now)]
                pub lent_at: Timestamp,
                #[entity(server_default)]
                pub colour: String,
                #[entity(version)]
                pub version: i64,
            }
        };
        write::entity(&entity::Entity::read(&input).unwrap()).to_string()
    }

    #[test]
    fn the_code_refers_to_the_session_s_crate_by_the_path_that_the_struct_names_and_otherwise_by_its_name() {
        let by_name = generated(&quote::quote!(#[entity(unique(title))]));
        let by_path = generated(&quote::quote!(#[entity(crate = folio::diesel_session, unique(title))]));
        assert!(by_path.contains("folio :: diesel_session :: session :: derive :: Entity"), "{by_path}");
        assert_eq!(
            by_path.replace("folio :: diesel_session", ":: diesel_session"),
            by_name,
            "nothing else depends on it"
        );
        assert_eq!(
            by_name.matches("diesel_session").count(),
            by_name.matches(":: diesel_session :: session :: derive ::").count(),
            "one module holds all that the code refers to"
        );
    }
}
