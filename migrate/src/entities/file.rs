//! What a file of generated code contains by now, with the place of everything in its text.

use std::ops::Range;

use proc_macro2::TokenStream;
use syn::parse::{ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{
    Attribute, Expr, ExprLit, Fields, Ident, Item, ItemMacro, ItemStruct, ItemUse, Lit, Meta, Path, Token, Type,
};

use super::MARK;
use super::sets::{KeyInFile, key, unique_set};

/// The parts of a file that this module's code follows.
#[derive(Default)]
pub(super) struct File {
    pub(super) tables: Vec<TableInFile>,
    pub(super) rows: Vec<RowInFile>,
    pub(super) enums: Vec<EnumInFile>,
    /// The markers of SQL types with their names on PostgreSQL, and where the next one goes.
    pub(super) sql_types: Option<(Vec<(String, String)>, usize)>,
    /// The pairs of tables that can be joined.
    pub(super) joins: Vec<(String, String)>,
    /// The tables of the first `allow_tables_to_appear_in_same_query!`, and where its list is.
    pub(super) together: Option<(Vec<String>, Range<usize>)>,
    /// The names of all structs and enums.
    pub(super) types: Vec<String>,
}

/// A list in braces: where it begins, and its elements.
pub(super) struct List {
    pub(super) open: usize,
    pub(super) items: Vec<Element>,
}

/// A column, a field or a variant.
pub(super) struct Element {
    /// With its attributes, without the comma.
    pub(super) range: Range<usize>,
    /// Whether a comma follows, and where it ends.
    pub(super) comma: Option<usize>,
    /// Its identifier.
    pub(super) name: String,
    /// The name of the column.
    pub(super) column: String,
    /// The type.
    pub(super) ty: Range<usize>,
    /// Where its visibility or name begins, after its attributes.
    pub(super) start: usize,
    /// Its `#[entity(…)]`.
    pub(super) entity: Option<EntityAttribute>,
}

/// `#[entity(…)]` of a field.
pub(super) struct EntityAttribute {
    /// The words in it.
    pub(super) words: Vec<String>,
    /// The path in `references = …`, and where it is.
    pub(super) references: Option<(Path, Range<usize>)>,
    /// Where the next word goes.
    pub(super) end: usize,
}

impl Element {
    /// Whether `#[entity(…)]` says this of it.
    pub(super) fn is(&self, word: &str) -> bool {
        self.entity.as_ref().is_some_and(|entity| entity.words.iter().any(|own| own == word))
    }

    /// The path in `references = …`, and where it is.
    pub(super) fn references(&self) -> Option<&(Path, Range<usize>)> {
        self.entity.as_ref()?.references.as_ref()
    }
}

pub(super) struct TableInFile {
    pub(super) table: String,
    pub(super) module: String,
    /// Where the table's name is, or its attributes begin.
    pub(super) start: usize,
    pub(super) has_uses: bool,
    /// The names that it uses.
    pub(super) uses: String,
    pub(super) key: Vec<String>,
    pub(super) key_range: Range<usize>,
    pub(super) columns: List,
}

pub(super) struct RowInFile {
    pub(super) name: String,
    pub(super) module: String,
    /// Whether the mark is above it.
    pub(super) marked: bool,
    pub(super) fields: List,
    pub(super) unique: Vec<Vec<String>>,
    pub(super) foreign_keys: Vec<KeyInFile>,
    /// Where its visibility or `struct` begins, after its attributes.
    pub(super) start: usize,
    /// Where the path in `table_name = …` ends, unless `check_for_backend` is there too.
    pub(super) backend: Option<usize>,
}

pub(super) struct EnumInFile {
    pub(super) name: String,
    /// The last word of `sql_type = …`.
    pub(super) sql_type: String,
    pub(super) variants: List,
}

impl File {
    /// Reads the text of a file.
    pub(super) fn of(text: &str) -> syn::Result<Self> {
        let mut file = Self::default();
        let mut end = 0;
        for item in &syn::parse_file(text)?.items {
            match item {
                Item::Macro(item) => file.add_macro(item)?,
                Item::Struct(item) => {
                    let above = text.get(end..range(&item.struct_token).start).unwrap_or_default();
                    file.types.push(item.ident.to_string());
                    file.rows.extend(row(item, above));
                }
                Item::Enum(item) => file.types.push(item.ident.to_string()),
                Item::Mod(item) if item.ident == "sql_types" => {
                    if let Some((brace, items)) = &item.content {
                        let names = items.iter().filter_map(|item| match item {
                            Item::Struct(item) => Some((item.ident.to_string(), postgres_type(&item.attrs)?)),
                            _ => None,
                        });
                        file.sql_types = Some((names.collect(), range(&brace.span.close()).start));
                    }
                }
                _ => {}
            }
            end = range(item).end;
        }
        Ok(file)
    }

    fn add_macro(&mut self, item: &ItemMacro) -> syn::Result<()> {
        let Some(last) = item.mac.path.segments.last() else { return Ok(()) };
        let tokens = item.mac.tokens.clone();
        match last.ident.to_string().as_str() {
            "table" => self.tables.push(table.parse2(tokens)?),
            "database_enum" => {
                let (name, sql_type, variants) = database_enum.parse2(tokens)?;
                self.types.push(name.clone());
                self.enums.push(EnumInFile { name, sql_type, variants });
            }
            "joinable" => {
                let words: Vec<String> = words(tokens);
                if let [one, other, ..] = &words[..] {
                    self.joins.push((one.clone(), other.clone()));
                }
            }
            "allow_tables_to_appear_in_same_query" if self.together.is_none() => {
                let delimiters = item.mac.delimiter.span();
                let within = range(&delimiters.open()).end..range(&delimiters.close()).start;
                self.together = Some((words(tokens), within));
            }
            _ => {}
        }
        Ok(())
    }
}

/// The bytes of a part of the text.
fn range(part: &impl syn::spanned::Spanned) -> Range<usize> {
    part.span().byte_range()
}

/// The identifiers among some tokens, not those in groups.
fn words(tokens: TokenStream) -> Vec<String> {
    let idents = tokens.into_iter().filter_map(|token| match token {
        proc_macro2::TokenTree::Ident(ident) => Some(ident.to_string()),
        _ => None,
    });
    idents.collect()
}

/// The inside of `table!`.
fn table(input: ParseStream<'_>) -> syn::Result<TableInFile> {
    let mut uses = String::new();
    let (attributes, start) = loop {
        let attributes = input.call(Attribute::parse_outer)?;
        if input.peek(Token![use]) {
            let item: ItemUse = input.parse()?;
            uses += &item.span().source_text().unwrap_or_default();
            continue;
        }
        let start = attributes.first().map_or_else(|| input.span().byte_range().start, |first| range(first).start);
        break (attributes, start);
    };
    let path: Path = input.parse()?;
    let module = path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default();
    let mut key = vec!["id".to_owned()];
    let mut key_range = range(&path).end..range(&path).end;
    if input.peek(syn::token::Paren) {
        let names;
        let parentheses = syn::parenthesized!(names in input);
        key = Punctuated::<Ident, Token![,]>::parse_terminated(&names)?.iter().map(ToString::to_string).collect();
        key_range = parentheses.span.join().byte_range();
    }
    let inside;
    let brace = syn::braced!(inside in input);
    let mut items = Vec::new();
    while !inside.is_empty() {
        let attributes = inside.call(Attribute::parse_outer)?;
        let name: Ident = inside.parse()?;
        inside.parse::<Token![->]>()?;
        let ty: Type = inside.parse()?;
        let comma = inside.parse::<Option<Token![,]>>()?;
        let start = attributes.first().map_or_else(|| range(&name).start, |first| range(first).start);
        items.push(Element {
            range: start..range(&ty).end,
            comma: comma.map(|comma| range(&comma).end),
            column: value_of(&attributes, "sql_name").unwrap_or_else(|| name.to_string()),
            name: name.to_string(),
            ty: range(&ty),
            start: range(&name).start,
            entity: None,
        });
    }
    let columns = List { open: range(&brace.span.open()).end, items };
    let name = value_of(&attributes, "sql_name").unwrap_or_else(|| module.clone());
    Ok(TableInFile { table: name, module, start, has_uses: !uses.is_empty(), uses, key, key_range, columns })
}

/// The text in `#[name = "text"]`.
fn value_of(attributes: &[Attribute], name: &str) -> Option<String> {
    attributes.iter().find_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident(name) => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    })
}

