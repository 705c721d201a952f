//! Reads the struct and its attributes; every mistake is an error that says what to write instead.

use syn::spanned::Spanned;
use syn::{
    Attribute, Data, DeriveInput, Error, Expr, Fields, Ident, Path, Result, Token, Type, TypeGroup, TypeParen,
    Visibility, parse_quote,
};

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
    /// Whether changes of its rows are kept in the history.
    pub history: bool,
    pub filters: Vec<Filter>,
    /// The foreign keys of several columns.
    pub foreign_keys: Vec<ForeignKey>,
}

/// A field that represents a column.
pub struct Field {
    pub name: Ident,
    pub vis: Visibility,
    pub ty: Type,
    pub column: Ident,
    pub docs: Vec<Attribute>,
    pub role: Role,
    pub references: Option<Path>,
    /// The column that the field's `Ref` refers to: by itself, or as a part of a foreign key of several columns.
    pub target: Option<Path>,
    pub default: Option<Expr>,
    pub update: Option<Expr>,
    pub soft_delete: Option<Expr>,
}

/// What fills the column when a row is inserted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The caller.
    Plain,
    /// The database, which generates the key.
    GeneratedKey,
    /// The caller, who gives the key.
    GivenKey,
    /// The session, which counts the version.
    Version,
    /// The database's default.
    ServerDefault,
}

impl Field {
    pub fn is_key(&self) -> bool {
        matches!(self.role, Role::GeneratedKey | Role::GivenKey)
    }

    pub fn is_generated(&self) -> bool {
        matches!(self.role, Role::GeneratedKey | Role::ServerDefault)
    }

    /// Whether the `New…` struct has the field.
    pub fn is_in_new(&self) -> bool {
        matches!(self.role, Role::Plain | Role::GivenKey)
    }

    /// Whether the caller of `new` must give it.
    pub fn is_required(&self) -> bool {
        self.is_in_new() && self.default.is_none() && self.update.is_none() && !self.is_option()
    }

    /// Whether the type is written `Option<…>`, so that `new` can leave it out. Otherwise the type itself decides.
    pub fn is_option(&self) -> bool {
        // A type that a macro took as `$ty:ty` comes in a group.
        let mut ty = &self.ty;
        while let Type::Group(TypeGroup { elem, .. }) | Type::Paren(TypeParen { elem, .. }) = ty {
            ty = elem;
        }
        match ty {
            Type::Path(path) => path.path.segments.last().is_some_and(|segment| segment.ident == "Option"),
            _ => false,
        }
    }
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
        let mut fields = named.named.iter().map(read_field).collect::<Result<Vec<_>>>()?;
        if fields.len() > 128 {
            return Err(Error::new(input.span(), "a table of Diesel's has at most 128 columns"));
        }
        check_key(input, &fields)?;
        let versions: Vec<&Field> = fields.iter().filter(|field| field.role == Role::Version).collect();
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
    match keys.iter().find(|field| field.role == Role::GeneratedKey) {
        Some(field) if keys.len() > 1 => Err(Error::new(
            field.name.span(),
            "a key of several columns is given by the program: write `#[entity(key, given)]` on each of them",
        )),
        _ => Ok(()),
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

/// Skips a Diesel attribute that has no meaning here.
fn skip(meta: &syn::meta::ParseNestedMeta<'_>) -> Result<()> {
    if meta.input.peek(Token![=]) {
        meta.value()?.parse::<Expr>().map(drop)
    } else if meta.input.peek(syn::token::Paren) {
        let content;
        syn::parenthesized!(content in meta.input);
        content.parse::<proc_macro2::TokenStream>().map(drop)
    } else {
        Ok(())
    }
}

fn read_field(field: &syn::Field) -> Result<Field> {
    let Some(name) = field.ident.clone() else {
        return Err(Error::new(field.span(), "`Entity` needs named fields, one for each column"));
    };
    let mut read = Field {
        column: name.clone(),
        name,
        vis: field.vis.clone(),
        ty: field.ty.clone(),
        docs: field.attrs.iter().filter(|attribute| attribute.path().is_ident("doc")).cloned().collect(),
        role: Role::Plain,
        references: None,
        target: None,
        default: None,
        update: None,
        soft_delete: None,
    };
    let (mut key, mut given) = (None, None);
    for attribute in &field.attrs {
        if attribute.path().is_ident("diesel") {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("column_name") {
                    read.column = meta.value()?.parse()?;
                    return Ok(());
                }
                if meta.path.is_ident("embed") {
                    return Err(meta.error("an entity's fields are its columns: `embed` cannot be used here"));
                }
                if ["deserialize_as", "serialize_as", "select_expression", "select_expression_type"]
                    .iter()
                    .any(|word| meta.path.is_ident(word))
                {
                    return Err(meta.error(
                        "the session reads and writes a field as the column's value: give it a type that implements \
                         `FromSql` and `ToSql` for the column's SQL type instead",
                    ));
                }
                skip(&meta)
            })?;
        }
        if attribute.path().is_ident("entity") {
            attribute.parse_nested_meta(|meta| {
                let Some(word) = meta.path.get_ident().map(ToString::to_string) else {
                    return Err(meta.error(KNOWN));
                };
                match word.as_str() {
                    "key" => key = Some(meta.path.span()),
                    "given" => given = Some(meta.path.span()),
                    "version" => set_role(&mut read, Role::Version, &meta)?,
                    "server_default" => set_role(&mut read, Role::ServerDefault, &meta)?,
                    "references" => read.references = Some(references(&meta)?),
                    "default" => read.default = Some(meta.value()?.parse()?),
                    "update" => read.update = Some(meta.value()?.parse()?),
                    "soft_delete" => read.soft_delete = Some(soft_delete(&meta)?),
                    _ => return Err(meta.error(KNOWN)),
                }
                Ok(())
            })?;
        }
    }
    match (key, given) {
        (Some(_), Some(_)) => read.role = Role::GivenKey,
        (Some(span), None) if read.role != Role::Plain => {
            return Err(Error::new(span, "a key is neither a version nor a server default: keep one of the two"));
        }
        (Some(_), None) => read.role = Role::GeneratedKey,
        (None, Some(span)) => return Err(Error::new(span, "`given` belongs to a key: write `#[entity(key, given)]`")),
        (None, None) => {}
    }
    check_source(&read)?;
    Ok(read)
}

