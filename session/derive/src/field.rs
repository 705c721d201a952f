//! Reads a field and its attributes.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{Attribute, Error, Expr, Ident, Path, Result, Token, Type, TypeGroup, TypeParen, Visibility};

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
    /// The database, which computes the value whenever a row is written.
    Computed,
    /// The database, which gives the row another version whenever it is written.
    ComputedVersion,
}

impl Field {
    pub fn read(field: &syn::Field) -> Result<Self> {
        let Some(name) = field.ident.clone() else {
            return Err(Error::new(field.span(), "`Entity` needs named fields, one for each column"));
        };
        let mut read = Self {
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
        let mut words = Words::default();
        for attribute in &field.attrs {
            if attribute.path().is_ident("diesel") {
                read.read_diesel(attribute)?;
            }
            if attribute.path().is_ident("entity") {
                attribute.parse_nested_meta(|meta| {
                    let Some(word) = meta.path.get_ident().map(ToString::to_string) else {
                        return Err(meta.error(KNOWN));
                    };
                    match word.as_str() {
                        "key" => words.key = Some(meta.path.span()),
                        "given" => words.given = Some(meta.path.span()),
                        "version" => words.version = Some(meta.path.span()),
                        "server_default" => words.server_default = Some(meta.path.span()),
                        "computed" => words.computed = Some(meta.path.span()),
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
        read.role = words.role()?;
        check_source(&read)?;
        Ok(read)
    }

    /// Reads one of Diesel's attributes.
    fn read_diesel(&mut self, attribute: &Attribute) -> Result<()> {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("column_name") {
                self.column = meta.value()?.parse()?;
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
        })
    }

    pub fn is_key(&self) -> bool {
        matches!(self.role, Role::GeneratedKey | Role::GivenKey)
    }

    /// Whether the database fills it in a new row.
    pub fn is_generated(&self) -> bool {
        matches!(self.role, Role::GeneratedKey | Role::ServerDefault) || self.is_computed()
    }

    /// Whether the database alone writes it.
    pub fn is_computed(&self) -> bool {
        matches!(self.role, Role::Computed | Role::ComputedVersion)
    }

    pub fn is_version(&self) -> bool {
        matches!(self.role, Role::Version | Role::ComputedVersion)
    }

    /// Whether the program gives it in a new row.
    pub fn is_in_new(&self) -> bool {
        matches!(self.role, Role::Plain | Role::GivenKey)
    }

    /// Whether the program can give it in a new row, and the database fills it otherwise.
    pub fn may_be_in_new(&self) -> bool {
        matches!(self.role, Role::GeneratedKey | Role::ServerDefault)
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

/// Skips a Diesel attribute that has no meaning here.
pub fn skip(meta: &syn::meta::ParseNestedMeta<'_>) -> Result<()> {
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

/// The words of a field's attributes that give it a role, and where they are.
#[derive(Default)]
struct Words {
    key: Option<Span>,
    given: Option<Span>,
    version: Option<Span>,
    server_default: Option<Span>,
    computed: Option<Span>,
}

impl Words {
    /// The role that they give together.
    fn role(&self) -> Result<Role> {
        let Self { key, given, version, server_default, computed } = *self;
        match (key, given, version, server_default, computed) {
            (None, None, None, None, None) => Ok(Role::Plain),
            (Some(_), None, None, None, None) => Ok(Role::GeneratedKey),
            (Some(_), Some(_), None, None, None) => Ok(Role::GivenKey),
            (None, None, Some(_), None, None) => Ok(Role::Version),
            (None, None, None, Some(_), None) => Ok(Role::ServerDefault),
            (None, None, None, None, Some(_)) => Ok(Role::Computed),
            (None, None, Some(_), None, Some(_)) => Ok(Role::ComputedVersion),
            (None, Some(span), ..) => Err(Error::new(span, "`given` belongs to a key: write `#[entity(key, given)]`")),
            (Some(span), _, _, _, Some(_)) => Err(Error::new(
                span,
                "a computed column cannot be the key, because the key is how its value is read back: remove `computed`",
            )),
            (Some(span), ..) => {
                Err(Error::new(span, "a key is neither a version nor a server default: keep one of the two"))
            }
            (_, _, _, Some(span), Some(_)) => Err(Error::new(
                span,
                "a default fills a column that the program may set too, and a computed one is the database's alone: keep \
                 one of the two",
            )),
            (_, _, _, Some(span), None) => {
                Err(Error::new(span, "one field is either a version or a server default: keep one of the two"))
            }
        }
    }
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
    if read.is_computed() && (read.default.is_some() || read.update.is_some() || read.references.is_some()) {
        let message = "the database computes this field, so it takes no `default`, `update` or `references`";
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
                     update = path, server_default, computed, version, soft_delete = path (and on the struct: unique(column, …), \
                     references((column, …) = table::(column, …)), filter(name = condition), history, history(on_request), crate = path)";

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
