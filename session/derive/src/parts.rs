//! The parts that several of the generated items have.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt as _;
use syn::{Ident, Path, Type};

use crate::entity::{Entity, Field};

/// The name of the `New…` struct.
pub fn new_name(entity: &Entity) -> Ident {
    format_ident!("New{}", entity.name)
}

/// The pattern of one index in a `match` over all of them.
pub fn pattern(index: usize, last: usize) -> TokenStream {
    if index == last {
        quote! { _ }
    } else {
        quote! { #index }
    }
}

/// The type of the key: that of its field, or a tuple.
pub fn key_type(keys: &[&Field]) -> TokenStream {
    let types: Vec<&Type> = keys.iter().map(|key| &key.ty).collect();
    match types.as_slice() {
        [ty] => quote! { #ty },
        types => quote! { (#(#types,)*) },
    }
}

/// The bound of an argument that becomes a field of type `ty`.
pub fn converts_into(at: &Path, ty: &TokenStream) -> TokenStream {
    quote! { ::core::convert::TryInto<#ty, Error: ::core::convert::Into<#at::Error>> }
}

/// The value of `given` as that of the field; an error, which names the field, is returned.
pub fn converted(at: &Path, field: &Ident, given: &TokenStream) -> TokenStream {
    let field = field.unraw().to_string();
    quote! {
        match ::core::convert::TryInto::try_into(#given) {
            ::core::result::Result::Ok(value) => value,
            ::core::result::Result::Err(error) => {
                let error: #at::Error = ::core::convert::Into::into(error);
                return ::core::result::Result::Err(error.of_field(#field));
            }
        }
    }
}
