//! `#[derive(Entity)]`: generates the impls of `diesel_session::session` for one struct and its table.
//!
//! See `diesel_session::Entity` for the attributes; `entity` reads them; `new`, `key` and `write` generate the code.

#![warn(clippy::expect_used, clippy::unwrap_used)]

mod entity;
mod key;
mod new;
mod write;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a struct an entity of the session; documented as `diesel_session::Entity`.
#[proc_macro_derive(Entity, attributes(entity, diesel))]
pub fn derive_entity(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    entity::Entity::read(&input).map_or_else(syn::Error::into_compile_error, |entity| write::entity(&entity)).into()
}
