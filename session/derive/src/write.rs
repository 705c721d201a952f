//! Generates the code: only what one could write by hand, and without naming a backend.

use proc_macro2::TokenStream;
use quote::quote;

use crate::entity::{Entity, Field};
use crate::filter_code::{constants, descriptions};
use crate::history::{history, keeps_history};
use crate::key::{check_key, key_from};
use crate::links::links;
use crate::new::new_struct;
use crate::parts::{key_type, new_name, pattern};
use crate::unique::upsertable;
use crate::unique_code;

pub fn entity(entity: &Entity) -> TokenStream {
    let new = new_struct(entity);
    let row = row(entity);
    let columns = columns(entity);
    let fields = has_column(entity);
    let key = key_from(entity);
    let (check, unique) = (check_key(entity), upsertable(entity));
    let (links, filters, history) = (links(entity), constants(entity), keeps_history(entity));
    quote! { #new #row #key #columns #fields #filters #unique #check #links #history }
}

/// The `Entity` impl.
fn row(entity: &Entity) -> TokenStream {
    let (name, table, at, new) = (&entity.name, &entity.table, &entity.at, new_name(entity));
    let keys: Vec<&Field> = entity.key().collect();
    let key_type = key_type(&keys);
    let key_value = match keys.as_slice() {
        [key] => {
            let name = &key.name;
            quote! { ::core::clone::Clone::clone(&self.#name) }
        }
        keys => {
            let names = keys.iter().map(|key| &key.name);
            quote! { (#(::core::clone::Clone::clone(&self.#names),)*) }
        }
    };
    let set_key = match keys.as_slice() {
        [key] => {
            let name = &key.name;
            quote! { self.#name = key; }
        }
        keys => {
            let names = keys.iter().map(|key| &key.name);
            let positions = (0..keys.len()).map(syn::Index::from);
            quote! { #(self.#names = key.#positions;)* }
        }
    };
    let key_fields = keys.iter().enumerate().map(|(index, _)| {
        let pattern = pattern(index, keys.len() - 1);
        if keys.len() == 1 {
            quote! { #pattern => key }
        } else {
            let index = syn::Index::from(index);
            quote! { #pattern => &mut key.#index }
        }
    });
    let as_new = entity.fields.iter().filter(|field| field.is_in_new() || field.may_be_in_new()).map(|field| {
        let name = &field.name;
        match &field.target {
            None if field.may_be_in_new() => quote! { #name: ::core::option::Option::None },
            Some(_) => quote! { #name: #at::Ref::of(::core::clone::Clone::clone(&self.#name)) },
            None => quote! { #name: ::core::clone::Clone::clone(&self.#name) },
        }
    });
    let last = entity.fields.len() - 1;
    let fields = entity.fields.iter().enumerate().map(|(index, field)| {
        let (pattern, name) = (pattern(index, last), &field.name);
        quote! { #pattern => &self.#name }
    });
    let fields_mut = entity.fields.iter().enumerate().map(|(index, field)| {
        let (pattern, name) = (pattern(index, last), &field.name);
        quote! { #pattern => &mut self.#name }
    });
    let copy = entity.fields.iter().enumerate().map(|(index, field)| {
        let name = &field.name;
        quote! { if columns.contains(#index) { ::core::clone::Clone::clone_from(&mut self.#name, &from.#name); } }
    });
    let key_names: Vec<String> = keys.iter().map(|key| key.column.to_string()).collect();
    let key_words = match key_names.as_slice() {
        [column] => quote! { ::std::format!("{} {}", #column, #at::in_words(key)) },
        columns => {
            let positions = (0..columns.len()).map(syn::Index::from);
            let format = columns.iter().map(|column| format!("{column} {{}}")).collect::<Vec<_>>().join(", ");
            quote! { ::std::format!(#format, #(#at::in_words(&key.#positions)),*) }
        }
    };
    let changed = entity.fields.iter().enumerate().filter(|(_, field)| !field.is_computed()).map(|(index, field)| {
        let name = &field.name;
        quote! {
            if !#at::same_value(&self.#name, &before.#name) {
                changed = changed.with(#index);
            }
        }
    });
    let touch = entity.fields.iter().enumerate().filter_map(|(index, field)| {
        let (name, make) = (&field.name, field.update.as_ref()?);
        Some(quote! { if !changed.contains(#index) { self.#name = (#make)(); } })
    });
    let version_field = entity.fields.iter().find(|field| field.is_version());
    let (version, set_version) = match version_field {
        Some(field) => {
            let name = &field.name;
            (
                quote! { ::core::option::Option::Some(#at::VersionNumber::number(self.#name)) },
                quote! { self.#name = #at::VersionNumber::of(version); },
            )
        }
        None => (quote! { ::core::option::Option::None }, quote! { let _ = version; }),
    };
    let info = table_info(entity);
    let history = history(entity);
    let filters = if entity.filters.is_empty() {
        quote! { Unfiltered }
    } else {
        quote! { HasFilters }
    };
    let soft_delete = entity.fields.iter().find_map(|field| {
        let (name, make) = (&field.name, field.soft_delete.as_ref()?);
        Some(quote! {
            fn soft_delete(&mut self) {
                self.#name = ::core::convert::Into::into((#make)());
            }
        })
    });
    quote! {
        impl #at::Entity for #name {
            type Key = #key_type;
            type New = #new;
            type Table = #table::table;
            type Filters = #at::#filters;

            fn table() -> &'static #at::Table {
                #info
            }

            fn key(&self) -> Self::Key {
                #key_value
            }

            fn key_in_words(key: &Self::Key) -> ::std::string::String {
                #key_words
            }

            fn set_key(&mut self, key: Self::Key) {
                #set_key
            }

            fn key_field(key: &mut Self::Key, position: usize) -> &mut dyn #at::Value {
                match position { #(#key_fields,)* }
            }

            fn as_new(&self) -> Self::New {
                #new { #(#as_new,)* }
            }

            fn field(&self, index: usize) -> &(dyn #at::Value + 'static) {
                match index { #(#fields,)* }
            }

            fn field_mut(&mut self, index: usize) -> &mut dyn #at::Value {
                match index { #(#fields_mut,)* }
            }

            fn copy(&mut self, columns: #at::ColumnSet, from: &Self) {
                #(#copy)*
            }

            fn changed(&self, before: &Self) -> #at::ColumnSet {
                let mut changed = #at::ColumnSet::EMPTY;
                #(#changed)*
                changed
            }

            fn touch(&mut self, changed: #at::ColumnSet) {
                let _ = changed;
                #(#touch)*
            }

            #soft_delete

            fn version(&self) -> ::core::option::Option<i64> {
                #version
            }

            fn set_version(&mut self, version: i64) {
                #set_version
            }

            #history
        }

        // Another table's entity is no help where one is missing.
        #[diagnostic::do_not_recommend]
        impl #at::EntityTable for #table::table {
            type Entity = #name;
        }
    }
}

/// The description of the table that the flush uses.
fn table_info(entity: &Entity) -> TokenStream {
    let (entity_name, table, at) = (&entity.name, &entity.table, &entity.at);
    let name = table.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
    let columns = entity.fields.iter().map(|field| {
        let (column, ty, generated) = (&field.column, &field.ty, field.is_generated());
        let references = match &field.target {
            Some(_) => quote! {
                ::core::option::Option::Some(
                    #at::Reference::of::<#entity_name, #table::#column>()
                )
            },
            None => quote! { ::core::option::Option::None },
        };
        quote! {
            #at::ColumnInfo {
                name: <#table::#column as ::diesel::Column>::NAME,
                generated: #generated,
                references: #references,
                sql_type: ::core::any::type_name::<::diesel::dsl::SqlTypeOf<#table::#column>>,
                limits: #at::FieldType::<#ty>::LIMITS,
                is_null: #at::FieldType::<#ty>::IS_NULL,
                null: #at::FieldType::<#ty>::NULL,
                hash: #at::FieldType::<#ty>::HASH,
            }
        }
    });
    let indexes_of = |wanted: fn(&Field) -> bool| {
        entity.fields.iter().enumerate().filter(move |(_, field)| wanted(field)).map(|(index, _)| index)
    };
    let key = indexes_of(Field::is_key);
    let version = indexes_of(Field::is_version).next();
    let version = match version {
        Some(index) => quote! { ::core::option::Option::Some(#index) },
        None => quote! { ::core::option::Option::None },
    };
    let touched = indexes_of(|field| field.update.is_some());
    let computed = indexes_of(Field::is_computed);
    let unique = unique_code::descriptions(entity);
    let single = entity.fields.iter().enumerate().filter(|(_, field)| field.references.is_some());
    let single = single.map(|(index, field)| {
        let column = &field.column;
        quote! {
            #at::ForeignKey {
                columns: &[#index],
                references: &[#at::Reference::of::<#entity_name, #table::#column>()],
            }
        }
    });
    let several = entity.foreign_keys.iter().map(|key| {
        let indexes = &key.columns;
        let references = key.columns.iter().zip(&key.targets).map(|(index, target)| {
            let column = &entity.fields[*index].column;
            quote! { #at::Reference::between::<#entity_name, #table::#column, #target>() }
        });
        quote! { #at::ForeignKey { columns: &[#(#indexes),*], references: &[#(#references),*] } }
    });
    let foreign_keys = single.chain(several);
    let filters = descriptions(entity);
    let soft_delete = match indexes_of(|field| field.soft_delete.is_some()).next() {
        Some(index) => quote! { ::core::option::Option::Some(#index) },
        None => quote! { ::core::option::Option::None },
    };
    quote! {
        #[allow(unused_imports)]
        use #at::AnyFieldType as _;
        static TABLE: #at::Table = #at::Table {
            name: #name,
            id: ::core::any::TypeId::of::<#table::table>,
            columns: &[#(#columns),*],
            key: &[#(#key),*],
            version: #version,
            touched: #at::ColumnSet::EMPTY #(.with(#touched))*,
            computed: #at::ColumnSet::EMPTY #(.with(#computed))*,
            unique: &[#(#unique),*],
            foreign_keys: &[#(#foreign_keys),*],
            filters: &[#(#filters),*],
            soft_delete: #soft_delete,
        };
        &TABLE
    }
}

/// The `Columns` impl: one line per column, for any backend that supports the columns' types.
fn columns(entity: &Entity) -> TokenStream {
    let (name, table, at) = (&entity.name, &entity.table, &entity.at);
    let sql_type = |field: &Field| {
        let column = &field.column;
        quote! { ::diesel::dsl::SqlTypeOf<#table::#column> }
    };
    let bounds = entity.fields.iter().map(|field| {
        let (ty, sql) = (&field.ty, sql_type(field));
        quote! {
            DB: ::diesel::sql_types::HasSqlType<#sql>,
            #ty: ::diesel::serialize::ToSql<#sql, DB> + ::diesel::deserialize::FromSql<#sql, DB>,
        }
    });
    let last = entity.fields.len() - 1;
    let arms = entity.fields.iter().enumerate().map(|(index, field)| {
        let (pattern, name, sql) = (pattern(index, last), &field.name, sql_type(field));
        quote! { #pattern => visitor.visit::<#sql, _>(|row| &row.#name, |row, value| row.#name = value) }
    });
    let keys: Vec<&Field> = entity.key().collect();
    let key_arms = keys.iter().enumerate().map(|(index, field)| {
        let (pattern, sql) = (pattern(index, keys.len() - 1), sql_type(field));
        if keys.len() == 1 {
            quote! { #pattern => visitor.visit::<#sql, _>(|key| key, |key, value| *key = value) }
        } else {
            let index = syn::Index::from(index);
            quote! { #pattern => visitor.visit::<#sql, _>(|key| &key.#index, |key, value| key.#index = value) }
        }
    });
    let reads = entity.fields.iter().enumerate().map(|(index, field)| {
        let (name, ty, sql) = (&field.name, &field.ty, sql_type(field));
        quote! { #name: row.get_value::<#sql, #ty, _>(at(#index))? }
    });
    quote! {
        impl<DB: ::diesel::backend::Backend> #at::Columns<DB> for #name
        where
            #table::table: ::diesel::query_builder::QueryFragment<DB>,
            #(#bounds)*
        {
            fn column<V: #at::Visitor<DB, Self>>(index: usize, visitor: V) -> V::Output {
                match index { #(#arms,)* }
            }

            fn key_column<V: #at::Visitor<DB, Self::Key>>(index: usize, visitor: V) -> V::Output {
                match index { #(#key_arms,)* }
            }

            fn table_name(out: ::diesel::query_builder::AstPass<'_, '_, DB>) -> ::diesel::QueryResult<()> {
                ::diesel::query_builder::QueryFragment::<DB>::walk_ast(&#table::table, out)
            }

            fn read<'a>(
                row: &impl ::diesel::row::Row<'a, DB>,
                at: impl ::core::ops::Fn(usize) -> usize,
            ) -> ::diesel::deserialize::Result<Self> {
                ::core::result::Result::Ok(Self { #(#reads,)* })
            }
        }
    }
}

/// One `HasColumn` impl per field, and what it refers to.
fn has_column(entity: &Entity) -> TokenStream {
    let (name, table, at) = (&entity.name, &entity.table, &entity.at);
    let keys: Vec<&Field> = entity.key().collect();
    let impls = entity.fields.iter().map(|field| {
        let (field_name, column, ty) = (&field.name, &field.column, &field.ty);
        let of_key = match keys.iter().position(|key| key.name == field.name) {
            Some(_) if keys.len() == 1 => quote! { ::core::option::Option::Some(::core::clone::Clone::clone(key)) },
            Some(index) => {
                let index = syn::Index::from(index);
                quote! { ::core::option::Option::Some(::core::clone::Clone::clone(&key.#index)) }
            }
            None => quote! {{ let _ = key; ::core::option::Option::None }},
        };
        let references = field.references.as_ref().map(|target| {
            quote! {
                impl #at::References<#table::#column> for #name {
                    type Target = #target;
                }
            }
        });
        let gives = field.target.as_ref().map(|_| {
            let new = new_name(entity);
            quote! {
                impl #at::GivesReference<#table::#column> for #name {
                    fn reference(new: &mut #new) -> &mut #at::Ref<Self::To, #ty> {
                        &mut new.#field_name
                    }
                }
            }
        });
        let refers = field.target.as_ref().map(|target| {
            quote! {
                impl #at::Refers<#table::#column> for #name {
                    type To = #target;
                }
            }
        });
        quote! {
            #references
            #refers
            #gives

            impl #at::EntityColumn for #table::#column {}

            impl #at::HasColumn<#table::#column> for #name {
                type Value = #ty;

                fn column(&self) -> &#ty {
                    &self.#field_name
                }

                fn column_of_key(key: &Self::Key) -> ::core::option::Option<#ty> {
                    #of_key
                }
            }
        }
    });
    let several = entity.foreign_keys.iter().map(|key| {
        let columns = key.columns.iter().map(|index| &entity.fields[*index].column);
        let targets = &key.targets;
        quote! {
            impl #at::References<(#(#table::#columns,)*)> for #name {
                type Target = (#(#targets,)*);
            }
        }
    });
    quote! { #(#impls)* #(#several)* }
}
