//! Generates the `New…` struct: the fields that the program gives, their defaults, and the conversion to a row.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt as _;
use syn::{Expr, Ident, Path, Type};

use crate::entity::{Entity, Field, Role};
use crate::foreign_key::ForeignKey;
use crate::parts::{converted, converts_into, new_name, pattern};

/// The type of a field in the `New…` struct.
fn new_type(at: &Path, field: &Field) -> TokenStream {
    let ty = &field.ty;
    if field.may_be_in_new() {
        return quote! { ::core::option::Option<#ty> };
    }
    match &field.target {
        Some(column) => quote! { #at::Ref<#column, #ty> },
        None => quote! { #ty },
    }
}

/// The `New…` struct, its constructor, and its conversion to a row.
pub fn new_struct(entity: &Entity) -> TokenStream {
    let (name, vis, at, new, table) = (&entity.name, &entity.vis, &entity.at, new_name(entity), &entity.table);
    let given: Vec<&Field> = entity.fields.iter().filter(|field| field.is_in_new() || field.may_be_in_new()).collect();
    let fields = given.iter().map(|field| {
        let (name, vis, docs, ty) = (&field.name, &field.vis, &field.docs, new_type(at, field));
        let none = field.may_be_in_new().then(|| quote! { #[doc = ""] #[doc = "`None` leaves it to the database."] });
        quote! { #(#docs)* #none #vis #name: #ty }
    });
    let arguments = arguments(entity);
    let references = entity.foreign_keys.iter().filter(|key| key.is_argument).map(|key| {
        let names = key.columns.iter().map(|column| &entity.fields[*column].name);
        let given = argument(entity, key);
        quote! { let (#(#names,)*) = #at::IntoReferences::into_references(#given)?; }
    });
    let references: TokenStream = references.collect();
    let defaults = Defaults::of(&given);
    let made = defaults.statements();
    let values = given.iter().map(|field| {
        let name = &field.name;
        match (&field.default, &field.update) {
            (Some(make), _) | (None, Some(make)) => {
                let value = defaults.variable(make, &field.ty);
                quote! { #name: ::core::clone::Clone::clone(&#value) }
            }
            (None, None) if field.may_be_in_new() => quote! { #name: ::core::option::Option::None },
            (None, None) if in_argument(entity, field).is_some() => quote! { #name },
            (None, None) if field.is_option() && field.target.is_some() => {
                quote! { #name: #at::Ref::of(::core::option::Option::None) }
            }
            (None, None) if field.is_option() => quote! { #name: ::core::option::Option::None },
            (None, None) => {
                let converted = converted(at, name, &quote! { #name });
                quote! { #name: #converted }
            }
        }
    });
    let row = entity.fields.iter().enumerate().map(|(index, field)| {
        let name = &field.name;
        match (field.role, &field.target) {
            _ if field.may_be_in_new() => {
                quote! { #name: ::core::option::Option::unwrap_or_default(::core::clone::Clone::clone(&self.#name)) }
            }
            _ if field.is_computed() => quote! { #name: ::core::default::Default::default() },
            (Role::Version, _) => quote! { #name: 1 },
            (_, Some(_)) => {
                let column = &field.column;
                quote! { #name: keys.value::<Self::Entity, #table::#column>(#index, &self.#name)? }
            }
            (_, None) => quote! { #name: ::core::clone::Clone::clone(&self.#name) },
        }
    });
    let parents = entity.fields.iter().enumerate().filter(|(_, field)| field.target.is_some()).map(|(index, field)| {
        let (field, column) = (&field.name, &field.column);
        quote! { #at::parent::<#name, #table::#column, _>(#index, &self.#field, see); }
    });
    let last = entity.fields.len() - 1;
    let given_values = entity.fields.iter().enumerate().map(|(index, field)| {
        let (pattern, name, column) = (pattern(index, last), &field.name, &field.column);
        let given = if field.may_be_in_new() {
            quote! {
                match &self.#name {
                    ::core::option::Option::Some(value) => #at::Given::Value(value),
                    ::core::option::Option::None => #at::Given::Unknown,
                }
            }
        } else if !field.is_in_new() {
            quote! { #at::Given::Unknown }
        } else if field.target.is_some() {
            quote! { #at::given::<Self::Entity, #table::#column>(#index, &self.#name) }
        } else {
            quote! { #at::Given::Value(&self.#name) }
        };
        quote! { #pattern => #given }
    });
    let optional = entity.fields.iter().enumerate().filter(|(_, field)| field.may_be_in_new()).map(|(index, field)| {
        let name = &field.name;
        quote! {
            if ::core::option::Option::is_some(&self.#name) {
                given = given.with(#index);
            }
        }
    });
    let about = format!("A [`{name}`] that is not yet in the database: what `add` takes.");
    let about_new = "The required fields; the others have their defaults, and those that may be left out are `None`.";
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
                #references
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
                #(#parents)*
            }

            fn value(&self, index: usize) -> #at::Given<'_> {
                match index { #(#given_values,)* }
            }

            #[allow(unused_mut)]
            fn given(&self) -> #at::ColumnSet {
                let mut given = #at::ColumnSet::EMPTY;
                #(#optional)*
                given
            }
        }
    }
}

/// The arguments of `new`: one for each required field, and one for all columns of a foreign key of several columns.
fn arguments(entity: &Entity) -> Vec<TokenStream> {
    let at = &entity.at;
    let mut arguments = Vec::new();
    for (index, field) in entity.fields.iter().enumerate().filter(|(_, field)| field.is_required()) {
        match in_argument(entity, field) {
            Some(key) if key.columns.iter().min() == Some(&index) => {
                let name = argument(entity, key);
                let types = key.columns.iter().map(|column| new_type(at, &entity.fields[*column]));
                arguments.push(quote! { #name: impl #at::IntoReferences<(#(#types,)*)> });
            }
            Some(_) => {}
            None => {
                let (name, converts) = (&field.name, converts_into(at, &new_type(at, field)));
                arguments.push(quote! { #name: impl #converts });
            }
        }
    }
    arguments
}

/// The foreign key of several columns that is one argument of `new`, if the field belongs to one.
fn in_argument<'e>(entity: &'e Entity, field: &Field) -> Option<&'e ForeignKey> {
    let has = |key: &&ForeignKey| key.columns.iter().any(|column| entity.fields[*column].name == field.name);
    entity.foreign_keys.iter().filter(|key| key.is_argument).find(has)
}

/// The name of the argument for a foreign key of several columns: those of its columns.
fn argument(entity: &Entity, key: &ForeignKey) -> Ident {
    let names: Vec<String> = key.columns.iter().map(|column| entity.fields[*column].name.unraw().to_string()).collect();
    format_ident!("{}", names.join("_and_"))
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
