//! Reads the filters of a struct.

use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Error, Expr, ExprClosure, ExprMethodCall, Ident, Pat, PatType, Result, Token, Type};

/// A filter: its name, the value that it needs, and the conditions that a row must meet.
pub struct Filter {
    pub name: Ident,
    pub needs: Option<(Ident, Type)>,
    pub conditions: Vec<Condition>,
}

/// A condition on one field, by its index.
pub struct Condition {
    pub field: usize,
    pub test: Test,
}

/// The condition on its value.
pub enum Test {
    IsNull,
    IsNotNull,
    Equal(Expr),
    NotEqual(Expr),
}

const NAMED: &str = "name the filter and its condition: `#[entity(filter(live = deleted_at.is_null()))]`";

const CONDITIONS: &str = "a condition is made of `field.is_null()`, `field.is_not_null()`, `field.eq(value)` and \
                          `field.ne(value)`, several of them joined by `.and(…)`";

/// `name = condition`, as it is written.
struct Written {
    name: Ident,
    condition: Expr,
}

impl Parse for Written {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let unnamed = |error: Error| Error::new(error.span(), NAMED);
        let name = input.parse().map_err(unnamed)?;
        input.parse::<Token![=]>().map_err(unnamed)?;
        Ok(Self { name, condition: input.parse()? })
    }
}

impl Filter {
    /// Reads `filter(name = condition, …)`.
    pub fn read(meta: &syn::meta::ParseNestedMeta<'_>, fields: &[&Ident], filters: &mut Vec<Self>) -> Result<()> {
        if !meta.input.peek(syn::token::Paren) {
            return Err(meta.error(NAMED));
        }
        let content;
        syn::parenthesized!(content in meta.input);
        let written = Punctuated::<Written, Token![,]>::parse_terminated(&content)?;
        if written.is_empty() {
            return Err(meta.error(NAMED));
        }
        for Written { name, condition } in written {
            if filters.iter().any(|filter| filter.name == name) {
                return Err(Error::new(
                    name.span(),
                    format!("there is another filter `{name}`: give each its own name"),
                ));
            }
            let (needs, condition) = match condition {
                Expr::Closure(closure) => parameter(closure)?,
                other => (None, other),
            };
            let mut conditions = Vec::new();
            read_condition(&condition, fields, &mut conditions)?;
            filters.push(Self { name, needs, conditions });
        }
        Ok(())
    }

    /// Whether it tests this field and needs no value.
    pub fn always_tests(&self, field: usize) -> bool {
        self.needs.is_none() && self.conditions.iter().any(|condition| condition.field == field)
    }
}

/// The value that a filter needs, and its condition.
fn parameter(closure: ExprClosure) -> Result<(Option<(Ident, Type)>, Expr)> {
    let wrong = |span| Error::new(span, "a filter takes one value, with its type: `|org: Id<Org>| org_id.eq(org)`");
    let mut inputs = closure.inputs.iter();
    match (inputs.next(), inputs.next()) {
        (Some(Pat::Type(PatType { pat, ty, .. })), None) => match &**pat {
            Pat::Ident(name) => Ok((Some((name.ident.clone(), (**ty).clone())), *closure.body)),
            other => Err(wrong(other.span())),
        },
        _ => Err(wrong(closure.span())),
    }
}

/// Reads conditions that are joined by `and`.
pub fn read_condition(condition: &Expr, fields: &[&Ident], conditions: &mut Vec<Condition>) -> Result<()> {
    let call = match condition {
        Expr::Paren(paren) => return read_condition(&paren.expr, fields, conditions),
        Expr::Group(group) => return read_condition(&group.expr, fields, conditions),
        Expr::MethodCall(call) => call,
        other => return Err(Error::new(other.span(), CONDITIONS)),
    };
    let arguments: Vec<&Expr> = call.args.iter().collect();
    let test = match (call.method.to_string().as_str(), arguments.as_slice()) {
        ("and", [other]) => {
            read_condition(&call.receiver, fields, conditions)?;
            return read_condition(other, fields, conditions);
        }
        ("is_null", []) => Test::IsNull,
        ("is_not_null", []) => Test::IsNotNull,
        ("eq", [value]) => Test::Equal((*value).clone()),
        ("ne", [value]) => Test::NotEqual((*value).clone()),
        _ => return Err(Error::new(call.method.span(), CONDITIONS)),
    };
    conditions.push(Condition { field: field_of(call, fields)?, test });
    Ok(())
}

/// The field that a condition tests.
fn field_of(call: &ExprMethodCall, fields: &[&Ident]) -> Result<usize> {
    let name = match &*call.receiver {
        Expr::Path(path) => path.path.get_ident(),
        _ => None,
    };
    let Some(name) = name else { return Err(Error::new(call.receiver.span(), CONDITIONS)) };
    fields.iter().position(|field| *field == name).ok_or_else(|| {
        Error::new(name.span(), format!("there is no field `{name}`: a condition tests fields of this struct"))
    })
}
