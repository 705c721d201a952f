//! Generates the description of an entity's filters and of other conditions: those that the session writes as SQL and evaluates in
//! memory.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Expr, Ident, Path, Type};

use crate::entity::{Entity, Field};
use crate::filter::{Condition, Filter, Test};

/// The names of the filters as constants of the struct.
pub fn constants(entity: &Entity) -> TokenStream {
    if entity.filters.is_empty() {
        return TokenStream::new();
    }
    let (name, at) = (&entity.name, &entity.at);
    let constants = entity.filters.iter().map(|filter| {
        let words = filter.name.to_string();
        let constant = Ident::new(&words.to_uppercase(), filter.name.span());
        let about = format!("The filter `{words}`, to switch it off.");
        quote! {
            #[doc = #about]
            pub const #constant: #at::Filter<#name> = #at::Filter::new(#words);
        }
    });
    quote! { impl #name { #(#constants)* } }
}

/// The description of the filters for the table.
pub fn descriptions(entity: &Entity) -> Vec<TokenStream> {
    let at = &entity.at;
    let describe = |filter: &Filter| {
        let name = filter.name.to_string();
        let needs = match &filter.needs {
            Some((_, ty)) => quote! { ::core::option::Option::Some(::core::any::type_name::<#ty>) },
            None => quote! { ::core::option::Option::None },
        };
        let conditions = conditions(at, &entity.fields, &filter.conditions, filter.needs.as_ref());
        quote! { #at::FilterInfo { name: #name, needs: #needs, conditions: &[#(#conditions),*] } }
    };
    entity.filters.iter().map(describe).collect()
}

/// The description of conditions, whose values may use one that is given by its type.
pub fn conditions(
    at: &Path,
    fields: &[Field],
    conditions: &[Condition],
    needs: Option<&(Ident, Type)>,
) -> Vec<TokenStream> {
    let describe = |condition: &Condition| {
        let (index, field) = (condition.field, &fields[condition.field]);
        let test = match &condition.test {
            Test::IsNull => quote! { IsNull },
            Test::IsNotNull => quote! { IsNotNull },
            Test::Equal(value) => {
                let operand = operand(at, needs, field, value);
                quote! { Equal(#operand) }
            }
            Test::NotEqual(value) => {
                let operand = operand(at, needs, field, value);
                quote! { NotEqual(#operand) }
            }
        };
        quote! { #at::FilterCondition { column: #index, test: #at::FilterTest::#test } }
    };
    conditions.iter().map(describe).collect()
}

/// The closure that makes the value which a column is compared with.
fn operand(at: &Path, needs: Option<&(Ident, Type)>, field: &Field, value: &Expr) -> TokenStream {
    let ty = &field.ty;
    let given = needs.map(|(name, needed)| {
        quote_spanned! { needed.span() =>
            #[allow(unused_variables)]
            let #name: #needed = ::core::clone::Clone::clone(values.get::<#needed>()?);
        }
    });
    let values = if given.is_some() {
        quote! { values }
    } else {
        quote! { _ }
    };
    let made = quote_spanned! { value.span() => #at::operand::<#ty, _>(#value) };
    quote! {
        |#values| {
            #given
            ::core::option::Option::Some(#made)
        }
    }
}
