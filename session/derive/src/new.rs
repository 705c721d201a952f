//! Generates the `New…` struct: the fields that the program gives, their defaults, and the conversion to a row.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Expr, Ident, Path, Type};

use crate::entity::{Entity, Field, Role};
use crate::parts::{converted, converts_into, new_name, pattern};

/// The type of a field in the `New…` struct.
fn new_type(at: &Path, field: &Field) -> TokenStream {
    let ty = &field.ty;
    match &field.references {
        Some(column) => quote! { #at::Ref<#column, #ty> },
        None => quote! { #ty },
    }
}

/// The `New…` struct, its constructor, and its conversion to a row.
pub fn new_struct(entity: &Entity) -> TokenStream {
    let (name, vis, at, new, table) = (&entity.name, &entity.vis, &entity.at, new_name(entity), &entity.table);
    let given: Vec<&Field> = entity.fields.iter().filter(|field| field.is_in_new()).collect();
    let fields = given.iter().map(|field| {
        let (name, vis, docs, ty) = (&field.name, &field.vis, &field.docs, new_type(at, field));
        quote! { #(#docs)* #vis #name: #ty }
    });
    let required: Vec<&&Field> = given.iter().filter(|field| is_required(field)).collect();
    let arguments = required.iter().map(|field| {
        let (name, ty) = (&field.name, new_type(at, field));
        let converts = converts_into(at, &ty);
        quote! { #name: impl #converts }
    });
    let defaults = Defaults::of(&given);
    let made = defaults.statements();
    let values = given.iter().map(|field| {
        let name = &field.name;
        match (&field.default, &field.update) {
            (Some(make), _) | (None, Some(make)) => {
                let value = defaults.variable(make, &field.ty);
                quote! { #name: ::core::clone::Clone::clone(&#value) }
            }
            (None, None) if field.is_option() && field.references.is_some() => {
                quote! { #name: #at::Ref::of(::core::option::Option::None) }
            }
            (None, None) if field.is_option() => quote! { #name: ::core::option::Option::None },
            (None, None) => {
                let converted = converted(at, name, &quote! { #name });
                quote! { #name: #converted }
            }
        }
    });
    let row = entity.fields.iter().map(|field| {
        let name = &field.name;
        match (field.role, &field.references) {
            (Role::GeneratedKey | Role::ServerDefault, _) => quote! { #name: ::core::default::Default::default() },
            (Role::Version, _) => quote! { #name: 1 },
            (_, Some(_)) => {
                let column = &field.column;
                quote! { #name: keys.value::<Self::Entity, #table::#column>(&self.#name)? }
            }
            (_, None) => quote! { #name: ::core::clone::Clone::clone(&self.#name) },
        }
    });
    let references = given.iter().filter(|field| field.references.is_some()).map(|field| {
        let (field, column) = (&field.name, &field.column);
        quote! { #at::parent::<#name, #table::#column, _>(&self.#field, see); }
    });
    let last = entity.fields.len() - 1;
    let given_values = entity.fields.iter().enumerate().map(|(index, field)| {
        let (pattern, name, column) = (pattern(index, last), &field.name, &field.column);
        let given = if !field.is_in_new() {
            quote! { #at::Given::Unknown }
        } else if field.references.is_some() {
            quote! { #at::given::<Self::Entity, #table::#column>(&self.#name) }
        } else {
            quote! { #at::Given::Value(&self.#name) }
        };
        quote! { #pattern => #given }
    });
    let about = format!("A [`{name}`] that is not yet in the database: what `add` takes.");
    let about_new = "The required fields; the others have their defaults, `Option`s are `None`.";
    quote! {
        #[doc = #about]
        #[derive(Debug, Clone, PartialEq)]
        #vis struct #new { #(#fields,)* }

        impl #new {
            #[doc = #about_new]
            ///
            /// # Errors
            ///
            /// When a value does not fit its field's type.
            #[allow(clippy::too_many_arguments)]
            #vis fn new(#(#arguments,)*) -> #at::Result<Self> {
                #made
                ::core::result::Result::Ok(Self { #(#values,)* })
            }
        }

        impl #at::New for #new {
            type Entity = #name;

            fn row(&self, keys: &#at::Keys<'_>) -> #at::Result<#name> {
                let _ = keys;
                ::core::result::Result::Ok(#name { #(#row,)* })
            }

            fn parents(&self, see: &mut dyn ::core::ops::FnMut(#at::Parent)) {
                let _ = &see;
                #(#references)*
            }

            fn value(&self, index: usize) -> #at::Given<'_> {
                match index { #(#given_values,)* }
            }
        }
    }
}

/// The defaults of a new row, each called once: fields of one type with one default, such as the times of a row, agree.
struct Defaults<'f>(Vec<(&'f Expr, &'f Type)>);

impl<'f> Defaults<'f> {
    fn of(fields: &[&'f Field]) -> Self {
        let mut distinct = Vec::new();
        for field in fields {
            let made = field.default.as_ref().or(field.update.as_ref()).map(|make| (make, &field.ty));
            distinct.extend(made.filter(|made| !distinct.contains(made)));
        }
        Self(distinct)
    }

    fn statements(&self) -> TokenStream {
        let lets = self.0.iter().map(|(make, ty)| {
            let variable = self.variable(make, ty);
            quote! { let #variable: #ty = (#make)(); }
        });
        quote! { #(#lets)* }
    }

    fn variable(&self, make: &Expr, ty: &Type) -> Ident {
        let index = self.0.iter().position(|(other, of)| *other == make && *of == ty).unwrap_or_default();
        format_ident!("default_{index}")
    }
}

fn is_required(field: &Field) -> bool {
    field.default.is_none() && field.update.is_none() && !field.is_option()
}
