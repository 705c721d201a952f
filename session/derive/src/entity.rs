//! Reads the struct and its attributes; every mistake is an error that says what to write instead.

use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned;
use syn::token::Paren;
use syn::{Data, DeriveInput, Error, Fields, Ident, Path, Result, Visibility, parse_quote};

use crate::field::skip;
pub use crate::field::{Field, Role};
use crate::filter::Filter;
use crate::foreign_key::ForeignKey;
use crate::unique_set::UniqueSet;

/// A struct that represents a table.
pub struct Entity {
    pub name: Ident,
    pub vis: Visibility,
    pub table: Path,
    /// The module of the session's crate that the generated code refers to.
    pub at: Path,
    pub fields: Vec<Field>,
    /// The sets of columns that are unique.
    pub unique: Vec<UniqueSet>,
    /// Whether changes of its rows are kept in the history, and only in sessions that ask for it.
    pub history: Option<OnRequest>,
    pub filters: Vec<Filter>,
    /// The foreign keys of several columns.
    pub foreign_keys: Vec<ForeignKey>,
}

impl Entity {
    pub fn read(input: &DeriveInput) -> Result<Self> {
        let Data::Struct(data) = &input.data else {
            return Err(Error::new(input.span(), "`Entity` stands for a table: derive it on a struct"));
        };
        let Fields::Named(named) = &data.fields else {
            return Err(Error::new(input.span(), "`Entity` needs named fields, one for each column"));
        };
        if !input.generics.params.is_empty() {
            return Err(Error::new(input.generics.span(), "`Entity` stands for one table and cannot be generic"));
        }
        if !matches!(input.vis, Visibility::Public(_)) {
            return Err(Error::new(
                input.ident.span(),
                "make the struct `pub`: the table that Diesel declares for it is, and names it as its entity",
            ));
        }
        let table = table_name(input)?;
        let mut fields = named.named.iter().map(Field::read).collect::<Result<Vec<_>>>()?;
        if fields.len() > 128 {
            return Err(Error::new(input.span(), "a table of Diesel's has at most 128 columns"));
        }
        check_key(input, &fields)?;
        let versions: Vec<&Field> = fields.iter().filter(|field| field.is_version()).collect();
        if let [_, second, ..] = versions.as_slice() {
            return Err(Error::new(second.name.span(), "a row has one version: remove this `#[entity(version)]`"));
        }
        let About { session, unique, history, filters, mut foreign_keys } = About::read(input, &fields)?;
        check_soft_delete(&fields, &filters)?;
        set_targets(&mut fields, &mut foreign_keys)?;
        let at = parse_quote! { #session::session::derive };
        let (name, vis) = (input.ident.clone(), input.vis.clone());
        Ok(Self { name, vis, table, at, fields, unique, history, filters, foreign_keys })
    }

    pub fn key(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| field.is_key())
    }

    /// The fields that the caller of `new` must give.
    pub fn required(&self) -> Vec<&Field> {
        self.fields.iter().filter(|field| field.is_required()).collect()
    }
}

fn check_key(input: &DeriveInput, fields: &[Field]) -> Result<()> {
    let keys: Vec<&Field> = fields.iter().filter(|field| field.is_key()).collect();
    if keys.is_empty() {
        return Err(Error::new(
            input.ident.span(),
            "which field is the key? write `#[entity(key)]` on it (or `#[entity(key, given)]` if the program makes the key)",
        ));
    }
    match keys.iter().filter(|field| field.role == Role::GeneratedKey).nth(1) {
        Some(field) => Err(Error::new(
            field.name.span(),
            "the database generates at most one column of a key: write `#[entity(key, given)]` on the others",
        )),
        None => Ok(()),
    }
}

/// Checks that rows which are deleted softly are not found.
fn check_soft_delete(fields: &[Field], filters: &[Filter]) -> Result<()> {
    let mut soft = fields.iter().enumerate().filter(|(_, field)| field.soft_delete.is_some());
    let Some((index, field)) = soft.next() else { return Ok(()) };
    if let Some((_, second)) = soft.next() {
        return Err(Error::new(second.name.span(), "a row is deleted by one field: remove this `soft_delete`"));
    }
    if filters.iter().any(|filter| filter.always_tests(index)) {
        return Ok(());
    }
    let name = &field.name;
    let message = format!(
        "rows that are deleted softly would still be found: write a filter on the field that needs no value, such as \
         `#[entity(filter(live = {name}.is_null()))]` on the struct"
    );
    Err(Error::new(name.span(), message))
}

