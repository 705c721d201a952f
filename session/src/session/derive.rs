//! What the code that `#[derive(Entity)]` generates refers to. It is not part of the API: any release may change it.

pub use super::entity::{
    ColumnInfo, ColumnSet, Columns, Entity, EntityTable, HasColumn, KeyFrom, New, Reference, References, Table, Value,
    Visitor,
};
pub use super::given::{Given, Keys, NotNull, Parent, Shown};
pub use super::reference::{Ref, given, parent};
pub use super::same::same_value;
pub use crate::error::{Error, Result};
