//! Generates what an upsert of an entity may name: one `UniqueOn` impl per set of columns in which a new row can conflict
//! with a stored one (the key, if the program gives it, and each declared set of all rows whose values the program gives), and one
//! `GivesColumn` impl per column that it can set in a stored row.

use proc_macro2::TokenStream;
use quote::quote;

use crate::entity::{Entity, Field};

pub fn upsertable(entity: &Entity) -> TokenStream {
    let (name, table, at) = (&entity.name, &entity.table, &entity.at);
    let fields = entity.fields.iter().enumerate();
    let key: Vec<usize> = fields.filter(|(_, field)| field.is_key()).map(|(index, _)| index).collect();
    let mut sets: Vec<&Vec<usize>> = Vec::new();
    let declared = entity.unique.iter().filter(|set| set.is_of_upserts()).map(|set| &set.columns);
    for set in std::iter::once(&key).chain(declared) {
        let given = set.iter().all(|index| entity.fields.get(*index).is_some_and(Field::is_in_new));
        if given && !sets.contains(&set) {
            sets.push(set);
        }
    }
    let impls = sets.into_iter().map(|set| {
        let columns: Vec<_> =
            set.iter().filter_map(|index| entity.fields.get(*index)).map(|field| &field.column).collect();
        let columns = match columns.as_slice() {
            [column] => quote! { #table::#column },
            columns => quote! { (#(#table::#columns,)*) },
        };
        quote! {
            impl #at::UniqueOn<#columns> for #name {
                const COLUMNS: &'static [usize] = &[#(#set),*];
            }
        }
    });
    let given = entity.fields.iter().filter(|field| field.is_in_new() && !field.is_key());
    let columns = given.map(|field| &field.column);
    quote! {
        #(#impls)*
        #(impl #at::GivesColumn<#table::#columns> for #name {})*
    }
}