/// The path in `#[diesel(table_name = …)]`.
fn table_name(input: &DeriveInput) -> Result<Path> {
    let mut table = None;
    for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("diesel")) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("table_name") {
                table = Some(meta.value()?.parse::<Path>()?);
                Ok(())
            } else {
                skip(&meta)
            }
        })?;
    }
    table.ok_or_else(|| {
        Error::new(
            input.ident.span(),
            "which table? write `#[diesel(table_name = users)]`, with the table's path in your schema",
        )
    })
}

/// What `#[entity(…)]` on the struct gives.
struct About {
    /// The path of the session's crate in `crate = …`.
    session: Path,
    /// The sets of columns in `unique(a, b)`.
    unique: Vec<UniqueSet>,
    history: Option<OnRequest>,
    /// The conditions in `filter(name = condition)`.
    filters: Vec<Filter>,
    /// The foreign keys of several columns in `references((a, b) = lines::(a, b))`.
    foreign_keys: Vec<ForeignKey>,
}

/// Whether a history is kept only in sessions that ask for it.
#[derive(Clone, Copy)]
pub struct OnRequest(pub bool);

impl OnRequest {
    /// `history`, or `history(on_request)`.
    fn read(meta: &ParseNestedMeta<'_>) -> Result<Self> {
        let mut on_request = false;
        if meta.input.peek(Paren) {
            meta.parse_nested_meta(|meta| match meta.path.is_ident("on_request") {
                true => {
                    on_request = true;
                    Ok(())
                }
                false => Err(meta.error("write `history`, or `history(on_request)`")),
            })?;
        }
        Ok(Self(on_request))
    }
}

impl About {
    fn read(input: &DeriveInput, fields: &[Field]) -> Result<Self> {
        let (unique, filters, foreign_keys) = (Vec::new(), Vec::new(), Vec::new());
        let session = parse_quote! { ::diesel_session };
        let mut about = Self { session, unique, history: None, filters, foreign_keys };
        for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("entity")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("crate") {
                    let message = "where is the session's crate? write its path: `crate = folio::diesel_session`";
                    about.session = meta.value().and_then(|value| value.parse()).map_err(|_| meta.error(message))?;
                    return Ok(());
                }
                if meta.path.is_ident("history") {
                    about.history = Some(OnRequest::read(&meta)?);
                    return Ok(());
                }
                let names: Vec<&Ident> = fields.iter().map(|field| &field.name).collect();
                if meta.path.is_ident("filter") {
                    return Filter::read(&meta, &names, &mut about.filters);
                }
                if meta.path.is_ident("unique") {
                    about.unique.push(UniqueSet::read(&meta, &names)?);
                    return Ok(());
                }
                if meta.path.is_ident("references") {
                    about.foreign_keys.push(ForeignKey::read(&meta, &names)?);
                    return Ok(());
                }
                Err(meta.error(
                    "on the struct there are only `#[entity(unique(column, …))]`, \
                     `#[entity(references((column, …) = table::(column, …)))]`, \
                     `#[entity(filter(name = condition))]`, `#[entity(history)]` and `#[entity(crate = path)]`",
                ))
            })?;
        }
        Ok(about)
    }
}

/// Sets what each column of these foreign keys refers to, unless it has a `references` of its own, and finds those that
/// are one argument of `new`.
fn set_targets(fields: &mut [Field], foreign_keys: &mut [ForeignKey]) -> Result<()> {
    for field in fields.iter_mut() {
        field.target.clone_from(&field.references);
    }
    for number in 0..foreign_keys.len() {
        let shared = |column: &usize| {
            let others = foreign_keys.iter().enumerate().filter(|(other, _)| *other != number);
            others.into_iter().any(|(_, other)| other.columns.contains(column))
        };
        let is_own =
            |column: &usize| fields[*column].references.is_none() && !fields[*column].is_option() && !shared(column);
        let is_argument = foreign_keys[number].columns.iter().all(is_own);
        let key = &mut foreign_keys[number];
        key.is_argument = is_argument;
        for (column, target) in key.columns.iter().zip(&key.targets) {
            let field = &mut fields[*column];
            if !field.is_in_new() {
                let message = "the database or the session fills this field, so it cannot be part of a foreign key";
                return Err(Error::new(field.name.span(), message));
            }
            if field.default.is_some() || field.update.is_some() {
                let message = "a foreign key is given by the caller: remove `default` and `update`";
                return Err(Error::new(field.name.span(), message));
            }
            field.target.get_or_insert_with(|| target.clone());
        }
    }
    Ok(())
}
