//! What the columns of a table refer to, as far as attributes can express it, and the joins that follow from that.

use super::named::Named;
use crate::schema::{Column, ForeignKey, Generated};

/// The most columns that a foreign key has in an attribute.
const MOST_COLUMNS: usize = 4;

/// A foreign key of several columns, in the names of the code.
#[derive(Clone)]
pub(super) struct Several {
    pub(super) columns: Vec<String>,
    pub(super) module: String,
    pub(super) references: Vec<String>,
}

impl Several {
    /// The attribute's inside.
    pub(super) fn words(&self) -> String {
        let Self { columns, module, references } = self;
        format!("references(({}) = {module}::({}))", columns.join(", "), references.join(", "))
    }
}

/// The table and the columns that a foreign key refers to, if an attribute can express that; an error says why it
/// cannot.
fn target<'a, 's>(
    this: &Named<'s>,
    key: &ForeignKey,
    all: &'a [Named<'s>],
) -> Result<(&'a Named<'s>, Vec<String>), &'static str> {
    let to = all.iter().find(|other| other.table.name == key.table).ok_or("that table has no code here")?;
    let pairs = key.columns.iter().zip(&key.references);
    let names = pairs.map(|(column, target)| refers(this, column, to, target)).collect::<Result<Vec<_>, _>>()?;
    Ok((to, names))
}

/// The name of the column that a column refers to.
fn refers(this: &Named<'_>, column: &str, to: &Named<'_>, target: &str) -> Result<String, &'static str> {
    let (Some((_, types)), Some(column)) = (this.columns.get(column), this.table.column(column)) else {
        return Err("its column has no field");
    };
    let (Some((name, target_types)), Some(target)) = (to.columns.get(target), to.table.column(target)) else {
        return Err("that column has no field");
    };
    if types.sql != target_types.sql {
        return Err("the types of the two columns differ");
    }
    if to.is_nullable(target) && !this.is_nullable(column) {
        return Err("that column can be NULL, and this one cannot");
    }
    if types.is_unordered() {
        return Err("the type has no order in Rust");
    }
    if matches!(column.generated, Some(Generated::Stored(_) | Generated::Virtual(_))) {
        return Err("the database computes it");
    }
    Ok(name.clone())
}

/// The column that a column by itself refers to, and its table; of several, the first.
pub(super) fn single<'a, 's>(
    this: &Named<'s>,
    column: &Column,
    all: &'a [Named<'s>],
) -> Result<Option<(&'a Named<'s>, String)>, String> {
    let of_it = |key: &&ForeignKey| key.columns == [column.name.as_str()] && key.references.len() == 1;
    let name = this.columns.get(column.name.as_str()).map(|(name, _)| name);
    let (Some(key), Some(name)) = (this.table.foreign_keys.iter().find(of_it), name) else { return Ok(None) };
    match target(this, key, all) {
        Ok((to, names)) => Ok(names.into_iter().next().map(|target| (to, target))),
        Err(why) => {
            Err(format!("`{name}` refers to {}.{} without `references`: {why}.", key.table, key.references.join(", ")))
        }
    }
}

/// The foreign keys of several columns; and for each that no attribute can express, a remark that says why.
pub(super) fn several<'a>(this: &'a Named<'_>, all: &'a [Named<'_>]) -> (Vec<Several>, Vec<String>) {
    let (mut keys, mut remarks) = (Vec::new(), Vec::new());
    for key in this.table.foreign_keys.iter().filter(|key| key.columns.len() > 1) {
        match expressed(this, key, all) {
            Ok((to, references)) => {
                let name = |column: &String| this.columns.get(column.as_str()).map(|(name, _)| name.clone());
                let columns = key.columns.iter().filter_map(name).collect();
                keys.push(Several { columns, module: to.module.clone(), references });
            }
            Err(why) => {
                let columns = key.columns.join(", ");
                remarks.push(format!("({columns}) refers to {} without `references`: {why}.", key.table));
            }
        }
    }
    (keys, remarks)
}

/// The target of a foreign key of several columns, if an attribute expresses it.
fn expressed<'a, 's>(
    this: &Named<'s>,
    key: &ForeignKey,
    all: &'a [Named<'s>],
) -> Result<(&'a Named<'s>, Vec<String>), &'static str> {
    if key.columns.len() > MOST_COLUMNS {
        return Err("it has more columns than an attribute can name");
    }
    let (to, names) = target(this, key, all)?;
    for (column, target) in key.columns.iter().zip(&key.references) {
        let (Some(column), Some(target)) = (this.table.column(column), to.table.column(target)) else { continue };
        // The value of a shared column comes from its first target, and must be what this one has.
        if field_type(this, column, all) != field_type(to, target, all) {
            return Err("the types of the two columns differ in Rust");
        }
    }
    Ok((to, names))
}

/// Whether a column's values come from other rows, so that it has no default of its own.
pub(super) fn is_referring(this: &Named<'_>, column: &Column, all: &[Named<'_>]) -> bool {
    let of_it = this.table.foreign_keys.iter().filter(|key| key.columns.contains(&column.name));
    of_it.into_iter().any(|key| match &key.columns[..] {
        [_] => target(this, key, all).is_ok(),
        _ => expressed(this, key, all).is_ok(),
    })
}

/// The type of a field without its `Option`: that of the column that it refers to, or an `Id` for a key of 64 bits that
/// the database generates.
pub(super) fn field_type(this: &Named<'_>, column: &Column, all: &[Named<'_>]) -> String {
    type_at(this, column, all, 0)
}

fn type_at(this: &Named<'_>, column: &Column, all: &[Named<'_>], depth: usize) -> String {
    let plain = this.columns.get(column.name.as_str()).map_or("", |(_, types)| &types.rust);
    // By itself first, then as a part of a key.
    let mut keys: Vec<&ForeignKey> =
        this.table.foreign_keys.iter().filter(|key| key.columns.contains(&column.name)).collect();
    keys.sort_by_key(|key| key.columns.len());
    let to = keys.into_iter().filter(|key| key.columns.len() <= MOST_COLUMNS).find_map(|key| {
        let (to, _) = target(this, key, all).ok()?;
        let at = key.columns.iter().position(|own| *own == column.name)?;
        Some((to, to.table.column(key.references.get(at)?)?))
    });
    if let Some((to, target)) = to {
        // Foreign keys can lead in a cycle.
        return if depth < all.len() { type_at(to, target, all, depth + 1) } else { plain.to_owned() };
    }
    if plain == "i64" && this.is_generated_key(column) { format!("Id<{}>", this.row) } else { plain.to_owned() }
}

/// The joins that `joinable!` can express: by the only foreign key between two tables, to a primary key of one column.
pub(super) fn joins(this: &Named<'_>, all: &[Named<'_>]) -> Vec<(String, String, String)> {
    let mut joins = Vec::new();
    for foreign in &this.table.foreign_keys {
        let Some(to) = all.iter().find(|other| other.table.name == foreign.table) else { continue };
        let between = |one: &Named<'_>, other: &Named<'_>| {
            one.table.foreign_keys.iter().filter(|key| key.table == other.table.name).count()
        };
        let to_key = to.key() == foreign.references;
        let ([column], true, false) = (&foreign.columns[..], to_key, to.module == this.module) else { continue };
        let (Some((name, types)), Some((_, target))) = (
            this.columns.get(column.as_str()),
            foreign.references.first().and_then(|column| to.columns.get(column.as_str())),
        ) else {
            continue;
        };
        if between(this, to) + between(to, this) == 1 && types.sql == target.sql {
            joins.push((this.module.clone(), to.module.clone(), name.clone()));
        }
    }
    joins
}