/// Refuses a second source of the field's value, and sources that its role does not allow.
fn check_source(read: &Field) -> Result<()> {
    if read.is_key() && read.update.is_some() {
        let message = "a key does not change by itself: remove `update`; a key that the program makes is written \
                       `#[entity(key, given, default = path)]`";
        return Err(Error::new(read.name.span(), message));
    }
    if read.soft_delete.is_some() && (read.role != Role::Plain || read.references.is_some() || read.update.is_some()) {
        let message = "`delete` sets this field, so it is a plain column: keep `soft_delete` alone";
        return Err(Error::new(read.name.span(), message));
    }
    if read.role == Role::Version && (read.default.is_some() || read.update.is_some()) {
        let message = "the session counts the version, from 1: write `#[entity(version)]` alone";
        return Err(Error::new(read.name.span(), message));
    }
    if !read.is_in_new() && (read.default.is_some() || read.references.is_some()) {
        let message = "the database or the session fills this field, so it takes no `default` and no `references`";
        return Err(Error::new(read.name.span(), message));
    }
    if read.references.is_some() && (read.default.is_some() || read.update.is_some()) {
        return Err(Error::new(
            read.name.span(),
            "a foreign key is given by the caller: remove `default` and `update`",
        ));
    }
    Ok(())
}

const KNOWN: &str = "not an attribute of `Entity`; there are: key, given, references = table::column, default = path, \
                     update = path, server_default, version, soft_delete = path (and on the struct: unique(column, …), \
                     references((column, …) = table::(column, …)), filter(name = condition), history, crate = path)";

fn set_role(field: &mut Field, role: Role, meta: &syn::meta::ParseNestedMeta<'_>) -> Result<()> {
    if field.role != Role::Plain {
        return Err(meta.error("one field is either a version or a server default: keep one of the two"));
    }
    field.role = role;
    Ok(())
}

fn soft_delete(meta: &syn::meta::ParseNestedMeta<'_>) -> Result<Expr> {
    let message = "which function makes the value of a deleted row? write `#[entity(soft_delete = Timestamp::now)]`";
    meta.value().and_then(|value| value.parse()).map_err(|_| meta.error(message))
}

fn references(meta: &syn::meta::ParseNestedMeta<'_>) -> Result<Path> {
    let message = "write the column it refers to: `references = users::id`";
    let path: Path = meta.value().and_then(|value| value.parse()).map_err(|_| meta.error(message))?;
    if path.segments.len() < 2 {
        return Err(Error::new(path.span(), message));
    }
    Ok(path)
}

/// What `#[entity(…)]` on the struct gives.
struct About {
    /// The path of the session's crate in `crate = …`.
    session: Path,
    /// The sets of columns in `unique(a, b)`.
    unique: Vec<UniqueSet>,
    history: bool,
    /// The conditions in `filter(name = condition)`.
    filters: Vec<Filter>,
    /// The foreign keys of several columns in `references((a, b) = lines::(a, b))`.
    foreign_keys: Vec<ForeignKey>,
}

impl About {
    fn read(input: &DeriveInput, fields: &[Field]) -> Result<Self> {
        let (unique, filters, foreign_keys) = (Vec::new(), Vec::new(), Vec::new());
        let session = parse_quote! { ::diesel_session };
        let mut about = Self { session, unique, history: false, filters, foreign_keys };
        for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("entity")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("crate") {
                    let message = "where is the session's crate? write its path: `crate = folio::diesel_session`";
                    about.session = meta.value().and_then(|value| value.parse()).map_err(|_| meta.error(message))?;
                    return Ok(());
                }
                if meta.path.is_ident("history") {
                    about.history = true;
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