/// A struct that is the row of a table.
fn row(item: &ItemStruct, above: &str) -> Option<RowInFile> {
    let Fields::Named(named) = &item.fields else { return None };
    let mut module = None;
    let mut backend = None;
    let (mut unique, mut foreign_keys) = (Vec::new(), Vec::new());
    for attribute in &item.attrs {
        let Meta::List(list) = &attribute.meta else { continue };
        if list.path.is_ident("diesel") {
            let mut checked = false;
            // What it cannot read is another macro's affair.
            drop(attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("table_name") {
                    let path: Path = meta.value()?.parse()?;
                    module = path.segments.last().map(|last| last.ident.to_string());
                    backend = Some(range(&path).end);
                } else if meta.path.is_ident("check_for_backend") {
                    checked = true;
                    meta.parse_nested_meta(|_| Ok(()))?;
                } else if meta.input.peek(Token![=]) {
                    meta.value()?.parse::<Expr>()?;
                }
                Ok(())
            }));
            if checked {
                backend = None;
            }
        }
        if list.path.is_ident("entity") {
            drop(attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("unique") {
                    let inside;
                    syn::parenthesized!(inside in meta.input);
                    unique.extend(unique_set(&Punctuated::parse_terminated(&inside)?));
                } else if meta.path.is_ident("references") {
                    let inside;
                    syn::parenthesized!(inside in meta.input);
                    foreign_keys.push(key(&inside)?);
                } else if meta.input.peek(Token![=]) {
                    meta.value()?.parse::<Expr>()?;
                } else if meta.input.peek(syn::token::Paren) {
                    let inside;
                    syn::parenthesized!(inside in meta.input);
                    inside.parse::<TokenStream>()?;
                }
                Ok(())
            }));
        }
    }
    let mut items = Vec::new();
    for pair in named.named.pairs() {
        let field = pair.value();
        let name = field.ident.as_ref()?.to_string();
        items.push(Element {
            range: range(field),
            comma: pair.punct().map(|comma| range(comma).end),
            column: column_of(&field.attrs).unwrap_or_else(|| name.clone()),
            name,
            ty: range(&field.ty),
            start: start_of(&field.vis, field.ident.as_ref()?),
            entity: field.attrs.iter().find_map(entity_attribute),
        });
    }
    let module = module?;
    let mark = format!("{MARK}{module}");
    Some(RowInFile {
        name: item.ident.to_string(),
        marked: above.lines().any(|line| line.trim() == mark),
        module,
        fields: List { open: range(&named.brace_token.span.open()).end, items },
        unique,
        foreign_keys,
        start: start_of(&item.vis, &item.struct_token),
        backend,
    })
}

/// Where the visibility begins, or what follows it where there is none.
fn start_of(visibility: &syn::Visibility, next: &impl syn::spanned::Spanned) -> usize {
    match visibility {
        syn::Visibility::Inherited => range(next).start,
        written => range(written).start,
    }
}

/// `#[entity(…)]`.
fn entity_attribute(attribute: &Attribute) -> Option<EntityAttribute> {
    let Meta::List(list) = &attribute.meta else { return None };
    if !list.path.is_ident("entity") {
        return None;
    }
    let end = range(&list.delimiter.span().close()).start;
    let mut entity = EntityAttribute { words: Vec::new(), references: None, end };
    // What it cannot read is a mistake that the derive reports.
    drop(attribute.parse_nested_meta(|meta| {
        entity.words.extend(meta.path.get_ident().map(ToString::to_string));
        if meta.path.is_ident("references") {
            let path: Path = meta.value()?.parse()?;
            let place = range(&path);
            entity.references = Some((path, place));
        } else if meta.input.peek(Token![=]) {
            meta.value()?.parse::<Expr>()?;
        }
        Ok(())
    }));
    Some(entity)
}

/// The name in `#[diesel(postgres_type(name = "…"))]`.
fn postgres_type(attributes: &[Attribute]) -> Option<String> {
    let mut found = None;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("diesel")) {
        drop(attribute.parse_nested_meta(|meta| {
            let is_postgres = meta.path.is_ident("postgres_type");
            meta.parse_nested_meta(|inner| {
                let text: syn::LitStr = inner.value()?.parse()?;
                if is_postgres && inner.path.is_ident("name") {
                    found = Some(text.value());
                }
                Ok(())
            })
        }));
    }
    found
}

/// The identifier in `#[diesel(column_name = …)]`.
fn column_of(attributes: &[Attribute]) -> Option<String> {
    let mut column = None;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("diesel")) {
        drop(attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("column_name") {
                column = Some(meta.value()?.parse::<Ident>()?.to_string());
            } else if meta.input.peek(Token![=]) {
                meta.value()?.parse::<Expr>()?;
            }
            Ok(())
        }));
    }
    column
}

/// The inside of `database_enum!`: the enum's name, the last word of its SQL type, its variants.
fn database_enum(input: ParseStream<'_>) -> syn::Result<(String, String, List)> {
    let mut sql_type = String::new();
    for attribute in input.call(Attribute::parse_outer)? {
        if attribute.path().is_ident("diesel") {
            attribute.parse_nested_meta(|meta| {
                let path: Path = meta.value()?.parse()?;
                sql_type = path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default();
                Ok(())
            })?;
        }
    }
    input.parse::<syn::Visibility>()?;
    input.parse::<Token![enum]>()?;
    let name: Ident = input.parse()?;
    let inside;
    let brace = syn::braced!(inside in input);
    let mut items = Vec::new();
    while !inside.is_empty() {
        let attributes = inside.call(Attribute::parse_outer)?;
        let variant: Ident = inside.parse()?;
        let comma = inside.parse::<Option<Token![,]>>()?;
        let start = attributes.first().map_or_else(|| range(&variant).start, |first| range(first).start);
        let name = variant.to_string();
        items.push(Element {
            range: start..range(&variant).end,
            comma: comma.map(|comma| range(&comma).end),
            column: name.clone(),
            name,
            ty: 0..0,
            start: range(&variant).start,
            entity: None,
        });
    }
    Ok((name.to_string(), sql_type, List { open: range(&brace.span.open()).end, items }))
}
